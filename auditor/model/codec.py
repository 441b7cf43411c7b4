"""Frozen dataclasses as plain data and back, for what is kept in caches.

JSON, because reading it can only ever give data; pickle would execute what it reads.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping
from enum import Enum
from functools import cache
from pathlib import PurePosixPath
from typing import Any

_NO_KINDS: Mapping[str, type] = types.MappingProxyType({})


def plain(value: object, kinds: Mapping[str, type] = _NO_KINDS) -> object:
    """``value`` as what `json.dumps` takes; ``kinds`` name the dataclasses that share a field."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: plain(getattr(value, field.name), kinds) for field in dataclasses.fields(value)}
        kind = next((name for name, known in kinds.items() if known is type(value)), None)
        return {"kind": kind, **fields} if kind else fields
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, PurePosixPath):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item, kinds) for key, item in value.items()}
    if isinstance(value, (frozenset, set)):
        return sorted((plain(item, kinds) for item in value), key=repr)
    if isinstance(value, (tuple, list)):
        return [plain(item, kinds) for item in value]
    return value


def build(kind: Any, value: Any, kinds: Mapping[str, type] = _NO_KINDS) -> Any:  # noqa: ANN401 - types are data here
    """What ``plain`` was given, of type ``kind``; raises ValueError, KeyError, TypeError or AttributeError for other data."""
    return _decoder(kind, tuple(kinds.items()))(value)


Kinds = tuple[tuple[str, type], ...]
Decode = Callable[[Any], Any]


@cache
def _decoder(kind: Any, kinds: Kinds) -> Decode:  # noqa: ANN401 - as above
    """What makes values of one type; made once a type, because a catalogue holds tens of thousands of them."""
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _of_dataclass(kind, kinds)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        return _of_union(arguments, kinds)
    if origin is tuple and not (len(arguments) == 2 and arguments[1] is Ellipsis):
        each = [_decoder(argument, kinds) for argument in arguments]
        return lambda value: tuple(decode(item) for decode, item in zip(each, value, strict=True))
    if origin in (tuple, frozenset):
        collect, of = origin, arguments[0]
        if _is_plain(of):
            return collect  # type: ignore[no-any-return]
        decode = _decoder(of, kinds)
        return lambda value: collect([decode(item) for item in value])
    if origin is Mapping:
        key, item = (_decoder(argument, kinds) for argument in arguments)
        return lambda value: {key(name): item(held) for name, held in value.items()}
    if isinstance(kind, type) and issubclass(kind, (Enum, PurePosixPath)):
        return kind
    return _as_it_is


def _of_dataclass(kind: type, kinds: Kinds) -> Decode:
    decoders: dict[str, Decode] | None = None

    def decode(value: Any) -> Any:  # noqa: ANN401 - as above
        nonlocal decoders
        if decoders is None:  # at the first value, so that types may hold each other
            decoders = {name: _decoder(hint, kinds) for name, hint in _hints(kind).items()}
        return kind(**{name: decoders[name](item) for name, item in value.items() if name in decoders or name != "kind"})

    return decode


def _of_union(arguments: tuple[Any, ...], kinds: Kinds) -> Decode:
    first = next(argument for argument in arguments if argument is not type(None))
    named = dict(kinds)

    def decode(value: Any) -> Any:  # noqa: ANN401 - as above
        if value is None:
            return None
        if named and isinstance(value, dict) and value.get("kind") in named:
            return _decoder(named[value["kind"]], kinds)(value)
        return _decoder(first, kinds)(value)

    return decode


def _is_plain(kind: Any) -> bool:  # noqa: ANN401 - as above
    return kind in (str, int, float, bool, object)


def _as_it_is(value: Any) -> Any:  # noqa: ANN401 - as above
    return value


@cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)
