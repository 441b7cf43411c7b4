"""What the project asks of the auditor."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from auditor.model import Outcome, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class PathIgnore:
    """Entries (``ids``, globs) that do not count in ``paths`` (gitignore-style globs), and why."""

    paths: tuple[str, ...]
    ids: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The settings of one project; ``path`` is the file they came from, None when there is none."""

    path: Path | None = None
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    catalogues: tuple[Path, ...] = ()
    exclude: tuple[str, ...] = ()
    fail_on: Severity = Severity.WARNING
    strict: bool = False
    jobs: int | None = None
    show: tuple[Outcome, ...] = (Outcome.FAIL, Outcome.REVIEW)
    per_path_ignores: tuple[PathIgnore, ...] = ()
    max_file_size: int = 1_000_000
    file_timeout: float = 20.0


def load_config(root: Path) -> Config:
    """The configuration in ``root``, defaults where it says nothing."""
    return Config()
