"""What a producer found at one place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from auditor.model.place import Place, Span
from auditor.model.words import Confidence, Outcome, Safety, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """Replace ``span`` of ``path`` by ``text``."""

    path: PurePosixPath
    span: Span
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The WORKS form for one site: ``before`` and ``after`` are the code to show; ``edits`` are empty when it is only advice."""

    title: str
    safety: Safety
    before: str = ""
    after: str = ""
    edits: tuple[Edit, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One place where the subject of an entry occurs, with its verdict; ``related`` is the trail of values behind it.

    ``severity`` is set where this site weighs differently from its entry; ``scope`` spans the whole statement, so that a
    suppression on any of its lines counts.
    """

    gotcha: str
    outcome: Outcome
    message: str
    place: Place
    related: tuple[Place, ...] = ()
    change: Change | None = None
    severity: Severity | None = None
    scope: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Something seen: a piece of code, a command's output, a response."""

    kind: str
    title: str
    body: str
    truncated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """Who silenced a result and why: ``origin`` is "comment", "config", "baseline" or "since"."""

    origin: str
    reason: str
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One line of a run; ``check`` is a gotcha id or the name of another check such as ``scan/syntax``."""

    check: str
    outcome: Outcome
    message: str
    place: Place
    severity: Severity
    confidence: Confidence
    related: tuple[Place, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    gotchas: tuple[str, ...] = ()
    change: Change | None = None
    suppression: Suppression | None = None
    fingerprint: str = ""

    def suppressed(self, by: Suppression) -> Result:
        """The same result, silenced."""
        return replace(self, suppression=by)
