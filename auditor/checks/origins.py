"""What a list of allowed origins lets in."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from auditor.project.python.values import Derived, EnvRead, Literal, Sequence, Text, Value, leaves, over

_LOOPBACK = re.compile(r"^(?:localhost|127(?:\.\d+){3}|\[?::1\]?|0\.0\.0\.0|.*\.localhost)$", re.IGNORECASE)
_ANY = frozenset({"*", ".*", "^.*$", "https?://.*", "http.*"})


def is_loopback_origin(text: str) -> bool:
    """Whether an origin, host or URL names this very machine."""
    candidate = text.strip()
    if "//" not in candidate:
        candidate = "//" + candidate
    try:
        host = urlsplit(candidate).hostname
    except ValueError:
        return False
    return bool(host and _LOOPBACK.match(host))


def is_wildcard(value: Value) -> bool | None:
    """Whether any origin is allowed: True, False, or None when it depends on what cannot be told or on an unset variable."""
    return over(value, _wildcard)


def is_loopback_only(value: Value) -> bool | None:
    """Whether nothing but loopback origins can be allowed. Anything read from the environment could be another one."""
    return over(value, _loopback)


def _wildcard(value: Value) -> bool | None:
    match value:
        case Literal(value=str() as text):
            return text.strip() in _ANY
        case Literal():
            return False
        case Sequence(items=items, open=is_open):
            answers = [is_wildcard(item) for item in items]
            if True in answers:
                return True
            return None if is_open or None in answers else False
        case EnvRead(default=Value() as default):
            return None if is_wildcard(default) else False
        case EnvRead():
            return False
        case Derived() | Text() if any(isinstance(inner, EnvRead) for inner in leaves(value)):
            return False
        case _:
            return None


def _loopback(value: Value) -> bool | None:
    match value:
        case Literal(value=str() as text):
            return is_loopback_origin(text) if text else False
        case Literal():
            return False
        case Sequence(items=items, open=is_open):
            answers = [is_loopback_only(item) for item in items]
            if False in answers or not items:
                return False
            return None if is_open or None in answers else True
        case EnvRead():
            return False
        case Derived() | Text():
            return False if any(isinstance(inner, EnvRead) for inner in leaves(value)) else None
        case _:
            return None
