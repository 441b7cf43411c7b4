"""What a validation says in the end, and its figures; every format states them in the same words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum

from auditor.model import Outcome, Result, Run, Severity

NOT_ATTEMPTED = "not attempted"
"""How the message of a result begins that was skipped because something before it failed."""

OWN = "runtime/"
"""How the checks of a validation are named; its other results are static findings that it decided."""


class Verdict(StrEnum):
    """PASS only where everything that was looked at works and something was; INCOMPLETE where a check could not be carried out."""

    PASS = "PASS"  # noqa: S105 - a verdict, no password
    FAIL = "FAIL"
    INCOMPLETE = "INCOMPLETE"
    NOT_ATTEMPTED = "NOT ATTEMPTED"


def verdict(run: Run, *, fail_on: Severity = Severity.WARNING) -> Verdict:
    """What the run says about production: PASS stands for exit code 0, FAIL for a failure at or above ``fail_on``."""
    results = unsuppressed(run.results)
    if any(result.outcome is Outcome.FAIL and result.severity.rank >= fail_on.rank for result in results):
        return Verdict.FAIL
    if not run.attempted:
        return Verdict.NOT_ATTEMPTED
    if any(result.outcome is Outcome.ERROR for result in results):
        return Verdict.INCOMPLETE
    return Verdict.PASS


def verdict_line(run: Run, *, fail_on: Severity = Severity.WARNING) -> str:
    """One line: ``FAIL  2 fail, 14 pass, 3 skipped, 1 not attempted; 1 gotcha confirmed; 4.21 s``."""
    figures = tally(result for result in run.results if result.check.startswith(OWN))
    shown = {**figures, "fail": figures.get("fail", 0), "pass": figures.get("pass", 0)}
    parts = [", ".join(f"{shown[name]} {name}" for name in WORDS if name in shown)]
    decided = tally(result for result in run.results if not result.check.startswith(OWN))
    words = [f"{decided[name]} {word}" for name, word in (("fail", "confirmed"), ("pass", "refuted")) if decided.get(name)]
    if words:
        parts.append(f"gotchas: {', '.join(words)}")
    parts.append(f"{run.seconds:.2f} s")
    return f"{verdict(run, fail_on=fail_on)}  {'; '.join(parts)}"


WORDS = ("fail", "pass", "review", "not examined", "skipped", NOT_ATTEMPTED, "suppressed")
"""The words of ``tally``, in the order they are told."""


def tally(results: Iterable[Result]) -> Mapping[str, int]:
    """Results by word, those that occur only: a suppressed one counts as that, one that was not attempted is not a skipped one."""
    return Counter(word(result) for result in results)


def word(result: Result) -> str:
    """The word of ``WORDS`` for one result."""
    if result.suppression is not None:
        return "suppressed"
    if result.outcome is Outcome.SKIP:
        return NOT_ATTEMPTED if result.message.startswith(NOT_ATTEMPTED) else "skipped"
    return "not examined" if result.outcome is Outcome.ERROR else result.outcome.value


def unsuppressed(results: Iterable[Result]) -> list[Result]:
    """The results that count."""
    return [result for result in results if result.suppression is None]


def subject(result: Result) -> str:
    """What the result is about: a request, a variable, a line of the project with what is there."""
    place = result.place
    where = f"{place.path}:{place.line}" if place.path is not None and place.line else str(place)
    return where if place.path is None or not place.label else f"{where} {place.label}"
