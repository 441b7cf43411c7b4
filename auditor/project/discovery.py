"""Which files of a tree are looked at: through git where there is one, else by walking with `.gitignore`."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pathspec import GitIgnoreSpec

from auditor.errors import UsageError
from auditor.project.config import Config
from auditor.project.files import SourceFile, language_of
from auditor.project.leftout import SNIFFED, content_reason, folder_reason, name_reason
from auditor.project.roles import role_of

_GIT_SECONDS = 20
# A repository's own configuration may name programs to run (fsmonitor, hooks): none of it is obeyed.
_GIT = ("git", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.pager=cat", "-c", "core.quotePath=false")


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovered:
    """``files`` selected, sorted; ``skipped`` reason -> count; ``troubles`` what could not be looked at."""

    files: tuple[SourceFile, ...]
    skipped: Mapping[str, int]
    troubles: tuple[tuple[PurePosixPath, str], ...]


def discover(root: Path, config: Config) -> Discovered:
    """Every file of the tree that has a language we know, with its role; all others are counted by reason."""
    skipped: Counter[str] = Counter()
    troubles: list[tuple[PurePosixPath, str]] = []
    found: list[SourceFile] = []
    excluded = GitIgnoreSpec.from_lines(config.exclude)
    real_root = os.path.realpath(root)
    paths = _from_git(root)
    for path in sorted(paths if paths is not None else _walk(root, troubles, skipped)):
        reason = name_reason(path)
        if not reason and config.exclude and excluded.match_file(str(path)):
            reason = "excluded by configuration"
        if reason:
            skipped[reason] += 1
            continue
        language = language_of(path)
        if not language:
            skipped["no language that is looked at"] += 1
            continue
        file = _file(root, real_root, path, language, config, skipped, troubles)
        if file is not None:
            found.append(file)
    return Discovered(files=_roles(tuple(found)), skipped=dict(sorted(skipped.items())), troubles=tuple(troubles))


def _file(
    root: Path,
    real_root: str,
    path: PurePosixPath,
    language: str,
    config: Config,
    skipped: Counter[str],
    troubles: list[tuple[PurePosixPath, str]],
) -> SourceFile | None:
    """The file if it can be looked at; what happens otherwise is counted or noted."""
    absolute = root / path
    try:
        if absolute.is_symlink():
            target = os.path.realpath(absolute)
            if not target.startswith(real_root + os.sep):
                skipped["link out of the tree"] += 1
                return None
            if not os.path.exists(target):  # noqa: PTH110 - a link may point at anything
                skipped["broken link"] += 1
                return None
        status = absolute.stat()
        if not stat.S_ISREG(status.st_mode):
            skipped["no regular file"] += 1
            return None
        if status.st_size > config.max_file_size:
            skipped[f"larger than {config.max_file_size:,} bytes"] += 1
            return None
        with absolute.open("rb") as stream:
            head = stream.read(SNIFFED)
    except FileNotFoundError:
        return None  # tracked, but deleted from the working tree
    except OSError as error:
        troubles.append((path, f"cannot be read: {error.strerror or error}"))
        return None
    reason = content_reason(head, language)
    if reason:
        skipped[reason] += 1
        return None
    return SourceFile(path=path, language=language, size=status.st_size, role=role_of(path))


def _roles(files: tuple[SourceFile, ...]) -> tuple[SourceFile, ...]:
    """Folders called `demo` or `examples` may be all there is: then that is what the user wants examined."""
    code = [file for file in files if file.language in ("python", "javascript", "typescript", "tsx", "vue", "svelte")]
    if code and not any(file.role in ("production", "development") for file in code):
        return tuple(
            SourceFile(path=file.path, language=file.language, size=file.size, role="production" if file.role == "example" else file.role)
            for file in files
        )
    return files


def _from_git(root: Path) -> list[PurePosixPath] | None:
    """Tracked and untracked files that are not ignored; None when git is not there, fails, or knows nothing of this folder."""
    if shutil.which("git") is None or not _in_work_tree(root):
        return None
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("GIT_")},
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_CONFIG_NOSYSTEM": "1",
    }
    command = [*_GIT, "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"]
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=_GIT_SECONDS, env=environment, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode != 0:
        return None
    paths = [PurePosixPath(os.fsdecode(name)) for name in done.stdout.split(b"\0") if name]
    return paths or None


def _in_work_tree(root: Path) -> bool:
    """Whether a `.git` stands here or above, without starting git."""
    folder = root.resolve()
    return any((parent / ".git").exists() for parent in (folder, *folder.parents))


def _walk(root: Path, troubles: list[tuple[PurePosixPath, str]], skipped: Counter[str]) -> Iterator[PurePosixPath]:
    """Every file below the root that no `.gitignore` on the way excludes; links to folders are not followed."""
    waiting: list[tuple[PurePosixPath, tuple[tuple[PurePosixPath, GitIgnoreSpec], ...]]] = [(PurePosixPath("."), ())]
    while waiting:
        folder, rules = waiting.pop()
        try:
            with os.scandir(root / folder) as entries:
                here = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            troubles.append((folder, f"cannot be listed: {error.strerror or error}"))
            continue
        own = _ignore_rules(root / folder / ".gitignore")
        if own is not None:
            rules = (*rules, (folder, own))
        for entry in here:
            path = folder / entry.name
            is_folder = entry.is_dir(follow_symlinks=False)
            if is_folder:
                reason = folder_reason(entry.name)
                if not reason and os.path.exists(os.path.join(entry.path, "pyvenv.cfg")):  # noqa: PTH110, PTH118 - hot loop
                    reason = "installed packages"
                if reason:
                    skipped[reason] += 1
                    continue
            if _ignored(path, rules, is_folder=is_folder):
                skipped["ignored by git"] += 1
                continue
            if is_folder:
                waiting.append((path, rules))
            elif not (entry.is_symlink() and _leads_to_folder(entry)):
                yield path


def _leads_to_folder(entry: os.DirEntry[str]) -> bool:
    """Whether a link leads to a folder; one that leads round in a circle leads nowhere."""
    try:
        return entry.is_dir()
    except OSError:
        return True


def _ignore_rules(path: Path) -> GitIgnoreSpec | None:
    try:
        return GitIgnoreSpec.from_lines(path.read_text(encoding="utf-8", errors="replace").splitlines())
    except (OSError, ValueError):
        return None


def _ignored(path: PurePosixPath, rules: tuple[tuple[PurePosixPath, GitIgnoreSpec], ...], *, is_folder: bool) -> bool:
    """The innermost `.gitignore` that has something to say decides (https://git-scm.com/docs/gitignore)."""
    for base, spec in reversed(rules):
        relative = path.relative_to(base).as_posix() + ("/" if is_folder else "")
        verdict = spec.check_file(relative).include
        if verdict is not None:
            return verdict
    return False


def chosen(root: Path, paths: tuple[Path, ...], files: tuple[SourceFile, ...]) -> tuple[SourceFile, ...]:
    """The files that ``paths`` (files or folders, relative to the current directory or to the root) stand for; UsageError for a missing one."""
    wanted: list[PurePosixPath] = []
    base = root.resolve()
    for path in paths:
        absolute = path if path.is_absolute() else (Path.cwd() / path if (Path.cwd() / path).exists() else base / path)
        if not absolute.exists() and not absolute.is_symlink():
            raise UsageError(f"{path}: there is no such file or directory")
        try:
            wanted.append(PurePosixPath(absolute.resolve().relative_to(base).as_posix()))
        except ValueError as error:
            raise UsageError(f"{path}: lies outside {root}; scan it on its own") from error
    return tuple(file for file in files if any(file.path == want or want in file.path.parents or str(want) == "." for want in wanted))
