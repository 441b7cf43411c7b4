"""Nothing for developers is shown to visitors: debuggers, stack traces, development servers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from secrets import token_hex

from auditor.model import Evidence, Severity
from auditor.runtime.checks.page import shown
from auditor.runtime.client import Exchange
from auditor.runtime.fingerprints import debug_page
from auditor.runtime.media import is_html
from auditor.runtime.scene import Scene
from auditor.runtime.seen import Seen, Sign, broken, failed, passed

_DEBUGGER = "/?__debugger__=yes&cmd=resource&f=debugger.js"
_LOG: dict[str, re.Pattern[str]] = {
    "the debugger of Werkzeug is active": re.compile(r"^ \* Debugger is active!"),
    "the reloader of Werkzeug watches the files": re.compile(r"^ \* Restarting with (?:stat|watchdog)"),
    "the reloader of uvicorn watches the files": re.compile(r"Started reloader process \["),
}
_SERVERS = re.compile(r"WARNING: This is a development server\.")
_NEXT = re.compile(r"/_next/static/development/|/_next/static/chunks/react-refresh\.js")


def debug_on(scene: Scene) -> Iterator[Seen]:
    """What shows it: one observation for each sign of it, or one that there was none."""
    debugger = scene.client.get(_DEBUGGER)
    missing = scene.client.get(f"/gotcha-audit-missing-{token_hex(4)}")
    vite = scene.client.get("/@vite/client")
    if not (debugger.status or missing.status or vite.status):
        yield broken("debugging", f"no answer: {missing.error}")
        return
    found = list(_found(scene, debugger, vite))
    yield from found
    if not found:
        yield passed("debugging", "no debugger, no stack trace, no development server is shown", expected="none", observed="none")


def _found(scene: Scene, debugger: Exchange, vite: Exchange) -> Iterator[Seen]:
    if debugger.status == 200 and not is_html(debugger) and "EVALEX" in debugger.text:
        yield _failed(debugger, "the debugger of Werkzeug answers: whoever knows its PIN runs code")
    if vite.status == 200 and not is_html(vite) and "javascript" in vite.type:
        yield _failed(vite, "the development server of Vite answers")
    told = set()
    for exchange in tuple(scene.client.exchanges):
        kind = debug_page(exchange) or ("a page of the development server of Next.js" if is_html(exchange) and _NEXT.search(exchange.text) else "")
        if kind and kind not in told:
            told.add(kind)
            yield _failed(exchange, f"visitors are shown {kind}")
    for line in scene.application.lines:
        text = re.sub(r"\x1b\[[0-9;]*m", "", line.text[:2000])
        kind = next((name for name, pattern in _LOG.items() if pattern.search(text)), "")
        server = "" if kind else "a development server is running" if _SERVERS.search(text) else ""
        if (kind or server) and (kind or server) not in told:
            told.add(kind or server)
            yield failed(
                "the log",
                kind or server,
                expected="a production server",
                observed=text.strip(),
                evidence=(Evidence(kind="log", title="printed by the application", body=text),),
                signs=(Sign(kind="check"), Sign(kind="log", text=text)) if kind else (Sign(kind="log", text=text),),
                severity=Severity.ERROR if kind else Severity.WARNING,
            )


def _failed(exchange: Exchange, message: str) -> Seen:
    return failed(
        str(exchange), message, expected="nothing for developers", observed=exchange.answer, evidence=shown(exchange), signs=(Sign(kind="check"),)
    )
