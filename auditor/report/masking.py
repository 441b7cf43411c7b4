"""Source text as it may be shown: without the secrets in it."""

from __future__ import annotations

import re

_SECRET = re.compile(r"(?i)(secret|passw(?:or)?d|token|api_?key|private_?key|access_?key|credential|signing|encryption)")
_STRING = re.compile(r"""(["'`])((?:(?!\1)[^\\\n]|\\.)*)\1""")
_URL_PASSWORD = re.compile(r"(://[^\s:/@\['\"]*:)(?!\d{1,5}[/?#])([^\s@'\"]+)(@)")
"""What begins like a port and a path is no password, though an `@` may follow: http://127.0.0.1:5173/@vite/client"""
_PLAIN = re.compile(r"^(\s*(?:(?:ENV|ARG|export)\s+|-\s*)?\w+(?:=|(?<=\w)\s+(?=[^\s=]+$)))([^\s\"'`$<{(\[][^\s]*)", re.IGNORECASE)
_CONTINUED = re.compile(r"^\s*(?:[bfru]{0,2}[\"'`]|\(\s*$)", re.IGNORECASE)
_FETCH_MODES = frozenset({"include", "same-origin", "omit"})
"""What `credentials` of a request may be: https://fetch.spec.whatwg.org/#concept-request-credentials-mode"""
_LOOK_UP = re.compile(r"(?:(?<![a-z])(?:get|pop|read|env|config|setting|setdefault)\w*(?:\.\w+)*\s*\(|[\w\])]\s*\[)$", re.IGNORECASE)


def mask(text: str) -> str:
    """The text without secrets: constants on lines that name one, quoted or as `ENV NAME value`, and passwords inside URLs.

    A string that goes on over several lines, or stands alone on the lines after the name, belongs to the line that names it.
    """
    shown: list[str] = []
    carried, inside = False, ""
    for line in text.split("\n"):
        rest = line
        if inside:
            end = rest.find(inside)
            if end < 0:
                shown.append("***")
                continue
            shown.append("***" + mask(rest[end:]))
            inside = ""
            continue
        carried = bool(_SECRET.search(rest)) or (carried and bool(_CONTINUED.match(rest)))
        if carried:
            inside = next((mark for mark in ('"""', "'''") if rest.count(mark) % 2), "")
            cut = rest.rfind(inside) + len(inside) if inside else len(rest)
            rest = _PLAIN.sub(r"\1***", _STRING.sub(_hide, mask_urls(rest[:cut]))) + ("***" if rest[cut:] else "")
        shown.append(mask_urls(rest))
    return "\n".join(shown)


def mask_urls(text: str) -> str:
    """The text without the passwords of the URLs in it."""
    return _URL_PASSWORD.sub(r"\1***\3", text)


def _hide(found: re.Match[str]) -> str:
    """A string masked, unless it is a name by where it stands: an index, the first argument of a look-up, or the key of a dict."""
    quote, inner = found.group(1), found.group(2)
    before, after = found.string[: found.start()].rstrip(), found.string[found.end() :].lstrip()
    if inner in _FETCH_MODES or len(inner) < 4 or "://" in inner or inner.startswith("/"):
        return found.group(0)  # too short to be one, or an address, whose password was masked before
    if re.fullmatch(r"[A-Za-z_][\w.\-]*", inner) and (_LOOK_UP.search(before) or after.startswith(":")):
        return found.group(0)
    return f"{quote}{inner[:2]}***{quote}"
