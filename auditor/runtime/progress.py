"""Who is told how far a validation is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from auditor.model import Outcome


class Progress(Protocol):
    """Told before and after each check."""

    def started(self, name: str) -> None:
        """The check ``name`` begins."""
        ...

    def done(self, name: str, outcomes: Sequence[Outcome]) -> None:
        """The check ``name`` ended with ``outcomes``."""
        ...


class Silent:
    """Tells nobody."""

    def started(self, name: str) -> None:
        """Ignore it."""

    def done(self, name: str, outcomes: Sequence[Outcome]) -> None:
        """Ignore it."""
