"""What a check is given: the running application, a client that talks to it, and the means to start it once more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from auditor.processes.application import Application
from auditor.project.project import Project
from auditor.runtime.assets import Asset
from auditor.runtime.client import Client, Exchange
from auditor.runtime.seen import Seen
from auditor.runtime.target import Endpoint, Target


class Again(Protocol):
    """Start the application once more, beside or after the first."""

    def __call__(
        self,
        *,
        words: Sequence[str] | None = None,
        remove: Iterable[str] = (),
        folder: Path | None = None,
        port: int | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> AbstractContextManager[Application]:
        """Start it by ``words``, without the variables ``remove``, with those of ``environment`` besides, in ``folder``, on ``port``.

        It is stopped when the context ends.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page that was asked for, and the assets it names with how they were answered. ``assets`` maps the address path to the exchange.

    ``named`` says how each is used, and where it is named; ``more`` counts assets that were not asked for because there were too many.
    """

    endpoint: Endpoint
    exchange: Exchange
    assets: Mapping[str, Exchange] = field(default_factory=dict)
    named: tuple[Asset, ...] = ()
    more: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Everything a check may use. ``root`` is the tree the application runs in; ``kept`` is for files that evidence points at (screenshots).

    ``pages`` were fetched once, for all checks that judge them.
    """

    root: Path
    project: Project
    target: Target
    application: Application
    client: Client
    again: Again
    pages: tuple[Page, ...] = ()
    kept: Path | None = None
    browser: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What a check before the start may use. ``environment`` is what the process will get, values included."""

    root: Path
    project: Project
    target: Target
    environment: Mapping[str, str]


EarlyCheck = Callable[[Before], Iterable[Seen]]
"""One check before the start."""

Check = Callable[[Scene], Iterable[Seen]]
"""One registered check: it raises nothing for what the application does."""
