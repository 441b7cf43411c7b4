"""Prose of entries and messages: paragraphs, lists, code and links of Markdown, and nothing else of it. What is not understood stays text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from auditor.report.html.element import Child, Html, h, joined, lines

_INLINE = re.compile(r"`([^`\n]+)`|\*\*([^*\n]+)\*\*|\[([^\]\[\n]+)\]\((https?://[^\s()<>]+)\)|(https?://[^\s()<>\"'`]+[^\s()<>\"'`.,;:])")
_LINK = re.compile(r"https?://[!-~]+")
_FENCE = re.compile(r"^```[^\n]*\n(.*?)^```[^\S\n]*$", re.MULTILINE | re.DOTALL)
_ITEM = re.compile(r"^[-*] ", re.MULTILINE)


def prose(text: str) -> Html:
    """Blocks of text: fenced code, lists, paragraphs."""
    parts = _FENCE.split(text)
    return joined(h("pre", h("code", lines(part)), class_="plain") if number % 2 else _blocks(part) for number, part in enumerate(parts))


def inline(text: str) -> Html:
    """One line of text with its code spans, strong words and links."""
    return joined(_pieces(" ".join(text.split())))


def link(address: str, *content: Child) -> Html:
    """A link to the web, or the content alone when the address is none: a script's address is never followed."""
    if not _LINK.fullmatch(address):
        return joined(*content)
    return h("a", *content, href=address, rel="noreferrer noopener")


def _blocks(text: str) -> Iterator[Html]:
    for block in re.split(r"\n\s*\n", text.strip()):
        if _ITEM.match(block):
            yield h("ul", (h("li", inline(item)) for item in _ITEM.split(block) if item.strip()))
        elif block.strip():
            yield h("p", inline(block))


def _pieces(text: str) -> Iterator[Child]:
    end = 0
    for found in _INLINE.finditer(text):
        yield text[end : found.start()]
        end = found.end()
        code, strong, label, target, bare = found.groups()
        if code is not None:
            yield h("code", code)
        elif strong is not None:
            yield h("strong", strong)
        else:
            yield link(target or bare, label or bare)
    yield text[end:]
