"""Frozen dataclasses as plain data and back, for what is kept in caches.

JSON, because reading it can only ever give data; pickle would execute what it reads.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
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
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        hints = _hints(kind)
        return kind(**{name: build(hints[name], item, kinds) for name, item in value.items() if name in hints or name != "kind"})
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        if value is None:
            return None
        if kinds and isinstance(value, dict) and value.get("kind") in kinds:
            return build(kinds[value["kind"]], value, kinds)
        return build(next(argument for argument in arguments if argument is not type(None)), value, kinds)
    if origin is tuple:
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return tuple(build(arguments[0], item, kinds) for item in value)
        return tuple(build(argument, item, kinds) for argument, item in zip(arguments, value, strict=True))
    if origin is frozenset:
        return frozenset(build(arguments[0], item, kinds) for item in value)
    if origin is Mapping:
        return {build(arguments[0], key, kinds): build(arguments[1], item, kinds) for key, item in value.items()}
    if isinstance(kind, type) and issubclass(kind, (Enum, PurePosixPath)):
        return kind(value)
    return value


@cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)
