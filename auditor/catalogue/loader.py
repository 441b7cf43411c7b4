"""Directories of entries become a catalogue."""

from __future__ import annotations

import difflib
import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from auditor import __version__
from auditor.catalogue import compiled
from auditor.errors import CatalogueError, UsageError
from auditor.model import Gotcha

MAX_BYTES = 512 * 1024
_SUFFIXES = (".md", ".yaml", ".yml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """All entries, sorted by id; ``digest`` identifies their text."""

    gotchas: tuple[Gotcha, ...]
    digest: str

    def get(self, name: str) -> Gotcha | None:
        """The entry with this id or alias."""
        return next((gotcha for gotcha in self.gotchas if name == gotcha.id or name in gotcha.aliases), None)

    def named(self, name: str) -> Gotcha:
        """The entry with this id or alias; raises UsageError with what was meant perhaps."""
        found = self.get(name)
        if found is None:
            several = self.select((name,), ()).gotchas
            raise UsageError(f"{name} is no id; it matches {', '.join(gotcha.id for gotcha in several)}")
        return found

    def select(self, select: tuple[str, ...], ignore: tuple[str, ...]) -> Catalogue:
        """The entries whose id matches a glob of ``select`` (all if empty) and none of ``ignore``; raises UsageError for one that matches nothing."""
        chosen = self._matching(select) if select else {gotcha.id for gotcha in self.gotchas}
        dropped = self._matching(ignore)
        return Catalogue(gotchas=tuple(gotcha for gotcha in self.gotchas if gotcha.id in chosen - dropped), digest=self.digest)

    def _matching(self, globs: tuple[str, ...]) -> set[str]:
        found: set[str] = set()
        for glob in globs:
            here = {gotcha.id for gotcha in self.gotchas if any(fnmatchcase(name, glob) for name in (gotcha.id, *gotcha.aliases))}
            here |= {gotcha.id for gotcha in self.gotchas if gotcha.stack == glob}
            if not here:
                near = difflib.get_close_matches(glob, [gotcha.id for gotcha in self.gotchas], n=1)
                hint = f"did you mean {near[0]}?" if near else "`gotcha-audit catalogue list` names them all"
                raise UsageError(f"no gotcha is called {glob!r}; {hint}")
            found |= here
        return found


def rules_directory() -> Path:
    """The built-in entries: inside an installed package, or the checkout's `rules/`."""
    return _shipped("_rules", "rules")


def agents_directory() -> Path:
    """Where the digest for coding agents stands."""
    return _shipped("_agents", "agents")


def bases_directory() -> Path:
    """Where the small whole applications stand that entries are proved on."""
    return _shipped("_bases", "fixtures/bases")


def _shipped(packaged: str, checkout: str) -> Path:
    package = Path(__file__).resolve().parent.parent
    inside = package / packaged
    return inside if inside.is_dir() else package.parent / checkout


def cache_directory() -> Path:
    """Where compiled catalogues are kept: $XDG_CACHE_HOME or ~/.cache (https://specifications.freedesktop.org/basedir-spec)."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")  # noqa: PTH111, PTH118 - Path.home() raises without a home
    return Path(base) / "gotcha-audit"


def load(extra: tuple[Path, ...] = (), *, cached: bool = True) -> Catalogue:
    """The built-in entries and those of ``extra`` directories. Raises CatalogueError listing every problem of every entry."""
    return load_directories((rules_directory(), *extra), cache=cache_directory() if cached else None)


def load_directories(directories: tuple[Path, ...], *, cache: Path | None) -> Catalogue:
    """The entries below ``directories``; the compiled form is read from and written to ``cache``, which may be missing or damaged.

    Which compiled form belongs to which entries is told from the names, sizes and times of their files, as git tells what changed: times of the
    inode too, which nobody sets by hand.
    """
    files = [entry for directory in directories for entry in _files(directory)]
    digest = hashlib.sha256(__version__.encode())
    for file in files:
        digest.update("\0".join(map(str, (file.name, file.path, *file.stamp))).encode("utf-8", "surrogateescape") + b"\0")
    key = digest.hexdigest()
    if cache is not None and key in _LOADED:
        return _LOADED[key]
    kept = _read(cache, key)
    gotchas = kept if kept is not None else _parse(files)
    if kept is None:
        _write(cache, key, gotchas)
    catalogue = Catalogue(gotchas=gotchas, digest=key)
    if cache is not None:
        _LOADED.clear()
        _LOADED[key] = catalogue
    return catalogue


_LOADED: dict[str, Catalogue] = {}
"""The catalogue that was loaded last: several parts of one run ask for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """An entry's file: its id, where it is, and what changes when it does (size and times in nanoseconds)."""

    name: str
    path: str
    stamp: tuple[int, int, int, int]


def _files(directory: Path) -> Iterator[_File]:
    """Every entry below a directory, in order; links that lead out of it are refused."""
    if not directory.is_dir():
        raise CatalogueError(f"{directory}: there is no such catalogue directory; check `catalogues` in the configuration")
    root = directory.resolve()
    for relative, path in sorted(_listed(root)):
        stem = relative.rpartition(".")[0]
        if os.path.islink(path) and not Path(path).resolve().is_relative_to(root):  # noqa: PTH114 - hot loop
            raise CatalogueError(f"{path}: this link leads out of the catalogue; put the file itself there")
        status = os.stat(path)  # noqa: PTH116 - hot loop
        if not stat.S_ISREG(status.st_mode):
            continue
        if status.st_size > MAX_BYTES:
            raise CatalogueError(f"{path}: an entry may have {MAX_BYTES // 1024} KB at most; shorten it")
        stamp = (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
        yield _File(name=stem if "/" in stem else f"project/{stem}", path=path, stamp=stamp)


def _listed(root: Path) -> Iterator[tuple[str, str]]:
    """(path below the root, path) of every file that may be an entry."""
    for folder, _, names in os.walk(root):
        for name in names:
            if name.endswith(_SUFFIXES) and name.lower() != "readme.md" and not name.startswith("."):
                path = os.path.join(folder, name)  # noqa: PTH118 - hot loop
                yield os.path.relpath(path, root).replace(os.sep, "/"), path


def _parse(files: list[_File]) -> tuple[Gotcha, ...]:
    from auditor.catalogue.schema import parse_entry  # noqa: PLC0415 - YAML is only read when no compiled form is there

    found: dict[str, Gotcha] = {}
    problems: list[str] = []
    for file in files:
        name, origin = file.name, file.path
        try:
            text = Path(origin).read_bytes().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            problems.append(f"{origin}:1: this is not UTF-8 ({error.reason} at byte {error.start}): save it as UTF-8")
            continue
        try:
            gotcha = parse_entry(text, origin=origin, id=name)
        except CatalogueError as error:
            problems.append(str(error))
            continue
        if name in found:
            problems.append(f"{origin}:1: the id {name} is taken by {found[name].origin}: rename one of the files")
            continue
        found[name] = gotcha
    problems += [
        f"{gotcha.origin}:1: the alias {alias} is an id of its own: remove the alias"
        for gotcha in found.values()
        for alias in gotcha.aliases
        if alias in found
    ]
    if problems:
        raise CatalogueError("\n".join(problems))
    return tuple(found[name] for name in sorted(found))


def _read(cache: Path | None, key: str) -> tuple[Gotcha, ...] | None:
    """The compiled form, or None when there is none that can be used."""
    if cache is None:
        return None
    try:
        return compiled.load((cache / f"catalogue-{key[:32]}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, StopIteration):
        return None


def _write(cache: Path | None, key: str, gotchas: tuple[Gotcha, ...]) -> None:
    """Keep the compiled form; a cache that cannot be written costs time and nothing else."""
    if cache is None:
        return
    try:
        cache.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=cache, prefix=".catalogue-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(compiled.dump(gotchas))
            os.replace(name, cache / f"catalogue-{key[:32]}.json")  # noqa: PTH105 - the atomic rename is the point
        except BaseException:
            os.unlink(name)  # noqa: PTH108
            raise
    except OSError:
        return
