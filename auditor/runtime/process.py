"""A supervised application: started by a warden, watched, and stopped without a trace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of output; ``time`` is `time.time()` when it arrived."""

    time: float
    stream: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Listener:
    """A TCP socket that a process of the application listens on."""

    address: str
    port: int
    pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """How the application ended.

    ``code`` is its exit code (negative: killed by that signal), ``seconds`` from SIGTERM to the end; ``killed`` names what had to be killed after
    the grace period, ``survivors`` what is still there.
    """

    code: int | None
    seconds: float
    killed: tuple[str, ...] = ()
    survivors: tuple[str, ...] = ()


class Application(Protocol):
    """A started application."""

    words: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str]
    port: int

    @property
    def alive(self) -> bool:
        """Whether the command that was started is still running."""
        ...

    @property
    def code(self) -> int | None:
        """The exit code, None while it runs."""
        ...

    @property
    def lines(self) -> tuple[Line, ...]:
        """What it has printed."""
        ...

    @property
    def listeners(self) -> tuple[Listener, ...]:
        """The sockets that it listens on."""
        ...
