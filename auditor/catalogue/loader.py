"""Directories of entries become a catalogue."""

from __future__ import annotations

import difflib
import hashlib
import os
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
    """The entries below ``directories``; the compiled form is read from and written to ``cache``, which may be missing or damaged."""
    files = [entry for directory in directories for entry in _files(directory)]
    digest = hashlib.sha256(__version__.encode())
    for name, origin, data in files:
        for part in (name.encode("utf-8", "surrogateescape"), origin.encode("utf-8", "surrogateescape"), hashlib.sha256(data).digest()):
            digest.update(part + b"\0")
    key = digest.hexdigest()
    kept = _read(cache, key)
    gotchas = kept if kept is not None else _parse(files)
    if kept is None:
        _write(cache, key, gotchas)
    return Catalogue(gotchas=gotchas, digest=key)


def _files(directory: Path) -> Iterator[tuple[str, str, bytes]]:
    """(id, origin, bytes) of every entry below a directory, in order; links that lead out of it are refused."""
    if not directory.is_dir():
        raise CatalogueError(f"{directory}: there is no such catalogue directory; check `catalogues` in the configuration")
    root = directory.resolve()
    for path in sorted(root.rglob("*")):
        if path.suffix not in _SUFFIXES or path.name.lower() == "readme.md" or path.name.startswith("."):
            continue
        if not path.resolve().is_relative_to(root):
            raise CatalogueError(f"{path}: this link leads out of the catalogue; put the file itself there")
        if not path.is_file():
            continue
        if path.stat().st_size > MAX_BYTES:
            raise CatalogueError(f"{path}: an entry may have {MAX_BYTES // 1024} KB at most; shorten it")
        relative = path.relative_to(root).with_suffix("")
        name = relative.as_posix() if len(relative.parts) > 1 else f"project/{relative.name}"
        yield name, str(path), path.read_bytes()


def _parse(files: list[tuple[str, str, bytes]]) -> tuple[Gotcha, ...]:
    from auditor.catalogue.schema import parse_entry  # noqa: PLC0415 - YAML is only read when no compiled form is there

    found: dict[str, Gotcha] = {}
    problems: list[str] = []
    for name, origin, data in files:
        try:
            text = data.decode("utf-8-sig")
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
