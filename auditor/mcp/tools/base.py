"""What a tool is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from auditor.mcp.calls import Say

Json = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A call of a tool: its arguments, which fit its schema; the roots it may look below; whom to tell how far it is."""

    arguments: Json
    roots: tuple[Path, ...]
    say: Say

    def text(self, name: str, default: str = "") -> str:
        """An argument that is a text."""
        value = self.arguments.get(name, default)
        return value if isinstance(value, str) else default

    def texts(self, name: str) -> tuple[str, ...]:
        """An argument that is a list of texts."""
        value = self.arguments.get(name, ())
        return tuple(map(str, value)) if isinstance(value, (list, tuple)) else ()

    def number(self, name: str, default: int) -> int:
        """An argument that is a whole number; JSON has 1.0 for one too."""
        value = self.arguments.get(name, default)
        return int(value) if isinstance(value, (int, float)) else default

    def flag(self, name: str, *, default: bool) -> bool:
        """An argument that is true or false."""
        value = self.arguments.get(name, default)
        return value if isinstance(value, bool) else default


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a tool gives: ``content`` fits its schema; ``text`` is what to read instead of it, where that reads better than JSON."""

    content: Json
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """What a client may rely on when it asks its user: https://modelcontextprotocol.io/specification/2025-11-25/schema#toolannotations ."""

    reads_only: bool
    destroys: bool
    repeatable: bool


READS = Hints(reads_only=True, destroys=False, repeatable=True)
"""Looks, and changes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A tool: what it takes and gives as JSON Schemas, and the function behind it.

    ``run`` raises GotchaAuditError for what cannot be done; its text becomes the answer.
    """

    name: str
    title: str
    description: str
    takes: Json
    gives: Json
    hints: Hints
    run: Callable[[Asked], Awaitable[Answer]]
