"""git, asked for what it knows and nothing else: none of a repository's own programs, hooks, filters or pagers runs."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import BinaryIO

# A repository's own configuration may name programs to run and files to read: none of it is obeyed.
_OPTIONS = (
    *("-c", "core.fsmonitor=false"),
    *("-c", f"core.hooksPath={os.devnull}"),
    *("-c", f"core.excludesFile={os.devnull}"),
    *("-c", "core.pager=cat"),
    *("-c", "core.quotePath=false"),
    *("-c", "safe.bareRepository=explicit"),
)
_ENVIRONMENT = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_LAZY_FETCH": "1",  # a partial clone would fetch through a program its configuration names
    "GIT_NO_REPLACE_OBJECTS": "1",  # what a commit holds is what its name stands for
    "GIT_ALLOW_PROTOCOL": "none",
    "LC_ALL": "C",
}


def program() -> str | None:
    """The git of this machine; None when there is none."""
    found = shutil.which("git")
    # A git found by a relative PATH could be one of the tree under examination.
    return found if found is not None and os.path.isabs(found) else None  # noqa: PTH117 - the result of a look-up is text


def git(folder: Path, *words: str, seconds: float, given: bytes = b"", answer: BinaryIO | None = None) -> subprocess.CompletedProcess[bytes] | None:
    """Runs ``git words`` in ``folder`` with ``given`` on its standard input; its output goes to the file ``answer`` when there is one.

    None when there is no git, or it cannot be started or does not end in time. Nothing of the environment that speaks to git is passed on.
    """
    found = program()
    if found is None:
        return None
    environment = {**{key: value for key, value in os.environ.items() if not key.startswith("GIT_")}, **_ENVIRONMENT}
    try:
        return subprocess.run(
            [found, *_OPTIONS, "-C", str(folder), *words],
            input=given,
            stdout=answer or subprocess.PIPE,
            stderr=subprocess.PIPE,
            check=False,
            timeout=seconds,
            env=environment,
        )
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
