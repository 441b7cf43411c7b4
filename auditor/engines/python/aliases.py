"""Other names that a function or class has in a project: `from flask import send_file as send`, used in a third file under that name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from auditor.project.python.world import World

_AS = re.compile(r"\b([^\W\d]\w*)[ \t\\\n]+as[ \t\\\n]+([^\W\d]\w*)")
# From the sign on, because that is found fast; what stands before it is looked at only where a plain name follows.
_EQUALS_NAME = re.compile(r"=[ \t\\\n(]*(?:\w+[ \t]*\.[ \t]*)*([^\W\d]\w*)(?![ \t]*[\w.(\[])")
_TARGETS = re.compile(r"(?:^|[\n;:])[ \t]*((?:\w+[ \t]*(?::[^=\n;]{0,80})?=[ \t\\\n(]*)+)$")
_WALRUS = re.compile(r"(\w+)[ \t]*:=$")
_BEFORE = 200
_DOTTED = re.compile(r"=[ \t\\\n(]*([^\W\d]\w*\.\w+(?:\.\w+)*)(?![ \t]*[\w.(\[])")
_STEPS = 4
"""A name that is renamed more often than this before it is used is not followed."""

_MEANINGS = 8
"""A name that stands for more things than this in a project is a local variable here and there, no export that is passed on."""


@dataclass(frozen=True, slots=True)
class Aliases:
    """Name -> whatever else it is called anywhere in the project."""

    known: Mapping[str, frozenset[str]] = field(default_factory=dict)
    taken: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Package -> the names that any file of the project takes from it, by which others may know them too; `*` stands for all."""

    def names(self, name: str) -> frozenset[str]:
        """The other names."""
        return self.known.get(name, frozenset())

    def occur(self, name: str, held: Mapping[str, bool]) -> bool:
        """Whether the name may be used under another one in a text that ``held`` tells the words of."""
        return any(held[alias] for alias in self.known.get(name, ()))

    def passed_on(self, root: str, parts: Iterable[str], held: Mapping[str, bool]) -> bool:
        """Whether a text that does not name a package may have a part of `root.part.part` from another file."""
        taken = self.taken.get(root)
        if taken is None:
            return False
        return any((part in taken or "*" in taken) and (held[part] or self.occur(part, held)) for part in parts)


def renamed(text: str) -> tuple[tuple[str, str], ...]:
    """(name, other name) for every `name as other`, `other = package.name` and `(other := name)` of a source; too many rather than too few."""
    found: dict[tuple[str, str], None] = {}
    if " as" in text or "\tas" in text or "\nas" in text:
        found.update(dict.fromkeys(_AS.findall(text)))
    for match in _EQUALS_NAME.finditer(text):
        before = text[max(0, match.start() - _BEFORE) : match.start() + 1]
        targets = (_WALRUS if before.endswith(":=") else _TARGETS).search(before)
        if targets is not None:
            found.update(dict.fromkeys((match[1], other) for other in re.findall(r"\w+", targets[1])))
    return tuple(pair for pair in found if pair[0] != pair[1])


# Every form here takes linear time, whatever a file holds: this runs outside the workers that are stopped at a limit.
_FROM = re.compile(r"\bfrom[ \t]+(\.+[ \t]{0,8}(?:[^\W\d][\w.]*)?|[^\W\d][\w.]*)[ \t]+import\b[ \t]*")
_LONGEST = 5_000
"""Characters of a list of imported names; what stands behind them is not read."""
_WORD = re.compile(r"\*|[^\W\d]\w*")


def _from_imports(text: str) -> Iterator[tuple[str, list[str]]]:
    """(module, names) of every `from module import names`; `*` is a name. A list that nothing closes is none."""
    match = _FROM.search(text)
    while match is not None:
        start = end = match.end()
        if text.startswith("(", start):
            close = text.find(")", start, start + _LONGEST)
            names = text[start:close] if close >= 0 else ""
            end = max(end, close)
            if "#" in names:  # the bracket may be one of a comment
                names = re.sub(r"#[^\n]*", "", text[start : start + _LONGEST]).partition(")")[0]
        else:
            names = re.split(r"(?<!\\)\n|[;#]", text[start : start + _LONGEST], maxsplit=1)[0].replace("\\\n", " ")
            end = start + len(names)
        yield match[1].replace(" ", "").replace("\t", ""), _WORD.findall(names)
        match = _FROM.search(text, end)


def taken(text: str, roots: frozenset[str]) -> Iterator[tuple[str, str]]:
    """(package, name) for what a Python source imports by name from the packages ``roots``, and for `name = package.name`, which passes it on too."""
    for package, names in _from_imports(text):
        root = package.partition(".")[0]
        if root in roots:
            yield from ((root, name) for name in (*names, *package.split(".")[1:]))
    for dotted in _DOTTED.findall(text):
        root, _, rest = dotted.partition(".")
        if root in roots:
            yield from ((root, name) for name in rest.split("."))


_IMPORTED = re.compile(r"^[ \t]*import[ \t]+([^\n;#]+)", re.MULTILINE)


def imported_by(world: World, paths: Iterable[PurePosixPath]) -> frozenset[PurePosixPath]:
    """``paths`` and the files of the project that they import, directly or through others, as far as a name is followed."""
    found: set[PurePosixPath] = set()
    waiting = set(paths)
    for _ in range(_STEPS + 1):
        found |= waiting
        waiting = {target for path in waiting for target in _imports(world, path)} - found
    return frozenset(found)


def _imports(world: World, path: PurePosixPath) -> Iterator[PurePosixPath]:
    text = world.files.source(path) or ""
    wanted = {part.split()[0] for names in _IMPORTED.findall(text) for part in names.split(",") if part.split()}
    for package, names in _from_imports(text):
        wanted.add(package)
        wanted |= {f"{package}{'' if package.endswith('.') else '.'}{name}" for name in names if name != "*"}
    for dotted in wanted:
        # What is imported from a package may be passed on by any package above it.
        for end in [index for index, sign in enumerate(dotted) if sign == "." and dotted[:index].strip(".")] + [len(dotted)]:
            target = world.find(dotted[:end], path)
            if target is not None:
                yield target


def aliases_of(names: Iterable[str], pairs: Iterable[tuple[str, str]], took: Iterable[tuple[str, str]] = ()) -> Aliases:
    """The aliases of ``names`` in a project, whose files hold the ``pairs`` of `renamed` and ``took`` what `taken` tells."""
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
    by_root: dict[str, set[str]] = {}
    for root, name in took:
        by_root.setdefault(root, set()).add(name)
    return Aliases(known, {root: frozenset(found) for root, found in by_root.items()})
