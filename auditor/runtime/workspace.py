"""The tree that the application runs in: the project itself, or a copy that it may write to."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from auditor.errors import GotchaAuditError

_LINKED = frozenset({"node_modules", ".venv", "venv"})
"""Installed packages: large, and not written to by an application."""
_LEFT_OUT = frozenset({".git", ".hg", ".svn"})


@contextlib.contextmanager
def workspace(root: Path, *, copied: bool) -> Iterator[Path]:
    """Give the tree to run in: ``root``, or a copy of it that is gone afterwards, in which installed packages are links to the original.

    Raises GotchaAuditError when the copy cannot be made.
    """
    if not copied:
        yield root
        return
    with tempfile.TemporaryDirectory(prefix="gotcha-audit-", ignore_cleanup_errors=True) as folder:
        target = Path(folder) / (root.resolve().name or "project")
        try:
            shutil.copytree(root, target, symlinks=True, ignore=_ignored, copy_function=shutil.copy2)
            _link(root, target)
        except (OSError, shutil.Error) as error:
            raise GotchaAuditError(f"{root} cannot be copied: {str(error)[:300]}") from error
        yield target


def _ignored(folder: str, names: list[str]) -> set[str]:
    special = {name for name in names if not (os.path.islink(path := os.path.join(folder, name)) or os.path.isfile(path) or os.path.isdir(path))}  # noqa: PTH112, PTH113, PTH114, PTH118
    return {name for name in names if name in _LINKED or name in _LEFT_OUT} | special


def _link(root: Path, target: Path) -> None:
    """Link the folders of installed packages, wherever in the tree they are."""
    for folder, names, _ in os.walk(root):
        inside = Path(folder).relative_to(root)
        for name in sorted(_LINKED & set(names)):
            (target / inside / name).symlink_to((Path(folder) / name).resolve(), target_is_directory=True)
        names[:] = [name for name in names if name not in _LINKED and name not in _LEFT_OUT]
