"""Runs and the report that carries them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from auditor.model.place import Place
from auditor.model.result import Result
from auditor.model.words import Outcome, Severity

EXIT_CLEAN, EXIT_RESULTS, EXIT_USAGE, EXIT_INCOMPLETE, EXIT_ESCALATE, EXIT_INTERRUPTED = 0, 1, 2, 3, 4, 130


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A framework or tool of the project: what was detected, and the evidence."""

    name: str
    version: str = ""
    scope: str = "."
    evidence: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What was looked at. ``skipped`` is reason -> number of files; ``failed`` files have an ``error`` result each."""

    selected: int
    scanned: int
    skipped: Mapping[str, int] = field(default_factory=dict)
    failed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One entry that applied, for "Gotchas checked": how many sites of each verdict, and the places as evidence."""

    gotcha: str
    title: str
    fails: int
    reviews: int
    passes: int
    places: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one producer found. ``tree`` is the digest of what was examined."""

    producer: str
    subject: str
    started: datetime
    seconds: float
    stack: tuple[Package, ...]
    tree: str
    results: tuple[Result, ...]
    counts: Mapping[str, int]
    coverage: Coverage
    checked: tuple[Checked, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def attempted(self) -> bool:
        """Whether the run looked at what it was there for; a scan always does.

        A validation did not when none of its own checks passed or failed, or when it never came to starting the application and nothing failed:
        what was skipped says nothing about production. What it decided of static findings is drawn from its checks and does not count for itself.
        """
        if self.producer != "validate":
            return True
        own = [result for result in self.results if result.check.startswith("runtime/") and result.suppression is None]
        if any(result.outcome is Outcome.FAIL for result in own):
            return True
        unstarted = any(result.check == "runtime/starts" and result.outcome is Outcome.SKIP for result in own)
        return not unstarted and any(result.outcome is Outcome.PASS for result in own)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """Who wrote the report."""

    name: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that was found in one invocation; every renderer reads this and nothing else."""

    tool: Tool
    root: str
    runs: tuple[Run, ...]

    @property
    def results(self) -> tuple[Result, ...]:
        """All results of all runs, in order."""
        return tuple(result for run in self.runs for result in run.results)

    def exit_status(self, *, fail_on: Severity, strict: bool = False) -> int:
        """0 clean, 1 results at or above ``fail_on`` (``strict`` counts reviews too), 3 something was not examined."""
        open_results = [result for result in self.results if result.suppression is None]
        if any(result.outcome is Outcome.ERROR for result in open_results) or not all(run.attempted for run in self.runs):
            return EXIT_INCOMPLETE
        for result in open_results:
            if result.outcome is Outcome.FAIL and result.severity.rank >= fail_on.rank:
                return EXIT_RESULTS
            if strict and result.outcome is Outcome.REVIEW:
                return EXIT_RESULTS
        return EXIT_CLEAN
