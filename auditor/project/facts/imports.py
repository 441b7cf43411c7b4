"""Local imports of JavaScript: which of them lead to no file of exactly that name, and what is called so in other letters."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from tree_sitter import Node

from auditor.project.facts.module import Module
from auditor.project.files import SourceFile, normal
from auditor.project.text import Unreadable

if TYPE_CHECKING:
    from auditor.project.project import Project

_SCRIPTS = frozenset({"javascript", "typescript", "tsx", "vue", "svelte", "astro"})
_SUFFIXES = (
    ".js",
    ".jsx",
    ".ts",
    ".tsx",
    ".mjs",
    ".cjs",
    ".mts",
    ".cts",
    ".d.ts",
    ".json",
    ".vue",
    ".svelte",
    ".node",
    ".css",
    ".scss",
    ".sass",
    ".less",
)
_OF_TYPESCRIPT = {".js": (".ts", ".tsx", ".d.ts"), ".jsx": (".tsx",), ".mjs": (".mts",), ".cjs": (".cts",)}
_LOCAL = re.compile(r"""(?:\bfrom|\bimport|\brequire\s*\(|\bimport\s*\()\s*["'](\.{1,2}/[^"'\n]+|@/[^"'\n]+)["']""")
_UNREADABLE = re.compile(r"[!*{}$]|\\")


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """An import of a local file: what is written, and the paths it may stand for without their endings."""

    module: Module
    node: Node
    written: str
    bases: tuple[PurePosixPath, ...]

    @property
    def is_erased(self) -> bool:
        """Whether it imports types only: a bundler drops it, and only the compiler looks for the file."""
        statement = self.node.parent
        return statement is not None and re.match(r"(?:import|export)\s+type\b", self.module.of(statement)) is not None

    @property
    def path(self) -> str:
        """What is written without a query or fragment."""
        return re.split(r"[?#]", self.written, maxsplit=1)[0]

    @property
    def candidates(self) -> tuple[PurePosixPath, ...]:
        """The files it may name, in order."""
        return tuple(candidate for base in self.bases for candidate in candidates(base))


class Imports:
    """The local imports of a project's production code."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._folded: dict[PurePosixPath, dict[str, list[str]]] = {}

    def misspelled(self) -> Iterator[Import]:
        """Those that lead to no file of exactly that name, but to one in other letters."""
        return self._parsed(lambda bases: not self._is_there(bases) and any(self.in_any_case(base) for base in bases))

    def missing(self, wanted: Callable[[tuple[PurePosixPath, ...]], bool]) -> Iterator[Import]:
        """Those that lead to no file in any letters, and whose paths are ``wanted``."""
        return self._parsed(
            lambda bases: not self._is_there(bases) and wanted(bases) and not any(self.in_any_case(base) for base in bases),
        )

    def untracked(self) -> Iterator[Import]:
        """Those that lead to files on disk of which git lists none."""
        return self._parsed(lambda bases: bool(self.only_on_disk(bases)))

    def _parsed(self, wanted: Callable[[tuple[PurePosixPath, ...]], bool]) -> Iterator[Import]:
        """The imports whose paths are ``wanted``; only files that seem to have one are parsed."""
        for path, said in self._said.items():
            found = {written: bases for written, bases in said.items() if wanted(bases)}
            module = self._project.facts.script(path) if found else None
            for node in module.sources if module is not None else ():
                assert module is not None
                written = module.of(node)[1:-1]
                if written in found:
                    yield Import(module=module, node=node, written=written, bases=found[written])

    @cached_property
    def _said(self) -> dict[PurePosixPath, dict[str, tuple[PurePosixPath, ...]]]:
        """What each file imports, and the paths it may mean. Where `@/` never leads anywhere, it stands for a folder that is not known."""
        said = {
            file.path: {written: bases for written in self._written(file) if (bases := self._bases(file.path, written))}
            for file in self._project.tree_files
            if _is_source(file)
        }
        known = {self._root(path) for path, imports in said.items() if any(_is_alias(one) and self._is_there(imports[one]) for one in imports)}
        return {
            path: {written: bases for written, bases in imports.items() if not _is_alias(written) or self._root(path) in known}
            for path, imports in said.items()
        }

    def _root(self, path: PurePosixPath) -> PurePosixPath | None:
        manifest = self._project.manifest(path)
        return PurePosixPath(str(manifest.dir)) if manifest is not None else None

    def _written(self, file: SourceFile) -> set[str]:
        """What the text of a file seems to import; the tree decides whether it does."""
        try:
            return {found for found in _LOCAL.findall(self._project.text(file.path)) if not _UNREADABLE.search(found)}
        except Unreadable:
            return set()

    def _bases(self, importer: PurePosixPath, written: str) -> tuple[PurePosixPath, ...]:
        """The paths an import may mean; `@/` is below `src` or the package itself. None when it leaves the project."""
        clean = re.split(r"[?#]", written, maxsplit=1)[0]
        if _is_alias(written):
            root = self._root(importer)
            return (normal(str(root / "src" / clean[2:])), normal(str(root / clean[2:]))) if root is not None else ()
        if clean.split("/").count("..") > len(importer.parent.parts):
            return ()
        return (normal(str(importer.parent / clean)),)

    def _is_there(self, bases: Iterable[PurePosixPath]) -> bool:
        for base in bases:
            names = self._project.names(base.parent)
            if not base.name or any(name in names for name in _names(base)):
                return True
        return False

    def only_on_disk(self, bases: Iterable[PurePosixPath]) -> tuple[PurePosixPath, ...]:
        """The files on disk that an import leads to, when git lists none of them."""
        found = [
            candidate
            for base in bases
            for whole in (base, base / "index")
            for candidate in candidates(whole)
            if candidate.name in self._project.names(candidate.parent) and not self._project.is_dir(candidate)
        ]
        return tuple(found) if found and not any(candidate in self._project.listed for candidate in found) else ()

    def in_any_case(self, base: PurePosixPath) -> tuple[PurePosixPath, ...]:
        """The files, and the folders with an index, that ``base`` leads to when upper and lower case do not count."""
        folders: tuple[PurePosixPath, ...] = (PurePosixPath(),)
        for part in base.parts[:-1]:
            folders = tuple(folder / name for folder in folders for name in self._alike(folder, part))
        found = (folder / name for folder in folders for wanted in _names(base) for name in self._alike(folder, wanted))
        return tuple(dict.fromkeys(path for path in found if self._can_be_imported(path)))

    def _alike(self, folder: PurePosixPath, name: str) -> tuple[str, ...]:
        """The names in a folder that are ``name``, or else that are it in other letters."""
        if folder not in self._folded:
            folded: dict[str, list[str]] = {}
            for known in sorted(self._project.names(folder)):
                folded.setdefault(known.casefold(), []).append(known)
            self._folded[folder] = folded
        alike = self._folded[folder].get(name.casefold(), [])
        return (name,) if name in alike else tuple(alike)

    def _can_be_imported(self, path: PurePosixPath) -> bool:
        return not self._project.is_dir(path) or any(name.startswith("index.") or name == "package.json" for name in self._project.names(path))


def _is_alias(written: str) -> bool:
    return written.startswith("@/")


def _is_source(file: SourceFile) -> bool:
    """Whether a file is run: declarations of types are read by the compiler alone."""
    return file.language in _SCRIPTS and file.role == "production" and not file.path.name.endswith((".d.ts", ".d.mts", ".d.cts"))


def _names(base: PurePosixPath) -> tuple[str, ...]:
    """The names of files that an import may leave its ending out of."""
    name = base.name
    return (name, *(name + suffix for suffix in _SUFFIXES), *(name[: -len(base.suffix)] + suffix for suffix in _OF_TYPESCRIPT.get(base.suffix, ())))


def candidates(base: PurePosixPath) -> Iterator[PurePosixPath]:
    """The files an import without its ending may name, the folder itself first."""
    return (base.with_name(name) for name in _names(base)) if base.name else iter((base,))
