"""What is known of an expression: a small lattice of values, each with the trail that led to it.

A value is one of the dataclasses below. ``Union`` holds alternatives, each under the guards that select it; everything that
cannot be told is ``Unknown``, never a guess.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from auditor.model import Place

if TYPE_CHECKING:
    from auditor.project.python.module import Module

Constant = str | bytes | int | float | bool | complex | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """A condition known to hold. ``kind``: development production main env-set env-unset set unset other; ``name`` the variable, if any."""

    kind: str
    text: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """Base of all values; ``trail`` lists the steps from the binding to the use, in that order."""

    trail: tuple[Place, ...] = ()

    def via(self, *places: Place) -> Value:
        """The same value, one or more steps further along."""
        return replace(self, trail=(*self.trail, *places))


@dataclass(frozen=True, slots=True, kw_only=True)
class Literal(Value):
    """A constant written in the source."""

    value: Constant


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvRead(Value):
    """A read of environment variable ``name`` (None: not a constant name).

    ``required`` reads raise when it is unset; otherwise ``default`` is what comes instead (None for Python's None).
    ``cast`` says that the reader turns the text into another type.
    """

    name: str | None
    required: bool = False
    default: Value | None = None
    reader: str = "os.environ.get"
    cast: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PathValue(Value):
    """A path. ``anchor``: relative, cwd, file (inside the tree, ``text`` relative to the root), app-root, absolute, unknown.

    ``text`` is the known part after the anchor, normalised; None when a part of it is not known.
    """

    anchor: str
    text: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Text(Value):
    """A string put together from parts, of which some are not constant."""

    parts: tuple[Value, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequence(Value):
    """A list, tuple or set; ``open`` when more items may be in it."""

    items: tuple[Value, ...]
    open: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingValue(Value):
    """A dict; ``open`` when more keys may be in it."""

    items: tuple[tuple[Value, Value], ...]
    open: bool = False

    def get(self, key: str) -> Value | None:
        """The value under a constant key, the last one written; None when absent."""
        for known, value in reversed(self.items):
            if isinstance(known, Literal) and known.value == key:
                return value
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance(Value):
    """What a call of ``qualname`` (or of a class of the project) returned."""

    qualname: str
    call: ast.Call | None = field(default=None, compare=False)
    module: Module | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter(Value):
    """A parameter no caller of which is known."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived(Value):
    """Something computed from ``sources`` by an operation that is not followed (``split``, ``lower`` …)."""

    sources: tuple[Value, ...]
    operation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference(Value):
    """A name that is known but has no value of its own: a module, class or function."""

    qualname: str
    node: ast.AST | None = field(default=None, compare=False)
    module: Module | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown(Value):
    """Not known; ``reason`` says why."""

    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One alternative of a union and the guards that select it."""

    value: Value
    guards: tuple[Guard, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Union(Value):
    """One of several values."""

    options: tuple[Option, ...]


def union(options: list[Option]) -> Value:
    """The union of options, flattened; a single unguarded option is that value itself."""
    flat: list[Option] = []
    for option in options:
        if isinstance(option.value, Union):
            trail = option.value.trail
            flat += [
                Option(value=inner.value.via(*trail) if trail else inner.value, guards=(*option.guards, *inner.guards))
                for inner in option.value.options
            ]
        else:
            flat.append(option)
    if not flat:
        return Unknown(reason="no value")
    if len(flat) == 1 and not flat[0].guards:
        return flat[0].value
    return Union(options=tuple(flat[:32]))


def options(value: Value) -> tuple[Option, ...]:
    """The alternatives of a value: itself, or the options of a union."""
    if isinstance(value, Union):
        return tuple(Option(value=option.value.via(*value.trail) if value.trail else option.value, guards=option.guards) for option in value.options)
    return (Option(value=value),)


def in_production(value: Value) -> tuple[Option, ...]:
    """The alternatives that production may see: none under a development guard, and no others where one is for production by name."""
    seen = tuple(option for option in options(value) if not any(guard.kind == "development" for guard in option.guards))
    named = tuple(option for option in seen if option.guards and all(guard.kind == "production" for guard in option.guards))
    return named or seen


Answer = bool | None
_SETTLED = frozenset({"production", "imported", "main"})


def over(value: Value, predicate: Callable[[Value], Answer]) -> Answer:
    """A predicate over every alternative that production may see.

    True when it holds for all, or for one that production surely takes; False when for none; None when it holds for some only, under
    conditions that are not known.
    """
    seen = in_production(value)
    answers = [predicate(option.value) for option in seen]
    if all(answer is False for answer in answers):
        return False
    if all(answer is True for answer in answers):
        return True
    for option, answer in zip(seen, answers, strict=True):
        if answer is True and option.guards and all(guard.kind in _SETTLED for guard in option.guards):
            return True
    return None


def leaves(value: Value) -> Iterator[Value]:
    """Every value inside a value, itself first: alternatives, items, parts, sources and defaults."""
    yield value
    match value:
        case Union(options=found):
            for option in found:
                yield from leaves(option.value)
        case Sequence(items=items):
            for item in items:
                yield from leaves(item)
        case MappingValue(items=pairs):
            for key, item in pairs:
                yield from leaves(key)
                yield from leaves(item)
        case Text(parts=parts):
            for part in parts:
                yield from leaves(part)
        case Derived(sources=sources):
            for source in sources:
                yield from leaves(source)
        case EnvRead(default=Value() as default):
            yield from leaves(default)
        case _:
            pass


_URL_PASSWORD = re.compile(r"(://[^\s:/@]*:)[^\s@]+(?=@)")


def describe(value: Value, *, limit: int = 60, hide: bool = False) -> str:
    """A short text for a trail: a literal as written, the name of an environment read, …

    With ``hide`` no text that stands in the source is quoted; passwords inside URLs never are.
    """
    match value:
        case Literal(value=str() | bytes() as constant) if hide and constant:
            text = "a literal (masked)"
        case Literal(value=constant):
            text = repr(constant)
            if isinstance(constant, str):
                text = '"' + _URL_PASSWORD.sub(r"\1***", constant).replace("\n", "\\n") + '"'
        case EnvRead(name=name, required=required, default=default):
            text = f"the environment variable {name or '(computed name)'}"
            if default is not None:
                text += f", or else {describe(default, limit=30, hide=hide)}"
            elif not required:
                text += ", or else None"
        case PathValue(anchor="file", text=inner):
            text = f"{inner or '…'} (anchored to the module's file)"
        case PathValue(anchor="cwd", text=inner):
            text = f"{inner or '…'} below the working directory"
        case PathValue(anchor="app-root", text=inner):
            text = f"{inner or '…'} below app.root_path"
        case PathValue(text=inner):
            text = f'the path "{inner}"' if inner is not None else "a path"
        case Sequence(items=items, open=is_open):
            text = "[" + ", ".join([describe(item, limit=30, hide=hide) for item in items] + (["…"] if is_open else [])) + "]"
        case MappingValue():
            text = "a dict"
        case Text():
            text = "text put together at run time"
        case Instance(qualname=qualname):
            text = f"{qualname}(…)"
        case Parameter(name=name):
            text = f"the parameter {name}"
        case Derived(sources=sources, operation=operation):
            text = f"{operation} of " + ", ".join(describe(source, limit=30, hide=hide) for source in sources)
        case Reference(qualname=qualname):
            text = qualname
        case Union(options=found):
            text = " or ".join(dict.fromkeys(describe(option.value, limit=30, hide=hide) for option in found))
        case _:
            text = "not known"
    return text if len(text) <= limit else text[: limit - 1] + "…"


def join_posix(base: str, *rest: str) -> str:
    """Joined and normalised without touching the disk; a leading ``..`` is kept. An absolute part starts anew, as `os.path.join` does."""
    parts: list[str] = []
    absolute = base.startswith("/")
    for chunk in (base, *rest):
        if chunk.startswith("/"):
            parts, absolute = [], True
        for part in PurePosixPath(chunk.replace("\\", "/")).parts:
            if part == "..":
                if parts and parts[-1] != "..":
                    parts.pop()
                elif not absolute:
                    parts.append(part)
            elif part not in ("/", "."):
                parts.append(part)
    return ("/" if absolute else "") + "/".join(parts) or "."
