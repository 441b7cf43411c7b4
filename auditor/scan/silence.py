"""Suppression comments and per-path ignores; both need a reason, and unused or malformed comments are results themselves."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from auditor.catalogue import Catalogue
from auditor.model import Confidence, Gotcha, Outcome, Place, Result, Severity, Span, Suppression
from auditor.project.globs import Globs
from auditor.project.project import Project
from auditor.project.suppression import Comment, suppressions
from auditor.project.text import Unreadable
from auditor.scan.results import fingerprint

_MARK = re.compile(rb"gotcha", re.IGNORECASE)  # what is written about it is for `suppressions` to judge


def silence(project: Project, catalogue: Catalogue, gotchas: tuple[Gotcha, ...], found: tuple[tuple[Result, Span | None], ...]) -> tuple[Result, ...]:
    """The results with suppressions applied, plus one for each comment that is malformed or silences nothing, in order.

    ``found`` pairs each result with the span of its statement: a comment on any of its lines counts.
    """
    comments = dict(_comments(project))
    used: set[Place] = set()
    silenced = [_by_path(project, _by_comment(catalogue, comments, result, scope, used)) for result, scope in found]
    # Where something could not be examined, a comment may be right although nothing was found.
    broken = {result.place.path for result, _ in found if result.outcome is Outcome.ERROR}
    ran = {gotcha.id for gotcha in gotchas}
    extra = []
    for path in sorted(comments):
        seen: Counter[tuple[str, str]] = Counter()
        certain = ran if not broken & {path, None} else set()
        extra += [_fault(check, message, place, seen) for check, message, place in _faults(catalogue, comments[path], used, certain)]
    return tuple(sorted((*silenced, *extra), key=lambda result: (str(result.place.path or ""), result.place.line, result.place.column, result.check)))


def _comments(project: Project) -> Iterator[tuple[PurePosixPath, tuple[Comment, ...]]]:
    for file in project.files:
        try:
            if file.role != "production" or not _MARK.search(project.data(file.path)):
                continue  # what is not examined needs no suppression
            found = suppressions(project.text(file.path), file.language)
        except Unreadable:
            continue  # reported by whoever had to examine it
        yield file.path, tuple(replace(comment, place=replace(comment.place, path=file.path)) for comment in found)


def _names(catalogue: Catalogue, wanted: str, check: str) -> bool:
    gotcha = catalogue.get(wanted)
    return wanted == check or (gotcha is not None and gotcha.id == check)


def _by_comment(
    catalogue: Catalogue, comments: dict[PurePosixPath, tuple[Comment, ...]], result: Result, scope: Span | None, used: set[Place]
) -> Result:
    if result.place.path is None or result.outcome not in (Outcome.FAIL, Outcome.REVIEW, Outcome.ERROR):
        return result
    lines = {line for span in (result.place.span, scope) if span for line in range(span.start.line, span.end.line + 1)}
    for comment in comments.get(result.place.path, ()):
        if not comment.problem and comment.lines & lines and any(_names(catalogue, wanted, result.check) for wanted in comment.ids):
            used.add(comment.place)
            return result.suppressed(Suppression(origin="comment", reason=comment.reason, place=comment.place))
    return result


def _by_path(project: Project, result: Result) -> Result:
    if result.suppression is not None or result.place.path is None or result.outcome not in (Outcome.FAIL, Outcome.REVIEW):
        return result
    for ignore in project.config.per_path_ignores:
        if any(fnmatchcase(result.check, wanted) for wanted in ignore.ids) and Globs(ignore.paths).match_file(str(result.place.path)):
            return result.suppressed(Suppression(origin="config", reason=ignore.reason))
    return result


_PROBLEMS = {
    "blanket": ("scan/blanket-suppression", "names no gotcha: write `gotcha: ignore[stack/id] -- reason`"),
    "no reason": ("scan/suppression-without-reason", "gives no reason: end it with `-- why this is fine here`"),
    "malformed": ("scan/malformed-suppression", "is not understood: write `gotcha: ignore[stack/id] -- reason`"),
}


def _faults(catalogue: Catalogue, comments: Iterable[Comment], used: set[Place], ran: set[str]) -> Iterator[tuple[str, str, Place]]:
    for comment in comments:
        if comment.problem:
            check, message = _PROBLEMS[comment.problem]
            yield check, f"this suppression {message}; until then it silences nothing", comment.place
            continue
        for wanted in comment.ids:
            gotcha = catalogue.get(wanted)
            if gotcha is None and wanted.split("/")[0] != "scan":
                yield "scan/unknown-suppression", f"there is no gotcha {wanted}: see `gotcha-audit catalogue list`", comment.place
            elif comment.place not in used and gotcha is not None and gotcha.id in ran:
                yield "scan/unused-suppression", f"nothing here fails {wanted}: remove this suppression", comment.place


def _fault(check: str, message: str, place: Place, seen: Counter[tuple[str, str]]) -> Result:
    seen[check, message] += 1
    return Result(
        check=check,
        outcome=Outcome.FAIL,
        message=message,
        place=place,
        severity=Severity.WARNING,
        confidence=Confidence.HIGH,
        fingerprint=fingerprint(check, str(place.path), message, seen[check, message]),
    )
