"""A small process between us and the application: whatever becomes of us, it ends everything that the application started.

Run as a script of its own, so that it imports nothing of the package: `python -I warden.py`. It speaks JSON, one object a line. From standard input
it reads its order: `{"words", "folder", "environment", "out", "err", "variable", "marker", "grace"}`, where `out` and `err` are file descriptors.
To standard output it writes `{"pid"}` or `{"failed"}`, later `{"code"}`. On standard input it then takes `{"signal", "to": "leader" | "group"}` and
`{"end": true}`. The end of standard input means that whoever started it is gone: everything is stopped.

On Linux it is a subreaper (prctl(2), PR_SET_CHILD_SUBREAPER): processes that were orphaned become its children, however they tried to get away.
Elsewhere a marker in the environment finds them.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator

import psutil

_PR_SET_CHILD_SUBREAPER = 36
_TICK = 0.02
_ROUNDS = 100


def main() -> int:
    """Obey one order; the exit code is 0 when nothing is left."""
    order = json.loads(sys.stdin.buffer.readline())
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    try:
        child = subprocess.Popen(
            order["words"],
            cwd=order["folder"],
            env={**order["environment"], order["variable"]: order["marker"]},
            stdin=subprocess.DEVNULL,
            stdout=order["out"],
            stderr=order["err"],
            start_new_session=True,
            restore_signals=True,
            preexec_fn=_default_signals,  # noqa: PLW1509 - this process has one thread
        )
    except (OSError, ValueError) as error:
        _tell(failed=f"{getattr(error, 'strerror', None) or error}")
        return 0
    os.close(order["out"])
    if order["err"] != order["out"]:
        os.close(order["err"])
    _tell(pid=child.pid)
    _watch(child.pid)
    _end(order["variable"], order["marker"], child.pid, order["grace"])
    return 0 if not list(members(order["variable"], order["marker"])) else 1


def _default_signals() -> None:
    """What the application inherits is what a service manager would give it."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


def _watch(pid: int) -> None:
    """Pass signals on and tell the exit code until the order to end comes, or until whoever started us is gone."""
    os.set_blocking(0, False)
    rest, told = b"", False
    with selectors.DefaultSelector() as selector:
        selector.register(0, selectors.EVENT_READ)
        while True:
            told = _reaped(pid) or told
            if not selector.select(_TICK):
                continue
            data = os.read(0, 65536)
            if not data:
                return
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                command = json.loads(line)
                if command.get("end"):
                    return
                with contextlib.suppress(OSError):
                    if command["to"] == "group":
                        os.killpg(pid, command["signal"])
                    elif not told:
                        os.kill(pid, command["signal"])


def _reaped(pid: int) -> bool:
    """Collect every child that ended; whether the leader was among them, whose code is told."""
    seen = False
    while True:
        try:
            ended, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return seen
        if ended == 0:
            return seen
        if ended == pid:
            seen = True
            _tell(code=os.waitstatus_to_exitcode(status))


def _end(variable: str, marker: str, pid: int, grace: float) -> None:
    """SIGTERM to all, then SIGKILL until nothing is left."""
    _kill(members(variable, marker), signal.SIGTERM)
    until = time.monotonic() + grace
    while time.monotonic() < until and list(members(variable, marker)):
        _reaped(pid)
        time.sleep(_TICK)
    for _ in range(_ROUNDS):
        _reaped(pid)
        left = list(members(variable, marker))
        if not left:
            return
        _kill(left, signal.SIGKILL)
        time.sleep(_TICK)


def members(variable: str, marker: str) -> Iterator[psutil.Process]:
    """Every process of the run but this one: what descends from it, and what carries the marker. Ended ones that nobody collected are left out."""
    seen = {os.getpid()}
    for process in (*_descendants(), *_marked(variable, marker)):
        if process.pid not in seen:
            seen.add(process.pid)
            with contextlib.suppress(psutil.Error):
                if process.status() != psutil.STATUS_ZOMBIE:
                    yield process


def _descendants() -> list[psutil.Process]:
    try:
        return psutil.Process().children(recursive=True)
    except psutil.Error:
        return []


def _marked(variable: str, marker: str) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(variable) == marker:
                yield process


def _kill(processes: Iterable[psutil.Process], number: int) -> None:
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.send_signal(number)


def _tell(**event: object) -> None:
    with contextlib.suppress(OSError):
        os.write(1, json.dumps(event).encode() + b"\n")


if __name__ == "__main__":
    raise SystemExit(main())
