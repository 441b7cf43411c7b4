"""The tree as it was at a commit, laid out in a folder of its own, to be read as any other tree.

Nothing is checked out: names and contents are read from the object store (`git ls-tree`, `git cat-file --batch`), so no hook, filter or attribute of
the repository acts. Names come from whoever made the commit and are not trusted.
"""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from auditor.errors import GotchaAuditError, UsageError
from auditor.project.discovery import inside
from auditor.project.git import git, program
from auditor.project.leftout import folder_reason

_SECONDS = 120
_LARGEST = 5_000_000
_MOST_IGNORED = 20_000
_NESTED = 8
_EMPTY_BLOB = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"
_LINK, _MODULE, _EXECUTABLE = "120000", "160000", "100755"
_FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """A commit: the ``name`` it was asked for by, and its object id."""

    name: str
    commit: str

    def __str__(self) -> str:
        return self.name if self.commit.startswith(self.name) else f"{self.name} ({self.commit[:10]})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Laid:
    """A tree laid out below ``root``; ``missing`` files of it could not be: they have impossible names, or a submodule was not fetched."""

    root: Path
    missing: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    mode: str
    oid: str
    path: str


def revision(root: Path, name: str) -> Revision:
    """The commit that ``name`` stands for in the repository of ``root``. Raises UsageError with the mend where there is none."""
    if program() is None:
        raise UsageError("--since needs git, which is not on PATH: install it, or compare with a file: `gotcha-audit baseline create`")
    top = git(root, "rev-parse", "--show-toplevel", seconds=_SECONDS)
    if top is None or top.returncode != 0:
        said = _last(top.stderr) if top is not None else "git does not answer"
        raise UsageError(
            f"{root}: --since compares with a commit, and git knows none here ({said}): compare with a file, `gotcha-audit baseline create`"
        )
    found = (
        None
        if name.startswith("-") or not name.isprintable()
        else git(root, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}", seconds=_SECONDS)
    )
    if found is None or found.returncode != 0:
        raise UsageError(f"--since {name}: {_unknown(root)}")
    return Revision(name=name, commit=found.stdout.decode("ascii").strip())


def _unknown(root: Path) -> str:
    shallow = git(root, "rev-parse", "--is-shallow-repository", seconds=_SECONDS)
    if shallow is not None and shallow.stdout.strip() == b"true":
        return "there is no such commit in this clone, which is shallow: `git fetch --unshallow` (GitHub: `fetch-depth: 0` for actions/checkout)"
    return "there is no such commit: write a branch, a tag or a commit that `git log` shows (of a remote after `git fetch`: `origin/main`)"


@contextmanager
def laid_out(root: Path, at: Revision) -> Iterator[Laid]:
    """The tree of ``root`` as it was at a commit; the folder is removed afterwards.

    What git ignores in ``root`` now (a build, a `.env`) belongs to no commit and is there too, so that it makes no difference. Files larger than any
    that is examined keep their size and not their content. Raises UsageError when the commit cannot be read, GotchaAuditError when the disk is full.
    """
    with tempfile.TemporaryDirectory(prefix="gotcha-audit-since-", ignore_cleanup_errors=True) as folder:
        target = Path(folder) / (root.resolve().name or "tree")
        target.mkdir()
        try:
            missing = _lay_out(root, at, target)
        except OSError as error:
            raise GotchaAuditError(f"{folder}: the tree at {at} cannot be laid out: {error.strerror or error}") from error
        yield Laid(root=target, missing=missing)


def _lay_out(root: Path, at: Revision, target: Path) -> int:
    git(target, "init", "--quiet", "--template=", "--object-format=sha1", seconds=_SECONDS)
    names: list[str] = []
    links: list[tuple[str, bytes]] = []
    missing = _from(root, at.commit, PurePosixPath(), target, names, links, 0)
    _add_ignored(root, target)
    for name, to in links:  # last, so that nothing is ever written through one
        if _link(target, name, to):
            names.append(name)
        else:
            missing += 1
    # All that the commit holds is tracked, ignored by a pattern or not: the index says so. The objects themselves are not needed for that.
    listing = b"".join(b"100644 %s 0\t%s\0" % (_EMPTY_BLOB.encode(), os.fsencode(name)) for name in names)
    indexed = git(target, "update-index", "-z", "--index-info", seconds=_SECONDS, given=listing)
    if indexed is None or indexed.returncode != 0:
        raise GotchaAuditError(f"the tree at {at} cannot be listed: {_last(indexed.stderr) if indexed is not None else 'git does not answer'}")
    return missing


def _from(folder: Path, commit: str, base: PurePosixPath, target: Path, names: list[str], links: list[tuple[str, bytes]], depth: int) -> int:
    """Writes the files of one repository, and of the submodules in it; gives how many could not be written."""
    files = _files(folder, commit)
    if files is None:
        if depth:
            return 1  # a submodule that was not fetched
        raise _incomplete(folder)
    missing = 0
    blobs = [file for file in files if file.mode != _MODULE]
    for file, data, size in _contents(folder, blobs):
        name = str(base / file.path)
        if file.mode == _LINK:
            links.append((name, data or b""))
        elif _write(target, name, data, size, executable=file.mode == _EXECUTABLE):
            names.append(name)
        else:
            missing += 1
    for module in (file for file in files if file.mode == _MODULE):
        below = folder / module.path
        if depth < _NESTED and _is_plain(module.path) and (below / ".git").exists() and inside(os.path.realpath(folder), os.path.realpath(below)):
            missing += _from(below, module.oid, base / module.path, target, names, links, depth + 1)
    return missing


def _files(folder: Path, commit: str) -> list[_File] | None:
    """What a commit holds below ``folder``, as paths relative to it; None when it cannot be read."""
    done = git(folder, "ls-tree", "-r", "-z", commit, seconds=_SECONDS)
    if done is None or done.returncode != 0:
        return None
    found = []
    for line in done.stdout.split(b"\0"):
        head, tab, name = line.partition(b"\t")
        if tab:
            mode, _, oid = head.decode("ascii").split(" ", 2)
            found.append(_File(mode=mode, oid=oid, path=os.fsdecode(name)))
    return found


def _contents(folder: Path, files: Iterable[_File]) -> Iterator[tuple[_File, bytes | None, int]]:
    """Each file with its content, which is None for one that is too large, and its size. Raises UsageError when the clone lacks one."""
    files = list(files)
    asked = b"".join(f"{file.oid}\n".encode("ascii") for file in files)
    checked = git(folder, "cat-file", "--batch-check=%(objecttype) %(objectsize)", seconds=_SECONDS, given=asked)
    lines = checked.stdout.split(b"\n") if checked is not None and checked.returncode == 0 else []
    sizes = [int(line.split(b" ")[1]) if line.startswith(b"blob ") else -1 for line in lines[: len(files)]]
    if len(sizes) != len(files) or -1 in sizes:
        raise _incomplete(folder)
    wanted = [file for file, size in zip(files, sizes, strict=True) if size <= _LARGEST]
    with tempfile.TemporaryFile() as answer:
        done = git(folder, "cat-file", "--batch", seconds=_SECONDS, given=b"".join(f"{file.oid}\n".encode("ascii") for file in wanted), answer=answer)
        if done is None or done.returncode != 0:
            raise _incomplete(folder)
        answer.seek(0)
        for file, size in zip(files, sizes, strict=True):
            yield file, _next(answer, size) if size <= _LARGEST else None, size


def _incomplete(folder: Path) -> UsageError:
    """What a clone with `--filter` lacks is never fetched: that would start programs which its configuration names."""
    mend = "`git fetch --refetch --no-filter` completes a partial clone, and `git fsck` says what else is wrong"
    return UsageError(f"{folder}: git cannot read all that the commit holds: {mend}")


def _next(answer: BinaryIO, size: int) -> bytes:
    """One object of the answer of `cat-file --batch`: a line, the content, a newline (https://git-scm.com/docs/git-cat-file#_batch_output)."""
    answer.readline()
    data = answer.read(size)
    answer.read(1)
    return data


def _is_plain(name: str) -> bool:
    """Whether a name of a tree leads to a place below it, and not into its repository."""
    parts = name.split("/")
    return not any(part in ("", ".", "..") or part.lower() == ".git" for part in parts)


def _write(target: Path, name: str, data: bytes | None, size: int, *, executable: bool) -> bool:
    """Writes a file that is not there yet; whether that was possible. Raises OSError when the disk is full."""
    if not _is_plain(name):
        return False
    path = target / name
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
        with os.fdopen(os.open(path, flags, 0o700 if executable else 0o600), "wb") as stream:
            if data is None:
                stream.truncate(size)
            else:
                stream.write(data)
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno in _FULL:
            raise
        return False
    return True


def _link(target: Path, name: str, to: bytes) -> bool:
    path = target / name
    try:
        real, root = os.path.realpath(path.parent), os.path.realpath(target)
        if not _is_plain(name) or (real != root and not inside(root, real)):
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(os.fsdecode(to))
    except (OSError, ValueError):
        return False
    return True


# -- what git ignores --------------------------------------------------------------------------------------------------------------


def _add_ignored(root: Path, target: Path) -> None:
    """What git ignores is given to the old tree as it is now. Of installed packages and the like, which nobody looks into, only the folder."""
    done = git(root, "ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory", seconds=_SECONDS)
    if done is None or done.returncode != 0:
        return
    names = [os.fsdecode(name) for name in done.stdout.split(b"\0") if name.strip(b"./")]
    patterns = [f"/{_escaped(name)}" for name in names if "\n" not in name]
    info = target / ".git" / "info"
    info.mkdir(exist_ok=True)
    (info / "exclude").write_bytes(os.fsencode("".join(f"{pattern}\n" for pattern in patterns)))
    left = _MOST_IGNORED
    for name in names:
        left -= _mirror(root, target, name.rstrip("/"), left)
        if left <= 0:
            return


def _escaped(name: str) -> str:
    """A name as a pattern that matches it alone (https://git-scm.com/docs/gitignore)."""
    return "".join(f"\\{character}" if character in "\\*?[]!# " else character for character in name)


def _mirror(root: Path, target: Path, name: str, most: int) -> int:
    """Gives a file or folder of ``root`` to ``target`` as well; how many files that were."""
    source = root / name
    if source.is_symlink() or not _is_plain(name):
        return 0
    if not source.is_dir():
        return _share(source, target / name)
    with suppress(OSError):
        (target / name).mkdir(parents=True, exist_ok=True)
    if any(folder_reason(part) for part in PurePosixPath(name).parts):
        return 0
    given = 0
    for folder, folders, files in os.walk(source):
        folders[:] = [one for one in folders if not folder_reason(one)]
        here = target / os.path.relpath(folder, root)
        for one in files:
            if given >= most:
                return given
            given += _share(Path(folder) / one, here / one)
    return given


def _share(source: Path, path: Path) -> int:
    """One file in both trees; on another device, its size alone."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        status = source.lstat()
        try:
            os.link(source, path, follow_symlinks=False)
        except FileExistsError:
            return 0
        except OSError:
            data = source.read_bytes() if status.st_size <= _LARGEST else None
            _write(path.parent, path.name, data, status.st_size, executable=bool(status.st_mode & 0o111))
    except (OSError, ValueError):
        return 0
    return 1


def _last(output: bytes) -> str:
    lines = output.decode("utf-8", "replace").strip().splitlines()
    return lines[-1].removeprefix("fatal: ") if lines else "git gives no reason"
