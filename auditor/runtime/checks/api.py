"""Checks of single requests: health, the table of endpoints, and JSON that a front end's fallback swallowed."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Iterator

from auditor.model import Evidence
from auditor.runtime.client import Client, Exchange
from auditor.runtime.flow import problem_of, told
from auditor.runtime.scene import Scene
from auditor.runtime.seen import Seen, Sign, failed, passed, skipped
from auditor.runtime.target import Endpoint

_USUAL_HEALTH = re.compile(r"(?:/[\w-]+){0,3}/_*(?:health|healthz|health[-_]?check|livez|liveness|readyz|readiness|heartbeat|ping|up|status)/?")
_API = re.compile(r"/api(?:/|\?|$)")
_MOST_FOUND = 200
_SHOWN = 2000


def health(scene: Scene) -> Iterable[Seen]:
    """Whether the health endpoint answers, and answers itself: a page of the front end in its place tells nothing of health."""
    wanted = scene.target.health
    if wanted is None:
        found = (item for item in scene.target.endpoints if item.method == "GET" and _USUAL_HEALTH.fullmatch(item.path))
        wanted = next(found, None)
        if wanted is None:
            yield skipped("health", "no health endpoint is configured, and no route of the project looks like one")
            return
    exchange = _ask(scene.client, wanted)
    expected = told(wanted)
    problem = problem_of(wanted, exchange)
    if not problem and wanted.answer == "any" and exchange.type == "text/html" and is_fallback(scene.client, exchange):
        problem = f"{exchange.answer}: the page that every unknown address gets, so nothing answers for health"
        yield _failed(wanted, exchange, "an answer of the health endpoint itself", problem)
    elif problem:
        yield _failed(wanted, exchange, expected, problem)
    else:
        yield passed(str(wanted), f"{wanted} answers {exchange.answer}", expected=expected, observed=exchange.answer)


def api(scene: Scene) -> Iterable[Seen]:
    """Whether each endpoint answers as written. Of those the code alone names, plain GET ones must not crash; others are not sent."""
    written = [endpoint for endpoint in scene.target.endpoints if not endpoint.found]
    found = [endpoint for endpoint in scene.target.endpoints if endpoint.found]
    if not scene.target.endpoints:
        yield skipped("endpoints", "no endpoint is configured, and none was found in the code")
        return
    for endpoint in written:
        exchange = _ask(scene.client, endpoint)
        problem = problem_of(endpoint, exchange)
        if problem:
            yield _failed(endpoint, exchange, told(endpoint), problem)
        else:
            yield passed(str(endpoint), f"{endpoint} answers {exchange.answer}", expected=told(endpoint), observed=exchange.answer)
    yield from _found(scene, found)


def _found(scene: Scene, endpoints: list[Endpoint]) -> Iterator[Seen]:
    asked = [endpoint for endpoint in endpoints if endpoint.method == "GET" and is_plain(endpoint.path)]
    for endpoint in asked[:_MOST_FOUND]:
        exchange = _ask(scene.client, endpoint)
        if not exchange.status or exchange.status >= 500:
            yield _failed(endpoint, exchange, "any answer below 500", exchange.answer)
        else:
            yield passed(str(endpoint), f"{endpoint} answers {exchange.answer}", expected="any answer below 500", observed=exchange.answer)
    left = len(endpoints) - len(asked[:_MOST_FOUND])
    if left:
        yield skipped("other routes", f"not asked: {left} routes of the code that change data, have parameters, or are beyond {_MOST_FOUND}")


def api_html(scene: Scene) -> Iterable[Seen]:
    """Whether JSON comes where JSON is expected: a catch-all route for a front end answers 200 with its page for every route it swallowed."""
    asked = False
    for endpoint in scene.target.endpoints:
        told_so = endpoint.answer == "json"
        if not told_so and (endpoint.answer == "html" or not _API.match(endpoint.path)):
            continue
        exchange = _answered(scene.client, endpoint)
        if exchange is None and endpoint.method == "GET" and is_plain(endpoint.path):
            exchange = _ask(scene.client, endpoint)
        if exchange is None or not 200 <= exchange.status < 300:
            continue
        asked = True
        if exchange.type == "text/html" and (told_so or (endpoint.method == "GET" and is_fallback(scene.client, exchange))):
            yield _failed(endpoint, exchange, "an answer in JSON", f"{exchange.answer}: a page of the front end, not the API")
        else:
            yield passed(str(endpoint), f"{endpoint} is answered by the API", expected="an answer in JSON", observed=exchange.answer)
    if not asked:
        yield skipped("API", "no endpoint of which JSON is expected gave an answer that could be judged")


def is_plain(path: str) -> bool:
    """Whether a path can be asked as it is: no parameter stands in it."""
    return re.search(r"[{}<>*\[\]()\\]|/:|\s", path) is None and path.startswith("/") and not path.startswith("//")


def is_fallback(client: Client, exchange: Exchange) -> bool:
    """Whether an answer is what any unknown address beside it gets as well, with a status that says all is fine."""
    folder = exchange.path.split("?", maxsplit=1)[0].rstrip("/").rpartition("/")[0]
    unknown = client.get(f"{folder}/no-such-{secrets.token_hex(6)}", follow=False)
    return unknown.status == exchange.status and unknown.type == exchange.type and unknown.body == exchange.body


def _ask(client: Client, endpoint: Endpoint) -> Exchange:
    headers = dict(endpoint.headers)
    if (endpoint.answer == "json" or _API.match(endpoint.path)) and not any(name.lower() == "accept" for name in headers):
        headers["Accept"] = "application/json"
    return client.send(endpoint.method, endpoint.path, headers=headers, content=endpoint.content.encode() if endpoint.content else None)


def _answered(client: Client, endpoint: Endpoint) -> Exchange | None:
    """The answer that was got already, None when it cannot be told which: nothing that may change data is sent twice."""
    found = [exchange for exchange in client.exchanges if exchange.method == endpoint.method and exchange.path == endpoint.path]
    return found[-1] if found and (endpoint.method == "GET" or len(found) == 1) else None


def _failed(endpoint: Endpoint, exchange: Exchange, expected: str, observed: str) -> Seen:
    return failed(
        str(endpoint),
        f"{endpoint} gives {observed}; expected {expected}",
        expected=expected,
        observed=observed,
        evidence=shown(exchange),
        signs=(Sign(kind="http", status=exchange.status, on="api"),),
        place=endpoint.place,
    )


def shown(exchange: Exchange, hidden: tuple[str, ...] = ()) -> tuple[Evidence, ...]:
    """An answer as evidence: the start of its body as text, without ``hidden`` values."""
    text = exchange.text[:_SHOWN]
    for value in hidden:
        text = text.replace(value, "***")
    printable = "".join(char if char.isprintable() or char in "\n\t" else "\N{REPLACEMENT CHARACTER}" for char in text)
    if not printable.strip():
        return ()
    return (
        Evidence(kind="http", title=f"{exchange.method} {exchange.path} → {exchange.answer}", body=printable, truncated=len(exchange.body) > _SHOWN),
    )
