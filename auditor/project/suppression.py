"""Comments that silence a result: ``gotcha: ignore[stack/id] -- reason`` in the comment form of the language."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass

from auditor.model import Place, span_of

_DIRECTIVE = re.compile(r"^gotcha:\s*ignore\b(?P<rest>.*)$", re.IGNORECASE | re.DOTALL)
_FULL = re.compile(r"^\s*\[(?P<ids>[^\]]*)\]\s*(?:--\s*(?P<reason>.*\S)?)?\s*$", re.DOTALL)
_ID = re.compile(r"^[\w.*-]+/[\w.*-]+$")
_HASH = frozenset({"yaml", "toml", "dockerfile", "shell", "dotenv", "nginx", "procfile", "ini", "text"})
_SLASH = frozenset({"javascript", "typescript", "tsx", "css", "json"})
_MARKUP = frozenset({"html", "vue", "svelte", "astro", "markdown"})


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
    """The suppression comments of a file in order; strings that look like one are none.

    A comment covers its own line; alone on a line, also the next line that holds code.
    """
    lines = text.split("\n")
    found = []
    for line, column, body in _comments(text, language):
        matched = _DIRECTIVE.match(body.strip())
        if matched is not None:
            found.append(_comment(matched.group("rest"), line, column, lines))
    return tuple(found)


def _comment(rest: str, line: int, column: int, lines: list[str]) -> Comment:
    place = Place(path=None, span=span_of(line, column))
    covered = frozenset(_covered(line, column, lines))
    full = _FULL.match(rest)
    if full is None:
        problem = "blanket" if not rest.strip() or rest.lstrip().startswith("--") else "malformed"
        return Comment(ids=(), reason="", place=place, lines=covered, problem=problem)
    ids = tuple(part.strip() for part in full.group("ids").split(",") if part.strip())
    reason = (full.group("reason") or "").strip()
    problem = "blanket" if not ids else "malformed" if not all(_ID.match(one) for one in ids) else "" if reason else "no reason"
    return Comment(ids=ids, reason=reason, place=place, lines=covered, problem=problem)


def _covered(line: int, column: int, lines: list[str]) -> Iterator[int]:
    yield line
    before = lines[line - 1][: column - 1] if line <= len(lines) else ""
    if before.strip(" \t{"):
        return
    for number in range(line + 1, min(len(lines), line + 20) + 1):
        if lines[number - 1].strip() and not lines[number - 1].lstrip().startswith(("#", "//", "/*", "*", "<!--")):
            yield number
            return


def _comments(text: str, language: str) -> Iterator[tuple[int, int, str]]:
    """(line, column, text without its marks) of every comment."""
    if language == "python":
        yield from _python(text)
    elif language in _SLASH:
        yield from _scan(text, line_marks=("//",), blocks=(("/*", "*/"),), quotes="\"'`")
    elif language in _MARKUP:
        yield from _scan(text, line_marks=("//",) if language != "markdown" else (), blocks=(("<!--", "-->"), ("/*", "*/"), ("{#", "#}")), quotes="")
    elif language in _HASH:
        yield from _scan(
            text, line_marks=("#", ";") if language == "ini" else ("#",), blocks=(), quotes="\"'" if language in ("yaml", "toml") else ""
        )


def _python(text: str) -> Iterator[tuple[int, int, str]]:
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.start[1] + 1, token.string.lstrip("#")
    except (tokenize.TokenError, SyntaxError, ValueError):
        # A file that does not tokenize is reported by the engine; its comments up to there have counted.
        return


def _scan(text: str, *, line_marks: tuple[str, ...], blocks: tuple[tuple[str, str], ...], quotes: str) -> Iterator[tuple[int, int, str]]:
    """Comments of a language by its marks, minding strings; good enough to tell a comment from a string, not a parser."""
    index, line, start_of_line = 0, 1, 0
    while index < len(text):
        char = text[index]
        if char == "\n":
            line, start_of_line = line + 1, index + 1
            index += 1
            continue
        if char in quotes and char:
            end = index + 1
            while end < len(text) and text[end] != char and (char == "`" or text[end] != "\n"):
                end += 2 if text[end] == "\\" else 1
            skipped = text[index : end + 1]
            if "\n" in skipped:
                line += skipped.count("\n")
                start_of_line = index + skipped.rindex("\n") + 1
            index = min(end + 1, len(text))
            continue
        mark = next((mark for mark in line_marks if text.startswith(mark, index)), None)
        if mark is not None and (mark != "#" or index == start_of_line or text[index - 1] in " \t"):
            end = text.find("\n", index)
            end = len(text) if end < 0 else end
            yield line, index - start_of_line + 1, text[index + len(mark) : end].lstrip(mark)
            index = end
            continue
        block = next(((opening, closing) for opening, closing in blocks if text.startswith(opening, index)), None)
        if block is not None:
            end = text.find(block[1], index + len(block[0]))
            body = text[index + len(block[0]) : end if end >= 0 else len(text)]
            yield line, index - start_of_line + 1, body
            if "\n" in body:
                line += body.count("\n")
                start_of_line = index + len(block[0]) + body.rindex("\n") + 1
            index = len(text) if end < 0 else end + len(block[1])
            continue
        index += 1
