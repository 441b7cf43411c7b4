"""A bug of ours: one line for the terminal, the rest in a file that can be attached to an issue."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from auditor import __version__

ISSUES = "https://github.com/gotcha-audit/gotcha-audit/issues"


def record(error: BaseException, argv: Sequence[str]) -> str:
    """Write the crash log and give the line to print, which says where it is."""
    now = datetime.now(UTC)
    text = "\n".join(
        [
            f"gotcha-audit {__version__}, Python {platform.python_version()}, {platform.platform()}",
            f"{now.isoformat(timespec='seconds')}  arguments: {list(argv)!r}",
            "",
            "".join(traceback.format_exception(error)),
        ]
    )
    what = f"internal error: {type(error).__name__}: {error}".split("\n", maxsplit=1)[0][:300]
    name = f"crash-{now:%Y%m%dT%H%M%S}-{os.getpid()}.log"
    for directory in (_cache(), Path(tempfile.gettempdir())):
        path = directory / name
        try:
            directory.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", errors="backslashreplace")
        except OSError:
            continue
        return f"{what}; this is a bug in gotcha-audit: please attach {path} to {ISSUES}"
    return f"{what}; this is a bug in gotcha-audit: please tell {ISSUES}"


def _cache() -> Path:
    """Give the user's cache directory: https://specifications.freedesktop.org/basedir-spec/latest/ and its likes elsewhere."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA", "")
    else:
        base = os.environ.get("XDG_CACHE_HOME", "")
    try:
        home = Path.home()
    except RuntimeError:
        home = Path(tempfile.gettempdir())
    return (Path(base) if base else home / ".cache") / "gotcha-audit"
