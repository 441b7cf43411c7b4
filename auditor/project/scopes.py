"""Several applications in one tree: which folder a file belongs to, so that no fact of one is taken for its neighbour's."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from pathlib import PurePosixPath

from auditor.project.files import SourceFile

_MANIFEST = re.compile(
    r"^(?:package\.json|pyproject\.toml|Pipfile|setup\.py|manage\.py|(?:requirements|reqs)[\w.\-]*\.(?:txt|in)|go\.mod|Gemfile)$", re.IGNORECASE
)
_CODE = frozenset({"python", "javascript", "typescript", "tsx", "vue", "svelte", "astro"})


class Scopes:
    """The folders of a tree that hold an application of their own: those with a manifest and with code below."""

    def __init__(self, files: Iterable[SourceFile]) -> None:
        files = tuple(file for file in files if file.role == "production" or file.path.name == "package.json")
        coded = {parent for file in files if file.language in _CODE for parent in file.path.parents}
        packages = {file.path.parent for file in files if file.path.name == "__init__.py"}
        self.folders = frozenset(_folder(file.path) for file in files if _is_manifest(file.path, packages) and _folder(file.path) in coded)
        self._of: dict[PurePosixPath, PurePosixPath] = {}

    def of(self, path: PurePosixPath) -> PurePosixPath:
        """The nearest of these folders at or above a file; the root where there is none."""
        folder = path.parent
        if folder not in self._of:
            self._of[folder] = next((parent for parent in (folder, *folder.parents) if parent in self.folders), PurePosixPath())
        return self._of[folder]

    def holds(self, folder: PurePosixPath) -> PurePosixPath:
        """The scope of a folder."""
        return self.of(folder / "_")

    @staticmethod
    def related(one: PurePosixPath, other: PurePosixPath) -> bool:
        """Whether one scope is the other or lies above it; siblings are not."""
        return one == other or one in other.parents or other in one.parents


def _is_manifest(path: PurePosixPath, packages: Container[PurePosixPath]) -> bool:
    """Whether a file says what an application needs; `setup.py` inside a package is a module like any other."""
    if path.name == "setup.py" and path.parent in packages:
        return False
    listed = path.suffix in (".txt", ".in") and path.parent.name.lower() in ("requirements", "reqs")
    return listed or _MANIFEST.match(path.name) is not None


def _folder(path: PurePosixPath) -> PurePosixPath:
    """The folder a manifest speaks for: `requirements/base.txt` is about the folder above."""
    return path.parent.parent if path.parent.name.lower() in ("requirements", "reqs") else path.parent
