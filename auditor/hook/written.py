"""The files that an event is about, in the project they belong to."""

from __future__ import annotations

from pathlib import Path

from auditor.hook.root import inside, roots

_MOST_FILES = 20


def located(folders: tuple[str, ...], paths: tuple[str, ...], *, there: bool = True) -> tuple[Path | None, tuple[Path, ...]]:
    """The first project that holds any of these paths, and those it holds, relative to it; None and () where none does.

    With ``there`` only files that are there count.
    """
    if not paths:
        return None, ()
    for root in roots(folders):
        found = tuple(dict.fromkeys(below for path in paths if (below := _below(path, folders, root, there=there))))[:_MOST_FILES]
        if found:
            return root, found
    return None, ()


def by_shell(command: str, folders: tuple[str, ...]) -> tuple[str, ...]:
    """What a command plainly writes: in some modes Claude Code edits with the shell (https://github.com/anthropics/claude-code/issues/89251)."""
    if not command or not folders:
        return ()
    from auditor.hook.shell import written  # noqa: PLC0415 - only for commands

    return tuple(str(target.path) for target in written(command, Path(folders[0])))


def _below(path: str, folders: tuple[str, ...], root: Path, *, there: bool) -> Path | None:
    """A path relative to the root; None when it is elsewhere, or when it is to be there and is no file."""
    real = inside(path, folders)
    if real is None or not real.is_relative_to(root):
        return None
    try:
        return real.relative_to(root) if real.is_file() or not there else None
    except OSError:
        return None
