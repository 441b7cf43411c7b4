"""Values of a JSON object that somebody else wrote: of the wanted type, or as if they were not there."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

MAX_PATHS = 100


def text(data: Mapping[str, object], *names: str) -> str:
    """The first of these keys that holds a text, "" when none does."""
    for name in names:
        value = data.get(name)
        if isinstance(value, str) and value:
            return value
    return ""


def mapping(data: Mapping[str, object], *names: str) -> Mapping[str, object]:
    """The first of these keys that holds an object, or a text that is the JSON of one; {} when none does."""
    for name in names:
        value = data.get(name)
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except (ValueError, RecursionError):
                continue
        if isinstance(value, dict):
            return value
    return {}


def mappings(data: Mapping[str, object], *names: str) -> Iterator[Mapping[str, object]]:
    """The objects in the lists that these keys hold."""
    for name in names:
        value = data.get(name)
        if isinstance(value, list):
            yield from (item for item in value[:MAX_PATHS] if isinstance(item, dict))


def texts(data: Mapping[str, object], *names: str) -> Iterator[str]:
    """The texts in the lists that these keys hold."""
    for name in names:
        value = data.get(name)
        if isinstance(value, list):
            yield from (item for item in value[:MAX_PATHS] if isinstance(item, str) and item)
