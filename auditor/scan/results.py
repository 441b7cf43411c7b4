"""Sites and troubles become results: severity, evidence, fingerprint, order."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from auditor.engines.base import Trouble
from auditor.model import Change, Confidence, Evidence, Gotcha, Outcome, Result, Severity, Site, Span
from auditor.project.project import Project
from auditor.project.text import Unreadable
from auditor.report.masking import mask, mask_urls
from auditor.report.observed import CONTEXT

_CONTEXT = 6
_WHAT = 12
_WIDEST = 400
_READ_BEFORE = 60
_AROUND = 2
"""Lines before and after the code, for formats that show it in its surroundings."""
_SHOWN_AROUND = frozenset({".py", ".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs", ".vue", ".svelte", ".html"})
"""Code alone: in configuration the next line is the value of another variable, which is nobody's business."""


def from_sites(project: Project, gotchas: Mapping[str, Gotcha], sites: Iterable[Site]) -> tuple[tuple[Result, Span | None], ...]:
    """One result a site, with the span of its statement; the same entry at the same place counts once, with its worst verdict."""
    best: dict[tuple[object, ...], Site] = {}
    for site in sites:
        key = (site.gotcha, site.place.path, site.place.span, site.place.label if site.place.span is None else "")
        if key not in best or _RANK[site.outcome] > _RANK[best[key].outcome]:
            best[key] = site
    ordered = sorted(best.values(), key=lambda site: (str(site.place.path or ""), site.place.line, site.place.column, site.gotcha))
    seen: Counter[tuple[str, str, str]] = Counter()
    return tuple((_result(project, gotchas[site.gotcha], site, seen), site.scope or site.place.span) for site in ordered)


_RANK = {Outcome.SKIP: 0, Outcome.PASS: 1, Outcome.REVIEW: 2, Outcome.ERROR: 3, Outcome.FAIL: 4}


def _result(project: Project, gotcha: Gotcha, site: Site, seen: Counter[tuple[str, str, str]]) -> Result:
    shown = "\n".join(_masked(_lines(project, site)))
    evidence = (Evidence(kind="code", title=str(site.place.path), body=shown, truncated=False),) if shown else ()
    code = " ".join((shown or site.place.label).split())
    # What works is numbered apart: an equal line that works, before this one, must not make this one another.
    key = (site.gotcha, str(site.place.path or ""), f"works\0{code}" if site.outcome is Outcome.PASS else code)
    seen[key] += 1
    return Result(
        check=site.gotcha,
        outcome=site.outcome,
        message=mask_urls(site.message),
        place=site.place,
        severity=site.severity or gotcha.severity,
        confidence=gotcha.confidence,
        related=site.related,
        evidence=(*evidence, *_surroundings(project, site)) if site.outcome is not Outcome.PASS else (),
        change=_shown(site.change) if site.change is not None else None,
        fingerprint=fingerprint(*key, seen[key]),
    )


def _shown(change: Change) -> Change:
    """A change without the secrets in its text; with one in it, it is advice only: an edit would carry the secret into every report."""
    after = mask(change.after)
    return replace(change, before=mask(change.before), after=after, edits=change.edits if after == change.after else ())


def fingerprint(check: str, path: str, code: str, ordinal: int) -> str:
    """Identifies a result across moved lines: what it is (check and code), where (path), and the how-many-eth equal one there.

    ``code`` is what the report shows of it: at most six lines, secrets masked, so that nobody can try secrets against a fingerprint. A change of what
    goes in here is a new version of `auditor.scan.baseline`.
    """
    return f"{_digest(check, code)[:_WHAT]}{_digest(path)[:8]}{ordinal:04x}"


def what(fingerprint: str) -> str:
    """The part of a fingerprint that stays when the file is renamed, or an equal line is added or removed."""
    return fingerprint[:_WHAT]


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _lines(project: Project, site: Site, *, before: int = 0, after: int = 0) -> list[str]:
    if site.place.path is None or site.place.span is None:
        return []
    try:
        text = project.text(site.place.path)
    except Unreadable:
        return []
    lines = text.split("\n")
    last = min(site.place.span.end.line, site.place.span.start.line + _CONTEXT - 1) + after
    return [line[: 10 * _WIDEST] for line in lines[max(site.place.span.start.line - 1 - before, 0) : last]]


def _masked(lines: list[str]) -> list[str]:
    """The lines without secrets, and cut only then: the end of a string may lie beyond the cut."""
    return [line[:_WIDEST] for line in mask("\n".join(lines)).split("\n")] if lines else []


def _surroundings(project: Project, site: Site) -> tuple[Evidence, ...]:
    """The code with the lines around it; what is masked in them may be named further up."""
    if site.place.path is None or site.place.path.suffix not in _SHOWN_AROUND:
        return ()
    lines = _masked(_lines(project, site, before=_READ_BEFORE, after=_AROUND))
    first = max(site.place.line - _AROUND, 1)
    unseen = first - max(site.place.line - _READ_BEFORE, 1)
    return (Evidence(kind=CONTEXT, title=f"{site.place.path}:{first}", body="\n".join(lines[unseen:])),) if lines[unseen:] else ()


def from_troubles(troubles: Iterable[Trouble]) -> tuple[Result, ...]:
    """What could not be examined, as ``error`` results."""
    ordered = sorted(troubles, key=lambda trouble: (str(trouble.place.path or ""), trouble.place.line, trouble.check, trouble.message))
    seen: Counter[tuple[str, str, str]] = Counter()
    return tuple(_error(trouble, seen) for trouble in ordered)


def _error(trouble: Trouble, seen: Counter[tuple[str, str, str]]) -> Result:
    key = (trouble.check, str(trouble.place.path or ""), trouble.message)
    seen[key] += 1
    return Result(
        check=trouble.check,
        outcome=Outcome.ERROR,
        message=trouble.message,
        place=trouble.place,
        severity=Severity.ERROR,
        confidence=Confidence.HIGH,
        fingerprint=fingerprint(*key, seen[key]),
    )
