"""What is remembered of a session: that it edited, where a failure was seen, that it was reminded. Empty files in the user's cache.

Several hooks of one session may run at once, so that nothing is read, changed and written back: each thing remembered is a file of its own.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import time
from collections.abc import Mapping
from pathlib import Path

_KEPT = 7 * 24 * 3600
_MOST = 50


def folder(session: str, root: Path, environment: Mapping[str, str]) -> Path:
    """Where a session in a project is remembered (https://specifications.freedesktop.org/basedir-spec)."""
    base = environment.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")  # noqa: PTH111, PTH118 - Path.home() raises without a home
    name = hashlib.sha256(f"{session}\0{root}".encode("utf-8", "surrogateescape")).hexdigest()[:32]
    return Path(base) / "gotcha-audit" / "sessions" / name


def edited(where: Path, path: str, *, fails: bool) -> None:
    """Remember that ``path`` (relative to the root) was edited, and whether it fails now; raises nothing."""
    mark = where / f"fails-{hashlib.sha256(path.encode('utf-8', 'surrogateescape')).hexdigest()[:32]}"
    with contextlib.suppress(OSError):
        if not where.is_dir():
            _forget_old(where.parent)
            where.mkdir(parents=True, exist_ok=True)
        (where / "edited").touch()
        if fails:
            mark.write_text(path, "utf-8", "surrogateescape")
        else:
            mark.unlink(missing_ok=True)


def has_edited(where: Path) -> bool:
    """Whether the session edited anything."""
    return (where / "edited").exists()


def failing(where: Path) -> tuple[str, ...]:
    """The files that failed when they were last edited."""
    try:
        return tuple(sorted(mark.read_text("utf-8", "surrogateescape") for mark in sorted(where.glob("fails-*"))[:_MOST]))
    except OSError:
        return ()


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
