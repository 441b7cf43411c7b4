"""Platforms that run an application: the address and the port it listens on, against where the platform looks for it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from auditor.model import CheckDetector, Gotcha, Outcome, Place, Site
from auditor.project.facts.names import kind_of
from auditor.project.facts.unit import Command, Unit
from auditor.project.files import normal
from auditor.project.project import Project

_OPTIONS: Mapping[str, tuple[str, ...]] = {
    "gunicorn": ("--bind", "-b"),
    "hypercorn": ("--bind", "-b"),
    "uvicorn": ("--port",),
    "daphne": ("--port", "-p"),
    "flask": ("--port", "-p"),
}
_HOSTS: Mapping[str, tuple[str, ...]] = {
    "gunicorn": ("--bind", "-b"),
    "hypercorn": ("--bind", "-b"),
    "uvicorn": ("--host",),
    "flask": ("--host", "-h"),
}
_HOST_VARIABLES = {"uvicorn": "UVICORN_HOST", "flask": "FLASK_RUN_HOST"}
_LOOPBACK = re.compile(r"^(?:127\.\d+\.\d+\.\d+|localhost|\[?::1\]?)(?::|$)")
_PLATFORMS = frozenset({"fly", "railway", "render"})
_VARIABLE = re.compile(r"\$\{?(\w+)(?::-(\d+))?\}?")


def internal_port_mismatch(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """`internal_port` is not where the start command, of the file or of the image it builds, says the server listens."""
    for file in project.files:
        if file.role != "production" or kind_of(file.path, file.language) != "platform":
            continue
        for unit in project.facts.record(file.path).units:
            if unit.kind != "fly":
                continue
            command, image = _started(project, file.path, unit)
            bound = _port(command, unit, image) if command is not None else None
            if command is None or bound is None or not unit.ports or any(port.inner is None for port in unit.ports):
                continue
            related = Place(path=command.place.path, span=command.place.span, label=f"listens on {bound}")
            first = unit.ports[0]
            if any(port.inner == bound for port in unit.ports):
                yield _site(gotcha, Outcome.PASS, f"the server listens on {bound}", first.place, related)
            else:
                message = detector.message.replace("$INNER", str(first.inner)).replace("$PORT", str(bound))
                yield _site(gotcha, Outcome.FAIL, message, first.place, related)


def _started(project: Project, path: PurePosixPath, unit: Unit) -> tuple[Command | None, Unit | None]:
    """The command of a process, and the image it runs in: its own, else the one of the image; none where an entrypoint decides."""
    image = None
    if unit.build is not None:
        record = project.facts.record(normal(str(path.parent / unit.build.dockerfile)))
        image = next((one for one in reversed(record.units) if unit.build.target in ("", one.name)), None)
    if unit.command is not None or image is None:
        return unit.command, image
    return (image.command if image.entrypoint is None else None), image


def _port(command: Command, unit: Unit, image: Unit | None) -> int | None:
    """The port that the options of a known server name, variables taken from the file and the image; None when it cannot be told."""
    words = _program(command)
    options = _OPTIONS.get(PurePosixPath(words[0]).name) if words else None
    if options is None or {"&&", ";", "|"} & set(words):
        return None
    for at, word in enumerate(words):
        name, equals, value = word.partition("=")
        if name in options:
            return _number(value if equals else (words[at + 1] if at + 1 < len(words) else ""), command, unit, image)
    return None


def _program(command: Command) -> tuple[str, ...]:
    """The words of a command without runners and assignments before them."""
    words = command.words
    while words and (words[0] in ("exec", "uv", "poetry", "pipenv", "run", "python", "python3", "-m") or "=" in words[0]):
        words = words[1:]
    return words


def binds_loopback(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """A server that listens on the loopback address of the machine it is given: the platform's proxy is not there."""
    for file in project.files:
        if file.role != "production" or kind_of(file.path, file.language) != "platform":
            continue
        for unit in project.facts.record(file.path).units:
            if unit.kind not in _PLATFORMS or unit.runs != "service" or unit.command is None or (unit.kind == "fly" and not unit.ports):
                continue
            address = _address(unit.command, unit)
            if address is not None and _LOOPBACK.match(address):
                yield _site(gotcha, Outcome.FAIL, detector.message.replace("$ADDRESS", address), unit.command.place)
            elif address is not None:
                yield _site(gotcha, Outcome.PASS, f"listens on {address}", unit.command.place)


def _address(command: Command, unit: Unit) -> str | None:
    """The address that a known server is told to listen on, or its default; None when it cannot be told."""
    words = _last_command(_program(command))
    name = PurePosixPath(words[0]).name if words else ""
    if "runserver" in words:
        said = next((word for word in words[words.index("runserver") + 1 :] if not word.startswith("-")), "")
        return said if ":" in said else "127.0.0.1"
    options = _HOSTS.get(name)
    if options is None or (name == "flask" and "run" not in words) or any(variable.name == _HOST_VARIABLES.get(name) for variable in unit.variables):
        return None
    for at, word in enumerate(words):
        option, equals, value = word.partition("=")
        if option in options:
            return value if equals else (words[at + 1] if at + 1 < len(words) else None)
    if name == "gunicorn" or any(word.startswith(("-c", "--config", "--uds", "--fd", "-b")) for word in words):
        return None  # gunicorn listens everywhere once the platform sets PORT
    return "127.0.0.1"


def _last_command(words: tuple[str, ...]) -> tuple[str, ...]:
    """What runs after the last `&&`; the words behind a pipe, a `;` or in the background are not told apart."""
    if {"|", ";", "&", "||"} & set(words) or any(word.endswith(";") for word in words):
        return ()
    while "&&" in words:
        words = words[words.index("&&") + 1 :]
    return words


def _number(value: str, command: Command, unit: Unit, image: Unit | None) -> int | None:
    given = {
        variable.name: variable.value or ""
        for variable in (*(image.variables if image is not None else ()), *unit.variables)
        if variable.when == "run"
    }

    def replaced(found: re.Match[str]) -> str:
        return given.get(found.group(1)) or found.group(2) or "?"

    if "$" in value and command.form == "exec":
        return None
    last = _VARIABLE.sub(replaced, value).rpartition(":")[2]
    return int(last) if last.isascii() and last.isdigit() and len(last) < 6 else None


def _site(gotcha: Gotcha, outcome: Outcome, message: str, place: Place, *related: Place) -> Site:
    return Site(gotcha=gotcha.id, outcome=outcome, message=message, place=place, related=related, scope=place.span)
