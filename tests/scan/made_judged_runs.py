"""Scans made by hand: lines of code, each with the verdict it gets, as the report of a scan."""

from datetime import UTC, datetime
from pathlib import PurePosixPath

from made_examined import MemoryProject
from made_work import entry

from auditor.model import Checked, Coverage, Outcome, Place, Report, Run, Site, Tool, span_of
from auditor.scan.results import from_sites, from_troubles

CHECK = "made/entry"


def run_of(files, troubles=(), checked=(CHECK,)):
    """The run of a scan of ``files``: path -> lines, each (text, verdict or None)."""
    texts = {path: "\n".join(text for text, _ in lines).encode() for path, lines in files.items()}
    sites = [
        Site(gotcha=CHECK, outcome=verdict, message=f"line {number} says {text.strip()}", place=Place(path=PurePosixPath(path), span=span_of(number)))
        for path, lines in files.items()
        for number, (text, verdict) in enumerate(lines, 1)
        if verdict is not None
    ]
    results = tuple(result for result, _ in from_sites(MemoryProject(texts), {CHECK: entry(called=CHECK)}, sites))
    return made_run((*results, *from_troubles(troubles)), checked)


def made_run(results, checked=(CHECK,)):
    counts = {outcome.value: sum(result.outcome is outcome for result in results) for outcome in Outcome} | {
        "suppressed": 0,
        "files read for facts": 3,
    }
    return Run(
        producer="scan",
        subject=".",
        started=datetime(2026, 1, 1, tzinfo=UTC),
        seconds=0.1,
        stack=(),
        tree="",
        results=tuple(results),
        counts=counts,
        coverage=Coverage(selected=1, scanned=1),
        checked=tuple(_checked(name, results) for name in checked),
    )


def _checked(name, results):
    of = {outcome: [result.place for result in results if result.check == name and result.outcome is outcome] for outcome in Outcome}
    places = (*of[Outcome.FAIL], *of[Outcome.REVIEW], *of[Outcome.PASS])
    return Checked(gotcha=name, title=name, fails=len(of[Outcome.FAIL]), reviews=len(of[Outcome.REVIEW]), passes=len(of[Outcome.PASS]), places=places)


def report_of(run):
    return Report(tool=Tool(name="gotcha-audit", version="0"), root=".", runs=(run,))
