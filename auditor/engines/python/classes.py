"""The value classes an entry may use in `fails`, `works`, `review` and `where`.

A class is a predicate over one value with three answers: True, False, or None for "cannot tell". Over the alternatives of a union it holds
when it holds for all that production may see; it cannot tell when it holds for some only under a condition that is not known.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable

from auditor.checks.origins import is_loopback_only, is_wildcard
from auditor.model import Clause
from auditor.project.python.frame import Frame
from auditor.project.python.values import (
    Answer,
    Derived,
    EnvRead,
    Instance,
    Literal,
    MappingValue,
    Parameter,
    PathValue,
    Reference,
    Sequence,
    Text,
    Unknown,
    Value,
    options,
    over,
)

Predicate = Callable[[Value], Answer]


def _unsure(value: Value) -> bool:
    return isinstance(value, (Unknown, Parameter, Derived, Instance, Text)) or (isinstance(value, EnvRead) and value.default is None)


def _path(value: Value, *anchors: str) -> Answer:
    match value:
        case PathValue(anchor=anchor):
            return anchor in anchors
        case Literal(value=str() as text):
            return ("absolute" if text.startswith("/") else "relative") in anchors
        case Literal():
            return False
        case EnvRead(default=Value() as default):
            inner = _path(default, *anchors)
            return None if inner else inner
        case _:
            return None


def _environment(value: Value) -> Answer:
    if isinstance(value, EnvRead):
        return True
    if isinstance(value, Derived) and value.sources:
        return True if any(_environment(source) for source in value.sources) else None
    if isinstance(value, (Sequence, Text)):
        parts = value.items if isinstance(value, Sequence) else value.parts
        return any(_environment(part) is True for part in parts)
    return None if isinstance(value, (Unknown, Parameter)) else False


def _empty(value: Value) -> Answer:
    match value:
        case Literal(value=constant):
            return constant in ("", b"")
        case Sequence(items=items, open=is_open):
            return (None if is_open else True) if not items else False
        case MappingValue(items=items, open=is_open):
            return (None if is_open else True) if not items else False
        case EnvRead() | Text():
            return False
        case _:
            return None


def _exactly(*constants: object) -> Predicate:
    def predicate(value: Value) -> Answer:
        if isinstance(value, Literal):
            return any(value.value is constant for constant in constants)
        return None if _unsure(value) else False

    return predicate


def _literal(value: Value) -> Answer:
    if isinstance(value, Literal):
        return value.value is not None
    if isinstance(value, Sequence):
        return all(_literal(item) for item in value.items) and not value.open
    return None if isinstance(value, (Unknown, Parameter, Derived)) else False


def _string(value: Value) -> Answer:
    if isinstance(value, Literal):
        return isinstance(value.value, str) and bool(value.value)
    return None if isinstance(value, (Unknown, Parameter, Derived)) else isinstance(value, Text)


def _number(value: Value) -> Answer:
    if isinstance(value, Literal):
        return isinstance(value.value, (int, float)) and not isinstance(value.value, bool)
    return None if _unsure(value) else False


def _env_of(*, required: bool | None = None, defaulted: bool | None = None) -> Predicate:
    def predicate(value: Value) -> Answer:
        if isinstance(value, EnvRead):
            return (required is None or value.required == required) and (defaulted is None or (value.default is not None) == defaulted)
        return None if isinstance(value, (Unknown, Parameter, Derived)) else False

    return predicate


CLASSES: dict[str, Predicate] = {
    "absolute-path": lambda value: _path(value, "absolute"),
    "anchored-path": lambda value: _path(value, "file", "app-root", "absolute"),
    "cwd-path": lambda value: _path(value, "cwd"),
    "dict": lambda value: True if isinstance(value, MappingValue) else None if _unsure(value) else False,
    "empty": _empty,
    "env": _environment,
    "env-defaulted": _env_of(defaulted=True),
    "env-optional": _env_of(required=False, defaulted=False),
    "env-required": _env_of(required=True),
    "false": _exactly(False),
    "list": lambda value: True if isinstance(value, Sequence) else None if _unsure(value) else False,
    "literal": _literal,
    "loopback-origin": is_loopback_only,
    "none": _exactly(None),
    "number": _number,
    "relative-path": lambda value: _path(value, "relative"),
    "string": _string,
    "true": _exactly(True),
    "unknown": lambda value: isinstance(value, (Unknown, Parameter, Derived, Instance, Reference)),
    "wildcard": is_wildcard,
}
"""Name of a value class -> its predicate. `absent`, `present`, `instance NAME` and `/regex/` need the site and are handled in `holds`."""


def holds(frame: Frame, key: str, name: str) -> Answer:
    """Whether class ``name`` holds for ``key`` (a metavariable or ``keyword=``) at a site."""
    node = frame.of(key)
    if name in ("absent", "present"):
        absent = node is None and (None if frame.spreads else True)
        answer = absent if node is None else False
        return answer if name == "absent" else (None if answer is None else not answer)
    if node is None:
        return None if frame.spreads else False
    if name.startswith("/") and name.endswith("/"):
        return re.search(name[1:-1], frame.module.source(node)) is not None
    if name.startswith("not "):
        inner = holds(frame, key, name[4:])
        return None if inner is None else not inner
    if name.startswith("instance "):
        wanted = name.removeprefix("instance ").split("|")
        found = [option.value for option in options(frame.value(node))]
        known = [value.qualname for value in found if isinstance(value, (Instance, Reference))]
        if any(_same(name_here, want) for name_here in known for want in wanted):
            return True
        return None if any(isinstance(value, (Unknown, Parameter)) for value in found) else False
    if name.startswith("text "):
        wanted_text = name.removeprefix("text ")
        return over(frame.value(node), lambda value: value.value == wanted_text if isinstance(value, Literal) else None)
    return over(frame.value(node), CLASSES[name])


def _same(qualname: str, wanted: str) -> bool:
    return qualname == wanted or (wanted.endswith(".*") and qualname.startswith(wanted[:-1]))


def known_class(name: str) -> bool:
    """Whether ``name`` may stand in an entry."""
    if name.startswith("not "):
        return known_class(name[4:])
    if name.startswith("/") and name.endswith("/") and len(name) > 2:
        return True
    return name in CLASSES or name in ("absent", "present") or name.startswith(("instance ", "text "))


def clause(frame: Frame, wanted: Clause) -> Answer:
    """Whether all keys of a clause hold, each with any one of its classes."""
    result: Answer = True
    for key, names in wanted.items():
        answers = [holds(frame, key, name) for name in names]
        answer: Answer = True if True in answers else None if None in answers else False
        if answer is False:
            return False
        if answer is None:
            result = None
    return result


def any_clause(frame: Frame, wanted: tuple[Clause, ...]) -> Answer:
    """Whether any clause holds."""
    answers = [clause(frame, one) for one in wanted]
    return True if True in answers else None if None in answers else False


def trail_nodes(frame: Frame, clauses: tuple[Clause, ...]) -> list[ast.expr]:
    """The expressions the clauses are about, for the trail of a verdict."""
    found: dict[str, ast.expr] = {}
    for one in clauses:
        for key in one:
            node = frame.of(key)
            if node is not None:
                found.setdefault(key, node)
    return list(found.values())
