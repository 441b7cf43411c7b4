"""Which files of a tree are looked at: through git where there is one, else by walking with `.gitignore`."""

from __future__ import annotations

import os
import re
import stat
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from auditor.errors import UsageError
from auditor.project.config import Config
from auditor.project.files import SourceFile, language_of
from auditor.project.git import git
from auditor.project.globs import Globs
from auditor.project.leftout import SNIFFED, Folders, content_reason, folder_reason, name_reason
from auditor.project.roles import role_of, with_roles

_GIT_SECONDS = 20
_MAX_IGNORE_FILE = 1_000_000
_NESTED = 8
_SERVER_BLOCK = re.compile(rb"^[ \t]*(?:server|http|upstream[ \t]+[\w.\-]+)[ \t]*\{[ \t]*(?:#.*)?$", re.MULTILINE)
_UNOPENED = re.compile(r"^warning: could not open directory '(.+?)/?': (.+)$", re.MULTILINE)
EXCLUDED = "excluded by configuration"
NO_LANGUAGE = "no language that is looked at"


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovered:
    """``files`` selected, sorted; ``skipped`` reason -> count; ``troubles`` what could not be looked at.

    ``tree_files`` are those of the whole tree; ``folders`` hold anything at all; ``listed`` is everything that was found.
    """

    files: tuple[SourceFile, ...]
    tree_files: tuple[SourceFile, ...]
    folders: tuple[PurePosixPath, ...]
    listed: frozenset[PurePosixPath]
    skipped: Mapping[str, int]
    troubles: tuple[tuple[PurePosixPath, str], ...]


@dataclass(slots=True)
class _Tally:
    """Counts what is left out and notes what is broken."""

    skipped: Counter[str] = field(default_factory=Counter)
    troubles: list[tuple[PurePosixPath, str]] = field(default_factory=list)


class _Examiner:
    """Decides on single files of one tree."""

    def __init__(self, root: Path, config: Config, unsaved: Mapping[str, bytes]) -> None:
        self.root = root
        self.unsaved = unsaved
        self.real = os.path.realpath(root)
        self.config = config
        self.excluded = _exclusions(config)

    def is_excluded(self, path: PurePosixPath) -> bool:
        return self.excluded is not None and self.excluded.match_file(str(path))

    def file(self, path: PurePosixPath, language: str, tally: _Tally, *, asked: bool = False) -> SourceFile | None:
        """The file if it can be looked at; what happens otherwise is counted or noted. One that was ``asked`` for may be of any size or making."""
        absolute = self.root / path
        try:
            if absolute.is_symlink():
                target = os.path.realpath(absolute)
                if not inside(self.real, target):
                    tally.skipped["link out of the tree"] += 1
                    return None
                if not os.path.exists(target):  # noqa: PTH110 - a link may point at anything
                    tally.skipped["broken link"] += 1
                    return None
            held = self.unsaved.get(os.path.realpath(absolute)) if self.unsaved else None
            status = absolute.stat() if held is None else None
            if status is not None and not stat.S_ISREG(status.st_mode):
                tally.skipped["no regular file"] += 1
                return None
            size = status.st_size if status is not None else len(held or b"")
            if size > self.config.max_file_size and not asked:
                tally.skipped[f"larger than {self.config.max_file_size:,} bytes"] += 1
                return None
            if held is not None:
                head = held[:SNIFFED]
            else:
                with absolute.open("rb") as stream:
                    head = stream.read(SNIFFED)
        except FileNotFoundError:
            return None  # tracked, but deleted from the working tree
        except OSError as error:
            tally.troubles.append((path, f"cannot be read: {error.strerror or error}"))
            return None
        reason = "" if asked else content_reason(head, language)
        if reason:
            tally.skipped[reason] += 1
            return None
        if language == "text" and path.suffix != ".txt" and _SERVER_BLOCK.search(head):
            language = "nginx"
        return SourceFile(path=path, language=language, size=size, role=role_of(path))

    def head(self, path: PurePosixPath) -> bytes:
        """The first bytes of a regular file inside the tree; b"" for anything else."""
        target = os.path.realpath(self.root / path)
        if target in self.unsaved:
            return self.unsaved[target][:SNIFFED]
        try:
            if not inside(self.real, target) or not stat.S_ISREG(os.stat(target).st_mode):  # noqa: PTH116 - the real path is text
                return b""
            with Path(target).open("rb") as stream:
                return stream.read(SNIFFED)
        except (OSError, ValueError):
            return b""


def inside(real_root: str, target: str) -> bool:
    """Whether a real path lies below a real root, which may be the root of the file system."""
    return target.startswith(real_root.rstrip(os.sep) + os.sep)


def real_paths(root: Path, unsaved: Mapping[PurePosixPath, bytes]) -> dict[str, bytes]:
    """Unsaved text by real path, so that links lead to it too; raises UsageError for a path that is not below the root."""
    real = os.path.realpath(root)
    found = {}
    for path, data in unsaved.items():
        target = os.path.realpath(root / path)
        if not inside(real, target):
            raise UsageError(f"{path}: lies outside {root}; scan it on its own")
        found[target] = data
    return found


def _exclusions(config: Config) -> Globs | None:
    return Globs(config.exclude) if config.exclude else None


def discover(root: Path, config: Config, paths: tuple[Path, ...] = (), unsaved: Mapping[str, bytes] | None = None) -> Discovered:
    """Every file of the tree that has a language we know, with its role.

    With ``paths`` only these are selected (files as they are, folders by what is looked at in them), and counts only what was left out of
    them: a file that is named is examined although it is generated, ignored by git or over-size, unless the configuration excludes it. All that
    is left out is counted by reason. ``unsaved`` is text by real path that stands for the file on disk. Raises UsageError for a path that does not
    exist or lies outside.
    """
    unsaved = unsaved or {}
    examiner = _Examiner(root, config, unsaved)
    wanted = _wanted(root, paths, unsaved)
    asked = {path for path in wanted if not (root / path).is_dir()}
    elsewhere = _Tally()
    tally = _Tally()

    def tally_of(path: PurePosixPath) -> _Tally:
        return tally if not wanted or any(want == path or want in path.parents for want in wanted) else elsewhere

    listing = _Listing()
    _list(root, PurePosixPath(), listing)
    if unsaved:
        new = (PurePosixPath(os.path.relpath(target, examiner.real)) for target in unsaved if not os.path.lexists(target))
        listing.paths.extend(sorted(set(new) - set(listing.paths)))
    for path, reason in listing.left_out:
        if path not in asked:
            tally_of(path).skipped[reason] += 1
    for path, reason in listing.troubles:
        tally_of(path).troubles.append((path, reason))
    folders = Folders(listing.paths, examiner.head)
    found: dict[PurePosixPath, SourceFile] = {}
    for path in sorted(set(listing.paths) - asked):
        counts = tally_of(path)
        language = language_of(path)
        reason = EXCLUDED if examiner.is_excluded(path) else folders.file_reason(path) or name_reason(path) or ("" if language else NO_LANGUAGE)
        if reason or not language:
            counts.skipped[reason] += 1
            continue
        file = examiner.file(path, language, counts)
        if file is not None:
            found[path] = file
    for path in sorted(asked):
        file = _asked_for(examiner, path, tally)
        if file is not None:
            found[path] = file
    files = with_roles(tuple(found[path] for path in sorted(found)))
    chosen = files if not wanted else tuple(file for file in files if file.path in asked or tally_of(file.path) is tally)
    return Discovered(
        files=chosen,
        tree_files=files,
        folders=folders.standing(),
        listed=frozenset(listing.paths),
        skipped=dict(sorted(tally.skipped.items())),
        troubles=tuple(tally.troubles),
    )


def _asked_for(examiner: _Examiner, path: PurePosixPath, tally: _Tally) -> SourceFile | None:
    language = language_of(path)
    reason = EXCLUDED if examiner.is_excluded(path) else "" if language else NO_LANGUAGE
    if reason or not language:
        tally.skipped[reason] += 1
        return None
    return examiner.file(path, language, tally, asked=True)


def _wanted(root: Path, paths: tuple[Path, ...], unsaved: Mapping[str, bytes]) -> tuple[PurePosixPath, ...]:
    """``paths`` (relative to the current directory or to the root) as paths below the root; UsageError for one that is not there."""
    base = root.resolve()
    found = []
    for path in paths:
        absolute = path if path.is_absolute() else (Path.cwd() / path if (Path.cwd() / path).exists() else base / path)
        try:
            if not absolute.exists() and not absolute.is_symlink() and os.path.realpath(absolute) not in unsaved:
                raise UsageError(f"{path}: there is no such file or directory")
            found.append(PurePosixPath(absolute.resolve().relative_to(base).as_posix()))
        except (ValueError, RuntimeError, OSError) as error:
            raise UsageError(f"{path}: lies outside {root}; scan it on its own") from error
    return tuple(found)


@dataclass(slots=True)
class _Listing:
    """What a tree holds: files, what was passed over without looking, and folders that cannot be listed."""

    paths: list[PurePosixPath] = field(default_factory=list)
    left_out: list[tuple[PurePosixPath, str]] = field(default_factory=list)
    troubles: list[tuple[PurePosixPath, str]] = field(default_factory=list)


def _list(root: Path, base: PurePosixPath, listing: _Listing, depth: int = 0) -> None:
    """Lists what lies below ``base``; a repository inside another is listed by its own rules."""
    names = _from_git(root / base, base, listing)
    if names is None:
        _walk(root, base, listing)
        return
    for name in names:
        path = base / name
        # Of a submodule, or a repository nobody added, git names the folder and nothing in it.
        absolute = os.path.join(root, path)  # noqa: PTH118 - hot loop
        if (language_of(path) is None or name.endswith(".js")) and os.path.isdir(absolute) and not os.path.islink(absolute):  # noqa: PTH112, PTH114
            reason = next((reason for part in path.parts if (reason := folder_reason(part))), "")
            if reason or depth >= _NESTED:
                listing.left_out.append((path, reason or "repository in a repository"))
            else:
                _list(root, path, listing, depth + 1)
        else:
            listing.paths.append(path)


def _from_git(folder: Path, base: PurePosixPath, listing: _Listing) -> list[str] | None:
    """Tracked and untracked files that are not ignored; None when git is not there, fails, or knows nothing of this folder."""
    if not _in_work_tree(folder):
        return None
    done = git(folder, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate", seconds=_GIT_SECONDS)
    if done is None or done.returncode != 0:
        return None
    names = [os.fsdecode(name) for name in done.stdout.split(b"\0") if name.strip(b"./")]
    if names:
        listing.troubles += [(base / path, f"cannot be listed: {why}") for path, why in unopened(os.fsdecode(done.stderr))]
    return names or None


def unopened(messages: str) -> list[tuple[str, str]]:
    """Folders git says it could not open, with the reason; it lists the rest and succeeds."""
    return [(found.group(1), found.group(2)) for found in _UNOPENED.finditer(messages)]


def _in_work_tree(root: Path) -> bool:
    """Whether a `.git` stands here or above, without starting git."""
    folder = root.resolve()
    return any((parent / ".git").exists() for parent in (folder, *folder.parents))


def _walk(root: Path, base: PurePosixPath, listing: _Listing) -> None:
    """Every file below ``base`` that no `.gitignore` on the way excludes; links to folders are not followed."""
    first = _ignore_rules(root / base / ".git/info/exclude")
    start: tuple[tuple[int, Globs], ...] = ((len(base.parts), first),) if first is not None else ()
    waiting: list[tuple[PurePosixPath, tuple[tuple[int, Globs], ...]]] = [(base, start)]
    while waiting:
        folder, rules = waiting.pop()
        try:
            with os.scandir(root / folder) as entries:
                here = list(entries)
        except OSError as error:
            listing.troubles.append((folder, f"cannot be listed: {error.strerror or error}"))
            continue
        own = _ignore_rules(root / folder / ".gitignore") if any(entry.name == ".gitignore" for entry in here) else None
        if own is not None:
            rules = (*rules, (len(folder.parts), own))
        for entry in here:
            path = folder / entry.name
            is_folder = entry.is_dir(follow_symlinks=False)
            if is_folder:
                reason = folder_reason(entry.name)
                if not reason and os.path.exists(os.path.join(entry.path, "pyvenv.cfg")):  # noqa: PTH110, PTH118 - hot loop
                    reason = "installed packages"
                if reason:
                    listing.left_out.append((path, reason))
                    continue
            if rules and _ignored(path.parts, rules, is_folder=is_folder):
                listing.left_out.append((path, "ignored by git"))
                continue
            if is_folder:
                waiting.append((path, rules))
            elif entry.is_symlink() and _leads_to_folder(entry):
                listing.left_out.append((path, "link to a folder"))
            else:
                listing.paths.append(path)


def _leads_to_folder(entry: os.DirEntry[str]) -> bool:
    """Whether a link leads to a folder; one that leads round in a circle leads nowhere."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def _ignore_rules(path: Path) -> Globs | None:
    """The patterns of an ignore file; None when there is none, or it is no plain file of a sensible size."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > _MAX_IGNORE_FILE:
            return None
        return Globs(path.read_text(encoding="utf-8", errors="replace").split("\n"))
    except OSError:
        return None


def _ignored(parts: tuple[str, ...], rules: tuple[tuple[int, Globs], ...], *, is_folder: bool) -> bool:
    """The innermost ignore file that has something to say decides (https://git-scm.com/docs/gitignore)."""
    for depth, globs in reversed(rules):
        verdict = globs.verdict(parts[depth:], is_folder=is_folder)
        if verdict is not None:
            return verdict
    return False
