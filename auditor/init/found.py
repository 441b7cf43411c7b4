"""What a project is, as far as setting it up depends on it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from auditor.catalogue import cache_directory, rules_directory
from auditor.engines.pool import default_jobs
from auditor.model import Package
from auditor.project.config import load_config
from auditor.project.project import open_project
from auditor.runtime.detected import Detected, detect
from auditor.scan.gather import gather

_BRANCH = re.compile(r"[A-Za-z0-9][\w./-]*")
_URL = re.compile(r"^\s*url\s*=\s*(\S+)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """``stack`` are the packages that entries are about; ``application`` is what production starts.

    ``repository`` is the folder that git works in: the root itself, one above it, or None. ``branch`` is its main branch. ``remotes`` are the
    addresses it is pushed to.
    """

    root: Path
    stack: tuple[Package, ...]
    application: Detected
    repository: Path | None
    branch: str = "main"
    remotes: tuple[str, ...] = ()

    @property
    def is_repository(self) -> bool:
        """Whether the root is the root of a repository."""
        return self.repository == self.root.resolve()

    def has(self, name: str) -> bool:
        """Whether something of that name stands in the root."""
        return (self.root / name).exists()


def find(root: Path) -> Found:
    """Look at a project, executing nothing of it. Raises ConfigError when its configuration cannot be obeyed."""
    config = load_config(root)
    project = open_project(root, config=config)
    gather(project, jobs=config.jobs or default_jobs(), directory=cache_directory())
    stacks = {folder.name for folder in rules_directory().iterdir()}
    repository = next((folder for folder in (root.resolve(), *root.resolve().parents) if (folder / ".git").exists()), None)
    return Found(
        root=root,
        stack=tuple(sorted((package for package in project.stack if package.name in stacks), key=lambda package: (package.name, package.scope))),
        application=detect(project, PurePosixPath()),
        repository=repository,
        branch=_branch(repository) if repository is not None else "main",
        remotes=tuple(_URL.findall(_text(repository / ".git/config"))) if repository is not None else (),
    )


def _branch(repository: Path) -> str:
    """The main branch: the one that the remote calls HEAD, else the one checked out."""
    for name, prefix in (("refs/remotes/origin/HEAD", "refs/remotes/origin/"), ("HEAD", "refs/heads/")):
        said = _text(repository / ".git" / name).strip().removeprefix("ref: ")
        if said.startswith(prefix) and _BRANCH.fullmatch(said.removeprefix(prefix)):
            return said.removeprefix(prefix)
    return "main"


def _text(path: Path) -> str:
    """A small file of git; empty when it cannot be read, as in a work tree whose `.git` is a file."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")[:100_000]
    except OSError:
        return ""
