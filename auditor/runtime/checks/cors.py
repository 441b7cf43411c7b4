"""May the front end of another origin read what the application answers, and may nobody else?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from urllib.parse import urljoin, urlsplit

from auditor.model import Evidence, Severity
from auditor.runtime.client import Client, Exchange
from auditor.runtime.cors import Answer, Ask, cautions, judge_answer, judge_preflight, mixes_origins, preflight_headers, why_preflight
from auditor.runtime.scene import Scene
from auditor.runtime.seen import Seen, Sign, broken, failed, passed, skipped
from auditor.runtime.target import Cors

STRANGER = "https://not-allowed.invalid"
"""An origin that nobody can own (RFC 6761, 6.4)."""

_ORIGIN = "Access-Control-Allow-Origin"
_CREDENTIALS = "Access-Control-Allow-Credentials"
_MOST_HOPS = 5
_MOST_PROBES = 10
_VALUES = {"content-type": "application/json", "accept": "application/json", "authorization": "Bearer none", "accept-language": "en"}
"""What a script would send under a name of which the configuration gives no value; `content-type` is listed for the sake of JSON."""

_COOKIE = {"Cookie": "gotcha-audit=1"}
"""Goes with the requests of strangers: some frameworks name the asking origin only to those who bring a cookie, and a visitor's browser has one."""

_TOLD = ("access-control-", "vary", "location", "content-type")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Talk:
    """What a browser sent for one request, why the page may not read the answer, and the answer itself if it came to that."""

    ask: Ask
    exchanges: tuple[Exchange, ...]
    wrong: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()
    real: Exchange | None = None
    untold: str = ""

    @property
    def value(self) -> str | None:
        """The origin that the last answer allows."""
        return _answer(self.exchanges[-1]).value(_ORIGIN)

    @property
    def readable(self) -> bool:
        """Whether the page reads it."""
        return not self.wrong and not self.untold

    @property
    def with_cookies(self) -> bool:
        """Whether the page reads what is shown to the visitor who is logged in."""
        return self.readable and not judge_answer(replace(self.ask, credentials=True), _answer(self.exchanges[-1]))


def cors(scene: Scene) -> Iterable[Seen]:
    """Ask for `target.cors` as a browser would, for allowed origins, denied ones and a made-up one; without it, see whether any origin is let in."""
    if not scene.target.cors:
        yield from cors_from_answers(scene)
        return
    client = scene.client.fresh()
    try:
        for rule in scene.target.cors:
            yield from _rule(client, rule)
    finally:
        client.close()


def cors_from_answers(scene: Scene) -> Iterator[Seen]:
    """Nobody has said who may read what: ask a few addresses as a made-up origin, first those whose answers speak of other origins."""
    spoken = [
        each.path
        for each in (*scene.client.exchanges, *(page.exchange for page in scene.pages))
        if each.method == "GET" and any(name.lower().startswith("access-control-") for name, _ in each.headers)
    ]
    known = [each.path for each in (*scene.target.endpoints, *(page.endpoint for page in scene.pages)) if each.method == "GET"]
    client = scene.client.fresh()
    silent = True
    try:
        for path in list(dict.fromkeys([*spoken, *known]))[:_MOST_PROBES]:
            talk = _talk(client, Ask(origin=STRANGER), path, more=_COOKIE)
            if talk.untold or talk.value is None:
                continue
            silent = False
            yield _let_in(path, talk)
    finally:
        client.close()
    if silent:
        yield skipped("cors", "no origin is named in the configuration, and no answer speaks of other origins")


def _let_in(path: str, talk: _Talk) -> Seen:
    subject, value = f"GET {path} from {STRANGER}", talk.value or ""
    expected = "no origin is let in that nobody has named"
    answer = _answer(talk.exchanges[-1])
    if talk.with_cookies:
        return _open(subject, talk, expected, Severity.ERROR)
    if value == "*" and answer.value(_CREDENTIALS) == "true":
        return failed(
            subject,
            f'{path}: {_ORIGIN} is "*" beside {_CREDENTIALS}: browsers refuse every answer to a request with cookies',
            expected=expected,
            observed=f'{_ORIGIN} "*", {_CREDENTIALS} "true"',
            evidence=_evidence(talk),
            signs=_signs(talk, (f'{_ORIGIN} is "*"',)),
            severity=Severity.WARNING,
        )
    if talk.readable:
        how = "any website may read it, without cookies" if value == "*" else "the origin is echoed: any website may read it, without cookies"
        return passed(subject, f"{path}: {how}", expected=expected, observed=f'{_ORIGIN} "{value}"', evidence=_evidence(talk))
    return passed(subject, f"{path}: a stranger may not read it", expected=expected, observed="; ".join(talk.wrong), evidence=_evidence(talk))


def _rule(client: Client, rule: Cors) -> Iterator[Seen]:
    allowed = [_talk(client, _ask(rule, origin), rule.path) for origin in dict.fromkeys(rule.allowed) if origin != "*"]
    for talk in allowed:
        yield _allowed(rule, talk)
        yield from (_caution(rule, talk, words) for words in talk.cautions if talk.readable)
    # A stranger is asked about without cookies: whatever can be read with them can be read without, if the answer has nothing against it.
    denied = [_talk(client, replace(_ask(rule, origin), credentials=False), rule.path, more=_COOKIE) for origin in dict.fromkeys(rule.denied)]
    yield from (_denied(rule, talk, Severity.ERROR) for talk in denied)
    stranger = _talk(client, replace(_ask(rule, STRANGER), credentials=False), rule.path, more=_COOKIE)
    if "*" in rule.allowed:
        yield _anyone(rule, stranger)
        return
    yield _denied(rule, stranger, Severity.ERROR if stranger.with_cookies else Severity.WARNING)
    if stranger.wrong:
        yield from _look_alikes(client, rule)
    yield from _mixed(rule, [*allowed, *denied, stranger])


def _ask(rule: Cors, origin: str) -> Ask:
    headers = tuple((name, _VALUES.get(name.lower(), "gotcha-audit")) for name in rule.headers)
    return Ask(origin=origin, method=rule.method, headers=headers, credentials=rule.credentials)


def _talk(client: Client, ask: Ask, path: str, *, more: dict[str, str] | None = None, send: bool = True) -> _Talk:
    """Ask as a browser does, redirects included. ``more`` headers are the browser's own; without ``send`` it ends after the preflight."""
    found: list[Exchange] = []
    warned: tuple[str, ...] = ()
    for _ in range(_MOST_HOPS):
        if why_preflight(ask):
            preflight = client.send("OPTIONS", path, headers=preflight_headers(ask))
            found.append(preflight)
            if not preflight.status:
                return _Talk(ask=ask, exchanges=tuple(found), untold=f"the preflight got no answer: {preflight.error}")
            if wrong := judge_preflight(ask, _answer(preflight)):
                return _Talk(ask=ask, exchanges=tuple(found), wrong=wrong)
            warned = cautions(ask, _answer(preflight))
            if not send:
                return _Talk(ask=ask, exchanges=tuple(found))
        body = b"{}" if ask.sent not in ("GET", "HEAD") and any(name.lower() == "content-type" for name, _ in ask.headers) else None
        real = client.send(ask.sent, path, headers={"Origin": ask.origin, **dict(ask.headers), **(more or {})}, content=body)
        found.append(real)
        if not real.status:
            return _Talk(ask=ask, exchanges=tuple(found), untold=f"there was no answer: {real.error}")
        wrong = judge_answer(ask, _answer(real))
        target = real.header("location") if real.status in (301, 302, 303, 307, 308) else ""
        if wrong or not target:
            return _Talk(ask=ask, exchanges=tuple(found), wrong=wrong, cautions=warned, real=real)
        local = client.local(urljoin(f"{client.origin}{path}", target))
        if local is None:
            return _Talk(ask=ask, exchanges=tuple(found), untold=f"it redirects to {target[:200]}, which is not asked from here")
        path = local
        if ask.sent not in ("GET", "HEAD") and (real.status == 303 or (real.status in (301, 302) and ask.sent == "POST")):
            ask = replace(ask, method="GET", headers=tuple(each for each in ask.headers if each[0].lower() != "content-type"))
    return _Talk(ask=ask, exchanges=tuple(found), untold=f"it redirects more than {_MOST_HOPS} times")


def _answer(exchange: Exchange) -> Answer:
    return Answer(status=exchange.status, headers=exchange.headers)


def _subject(rule: Cors, talk: _Talk) -> str:
    return f"{rule.method} {rule.path} from {talk.ask.origin}"


def _allowed(rule: Cors, talk: _Talk) -> Seen:
    subject = _subject(rule, talk)
    expected = f"{talk.ask.origin} may read it{', with cookies' if talk.ask.credentials else ''}"
    if talk.untold:
        return broken(subject, f"{subject}: {talk.untold}", evidence=_evidence(talk))
    last = talk.exchanges[-1]
    if talk.readable:
        return passed(
            subject, f"{subject}: the browser lets the page read the answer", expected=expected, observed=last.answer, evidence=_evidence(talk)
        )
    reasons = list(talk.wrong)
    if talk.real is not None and talk.real.status >= 400:
        reasons.append(f"so the front end sees a network error instead of the {talk.real.status}")
    why = "; ".join(reasons)
    stage = "" if talk.real is not None else "the preflight is refused: "
    return failed(
        subject,
        f"{subject}: {stage}{why}",
        expected=expected,
        observed=f"{last.method} → {last.answer}: {why}",
        evidence=_evidence(talk),
        signs=_signs(talk, talk.wrong),
        place=rule.place,
    )


def _caution(rule: Cors, talk: _Talk, words: str) -> Seen:
    subject = _subject(rule, talk)
    return failed(
        subject,
        f"{subject}: {words}",
        expected="every header is named",
        observed='"*"',
        evidence=_evidence(talk),
        signs=(Sign(kind="header", on="Access-Control-Allow-Headers", text="*"),),
        severity=Severity.WARNING,
        place=rule.place,
    )


def _denied(rule: Cors, talk: _Talk, severity: Severity) -> Seen:
    subject = _subject(rule, talk)
    expected = f"{talk.ask.origin} may not read it"
    if talk.untold:
        return broken(subject, f"{subject}: {talk.untold}", evidence=_evidence(talk))
    if talk.wrong:
        return passed(subject, f"{subject}: the browser keeps the answer from the page", expected=expected, observed="; ".join(talk.wrong))
    return replace(_open(subject, talk, expected, severity), place=rule.place)


def _anyone(rule: Cors, talk: _Talk) -> Seen:
    """Everybody may read it, as the configuration says; with cookies, nobody means that."""
    if talk.with_cookies:
        return replace(_open(_subject(rule, talk), talk, "any origin may read it, without cookies", Severity.ERROR), place=rule.place)
    return _allowed(rule, talk)


def _open(subject: str, talk: _Talk, expected: str, severity: Severity) -> Seen:
    """An origin is let in that should not be."""
    value = talk.value or ""
    how = f'{_ORIGIN} is "*"' if value == "*" else f'{_ORIGIN} repeats the origin that asks, "{value}"'
    what = "as the visitor who is logged in" if talk.with_cookies else "without cookies"
    return failed(
        subject,
        f"{subject}: {how}{f', with {_CREDENTIALS}' if talk.with_cookies else ''}: the page may read the answer, {what}",
        expected=expected,
        observed=f'{_ORIGIN} "{value}"{f", {_CREDENTIALS} true" if talk.with_cookies else ""}',
        evidence=_evidence(talk),
        signs=(Sign(kind="header", on=_ORIGIN, text=value),),
        severity=severity,
    )


def _look_alikes(client: Client, rule: Cors) -> Iterator[Seen]:
    """Names that a pattern without anchors or with a bare dot takes for an allowed one, and the origin of every sandboxed frame.

    Only what changes nothing is sent: a preflight, or a request to read.
    """
    origin = next((each for each in rule.allowed if each.startswith(("http://", "https://"))), "")
    try:
        parts = urlsplit(origin)
        host = parts.hostname or ""
    except ValueError:
        return
    reads = rule.method.upper() in ("GET", "HEAD")
    if not host or not (reads or why_preflight(_ask(rule, origin))):
        return
    names = [f"{host}.{urlsplit(STRANGER).hostname}", f"not-allowed{host}"]
    if "." in host and host.upper() != host:
        names.append(host[::-1].replace(".", "x", 1)[::-1])
    alike = [f"{parts.scheme}://{name}" for name in names if ":" not in name] + ["null"]
    asked = [each for each in alike if each not in rule.allowed]
    talks = [_talk(client, replace(_ask(rule, each), credentials=False), rule.path, more=_COOKIE, send=reads) for each in asked]
    found = [talk for talk in talks if talk.readable]
    for talk in found:
        yield _denied(rule, talk, Severity.ERROR if talk.with_cookies else Severity.WARNING)
    if not found and all(talk.wrong for talk in talks):
        subject = f"{rule.method} {rule.path} from look-alikes of {origin}"
        yield passed(subject, f"{subject}: none may read it", expected="only the very origin is let in", observed=f"refused: {', '.join(asked)}")


def _mixed(rule: Cors, talks: list[_Talk]) -> Iterator[Seen]:
    """Answers that differ by origin and do not say so: a cache between them hands one origin the answer made for the other."""
    real = [talk.real for talk in talks if talk.real is not None and talk.real.method in ("GET", "HEAD") and talk.real.path == rule.path]
    for one in real:
        for other in real:
            if mixes_origins(_answer(one), _answer(other)):
                subject = f"{rule.method} {rule.path}"
                yield failed(
                    subject,
                    f"{subject}: {_ORIGIN} differs by origin without Vary: Origin: a cache hands one origin the answer made for another",
                    expected="Vary: Origin, on every answer",
                    observed="; ".join(f'{_ORIGIN} "{each.header(_ORIGIN)}", Vary "{each.header("vary")}"' for each in (one, other)),
                    signs=(Sign(kind="header", on="Vary", text=one.header("vary")),),
                    severity=Severity.WARNING,
                    place=rule.place,
                )
                return


def _signs(talk: _Talk, wrong: tuple[str, ...]) -> tuple[Sign, ...]:
    last = talk.exchanges[-1]
    text = f"Access to fetch at '{last.path}' from origin '{talk.ask.origin}' has been blocked by CORS policy: {'; '.join(wrong)}"
    header = (Sign(kind="header", on=_ORIGIN, text=talk.value),) if talk.value is not None else ()
    status = (Sign(kind="http", status=last.status, on="api"),) if last.status >= 400 and talk.real is not None else ()
    return (Sign(kind="console", text=text), *header, *status)


def _evidence(talk: _Talk) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(
            kind="http",
            title=f"{each} from {talk.ask.origin}",
            body="\n".join([each.answer, *(f"{name}: {value[:500]}" for name, value in each.headers if name.lower().startswith(_TOLD))]),
        )
        for each in talk.exchanges
    )
