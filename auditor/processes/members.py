"""Which processes belong to a run: its descendants, and everything that carries its marker in the environment.

A double fork or a session of its own hides a process from the process group and from the list of children; the marker stays.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import psutil

VARIABLE = "GOTCHA_AUDIT_RUN"
_LONGEST_COMMAND = 200


def new_marker() -> str:
    """A marker for one start: it names who starts it, so that those left by a run that was killed can be told from those of one at work."""
    me = psutil.Process()
    return f"{me.pid}-{int(me.create_time())}-{secrets.token_hex(8)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Orphan:
    """A process that a run which is no longer there has left behind."""

    pid: int
    command: str
    marker: str


def members(root: int, marker: str) -> tuple[psutil.Process, ...]:
    """The processes of a run: below ``root`` (left out itself), or with ``marker``; ended ones that nobody collected do not count."""
    found: dict[int, psutil.Process] = {}
    with contextlib.suppress(psutil.Error):
        found |= {process.pid: process for process in psutil.Process(root).children(recursive=True)}
    found |= {process.pid: process for process in _marked() if _marker(process) == marker}
    return tuple(process for pid, process in sorted(found.items()) if pid not in (root, os.getpid()) and _runs(process))


def descendants(root: int) -> tuple[psutil.Process, ...]:
    """The processes below ``root`` that run, which is cheaper to ask than `members`."""
    try:
        return tuple(process for process in psutil.Process(root).children(recursive=True) if _runs(process))
    except psutil.Error:
        return ()


def orphans() -> tuple[Orphan, ...]:
    """What runs that were killed have left: marked processes whose starter is gone."""
    return tuple(
        Orphan(pid=process.pid, command=command(process), marker=marker)
        for process in _marked()
        if (marker := _marker(process)) and not _starter_lives(marker) and process.pid != os.getpid()
    )


def end(found: Iterable[Orphan], *, grace: float = 3.0) -> tuple[Orphan, ...]:
    """Stop orphans, by SIGTERM and after ``grace`` seconds by SIGKILL; gives those that are still there."""
    found = tuple(found)
    processes = []
    for orphan in found:
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(orphan.pid)
            if _marker(process) == orphan.marker:  # the number may belong to somebody else by now
                process.terminate()
                processes.append(process)
    _, left = psutil.wait_procs(processes, timeout=grace)
    for process in left:
        with contextlib.suppress(psutil.Error):
            process.kill()
    _, left = psutil.wait_procs(left, timeout=grace)
    pids = {process.pid for process in left if _runs(process)}
    return tuple(orphan for orphan in found if orphan.pid in pids)


def command(process: psutil.Process) -> str:
    """What a process runs, in one line that is not too long."""
    try:
        words = process.cmdline() or [process.name()]
    except psutil.Error:
        return "?"
    text = shlex.join(words)
    return text if len(text) <= _LONGEST_COMMAND else text[: _LONGEST_COMMAND - 1] + "…"


def _marked() -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        if _marker(process):
            yield process


def _marker(process: psutil.Process) -> str:
    try:
        return process.environ().get(VARIABLE, "")
    except (psutil.Error, OSError):
        return ""


def _starter_lives(marker: str) -> bool:
    pid, _, rest = marker.partition("-")
    created = rest.partition("-")[0]
    try:
        process = psutil.Process(int(pid))
        return int(process.create_time()) == int(created) and _runs(process)
    except (psutil.Error, ValueError):
        return False


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
