"""Edits that only add to a file, and the reasons for leaving one alone."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

_MAX_BYTES = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """The file ``path`` (below the root) is to hold ``after``; ``before`` is what it holds, None when it is not there.

    ``then`` is what to run next.
    """

    path: PurePosixPath
    before: str | None
    after: str
    then: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The file ``path`` is left alone, and why. ``paste`` is what a person has to put into it by hand; empty when nothing is to be done."""

    path: PurePosixPath
    reason: str
    paste: str = ""


class Unsafe(Exception):  # noqa: N818 (nothing is wrong: the edit is left to a person)
    """An edit that cannot be made so that nothing else changes; the text is the reason."""


def read(root: Path, path: PurePosixPath) -> str | None:
    """The text of a file below ``root``, line ends and all; None when there is none. Raises Unsafe when it is not for us to write."""
    absolute = root / path
    real = os.path.realpath(absolute)
    base = os.path.realpath(root)
    if not real.startswith(base.rstrip(os.sep) + os.sep):
        raise Unsafe("it is, or lies below, a link out of the project")
    try:
        status = os.stat(real)  # noqa: PTH116 - the real path is text
        if not stat.S_ISREG(status.st_mode):
            raise Unsafe("it is no regular file")
        if status.st_size > _MAX_BYTES:
            raise Unsafe(f"it is larger than {_MAX_BYTES:,} bytes")
        return Path(real).read_bytes().decode("utf-8")
    except FileNotFoundError:
        if absolute.is_symlink():
            raise Unsafe("it is a link to nothing") from None
        return None
    except NotADirectoryError:
        raise Unsafe("a file stands where its folder should be") from None
    except UnicodeDecodeError:
        raise Unsafe("it is not UTF-8") from None
    except OSError as error:
        raise Unsafe(f"it cannot be read: {error.strerror or error}") from error


def is_unchanged(root: Path, edit: Edit) -> bool:
    """Whether the file still holds what it held when the edit was made."""
    try:
        return read(root, edit.path) == edit.before
    except Unsafe:
        return False


def appended(text: str, addition: str) -> str:
    """``text`` with ``addition`` below it, an empty line between them, in the line ends of ``text``."""
    end = "\r\n" if "\r\n" in text else "\n"
    if not text.strip("\ufeff \t\r\n"):
        return text + addition.replace("\n", end)
    joint = "" if text.endswith("\n") else end
    return text + joint + end + addition.replace("\n", end)
