"""Which ports a command binds, where it says so itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from auditor.project.facts.commands import words_of

_SHELL = re.compile(r"^(?:/usr)?(?:/bin/)?(?:ba|da|a)?sh$")
_VARIABLE = re.compile(r"\$\((\w+)\)|\$\{(\w+)\}|\$(\w+)")
_LISTS = frozenset({"&&", ";", "||", "&", "|"})
_PORT_OPTIONS: dict[str, tuple[str, ...]] = {
    "daphne": ("-p", "--port"),
    "flask": ("-p", "--port"),
    "granian": ("--port",),
    "gunicorn": ("-b", "--bind"),
    "hypercorn": ("-b", "--bind"),
    "uvicorn": ("--port",),
    "waitress-serve": ("--port", "--listen"),
}
"""Server -> the options that name its port; all of them take `host:port` or a port alone."""


def words(words: Iterable[str], variables: Mapping[str, str | None]) -> tuple[str, ...]:
    """The words of the last command that ``words`` come down to, through `sh -c`, with the variables that are known."""
    found = tuple(words)
    if len(found) >= 3 and _SHELL.match(found[0]) and re.fullmatch(r"-\w*c", found[1]):
        found = words_of(found[2])
    parts: list[list[str]] = [[]]
    for word in found:
        if word in _LISTS:
            parts.append([])
        elif word.endswith(";"):
            parts[-1].append(word[:-1])
            parts.append([])
        else:
            parts[-1].append(word)
    last = next((part for part in reversed(parts) if part), [])
    return tuple(_VARIABLE.sub(lambda match: variables.get(match[1] or match[2] or match[3]) or match[0], word) for word in last)


def server_of(found: tuple[str, ...]) -> tuple[str, int] | None:
    """The server that a command starts and where its name stands: behind `exec`, `python -m` and runners too."""
    for index, word in enumerate(found):
        name = PurePosixPath(word).name
        if name in _PORT_OPTIONS:
            return name, index
        if word == "runserver" and any(PurePosixPath(before).name in ("manage.py", "django-admin") for before in found[:index]):
            return "runserver", index
        if word == "http.server" and found[index - 1] == "-m":
            return "http.server", index
    return None


def ports_of(found: tuple[str, ...]) -> frozenset[int]:
    """The ports that a command names itself; nothing when it names none, or is no server that is known."""
    server = server_of(found)
    if server is None:
        return frozenset()
    name, index = server
    rest = found[index + 1 :]
    if name in ("runserver", "http.server"):
        return frozenset(_number(word) for word in rest[:1] if not word.startswith("-")) - {0}
    ports: set[int] = set()
    for place, word in enumerate(rest):
        for option in _PORT_OPTIONS[name]:
            if word == option and place + 1 < len(rest):
                ports.add(_number(rest[place + 1]))
            elif word.startswith(option + "="):
                ports.add(_number(word.partition("=")[2]))
            elif len(option) == 2 and word.startswith(option) and len(word) > 2 and word[2] != "-":
                ports.add(_number(word[2:]))
    return frozenset() if 0 in ports else frozenset(ports)


def _number(text: str) -> int:
    """The port of `host:port` or of a number; 0 for anything else."""
    port = text.rpartition(":")[2]
    return int(port) if port.isascii() and port.isdigit() and len(port) < 6 else 0
