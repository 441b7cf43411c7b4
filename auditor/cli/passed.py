"""Files that another program names, such as pre-commit: those that a scan of the whole project would not look at are left out again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from auditor.project.config import Config
from auditor.project.discovery import discover

_SPECIAL = re.compile(r"([\\*?\[\]!#\s])")


def left_out(root: Path, config: Config, chosen: tuple[Path, ...]) -> Iterator[str]:
    """Give a pattern of ``exclude`` for each of the ``chosen`` files (below ``root``) that a scan of all of it leaves out.

    A person who names a generated file means it; a program that names every changed file does not, and would make a commit fail for what the scan of
    the project never reports.
    """
    files = {path: PurePosixPath(path.as_posix()) for path in chosen if (root / path).is_file()}
    if not files:
        return
    whole = {file.path for file in discover(root, config).tree_files}
    for file in files.values():
        if file not in whole:
            yield "/" + _SPECIAL.sub(r"\\\1", str(file))
