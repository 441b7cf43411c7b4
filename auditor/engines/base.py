"""What every engine takes and gives."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from auditor.model import Gotcha, Place, Site
from auditor.project.project import Project


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """The entries that apply to a project, and the files they may look at (relative paths, sorted)."""

    project: Project
    gotchas: tuple[Gotcha, ...]
    files: tuple[PurePosixPath, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Something that could not be examined. ``check`` is ``scan/syntax``, ``scan/unreadable``, ``scan/timeout``, ``engine/semgrep`` …"""

    check: str
    place: Place
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What an engine found; order does not matter, the scan sorts."""

    sites: tuple[Site, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    notes: tuple[str, ...] = ()
    counts: tuple[tuple[str, int], ...] = ()
