"""Filling `$X` in a message or a suggestion with the source text bound to it."""

from __future__ import annotations

import re
from collections.abc import Mapping

_METAVARIABLE = re.compile(r"\$(?:\.\.\.)?[A-Z_][A-Z_0-9]*")


def fill(template: str, bindings: Mapping[str, str]) -> str:
    """`template` with every `$X` that `bindings` knows replaced by its text; an unknown one stays as it is.

    Keys of `bindings` carry the dollar sign (``$DIR``). Nothing is escaped, and inserted text is never filled again.
    Metavariables are spelled as in semgrep (https://semgrep.dev/docs/writing-rules/pattern-syntax#metavariables):
    ``$NAME``, or ``$...NAME`` for a sequence.
    """
    return _METAVARIABLE.sub(lambda found: bindings.get(found[0], found[0]), template)


def metavariables(template: str) -> frozenset[str]:
    """Every `$X` that occurs in `template`, dollar sign included."""
    return frozenset(_METAVARIABLE.findall(template))
