"""Places in code points, as everywhere here, become positions of the protocol, which counts in units agreed with the client.

https://microsoft.github.io/language-server-protocol/specifications/lsp/3.17/specification/#position
"""

from __future__ import annotations

from collections.abc import Mapping

from lsprotocol import types

from auditor.model import Span

_MARK = "\ufeff"


def units(text: str, encoding: str) -> int:
    """How long a text is in the units of an encoding: bytes of UTF-8, code units of UTF-16 (the default of the protocol), or code points."""
    if encoding == types.PositionEncodingKind.Utf8:
        return len(text.encode("utf-8", "surrogatepass"))
    if encoding == types.PositionEncodingKind.Utf32:
        return len(text)
    return len(text) + sum(character > "\uffff" for character in text)


def character_of(line: str, column: int, encoding: str) -> int:
    """The character (from 0) of a column (from 1, in code points) on a line; a column behind the end of the line is its end."""
    return units(line[: max(0, column - 1)], encoding)


def column_of(line: str, character: int, encoding: str) -> int:
    """The column (from 1, in code points) of a character (from 0); one inside a code point is its start, one behind the end of the line its end."""
    before = 0
    for index, letter in enumerate(line):
        before += units(letter, encoding)
        if before > character:
            return index + 1
    return len(line) + 1


def lines_of(text: str) -> list[str]:
    r"""The lines of a text, without their ends: `\n`, `\r\n` and `\r` end a line, and nothing else does."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def range_of(span: Span | None, lines: Mapping[int, str], encoding: str) -> types.Range:
    """The range of a span; ``lines`` are those it starts and ends on, by number. No span stands for the start of the file.

    A byte order mark that the client left in the text is no column of ours, but a character of its.
    """
    if span is None:
        return types.Range(types.Position(0, 0), types.Position(0, 0))
    ends = []
    for position in (span.start, span.end):
        line = lines.get(position.line, "")
        column = position.column + (position.line == 1 and line.startswith(_MARK))
        ends.append(types.Position(line=position.line - 1, character=character_of(line, column, encoding)))
    return types.Range(start=ends[0], end=ends[1])


def holds(one: types.Range, other: types.Range) -> bool:
    """Whether two ranges touch each other; an empty one is a position."""
    return _key(one.start) <= _key(other.end) and _key(other.start) <= _key(one.end)


def _key(position: types.Position) -> tuple[int, int]:
    return position.line, position.character
