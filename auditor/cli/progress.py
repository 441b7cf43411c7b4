"""How far a validation is, on standard error: a line that moves at a terminal, a line for each check in a log, nothing with ``--quiet``."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from auditor.cli.output import say
from auditor.model import Outcome
from auditor.report.visible import visible
from auditor.runtime.progress import Progress, Silent

if TYPE_CHECKING:
    from rich.status import Status

_WORDS = {
    Outcome.FAIL: "fail",
    Outcome.PASS: "pass",
    Outcome.REVIEW: "review",
    Outcome.SKIP: "skipped",
    Outcome.ERROR: "not examined",
}
"""The outcomes in the order and in the words of the report."""


@contextlib.contextmanager
def watching(*, quiet: bool = False) -> Iterator[Progress]:
    """Give whom to tell; a line that moves is taken away when the context ends, so that it never stands in the report."""
    if quiet:
        yield Silent()
    elif _is_terminal():
        from rich.console import Console  # noqa: PLC0415 (a log needs no rich)

        with Console(stderr=True, highlight=False).status("starting") as status:
            yield Live(status)
    else:
        yield Lines()


class Lines:
    """Says one line for each check that has ended."""

    def __init__(self) -> None:
        self._began: dict[str, float] = {}

    def started(self, name: str) -> None:
        """Remember when."""
        self._began[name] = time.monotonic()

    def done(self, name: str, outcomes: Sequence[Outcome]) -> None:
        """Say how it ended and how long it took."""
        now = time.monotonic()
        seconds = now - self._began.pop(name, now)
        say(f"{_sign(outcomes)} {visible(name)}: {_told(outcomes)} ({seconds:.1f} s)")


class Live:
    """Keeps one line that names what is being looked at and what has failed so far."""

    def __init__(self, status: Status) -> None:
        self._status = status
        self._done = 0
        self._failed: list[str] = []
        self._name = ""

    def started(self, name: str) -> None:
        """Show its name."""
        self._name = name
        self._show()

    def done(self, name: str, outcomes: Sequence[Outcome]) -> None:
        """Count it."""
        self._done += 1
        if Outcome.FAIL in outcomes and name not in self._failed:
            self._failed.append(name)
        self._show()

    def _show(self) -> None:
        from rich.text import Text  # noqa: PLC0415 (as above)

        line = Text(visible(self._name), no_wrap=True, overflow="ellipsis")
        line.append(f"  {self._done} done", style="dim")
        if self._failed:
            line.append(f"  ✗ {visible(', '.join(self._failed))}", style="bold red")
        self._status.update(line)


def _sign(outcomes: Sequence[Outcome]) -> str:
    if Outcome.FAIL in outcomes:
        return "✗"
    if Outcome.ERROR in outcomes:
        return "!"
    return "✓" if Outcome.PASS in outcomes else "–"


def _told(outcomes: Sequence[Outcome]) -> str:
    figures = Counter(outcomes)
    return ", ".join(f"{figures[outcome]} {word}" for outcome, word in _WORDS.items() if figures[outcome]) or "nothing to look at"


def _is_terminal() -> bool:
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
