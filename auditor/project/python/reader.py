"""Gives the Python world its files from a project."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from auditor.project.python.evaluate import Evaluator
from auditor.project.python.world import World
from auditor.project.text import Unreadable

if TYPE_CHECKING:
    from auditor.project.project import Project

_VALUE_ROLES = frozenset({"production", "development"})
"""Tests and examples patch settings and call things with odd values: no value of production comes from them."""


class ProjectFiles:
    """The Python files of a project whose values production may see."""

    def __init__(self, project: Project) -> None:
        self.project = project

    def python_paths(self) -> tuple[PurePosixPath, ...]:
        """Every Python file of the tree, also those that were not selected for this scan."""
        return tuple(file.path for file in self.project.tree_files if file.language == "python" and file.role in _VALUE_ROLES)

    def source(self, path: PurePosixPath) -> str | None:
        """The text of a file; None when it cannot be read, which the engine reports by itself."""
        try:
            return self.project.text(path)
        except Unreadable:
            return None


def evaluator_of(project: Project) -> Evaluator:
    """A fresh evaluator over the project's files."""
    return Evaluator(World(ProjectFiles(project)))
