"""Whether a browser can use an answer as the script, style, image, font or manifest that it was asked for."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from auditor.model import Severity
from auditor.runtime.assets import JAVASCRIPT, Asset
from auditor.runtime.client import Exchange

_RASTER = (b"\x89PNG", b"GIF8", b"\xff\xd8\xff", b"RIFF", b"BM", b"\x00\x00\x01\x00", b"\x00\x00\x02\x00")
_FONT = (b"wOFF", b"wOF2", b"\x00\x01\x00\x00", b"OTTO", b"ttcf", b"true")
_HTML = re.compile(rb"\s*(?:<!--.{0,2000}?-->\s*)?<(?:!doctype html|html)\b", re.IGNORECASE | re.DOTALL)
_LARGE_FILE = b"version https://git-lfs.github.com/spec/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What a browser makes of it, in words that go after "the script /x.js"."""

    text: str
    severity: Severity = Severity.ERROR


def is_html(exchange: Exchange) -> bool:
    """Whether the answer is an HTML document, by its type or by how it begins."""
    return exchange.type in ("text/html", "application/xhtml+xml") or bool(_HTML.match(exchange.body[:4000]))


def fault(asset: Asset, exchange: Exchange, *, quirks: bool = False) -> Fault | None:
    """Why a browser cannot use ``exchange`` as ``asset``, None when it can. ``quirks``: the page has no doctype.

    Module scripts need a JavaScript type (https://html.spec.whatwg.org/multipage/webappapis.html#fetch-a-single-module-script); with nosniff so do
    all scripts, and styles need text/css (https://fetch.spec.whatwg.org/#should-response-to-request-be-blocked-due-to-nosniff?); scripts are never
    taken from images, audio, video and CSV (https://fetch.spec.whatwg.org/#should-response-to-request-be-blocked-due-to-mime-type?); the type of
    images and fonts is looked up in their bytes (https://mimesniff.spec.whatwg.org/#sniffing-in-specific-contexts).
    """
    severity = Severity.WARNING if asset.optional else Severity.ERROR
    text = _fault(asset, exchange, quirks=quirks)
    if text:
        return Fault(text=text, severity=severity)
    if asset.kind in ("script", "module", "style") and not exchange.body.strip():
        return Fault(text="is empty", severity=Severity.WARNING)
    return None


def _fault(asset: Asset, exchange: Exchange, *, quirks: bool) -> str:
    body, kind = exchange.body, exchange.type
    nosniff = exchange.header("x-content-type-options").split(",")[0].strip().lower() == "nosniff"
    encoding = exchange.header("content-encoding")
    if not exchange.status:
        return f"was not answered: {exchange.error}"
    if 300 <= exchange.status < 400:
        return ""  # it leaves the application
    if exchange.status >= 400:
        return f"is answered {exchange.answer}"
    if is_html(exchange):
        return f"is answered with an HTML page ({exchange.answer})"
    if exchange.breaks:
        return f"comes with a broken body: {exchange.breaks}{f' ({encoding})' if encoding else ''}"
    if body.startswith(b"\x1f\x8b") and asset.kind != "other":
        return (
            f"is compressed twice, and Content-Encoding: {encoding} says so once"
            if encoding
            else "is compressed with gzip, but no Content-Encoding says so"
        )
    if body.startswith(_LARGE_FILE):
        return "is a pointer of Git LFS, not the file"
    match asset.kind:
        case "module" if kind not in JAVASCRIPT:
            return f"has the type {kind or '(none)'}: browsers run a module only with a JavaScript type"
        case "script" if kind not in JAVASCRIPT and (nosniff or kind.startswith(("image/", "audio/", "video/")) or kind == "text/csv"):
            return f"has the type {kind or '(none)'}{' with nosniff' if nosniff else ''}: browsers do not run it"
        case "style" if kind != "text/css" and (nosniff or (kind and not quirks)):
            return f"has the type {kind or '(none)'}: browsers apply only text/css"
        case "image" if not kind.startswith("image/") and body and not body.startswith(_RASTER) and body[4:8] != b"ftyp":
            return f"has the type {kind or '(none)'} and is no image by its content"
        case "font" if body and not body.startswith(_FONT):
            return "is no font by its content"
        case "manifest" if not exchange.truncated:
            try:
                json.loads(body)
            except (ValueError, RecursionError):
                return "is no JSON"
    return ""
