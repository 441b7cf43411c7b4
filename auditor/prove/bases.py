"""The bases: small whole applications, one a stack, that examples are laid over and that the validator is tried on."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from auditor.catalogue import bases_directory
from auditor.errors import UsageError
from auditor.prove.install import files


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """An application as it stands in the repository: sources and lock files, nothing installed."""

    name: str
    folder: Path


def bases() -> tuple[Base, ...]:
    """All of them, by name."""
    directory = bases_directory()
    found = sorted(directory.iterdir()) if directory.is_dir() else []
    return tuple(Base(name=folder.name, folder=folder) for folder in found if folder.is_dir())


def base(name: str) -> Base:
    """The base of this name; raises UsageError when there is none."""
    every = bases()
    found = next((one for one in every if one.name == name), None)
    if found is None:
        raise UsageError(f"no base is called {name!r}; there are {', '.join(one.name for one in every) or 'none here'}")
    return found


def lay_out(base: Base, into: Path) -> Path:
    """Copy the sources of a base into the new folder ``into``, which is returned."""
    into.mkdir(parents=True)
    for path in files(base.folder):
        target = into / path.relative_to(base.folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)
    return into
