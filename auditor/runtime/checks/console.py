"""Does a page work in a browser: no errors in the console, nothing that fails to load, and something to see?"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from auditor.model import Evidence
from auditor.processes.members import VARIABLE, new_marker
from auditor.report.observed import IMAGE
from auditor.runtime.browser import Patience, Request, Site, Visit, subject, visit, whose
from auditor.runtime.scene import Page, Scene
from auditor.runtime.seen import Seen, Sign, broken, failed, passed, skipped

_JPEG = b"\xff\xd8"
_MOST_PAGES = 10
_MOST_SHOWN = 20
_EXPECTED = "no errors in the console, nothing that fails to load, something to see"
_ASKING = frozenset({"fetch", "xhr"})
_FOLLOWS = re.compile(
    r"ReferenceError|TypeError|Failed to fetch|Network ?Error|Failed to load|ERR_NAME_NOT_RESOLVED|ChunkLoadError|time(?:d )?out",
    re.IGNORECASE,
)
"""How a script speaks of something from another host that is not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trouble:
    """One thing that is wrong. ``doubtful``: it may come of hosts that are not asked from here."""

    text: str
    signs: tuple[Sign, ...] = ()
    doubtful: bool = False


def console(scene: Scene, *, patience: Patience | None = None) -> Iterable[Seen]:
    """Open each page in a browser."""
    if not scene.browser:
        yield skipped("console", "switched off with --no-browser")
        return
    asked: dict[str, Page] = {}
    for page in scene.pages:
        if page.endpoint.method == "GET":
            asked.setdefault(page.endpoint.path, page)
    # A page that is none is opened for its picture alone, which is what visitors get; where there are too many, the others go first.
    answered = sorted(((path, page) for path, page in asked.items() if page.exchange.status), key=lambda item: bool(_no_page(item[1])))
    pages = dict(answered[:_MOST_PAGES])
    for path, page in asked.items():
        if path not in pages:
            yield skipped(str(page.endpoint), _no_page(page) or f"{_MOST_PAGES} pages are opened in the browser, and no more")
    if not pages:
        if not scene.pages:
            yield skipped("console", "there is no page to open")
        return
    site = Site(address=scene.client.address, port=scene.client.port, host=scene.target.host)
    headers = {path: dict(page.endpoint.headers) for path, page in pages.items()}
    visits = visit(list(pages), site, headers=headers, environment={VARIABLE: new_marker()}, patience=patience)
    if isinstance(visits, str):
        reasons = {str(page.endpoint): _no_page(page) for page in pages.values()}
        yield from (skipped(name, why) for name, why in reasons.items() if why)
        if not all(reasons.values()):
            yield skipped("console", visits)
        return
    allowed = [re.compile(each) for each in scene.target.allowed_console if _compiles(each)]
    yield from (
        broken("console", f"allowed_console has no regular expression: {each}") for each in scene.target.allowed_console if not _compiles(each)
    )
    for number, (page, seen) in enumerate(zip(pages.values(), visits, strict=True), 1):
        shown = _keep(scene.kept, number, seen)
        if why := _no_page(page):
            yield replace(skipped(str(page.endpoint), why), evidence=shown)
        else:
            yield _judge(page, seen, site, allowed, shown)


def _no_page(page: Page) -> str:
    """Why there is nothing for a browser to look at; the check `page` says whether that is right."""
    exchange = page.exchange
    if not exchange.status:
        return f"there is no page: {exchange.error}"
    if exchange.status >= 400 and exchange.status not in page.endpoint.status:
        return f"there is no page: {exchange.answer}"
    return ""


def _compiles(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError):
        return False
    return True


def _judge(page: Page, seen: Visit, site: Site, allowed: list[re.Pattern[str]], kept: tuple[Evidence, ...]) -> Seen:
    name = str(page.endpoint)
    if "ERR_SSL_" in seen.problem and site.host:
        # Names that browsers know to be https only (HSTS preload lists, whole domains such as .dev).
        return skipped(name, f"{name}: the browser asks {site.host} by https only, and here the application speaks http: {seen.problem}")
    found = [each for each in _troubles(page, seen, site) if not any(pattern.search(each.text) for pattern in allowed)]
    evidence = (*_listed(found), *_abroad(seen, site), *kept)
    if not found:
        return passed(name, f"{name}: no errors in the browser", expected=_EXPECTED, observed=f'shown as "{seen.title[:100]}"', evidence=evidence)
    certain = [each for each in found if not each.doubtful]
    if not certain:
        hosts = ", ".join(_hosts(seen, site))
        return Seen(
            outcome=skipped(name, "").outcome,
            subject=name,
            message=f"{name}: it cannot be told whether it works: it needs {hosts}, which is not asked from here ({found[0].text[:300]})",
            expected=_EXPECTED,
            observed=found[0].text,
            evidence=evidence,
        )
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return failed(
        name,
        f"{name}: {certain[0].text}{more}",
        expected=_EXPECTED,
        observed=f"{certain[0].text}{more}",
        evidence=evidence,
        signs=tuple(dict.fromkeys(sign for each in certain for sign in each.signs)),
    )


def _troubles(page: Page, seen: Visit, site: Site) -> Iterator[_Trouble]:
    """What is wrong with a page, the worst first."""
    away = [each for each in seen.failures if whose(each.url, site.origin) == "other"]
    lacks_script = any(each.resource == "script" for each in away)
    lacks = lacks_script or any(each.resource in _ASKING for each in away)
    if seen.problem:
        yield _trouble(f"the browser shows no page: {seen.problem}")
    elif not seen.loaded:
        waiting = ", ".join(_path(each.url, site) for each in seen.pending if each.resource not in _ASKING)[:500]
        yield _trouble(f"the page does not finish loading{f'; still waiting for {waiting}' if waiting else ''}")
    elif seen.visible is None:
        yield _trouble("the page keeps the browser busy: it does not react any more")
    if seen.visible is False:
        root = f": {seen.root} was never filled" if seen.root else ""
        yield _trouble(f"the page arrived, and nothing is to be seen{root}", doubtful=lacks)
    for error in seen.uncaught:
        where = _where(error.stack, site)
        yield _trouble(f"uncaught {error.text}{where}", error.text, doubtful=lacks and bool(_FOLLOWS.search(error.text)))
    for request in seen.errors:
        if whose(request.url, site.origin) != "own" or _harmless(page, request, seen):
            continue
        kind = "api" if request.resource in _ASKING else "asset"
        text = f"{request.method} {_path(request.url, site)} → {request.status} {request.type}".strip()
        yield _Trouble(text=text, signs=(Sign(kind="http", status=request.status, on=kind),))
    for request in seen.failures:
        # An aborted request is one that the page itself gave up: a player that has enough, a view that was left.
        if whose(request.url, site.origin) == "own" and request.reason != "net::ERR_ABORTED" and request.url != seen.url:
            yield _trouble(f"{request.method} {_path(request.url, site)} failed: {request.reason}", request.reason)
    for message in seen.messages:
        about = subject(message)
        if message.kind not in ("error", "assert") or (message.native and (whose(about, site.origin) == "other" or _told(about, page, seen, site))):
            continue
        by = "" if message.native else "console.error: "
        yield _trouble(f"{by}{message.text}{_at(about, site)}", message.text, doubtful=not message.native and lacks)


def _trouble(text: str, printed: str = "", *, doubtful: bool = False) -> _Trouble:
    return _Trouble(text=" ".join(text.split())[:1000], signs=(Sign(kind="console", text=printed or text),), doubtful=doubtful)


def _harmless(page: Page, request: Request, seen: Visit) -> bool:
    """An icon nobody asked for; the page itself, if that is the status it should have; and a script that asks who is logged in: nobody is."""
    return (
        urlsplit(request.url).path == "/favicon.ico"
        or (request.resource == "document" and request.status in page.endpoint.status and request.url in (seen.url, seen.final))
        or (request.status == 401 and request.resource in _ASKING)
    )


def _told(url: str, page: Page, seen: Visit, site: Site) -> bool:
    """Whether the browser's message is about an answer that is judged by its status already, or about one that does not matter."""
    if urlsplit(url).path == "/favicon.ico":
        return True
    answers = [each for each in seen.errors if each.url == url]
    return bool(answers) and (whose(url, site.origin) == "own" or any(_harmless(page, each, seen) for each in answers))


def _path(url: str, site: Site) -> str:
    return url.removeprefix(site.origin)[:300] or "/"


def _at(url: str, site: Site) -> str:
    return f" ({_path(url, site)})" if url else ""


def _where(stack: str, site: Site) -> str:
    """Where an exception came from: the first place that its stack names."""
    found = re.search(r"https?://[^\s()]{1,500}", stack)
    return f" ({_path(found[0], site)})" if found else ""


def _listed(found: list[_Trouble]) -> tuple[Evidence, ...]:
    if not found:
        return ()
    body = "\n".join(each.text for each in found[:_MOST_SHOWN])
    return (Evidence(kind="console", title="what the browser says", body=body, truncated=len(found) > _MOST_SHOWN),)


def _hosts(seen: Visit, site: Site) -> list[str]:
    return sorted({urlsplit(each.url).hostname or each.url for each in seen.failures if whose(each.url, site.origin) == "other"})


def _abroad(seen: Visit, site: Site) -> tuple[Evidence, ...]:
    """Other hosts that the page wanted something of; they are not asked, and that is no fault of the page."""
    away = [each for each in seen.failures if whose(each.url, site.origin) == "other"]
    body = f"{len(away)} requests to {', '.join(_hosts(seen, site)[:_MOST_SHOWN])}"
    return (Evidence(kind="console", title="other hosts, which are not asked from here", body=body),) if away else ()


def _keep(folder: Path | None, number: int, seen: Visit) -> tuple[Evidence, ...]:
    """The picture of the page, and where it is kept."""
    if not seen.screenshot:
        return ()
    shown = f"what is seen at {seen.final[:300]}"
    picture = Evidence(kind=IMAGE, title=shown, body=base64.b64encode(seen.screenshot).decode())
    if folder is None:
        return (picture,)
    path = folder / f"page-{number}.{'jpg' if seen.screenshot.startswith(_JPEG) else 'png'}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(seen.screenshot)
    except OSError as error:
        return (Evidence(kind="screenshot", title="the picture could not be kept", body=str(error)), picture)
    return (Evidence(kind="screenshot", title=shown, body=str(path)), picture)
