"""Run a command for evidence: bounded in time and output, and nothing that it started is left."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from auditor.processes import Application
from auditor.report.masking import mask

LIMIT = 600.0
"""Seconds a command may take unless told otherwise."""
TAIL = 40
_ONE_PIPE = ("/bin/sh", "-c", 'exec "$@" 2>&1', "sh")
"""Both streams into one pipe, so that lines stay in the order in which they were written and a summary in one piece."""
_SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASS|CREDENTIAL", re.IGNORECASE)
_SHORTEST_SECRET = 6
_LEFT_OUT = re.compile(r"… \d+ lines left out …")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What was run, and what came of it.

    ``code`` is the exit code (negative: killed by that signal), None when it could not be started or did not end in time; ``failure`` says why it
    could not be started. ``started`` and ``ended`` are ISO 8601 in UTC, ``seconds`` is measured by a clock that never goes back. ``lines`` are its
    output in the order in which it arrived, secrets masked; ``digest`` is the SHA-256 of them as they are kept. ``flooded`` says that lines had to
    be left out, ``left`` names processes that could not be ended.
    """

    argv: tuple[str, ...]
    cwd: Path
    code: int | None
    started: str
    ended: str
    seconds: float
    lines: tuple[str, ...]
    timed_out: bool
    flooded: bool
    failure: str = ""
    left: tuple[str, ...] = ()

    @property
    def tail(self) -> tuple[str, ...]:
        """The last lines."""
        return self.lines[-TAIL:]

    @property
    def log(self) -> bytes:
        """The output as it is kept."""
        return kept(self.lines)

    @property
    def digest(self) -> str:
        """SHA-256 of the log."""
        return hashlib.sha256(self.log).hexdigest()


def _check_startable(argv: Sequence[str], cwd: Path, environment: Mapping[str, str]) -> None:
    """Raise OSError or ValueError for a command that is not there: the shell in between would only say it in its output."""
    first = argv[0]
    found = shutil.which(str(cwd / first) if "/" in first else first, path=environment.get("PATH", os.defpath))
    if not found:
        raise FileNotFoundError(2, "there is no such program")


def kept(lines: Sequence[str]) -> bytes:
    """The bytes of a log file that holds these lines."""
    return "".join(line + "\n" for line in lines).encode("utf-8", "backslashreplace")


def run(argv: Sequence[str], cwd: Path, *, limit: float = LIMIT, environment: Mapping[str, str] | None = None) -> Ran:
    """Run ``argv`` in ``cwd`` for at most ``limit`` seconds and give what came of it; raises nothing for what the command does.

    The environment is that of the caller unless another is given: tests need it. Standard input is empty.
    """
    own = dict(os.environ if environment is None else environment)
    started, clock = datetime.now(UTC), time.monotonic()
    try:
        _check_startable(argv, cwd, own)
        with Application((*_ONE_PIPE, *argv), folder=cwd, environment=own, port=0) as application:
            in_time = application.wait(limit) or bool(application.failure)
            seconds = time.monotonic() - clock
            code = application.code if in_time else None
            if in_time:
                application.drain()
            stopped = application.stop(grace=0)
            printed = tuple(line.text for line in application.lines)
            failure, left = application.failure, tuple(map(str, stopped.survivors))
    except (OSError, ValueError) as error:
        in_time, seconds, code, printed, left = True, time.monotonic() - clock, None, (), ()
        failure = f"{getattr(error, 'strerror', None) or error}"
    secrets = secret_values(own)
    return Ran(
        argv=tuple(argv),
        cwd=cwd,
        code=code,
        started=started.isoformat(timespec="milliseconds"),
        ended=datetime.now(UTC).isoformat(timespec="milliseconds"),
        seconds=round(seconds, 3),
        lines=tuple(masked(line, secrets) for line in printed),
        timed_out=not in_time,
        flooded=any(_LEFT_OUT.fullmatch(line) for line in printed),
        failure=failure,
        left=left,
    )


def secret_values(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The values of variables that a name gives away as secret, the longest first; short ones would mask half of the output."""
    found = {value for name, value in environment.items() if _SECRET_NAME.search(name) and len(value) >= _SHORTEST_SECRET and "\n" not in value}
    return tuple(sorted(found, key=lambda value: (-len(value), value)))


def masked(line: str, secrets: Sequence[str]) -> str:
    """One line as it may be kept: on its own, so that a quote that is left open hides no line after it."""
    for value in secrets:
        line = line.replace(value, "***")
    return mask(_CONTROL.sub("\ufffd", line.replace("\r", "\n").rsplit("\n", maxsplit=1)[-1]))
