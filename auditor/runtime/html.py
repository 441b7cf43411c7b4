"""The start tags of an HTML document as a browser would see them, in linear time.

html.parser takes quadratic time on unclosed constructs in Python releases that are still in use (CVE-2025-6069), and a tree is not needed here.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

_RAW = ("script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes", "noscript")
"""Their content is text to a browser that runs scripts: https://html.spec.whatwg.org/multipage/parsing.html#parsing-html-fragments"""

_BORING = re.compile(rf"(?:[^<]++|</?+(?!(?:{'|'.join(_RAW)}|template|plaintext)[\t\n\f\r />])[a-zA-Z][^<>\"'=]*+>)*+", re.IGNORECASE)
"""Text, and tags without attributes that have a value: most of a document, skipped at once."""

_SPACE = re.compile(r"[\t\n\f\r /]*+")
_NAME = re.compile(r"[a-zA-Z][^\t\n\f\r />]*+")
_ATTRIBUTE = re.compile(r"=?[^\t\n\f\r />=]*+")
_EQUALS = re.compile(r"[\t\n\f\r ]*+=[\t\n\f\r ]*+")
_BARE = re.compile(r"[^\t\n\f\r >]*+")
_ENDS = {name: re.compile(rf"</{name}(?=[\t\n\f\r />])", re.IGNORECASE) for name in _RAW}
_MOST_TAGS = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """A start tag: names in lower case, the first of attributes of one name. ``text`` is what a script or style contains, ``line`` is 1-based."""

    name: str
    line: int
    attributes: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    text_line: int = 0

    def get(self, name: str) -> str:
        """The value of an attribute without surrounding space, "" when it is not there."""
        return self.attributes.get(name, "").strip()


def tags(text: str) -> Iterator[Tag]:
    """Every start tag that may make a browser fetch something: not those in comments, `<template>`, `<noscript>` and the like.

    Tags without valued attributes are left out, except those with raw content. Follows https://html.spec.whatwg.org/multipage/parsing.html#tokenization,
    bounded to 200,000 tags. Raises nothing.
    """
    place, line, counted = 0, 1, 0
    templates: list[bool] = []
    hidden = 0
    for _ in range(_MOST_TAGS):
        skipped = _BORING.match(text, place)
        place = skipped.end() if skipped else place
        if place + 1 >= len(text):
            return
        line, counted = line + text.count("\n", counted, place), place
        if text.startswith("<!--", place):
            end = _comment_end(text, place)
            if end < 0:
                return
            place = end
            continue
        follows = text[place + 1]
        closing = follows == "/"
        named = _NAME.match(text, place + 1 + closing)
        if named is None:
            if follows in "!?/":
                place = text.find(">", place) + 1
                if not place:
                    return
            else:
                place += 1
            continue
        name = named[0].lower()
        attributes: dict[str, str] = {}
        after = _attributes(text, named.end(), attributes)
        if after < 0:
            return
        start, place = line, after
        if closing:
            if name == "template" and templates:
                hidden -= templates.pop()
            continue
        if name == "plaintext":
            return
        content, content_line = "", 0
        if name in _ENDS:
            ends = _ENDS[name].search(text, place)
            content = text[place : ends.start() if ends else len(text)]
            content_line = start + text.count("\n", counted, place)
            place = ends.start() if ends else len(text)
        if name == "template":
            # A declarative shadow root is rendered: https://html.spec.whatwg.org/multipage/scripting.html#attr-template-shadowrootmode
            templates.append(attributes.get("shadowrootmode", "").lower() not in ("open", "closed"))
            hidden += templates[-1]
        elif not hidden:
            yield Tag(name=name, line=start, attributes=attributes, text=content, text_line=content_line)


def words(text: str) -> str:
    """What a document says in text, without tags, scripts and styles; at most the first 20,000 characters of it."""
    body = re.sub(r"(?is)<(script|style|template|noscript|title|head)\b.*?(?:</\1\s*>|\Z)", " ", text[:200_000])
    return " ".join(re.sub(r"(?s)<!--.*?(?:-->|\Z)|<[^>]*+>?", " ", body).split())[:20_000]


def _comment_end(text: str, place: int) -> int:
    if text.startswith(("<!-->", "<!--->"), place):
        return text.find(">", place) + 1
    found = _COMMENT_END.search(text, place + 4)
    return found.end() if found else -1


_COMMENT_END = re.compile("--!?>")


def _attributes(text: str, place: int, into: dict[str, str]) -> int:
    """Read attributes up to the end of the tag; -1 when the document ends first, which drops the tag."""
    while True:
        space = _SPACE.match(text, place)
        place = space.end() if space else place
        if place >= len(text):
            return -1
        if text[place] == ">":
            return place + 1
        name = _ATTRIBUTE.match(text, place)
        assert name is not None
        place = name.end()
        value = ""
        equals = _EQUALS.match(text, place)
        if equals:
            place = equals.end()
            quote = text[place : place + 1]
            if quote in ('"', "'") and quote:
                end = text.find(quote, place + 1)
                if end < 0:
                    return -1
                value, place = text[place + 1 : end], end + 1
            else:
                bare = _BARE.match(text, place)
                assert bare is not None
                value, place = bare[0], bare.end()
        into.setdefault(name[0].lower(), html.unescape(value) if "&" in value else value)
