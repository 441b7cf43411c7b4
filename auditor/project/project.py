"""The audited tree, read-only: which files are selected, what they hold, what the project is built with."""

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from auditor.model import Package, Place, Requirement
from auditor.project.config import Config
from auditor.project.files import SourceFile, language_of
from auditor.project.manifests import PackageJson, parse_package_json
from auditor.project.text import Unreadable, decode

if TYPE_CHECKING:
    from auditor.project.facts import Facts

__all__ = ["Project", "SourceFile", "open_project"]


class Project:
    """A directory under examination; nothing in it is ever written or executed."""

    def __init__(
        self,
        *,
        root: Path,
        config: Config,
        files: tuple[SourceFile, ...],
        skipped: Mapping[str, int],
        troubles: tuple[tuple[PurePosixPath, str], ...],
    ) -> None:
        self.root = root
        self.config = config
        self.files = files
        self.skipped = skipped
        self.troubles = troubles
        self._real = os.path.realpath(root)
        self._by_path = {file.path: file for file in files}
        self._listings: dict[str, frozenset[str]] = {}
        self._data: dict[PurePosixPath, bytes] = {}

    @cached_property
    def facts(self) -> Facts:
        """Facts of single files, memoised by content."""
        from auditor.project.facts import Facts  # noqa: PLC0415 - facts import the project

        return Facts(self)

    @cached_property
    def stack(self) -> tuple[Package, ...]:
        """Frameworks and tools of the project, with the evidence."""
        found: dict[str, Package] = {}
        for file in self.files:
            if file.path.name == "package.json" and (manifest := self.manifest(file.path)):
                scope = str(manifest.dir)
                for name, version in {**manifest.dependencies, **manifest.dev_dependencies, "node": ""}.items():
                    found.setdefault(f"{scope} {name}", Package(name=name.lower(), version=version.lstrip("^~="), scope=scope, evidence=Place(path=file.path)))
            if file.language == "python":
                found.setdefault("python", Package(name="python", evidence=Place(path=file.path)))
                data = self.data(file.path)
                for name in ("flask", "django", "fastapi", "starlette"):
                    if b"import " + name.encode() in data or b"from " + name.encode() in data:
                        found.setdefault(name, Package(name=name, evidence=Place(path=file.path)))
        return tuple(found.values())

    def file(self, path: PurePosixPath) -> SourceFile | None:
        """The selected file at ``path``, if it is one."""
        return self._by_path.get(path)

    def data(self, path: PurePosixPath) -> bytes:
        """The bytes of a file below the root; raises Unreadable."""
        if path not in self._data:
            target = os.path.realpath(self.root / path)
            if not target.startswith(self._real + os.sep):
                raise Unreadable("lies outside the project")
            try:
                if not stat.S_ISREG(os.stat(target).st_mode):
                    raise Unreadable("is no regular file")
                self._data[path] = Path(target).read_bytes()
            except OSError as error:
                raise Unreadable(error.strerror or str(error)) from error
        return self._data[path]

    def text(self, path: PurePosixPath) -> str:
        """The text of a file below the root, newlines as ``\\n``; raises Unreadable."""
        return decode(self.data(path), language_of(path))

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
            try:
                self._listings[parent] = frozenset(os.listdir(self.root / parent))
            except OSError:
                self._listings[parent] = frozenset()
        return name in self._listings[parent] and (self.root / clean).exists()

    def is_dir(self, path: PurePosixPath) -> bool:
        """Whether ``path`` is a directory below the root."""
        return self.exists(path) and (self.root / posixpath.normpath(str(path))).is_dir()

    def list(self, language: str, *, roles: tuple[str, ...] = ("production",)) -> tuple[SourceFile, ...]:
        """The selected files of one language, in order, of the given roles only."""
        return tuple(file for file in self.files if file.language == language and file.role in roles)

    def packages(self, path: PurePosixPath) -> Mapping[str, Package]:
        """The packages whose scope holds ``path``; of two with the same name the nearer one."""
        parents = {str(parent): depth for depth, parent in enumerate(reversed(path.parents))}
        held = [package for package in self.stack if package.scope in parents]
        return {package.name: package for package in sorted(held, key=lambda package: parents[package.scope])}

    def has(self, requirement: Requirement, path: PurePosixPath | None = None) -> bool:
        """Whether the project (or what holds for ``path``) has a package in a version of the range; an unknown version satisfies."""
        held = self.stack if path is None else self.packages(path).values()
        return any(package.name == requirement.package.lower() and _satisfies(package.version, requirement.versions) for package in held)

    def manifest(self, path: PurePosixPath) -> PackageJson | None:
        """The nearest package.json at or above ``path``."""
        for directory in (path, *path.parents):
            candidate = directory / "package.json"
            if self.exists(candidate):
                try:
                    return parse_package_json(self.text(candidate), directory)
                except (Unreadable, ValueError):
                    return None
        return None


def _satisfies(version: str, versions: str) -> bool:
    if not versions or not version:
        return True
    try:
        return SpecifierSet(versions).contains(Version(version), prereleases=True)
    except (InvalidSpecifier, InvalidVersion):
        return True


def open_project(root: Path, *, config: Config, paths: tuple[Path, ...] = ()) -> Project:
    """The project at ``root``; with ``paths`` only these files are selected, while facts still see the tree."""
    files = []
    for directory, names, children in os.walk(root):
        names[:] = sorted(name for name in names if name not in {".git", "node_modules", ".venv", "venv", "__pycache__"})
        for child in sorted(children):
            absolute = Path(directory, child)
            path = PurePosixPath(absolute.relative_to(root).as_posix())
            language = language_of(path)
            if language and absolute.is_file():
                files.append(SourceFile(path=path, language=language, size=absolute.stat().st_size, role="production"))
    if paths:
        wanted = {Path(root, path).resolve() for path in paths}
        files = [file for file in files if any(target == (root / file.path).resolve() or target in (root / file.path).resolve().parents for target in wanted)]
    return Project(root=root, config=config, files=tuple(sorted(files, key=lambda file: file.path)), skipped={}, troubles=())
