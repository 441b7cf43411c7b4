"""Comments that silence a result."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.model import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """One suppression: the ids (globs) it names, the reason, and the lines it covers.

    ``problem`` is "" for one that counts, else "blanket" (names no id), "no reason" or "malformed".
    """

    ids: tuple[str, ...]
    reason: str
    place: Place
    lines: frozenset[int]
    problem: str = ""


def suppressions(text: str, language: str) -> tuple[Comment, ...]:
    """The suppression comments of a file in order; strings that look like one are none."""
    return ()
