"""Which project a document belongs to, and its path in it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from urllib.parse import unquote_to_bytes, urlsplit
from urllib.request import url2pathname

from auditor.project.config import FILES

MARKERS = (".git", "pyproject.toml", "package.json", "requirements.txt", "manage.py", *FILES)
"""What says that a folder is the root of a project, for documents outside the folders that are open."""


def path_of(uri: str) -> Path | None:
    """The real path of a `file:` URI; None for another scheme, or a name that no file can have."""
    parts = urlsplit(uri)
    if parts.scheme != "file" or parts.netloc not in ("", "localhost"):
        return None
    try:
        name = url2pathname(parts.path) if os.name == "nt" else os.fsdecode(unquote_to_bytes(parts.path))
        return Path(os.path.realpath(name)) if name else None
    except (OSError, ValueError):
        return None


def uri_of(path: Path) -> str:
    """The URI of a path."""
    return path.absolute().as_uri()


def root_of(path: Path, folders: Iterable[Path]) -> Path | None:
    """The root of the project that a file belongs to: the innermost open folder that holds it, else the nearest folder above with a mark of one.

    None where there is neither: a scan would look through whatever lies beside the file, which may be all of a home directory.
    """
    holding = [folder for folder in folders if path.is_relative_to(folder) and path != folder]
    if holding:
        return max(holding, key=lambda folder: len(folder.parts))
    return next((folder for folder in path.parents if any((folder / name).exists() for name in MARKERS)), None)


def below(path: Path, root: Path) -> PurePosixPath:
    """The path of a file in its project."""
    return PurePosixPath(path.relative_to(root).as_posix())
