"""Addresses that only the front end knows come with the front end, and its assets resolve from there."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.runtime.checks.asset import judged
from auditor.runtime.checks.page import shown
from auditor.runtime.fingerprints import error_page
from auditor.runtime.media import is_html
from auditor.runtime.pages import fetch
from auditor.runtime.scene import Scene
from auditor.runtime.seen import Seen, Sign, broken, failed, passed, skipped


def deep_link(scene: Scene) -> Iterator[Seen]:
    """One observation for each deep link, and one for each of its assets that fails."""
    if not scene.target.deep_links:
        yield skipped("deep links", "no address of the front end is known: name them as `deep-links`")
    root = next((page.exchange for page in scene.pages if page.endpoint.path == "/"), None)
    for path in scene.target.deep_links:
        exchange = scene.client.get(path)
        subject = f"GET {path}"
        if exchange.error.startswith("the limit of"):
            yield broken(subject, exchange.error)
            continue
        by = error_page(exchange)
        if exchange.status != 200 or not is_html(exchange) or by:
            yield failed(
                subject,
                f"reloading {path} is answered {exchange.answer}{f', {by}' if by else ''}: only links within the front end lead there",
                expected="200, the document of the front end",
                observed=exchange.answer,
                evidence=shown(exchange),
                signs=(Sign(kind="http", status=exchange.status, on="page"),) if exchange.status else (),
            )
            continue
        named, answers, _ = fetch(scene.client, exchange)
        wrong = [found for each in named if (found := judged(each, answers[each.path], exchange))]
        yield from (seen for _, seen in wrong)
        if not wrong:
            same = "the same document as /" if root is not None and root.body == exchange.body else "a document of its own"
            yield passed(subject, f"{path} is answered {exchange.answer}, {same}", expected="200, html", observed=exchange.answer)
