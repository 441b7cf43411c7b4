"""What is known of a JavaScript expression without running it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tree_sitter import Node

from auditor.model import Place
from auditor.project.facts.module import Module


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """A condition under which code runs: ``development``, ``production``, or ``unset`` (the named variables, or other settings, hold nothing).

    ``names`` are environment reads as written (`process.env.X`); ``open`` says that something that cannot be followed has a say as well.
    """

    kind: str
    names: tuple[str, ...] = ()
    open: bool = False
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """Base of all values; ``place`` is where it was written."""

    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Text(Value):
    """A string; a part that is no text is what a template or `+` inserted."""

    parts: tuple[str | Value, ...]

    @property
    def text(self) -> str | None:
        """The whole text if all of it is known."""
        return "".join(part for part in self.parts if isinstance(part, str)) if all(isinstance(part, str) for part in self.parts) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant(Value):
    """true, false, null, undefined (both None) or a number."""

    value: bool | float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvRead(Value):
    """`process.env.NAME` or `import.meta.env.NAME`, perhaps with string methods applied; ``source`` is ``process`` or ``import.meta``."""

    name: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Items(Value):
    """An array or a Set; ``open`` when more may be added than is listed."""

    items: tuple[Value, ...]
    open: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields(Value):
    """An object; ``open`` when it is spread from something unknown."""

    items: tuple[tuple[str, Value], ...]
    open: bool = False

    def get(self, key: str) -> Value | None:
        """The value of the last field of that name."""
        return next((value for name, value in reversed(self.items) if name == key), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Function(Value):
    """A function: the module and node that define it."""

    module: Module
    node: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern(Value):
    """A regular expression as written between the slashes."""

    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Option(Value):
    """One of several values and the guards under which it is the one."""

    value: Value
    guards: tuple[Guard, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice(Value):
    """One of several values."""

    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown(Value):
    """Something that cannot be followed."""

    reason: str = ""


def options(value: Value, guards: tuple[Guard, ...] = ()) -> Iterator[Option]:
    """The single values a value can be, each with all its guards."""
    if isinstance(value, Choice):
        for option in value.options:
            yield from options(option.value, (*guards, *option.guards))
    elif isinstance(value, Option):
        yield from options(value.value, (*guards, *value.guards))
    else:
        yield Option(value=value, guards=guards, place=value.place)


def in_production(value: Value) -> Iterator[Option]:
    """The values that are possible outside development."""
    return (option for option in options(value) if not any(guard.kind == "development" for guard in option.guards))


def environment_reads(value: Value) -> Iterator[EnvRead]:
    """Every environment read anywhere inside a value."""
    match value:
        case EnvRead():
            yield value
        case Text(parts=parts):
            for part in parts:
                if isinstance(part, Value):
                    yield from environment_reads(part)
        case Items(items=items):
            for item in items:
                yield from environment_reads(item)
        case Choice(options=chosen):
            for option in chosen:
                yield from environment_reads(option.value)
        case Fields(items=fields):
            for _, inner in fields:
                yield from environment_reads(inner)
        case _:
            return
