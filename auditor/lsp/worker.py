"""The process that scans for the language server. It stays warm and makes a copy of itself for each job.

On standard input it takes frames: eight bytes with a length, then a pickled `Job`; a frame of length 0 gives up the job at hand. For each job it
writes one frame to standard output: a pickled `Answer`, or nothing when the job was given up. Both ends are this program. A copy that is given up
is asked to end, so that it stops what it started and removes its folders, and killed when it does not. The end of standard input means that the
server is gone: everything ends.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import pickle
import select
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

import psutil

if TYPE_CHECKING:
    from auditor.lsp.jobs import Answer

LENGTH = 8
LIMIT = 60.0
"""Seconds for one job."""

FORKS = hasattr(os, "fork")
"""Elsewhere the process scans by itself: a job cannot be given up, and its result is dropped instead."""

_PR_SET_CHILD_SUBREAPER = 36  # prctl(2)
_GRACE = 3.0
_TICK = 0.2
_AGAIN = 0.02
_ROUNDS = 100


class _GivenUp(BaseException):
    """The job is not wanted any more."""


class _Gone(Exception):  # noqa: N818 - as above
    """The server is not there any more."""


def main() -> None:
    """Answer jobs until standard input ends; then end at once, without tidying up what goes with the process."""
    jobs, answers = os.dup(0), os.dup(1)
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123 - a device, for its descriptor
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)  # whatever prints must not reach the pipe
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    _warm()
    with contextlib.suppress(_Gone, BrokenPipeError):
        while True:
            job = _frame(jobs)
            if job:
                _send(answers, _forked(job, jobs) if FORKS else _answer(job))
    os._exit(0)


def _warm() -> None:
    """Load what every scan needs, once."""
    from auditor.catalogue import load  # noqa: PLC0415 - the order of things in a process that is started for them
    from auditor.engines.python import examine as _  # noqa: F401, PLC0415
    from auditor.lsp import jobs as _jobs  # noqa: F401, PLC0415

    with contextlib.suppress(Exception):
        load()
    gc.freeze()


def _answer(job: bytes) -> bytes:
    from auditor.lsp.jobs import Answer, examine  # noqa: PLC0415 - see above

    try:
        return pickle.dumps(examine(pickle.loads(job)))  # noqa: S301 - from our own server
    except Exception as error:  # noqa: BLE001 - the one boundary: a bug of ours becomes a message
        return pickle.dumps(Answer(problem=f"internal error, a bug in gotcha-audit: {type(error).__name__}: {error}"))


def _forked(job: bytes, jobs: int) -> bytes:
    """The answer of a copy of this process; b"" when it was given up.

    The copy has a folder of its own for whatever it puts on disk, which is removed here: it may be given up between making one and knowing of it.
    """
    folder = tempfile.mkdtemp(prefix="gotcha-audit-")
    out, back = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(out)
        tempfile.tempdir = folder
        _copy(job, back)
    os.close(back)
    answer: bytes | None = None
    try:
        answer = _waited(out, jobs)
        return answer if answer is not None else pickle.dumps(_failed(f"the scan took longer than {LIMIT:g} s and was stopped"))
    finally:
        os.close(out)
        _end(child, answered=bool(answer))
        shutil.rmtree(folder, ignore_errors=True)


def _copy(job: bytes, back: int) -> NoReturn:
    """What the copy does. It never returns: being given up is raised where it is, so that one end is not enough."""

    def give_up(_signal: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise _GivenUp

    def swallowed(ignored: sys.UnraisableHookArgs) -> None:
        """What is raised in a hook of a fork or in a finalizer goes nowhere: it is raised again, a moment later."""
        if ignored.exc_type is _GivenUp:
            signal.signal(signal.SIGALRM, give_up)
            signal.setitimer(signal.ITIMER_REAL, _AGAIN)
        else:
            sys.__unraisablehook__(ignored)

    sys.unraisablehook = swallowed
    try:
        try:
            signal.signal(signal.SIGTERM, give_up)
            _send(back, _answer(job))
        finally:
            os._exit(0)
    finally:
        os._exit(0)


def _waited(out: int, jobs: int) -> bytes | None:
    """The frame of the copy; b"" when the job is not wanted any more, None when it took too long."""
    deadline, data = time.monotonic() + LIMIT, b""
    while time.monotonic() < deadline:
        ready, _, _ = select.select([out, jobs], [], [], _TICK)
        if jobs in ready:
            if _frame(jobs):
                raise _Gone  # two jobs at once: the server has lost count
            return b""
        if out in ready:
            part = os.read(out, 1 << 20)
            data += part
            if len(data) >= LENGTH and len(data) - LENGTH >= int.from_bytes(data[:LENGTH], "big"):
                return data[LENGTH:]
            if not part:
                return pickle.dumps(_failed("the scan crashed: run `gotcha-audit scan` on this project to see why"))
    return None


def _failed(problem: str) -> Answer:
    from auditor.lsp.jobs import Answer  # noqa: PLC0415 - see above

    return Answer(problem=problem)


def _end(child: int, *, answered: bool) -> None:
    """Let the copy end by itself when it has answered; else ask it to, kill it when it does not, and kill whatever it left."""
    if not answered:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGTERM)
    deadline = time.monotonic() + _GRACE
    while (ended := os.waitpid(child, os.WNOHANG) != (0, 0)) is False and time.monotonic() < deadline:
        time.sleep(0.005)
    if not answered or not ended:
        _sweep()


def _sweep() -> None:
    """Kill all that is left below this process, which is everything that a copy started: on Linux orphans come to it."""
    for _ in range(_ROUNDS):
        left = psutil.Process().children(recursive=True)
        if not left:
            return
        for process in left:
            with contextlib.suppress(psutil.Error):
                process.kill()
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG) != (0, 0):
                pass
        time.sleep(0.005)


# -- frames ------------------------------------------------------------------------------------------------------------------------


def _frame(source: int) -> bytes:
    return _exactly(source, int.from_bytes(_exactly(source, LENGTH), "big"))


def _exactly(source: int, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = os.read(source, size - len(data))
        if not part:
            raise _Gone
        data += part
    return data


def _send(target: int, data: bytes) -> None:
    rest = memoryview(len(data).to_bytes(LENGTH, "big") + data)
    while rest:
        rest = rest[os.write(target, rest) :]


def command() -> list[str]:
    """What starts this process: the same Python and the same package, and nothing of the folder it is started in."""
    package = str(Path(__file__).resolve().parent.parent.parent)
    program = "import sys; p = sys.argv[1]; p in sys.path or sys.path.insert(0, p); from auditor.lsp.worker import main; main()"
    return [sys.executable, "-P", "-c", program, package]
