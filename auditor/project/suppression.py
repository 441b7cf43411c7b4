"""Comments that silence a result: ``gotcha: ignore[stack/id] -- reason`` in the comment form of the language."""

from __future__ import annotations

import io
import re
import tokenize
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from auditor.model import Place, span_of

_DIRECTIVE = re.compile(r"gotcha:\s*ignore\b(?P<rest>.*)$", re.IGNORECASE | re.DOTALL)
_NEAR_MISS = re.compile(r"gotcha(?:-audit)?\s*:?\s*(?:ignored?|ignores|disabled?|skip|noqa|suppress|allow)\s*\[", re.IGNORECASE)
_FULL = re.compile(r"^\s*\[(?P<ids>[^\]]*)\]\s*(?:--\s*(?P<reason>.*\S)?)?\s*$", re.DOTALL)
_ID = re.compile(r"^[\w.*-]+/[\w.*-]+$")
_ANYTHING = re.compile(r"^[*?]+$")

# One pattern a family: strings are matched too, so that what looks like a comment in them is passed over. Every repetition either cannot be
# given back (`*+`), ends at the line, or is bounded: no text makes these run away.
_DOUBLE, _SINGLE = r'"(?:\\.|[^"\\\n])*+"?', r"'(?:\\.|[^'\\\n])*+'?"
_BLOCK = r"(?P<block>/\*.*?(?:\*/|\Z))"
_REGULAR = r"[(,=:\[!&|?{};]\s{0,99}/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n]){0,200}\]|[^/\\\n\[]){1,500}/"
_SLASHES = r"(?P<line>//[^\n]*)"
_LONE_SLASHES = r"(?P<line>(?<![^\s;{}>])//[^\n]*)"
_HASHES = r"(?P<line>(?<!\S)#[^\n]*)"
_YAML_STRINGS = r'(?<!\w)"(?:\\.|[^"\\\n])*+"|(?<!\w)\'[^\'\n]*+\''
_SCRIPT = re.compile(rf"{_BLOCK}|{_SLASHES}|{_DOUBLE}|{_SINGLE}|`(?:\\.|[^`\\])*+`?|{_REGULAR}", re.DOTALL)
_STYLE = re.compile(rf"{_BLOCK}|{_LONE_SLASHES}|{_DOUBLE}|{_SINGLE}", re.DOTALL)
_MARKUP = re.compile(rf"(?P<markup><!--.*?(?:-->|\Z))|(?P<template>\{{#[^\n]{{0,500}}?#\}})|{_BLOCK}|{_LONE_SLASHES}", re.DOTALL)
_PROSE = re.compile(r"(?P<markup><!--.*?(?:-->|\Z))", re.DOTALL)
_TOML = re.compile(rf'""".*?(?:"""|\Z)|\'\'\'.*?(?:\'\'\'|\Z)|{_YAML_STRINGS}|{_HASHES}', re.DOTALL)
_YAML = re.compile(rf"{_YAML_STRINGS}|{_HASHES}", re.DOTALL)
_HASH = re.compile(_HASHES)
_INI = re.compile(r"(?P<line>(?<!\S)[#;][^\n]*)")
_PYTHON = re.compile(rf'""".*?(?:"""|\Z)|\'\'\'.*?(?:\'\'\'|\Z)|{_DOUBLE}|{_SINGLE}|(?P<line>#[^\n]*)', re.DOTALL)
_COMMENTS = {
    "astro": _MARKUP,
    "css": _STYLE,
    "dockerfile": _HASH,
    "dotenv": _HASH,
    "html": _MARKUP,
    "ini": _INI,
    "javascript": _SCRIPT,
    "json": _SCRIPT,
    "markdown": _PROSE,
    "nginx": _HASH,
    "procfile": _HASH,
    "shell": _HASH,
    "svelte": _MARKUP,
    "text": _HASH,
    "toml": _TOML,
    "tsx": _SCRIPT,
    "typescript": _SCRIPT,
    "vue": _MARKUP,
    "yaml": _YAML,
}
_MARKS = {"block": ("/*", "*/"), "markup": ("<!--", "-->"), "template": ("{#", "#}")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """One suppression: the ids it names, the reason, and the lines it covers.

    ``problem`` is "" for one that counts, else "blanket" (names no id), "no reason" or "malformed".
    """

    ids: tuple[str, ...]
    reason: str
    place: Place
    lines: frozenset[int]
    problem: str = ""


def suppressions(text: str, language: str) -> tuple[Comment, ...]:
    """The suppression comments of a file in order; strings that look like one are none, nor is a comment that only speaks of one.

    A comment covers its own lines; where nothing else stands on them, also the next line that holds code.
    """
    if "gotcha" not in text.lower():
        return ()
    comments = list(_comments(text, language))
    found = [(start, end, body) for start, end, body in comments if _DIRECTIVE.match(body) or _NEAR_MISS.match(body)]
    if not found:
        return ()
    code = _code_lines(text, comments)
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    return tuple(_comment(start, end, body, starts, code) for start, end, body in found)


def _comment(start: int, end: int, body: str, starts: list[int], code: list[int]) -> Comment:
    line, last = bisect_right(starts, start), bisect_right(starts, max(start, end - 1))
    covered = set(range(line, last + 1))
    following = bisect_right(code, last)
    alone = bisect_right(code, line - 1) == following  # no line of code from the first to the last line of the comment
    if alone and following < len(code):
        covered.add(code[following])
    place = Place(path=None, span=span_of(line, start - starts[line - 1] + 1))
    ids, reason, problem = _meaning(body)
    return Comment(ids=ids, reason=reason, place=place, lines=frozenset(covered), problem=problem)


def _meaning(body: str) -> tuple[tuple[str, ...], str, str]:
    """Ids, reason and problem of a comment that is meant as a suppression."""
    directive = _DIRECTIVE.match(body)
    if directive is None:
        return (), "", "malformed"
    rest = directive.group("rest")
    full = _FULL.match(rest)
    if full is None:
        return (), "", "blanket" if not rest.strip() or rest.lstrip().startswith("--") else "malformed"
    ids = tuple(part.strip() for part in full.group("ids").split(",") if part.strip())
    reason = (full.group("reason") or "").strip()
    if not ids or any(_ANYTHING.match(one) for one in ids):
        return ids, reason, "blanket"
    if not all(_ID.match(one) for one in ids):
        return ids, reason, "malformed"
    return ids, reason, "" if reason else "no reason"


def _code_lines(text: str, comments: list[tuple[int, int, str]]) -> list[int]:
    """The numbers of the lines on which something else than comments stands, in order; `{}` is all JSX needs around one."""
    parts, position = [], 0
    for start, end, _ in comments:
        parts += [text[position:start], "\n" * text.count("\n", start, end)]
        position = end
    parts.append(text[position:])
    return [number for number, line in enumerate("".join(parts).split("\n"), 1) if "".join(line.split()) not in ("", "{}")]


def _comments(text: str, language: str) -> Iterator[tuple[int, int, str]]:
    """(start, end, text without its marks) of every comment, in order."""
    if language == "python":
        try:
            yield from list(_python(text))
        except (tokenize.TokenError, SyntaxError, ValueError, RecursionError):
            yield from _matched(_PYTHON, text)
    elif language in _COMMENTS:
        yield from _matched(_COMMENTS[language], text)


def _python(text: str) -> Iterator[tuple[int, int, str]]:
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    for token in tokenize.generate_tokens(io.StringIO(text, newline="\n").readline):
        if token.type == tokenize.COMMENT:
            start = starts[token.start[0] - 1] + token.start[1]
            yield start, start + len(token.string), token.string.lstrip("#").strip()


def _matched(pattern: re.Pattern[str], text: str) -> Iterator[tuple[int, int, str]]:
    for match in pattern.finditer(text):
        kind = match.lastgroup
        if kind is not None:
            yield match.start(kind), match.end(kind), _body(match.group(kind), kind)


def _body(comment: str, kind: str) -> str:
    """What a comment says, on one line: without its marks, and without the stars in front of the lines of a block."""
    if kind == "line":
        return comment.lstrip("#;/").strip()
    opening, closing = _MARKS[kind]
    inner = comment.removeprefix(opening).removesuffix(closing)
    return " ".join(line.strip().lstrip("*").strip() for line in inner.split("\n")).strip()
