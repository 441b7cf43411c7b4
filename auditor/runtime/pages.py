"""Fetch the pages and everything that they make a browser fetch, once for all checks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from auditor.runtime.assets import Asset, in_manifest, in_module, in_page, in_style
from auditor.runtime.client import Client, Exchange
from auditor.runtime.scene import Page
from auditor.runtime.target import Endpoint, Target

_MOST = 200
_DEPTH = 3
_READERS = {"style": in_style, "manifest": in_manifest, "module": in_module}


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """The pages, the client that production's conditions need from now on, and notes on what was decided."""

    pages: tuple[Page, ...]
    client: Client
    notes: tuple[str, ...] = ()


def visit(client: Client, target: Target) -> Visit:
    """Ask for the pages of ``target`` and their assets.

    An application that redirects everything to https expects a proxy that ends TLS: unless the target says whether there is one, the pages are asked
    for again as such a proxy would.
    """
    exchanges = [_ask(client, page) for page in target.pages]
    if target.https is None and not client.https and any(to_https(client, exchange) for exchange in exchanges):
        client = client.secured()
        exchanges = [_ask(client, page) for page in target.pages]
        note = "the application redirects to https: it is asked as a proxy that ends TLS would (X-Forwarded-Proto: https)"
        return Visit(pages=_pages(client, target, exchanges), client=client, notes=(note,))
    return Visit(pages=_pages(client, target, exchanges), client=client)


def to_https(client: Client, exchange: Exchange) -> bool:
    """Whether an answer, or one on the way to it, sends the visitor to https on the same host."""
    for hop in (*exchange.hops, exchange):
        location = hop.header("location")
        try:
            parts = urlsplit(urljoin(f"{client.origin}{hop.path}", location))
            host = parts.hostname
        except ValueError:
            continue
        # Some redirect to the port of TLS, whatever port they were asked on.
        if hop.status in (301, 302, 303, 307, 308) and parts.scheme == "https" and host in {client.address, client.host.split(":")[0]} - {""}:
            return True
    return False


def document(client: Client, exchange: Exchange) -> str:
    """The URL that a page's addresses are relative to."""
    return f"{client.origin}{exchange.path}"


def fetch(client: Client, page: Exchange) -> tuple[tuple[Asset, ...], dict[str, Exchange], int]:
    """The assets that a page names, directly and through style sheets, modules and its manifest; how they were answered; how many are left."""
    level = in_page(page.text, document(client, page), client.local)
    named: dict[tuple[str, str], Asset] = {}
    answers: dict[str, Exchange] = {}
    more = 0
    with ThreadPoolExecutor(max_workers=4) as pool:
        for depth in range(_DEPTH):
            new = [asset for asset in level if (asset.path, asset.kind) not in named]
            paths = list(dict.fromkeys(asset.path for asset in new if asset.path not in answers))
            more += len(paths[_MOST - len(answers) :])
            paths = paths[: _MOST - len(answers)]
            answers |= dict(zip(paths, pool.map(client.get, paths), strict=True))
            named |= {(asset.path, asset.kind): asset for asset in new if asset.path in answers}
            level = tuple(
                inner
                for asset in new
                if asset.path in answers and not (depth and asset.kind == "module")
                for inner in _within(client, asset, answers)
            )
    return tuple(named.values()), answers, more


def _within(client: Client, asset: Asset, answers: dict[str, Exchange]) -> tuple[Asset, ...]:
    exchange = answers[asset.path]
    reader = _READERS.get(asset.kind)
    if reader is None or exchange.status != 200 or "html" in exchange.type:
        return ()
    return reader(exchange.text, document(client, exchange), client.local)


def _ask(client: Client, page: Endpoint) -> Exchange:
    return client.get(page.path, headers=page.headers)


def _pages(client: Client, target: Target, exchanges: list[Exchange]) -> tuple[Page, ...]:
    pages = []
    for endpoint, exchange in zip(target.pages, exchanges, strict=True):
        if 200 <= exchange.status < 300 and exchange.type in ("text/html", "application/xhtml+xml", ""):
            named, answers, more = fetch(client, exchange)
            pages.append(Page(endpoint=endpoint, exchange=exchange, assets=answers, named=named, more=more))
        else:
            pages.append(Page(endpoint=endpoint, exchange=exchange))
    return tuple(pages)
