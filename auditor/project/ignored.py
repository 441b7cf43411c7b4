"""Which line of which `.gitignore` keeps a path out of the repository (https://git-scm.com/docs/gitignore)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from auditor.model import Place, span_of
from auditor.project.globs import Globs
from auditor.project.text import Unreadable

if TYPE_CHECKING:
    from auditor.project.project import Project

_MOST_LINES = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class IgnoreLine:
    """A pattern, and where it stands."""

    pattern: str
    place: Place


class Ignored:
    """The ignore files of a project, each read once."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._files: dict[tuple[str, ...], tuple[tuple[IgnoreLine, Globs], ...]] = {}
        self._folders: dict[tuple[str, ...], IgnoreLine | None] = {}

    def lines(self) -> tuple[IgnoreLine, ...]:
        """The patterns of all ignore files of the project."""
        folders = sorted(path.parent.parts for path in self._project.listed if path.name == ".gitignore")
        return tuple(line for folder in folders for line, _ in self._lines(folder))

    def by(self, path: PurePosixPath, *, is_folder: bool = False) -> IgnoreLine | None:
        """The line that keeps ``path`` out, or a folder above it; None when it is not ignored. Whether it is tracked all the same is not asked."""
        return self._folder(path.parts[:-1]) or (self._own(path.parts, is_folder=is_folder) if path.parts else None)

    def _folder(self, parts: tuple[str, ...]) -> IgnoreLine | None:
        if parts not in self._folders:
            self._folders[parts] = (self._folder(parts[:-1]) or self._own(parts, is_folder=True)) if parts else None
        return self._folders[parts]

    def _own(self, parts: tuple[str, ...], *, is_folder: bool) -> IgnoreLine | None:
        """The innermost file that speaks of the path decides, and in it the last line."""
        for depth in range(len(parts) - 1, -1, -1):
            for line, globs in reversed(self._lines(parts[:depth])):
                verdict = globs.verdict(parts[depth:], is_folder=is_folder)
                if verdict is not None:
                    return line if verdict else None
        return None

    def _lines(self, folder: tuple[str, ...]) -> tuple[tuple[IgnoreLine, Globs], ...]:
        if folder not in self._files:
            path = PurePosixPath(*folder, ".gitignore")
            try:
                text = self._project.text(path) if self._project.exists(path) else ""
            except Unreadable:
                text = ""
            lines = list(enumerate(text.split("\n")[:_MOST_LINES], 1))
            self._files[folder] = tuple(
                (IgnoreLine(pattern=line.strip(), place=Place(path=path, span=span_of(number), label=f"{line.strip()} keeps it out")), Globs([line]))
                for number, line in lines
                if line.strip() and not line.startswith("#")
            )
        return self._files[folder]
