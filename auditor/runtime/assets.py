"""The assets that a page, a style sheet, a module or a web manifest makes a browser fetch from the same application."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Literal
from urllib.parse import urljoin

from auditor.runtime.css import addresses
from auditor.runtime.html import Tag, tags

Kind = Literal["script", "module", "style", "image", "font", "manifest", "other"]
Local = Callable[[str], str | None]
"""The path of a URL within the application, None for one that means another host: `Client.local`."""

JAVASCRIPT = frozenset(
    [
        "application/ecmascript",
        "application/javascript",
        "application/x-ecmascript",
        "application/x-javascript",
        "text/ecmascript",
        "text/javascript",
        "text/javascript1.0",
        "text/javascript1.1",
        "text/javascript1.2",
        "text/javascript1.3",
        "text/javascript1.4",
        "text/javascript1.5",
        "text/jscript",
        "text/livescript",
        "text/x-ecmascript",
        "text/x-javascript",
    ]
)
"""https://mimesniff.spec.whatwg.org/#javascript-mime-type"""

_PRELOADED: dict[str, Kind] = {
    "script": "script",
    "style": "style",
    "image": "image",
    "font": "font",
    "manifest": "manifest",
    "audio": "other",
    "video": "other",
    "track": "other",
}
_MOST = 20_000
_ICONS = frozenset({"icon", "apple-touch-icon", "apple-touch-icon-precomposed", "mask-icon"})
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
_BLANK = re.compile(r"(?:\s++|//[^\n]*+|/\*(?:[^*]++|\*(?!/))*+\*/|[\"']use strict[\"'];?)*+")
_IMPORT = re.compile(
    r"(?:import|export)(?![\w$(.])\s*+(?P<names>[\w$\s{},*]{1,20000}?\bfrom\s*+)?(?P<quote>[\"'])(?P<name>[^\"'\\\n]{1,2000})(?P=quote)"
    r"(?P<with>\s*+(?:with|assert)\s*+\{[^}]{0,200}\})?\s*+;?"
)
_VITE = re.compile(r"const __vite__mapDeps=[^\n]*+\n")
"""The line that Vite puts before the imports of a module with parts that are loaded later."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Asset:
    """One thing to fetch. ``path`` is the path and query within the application; ``named_in`` is the path of what names it, at the 1-based ``line``.

    ``optional``: the page works without it, or a browser fetches it only under some condition (icons, second sources, entries of an import map, what
    a rule of a style sheet names).
    """

    path: str
    kind: Kind
    named_in: str
    line: int
    optional: bool = False


@dataclass(frozen=True, slots=True)
class _Reader:
    """Turns addresses as written into assets of one document; ``base`` is the URL that they are relative to."""

    path: str
    base: str
    local: Local
    known: dict[str, str | None] = field(default_factory=dict)

    def asset(self, url: str, kind: Kind, line: int, *, optional: bool = False) -> Iterator[Asset]:
        url = url.strip(" \t\r\n\f")
        if not url or url.startswith("#"):
            return
        if url not in self.known:
            try:
                self.known[url] = self.local(urljoin(self.base, re.sub(r"[\t\r\n]", "", url)))
            except ValueError:
                self.known[url] = None
        path = self.known[url]
        if path is not None:
            yield Asset(path=path.replace(" ", "%20"), kind=kind, named_in=self.path, line=line, optional=optional)

    def styles(self, text: str, line: int, *, applies: bool = False) -> Iterator[Asset]:
        """What a style sheet names; except in an attribute (``applies``) a browser fetches an image or a font only where its rule applies."""
        for found in addresses(text):
            yield from self.asset(found.url, found.kind, line + found.line - 1, optional=found.optional or not (applies or found.kind == "style"))

    def imports(self, text: str, line: int) -> Iterator[Asset]:
        for name, kind, at in _imports(text):
            # A bare name is looked up in the import map; only these are addresses: https://html.spec.whatwg.org/#resolve-a-module-specifier
            if name.startswith(("/", "./", "../")) or _SCHEME.match(name):
                yield from self.asset(name, kind, line + at - 1)


def in_page(text: str, url: str, local: Local) -> tuple[Asset, ...]:
    """What an HTML document at ``url`` makes a browser fetch; each asset once for each kind of use."""
    return _unique(_in_page(text, url, local))


def in_style(text: str, url: str, local: Local) -> tuple[Asset, ...]:
    """What a style sheet at ``url`` makes a browser fetch."""
    return _unique(_Reader(local(url) or url, url, local).styles(text, 1))


def in_module(text: str, url: str, local: Local) -> tuple[Asset, ...]:
    """What a module at ``url`` imports in the declarations at its head; what stands further down is not read."""
    return _unique(_Reader(local(url) or url, url, local).imports(text, 1))


def in_manifest(text: str, url: str, local: Local) -> tuple[Asset, ...]:
    """The icons of a web app manifest at ``url`` (https://www.w3.org/TR/appmanifest/#icons-member)."""
    reader = _Reader(local(url) or url, url, local)
    icons = _json(text).get("icons")
    named = [icon.get("src") for icon in icons if isinstance(icon, dict)] if isinstance(icons, list) else []
    return _unique(asset for src in named if isinstance(src, str) for asset in reader.asset(src, "image", 1, optional=True))


def scripted(text: str) -> bool:
    """Whether a document runs any script, its own or fetched."""
    return any(tag.name == "script" and (tag.get("src") or tag.text.strip()) and _script(tag) for tag in tags(text))


def _unique(found: Iterable[Asset]) -> tuple[Asset, ...]:
    """Each path once for each kind, at its first place; needed when any place needs it. Bounded, whatever a document says."""
    kept: dict[tuple[str, Kind], Asset] = {}
    for asset in islice(found, _MOST):
        before = kept.get((asset.path, asset.kind))
        if before is None or (before.optional and not asset.optional):
            kept[asset.path, asset.kind] = asset
    return tuple(kept.values())


def _in_page(text: str, url: str, local: Local) -> Iterator[Asset]:
    reader = _Reader(local(url) or url, url, local)
    based = False
    for tag in tags(text):
        if tag.name == "base" and tag.get("href") and not based:
            based = True
            try:
                reader = _Reader(reader.path, urljoin(url, tag.get("href")), local)
            except ValueError:
                continue
        else:
            yield from _in_tag(tag, reader)
        if "style" in tag.attributes:
            yield from reader.styles(tag.attributes["style"], tag.line, applies=True)


def _in_tag(tag: Tag, reader: _Reader) -> Iterator[Asset]:
    match tag.name:
        case "script":
            yield from _in_script(tag, reader)
        case "style":
            yield from reader.styles(tag.text, tag.text_line)
        case "link":
            yield from _in_link(tag, reader)
        case "img":
            yield from reader.asset(tag.get("src"), "image", tag.line)
            for url in _candidates(tag.get("srcset")):
                yield from reader.asset(url, "image", tag.line)
        case "source":
            for url in _candidates(tag.get("srcset")):
                yield from reader.asset(url, "image", tag.line)
            yield from reader.asset(tag.get("src"), "other", tag.line, optional=True)
        case "video" | "audio":
            yield from reader.asset(tag.get("poster"), "image", tag.line)
            yield from reader.asset(tag.get("src"), "other", tag.line)
        case "track":
            yield from reader.asset(tag.get("src"), "other", tag.line, optional=True)
        case "input" if tag.get("type").lower() == "image":
            yield from reader.asset(tag.get("src"), "image", tag.line)
        case "image" | "use":
            yield from reader.asset(tag.get("href") or tag.get("xlink:href"), "image", tag.line)
        case _:
            return


def _script(tag: Tag) -> Kind | None:
    """How a browser runs a script element, None for data: https://html.spec.whatwg.org/multipage/scripting.html#prepare-the-script-element"""
    kind = tag.attributes.get("type", "")
    if not kind:
        language = tag.get("language")
        return "script" if not language or f"text/{language.lower()}" in JAVASCRIPT else None
    kind = kind.strip().lower()
    return "module" if kind == "module" else "script" if kind in JAVASCRIPT else None


def _in_script(tag: Tag, reader: _Reader) -> Iterator[Asset]:
    kind = _script(tag)
    if kind and "src" in tag.attributes:
        # Only old browsers fetch one marked nomodule, but what is named should be there.
        yield from reader.asset(tag.get("src"), kind, tag.line, optional=kind == "script" and "nomodule" in tag.attributes)
    elif kind == "module":
        yield from reader.imports(tag.text, tag.text_line)
    elif tag.get("type").lower() == "importmap":
        imports = _json(tag.text).get("imports")
        for name, url in imports.items() if isinstance(imports, dict) else ():
            if isinstance(url, str) and not name.endswith("/"):
                yield from reader.asset(url, "module", tag.line, optional=True)


def _in_link(tag: Tag, reader: _Reader) -> Iterator[Asset]:
    relations = set(tag.get("rel").lower().split())
    href, use = tag.get("href"), tag.get("as").lower()
    if "stylesheet" in relations:
        if "disabled" not in tag.attributes and tag.get("type").lower().split(";")[0] in ("", "text/css"):
            yield from reader.asset(href, "style", tag.line, optional="alternate" in relations)
    elif "modulepreload" in relations:
        yield from reader.asset(href, "module" if use in ("", "script") else _PRELOADED.get(use, "module"), tag.line)
    elif "preload" in relations and use in _PRELOADED:
        yield from reader.asset(href, _PRELOADED[use], tag.line)
        for url in _candidates(tag.get("imagesrcset")) if use == "image" else ():
            yield from reader.asset(url, "image", tag.line)
    elif "manifest" in relations:
        yield from reader.asset(href, "manifest", tag.line)
    elif relations & _ICONS:
        yield from reader.asset(href, "image", tag.line, optional=True)


def _candidates(srcset: str) -> Iterator[str]:
    """The addresses of a srcset: https://html.spec.whatwg.org/multipage/images.html#parse-a-srcset-attribute"""
    place = 0
    while True:
        while place < len(srcset) and srcset[place] in " \t\r\n\f,":
            place += 1
        found = re.compile(r"[^ \t\r\n\f]++").match(srcset, place)
        if not found:
            return
        place = found.end()
        url = found[0]
        if url.endswith(","):
            url = url.rstrip(",")
        else:
            descriptors = re.compile(r"(?:[^,(]++|\([^)]*+\)?)*+").match(srcset, place)
            place = descriptors.end() if descriptors else place
        yield url


def _imports(text: str) -> Iterator[tuple[str, Kind, int]]:
    """Specifier, kind and line of the import declarations at the head of a module."""
    vite = _VITE.match(text)
    place = vite.end() if vite else 0
    for _ in range(500):
        blank = _BLANK.match(text, place)
        place = blank.end() if blank else place
        found = _IMPORT.match(text, place)
        if not found:
            return
        yield found["name"], _with(found["with"] or ""), text.count("\n", 0, place) + 1
        place = found.end()


def _with(attributes: str) -> Kind:
    """https://html.spec.whatwg.org/multipage/webappapis.html#module-type-from-module-request"""
    return "other" if "json" in attributes else "style" if "css" in attributes else "module"


def _json(text: str) -> dict[str, object]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
