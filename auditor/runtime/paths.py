"""What may stand for an address: a path of the application itself, and nothing that leads to another host."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_OWN = frozenset({"localhost", "127.0.0.1", "0.0.0.0", "::1", "[::1]"})  # noqa: S104 - names that people write for their own machine
_LONGEST = 2000
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)


def own_path(text: str) -> tuple[str, str]:
    """The path and query that ``text`` means, and "" or the reason why it means none.

    A path begins with `/`, or with `{{name}}` of a captured value. Of an address of this machine (`http://localhost:5173/x`) only the path counts:
    where the application listens is seen, not believed. Fragments are never sent (RFC 9110, 7.1).
    """
    text = text.strip().split("#", 1)[0]
    if len(text) > _LONGEST:
        return "", f"is longer than {_LONGEST} characters"
    if re.search(r"[\s\x00-\x1f\x7f\\]", text):
        return "", "holds blanks, control characters or backslashes"
    if _SCHEME.match(text):
        try:
            parts = urlsplit(text)
            host = parts.hostname or ""
        except ValueError:
            return "", "is no address"
        if parts.scheme.lower() not in ("http", "https") or host not in _OWN:
            return "", "leads to another host: only the application itself is asked"
        return (parts.path or "/") + (f"?{parts.query}" if parts.query else ""), ""
    if text.startswith("//"):
        return "", "leads to another host: only the application itself is asked"
    if not text.startswith(("/", "{{")):
        return "", "does not begin with `/`"
    return text, ""
