"""What a browser makes of an answer to a request from another origin, by the Fetch standard.

https://fetch.spec.whatwg.org/#http-cors-protocol, `CORS check` (4.9), `CORS-preflight fetch` (4.8) and `CORS-safelisted request-header` (2.2.2). The
tests run the same table against Chromium.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

_ORIGIN = "Access-Control-Allow-Origin"
_CREDENTIALS = "Access-Control-Allow-Credentials"
_METHODS = "Access-Control-Allow-Methods"
_HEADERS = "Access-Control-Allow-Headers"

_SAFE_METHODS = frozenset({"GET", "HEAD", "POST"})
_NORMALIZED = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"})
"""`fetch("…", {method: "put"})` sends PUT; every other method is sent as it is written (2.2.1, `normalize`)."""

_SAFE_TYPES = frozenset({"application/x-www-form-urlencoded", "multipart/form-data", "text/plain"})
_UNSAFE_BYTES = re.compile(r'[\x00-\x08\x0a-\x1f"():<>?@[\\\]{}\x7f]')
_LANGUAGE = re.compile(r"[0-9A-Za-z *,\-.;=]*")
_RANGE = re.compile(r"bytes=\d+-\d*")
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_FORBIDDEN = frozenset({
    "accept-charset", "accept-encoding", "access-control-request-headers", "access-control-request-method", "connection", "content-length",
    "cookie", "cookie2", "date", "dnt", "expect", "host", "keep-alive", "origin", "referer", "set-cookie", "te", "trailer", "transfer-encoding",
    "upgrade", "via",
})  # fmt: skip
"""What no script can set: the browser drops it, so nobody has to allow it (`forbidden request-header`)."""

_LONGEST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A request that a page of ``origin`` makes. ``headers`` are set by its script, ``credentials``: cookies are to be sent along."""

    origin: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    credentials: bool = False

    @property
    def sent(self) -> str:
        """The method as the browser sends it."""
        return self.method.upper() if self.method.upper() in _NORMALIZED else self.method


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer to it, or to its preflight: status and headers, one pair for each time a header was sent."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()

    def values(self, name: str) -> tuple[str, ...]:
        """All values of a header, without the blanks around them."""
        return tuple(value.strip(" \t\r\n") for key, value in self.headers if key.lower() == name.lower())

    def value(self, name: str) -> str | None:
        """The values of a header as a browser joins them, None when it was not sent."""
        found = self.values(name)
        return ", ".join(found) if found else None


def unsafe_headers(headers: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """The names, sorted and in lower case, that a preflight has to ask for (`CORS-unsafe request-header names`)."""
    sent = [(name.lower(), value) for name, value in headers if name.lower() not in _FORBIDDEN and not name.lower().startswith(("proxy-", "sec-"))]
    safe = [(name, value) for name, value in sent if _safe(name, value)]
    unsafe = {name for name, value in sent if not _safe(name, value)}
    if sum(len(value) for _, value in safe) > 1024:
        unsafe |= {name for name, _ in safe}
    return tuple(sorted(unsafe))


def _safe(name: str, value: str) -> bool:
    if len(value) > 128:
        return False
    match name:
        case "accept":
            return not _UNSAFE_BYTES.search(value)
        case "accept-language" | "content-language":
            return bool(_LANGUAGE.fullmatch(value))
        case "content-type":
            return not _UNSAFE_BYTES.search(value) and value.split(";", maxsplit=1)[0].strip().lower() in _SAFE_TYPES
        case "range":
            return bool(_RANGE.fullmatch(value))
        case _:
            return False


def why_preflight(ask: Ask) -> tuple[str, ...]:
    """Why the browser asks with OPTIONS before it sends the request; empty when it does not ask."""
    method = () if ask.sent in _SAFE_METHODS else (f"the method {ask.sent}",)
    return (*method, *(f"the header {name}" for name in unsafe_headers(ask.headers)))


def preflight_headers(ask: Ask) -> dict[str, str]:
    """The headers of the preflight; it never carries cookies."""
    names = unsafe_headers(ask.headers)
    return {"Origin": ask.origin, "Access-Control-Request-Method": ask.sent} | ({"Access-Control-Request-Headers": ",".join(names)} if names else {})


def judge_preflight(ask: Ask, answer: Answer) -> tuple[str, ...]:
    """Why the browser does not send the request after this answer to its preflight; empty when it does."""
    wrong = [] if 200 <= answer.status <= 299 else [_status(answer)]
    wrong += judge_answer(ask, answer)
    methods, headers = _items(answer, _METHODS), _items(answer, _HEADERS)
    wrong += [
        f"{name} is {_shown(answer, name)}: names are separated by commas, and a browser refuses all of it"
        for name, items in ((_METHODS, methods), (_HEADERS, headers))
        if items is None
    ]
    if methods is not None and ask.sent not in methods and ask.sent not in _SAFE_METHODS and not ("*" in methods and not ask.credentials):
        wrong.append(_method(ask, answer, methods))
    if headers is not None:
        listed = {name.lower() for name in headers}
        if not ("*" in listed and not ask.credentials):
            wrong += [_header(name, answer, star="*" in listed) for name in unsafe_headers(ask.headers) if name not in listed]
    return tuple(wrong)


def judge_answer(ask: Ask, answer: Answer) -> tuple[str, ...]:
    """Why a page of the origin cannot read this answer, whatever its status; empty when it can."""
    allowed = answer.value(_ORIGIN)
    if allowed is None:
        return (f"there is no {_ORIGIN}",)
    if allowed == "*" and not ask.credentials:
        return ()
    if allowed != ask.origin:
        return (_origin(ask, answer),)
    if ask.credentials and answer.value(_CREDENTIALS) != "true":
        return (_credentials(answer),)
    return ()


def cautions(ask: Ask, preflight: Answer) -> tuple[str, ...]:
    """What works in some browsers only: the standard does not let `*` stand for Authorization, and Chromium does."""
    listed = {name.lower() for name in _items(preflight, _HEADERS) or ()}
    if "authorization" in unsafe_headers(ask.headers) and "*" in listed and "authorization" not in listed and not ask.credentials:
        return (f'{_HEADERS} is "*": by the standard that does not cover Authorization, and only some browsers let it pass; name it',)
    return ()


def mixes_origins(one: Answer, other: Answer) -> bool:
    """Whether a cache may hand the answer made for one origin to the other: they differ, and `Vary: Origin` is not on both (RFC 9110, 12.5.5)."""
    if one.value(_ORIGIN) == other.value(_ORIGIN) or any("no-store" in (answer.value("Cache-Control") or "").lower() for answer in (one, other)):
        return False
    return not all({"origin", "*"} & {part.strip().lower() for part in (answer.value("Vary") or "").split(",")} for answer in (one, other))


def _items(answer: Answer, name: str) -> tuple[str, ...] | None:
    """The members of a list header, None when it is no list of names (`extract header list values`)."""
    items = tuple(item for value in answer.values(name) for part in value.split(",") if (item := part.strip(" \t")))
    return items if all(_TOKEN.fullmatch(item) for item in items) else None


def _shown(answer: Answer, name: str) -> str:
    return " and ".join(f'"{value[:_LONGEST]}{"…" if len(value) > _LONGEST else ""}"' for value in answer.values(name))


def _status(answer: Answer) -> str:
    if 300 <= answer.status <= 399:
        target = answer.value("Location")
        return f"the preflight is redirected ({answer.status}{f' to {target[:_LONGEST]}' if target else ''}), and a browser does not follow that"
    return f"the preflight is answered {answer.status}, and a browser wants 200 to 299"


def _origin(ask: Ask, answer: Answer) -> str:
    values, shown = answer.values(_ORIGIN), _shown(answer, _ORIGIN)
    if len(values) > 1:
        return f"{_ORIGIN} is sent {len(values)} times ({shown}): one is allowed; often both the application and a proxy add it"
    value = values[0]
    if value == "*":
        return f"{_ORIGIN} is {shown}, which does not hold for requests with credentials: the origin itself must be named"
    if "," in value or " " in value:
        return f"{_ORIGIN} is {shown}: one origin is allowed, not a list; send back the one that asks"
    if value.rstrip("/") == ask.origin:
        return f'{_ORIGIN} is {shown}: an origin does not end in a slash, so it does not equal "{ask.origin}"'
    if value.lower() == ask.origin.lower():
        return f'{_ORIGIN} is {shown}, written otherwise than "{ask.origin}": upper and lower case count'
    if value.startswith(f"{ask.origin}/"):
        return f'{_ORIGIN} is {shown}: an origin has no path, so it does not equal "{ask.origin}"'
    if "*" in value:
        return f"{_ORIGIN} is {shown}: a browser knows no patterns"
    if "://" not in value and value and value == _split(ask.origin):
        return f'{_ORIGIN} is {shown}: the scheme is missing, so it does not equal "{ask.origin}"'
    return f'{_ORIGIN} is {shown or "empty"}, not "{ask.origin}"'


def _split(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


def _credentials(answer: Answer) -> str:
    values, shown = answer.values(_CREDENTIALS), _shown(answer, _CREDENTIALS)
    if not values:
        return f"there is no {_CREDENTIALS}, and the request carries credentials"
    if len(values) > 1:
        return f"{_CREDENTIALS} is sent {len(values)} times ({shown}): one is allowed; often both the application and a proxy add it"
    return f'{_CREDENTIALS} is {shown}: only "true", in lower case, counts'


def _method(ask: Ask, answer: Answer, methods: tuple[str, ...]) -> str:
    if not answer.values(_METHODS):
        return f"there is no {_METHODS}, and {ask.sent} must be listed"
    shown = f"{_METHODS} is {_shown(answer, _METHODS)}"
    if "*" in methods:
        return f'{shown}: with credentials, "*" is no wildcard, and {ask.sent} must be listed'
    if ask.sent.upper() in {method.upper() for method in methods}:
        return f'{shown}, and the request says "{ask.sent}": upper and lower case count'
    return f"{shown}, without {ask.sent}"


def _header(name: str, answer: Answer, *, star: bool) -> str:
    if not answer.values(_HEADERS):
        return f"there is no {_HEADERS}, and {name} must be listed"
    shown = f"{_HEADERS} is {_shown(answer, _HEADERS)}"
    return f'{shown}: with credentials, "*" is no wildcard, and {name} must be listed' if star else f"{shown}, without {name}"
