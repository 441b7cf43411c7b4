"""One call of our own command line, in a process of its own.

A scan forks workers, a plan means the current directory, a validation starts an application: none of that goes well in a server that has threads
and serves several calls at once. A process for each call can be ended at any moment with all that it started, keeps its memory to itself, and says
word for word what the command says at a terminal. It costs a few tenths of a second.

The process runs behind a warden (``auditor.processes``), so nothing is left even when the server itself is killed.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import anyio

import auditor
from auditor.errors import GotchaAuditError
from auditor.mcp.stdio import apart
from auditor.processes import Application

TIDY = 5.0
"""Seconds that a call which is ended early gets to stop its application and to remove its copies."""
HEARTBEAT = 5.0
"""Seconds after which something is said of a call that says nothing itself."""
_MAX_ANSWER = 200_000_000
_TICK = 0.03
_NAME = "gotcha-audit: "

_MAIN = "import sys; place = sys.argv.pop(1); place in sys.path or sys.path.insert(0, place); from auditor.cli import main; sys.exit(main())"
"""Not ``-m auditor``: the current directory belongs to the project, and nothing is to be imported from it."""
_INTO_FILE = ("/bin/sh", "-c", 'file=$1; shift; exec "$@" >"$file"', "sh")

Say = Callable[[str], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """What came of a call: its exit code, its answer read as JSON (None when there is none), and what it said to people."""

    code: int
    answer: object
    said: tuple[str, ...]

    @property
    def error(self) -> str:
        """The error message among what was said, without our name; "" when there is none."""
        starts = [number for number, line in enumerate(self.said) if line.startswith(_NAME)]
        return "\n".join(self.said[starts[-1] :]).removeprefix(_NAME).strip() if starts else ""


async def call(words: Sequence[str], *, folder: Path, limit: float, say: Say) -> Called:
    """Run ``gotcha-audit WORDS`` in ``folder`` for ``limit`` seconds at most; ``say`` is told each line that it says meanwhile.

    When the caller is cancelled, the process and everything that it started is stopped first. Raises GotchaAuditError when it cannot be started, does
    not end in time, or is killed by somebody else.
    """
    with tempfile.TemporaryDirectory(prefix="gotcha-audit-mcp-") as name:
        file = Path(name, "answer")
        command = (*_INTO_FILE, str(file), sys.executable, "-P", "-c", _MAIN, str(Path(auditor.__file__).parent.parent), *words)
        in_time, code, said = await _run(command, folder=folder, limit=limit, say=say)
        if not in_time:
            raise GotchaAuditError(
                f"`{words[0]}` did not end within {limit:g} s and was stopped, with everything that it had started; allow more with time_limit"
            )
        if code is None or code < 0:
            by = "its supervisor was killed" if code is None else f"it was killed by signal {-code}"
            raise GotchaAuditError(f"`{words[0]}` gave no result: {by}. Try it again")
        return Called(code=code, answer=await apart(lambda: _read(file)), said=said)


async def _run(command: Sequence[str], *, folder: Path, limit: float, say: Say) -> tuple[bool, int | None, tuple[str, ...]]:
    """Whether it ended within ``limit``, its exit code, and the lines on standard error."""
    try:
        with anyio.CancelScope(shield=True):  # cancelled or not, whatever was started has a name
            application = await apart(lambda: Application(command, folder=folder, environment=os.environ, port=0))
    except OSError as error:
        raise GotchaAuditError(f"no process could be started: {error.strerror or error}") from error
    try:
        if application.failure:
            raise GotchaAuditError(f"the command could not be started in {folder}: {application.failure}")
        in_time = await _watched(application, limit, say)
        if in_time:
            await apart(application.drain)
        return in_time, application.code, tuple(line.text for line in application.lines)
    finally:
        with anyio.CancelScope(shield=True):
            await apart(lambda: _end(application))


async def _watched(application: Application, limit: float, say: Say) -> bool:
    """Wait for the end, and hand on what is said until then; whether it came in time."""
    began = heard = time.monotonic()
    told = 0
    while application.alive:
        now = time.monotonic()
        if now - began >= limit:
            return False
        fresh = application.lines[told:]
        for line in fresh:
            await say(line.text)
        told += len(fresh)
        if fresh:
            heard = now
        elif now - heard >= HEARTBEAT:
            heard = now
            await say(f"at work for {now - began:.0f} s")
        await anyio.sleep(_TICK)
    return True


def _end(application: Application) -> None:
    if application.alive:
        application.interrupt(grace=TIDY)
    application.stop(grace=0)


def _read(file: Path) -> object:
    """The answer, None when there is none or it is no JSON."""
    try:
        if file.stat().st_size > _MAX_ANSWER:
            raise GotchaAuditError(f"the report has more than {_MAX_ANSWER:,} bytes: narrow it with `select`, `files` or a smaller `path`")
        return json.loads(file.read_bytes())
    except (OSError, ValueError):
        return None
