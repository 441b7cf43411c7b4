"""Script blocks of files semgrep cannot read as scripts: Vue, Svelte, Astro and HTML.

Everything around a block is blanked out, so every line and column of the script stays where it was.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_START = re.compile(r"<!--|<script(?=[\s/>])", re.IGNORECASE)
_TAG_REST = re.compile(r"((?:[^>\"']{1,4000}+|\"[^\"]{0,4000}\"|'[^']{0,4000}'){0,100}+)>")
_CLOSING = re.compile(r"</script\s*>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"([^\s=/\"']+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+)))?")
_FENCE = re.compile(r"\A\s*---[^\S\n]*\n(.*?)^---[^\S\n]*$", re.DOTALL | re.MULTILINE)
_SCRIPT_TYPES = frozenset({"", "module", "text/javascript", "application/javascript", "text/ecmascript", "application/ecmascript"})
_SUFFIXES = {"": ".js", "js": ".js", "javascript": ".js", "jsx": ".jsx", "ts": ".ts", "typescript": ".ts", "tsx": ".tsx"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """The script text of a file for one suffix; as long and as many lines as the file up to its end, blank where there is no such script."""

    suffix: str
    text: str


def blocks(text: str, language: str) -> tuple[Block, ...]:
    """The scripts in a file of `language` (vue, svelte, astro or html), those of one suffix together.

    A component's scripts, and a page's, share their names, so they are read as one; Astro compiles each of its scripts alone
    (https://docs.astro.build/en/guides/client-side-scripts/). Scripts that are loaded (`src=`) or are no JavaScript are left out, and so
    are unknown values of `lang=`.
    """
    found: list[tuple[str, int, int]] = []
    start = 0
    if language == "astro":
        fence = _FENCE.match(text)
        if fence is not None:
            found.append((".ts", fence.start(1), fence.end(1)))
            start = fence.end()
    found += _scripts(text, language, start)
    groups: list[tuple[str, list[tuple[int, int]]]] = []
    for suffix, begin, end in found:
        group = None if language == "astro" else next((spans for known, spans in groups if known == suffix), None)
        if group is not None and "\n" in text[group[-1][1] : begin]:
            group.append((begin, end))
        else:
            groups.append((suffix, [(begin, end)]))
    return tuple(Block(suffix=suffix, text=_only(text, spans)) for suffix, spans in groups)


def _scripts(text: str, language: str, start: int) -> list[tuple[str, int, int]]:
    found = []
    while opening := _START.search(text, start):
        start = opening.end()
        if opening[0] == "<!--":
            start = text.find("-->", start) + 3
            if start < 3:
                break
            continue
        rest = _TAG_REST.match(text, start)
        if rest is None:
            continue
        start = rest.end()
        attributes = {name.lower(): one or two or three or "" for name, one, two, three in _ATTRIBUTE.findall(rest[1])}
        closing = _CLOSING.search(text, start)
        end = closing.start() if closing else len(text)
        suffix = _suffix(attributes, language)
        if suffix is not None and text[start:end].strip():
            found.append((suffix, start, end))
        start = end
    return found


def _suffix(attributes: dict[str, str], language: str) -> str | None:
    if "src" in attributes or attributes.get("type", "").strip().lower() not in _SCRIPT_TYPES:
        return None
    if language == "astro":
        return ".js" if "is:inline" in attributes else ".ts"
    return _SUFFIXES.get(attributes.get("lang", "").strip().lower())


def _only(text: str, spans: list[tuple[int, int]]) -> str:
    parts = []
    last = 0
    for begin, end in spans:
        parts += [re.sub(r"[^\n]", " ", text[last:begin]), text[begin:end]]
        last = end
    return "".join(parts)
