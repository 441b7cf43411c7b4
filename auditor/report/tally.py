"""The figures every format states in the same words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from auditor.model import Outcome, Report, Result, Run, Severity
from auditor.report.verdict import verdict_line


def count(results: Iterable[Result]) -> Counter[str]:
    """Results by outcome; a suppressed one counts as ``suppressed`` and nothing else."""
    return Counter("suppressed" if result.suppression else result.outcome.value for result in results)


def summary(report: Report, *, fail_on: Severity = Severity.WARNING) -> str:
    """One line: ``2 fail, 1 review, 5 pass, 1 suppressed; 12 files in 0.42 s``; what was not examined is named where there is any.

    A validation adds its verdict line, which speaks of no files.
    """
    scans = [run for run in report.runs if run.producer != "validate"]
    lines = [" ".join(verdict_line(run, fail_on=fail_on).split()) for run in report.runs if run.producer == "validate"]
    return "; ".join([*([_scanned(scans)] if scans or not lines else []), *lines])


def _scanned(runs: Sequence[Run]) -> str:
    counts = count(result for run in runs for result in run.results)
    parts = [f"{counts[name]} {name}" for name in (Outcome.FAIL, Outcome.REVIEW, Outcome.PASS)]
    if counts[Outcome.ERROR]:
        parts.append(f"{counts[Outcome.ERROR]} not examined")
    parts.append(f"{counts['suppressed']} suppressed{by_whom(runs)}")
    files = sum(run.coverage.scanned for run in runs)
    seconds = sum(run.seconds for run in runs)
    return f"{', '.join(parts)}; {plural(files, 'file')} in {seconds:.2f} s"


def by_whom(runs: Iterable[Run]) -> str:
    """`` (2 baseline, 1 comment)``: who silenced the results, the words of `Suppression.origin`; nothing where nothing is silenced."""
    origins = Counter(result.suppression.origin for run in runs for result in run.results if result.suppression)
    named = ", ".join(f"{number} {origin}" for origin, number in sorted(origins.items()))
    return f" ({named})" if named else ""


def coverage_line(report: Report) -> str:
    """One line: files selected, scanned, skipped with the reasons, and failed."""
    selected = sum(run.coverage.selected for run in report.runs)
    scanned = sum(run.coverage.scanned for run in report.runs)
    failed = sum(run.coverage.failed for run in report.runs)
    skipped: Counter[str] = Counter()
    for run in report.runs:
        skipped.update(run.coverage.skipped)
    reasons = ", ".join(f"{number} {reason}" for reason, number in sorted(skipped.items()) if number)
    left_out = f"{sum(skipped.values())} skipped ({reasons})" if reasons else "0 skipped"
    return f"{selected} selected, {scanned} scanned, {left_out}, {failed} failed"


def plural(number: int, noun: str, many: str = "") -> str:
    """``1 file``, ``2 files``; ``many`` is a plural without a plain s."""
    return f"{number} {noun}" if number == 1 else f"{number} {many or f'{noun}s'}"
