"""The pages come: right status, HTML, something on them, and no page that a server writes itself."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.model import Evidence
from auditor.runtime.assets import scripted
from auditor.runtime.client import Exchange
from auditor.runtime.fingerprints import error_page, listing, refused_host
from auditor.runtime.html import words
from auditor.runtime.pages import to_https
from auditor.runtime.scene import Page, Scene
from auditor.runtime.seen import Seen, Sign, broken, failed, passed, skipped


def page(scene: Scene) -> Iterator[Seen]:
    """One observation for each page."""
    if not scene.pages:
        yield skipped("pages", "no page is known: name them as `pages`")
    for each in scene.pages:
        yield _judged(scene, each)


def shown(exchange: Exchange) -> tuple[Evidence, ...]:
    """The beginning of an answer, as evidence."""
    return (Evidence(kind="response", title=f"{exchange}: {exchange.answer}", body=exchange.text[:2000], truncated=len(exchange.text) > 2000),)


def _judged(scene: Scene, each: Page) -> Seen:
    exchange, wanted = each.exchange, each.endpoint.status
    expected = f"{' or '.join(map(str, wanted)) or 'below 400'}, an HTML page"
    if not exchange.status and exchange.error.startswith("the limit of"):
        return broken(str(each.endpoint), exchange.error)
    problem = _problem(scene, each)
    if not problem:
        return passed(str(each.endpoint), f"{each.endpoint} is answered {exchange.answer}", expected=expected, observed=exchange.answer)
    return failed(
        str(each.endpoint),
        f"{each.endpoint} {problem}",
        expected=expected,
        observed=exchange.answer,
        evidence=shown(exchange),
        signs=(Sign(kind="http", status=exchange.status, on="page"),) if exchange.status else (),
    )


def _problem(scene: Scene, each: Page) -> str:
    exchange, wanted = each.exchange, each.endpoint.status
    by = error_page(exchange)
    if not exchange.status:
        return f"was not answered: {exchange.error}"
    if refused_host(exchange):
        host = scene.client.host or scene.client.address
        return f"is answered {exchange.status}: the application refuses the host {host}; set `host` to one that it serves"
    if exchange.status not in wanted if wanted else exchange.status >= 400:
        hint = (
            "; Django answers so, too, when it refuses the host: set `host` to one that it serves"
            if exchange.status == 400 and "Django" in by
            else ""
        )
        return f"is answered {exchange.answer}{f', {by}' if by else ''}{hint}"
    if wanted and exchange.status >= 300:
        return ""
    if 300 <= exchange.status < 400:
        if to_https(scene.client, exchange):
            how = "although the request came through a proxy that says it was https already" if scene.client.https else "and is asked over http"
            return f"is redirected to https without end, {how}"
        target = exchange.header("location")
        if scene.client.local(target) is not None or target.startswith("/"):
            return f"is redirected without end ({len(exchange.hops) + 1} times, last to {target})"
        return f"is redirected to another host, {target}: if that is the application itself, set `host`"
    if exchange.breaks:
        return f"is answered {exchange.answer} with a broken body: {exchange.breaks}"
    if not exchange.body.strip():
        return "is answered with an empty body"
    if exchange.type not in ("text/html", "application/xhtml+xml"):
        return f"is answered with {exchange.type or 'no content type'}, not HTML{f' ({by})' if by else ''}"
    if listing(exchange):
        return "lists the files of a folder"
    if by:
        return f"is answered {exchange.status}, but it is {by}"
    missing = [text for text in each.endpoint.contains if text not in exchange.text]
    if missing:
        return f"does not contain {missing[0]!r}"
    if not exchange.truncated and not each.named and not words(exchange.text) and not scripted(exchange.text):
        return "is blank: it has no text, no image and no script"
    return ""
