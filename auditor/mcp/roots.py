"""Where a client may look: below the roots, and nowhere else.

The roots are the folder given with ``--root``; without it the roots that the client names (https://modelcontextprotocol.io/specification/2025-11-25/client/roots),
and for a client that names none, the folder that the server was started in.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from auditor.errors import UsageError
from auditor.report.visible import visible


def folders(uris: Iterable[str]) -> tuple[Path, ...]:
    """The folders among the roots of a client, with links followed; what is no folder of this machine is left out."""
    found = []
    for uri in uris:
        parts = urlsplit(uri)
        if parts.scheme != "file" or parts.netloc not in ("", "localhost"):
            continue
        try:
            path = Path(url2pathname(parts.path)).resolve(strict=True)
        except (OSError, ValueError, RuntimeError):
            continue
        if path.is_dir():
            found.append(path)
    return tuple(dict.fromkeys(found))


def located(name: str, roots: tuple[Path, ...]) -> Path:
    """The file or folder ``name``, with links followed; a relative one is below the first root.

    Raises UsageError when it is not there or outside the roots. Outside, nothing is told of what is there.
    """
    shown = visible(name)
    if "\0" in name:
        raise UsageError(f"{shown} is no path: it holds a NUL")
    try:
        real = Path(os.path.realpath(roots[0] / name))
    except (OSError, ValueError) as error:
        raise UsageError(f"{shown} is no path: {error}") from error
    if not any(real.is_relative_to(root) for root in roots):
        allowed = " or ".join(visible(str(root)) for root in roots)
        raise UsageError(f"{shown} is outside {allowed}: name a path below it, or start the server with --root for another folder")
    if not real.exists():
        raise UsageError(f"{shown}: no such file or folder in {visible(str(roots[0]))}")
    return real


def folder(name: str, roots: tuple[Path, ...]) -> Path:
    """As ``located``, and it must be a folder."""
    path = located(name, roots)
    if not path.is_dir():
        raise UsageError(f"{visible(name)} is no folder: name the folder of the project")
    return path
