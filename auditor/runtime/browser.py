"""A real browser that looks at pages of the application: what it prints, what it fails to load, and whether anything is to be seen.

Playwright drives the Chromium of the system in a process of its own (`pilot.py`): whatever a page does to the browser, that process is ended in time,
and it ends itself and the browser when ours is gone.
"""

from __future__ import annotations

import base64
import contextlib
import importlib.util
import json
import os
import queue
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

CHROMIUM = "GOTCHA_AUDIT_CHROMIUM"
"""The variable that names the program, when it is not one of `NAMES` on PATH."""

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

_FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-proxy-server",
    "--mute-audio",
)
_BOOT = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from auditor.runtime.pilot import main; main()"
_TAIL = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """In seconds: ``start`` for the browser, ``load`` for a page, ``settle`` for what its scripts do then, ``spare`` before it counts as hung."""

    start: float = 20.0
    load: float = 15.0
    settle: float = 3.0
    spare: float = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A line of the console. ``kind`` as in the console's API (`error`, `warning`, `log`); ``native``: by the browser, not by a script."""

    kind: str
    text: str
    url: str = ""
    line: int = 0
    native: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncaught:
    """An exception nobody caught, or a rejected promise nobody handled."""

    text: str
    stack: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request of the page that was not answered (``reason``), was answered with an error (``status``), or never ended (neither)."""

    url: str
    method: str = "GET"
    resource: str = ""
    status: int = 0
    type: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One page as the browser saw it.

    ``problem`` says why there is no page (`net::ERR_TOO_MANY_REDIRECTS`); then the rest is as far as it came. ``loaded``: the load event came.
    ``visible``: there is text, a picture, a control; None when it could not be told. ``root`` names the empty element that a script should have
    filled. ``pending`` are the requests that had not ended. Lists are cut; ``dropped`` counts what was left out.
    """

    url: str
    final: str = ""
    status: int = 0
    title: str = ""
    loaded: bool = False
    visible: bool | None = None
    root: str = ""
    messages: tuple[Message, ...] = ()
    uncaught: tuple[Uncaught, ...] = ()
    failures: tuple[Request, ...] = ()
    errors: tuple[Request, ...] = ()
    pending: tuple[Request, ...] = ()
    dialogs: tuple[str, ...] = ()
    screenshot: bytes = field(default=b"", repr=False)
    dropped: int = 0
    seconds: float = 0.0
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where the application is. ``host`` is the name production knows it by; the browser then resolves it to this address and port."""

    address: str
    port: int
    host: str = ""
    https: bool = False

    @property
    def origin(self) -> str:
        """The origin that pages are asked from."""
        return f"http://{self.host or self._socket}"

    @property
    def _socket(self) -> str:
        address = f"[{self.address}]" if ":" in self.address else self.address
        return f"{address}:{self.port}"

    @property
    def flags(self) -> tuple[str, ...]:
        """What keeps the browser on this machine: every other name resolves to nothing."""
        name = urlsplit(self.origin).hostname or ""
        local = [each for each in ("localhost", "*.localhost", "127.*", "::1", "[::1]") if each != name or not self.host]
        rules = [*([f"MAP {name} {self._socket}"] if self.host else []), "MAP * ~NOTFOUND", *(f"EXCLUDE {each}" for each in local)]
        secure = (f"--unsafely-treat-insecure-origin-as-secure={self.origin}",) if self.host else ()
        # Production speaks https there, and pages rely on what only a secure context has.
        return (f"--host-resolver-rules={', '.join(rules)}", *secure)


def whose(url: str, origin: str) -> str:
    """`own` for a URL of the page's origin (or none of the network), `loopback` for another of this machine, `other` for the rest of the world."""
    try:
        parts, own = urlsplit(url), urlsplit(origin)
        port = parts.port
    except ValueError:
        return "other"
    if parts.scheme not in ("http", "https", "ws", "wss"):
        return "own"
    plain = parts.scheme in ("http", "ws")
    if parts.hostname == own.hostname and plain and (port or 80) == (own.port or 80):
        return "own"
    name = parts.hostname or ""
    return "loopback" if name == "localhost" or name.endswith(".localhost") or _loopback(name) else "other"


def _loopback(name: str) -> bool:
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def program(environment: Mapping[str, str] | None = None) -> Path | str:
    """The Chromium to start, or why there is none, with what would help."""
    known = os.environ if environment is None else environment
    if importlib.util.find_spec("playwright") is None:
        return "playwright is not installed: pip install 'gotcha-audit[browser]'"
    named = known.get(CHROMIUM, "")
    if named:
        found = shutil.which(named)
        return Path(found) if found else f"{CHROMIUM} names no program: {named}"
    for name in NAMES:
        if found := shutil.which(name, path=known.get("PATH")):
            return Path(found)
    return f"no Chromium on PATH ({', '.join(NAMES)}): apt install chromium, or set {CHROMIUM} to the program"


def visit(
    paths: Sequence[str],
    site: Site,
    *,
    headers: Mapping[str, Mapping[str, str]] | None = None,
    environment: Mapping[str, str] | None = None,
    patience: Patience | None = None,
) -> tuple[Visit, ...] | str:
    """Look at each path with one browser and a fresh profile each; a reason instead when there is no browser. Raises nothing.

    ``headers`` by path go with every request of that page. ``environment`` is added to that of the browser (a mark to find it by).
    """
    chromium = program()
    if isinstance(chromium, str):
        return chromium
    limits = patience or Patience()
    visits: list[Visit] = []
    fruitless = 0
    while len(visits) < len(paths):
        rest = [{"url": f"{site.origin}{path}", "headers": dict((headers or {}).get(path, {}))} for path in paths[len(visits) :]]
        seen, problem, started = _fly(rest, chromium, site, environment or {}, limits)
        visits += seen
        if len(visits) == len(paths):
            break
        if not started:
            return problem
        # The page on which it ended is the one that ended it; the others are looked at with a new browser.
        visits.append(Visit(url=str(rest[len(seen)]["url"]), problem=problem))
        fruitless = 0 if seen else fruitless + 1
        if fruitless == 3:
            return f"the browser ended three times in a row: {problem}"
    return tuple(visits)


def _fly(
    pages: Sequence[Mapping[str, object]], chromium: Path, site: Site, environment: Mapping[str, str], limits: Patience
) -> tuple[list[Visit], str, bool]:
    """The pages that one browser came through, why there are no more, and whether it started at all."""
    order = {
        "program": str(chromium),
        "flags": [*_FLAGS, *site.flags, *(("--no-sandbox",) if _root() else ())],
        "pages": pages,
        "load": limits.load,
        "settle": limits.settle,
        "start": limits.start,
    }
    visits: list[Visit] = []
    try:
        with tempfile.TemporaryDirectory(prefix="gotcha-", ignore_cleanup_errors=True) as folder:
            with _pilot(Path(folder), environment) as (child, lines):
                with contextlib.suppress(OSError):
                    child.stdin.write(json.dumps({**order, "folder": folder}).encode() + b"\n")
                    child.stdin.flush()
                problem, started = _listen(lines, visits, len(pages), limits)
            if not problem and len(visits) < len(pages):
                said = (Path(folder) / "stderr").read_text("utf-8", "replace").strip().splitlines()
                problem = f"the browser ended unexpectedly{f': {said[-1][-_TAIL:]}' if said else ''}"
    except OSError as error:
        return visits, f"the browser could not be started: {error}", False
    return visits, problem, started


def _listen(lines: queue.Queue[bytes | None], visits: list[Visit], wanted: int, limits: Patience) -> tuple[str, bool]:
    """Collect what the pilot reports, each report in its time."""
    started, wait = False, limits.start + limits.spare
    while len(visits) < wanted:
        try:
            line = lines.get(timeout=wait)
        except queue.Empty:
            return (
                f"the page kept the browser busy for more than {wait:g} s" if started else f"the browser did not start within {wait:g} s"
            ), started
        if line is None:
            return "", started
        report: dict[str, Any] = json.loads(line)
        if "problem" in report:
            return str(report["problem"]), started
        if "started" in report:
            started, wait = True, limits.load + limits.settle + limits.spare
        else:
            visits.append(_visit(report["visit"]))
    return "", started


@contextlib.contextmanager
def _pilot(folder: Path, environment: Mapping[str, str]) -> Iterator[tuple[Any, queue.Queue[bytes | None]]]:
    """A running pilot and the lines it prints, None at their end. Afterwards neither it nor a process that it started is left."""
    path = json.dumps([str(Path(part or ".").resolve()) for part in sys.path])
    lines: queue.Queue[bytes | None] = queue.Queue()
    with (folder / "stderr").open("wb") as errors:
        child = subprocess.Popen(
            [sys.executable, "-P", "-c", _BOOT, path],
            cwd=folder,
            env={**os.environ, **environment, "TMPDIR": str(folder)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
    reader = threading.Thread(target=_read, args=(child.stdout, lines), daemon=True)
    reader.start()
    try:
        yield child, lines
    finally:
        _end(child)
        reader.join(5)
        for stream in (child.stdin, child.stdout):
            with contextlib.suppress(OSError):
                stream.close()  # type: ignore[union-attr] # both are pipes


def _read(stream: Any, lines: queue.Queue[bytes | None]) -> None:  # noqa: ANN401 - a pipe
    with contextlib.suppress(OSError, ValueError):
        for line in stream:
            lines.put(line)
    lines.put(None)


def _end(child: subprocess.Popen[bytes]) -> None:
    """Kill the pilot and all that it started. They hold nothing that would need a gentle end: profile and output go with the folder."""
    try:
        top = psutil.Process(child.pid)
        family = [top, *top.children(recursive=True)]
    except psutil.Error:
        family = []
    for process in family:
        with contextlib.suppress(psutil.Error):
            process.kill()
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(5)
    until = time.monotonic() + 5
    while any(_runs(process) for process in family[1:]) and time.monotonic() < until:
        time.sleep(0.005)


def _runs(process: psutil.Process) -> bool:
    """Whether it does anything yet: one that has ended, and that nobody has collected, does not."""
    try:
        return process.status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    except psutil.Error:
        return False


def _root() -> bool:
    """Chromium refuses its sandbox for root, and for root alone it is switched off."""
    return getattr(os, "geteuid", lambda: 1)() == 0


def _visit(report: dict[str, Any]) -> Visit:
    return Visit(
        **{
            **report,
            "messages": tuple(Message(**each) for each in report["messages"]),
            "uncaught": tuple(Uncaught(**each) for each in report["uncaught"]),
            **{name: tuple(Request(**each) for each in report[name]) for name in ("failures", "errors", "pending")},
            "dialogs": tuple(report["dialogs"]),
            "screenshot": base64.b64decode(report["screenshot"]),
        }
    )


_URL = re.compile(r"\b(?:https?|wss?)://[^\s'\"<>]+")


def subject(message: Message) -> str:
    """The URL that a message of the browser is about: the one it names first, or else where it comes from."""
    found = _URL.search(message.text) if message.native else None
    return found[0] if found and message.text.startswith(("Access to", "WebSocket connection")) else message.url
