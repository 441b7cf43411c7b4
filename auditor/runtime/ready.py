"""When an application counts as started: it owns a listening socket, it answers there, and what the target asks for besides holds.

A port that answers proves nothing: somebody else may hold it. What counts is a socket that a process of the application itself listens on.
"""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil

from auditor.processes.application import Application, Listener
from auditor.processes.ports import reachable
from auditor.runtime.client import Client, Limits
from auditor.runtime.target import PORT, Ready

_TICK = 0.03
_SETTLE = 2.0
"""Seconds that an application which listens elsewhere is given to listen where it was told to as well."""
_NEWS = 1.0
"""Seconds that the end of a command may come after the first answer of what it left in the background."""
_ANSWER = 5.0
_LONGEST_LINE = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """What waiting came to.

    ``state``: `ready`, `died` (the command ended and left nothing that could listen), `refused` (it could not be executed at all), `late` (the time
    is over) or `unreachable` (it listens, but not where this machine's loopback reaches it). ``missing`` says what was still missing.
    ``listener`` is the socket that was chosen, ``address`` the loopback address that leads to it. ``background`` says that the command ended and
    left the server behind.
    """

    state: Literal["ready", "died", "refused", "late", "unreachable"]
    seconds: float
    listener: Listener | None = None
    address: str = ""
    missing: str = ""
    background: bool = False


def wait_until_ready(application: Application, ready: Ready) -> Readiness:
    """Wait until ``application`` is ready, dies, or ``ready.timeout`` seconds are over."""
    clock = time.monotonic()
    elsewhere: float | None = None
    missing = "it does not listen on any port"
    while True:
        seconds = time.monotonic() - clock
        if application.failure:
            return Readiness(state="refused", seconds=seconds, missing=application.failure)
        alive = application.alive
        listeners = application.listeners
        listener = _chosen(listeners, application.port)
        if listener is None and not alive and not (application.code == 0 and application.members):
            application.drain()
            return Readiness(state="died", seconds=seconds, missing=missing)
        if listener is not None and listener.port != application.port:
            elsewhere = elsewhere if elsewhere is not None else time.monotonic()
            if time.monotonic() - elsewhere < _SETTLE:
                listener = None
                missing = f"it listens on port {listeners[0].port}, not on {application.port}"
        if listener is not None:
            address = reachable(listener.address, listener.port)
            if address is None:
                return Readiness(
                    state="unreachable",
                    seconds=seconds,
                    listener=listener,
                    missing=f"it listens on {listener.address} alone, which is no address of loopback",
                )
            missing = _missing(application, ready, address, listener.port)
            if not missing:
                background = _in_background(application, listener)
                return Readiness(state="ready", seconds=time.monotonic() - clock, listener=listener, address=address, background=background)
        if time.monotonic() - clock > ready.timeout:
            return Readiness(state="late", seconds=time.monotonic() - clock, listener=listener, missing=missing)
        application.wait(_TICK)


def _in_background(application: Application, listener: Listener) -> bool:
    """Whether the command ended and what it left listens. What it left may answer before the news of its end is here."""
    try:
        line = {listener.pid, *(parent.pid for parent in psutil.Process(listener.pid).parents())}
    except psutil.Error:
        line = set()
    if application.pid not in line:
        application.wait(_NEWS)
    return not application.alive


def _chosen(listeners: tuple[Listener, ...], port: int) -> Listener | None:
    """The socket on ``port``, else the first of the others: debuggers and metrics listen on higher ports than services do."""
    wanted = [listener for listener in listeners if listener.port == port]
    return next(iter(wanted or sorted(listeners, key=lambda listener: listener.port)), None)


def _missing(application: Application, ready: Ready, address: str, port: int) -> str:
    """Which of the conditions does not hold yet, "" when all do."""
    if ready.log and not any(re.search(ready.log, line.text[:_LONGEST_LINE]) for line in application.lines):
        return f"no line of its output matches {ready.log!r}"
    if silence := _unanswered(ready.http, address, port):
        return silence
    if ready.command:
        words = [word.replace(PORT, str(port)) for word in ready.command]
        if (reason := _command(words, application.folder, application.environment)) is not None:
            return reason
    return ""


def _unanswered(path: str, address: str, port: int) -> str:
    """Why an address does not count as answered. A socket alone says little: servers listen before their workers can load the application."""
    client = Client(address, port, limits=Limits(seconds=_ANSWER))
    try:
        exchange = client.get(path or "/", follow=bool(path))
    finally:
        client.close()
    good = 200 <= exchange.status < 400 if path else exchange.status > 0
    return "" if good else f"GET {path or '/'} gives {exchange.answer}" if exchange.status else f"GET {path or '/'}: {exchange.error}"


def _command(words: list[str], folder: Path, environment: Mapping[str, str]) -> str | None:
    try:
        done = subprocess.run(
            words,
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_ANSWER,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"`{words[0]}` does not end within {_ANSWER:g} s"
    except OSError as error:
        return f"`{words[0]}` cannot be executed: {error.strerror}"
    return None if done.returncode == 0 else f"`{words[0]}` ends with {done.returncode}"
