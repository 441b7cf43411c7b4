"""What the pages make a browser fetch comes, and a browser can use it."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.runtime.assets import Asset
from auditor.runtime.checks.page import shown
from auditor.runtime.client import Exchange
from auditor.runtime.media import fault
from auditor.runtime.scene import Scene
from auditor.runtime.seen import Seen, Sign, broken, failed, passed, skipped


def asset(scene: Scene) -> Iterator[Seen]:
    """One observation for each asset that fails, and one for each page whose assets are all right."""
    if not scene.pages:
        yield skipped("assets", "no page is known, so no asset is")
    told: set[tuple[str, str]] = set()
    for page in scene.pages:
        if not page.named:
            why = "names no asset of the application" if 200 <= page.exchange.status < 300 else f"did not come ({page.exchange.answer})"
            yield skipped(str(page.endpoint), f"{page.endpoint} {why}")
            continue
        seen = [found for each in page.named if (found := judged(each, page.assets[each.path], page.exchange))]
        for each, failure in seen:
            if (each.path, each.kind) not in told:
                told.add((each.path, each.kind))
                yield failure
        if not seen:
            count = f"{len(page.assets)} assets" + (f"; {page.more} more were not asked for" if page.more else "")
            yield passed(str(page.endpoint), f"the assets of {page.endpoint.path} come: {count}", expected="all usable", observed=count)


def judged(each: Asset, exchange: Exchange, page: Exchange) -> tuple[Asset, Seen] | None:
    """What is wrong with one asset of a page, None for nothing."""
    found = fault(each, exchange, quirks="<!doctype" not in page.text[:1000].lower())
    if found is None:
        return None
    subject = f"GET {each.path}"
    if exchange.error.startswith("the limit of"):
        return each, broken(subject, exchange.error)
    return each, failed(
        subject,
        f"the {each.kind if each.kind != 'other' else 'file'} {each.path} {found.text}; named in {each.named_in}:{each.line}",
        expected=f"200, usable as {each.kind}",
        observed=exchange.answer,
        evidence=shown(exchange),
        signs=(Sign(kind="http", status=exchange.status, on="asset"),) if exchange.status else (),
        severity=found.severity,
    )
