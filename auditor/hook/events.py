"""What happened in a coding agent, whichever it is, and what is answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """One text of a file put in the place of another; ``every`` time it occurs, or once."""

    old: str
    new: str
    every: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A file that is about to be written: its whole ``content``, or ``replacements`` in it; neither where the client does not say."""

    path: str
    content: str | None = None
    replacements: tuple[Replacement, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """Files were written, at ``paths`` as the client gave them, or perhaps by a ``command`` of the shell ("" for none).

    ``folders`` are where the client says it works, the best first.
    """

    folders: tuple[str, ...]
    session: str
    paths: tuple[str, ...]
    command: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """Files are about to be written by a tool for files (``drafts``), or perhaps by a ``command`` of the shell ("" for none)."""

    folders: tuple[str, ...]
    session: str
    drafts: tuple[Draft, ...]
    command: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopping:
    """The agent is about to hand back to the person, for the first time in this turn and with nothing running in the background."""

    folders: tuple[str, ...]
    session: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A session begins or is taken up again."""

    folders: tuple[str, ...]
    session: str


Event = Edited | Writing | Stopping | Started


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is said to the agent: ``context`` to read, a ``denial`` of a tool call with its reason, or a ``reminder`` in place of stopping."""

    kind: Literal["context", "denial", "reminder"]
    text: str


class ScanNote(Exception):  # noqa: N818 (nothing went wrong in the event: the project could not be scanned)
    """Why files could not be scanned, in a line."""
