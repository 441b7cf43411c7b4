"""The JavaScript inside files that are mostly markup: everything else is blanked, so that every position stays what it was."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import PurePosixPath

from auditor.model import Place, Position, Span

MARKUP = frozenset({"astro", "html", "svelte", "vue"})

_SCRIPT = re.compile(r"<script\b(?P<attributes>(?:[^>\"']|\"[^\"]*\"|'[^']*')*)>(?P<body>.*?)</script\s*>", re.DOTALL | re.IGNORECASE)
_STYLE = re.compile(r"<style\b(?:[^>\"']|\"[^\"]*\"|'[^']*')*>.*?</style\s*>", re.DOTALL | re.IGNORECASE)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_FRONT_MATTER = re.compile(r"\A\s*---[ \t]*\n(?P<body>.*?)\n---[ \t]*(?:\n|\Z)", re.DOTALL)
_DATA_SCRIPT = re.compile(
    r"""\btype\s*=\s*["']?(?!module|text/javascript|application/javascript|text/babel|text/typescript|jsx)[\w/+.-]+""", re.IGNORECASE
)
_TYPESCRIPT = re.compile(r"""\blang\s*=\s*["']?tsx?\b""", re.IGNORECASE)
_TAG = re.compile(
    r"<(?P<tag>[A-Za-z][\w.:-]*)(?P<attributes>(?:\s+[^\s=>\"'{}/]+(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|\{(?:[^{}]|\{[^{}]*\})*\}|[^\s>\"'{}]+))?|\s+\{[^}]*\}|\s+/?)*)\s*/?>"
)
_ATTRIBUTE = re.compile(r"(?P<name>[^\s=>\"'{}/]+)\s*=\s*(?P<value>\"[^\"]*\"|'[^']*'|\{(?:[^{}]|\{[^{}]*\})*\}|[^\s>\"'{}]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """One attribute of a template. ``bound`` says that the value is an expression; ``start`` is the offset of the value's first character."""

    tag: str
    name: str
    value: str
    bound: bool
    start: int
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """``script`` has the length and the line breaks of the file and holds only its JavaScript; ``language`` is the grammar to read it with."""

    script: str
    language: str
    attributes: tuple[Attribute, ...]


def cut(text: str, language: str, path: PurePosixPath | None = None) -> Blocks:
    """The script blocks, front matter and bound expressions of a .vue, .svelte, .astro or .html file, and its template's attributes.

    Expressions of the template (`:src="x"` in Vue, `src={x}` in Svelte and Astro) are kept as statements of their own after the scripts' text at
    the place where they stand. Blanking instead of cutting keeps all offsets.
    """
    kept: list[tuple[int, int]] = []
    typescript = language == "astro"
    hidden = [found.span() for found in _COMMENT.finditer(text)]
    if language == "astro" and (front := _FRONT_MATTER.match(text)):
        kept.append(front.span("body"))
        hidden.append(front.span())
    for found in _SCRIPT.finditer(text):
        if _inside(found.start(), hidden):
            continue
        if not _DATA_SCRIPT.search(found["attributes"]):
            kept.append(found.span("body"))
        typescript = typescript or bool(_TYPESCRIPT.search(found["attributes"]))
    template_hidden = sorted([*hidden, *(found.span() for found in _SCRIPT.finditer(text)), *(found.span() for found in _STYLE.finditer(text))])
    attributes = tuple(_attributes(text, language, template_hidden, path))
    characters = [character if character == "\n" else " " for character in text]
    for start, end in kept:
        characters[start:end] = text[start:end]
    for attribute in attributes:
        if attribute.bound and attribute.value.strip() and not attribute.name.startswith(("v-for", "v-slot", "#")):
            start, end = attribute.start, attribute.start + len(attribute.value)
            # `="…"` becomes `;(…)`: one expression statement of the same length.
            characters[start - 2 : start] = ";", "("
            characters[start:end] = text[start:end]
            characters[end] = ")"
    return Blocks(script="".join(characters), language="typescript" if typescript else "javascript", attributes=attributes)


def _attributes(text: str, language: str, hidden: list[tuple[int, int]], path: PurePosixPath | None) -> list[Attribute]:
    found = []
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    for tag in _TAG.finditer(text):
        if _inside(tag.start(), hidden):
            continue
        for attribute in _ATTRIBUTE.finditer(tag["attributes"]):
            raw = attribute["value"]
            quoted = raw[:1] in "\"'{"
            value = raw[1:-1] if quoted and len(raw) > 1 else raw
            start = tag.start("attributes") + attribute.start("value") + quoted
            name = attribute["name"]
            bound = (
                raw.startswith("{")
                if language in {"svelte", "astro"}
                else language == "vue"
                and name.startswith((":", "v-bind:", "@", "v-on:", "v-if", "v-else-if", "v-show", "v-model", "v-html", "v-text"))
            )
            # A value stands directly after `=` and its quote; otherwise there is no room for the two marks that make it a statement.
            bound = bound and quoted and text[start - 2 : start - 1] == "="
            place = Place(path=path, span=Span(start=_position(starts, start), end=_position(starts, start + len(value))))
            found.append(Attribute(tag=tag["tag"], name=name, value=value, bound=bound, start=start, place=place))
    return found


def _position(starts: list[int], offset: int) -> Position:
    line = bisect_right(starts, offset)
    return Position(line=line, column=offset - starts[line - 1] + 1)


def _inside(offset: int, spans: list[tuple[int, int]]) -> bool:
    return any(start <= offset < end for start, end in spans)
