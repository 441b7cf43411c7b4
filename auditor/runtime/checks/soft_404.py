"""A file that is not there is answered 404, not with a page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from secrets import token_hex

from auditor.model import Severity
from auditor.runtime.checks.page import shown
from auditor.runtime.client import Exchange
from auditor.runtime.media import is_html
from auditor.runtime.scene import Scene
from auditor.runtime.seen import Seen, Sign, failed, passed, skipped

_ENDINGS = {"script": "js", "module": "js", "style": "css", "image": "png", "font": "woff2"}
_LONG = 86_400
_MOST = 12


def soft_404(scene: Scene) -> Iterator[Seen]:
    """Ask for a missing file beside each kind of asset that the pages use."""
    wanted: dict[tuple[str, str], None] = {}
    for page in scene.pages:
        for each in page.named:
            if each.kind in _ENDINGS and page.assets[each.path].status == 200:
                wanted[each.path.split("?")[0].rpartition("/")[0], _ENDINGS[each.kind]] = None
    if not wanted:
        yield skipped("missing assets", "no page names an asset that comes")
    for folder, ending in list(wanted)[:_MOST]:
        exchange = scene.client.get(f"{folder}/gotcha-audit-missing-{token_hex(4)}.{ending}")
        yield _judged(exchange, f"GET {folder}/<missing>.{ending}")


def kept(exchange: Exchange) -> bool:
    """Whether caches may keep an answer for a day or longer (RFC 9111, 5.2; RFC 8246)."""
    control = exchange.header("cache-control").lower()
    if "no-store" in control or "no-cache" in control:
        return False
    age = re.search(r"(?:^|[,\s])(?:s-maxage|max-age)\s*=\s*\"?(\d{1,12})", control)
    return "immutable" in control or bool(age and int(age[1]) >= _LONG)


def _judged(exchange: Exchange, subject: str) -> Seen:
    if not exchange.status:
        return skipped(subject, f"no answer: {exchange.error}")
    if 200 <= exchange.status < 300 and is_html(exchange):
        lasting = kept(exchange)
        cached = f", and caches keep it ({exchange.header('cache-control')}): after a deployment the page stays broken" if lasting else ""
        return failed(
            subject,
            f"a missing file is answered {exchange.answer}{cached}; a missing asset does not show as one",
            expected="404",
            observed=exchange.answer,
            evidence=shown(exchange),
            signs=(Sign(kind="http", status=exchange.status, on="asset"),),
            severity=Severity.ERROR if lasting else Severity.WARNING,
        )
    if exchange.status >= 500:
        return failed(
            subject,
            f"a missing file makes the application fail: {exchange.answer}",
            expected="404",
            observed=exchange.answer,
            evidence=shown(exchange),
            signs=(Sign(kind="http", status=exchange.status, on="asset"),),
        )
    return passed(subject, f"a missing file is answered {exchange.answer}", expected="404", observed=exchange.answer)
