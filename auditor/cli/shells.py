"""Completion in fish, mended: click's script takes what follows the first comma of an answer for something else."""

from __future__ import annotations

from click.shell_completion import FishComplete, add_completion_class

_SPLIT = 'string split ","'


class WholeFishComplete(FishComplete):
    """Keeps commas, which lists of ids and descriptions hold (seen in click 8.4)."""

    source_template = FishComplete.source_template.replace(_SPLIT, 'string split --max 1 ","')


def install() -> None:
    """Let click use it."""
    add_completion_class(WholeFishComplete)
