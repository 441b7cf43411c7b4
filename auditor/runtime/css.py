"""Addresses in style sheets: what `url()` and `@import` make a browser fetch."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

_TOKEN = re.compile(
    r"""(?P<comment>/\*(?:[^*]++|\*(?!/))*+(?:\*/)?)
    |(?P<url>\burl\([ \t\r\n\f]*+(?:"(?P<double>(?:[^"\\\n]++|\\.)*+)"?|'(?P<single>(?:[^'\\\n]++|\\.)*+)'?)?(?P<bare>(?:[^)\\]++|\\.)*+)\)?)
    |"(?P<string>(?:[^"\\\n]++|\\.)*+)"?
    |'(?P<quoted>(?:[^'\\\n]++|\\.)*+)'?
    |@(?P<rule>[a-zA-Z-]++)
    |(?P<mark>[{};,])
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
_ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{1,6})[ \t\r\n\f]?|\r?\n|(.))", re.DOTALL)
_OLD_FONT = re.compile(r"\.(?:eot|svgz?)(?:[?#]|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One address, as written, and the 1-based line; ``optional`` when a browser may do with another one that stands before it."""

    url: str
    kind: Literal["style", "image", "font"]
    line: int
    optional: bool = False


def addresses(text: str) -> Iterator[Address]:
    """What a style sheet makes a browser fetch, in the order of the text. Tokens as in https://www.w3.org/TR/css-syntax-3/#tokenization.

    Of the sources of one `@font-face` a browser takes the first that it can use (https://www.w3.org/TR/css-fonts-4/#src-desc): formats that today's
    browsers do not know are left out, those after the first are optional. `@namespace` fetches nothing.
    """
    rule, line, last = "", 1, 0
    sources = 0
    for found in _TOKEN.finditer(text):
        line, last = line + text.count("\n", last, found.start()), found.start()
        if found["rule"]:
            rule = found["rule"].lower()
            sources = 0
        elif found["mark"] in ("}", ";"):
            if found["mark"] == "}" or rule in ("import", "namespace", "charset"):
                rule = ""
        elif found["url"] is not None:
            url = _address(found)
            if not url or rule == "namespace":
                continue
            if rule == "import":
                rule = ""
                yield Address(url=url, kind="style", line=line)
            elif rule != "font-face":
                yield Address(url=url, kind="image", line=line)
            elif not _OLD_FONT.search(url):
                sources += 1
                yield Address(url=url, kind="font", line=line, optional=sources > 1)
        elif rule == "import":
            named = found["string"] if found["string"] is not None else found["quoted"]
            if named:
                rule = ""
                yield Address(url=_plain(named), kind="style", line=line)


def _address(found: re.Match[str]) -> str:
    quoted = found["double"] if found["double"] is not None else found["single"]
    if quoted is not None:
        return _plain(quoted).strip()
    bare = found["bare"].strip(" \t\r\n\f")
    return "" if re.search(r"[\s\"'(]", re.sub(r"\\.", "", bare)) else _plain(bare)


def _plain(text: str) -> str:
    return _ESCAPE.sub(_character, text) if "\\" in text else text


def _character(found: re.Match[str]) -> str:
    if found[1]:
        number = int(found[1], 16)
        return chr(number) if 0 < number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF else "\ufffd"
    return found[2] or ""
