"""Commands as words: what a shell splits, what a list holds."""

from __future__ import annotations

import json
import shlex
from typing import Literal

from auditor.model import Place
from auditor.project.facts.unit import Command


def words_of(text: str) -> tuple[str, ...]:
    """A text as a shell splits it; one that no shell could read is split at blanks."""
    try:
        return tuple(shlex.split(text, comments=False))
    except ValueError:
        return tuple(text.split())


def listed(text: str) -> tuple[str, ...] | None:
    """The words of a JSON array of strings; None when the text is none, as Docker then takes it for a shell command."""
    if not text.lstrip().startswith("["):
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return tuple(found) if isinstance(found, list) and all(isinstance(word, str) for word in found) else None


def shell(text: str, place: Place) -> Command:
    """A command that a shell reads."""
    return Command(text=text, words=words_of(text), form="shell", place=place)


def exec_form(words: tuple[str, ...], place: Place, form: Literal["exec", "shell"] = "exec") -> Command:
    """A command given as a list."""
    return Command(text=" ".join(words), words=words, form=form, place=place)
