"""Only what is new since a commit: the tree of that commit is scanned too, as far as the findings of now ask for it.

A finding was there already when the old scan has one of the same entry, verdict and code in the same file, which rests on the same lines elsewhere.
All else counts: a line that was changed, a line it rests on that was changed, and a line nobody touched that fails because of a change in another
file. No diff is asked for what moved: lines that moved, and files that were renamed, hold the same code.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path, PurePosixPath

from auditor.model import Outcome, Place, Report, Result, Run, Suppression
from auditor.project.files import language_of
from auditor.project.revision import Laid, Revision, laid_out
from auditor.project.text import Unreadable, decode
from auditor.scan.figures import is_open, silenced
from auditor.scan.pairs import Finding, pairs
from auditor.scan.results import what
from auditor.scan.scanner import ScanOptions, scan


def apply(report: Report, at: Revision, *, root: Path, options: ScanOptions) -> Report:
    """``report``, of a scan of ``root`` with ``options``, with the findings suppressed (origin "since") that the tree at ``at`` has too.

    Raises UsageError when the commit cannot be read, GotchaAuditError when its tree cannot be laid out.
    """
    runs = tuple(_applied(run, at, root, options) if run.producer == "scan" else run for run in report.runs)
    return replace(report, runs=runs)


def _applied(run: Run, at: Revision, root: Path, options: ScanOptions) -> Run:
    positions = [position for position, result in enumerate(run.results) if is_open(result)]
    if not positions:
        return run  # nothing to tell old from new
    with laid_out(root, at) as old:
        asked = _asked([run.results[position] for position in positions], old, root, options)
        before = scan(old.root, asked).runs[0] if asked is not None else None
        lines, old_lines = _lines_of(root), _lines_of(old.root)
        found = [_finding(run.results[position], lines) for position in positions]
        known = [_finding(result, old_lines) for result in before.results if is_open(result)] if before is not None else []
        covered = pairs(found, known, moved=_mover(root, old.root))
        notes = _notes(at, old, before)
    suppression = Suppression(origin="since", reason=f"was there at {at}")
    judged = silenced(run, {positions[position]: suppression for position in covered}, notes=notes)
    return replace(judged, seconds=round(run.seconds + (before.seconds if before is not None else 0), 3))


def _asked(results: list[Result], old: Laid, root: Path, options: ScanOptions) -> ScanOptions | None:
    """What to ask of the old tree: the entries and the files that have findings now; None when it cannot hold any of them.

    A finding in a file that is not in the old tree may be one of a file that was renamed: then the whole tree is looked at.
    """
    paths = {result.place.path for result in results}
    there = sorted(path for path in paths if path is not None and os.path.lexists(old.root / path))
    nowhere = None in paths
    limited = not any((old.root / path).is_symlink() for path in there)  # a path is taken for what it leads to
    limited = limited and (len(there) == len(paths - {None}) or not _has_gone_files(old.root, root))
    if limited and not there and not nowhere:
        return None
    checks = {result.check for result in results}
    select = options.select if any(check.startswith("scan/") for check in checks) else tuple(sorted(checks))
    return replace(options, select=select, paths=tuple((old.root / path).absolute() for path in there) if limited and there else ())


def _has_gone_files(old: Path, root: Path) -> bool:
    """Whether any file of the old tree is not there now."""
    for folder, folders, files in os.walk(old):
        folders[:] = [name for name in folders if name != ".git"]
        here = os.path.relpath(folder, old)
        if any(not os.path.lexists(root / here / name) for name in files):
            return True
    return False


def _mover(root: Path, old: Path) -> Callable[[str, str], bool]:
    """A file was renamed, as far as its findings tell, when it is gone and the other one is not in the old tree."""

    @cache
    def is_gone(path: str) -> bool:
        return not os.path.lexists(root / path)

    @cache
    def is_fresh(path: str) -> bool:
        return not os.path.lexists(old / path)

    return lambda before, now: bool(before) and bool(now) and is_gone(before) and is_fresh(now)


def _finding(result: Result, lines: Callable[[Place], str]) -> Finding:
    trail = sorted(lines(place) for place in result.related if place.path is not None and place.span is not None)
    return Finding(
        check=result.check,
        path=str(result.place.path or ""),
        code=f"{what(result.fingerprint)}\0{lines(result.place)}",
        verdict=result.outcome,
        trail=tuple(trail),
        mark=result.fingerprint,
    )


def _lines_of(root: Path) -> Callable[[Place], str]:
    """Gives the lines of a place, without their spacing; "" where there are none."""

    @cache
    def text(path: PurePosixPath) -> list[str]:
        try:
            return decode((root / path).read_bytes(), language_of(path)).split("\n")
        except (OSError, ValueError, Unreadable):
            return []

    def lines(place: Place) -> str:
        if place.path is None or place.span is None:
            return ""
        return " ".join(" ".join(text(place.path)[place.span.start.line - 1 : place.span.end.line]).split())

    return lines


def _notes(at: Revision, old: Laid, before: Run | None) -> list[str]:
    notes = []
    if old.missing:
        notes.append(f"{old.missing} of the files at {at} could not be read; what is found in them counts as new")
    failed = {result.place.path for result in before.results if result.outcome is Outcome.ERROR} if before is not None else set()
    if failed:
        named = ", ".join(sorted(str(path or "a check") for path in failed)[:3])
        notes.append(f"{len(failed)} of the files at {at} could not be examined ({named}); what is found in them counts as new")
    return notes
