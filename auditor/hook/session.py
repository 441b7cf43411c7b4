"""What is remembered of a session: what it was about to write, where a failure was seen, that it was reminded. Small files in the user's cache.

Several hooks of one session may run at once, so that nothing is read, changed and written back: each thing remembered is a file of its own.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

_KEPT = 7 * 24 * 3600
_MOST = 50
_INTENDED, _FAILS = "intended", "fails"


def folder(session: str, root: Path, environment: Mapping[str, str]) -> Path:
    """Where a session in a project is remembered (https://specifications.freedesktop.org/basedir-spec)."""
    base = environment.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")  # noqa: PTH111, PTH118 - Path.home() raises without a home
    name = hashlib.sha256(f"{session}\0{root}".encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return Path(base) / "gotcha-audit" / "sessions" / name


def intended(where: Path, paths: tuple[str, ...]) -> None:
    """Remember that these files (relative to the root) are about to be written: not every client says when they were; raises nothing."""
    with contextlib.suppress(OSError):
        _make(where)
        for path in paths:
            _mark(where, _INTENDED, path).write_text(path, "utf-8", "surrogatepass")


def edited(where: Path, path: str, *, fails: bool) -> None:
    """Remember that ``path`` (relative to the root) was edited, and whether it fails now; raises nothing."""
    with contextlib.suppress(OSError):
        _make(where)
        (where / "edited").touch()
        _mark(where, _INTENDED, path).unlink(missing_ok=True)
        if fails:
            _mark(where, _FAILS, path).write_text(path, "utf-8", "surrogatepass")
        else:
            _mark(where, _FAILS, path).unlink(missing_ok=True)


def failing(where: Path) -> tuple[str, ...]:
    """The files that failed when they were last edited."""
    return tuple(sorted(name for name, _ in _marked(where, _FAILS)))


def unseen(where: Path, root: Path) -> tuple[str, ...]:
    """The files that were written after it was said that they are about to be, and of which nothing was heard since."""
    return tuple(sorted(name for name, since in _marked(where, _INTENDED) if _changed(root / name, since)))


def has_edited(where: Path) -> bool:
    """Whether an edit of the session was heard of."""
    return (where / "edited").exists()


def _make(where: Path) -> None:
    if not where.is_dir():
        _forget_old(where.parent)
        where.mkdir(parents=True, exist_ok=True)


def _mark(where: Path, kind: str, path: str) -> Path:
    return where / f"{kind}-{hashlib.sha256(path.encode('utf-8', 'surrogateescape')).hexdigest()[:32]}"


def _marked(where: Path, kind: str) -> Iterator[tuple[str, int]]:
    """What was remembered of a kind, and when."""
    with contextlib.suppress(OSError):
        for mark in sorted(where.glob(f"{kind}-*"))[:_MOST]:
            yield mark.read_text("utf-8", "surrogatepass"), mark.stat().st_mtime_ns


def _changed(path: Path, since: int) -> bool:
    try:
        return path.stat().st_mtime_ns >= since
    except (OSError, ValueError):
        return False


def was_reminded(where: Path) -> bool:
    """Whether the session had its reminder."""
    return (where / "reminded").exists()


def remind_once(where: Path) -> bool:
    """Take the one reminder of the session; False when it was taken, or when it could not be remembered that it is."""
    try:
        where.mkdir(parents=True, exist_ok=True)
        os.close(os.open(where / "reminded", os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError:
        return False
    return True


def _forget_old(sessions: Path) -> None:
    """Sessions that nobody took up again for a week."""
    limit = time.time() - _KEPT
    with contextlib.suppress(OSError):
        for entry in sorted(sessions.iterdir())[:1000]:
            if entry.is_dir() and not entry.is_symlink() and entry.stat().st_mtime < limit:
                shutil.rmtree(entry, ignore_errors=True)
