"""What an entry may name: a check looks at the whole project, a judge decides one site an engine found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from auditor.model import Change, CheckDetector, Detector, Gotcha, Outcome, Place, Severity, Site
from auditor.project.project import Project
from auditor.project.python.frame import Frame


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A site as an engine found it. ``bindings`` maps metavariables (``$X``) to their source text.

    ``frame`` is there for Python sites: the node in its module, with its values and guards.
    """

    gotcha: Gotcha
    detector: Detector
    outcome: Outcome
    place: Place
    message: str
    bindings: Mapping[str, str] = field(default_factory=dict)
    frame: Frame | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A judge's decision; an empty ``message`` keeps the detector's, and so does an empty ``suggest``."""

    outcome: Outcome
    message: str = ""
    related: tuple[Place, ...] = ()
    change: Change | None = None
    severity: Severity | None = None
    suggest: Mapping[str, str] = field(default_factory=dict)


class Check(Protocol):
    """Looks at facts of the whole project and yields sites of one entry."""

    def __call__(self, project: Project, gotcha: Gotcha, detector: CheckDetector, /) -> Iterable[Site]:
        """Yield every site of ``gotcha`` in the project."""
        ...


class Judge(Protocol):
    """Decides one site; None says it is no site of this entry after all."""

    def __call__(self, project: Project, match: Match, /) -> Verdict | None:
        """Decide the site ``match``."""
        ...
