"""Requests, steps and flows as people write them in tables: `{post: /login, json: {…}, status: 200, capture: {token: json:token}}`."""

from __future__ import annotations

import json
from typing import Literal, cast
from urllib.parse import quote_plus

from auditor.runtime import jsonpath, prose
from auditor.runtime.block import Block
from auditor.runtime.target import Assertion, Capture, Endpoint, Flow, Step

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
_SHORT = tuple(method.lower() for method in METHODS)
_REQUEST = ("method", "path", "json", "form", "body", "headers", "contains", "answer")
_ENDPOINT = (*_REQUEST, *_SHORT, "expected-status", "status", "name", "description")
_STEP = (*_REQUEST, *_SHORT, "expected-status", "status", "name", "expect", "capture", "retries", "delay")
_HOWS = ("equals", "contains", "matches", "exists")
_ONS = ("json", "header", "body")
_MOST_BODY = 200_000
_MAX_DEPTH = 50


def endpoint(block: Block, *, default: str = "GET") -> Endpoint:
    """One request and what must come of it."""
    block.known(_ENDPOINT)
    return _request(block, default)


def endpoint_or_text(block: Block, name: str, value: object) -> Endpoint | Step:
    """An endpoint from a table, a path, or a sentence; a Step that is refused when the sentence leaves something to guess."""
    if not isinstance(value, str):
        return endpoint(block.inner(name, value))
    made = prose.step(value)
    if made.request is None or made.assertions or made.captures:
        return made
    return made.request


def flow(block: Block) -> Flow:
    """A way through the application: `{name, steps}`."""
    block.known(("name", "steps", "description"))
    items = block.items("steps") or ()
    if not items and block.source.strict:  # in a plan it is one that nobody has filled in yet
        raise block.fail("steps", "is missing", "write a list of steps")
    name = block.text("name") or block.key
    return Flow(name=name, steps=tuple(step_or_text(block, key, item) for key, item in items), place=block.source.place(f"{block.key}.steps"))


def flow_or_text(block: Block, name: str, value: object) -> Flow:
    """A flow from a table, or one that is a single sentence or a single step."""
    place = block.source.place(f"{block.key}.{name}")
    if isinstance(value, str):
        said = prose.step(value)
        return Flow(name=said.name, steps=(said,), place=place)
    inner = block.inner(name, value)
    if inner.has("steps") or name.startswith("user-flows"):
        return flow(inner)
    made = step(inner)
    return Flow(name=made.name, steps=(made,), place=place)


def step_or_text(block: Block, name: str, value: object) -> Step:
    """A step from a table or a sentence."""
    return prose.step(value) if isinstance(value, str) else step(block.inner(name, value))


def step(block: Block) -> Step:
    """One step: a request, claims about its answer, and what to keep of it."""
    block.known(_STEP)
    request = _request(block, "GET")
    retries = block.whole("retries", least=0, most=100)
    delay = block.number("delay", least=0, most=30)
    return Step(
        name=block.text("name") or str(request),
        request=request,
        assertions=tuple(_assertion(block.inner(key, item)) for key, item in block.items("expect") or ()),
        captures=tuple(_capture(block, name, source) for name, source in (block.pairs("capture") or {}).items()),
        retries=retries or 0,
        delay=0.5 if delay is None else delay,
    )


def _request(block: Block, default: str) -> Endpoint:
    written = [name for name in (*_SHORT, "path") if block.has(name)]
    if not written:
        raise block.fail("path", "is missing", "write `path: /items`, or `get: /items`")
    if len(written) > 1 or (block.has("method") and written != ["path"]):
        raise block.fail(written[0], "names a second address or method", "write one request")
    short = written[0]
    method = (block.text("method") or default).upper() if short == "path" else short.upper()
    if method not in METHODS:
        raise block.fail("method", "is no method that is sent", f"use one of {', '.join(METHODS)}")
    path = block.path(short)
    assert path is not None
    content, headers = _content(block)
    if block.has("status") and block.has("expected-status"):
        raise block.fail("status", "and `expected-status` say the same", "keep one of them")
    answer = block.text("answer") or "any"
    if answer not in ("any", "json", "html"):
        raise block.fail("answer", "is not known", "write json or html")
    return Endpoint(
        path=path,
        method=method,
        status=block.statuses("status") or block.statuses("expected-status"),
        answer=cast("Literal['any', 'json', 'html']", answer),
        contains=block.texts("contains") or (),
        headers=headers,
        content=content,
        place=block.source.place(f"{block.key}.{short}"),
    )


def _content(block: Block) -> tuple[str, dict[str, str]]:
    """The body as text, and the headers with its kind."""
    written = [name for name in ("json", "form", "body") if block.has(name)]
    if len(written) > 1:
        raise block.fail(written[1], f"is a second body besides `{written[0]}`", "keep one of them")
    headers = block.pairs("headers") or {}
    for name, value in headers.items():
        if not name.isascii() or not name.replace("-", "").replace("_", "").isalnum() or not value.isprintable() or not value.isascii():
            raise block.fail("headers", f"holds {name[:50]!r}, which cannot be sent", "write names and values on one line, in ASCII")
    kind = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
    content = ""
    if block.has("json"):
        content = _as_json(block, block.get("json"))
        kind = kind or "application/json"
    elif block.has("form"):
        fields = block.pairs("form") or {}
        content = "&".join(f"{quote_plus(name, safe='{}')}={quote_plus(value, safe='{}')}" for name, value in fields.items())
        kind = kind or "application/x-www-form-urlencoded"
    elif block.has("body"):
        body = block.get("body")
        content = body if isinstance(body, str) else _as_json(block, body)
        kind = kind or ("text/plain" if isinstance(body, str) else "application/json")
    if len(content) > _MOST_BODY:
        raise block.fail(written[0], f"is longer than {_MOST_BODY:,} characters", "send less")
    return content, ({**headers, "Content-Type": kind} if content and not any(name.lower() == "content-type" for name in headers) else headers)


def _as_json(block: Block, value: object) -> str:
    level = [value]
    for _ in range(_MAX_DEPTH):
        level = [inner for item in level if isinstance(item, (dict, list)) for inner in (item.values() if isinstance(item, dict) else item)]
    if level:
        raise block.fail("json", f"is nested deeper than {_MAX_DEPTH} levels", "send less")
    try:
        return json.dumps(value, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise block.fail("json", "is no JSON (a date, or a number that is none)", "put quotes around it") from error


def _assertion(block: Block) -> Assertion:
    block.known((*_ONS, *_HOWS))
    ons = [name for name in _ONS if block.has(name)]
    hows = [name for name in _HOWS if block.has(name)]
    if len(ons) != 1:
        raise block.fail("", "makes no claim that is understood", 'write {json: "user.name", equals: "…"}, {header: …} or {body: "text in it"}')
    on = cast("Literal['body', 'json', 'header']", ons[0])
    if on == "body" and not hows:
        return Assertion(on="body", how="contains", value=block.text("body"))
    if len(hows) > 1:
        raise block.fail(hows[1], f"is a second claim besides `{hows[0]}`", "write each as one item of the list")
    how = cast("Literal['equals', 'contains', 'matches', 'exists']", hows[0] if hows else "exists")
    key = "" if on == "body" else block.text(on) or ""
    if on == "json":
        _json_path(block, "json", key)
    value = block.get(how)
    if how == "matches":
        value = block.pattern(how)
    elif how == "exists":
        value = block.boolean(how) is not False
    elif how == "contains" and on != "json":
        value = block.text(how)
    return Assertion(on=on, how=how, key=key, value=value)


def _json_path(block: Block, name: str, path: str) -> None:
    if jsonpath.parts(path) is None:
        raise block.fail(name, f"holds {path[:100]!r}, which is no path into JSON", "write one such as `user.items[0].id`")


def _capture(block: Block, name: str, source: str) -> Capture:
    """`json:user.id`, `header:Location`, `cookie:session` or `regex:name="csrf" value="(.*?)"`."""
    where = f"capture.{name}"
    if not name.isidentifier():
        raise block.fail(where, "is no name", "use letters, digits and _")
    kind, _, key = source.partition(":")
    key = key.strip()
    if kind not in ("json", "header", "cookie", "regex") or not key:
        raise block.fail(where, "is no source", "write json:PATH, header:NAME, cookie:NAME or regex:EXPRESSION")
    if kind == "json":
        _json_path(block, where, key)
    if kind == "regex":
        return Capture(name=name, source="body", pattern=block.as_pattern(where, key))
    return Capture(name=name, source=cast("Literal['json', 'header', 'cookie']", kind), key=key)
