"""The audited tree, read-only: which files are selected, what they hold, what the project is built with."""

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from auditor.errors import UsageError
from auditor.model import Package, Requirement
from auditor.project.config import Config
from auditor.project.discovery import discover, inside, real_paths
from auditor.project.files import SourceFile, language_of
from auditor.project.manifests import PackageJson, manifest_trouble, parse_package_json
from auditor.project.stack import detect
from auditor.project.text import Unreadable, decode

if TYPE_CHECKING:
    from auditor.project.facts import Facts
    from auditor.project.python.evaluate import Evaluator

__all__ = ["Project", "SourceFile", "Unreadable", "open_project"]


class Project:
    """A directory under examination; nothing in it is ever written or executed.

    ``files`` are those to examine, ``tree_files`` all that facts may be read from: more, when only some paths were asked for. ``folders`` are all
    that hold a file of the project, be it an image or a build. ``listed`` are all files of the tree, whatever they hold, but
    those that git ignores. ``unsaved`` is text by real path that stands for the file on disk, or for one that is not there yet.
    """

    def __init__(
        self,
        *,
        root: Path,
        config: Config,
        files: tuple[SourceFile, ...],
        skipped: Mapping[str, int],
        troubles: tuple[tuple[PurePosixPath, str], ...],
        tree_files: tuple[SourceFile, ...] | None = None,
        folders: tuple[PurePosixPath, ...] = (),
        listed: frozenset[PurePosixPath] = frozenset(),
        unsaved: Mapping[str, bytes] | None = None,
    ) -> None:
        self.root = root
        self.config = config
        self.files = files
        self.tree_files = files if tree_files is None else tree_files
        self.folders = folders
        self.listed = listed
        self.skipped = skipped
        self.troubles = troubles
        self._real = os.path.realpath(root)
        self._unsaved = dict(unsaved or {})
        self._by_path = {file.path: file for file in files}
        self._languages = {file.path: file.language for file in self.tree_files}
        self._listings: dict[str, frozenset[str]] = {}
        self._texts: dict[PurePosixPath, str | Unreadable] = {}
        self._manifests: dict[PurePosixPath, PackageJson | None] = {}
        self._packages: dict[PurePosixPath, Mapping[str, Package]] = {}

    def __getstate__(self) -> dict[str, object]:
        """What a worker is sent: what is known of the tree, not what was read of it."""
        state = dict(self.__dict__)
        state.update(_listings={}, _texts={}, _manifests={}, _packages={})
        state.pop("python", None)
        return state

    @cached_property
    def facts(self) -> Facts:
        """Facts of single files, memoised by content."""
        from auditor.project.facts import Facts  # noqa: PLC0415 - facts import the project

        return Facts(self)

    @cached_property
    def python(self) -> Evaluator:
        """The values of the project's Python modules."""
        from auditor.project.python.reader import evaluator_of  # noqa: PLC0415 - it imports the project

        return evaluator_of(self)

    @cached_property
    def stack(self) -> tuple[Package, ...]:
        """Frameworks and tools of the project, with the evidence."""
        return detect(self.tree_files, self._text_or_none)

    def _text_or_none(self, path: PurePosixPath) -> str | None:
        try:
            return self.text(path)
        except Unreadable:
            return None

    def file(self, path: PurePosixPath) -> SourceFile | None:
        """The selected file at ``path``, if it is one."""
        return self._by_path.get(path)

    def language(self, path: PurePosixPath) -> str:
        """The language of a file of the tree; "" when it is none that is looked at."""
        return self._languages.get(path, "")

    def is_unsaved(self, path: PurePosixPath) -> bool:
        """Whether the text of a file is not the one on disk."""
        return bool(self._unsaved) and os.path.realpath(self.root / path) in self._unsaved

    def data(self, path: PurePosixPath) -> bytes:
        """The bytes of a file below the root; raises Unreadable."""
        if "\0" in str(path):
            raise Unreadable("cannot be read: no file has such a name")
        target = os.path.realpath(self.root / path)
        if not inside(self._real, target):
            raise Unreadable("lies outside the project")
        held = self._unsaved.get(target)
        if held is not None:
            if len(held) > self.config.max_file_size:
                raise Unreadable(f"is larger than {self.config.max_file_size:,} bytes")
            return held
        try:
            status = os.stat(target)  # noqa: PTH116 - the real path is text
            if not stat.S_ISREG(status.st_mode):
                raise Unreadable("is no regular file")
            if status.st_size > self.config.max_file_size:
                raise Unreadable(f"is larger than {self.config.max_file_size:,} bytes")
            return Path(target).read_bytes()
        except OSError as error:
            raise Unreadable(f"cannot be read: {error.strerror or error}") from error

    def text(self, path: PurePosixPath) -> str:
        """The text of a file below the root, newlines as line feeds; raises Unreadable."""
        known = self._texts.get(path)
        if known is None:
            try:
                known = decode(self.data(path), self._languages.get(path) or language_of(path))
            except Unreadable as error:
                known = error
            self._texts[path] = known
        if isinstance(known, Unreadable):
            raise known
        return known

    def exists(self, path: PurePosixPath) -> bool:
        """Whether a file or directory is on disk below the root, also a git-ignored one; upper and lower case count."""
        clean = posixpath.normpath(str(path))
        if clean == ".":
            return True
        if clean.startswith(("/", "../")) or clean == "..":
            return False
        parent, name = posixpath.split(clean)
        if parent and not self.exists(PurePosixPath(parent)):
            return False
        if parent not in self._listings:
            self._listings[parent] = self._listing(parent)
        return name in self._listings[parent]

    def names(self, folder: PurePosixPath) -> frozenset[str]:
        """The names of all that lies in a folder below the root, files that are never examined too; empty when there is no such folder."""
        if not self.is_dir(folder):
            return frozenset()
        clean = posixpath.normpath(str(folder))
        clean = "" if clean == "." else clean
        if clean not in self._listings:
            self._listings[clean] = self._listing(clean)
        return self._listings[clean]

    def _listing(self, folder: str) -> frozenset[str]:
        """The names in a folder; of links only those that lead to something inside the project."""
        held = self._unsaved_below(folder)
        try:
            with os.scandir(self.root / folder) as entries:
                return held.union(entry.name for entry in entries if not entry.is_symlink() or self._leads_inside(entry.path))
        except OSError:
            return held

    def _unsaved_below(self, folder: str) -> frozenset[str]:
        """The names in a folder that unsaved text gives it; a folder that has any is there, though perhaps not on disk."""
        if not self._unsaved:
            return frozenset()
        start = os.path.join(os.path.realpath(self.root / folder), "")  # noqa: PTH118 - the real path is text
        return frozenset(path.removeprefix(start).split(os.sep, 1)[0] for path in self._unsaved if path.startswith(start))

    def _leads_inside(self, link: str) -> bool:
        target = os.path.realpath(link)
        return (target == self._real or inside(self._real, target)) and os.path.exists(target)  # noqa: PTH110 - the real path is text

    def is_dir(self, path: PurePosixPath) -> bool:
        """Whether ``path`` is a directory below the root."""
        clean = posixpath.normpath(str(path))
        return self.exists(path) and ((self.root / clean).is_dir() or bool(self._unsaved_below(clean)))

    def executable(self, path: PurePosixPath) -> bool:
        """Whether a file of the project may be executed, by anybody, where it lies."""
        try:
            return self.exists(path) and bool((self.root / posixpath.normpath(str(path))).stat().st_mode & 0o111)
        except OSError:
            return False

    def list(self, language: str, *, roles: tuple[str, ...] = ("production",)) -> tuple[SourceFile, ...]:
        """The selected files of one language, in order, of the given roles only."""
        return tuple(file for file in self.files if file.language == language and file.role in roles)

    def packages(self, path: PurePosixPath) -> Mapping[str, Package]:
        """The packages whose scope holds ``path``; of two with the same name the nearer one."""
        if path.parent not in self._packages:
            parents = {str(parent): depth for depth, parent in enumerate(reversed(path.parents))}
            held = [package for package in self.stack if package.scope in parents]
            self._packages[path.parent] = {package.name: package for package in sorted(held, key=lambda package: parents[package.scope])}
        return self._packages[path.parent]

    def has(self, requirement: Requirement, path: PurePosixPath | None = None) -> bool:
        """Whether the project (or what holds for ``path``) has a package in a version of the range; an unknown version satisfies."""
        held = self.stack if path is None else self.packages(path).values()
        return any(package.name == requirement.package.lower() and _satisfies(package.version, requirement.versions) for package in held)

    def meets(self, requirements: Iterable[Requirement], path: PurePosixPath | None = None) -> bool:
        """Whether the project (or what holds for ``path``) has any of the packages in a version of its range.

        Where the version of one is known, those of unknown version do not count: `fastapi==0.115` tells which Starlette there is.
        """
        wanted = {requirement.package.lower(): requirement.versions for requirement in requirements}
        held = [package for package in (self.stack if path is None else self.packages(path).values()) if package.name in wanted]
        known = [package for package in held if package.version] if path is not None or len({package.scope for package in held}) == 1 else []
        return any(_satisfies(package.version, wanted[package.name]) for package in known or held)

    def manifest(self, path: PurePosixPath) -> PackageJson | None:
        """The nearest package.json at or above ``path``; one that does not parse counts as none."""
        for directory in (path, *path.parents):
            if directory not in self._manifests:
                self._manifests[directory] = self._manifest_in(directory)
            found = self._manifests[directory]
            if found is not None:
                return found
        return None

    def _manifest_in(self, directory: PurePosixPath) -> PackageJson | None:
        candidate = directory / "package.json"
        if not self.exists(candidate):
            return None
        try:
            return parse_package_json(self.text(candidate), directory)
        except (Unreadable, ValueError, RecursionError):
            return None


def _satisfies(version: str, versions: str) -> bool:
    if not versions or not version:
        return True
    try:
        return SpecifierSet(versions).contains(Version(version), prereleases=True)
    except (InvalidSpecifier, InvalidVersion):
        return True


def open_project(root: Path, *, config: Config, paths: tuple[Path, ...] = (), unsaved: Mapping[PurePosixPath, bytes] | None = None) -> Project:
    """The project at ``root``; with ``paths`` only these files are selected, while facts still see the tree.

    ``unsaved`` is text by path below the root that stands for the file on disk, also for one that is not there yet. What git ignores is asked of
    the files on disk. Raises UsageError when the root or a path does not exist, or unsaved text lies outside.
    """
    if not root.is_dir():
        raise UsageError(f"{root}: there is no such directory")
    held = real_paths(root, unsaved or {})
    found = discover(root, config, paths, held)
    project = Project(
        root=root,
        config=config,
        files=found.files,
        skipped=found.skipped,
        troubles=found.troubles,
        tree_files=found.tree_files,
        folders=found.folders,
        listed=found.listed,
        unsaved=held,
    )
    project.troubles += tuple(_broken_manifests(project))
    return project


def _broken_manifests(project: Project) -> Iterator[tuple[PurePosixPath, str]]:
    for file in project.files:
        if file.path.name in ("package.json", "pyproject.toml") and file.role == "production":
            try:
                trouble = manifest_trouble(file.path, project.text(file.path))
            except Unreadable as error:
                trouble = error.reason
            if trouble:
                yield file.path, trouble
