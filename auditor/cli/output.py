"""What leaves the program: the answer on standard output alone, what is said about it on standard error, files at once or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TextIO

from auditor.errors import GotchaAuditError, UsageError

_ASCII = str.maketrans({"│": "|", "✗": "x", "✓": "+", "·": ".", "…": "~", "▲": "^", "–": "-", "→": "->"})
_WIDTH_WITHOUT_TERMINAL = 100


def emit(text: str) -> None:
    """Write the answer to standard output.

    A reader that went away (``| head``) is no error: the exit code still tells what was found. Raises GotchaAuditError when
    the output cannot be written for another reason, such as a full disk.
    """
    try:
        sys.stdout.write(_encodable(text, sys.stdout))
        sys.stdout.flush()
    except BrokenPipeError:
        hush()
    except OSError as error:
        raise GotchaAuditError(f"standard output cannot be written: {error.strerror or error}") from error


def say(text: str) -> None:
    """Write a line for people to standard error."""
    with contextlib.suppress(OSError):
        sys.stderr.write(_encodable(text, sys.stderr) + "\n")
        sys.stderr.flush()


def hush() -> None:
    """Point standard output at nothing, so that Python's own flush at exit does not complain about the closed pipe."""
    with contextlib.suppress(OSError):
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, sys.stdout.fileno())
        os.close(nothing)


def write_file(path: Path, text: str) -> None:
    """Write ``text`` to ``path`` as a whole or not at all; raises UsageError when that is not possible."""
    target = Path(os.path.realpath(path))
    temporary: Path | None = None
    try:
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False) as stream:
            temporary = Path(stream.name)
            stream.write(text.encode("utf-8", "backslashreplace"))
        temporary.chmod(target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask())
        temporary.replace(target)
    except OSError as error:
        if temporary:
            temporary.unlink(missing_ok=True)
        raise UsageError(f"{path} cannot be written: {error.strerror or error}") from error


def is_terminal() -> bool:
    """Whether somebody reads standard output as it comes."""
    return sys.stdout.isatty()


def colour() -> bool:
    """Whether to colour standard output: https://no-color.org/, and FORCE_COLOR for logs that show it."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return is_terminal() and os.environ.get("TERM") != "dumb"


def width() -> int:
    """Columns to write for; a pipe has none and gets a readable number."""
    return shutil.get_terminal_size((_WIDTH_WITHOUT_TERMINAL, 24)).columns


def _encodable(text: str, stream: TextIO) -> str:
    encoding = stream.encoding or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_ASCII).encode(encoding, "backslashreplace").decode(encoding)
    return text


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
