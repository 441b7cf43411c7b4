"""The failures of a report as one list, for formats that know one list of findings and nothing of runs.

A validation states again what it confirmed of the scan. Here that is one finding, in the words of the validation, which say more; and every
finding has a fingerprint of its own and a file, because code hosts show nothing without one.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from auditor.model import Outcome, Place, Report, Result, Run
from auditor.report.view import View

ROOT = PurePosixPath()
"""The root itself, for a finding that belongs to no file at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One failure, suppressed or not.

    ``place`` always has a path, below the repository; ``exact`` says that the failure is there, and not only shown there.
    """

    run: Run
    result: Result
    place: Place
    exact: bool
    fingerprint: str


def findings(report: Report, view: View) -> tuple[Finding, ...]:
    """Every failure of every run, each once, in the order of the report."""
    found: dict[str, Finding] = {}
    for run in report.runs:
        for result, identity in identified(run):
            if result.outcome is not Outcome.FAIL or (result.suppression is not None and not view.suppressed):
                continue
            place, exact = shown(result, view)
            found[identity] = Finding(run=run, result=result, place=place, exact=exact, fingerprint=identity)
    return tuple(found.values())


def identified(run: Run) -> Iterator[tuple[Result, str]]:
    """The results of a run, each with a fingerprint that no other of them has: its own, or one made of what it is about."""
    seen: Counter[str] = Counter()
    for result in run.results:
        identity = result.fingerprint or _made("\0".join((result.check, str(result.place.path or ""), result.place.label, result.message)))
        seen[identity] += 1
        yield result, identity if seen[identity] == 1 else _made(f"{identity}\0{seen[identity]}")


def shown(result: Result, view: View) -> tuple[Place, bool]:
    """Where a result is shown, below the repository, and whether it is there.

    A result about a request or a command is shown at its likely cause or where the application is started, else at the file that stands for the
    project.
    """
    if result.place.path is not None:
        return below(result.place, view), True
    near = next((place for place in result.related if place.path is not None), None)
    if near is not None:
        return replace(below(near, view), label=result.place.label), False
    return below(Place(path=view.anchor or ROOT, label=result.place.label), view), False


def below(place: Place, view: View) -> Place:
    """The place with its path relative to the repository instead of to the root that was examined."""
    return place if place.path is None else replace(place, path=view.prefix / place.path)


def _made(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:20]
