"""Engines turn detectors into sites. Each is imported when there is work for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from auditor.engines.base import Findings, Work
from auditor.model import PythonDetector, SemgrepDetector, TextDetector


class Pending(Protocol):
    """An engine at work."""

    def finish(self) -> Findings:
        """Waits for the end and gives what was found."""

    def cancel(self) -> None:
        """Stops without a result."""


class _Nothing:
    def finish(self) -> Findings:
        return Findings()

    def cancel(self) -> None:
        return None


def _has(work: Work, kind: type) -> bool:
    return any(isinstance(detector, kind) for gotcha in work.gotchas for detector in gotcha.detectors)


def semgrep_start(work: Work) -> Pending:
    """Starts semgrep for the detectors that need it; nothing is started when none has a candidate file."""
    if not _has(work, SemgrepDetector):
        return _Nothing()
    from auditor.engines.semgrep import start  # noqa: PLC0415 - only projects with such files pay for it

    return start(work)


def python_run(work: Work, *, jobs: int, timeout: float) -> Findings:
    """Runs the Python detectors."""
    if not _has(work, PythonDetector):
        return Findings()
    from auditor.engines.python.engine import run  # noqa: PLC0415

    return run(work, jobs=jobs, timeout=timeout)


def text_run(work: Work) -> Findings:
    """Runs the text detectors."""
    if not _has(work, TextDetector):
        return Findings()
    from auditor.engines.text import run  # noqa: PLC0415

    return run(work)


ENGINES: dict[str, Callable[..., Findings | Pending]] = {"python": python_run, "semgrep": semgrep_start, "text": text_run}

__all__ = ["ENGINES", "Pending", "python_run", "semgrep_start", "text_run"]
