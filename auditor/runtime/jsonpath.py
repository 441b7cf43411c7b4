"""Values inside JSON by a path of the simple kind: `user.items[0].id`, `["odd key"]`, `$` for all of it."""

from __future__ import annotations

import re

_PART = re.compile(r'\.?([^.\[\]"\s]+)|\[(\d{1,6})\]|\["([^"]*)"\]')
_LONGEST = 500


class Absent:
    """What is found where there is nothing; null is something."""

    def __repr__(self) -> str:
        return "nothing"


ABSENT = Absent()


def parts(path: str) -> tuple[str | int, ...] | None:
    """The keys and indices of a path, None when it is none. Wildcards and filters are not understood: a claim is about one value."""
    text = path.strip()
    if len(text) > _LONGEST:
        return None
    text = text.removeprefix("$")
    if not text or text == ".":
        return ()
    found: list[str | int] = []
    position = 0
    while position < len(text):
        match = _PART.match(text, position)
        if match is None or match.group(1) == "*":
            return None
        name, index, quoted = match.groups()
        found.append(int(index) if index is not None else name if name is not None else quoted)
        position = match.end()
    return tuple(found)


def at(data: object, path: str) -> object:
    """The value at ``path``, `ABSENT` when there is none; a number in the path also is a key, where the data have such keys."""
    steps = parts(path)
    if steps is None:
        return ABSENT
    for part in steps:
        if isinstance(data, dict):
            data = data.get(str(part), ABSENT)
        elif isinstance(data, list):
            index = int(part) if isinstance(part, int) or (part.isascii() and part.isdecimal()) else -1
            data = data[index] if 0 <= index < len(data) else ABSENT
        else:
            return ABSENT
    return data
