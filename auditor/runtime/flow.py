"""Walk through the application step by step, as one visitor: cookies and what was captured are carried from request to request.

`{{name}}` stands for what an earlier step captured, `{{unique}}` for a text that no other run has, so that a second run does not collide with the
names the first one created. A form guarded against cross-site requests is filled in by captures: `capture: {csrf: cookie:csrftoken}` and then
`headers: {X-CSRFToken: "{{csrf}}"}`, or `capture: {csrf: regex:name="csrfmiddlewaretoken" value="([^"]+)"}` and then
`form: {csrfmiddlewaretoken: "{{csrf}}"}`. A value captured as `token` is sent as `Authorization: Bearer` unless the step says otherwise.
"""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal
from urllib.parse import quote, quote_plus

from auditor.runtime import jsonpath
from auditor.runtime.client import Client, Exchange
from auditor.runtime.paths import own_path
from auditor.runtime.patterns import compiled
from auditor.runtime.target import Assertion, Capture, Endpoint, Flow, Step

_PLACEHOLDER = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_WHOLE = re.compile(r"\{\{\s*(\w+)\s*\}\}\Z")
_SEARCHED = 100_000
"""Characters of a text that regular expressions of people are applied to."""
_LONGEST_VALUE = 20_000
_ASKS_FOR_MORE = frozenset({400, 401, 403, 415, 422})
"""What an application says to a request without the input it needs."""
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Walked:
    """One step as it went. `refused` could not be attempted, `unreached` comes after one that failed or was refused."""

    step: Step
    outcome: Literal["passed", "failed", "refused", "unreached"]
    expected: str = ""
    observed: str = ""
    exchange: Exchange | None = None
    attempts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowResult:
    """A flow as it went. ``captured`` are values that must not be shown: tokens, session cookies."""

    flow: Flow
    steps: tuple[Walked, ...]
    captured: Mapping[str, object] = field(default_factory=dict, repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The captured values as texts, those that are long enough to be told from other text."""
        return tuple(dict.fromkeys(text for value in self.captured.values() if len(text := as_text(value)) >= 6))


def walk(flow: Flow, client: Client, *, seconds: float = 120.0) -> FlowResult:
    """Execute ``flow`` with a ``client`` that carries nothing yet.

    It stops at the first step that fails or cannot be attempted: what comes after relies on it. Never raises for what the application answers.
    """
    deadline = time.monotonic() + seconds
    known: dict[str, object] = {"unique": secrets.token_hex(5)}
    done: list[Walked] = []
    for step in flow.steps:
        if done and done[-1].outcome != "passed":
            done.append(Walked(step=step, outcome="unreached"))
        else:
            done.append(_step(step, client, known, deadline))
    return FlowResult(flow=flow, steps=tuple(done), captured={name: value for name, value in known.items() if name != "unique"})


def _step(step: Step, client: Client, known: dict[str, object], deadline: float) -> Walked:
    if step.request is None or step.refused:
        return Walked(step=step, outcome="refused", observed=step.refused or "it has no request")
    try:
        request = _filled(step.request, known, client)
        claims = tuple(_claim(claim, known) for claim in step.assertions)
    except _Unknown as reason:
        return Walked(step=step, outcome="refused", observed=str(reason))
    expected = told(request, claims)
    walked = Walked(step=step, outcome="failed", expected=expected, observed="the time for the flow is over")
    for attempt in range(1, step.retries + 2):
        left = deadline - time.monotonic()
        if left <= 0:
            break
        exchange = client.send(
            request.method,
            request.path,
            headers=request.headers,
            content=request.content.encode() if request.content else None,
            seconds=min(left, client.limits.seconds),
        )
        problem = problem_of(request, exchange, claims)
        kept: dict[str, object] = {}
        if not problem:
            kept, problem = _captured(step.captures, exchange, client)
        if not problem:
            known.update(kept)
            return Walked(step=step, outcome="passed", expected=expected, observed=exchange.answer, exchange=exchange, attempts=attempt)
        walked = Walked(step=step, outcome="failed", expected=expected, observed=problem, exchange=exchange, attempts=attempt)
        if attempt <= step.retries:
            time.sleep(max(0.0, min(step.delay, deadline - time.monotonic())))
    if _says_too_little(step, request, walked.exchange):
        assert walked.exchange is not None
        return replace(
            walked, outcome="refused", observed=f"it does not say what to send, and the application asks for it ({walked.exchange.status})"
        )
    return walked


def _says_too_little(step: Step, request: Endpoint, exchange: Exchange | None) -> bool:
    """Whether a sentence left out the input, as in `POST /login → 200`: neither the application nor the sentence is wrong."""
    wants_success = not request.status or any(status < 400 for status in request.status)
    empty = request.method in _WITH_BODY and not request.content
    return step.prose and empty and wants_success and exchange is not None and exchange.status in _ASKS_FOR_MORE


# -- filling in --------------------------------------------------------------------------------------------------------------------


class _Unknown(Exception):  # noqa: N818 - it never leaves this module
    """A placeholder without a value."""


def _value(name: str, known: Mapping[str, object]) -> object:
    if name not in known:
        raise _Unknown(f"nothing was captured as `{name}`")
    return known[name]


def _text(text: str, known: Mapping[str, object]) -> str:
    return _PLACEHOLDER.sub(lambda found: as_text(_value(found.group(1), known)), text)


def _filled(request: Endpoint, known: Mapping[str, object], client: Client) -> Endpoint:
    headers = {name: _text(value, known) for name, value in request.headers.items()}
    if any(not value.isprintable() or not value.isascii() for value in headers.values()):
        raise _Unknown("a captured value cannot be sent in a header")
    if "token" in known and not any(name.lower() == "authorization" for name in headers):
        token = as_text(known["token"])
        if token.isascii() and token.isprintable():
            headers["Authorization"] = f"Bearer {token}"
    if request.answer == "json" and not any(name.lower() == "accept" for name in headers):
        headers["Accept"] = "application/json"
    if not any(name.lower() == "referer" for name in headers) and request.method not in ("GET", "HEAD", "OPTIONS"):
        headers["Referer"] = f"{client.origin}/"  # frameworks that guard forms want it over https
    return replace(request, path=_path(request.path, known, client), headers=headers, content=_content(request, known))


def _path(path: str, known: Mapping[str, object], client: Client) -> str:
    """The path with its values in place; one that is a captured address as a whole (`Location`) must stay in the application."""
    if (whole := _WHOLE.match(path)) is not None:
        text = as_text(_value(whole.group(1), known))
        made = client.local(text) or text
    else:
        made = _PLACEHOLDER.sub(lambda found: quote(as_text(_value(found.group(1), known)), safe="/:@"), path)
    clean, reason = own_path(made)
    if reason:
        raise _Unknown(f"the address {reason}")
    return clean


def _content(request: Endpoint, known: Mapping[str, object]) -> str:
    """The body with values in place: inside JSON they keep their type and are escaped, inside a form they are encoded."""
    if not _PLACEHOLDER.search(request.content):
        return request.content
    kind = next((value for name, value in request.headers.items() if name.lower() == "content-type"), "").lower()
    if "json" in kind:
        try:
            return json.dumps(_in_json(json.loads(request.content), known))
        except (ValueError, RecursionError):
            return _text(request.content, known)
    if "x-www-form-urlencoded" in kind:
        return _PLACEHOLDER.sub(lambda found: quote_plus(as_text(_value(found.group(1), known))), request.content)
    return _text(request.content, known)


def _in_json(data: object, known: Mapping[str, object]) -> object:
    if isinstance(data, dict):
        return {_text(str(name), known): _in_json(value, known) for name, value in data.items()}
    if isinstance(data, list):
        return [_in_json(value, known) for value in data]
    if isinstance(data, str):
        whole = _WHOLE.match(data)
        return _value(whole.group(1), known) if whole else _text(data, known)
    return data


def _claim(claim: Assertion, known: Mapping[str, object]) -> Assertion:
    return replace(claim, value=_in_json(claim.value, known)) if claim.how in ("equals", "contains") else claim


def as_text(value: object) -> str:
    """A captured value as it stands in a path or a header."""
    try:
        return value if isinstance(value, str) else json.dumps(value)
    except (TypeError, ValueError, RecursionError):
        return ""


# -- judging -----------------------------------------------------------------------------------------------------------------------


def told(request: Endpoint, claims: tuple[Assertion, ...] = ()) -> str:
    """What must come, in a line."""
    parts = [" or ".join(map(str, request.status)) or "a status below 400"]
    parts += [f"an answer in {request.answer.upper()}"] if request.answer != "any" else []
    parts += [f"{text!r:.80} in the body" for text in request.contains]
    parts += [_said(claim) for claim in claims]
    return ", ".join(parts)


def problem_of(request: Endpoint, exchange: Exchange, claims: tuple[Assertion, ...] = ()) -> str:
    """What is wrong with an answer, "" when all holds."""
    if not exchange.status:
        return exchange.error
    right = exchange.status in request.status if request.status else exchange.status < 400
    if not right:
        where = exchange.header("location")
        return f"{exchange.answer}{f' to {where[:200]}' if where and 300 <= exchange.status < 400 else ''}"
    if request.answer == "json" and _json(exchange) is jsonpath.ABSENT:
        return f"{exchange.answer}, which is no JSON"
    if request.answer == "html" and exchange.type not in ("text/html", "application/xhtml+xml"):
        return f"{exchange.answer}, which is no HTML"
    for text in request.contains:
        if text not in exchange.text:
            return f"{exchange.answer} without {text!r:.80} in the body"
    return next((f"{exchange.answer}, but not: {_said(claim)}" for claim in claims if not _holds(claim, exchange)), "")


def _json(exchange: Exchange) -> object:
    try:
        data: object = json.loads(exchange.body)
    except (ValueError, RecursionError):
        return jsonpath.ABSENT
    return data


def _said(claim: Assertion) -> str:
    what = {"json": f"JSON {claim.key}", "header": f"header {claim.key}", "body": "the body"}[claim.on]
    if claim.how == "exists":
        return f"{what} exists" if claim.value is not False else f"no {what}"
    return f"{what} {claim.how} {claim.value!r:.80}"


def _holds(claim: Assertion, exchange: Exchange) -> bool:
    if claim.on == "header":
        values = exchange.values(claim.key)
        if claim.how == "exists":
            return bool(values) == (claim.value is not False)
        return any(_compares(claim, value) for value in values)
    found: object = exchange.text if claim.on == "body" else jsonpath.at(_json(exchange), claim.key)
    if claim.how == "exists":
        there = bool(found) if claim.on == "body" else found is not jsonpath.ABSENT
        return there == (claim.value is not False)
    return found is not jsonpath.ABSENT and _compares(claim, found)


def _compares(claim: Assertion, found: object) -> bool:
    wanted = claim.value
    if claim.how == "equals":
        # In JSON 1 and true are two things; in Python they are equal. A header is text, whatever the configuration writes.
        if claim.on != "json":
            return found == as_text(wanted)
        return found == wanted and isinstance(found, bool) == isinstance(wanted, bool)
    if claim.how == "contains":
        if isinstance(found, str):
            return as_text(wanted) in found
        return wanted in found if isinstance(found, list) else isinstance(found, dict) and wanted in found
    expression, _ = compiled(str(wanted))
    return expression is not None and expression.search(as_text(found)[:_SEARCHED]) is not None


# -- keeping -----------------------------------------------------------------------------------------------------------------------


def _captured(captures: tuple[Capture, ...], exchange: Exchange, client: Client) -> tuple[dict[str, object], str]:
    """The values to keep, or what is not there to be kept."""
    kept: dict[str, object] = {}
    for capture in captures:
        value = _found(capture, exchange, client)
        if value is jsonpath.ABSENT or value is None or value == "" or len(as_text(value)) > _LONGEST_VALUE:
            where = f"{capture.source} {capture.key}" if capture.key else f"{capture.source} /{capture.pattern[:80]}/"
            return {}, f"{exchange.answer}, but nothing to capture as `{capture.name}` from {where}"
        kept[capture.name] = value
    return kept, ""


def _found(capture: Capture, exchange: Exchange, client: Client) -> object:
    value: object
    if capture.source == "cookie":
        value = client.cookies.get(capture.key, jsonpath.ABSENT)
    elif capture.source == "header":
        value = exchange.header(capture.key)
    elif capture.source == "json":
        value = jsonpath.at(_json(exchange), capture.key)
    else:
        value = exchange.text
    if not capture.pattern or value is jsonpath.ABSENT:
        return value
    expression, _ = compiled(capture.pattern)
    found = expression.search(as_text(value)[:_SEARCHED]) if expression is not None else None
    if found is None:
        return jsonpath.ABSENT
    return found.group(1) if found.re.groups else found.group()
