"""Regular expressions over the lines of configuration files."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from pathlib import PurePosixPath

from auditor.engines import pool
from auditor.engines.base import Findings, Trouble, Work
from auditor.engines.comments import comment_spans
from auditor.engines.sites import Found, applies_to, globs, settle
from auditor.model import Outcome, Place, Position, Span, TextDetector
from auditor.project.project import Project
from auditor.project.text import Unreadable

LONGEST_LINE = 20_000
"""Longer lines are no configuration that anybody wrote; they are left out and counted."""

_Search = tuple[int, int, Outcome, str]
"""Entry, detector, the verdict of a match, regular expression."""


@dataclass(frozen=True, slots=True)
class _Task:
    path: PurePosixPath
    language: str
    searches: tuple[_Search, ...]


@dataclass(frozen=True, slots=True)
class _Raw:
    """A match as a worker gives it back."""

    entry: int
    detector: int
    outcome: Outcome
    span: Span
    source: str
    groups: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Answer:
    matches: tuple[_Raw, ...] = ()
    left_out: int = 0
    unreadable: str = ""


def run(work: Work) -> Findings:
    """Every site of the text detectors in the production files that match their `paths`.

    A pattern is searched in each line by itself, unless it starts with `(?s)`: then in the file as a whole, `^` and `$` still standing for
    lines. Matches that begin in a comment are none. Named groups are bound to `$NAME`. Files are searched in a worker that is killed when a
    pattern takes too long, which is a trouble of that file.
    """
    tasks = tuple(_tasks(work))
    found: list[Found] = []
    troubles: list[Trouble] = []
    left_out = 0
    for task, answer in pool.run(tasks, partial(_make, work.project), jobs=1, timeout=work.project.config.file_timeout):
        if isinstance(answer, pool.Failure):
            check = "scan/timeout" if answer.kind == "timeout" else "scan/crash"
            ids = ", ".join(sorted({work.gotchas[entry].id for entry, *_ in task.searches}))
            troubles.append(Trouble(check=check, place=Place(path=task.path), message=f"{answer.message} (searched for {ids})"))
            continue
        if answer.unreadable:
            troubles.append(Trouble(check="scan/unreadable", place=Place(path=task.path), message=answer.unreadable))
        left_out += answer.left_out
        found += [_found(work, task.path, raw) for raw in answer.matches]
    sites, judged = settle(work.project, found)
    notes = (f"lines of more than {LONGEST_LINE} characters left out of text searches: {left_out}",) if left_out else ()
    return Findings(
        sites=sites,
        troubles=(*troubles, *judged),
        notes=notes,
        counts=(("files searched as text", len(tasks)),) if tasks else (),
    )


def _tasks(work: Work) -> Iterator[_Task]:
    detectors = [
        (entry, position, gotcha, detector)
        for entry, gotcha in enumerate(work.gotchas)
        for position, detector in enumerate(gotcha.detectors)
        if isinstance(detector, TextDetector)
    ]
    for path in work.files:
        file = work.project.file(path)
        if file is None or file.role != "production":
            continue
        searches: list[_Search] = []
        for entry, position, gotcha, detector in detectors:
            if globs(detector.paths).match_file(str(path)) and applies_to(work.project, gotcha, file):
                searches.append((entry, position, Outcome.FAIL, detector.fails))
                if detector.works is not None:
                    searches.append((entry, position, Outcome.PASS, detector.works))
        if searches:
            yield _Task(path, file.language, tuple(searches))


def _make(project: Project) -> Callable[[_Task], _Answer]:
    return partial(_search_file, project)


def _search_file(project: Project, task: _Task) -> _Answer:
    try:
        text = project.text(task.path)
    except Unreadable as error:
        return _Answer(unreadable=error.reason)
    return search(text, task.language, task.searches)


def search(text: str, language: str, searches: tuple[_Search, ...]) -> _Answer:
    """The matches in one text; lines that are too long count as empty."""
    lines = text.split("\n")
    kept = [line if len(line) <= LONGEST_LINE else "" for line in lines]
    whole = "\n".join(kept)
    starts = (0, *accumulate(len(line) + 1 for line in kept))
    comments = comment_spans(whole, language)
    matches: list[_Raw] = []
    for entry, detector, outcome, pattern in searches:
        compiled = re.compile(pattern, re.MULTILINE)
        if compiled.flags & re.DOTALL:
            found = ((0, match) for match in compiled.finditer(whole))
        else:
            found = ((index, match) for index, line in enumerate(kept) for match in compiled.finditer(line))
        for index, match in found:
            begin, end = starts[index] + match.start(), starts[index] + match.end()
            if begin < end and any(first <= begin < last for first, last in comments):
                continue
            groups = tuple((f"${name.upper()}", value) for name, value in match.groupdict().items() if value is not None)
            matches.append(_Raw(entry, detector, outcome, _span(starts, begin, max(end, begin)), match[0], groups))
    return _Answer(matches=tuple(matches), left_out=sum(len(line) > LONGEST_LINE for line in lines))


def _span(starts: tuple[int, ...], begin: int, end: int) -> Span:
    first, last = _position(starts, begin), _position(starts, end)
    return Span(start=first, end=last if first < last else Position(line=first.line, column=first.column + 1))


def _position(starts: tuple[int, ...], offset: int) -> Position:
    line = bisect_right(starts, offset, hi=len(starts) - 1)
    return Position(line=line, column=offset - starts[line - 1] + 1)


def _found(work: Work, path: PurePosixPath, raw: _Raw) -> Found:
    gotcha = work.gotchas[raw.entry]
    detector = gotcha.detectors[raw.detector]
    assert isinstance(detector, TextDetector)
    return Found(
        gotcha=gotcha,
        detector=detector,
        outcome=raw.outcome,
        path=path,
        span=raw.span,
        source=raw.source,
        bindings=dict(raw.groups),
    )
