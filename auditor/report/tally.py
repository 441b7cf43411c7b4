"""The figures every format states in the same words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from auditor.model import Outcome, Report, Result


def count(results: Iterable[Result]) -> Counter[str]:
    """Results by outcome; a suppressed one counts as ``suppressed`` and nothing else."""
    return Counter("suppressed" if result.suppression else result.outcome.value for result in results)


def summary(report: Report) -> str:
    """One line: ``2 fail, 1 review, 5 pass, 1 suppressed; 12 files in 0.42 s``; what was not examined is named where there is any."""
    counts = count(report.results)
    parts = [f"{counts[name]} {name}" for name in (Outcome.FAIL, Outcome.REVIEW, Outcome.PASS)]
    if counts[Outcome.ERROR]:
        parts.append(f"{counts[Outcome.ERROR]} not examined")
    parts.append(f"{counts['suppressed']} suppressed")
    files = sum(run.coverage.scanned for run in report.runs)
    seconds = sum(run.seconds for run in report.runs)
    return f"{', '.join(parts)}; {plural(files, 'file')} in {seconds:.2f} s"


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


def plural(number: int, noun: str) -> str:
    """``1 file``, ``2 files``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
