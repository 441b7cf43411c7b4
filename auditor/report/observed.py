"""The parts of a validation's results by what they are for: the start, one-line facts, likely causes, and pieces of evidence to show."""

from __future__ import annotations

from collections.abc import Sequence

from auditor.model import Evidence, Result, Run

START = "start"
"""The kind of evidence that says what was started: `title` names a part of it (`command`, `folder`, `from`, `why`), the command first."""

CAUSE = "cause"
"""The kind of evidence that names a likely cause: `title` is `likely <gotcha>`, `body` where the scan saw it, and what it said."""

IMAGE = "image"
"""The kind of evidence that is a picture: `body` is the base64 of a PNG or a JPEG. Formats of text leave it out."""

CONTEXT = "context"
"""The kind of evidence that is the marked code with a few lines around it: `title` ends with the number of the first line."""

TO_LOOK_AT = frozenset({IMAGE, CONTEXT})
"""Kinds of evidence for a reader who looks; whoever reads has the code and the message."""

_FACTS = ("expected", "observed")


def start(run: Run) -> Sequence[tuple[str, str]]:
    """What was started, as (name, value); empty when nothing was."""
    result = next((result for result in run.results if any(piece.kind == START for piece in result.evidence)), None)
    return [(piece.title, piece.body) for piece in result.evidence if piece.kind == START] if result else []


def facts(result: Result) -> Sequence[tuple[str, str]]:
    """What was expected and what was observed, as (name, value)."""
    return [(kind, piece.body) for kind in _FACTS for piece in result.evidence if piece.kind == kind and piece.body]


def causes(result: Result) -> Sequence[tuple[str, str]]:
    """The likely causes as (gotcha, `at web.py:21 (scan: FAILS)`), likeliest first; those nothing is known of have no second part."""
    known = {piece.title.removeprefix("likely "): piece.body for piece in result.evidence if piece.kind == CAUSE}
    return [(gotcha, _at(known.get(gotcha, ""))) for gotcha in dict.fromkeys((*known, *result.gotchas))]


def _at(where: str) -> str:
    if not where or where.startswith("("):
        return where
    return f"at {where}" if " (scan:" in where else f"({where})"


def pieces(result: Result) -> Sequence[Evidence]:
    """Everything else that was seen and can be read: responses, logs, output, steps, where screenshots are kept."""
    return [piece for piece in result.evidence if piece.kind not in {START, CAUSE, *TO_LOOK_AT, *_FACTS}]


def title(piece: Evidence) -> str:
    """What a piece of evidence is: its kind, and its title where that says more."""
    return piece.title if piece.title.startswith(piece.kind) else ": ".join(part for part in (piece.kind, piece.title) if part)


def pictures(result: Result) -> Sequence[Evidence]:
    """What a browser showed, as base64 of PNG or JPEG."""
    return [piece for piece in result.evidence if piece.kind == IMAGE]


def context(result: Result) -> tuple[Evidence | None, int]:
    """The code with the lines around it, if the report carries them, and the number of its first line."""
    piece = next((piece for piece in result.evidence if piece.kind == CONTEXT), None)
    number = piece.title.rpartition(":")[2] if piece is not None else ""
    return (piece, int(number)) if number.isdecimal() else (None, 0)
