"""Work that ends by itself, is killed, or crashes, and in no case holds up whoever waits for it.

A client shows nothing of a tool while a hook of it runs (https://github.com/anthropics/claude-code/issues/70455), and code that holds the
interpreter's lock hears no signal. So the work is done in a child process, and everything that the child started ends with it.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import time
from collections.abc import Callable

_MOST_BYTES = 1_000_000


def limited(work: Callable[[], bytes], seconds: float) -> bytes | None:
    """What ``work`` gives, None when it takes longer or its process dies. Where processes cannot fork it is done here, without a limit."""
    if not hasattr(os, "fork"):
        return work()
    reader, writer = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        _in_child(work, reader, writer, seconds)
    os.close(writer)
    try:
        answer = _read(reader, time.monotonic() + seconds)
    finally:
        os.close(reader)
        if not _ended(child):
            _kill(child)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(child, 0)
    return answer


def _in_child(work: Callable[[], bytes], reader: int, writer: int, seconds: float) -> None:
    """Never returns: the interpreter of the parent, with all that it would do at its end, is the parent's business.

    The kernel ends it soon after the limit even where nobody is left to do so, because the client has killed the parent.
    """
    status = 1
    try:
        os.close(reader)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, seconds + 2)
        with contextlib.suppress(OSError):
            os.setpgid(0, 0)
        answer = work()
        with os.fdopen(writer, "wb") as stream:
            stream.write(len(answer).to_bytes(8, "big") + answer)
        status = 0
    finally:
        os._exit(status)


def _read(reader: int, deadline: float) -> bytes | None:
    found = b""
    while (left := deadline - time.monotonic()) > 0:
        ready, _, _ = select.select([reader], [], [], left)
        if not ready:
            return None
        part = os.read(reader, 65536)
        found += part
        wanted = int.from_bytes(found[:8], "big") + 8 if len(found) >= 8 else None
        if wanted is not None and wanted > _MOST_BYTES:
            return None
        if wanted == len(found):
            return found[8:]
        if not part:
            return None
    return None


def _ended(child: int) -> bool:
    """Whether the child is gone; one that has answered is about to be."""
    for _ in range(20):
        try:
            if os.waitpid(child, os.WNOHANG)[0]:
                return True
        except ChildProcessError:
            return True
        time.sleep(0.001)
    return False


def _kill(child: int) -> None:
    """The child, its group, and those of its descendants that left the group, as semgrep does."""
    import psutil  # noqa: PLC0415 - needed at the limit alone

    try:
        family = psutil.Process(child).children(recursive=True)
    except psutil.Error:
        family = []
    with contextlib.suppress(OSError):
        os.killpg(child, signal.SIGKILL)
    with contextlib.suppress(OSError):
        os.kill(child, signal.SIGKILL)
    for process in family:
        with contextlib.suppress(psutil.Error):
            process.kill()
