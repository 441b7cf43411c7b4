"""The process that drives the browser: reads an order, prints one report a line, and ends with whoever gave the order.

Only `browser.py` starts it. Playwright's calls that run something in a page have no time limit, which is why this is a process that can be killed.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import psutil

_MOST = 200
_LONGEST = 2000
_LARGE = 400_000
_QUIET = 0.25
_TICK = 25
_STREAMS = frozenset({"eventsource", "websocket"})

_LOOK = """() => {
    const media = new Set("IMG SVG CANVAS VIDEO INPUT BUTTON SELECT TEXTAREA IFRAME FRAME OBJECT EMBED METER PROGRESS HR".split(" "));
    const until = performance.now() + 1000;
    const shown = (element) => element.checkVisibility ? element.checkVisibility({visibilityProperty: true}) : element.getClientRects().length > 0;
    const large = (element) => { const box = element.getBoundingClientRect(); return box.width > 0 && box.height > 0 };
    const look = (root) => {
        const walker = document.createTreeWalker(root, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
        for (let node = walker.nextNode(), count = 0; node; node = walker.nextNode(), count++) {
            if (count % 1000 === 999 && performance.now() > until) return null;
            if (node.nodeType === Node.TEXT_NODE) {
                if (node.data.trim() && node.parentElement && shown(node.parentElement)) return true;
                if (node.data.trim() && node.parentNode instanceof ShadowRoot) return true;
            } else if (media.has(node.tagName.toUpperCase())) {
                if (node.type !== "hidden" && shown(node) && (node.tagName === "FRAME" || large(node))) return true;
            } else if (node.shadowRoot) {
                const inside = look(node.shadowRoot);
                if (inside !== false) return inside;
            } else if (node.tagName.includes("-") && !node.childNodes.length && shown(node) && large(node)) {
                return true;
            }
        }
        return false;
    };
    const body = document.body;
    const visible = body ? look(body) : false;
    let root = "";
    if (visible === false && body) {
        const skipped = new Set(["SCRIPT", "NOSCRIPT", "STYLE", "LINK", "TEMPLATE"]);
        const first = [...body.children].find((element) => !skipped.has(element.tagName) && !element.textContent.trim() && !element.children.length);
        if (first) root = first.outerHTML.slice(0, 200);
    }
    return {visible, root, title: document.title};
}"""
"""Whether a visitor sees anything: text that is rendered, a picture, a control, an element with its own closed inside."""


def main() -> None:
    """Carry out the order that stands in the first line of stdin."""
    order: dict[str, Any] = json.loads(sys.stdin.readline())
    leaving = threading.Event()
    watch = threading.Thread(target=_leave_with_parent, args=(order["folder"], leaving), daemon=True)
    watch.start()
    from playwright.sync_api import Error, sync_playwright  # noqa: PLC0415 - heavy, and only this process needs it

    try:
        with sync_playwright() as player:
            browser = player.chromium.launch(
                executable_path=order["program"], args=order["flags"], headless=True, timeout=order["start"] * 1000, handle_sigint=False
            )
            _report({"started": browser.version})
            for page in order["pages"]:
                _report({"visit": _visit(browser, page, order)})
            browser.close()
    except Error as error:
        if not leaving.is_set():
            _report({"problem": _plain(error)})
    finally:
        if leaving.is_set():
            watch.join()


def _leave_with_parent(folder: str, leaving: threading.Event) -> None:
    """Wait for the end of stdin, which is the end of the parent, however it came to it; neither the browser nor its profile must outlive it."""
    sys.stdin.read()
    leaving.set()
    family = psutil.Process().children(recursive=True)
    for process in family:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(family, timeout=2)
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)


def _report(report: Mapping[str, object]) -> None:
    sys.stdout.write(json.dumps(report) + "\n")
    sys.stdout.flush()


def _plain(error: Exception) -> str:
    """The first line of an error of Playwright, without the name of the call."""
    text = str(error).strip().split("\n", 1)[0]
    return text.split(": ", 1)[1] if text.startswith(("Page.", "BrowserType.", "Browser.", "BrowserContext.")) and ": " in text else text


class _Record:
    """What one page does, as it comes in."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.uncaught: list[dict[str, Any]] = []
        self.failures: list[dict[str, Any]] = []
        self.errors: list[dict[str, Any]] = []
        self.dialogs: list[str] = []
        self.open: dict[int, Any] = {}
        self.dropped = 0
        self.crashed = False
        self.last = time.monotonic()

    def watch(self, page: Any) -> None:  # noqa: ANN401 - playwright is imported late
        """Listen to everything that a page may do."""
        listeners: dict[str, Callable[[Any], None]] = {
            "console": self._console,
            "pageerror": lambda error: self._add(
                self.uncaught, {"text": _cut(f"{error.name}: {error.message}" if error.name else error.message), "stack": _cut(error.stack or "")}
            ),
            "request": self._request,
            "requestfinished": self._finished,
            "requestfailed": self._failed,
            "response": self._response,
            "dialog": self._dialog,
            "crash": self._crash,
        }
        for name, listener in listeners.items():
            page.on(name, listener)

    def _add(self, kept: list[Any], item: Any) -> None:  # noqa: ANN401 - of whatever list
        self.last = time.monotonic()
        if len(kept) < _MOST:
            kept.append(item)
        else:
            self.dropped += 1

    def _console(self, message: Any) -> None:  # noqa: ANN401
        if message.type not in ("error", "warning", "assert"):
            self.last = time.monotonic()
            return
        where = message.location
        self._add(
            self.messages,
            {
                "kind": message.type,
                "text": _cut(message.text),
                "url": _cut(where.get("url", "")),
                "line": where.get("lineNumber", -1) + 1,
                "native": not message.args,
            },
        )

    def _request(self, request: Any) -> None:  # noqa: ANN401
        self.last = time.monotonic()
        if len(self.open) < 10 * _MOST:
            self.open[id(request)] = request

    def _finished(self, request: Any) -> None:  # noqa: ANN401
        self.last = time.monotonic()
        self.open.pop(id(request), None)

    def _failed(self, request: Any) -> None:  # noqa: ANN401
        self._finished(request)
        self._add(self.failures, _request(request) | {"reason": _cut(request.failure or "")})

    def _response(self, response: Any) -> None:  # noqa: ANN401
        if response.status >= 400:
            kind = str(response.headers.get("content-type", "")).split(";", maxsplit=1)[0].strip().lower()
            self._add(self.errors, _request(response.request) | {"status": response.status, "type": kind})

    def _dialog(self, dialog: Any) -> None:  # noqa: ANN401
        self._add(self.dialogs, _cut(f"{dialog.type}: {dialog.message}"))
        dialog.dismiss()

    def _crash(self, _: Any) -> None:  # noqa: ANN401
        self.crashed = True

    @property
    def pending(self) -> list[dict[str, Any]]:
        """The requests that are under way and are meant to end."""
        return [_request(request) for request in self.open.values() if request.resource_type not in _STREAMS]

    @property
    def quiet(self) -> bool:
        """Whether nothing has happened for a while and nothing is under way."""
        return time.monotonic() - self.last > _QUIET and not self.pending


def _request(request: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"url": _cut(request.url), "method": request.method, "resource": request.resource_type}


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _visit(browser: Any, wanted: dict[str, Any], order: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401
    """Look at one page in a profile of its own."""
    from playwright.sync_api import Error  # noqa: PLC0415 - as in main
    from playwright.sync_api import TimeoutError as Expired  # noqa: PLC0415 - as in main

    started = time.monotonic()
    record = _Record()
    seen: dict[str, Any] = {"visible": None, "root": "", "title": ""}
    status, loaded, problem, screenshot, final = 0, False, "", b"", ""
    context = browser.new_context(
        viewport={"width": 1280, "height": 720}, accept_downloads=False, locale="en-US", extra_http_headers=wanted["headers"] or None
    )
    page = context.new_page()
    record.watch(page)
    try:
        response = page.goto(wanted["url"], wait_until="commit", timeout=order["load"] * 1000)
        status = response.status if response else 0
        with contextlib.suppress(Expired):
            page.wait_for_load_state("load", timeout=max(1.0, (started + order["load"] - time.monotonic()) * 1000))
            loaded = True
        seen = _settle(page, record, order["settle"] if loaded else 0.0)
        with contextlib.suppress(Expired):
            screenshot = page.screenshot(timeout=5000)
            if len(screenshot) > _LARGE:  # photographs
                screenshot = page.screenshot(timeout=5000, type="jpeg", quality=70)
    except Expired:
        problem = f"no answer within {order['load']:g} s"
    except Error as error:
        problem = _plain(error)
    if record.crashed:
        problem = "the page crashed"
    pending = record.pending[:_MOST]
    with contextlib.suppress(Error):
        final = page.url
        context.close()
    return {
        "url": wanted["url"],
        "final": final,
        "status": status,
        "loaded": loaded,
        **seen,
        "messages": record.messages,
        "uncaught": record.uncaught,
        "failures": record.failures,
        "errors": record.errors,
        "pending": pending,
        "dialogs": record.dialogs,
        "screenshot": base64.b64encode(screenshot).decode(),
        "dropped": record.dropped,
        "seconds": round(time.monotonic() - started, 3),
        "problem": problem,
    }


def _settle(page: Any, record: _Record, most: float) -> dict[str, Any]:  # noqa: ANN401
    """Wait until the page has come to rest and shows something, at most so long; what a visitor sees then."""
    from playwright.sync_api import TimeoutError as Expired  # noqa: PLC0415 - as in main

    until = time.monotonic() + most
    while True:
        page.wait_for_timeout(_TICK)
        over = time.monotonic() > until
        if not record.quiet and not over:
            continue
        try:
            page.wait_for_function("() => true", timeout=2000)
        except Expired:
            return {"visible": None, "root": "", "title": ""}
        seen: dict[str, Any] = page.evaluate(_LOOK)
        if seen["visible"] is not False or over:
            return {**seen, "title": _cut(str(seen["title"]))}
