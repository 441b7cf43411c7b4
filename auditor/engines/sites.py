"""From what a pattern matched to a site: message, judge, the WORKS form. Shared by the engines that match text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath

from auditor.checks import JUDGES, Match, Verdict
from auditor.engines.base import Trouble
from auditor.engines.templates import fill
from auditor.model import Change, Gotcha, Outcome, Place, Requirement, Safety, SemgrepDetector, Site, Span, TextDetector
from auditor.project.files import SourceFile
from auditor.project.globs import Globs
from auditor.project.project import Project
from auditor.project.text import Unreadable

_WORKS = "is in a form that works"
_PACKAGED = frozenset({"javascript", "typescript", "tsx", "vue", "svelte", "astro", "html", "css", "json"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One match of a detector: where, the source it covers, and the source text bound to its metavariables."""

    gotcha: Gotcha
    detector: SemgrepDetector | TextDetector
    outcome: Outcome
    path: PurePosixPath
    span: Span
    source: str
    bindings: Mapping[str, str]


def settle(project: Project, found: Iterable[Found]) -> tuple[tuple[Site, ...], tuple[Trouble, ...]]:
    """The sites that `found` stands for once the judges have spoken, in order.

    A WORKS match is dropped where the same entry has another verdict on a part of the same code. A judge that cannot read a file, or that has
    a defect, costs that one site, which becomes a trouble.
    """
    sites: list[Site] = []
    troubles: list[Trouble] = []
    for match in _without_echoes(found):
        try:
            site = _site(project, match)
        except Unreadable as error:
            troubles.append(Trouble(check="scan/unreadable", place=Place(path=match.path), message=error.reason))
        except Exception as error:  # noqa: BLE001 - a defect in one judge must not take the scan down; it is reported as an error result
            message = f"{match.detector.check} failed on a site of {match.gotcha.id}: {type(error).__name__}: {error}"
            troubles.append(Trouble(check="scan/crash", place=Place(path=match.path, span=match.span), message=message))
        else:
            if site is not None:
                sites.append(site)
    bad: dict[tuple[str, PurePosixPath | None], list[Span]] = {}
    for site in sites:
        if site.outcome is not Outcome.PASS and site.place.span is not None:
            bad.setdefault((site.gotcha, site.place.path), []).append(site.place.span)
    kept = tuple(
        site
        for site in sites
        if site.outcome is not Outcome.PASS
        or site.place.span is None
        or not any(_overlap(site.place.span, span) for span in bad.get((site.gotcha, site.place.path), ()))
    )
    return kept, tuple(troubles)


@lru_cache(maxsize=512)
def globs(patterns: tuple[str, ...]) -> Globs:
    """Gitignore-style globs, compiled (https://git-scm.com/docs/gitignore#_pattern_format)."""
    return Globs(patterns)


def applies_to(project: Project, gotcha: Gotcha, file: SourceFile) -> bool:
    """Whether the packages an entry is about are at hand where `file` lies; without `applies` that is the one its folder names.

    Code and manifests belong to the package they lie in; a Dockerfile or a server's configuration serves the project as a whole, of which
    the scan knows already that the entry applies.
    """
    if file.language not in _PACKAGED:
        return not gotcha.applies or project.meets(gotcha.applies)
    wanted = gotcha.applies or (() if gotcha.stack == "project" else (Requirement(package=gotcha.stack),))
    return not wanted or project.meets(wanted, file.path)


def _without_echoes(found: Iterable[Found]) -> list[Found]:
    """Each site once: of matches that start on one line and lie in each other only the innermost, of those that read the same only the first."""
    groups: dict[tuple[str, PurePosixPath, Outcome, int], list[Found]] = {}
    for match in sorted(found, key=lambda match: (match.path, match.span.start, match.span.end, match.gotcha.id)):
        groups.setdefault((match.gotcha.id, match.path, match.outcome, match.span.start.line), []).append(match)
    kept: list[Found] = []
    for group in groups.values():
        seen: set[str] = set()
        spans = {match.span for match in group}
        for match in group:
            if any(span != match.span and match.span.start <= span.start and span.end <= match.span.end for span in spans):
                continue
            message = _message(match)
            if message not in seen:
                seen.add(message)
                kept.append(match)
    return sorted(kept, key=lambda match: (match.path, match.span, match.gotcha.id))


def _overlap(one: Span, other: Span) -> bool:
    """Whether two spans share at least one character."""
    return one.start < other.end and other.start < one.end


def _message(match: Found) -> str:
    return fill(match.detector.message or match.gotcha.title, match.bindings)


def _site(project: Project, match: Found) -> Site | None:
    message = _message(match)
    place = Place(path=match.path, span=match.span)
    verdict: Verdict | None = Verdict(outcome=match.outcome)
    if match.detector.check is not None:
        asked = Match(gotcha=match.gotcha, detector=match.detector, outcome=match.outcome, place=place, message=message, bindings=match.bindings)
        verdict = JUDGES[match.detector.check](project, asked)
    if verdict is None:
        return None
    change = verdict.change
    if change is None and verdict.outcome in (Outcome.FAIL, Outcome.REVIEW):
        change = _change(match, verdict.suggest or match.detector.suggest)
    return Site(
        gotcha=match.gotcha.id,
        outcome=verdict.outcome,
        message=verdict.message or (message if verdict.outcome is not Outcome.PASS else _WORKS),
        place=place,
        related=verdict.related,
        change=change,
        severity=verdict.severity,
        scope=match.span,
    )


def _change(match: Found, suggest: Mapping[str, str]) -> Change | None:
    """The WORKS form: the whole site rewritten, or what a metavariable is bound to where that occurs exactly once. Advice only, no edits."""
    if "site" in suggest:
        after = fill(suggest["site"], match.bindings)
    else:
        after = match.source
        for name, template in suggest.items():
            text = match.bindings.get(name, "")
            if text and after.count(text) == 1:
                after = after.replace(text, fill(template, match.bindings))
    if not after or after == match.source:
        return None
    return Change(title="WORKS", safety=Safety.UNSAFE, before=match.source, after=after)
