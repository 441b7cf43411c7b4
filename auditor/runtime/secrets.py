"""The masking sink: nothing that is told of a validation shows a secret that came up in it."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from urllib.parse import quote, quote_plus, unquote, urlsplit

from auditor.model import Change, Evidence, Place, Result
from auditor.report.masking import mask_urls
from auditor.report.observed import IMAGE

MASK = "***"
_SECRET_NAME = re.compile(r"KEY(?!BOARD)|TOKEN|SECRET|PASS(?!ENGER)|PWD|CREDENTIAL|DSN|AUTH(?!OR(?!IZ))", re.IGNORECASE)
_FOLDERS = frozenset({"PWD", "OLDPWD"})
"""The working directories of a shell: https://pubs.opengroup.org/onlinepubs/9799919799/basedefs/V1_chap08.html"""
_ORDINARY = re.compile(r"(?i)true|false|yes|no|on|off|none|null|undefined|enabled|disabled|[a-z]{0,5}|[0-9.]{0,5}")
_SHORTEST = 4
_SURE = 6
"""Values from this length on are masked wherever they stand, shorter ones only where they stand for themselves."""
_LINE = 16
_ENCODED = "base64:"
"""So does Laravel write keys, and uses what comes after it."""
_MOST_PASSES = 20
_MOST_CUTS = 20

_HEADER = re.compile(
    r"(?P<name>\b(?:Proxy-)?Authorization|\bX-(?:Api-Key|CSRF-?Token|XSRF-Token|Auth-Token|Access-Token))"
    r"(?P<between>[\"']?[ \t]*:[ \t]*[\"']?)(?P<scheme>(?:Basic|Bearer|Digest|Token|JWT|ApiKey)[ \t]+)?(?P<value>[^\s\"'{\[][^\r\n\"']*)",
    re.IGNORECASE,
)
_COOKIES = re.compile(r"(?P<name>\b(?:Set-)?Cookie[\"']?[ \t]*:[ \t]*[\"']?)(?P<pairs>[^\r\n\"']+)", re.IGNORECASE)
_PAIR = re.compile(r"(?<![^\s=;,])(?P<name>[^\s=;,]++=)(?P<value>[^;\s]+)")
_ATTRIBUTE = re.compile(r"(?:Expires|Max-Age|Domain|Path|SameSite|Priority)=", re.IGNORECASE)
"""Attributes of Set-Cookie (RFC 6265bis): they are what evidence is about."""
_SCHEME = re.compile(r"\b(?P<scheme>Basic|Bearer)[ \t]+(?P<value>(?=\S*\d)[A-Za-z0-9+/_~.-]{16,}=*)")
_JWT = re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]*")
_NAME = r"(?:[a-z0-9_.-]{0,40}(?:token|password|passwd|secret|api[_-]?key|private[_-]?key))"
_RANDOM = r"(?:(?=[^\s\"'&<>]*\d)[^\s\"'&<>]{8,}|[^\s\"'&<>]{20,})"
"""What no sentence holds: an answer says `"password": "required"`, too."""
_FIELDS = (
    re.compile(rf"(?P<before>\"{_NAME}\"\s*:\s*\"){_RANDOM}(?=\"|\Z)", re.IGNORECASE),
    re.compile(rf"(?P<before>(?:[?&]|^){_NAME}=){_RANDOM}", re.IGNORECASE | re.MULTILINE),
    re.compile(rf"(?P<before>\bname=[\"']?{_NAME}[\"']?\s+value=[\"']?){_RANDOM}", re.IGNORECASE),
)
"""Fields of JSON, of queries and forms, and hidden ones of HTML."""
_PRIVATE = re.compile(r"-----BEGIN ((?:[A-Z0-9]+ )*)PRIVATE KEY-----.*?(?:-----END \1PRIVATE KEY-----|\Z)", re.DOTALL)


class Masker:
    """Masks ``values``, in every way in which they are written, and what is a secret by its form: headers, passwords of URLs, JWTs, private keys.

    ``exact`` values are masked although they are short, where they stand for themselves.
    """

    def __init__(self, values: Iterable[str], *, exact: Iterable[str] = ()) -> None:
        kept = {text for value in values if _worth(text := value.strip())} | {text for value in exact if len(text := value.strip()) >= _SHORTEST}
        short = {value for value in kept if len(value) < _SURE}
        self._forms = sorted({form for value in kept - short for form in _forms(value)}, key=lambda form: (-len(form), form))
        self._short = [re.compile(rf"(?<![\w-]){re.escape(value)}(?![\w-])") for value in sorted(short)]

    @classmethod
    def of(cls, environments: Iterable[Mapping[str, str]], *, declared: Iterable[str] = (), captured: Iterable[str] = ()) -> Masker:
        """One that masks what variables hold whose names say it, or that are ``declared``; the passwords of URLs in any; and ``captured`` values."""
        names = frozenset(declared)
        values, exact = list(captured), []
        for environment in environments:
            for name, value in environment.items():
                if name in names:
                    exact.append(value)
                elif _SECRET_NAME.search(name) and name.upper() not in _FOLDERS:
                    values += [value, value.removeprefix(_ENCODED)]
                values += _password(value)
        return cls(values, exact=exact)

    def __call__(self, text: str) -> str:
        """The text without secrets."""
        return self._values(_by_form(self._before_dots(self._values(text))))

    def masked(self, result: Result) -> Result:
        """A result without secrets: its message, its places, its evidence and the change that it shows."""
        return replace(
            result,
            message=self(result.message),
            place=self._place(result.place),
            related=tuple(self._place(place) for place in result.related),
            evidence=tuple(self._evidence(each) for each in result.evidence),
            change=self._change(result.change) if result.change else None,
            suppression=replace(result.suppression, reason=self(result.suppression.reason)) if result.suppression else None,
        )

    def _place(self, place: Place) -> Place:
        return replace(place, label=self(place.label)) if place.label else place

    def _evidence(self, evidence: Evidence) -> Evidence:
        if evidence.kind == IMAGE:
            return replace(evidence, title=self(evidence.title))  # what a browser shows to everybody; a masked picture is a broken one
        body = self(evidence.body)
        return replace(evidence, title=self(evidence.title), body=self._without_beginning(body) if evidence.truncated else body)

    def _change(self, change: Change) -> Change:
        return replace(change, title=self(change.title), before=self(change.before), after=self(change.after))

    def _values(self, text: str) -> str:
        """Until nothing is left: what stands around a masked value may be one. Each pass makes the text shorter."""
        for _ in range(_MOST_PASSES):
            before = text
            for form in self._forms:
                if form in text:
                    text = text.replace(form, MASK)
            for pattern in self._short:
                text = pattern.sub(MASK, text)
            if text == before:
                break
        return text

    def _before_dots(self, text: str) -> str:
        """Without values of which only the beginning is shown, because the text was cut short there."""
        *parts, last = text.split("…", _MOST_CUTS)
        return "…".join([*map(self._without_beginning, parts), last])

    def _without_beginning(self, text: str) -> str:
        for form in self._forms:
            start = text.find(form[:_SURE], max(0, len(text) - len(form)))
            while start >= 0:
                if form.startswith(text[start:]):
                    text = text[:start] + MASK
                    break
                start = text.find(form[:_SURE], start + 1)
        return text


def cookies(headers: Iterable[tuple[str, str]]) -> Iterator[str]:
    """The values of the cookies that headers of an answer set, as long as sessions and tokens are."""
    for name, value in headers:
        if name.lower() == "set-cookie":
            text = value.split(";")[0].partition("=")[2].strip().strip('"')
            if len(text) >= _LINE:
                yield text


def _worth(value: str) -> bool:
    """Whether a value can be a secret: masking `true` or `3000` would make every report unreadable."""
    return len(value) >= _SHORTEST and not _ORDINARY.fullmatch(value)


def _password(value: str) -> list[str]:
    """The password in a URL; one that is no more than the name of the user or of the host is a default, and everywhere in the text."""
    try:
        parts = urlsplit(value)
        password, user, host = parts.password or "", parts.username or "", parts.hostname or ""
    except ValueError:
        return []
    if not parts.scheme or not password or password in (user, host, parts.scheme):
        return []
    return [password, unquote(password)]


def _forms(value: str) -> Iterator[str]:
    """Every way in which a value is written: as it is, in URLs, JSON, HTML, Python and base64."""
    plain = {value}
    lines = value.splitlines() if "\n" in value else value.split("\\n")
    if len(lines) > 1:
        plain |= {line.strip() for line in lines if len(line.strip()) >= _LINE}
    for each in plain:
        yield each
        for quoted in (quote(each, safe="", errors="replace"), quote(each, errors="replace"), quote_plus(each, errors="replace")):
            yield quoted
            yield re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), quoted)
        yield json.dumps(each)[1:-1]
        yield json.dumps(each, ensure_ascii=False)[1:-1]
        yield repr(each)[1:-1]
        escaped = html.escape(each)
        yield escaped
        yield html.escape(each, quote=False)
        yield escaped.replace("&#x27;", "&#39;").replace("&quot;", "&#34;")
        yield escaped.replace("&#x27;", "&#39;")
        yield from _encoded(each.encode("utf-8", "replace"))


def _encoded(data: bytes) -> Iterator[str]:
    """In base64, wherever in the encoded text it begins: as `user:password` of Basic (RFC 7617)."""
    for offset in range(3):
        text = base64.b64encode(bytes(offset) + data).decode()
        end = len(text.rstrip("=")) - ((offset + len(data)) % 3 > 0)
        core = text[(0, 2, 3)[offset] : end]
        if len(core) >= _SURE:
            yield core
            yield core.replace("+", "-").replace("/", "_")


def _by_form(text: str) -> str:
    """What is a secret whatever its value."""
    if "PRIVATE KEY-----" in text:
        text = _PRIVATE.sub(MASK, text)
    text = _COOKIES.sub(lambda found: found["name"] + _PAIR.sub(_pair, found["pairs"]), text)
    text = _HEADER.sub(lambda found: f"{found['name']}{found['between']}{found['scheme'] or ''}{MASK}", text)
    text = _SCHEME.sub(lambda found: f"{found['scheme']} {MASK}", text)
    for field in _FIELDS:
        text = field.sub(lambda found: f"{found['before']}{MASK}", text)
    return mask_urls(_JWT.sub(MASK, text))


def _pair(found: re.Match[str]) -> str:
    return found[0] if _ATTRIBUTE.match(found[0]) else f"{found['name']}{MASK}"
