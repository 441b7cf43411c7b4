"""Other names that a function or class has in a project: `from flask import send_file as send`, used in a third file under that name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

_AS = re.compile(r"([^\W\d]\w*)[ \t\\\n]+as[ \t\\\n]+([^\W\d]\w*)")
# From the sign on, because that is found fast; what stands before it is looked at only where a plain name follows.
_EQUALS_NAME = re.compile(r"=[ \t\\\n(]*(?:\w+[ \t]*\.[ \t]*)*([^\W\d]\w*)(?![ \t]*[\w.(\[])")
_TARGETS = re.compile(r"(?:^|[\n;:])[ \t]*((?:\w+[ \t]*(?::[^=\n;]{0,80})?=[ \t\\\n(]*)+)$")
_WALRUS = re.compile(r"(\w+)[ \t]*:=$")
_BEFORE = 200
_STEPS = 4
"""A name that is renamed more often than this before it is used is not followed."""

_MEANINGS = 8
"""A name that stands for more things than this in a project is a local variable here and there, no export that is passed on."""


@dataclass(frozen=True, slots=True)
class Aliases:
    """Name -> whatever else it is called anywhere in the project."""

    known: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def names(self, name: str) -> frozenset[str]:
        """The other names."""
        return self.known.get(name, frozenset())

    def occur(self, name: str, text: str) -> bool:
        """Whether the name may be used in a text under another one."""
        return any(alias in text for alias in self.names(name))


def renamed(text: str) -> tuple[tuple[str, str], ...]:
    """(name, other name) for every `name as other`, `other = package.name` and `(other := name)` of a Python source; too many rather than too few."""
    found: dict[tuple[str, str], None] = {}
    if " as" in text or "\tas" in text or "\nas" in text:
        found.update(dict.fromkeys(_AS.findall(text)))
    for match in _EQUALS_NAME.finditer(text):
        before = text[max(0, match.start() - _BEFORE) : match.start() + 1]
        targets = (_WALRUS if before.endswith(":=") else _TARGETS).search(before)
        if targets is not None:
            found.update(dict.fromkeys((match[1], other) for other in re.findall(r"\w+", targets[1])))
    return tuple(pair for pair in found if pair[0] != pair[1])


def aliases_of(names: Iterable[str], pairs: Iterable[tuple[str, str]]) -> Aliases:
    """The aliases of ``names`` in a project, whose files hold the ``pairs`` of `renamed`."""
    others: dict[str, set[str]] = {}
    meanings: dict[str, set[str]] = {}
    for name, other in pairs:
        others.setdefault(name, set()).add(other)
        meanings.setdefault(other, set()).add(name)
    known: dict[str, frozenset[str]] = {}
    for name in names:
        reached: set[str] = set()
        waiting = {name}
        for _ in range(_STEPS):
            fresh = {other for current in waiting for other in others.get(current, ())} - reached - {name}
            reached |= fresh
            waiting = {other for other in fresh if len(meanings[other]) <= _MEANINGS}
        if reached:
            known[name] = frozenset(reached)
    return Aliases(known)
