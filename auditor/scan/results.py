"""Sites and troubles become results: severity, evidence, fingerprint, order."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from auditor.engines.base import Trouble
from auditor.model import Confidence, Evidence, Gotcha, Outcome, Result, Severity, Site, Span
from auditor.project.project import Project
from auditor.project.text import Unreadable

_CONTEXT = 6
_SECRET = re.compile(r"(?i)(secret|passw(?:or)?d|token|api_?key|private_?key|access_?key|credential|signing|encryption)")
_STRING = re.compile(r"""(["'`])((?:(?!\1)[^\\\n]|\\.)*)\1""")
_URL_PASSWORD = re.compile(r"(://[^\s:/@'\"]+:)([^\s@'\"]+)(@)")


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
    lines = _lines(project, site)
    first = lines[0] if lines else site.place.label
    evidence = (Evidence(kind="code", title=str(site.place.path), body="\n".join(mask(line) for line in lines), truncated=False),) if lines else ()
    key = (site.gotcha, str(site.place.path or ""), " ".join(first.split()))
    seen[key] += 1
    change = site.change
    if change is not None:
        change = replace(change, before=mask(change.before), after=mask(change.after))
    return Result(
        check=site.gotcha,
        outcome=site.outcome,
        message=site.message,
        place=site.place,
        severity=site.severity or gotcha.severity,
        confidence=gotcha.confidence,
        related=site.related,
        evidence=evidence if site.outcome is not Outcome.PASS else (),
        change=change,
        fingerprint=fingerprint(*key, seen[key]),
    )


def fingerprint(check: str, path: str, line: str, ordinal: int) -> str:
    """Identifies a result across moved lines: check, path, the line without its spacing, and the how-many-eth equal one it is."""
    text = "\0".join((check, path, line, str(ordinal)))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:20]


def _lines(project: Project, site: Site) -> list[str]:
    if site.place.path is None or site.place.span is None:
        return []
    try:
        text = project.text(site.place.path)
    except Unreadable:
        return []
    lines = text.split("\n")
    last = min(site.place.span.end.line, site.place.span.start.line + _CONTEXT - 1)
    return [line[:400] for line in lines[site.place.span.start.line - 1 : last]]


_PLAIN = re.compile(r"^(\s*(?:(?:ENV|ARG|export)\s+|-\s*)?\w+(?:=|(?<=\w)\s+(?=[^\s=]+$)))([^\s\"'`$<{(\[][^\s]*)", re.IGNORECASE)


def mask(text: str) -> str:
    """The text without secrets: constants on lines that name one, quoted or as `ENV NAME value`, and passwords inside URLs."""
    masked = []
    for line in text.split("\n"):
        shown = _URL_PASSWORD.sub(r"\1***\3", line)
        if _SECRET.search(shown):
            shown = _PLAIN.sub(r"\1***", _STRING.sub(_hide, shown))
        masked.append(shown)
    return "\n".join(masked)


def _hide(found: re.Match[str]) -> str:
    """A string masked, unless it is a name by where it stands: an index, the first argument of a look-up, or the key of a dict."""
    quote, inner = found.group(1), found.group(2)
    before, after = found.string[: found.start()].rstrip(), found.string[found.end() :].lstrip()
    if len(inner) < 4 or "://" in inner or inner.startswith("/"):
        return found.group(0)  # too short to be one, or an address, whose password was masked before
    if re.fullmatch(r"[A-Za-z_][\w.\-]*", inner) and (before.endswith(("(", "[")) or after.startswith(":")):
        return found.group(0)
    return f"{quote}{inner[:2]}***{quote}"


def from_troubles(troubles: Iterable[Trouble]) -> tuple[Result, ...]:
    """What could not be examined, as ``error`` results."""
    ordered = sorted(troubles, key=lambda trouble: (str(trouble.place.path or ""), trouble.place.line, trouble.check, trouble.message))
    return tuple(
        Result(
            check=trouble.check,
            outcome=Outcome.ERROR,
            message=trouble.message,
            place=trouble.place,
            severity=Severity.ERROR,
            confidence=Confidence.HIGH,
            fingerprint=fingerprint(trouble.check, str(trouble.place.path or ""), trouble.message, 1),
        )
        for trouble in ordered
    )
