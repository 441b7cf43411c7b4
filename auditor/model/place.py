"""Where something is: positions are 1-based and count Unicode code points."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Position:
    """A line and a column, both starting at 1; the column counts code points, not bytes."""

    line: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Span:
    """From ``start`` up to, not including, ``end``."""

    start: Position
    end: Position


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A file (relative to the root), a part of it, and a word on what is there.

    ``path`` is None for places outside the tree (a request, a task); ``span`` is None for a file as a whole.
    """

    path: PurePosixPath | None
    span: Span | None = None
    label: str = ""

    @property
    def line(self) -> int:
        """The first line, or 0 for a place without one."""
        return self.span.start.line if self.span else 0

    @property
    def column(self) -> int:
        """The first column, or 0 for a place without one."""
        return self.span.start.column if self.span else 0

    def __str__(self) -> str:
        parts = [str(self.path)] if self.path is not None else []
        if self.span:
            parts += [str(self.line), str(self.column)]
        return ":".join(parts) or self.label


def span_of(line: int, column: int = 1, end_line: int | None = None, end_column: int | None = None) -> Span:
    """A span from plain numbers; without an end it is one column wide."""
    start = Position(line=line, column=column)
    end = Position(line=end_line or line, column=end_column or (column + 1))
    return Span(start=start, end=max(start, end))
