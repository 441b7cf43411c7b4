"""Entries as JSON and back: the compiled form of a catalogue, kept in the cache by digest.

JSON, because reading it can only ever give data; pickle would execute what it reads.
"""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from collections.abc import Mapping
from enum import Enum
from functools import cache
from pathlib import PurePosixPath
from typing import Any

from auditor.model import CheckDetector, Gotcha, PythonDetector, SemgrepDetector, TextDetector

_KINDS: dict[str, type] = {"python": PythonDetector, "semgrep": SemgrepDetector, "text": TextDetector, "check": CheckDetector}
_NAMES = {kind: name for name, kind in _KINDS.items()}


def dump(gotchas: tuple[Gotcha, ...]) -> str:
    """The entries as one JSON text."""
    return json.dumps([_plain(gotcha) for gotcha in gotchas], ensure_ascii=True, separators=(",", ":"))


def load(text: str) -> tuple[Gotcha, ...]:
    """The entries of `dump`; raises ValueError, KeyError or TypeError when the text is no such thing."""
    return tuple(_build(Gotcha, item) for item in json.loads(text))


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
        kind = _NAMES.get(type(value))
        return {"kind": kind, **fields} if kind else fields
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, PurePosixPath):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (frozenset, set)):
        return sorted((_plain(item) for item in value), key=repr)
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    return value


@cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _build(kind: Any, value: Any) -> Any:  # noqa: ANN401 - types are data here
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        hints = _hints(kind)
        return kind(**{name: _build(hints[name], item) for name, item in value.items() if name != "kind"})
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        if value is None:
            return None
        if isinstance(value, dict) and "kind" in value:
            return _build(_KINDS[value["kind"]], value)
        return _build(next(argument for argument in arguments if argument is not type(None)), value)
    if origin is tuple:
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return tuple(_build(arguments[0], item) for item in value)
        return tuple(_build(argument, item) for argument, item in zip(arguments, value, strict=True))
    if origin is frozenset:
        return frozenset(_build(arguments[0], item) for item in value)
    if origin is Mapping:
        return {_build(arguments[0], key): _build(arguments[1], item) for key, item in value.items()}
    if isinstance(kind, type) and issubclass(kind, (Enum, PurePosixPath)):
        return kind(value)
    return value
