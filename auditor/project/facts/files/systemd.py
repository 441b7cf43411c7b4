"""systemd service units: how they are read, and the processes they start (https://www.freedesktop.org/software/systemd/man/latest/systemd.syntax.html)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePosixPath

from auditor.model import Place, span_of
from auditor.project.facts.record import EMPTY, Fault, Record, Section, Setting
from auditor.project.facts.unit import Command, File, Unit, Variable

SPECIFIERS = frozenset("aAbBcCdDEfgGhHiIjJlLmMnNopPqrRsStTuUvVwWyY%")
"""What may follow a `%` (https://www.freedesktop.org/software/systemd/man/latest/systemd.unit.html#Specifiers), with three that older versions know.

Another letter or a digit is an error; before anything else a `%` stands for itself.
"""

_KNOWN = frozenset({"Unit", "Service", "Install"})
_TEMPLATE = re.compile(r"\{\{|\{%|<%|@[A-Z_]{3,}@")
_ONCE = ("ExecStartPre", "ExecStartPost", "ExecCondition")
_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "s": " "}


def extract(path: PurePosixPath, text: str) -> Record:
    """The main process of a unit, and what runs before and after it, once; a `.service` of D-Bus or Avahi says nothing."""
    found = sections(path, text)
    if isinstance(found, Fault):
        return Record(fault=found)
    if not any(section.name in _KNOWN for section in found):
        return EMPTY
    if _TEMPLATE.search(text):
        return Record(left_out="is a template")
    return Record(sections=found, units=tuple(_units(path, found)))


def sections(path: PurePosixPath, text: str) -> tuple[Section, ...] | Fault:
    """The sections with their settings; lines that systemd passes over are passed over here."""
    found: list[tuple[str, Place, list[Setting]]] = []
    for number, line in _lines(text):
        place = Place(path=path, span=span_of(number))
        if line.startswith("["):
            if not line.endswith("]"):
                return Fault(line=number, message="invalid section header")
            found.append((line[1:-1], place, []))
        elif "=" in line and found:
            key, _, value = line.partition("=")
            found[-1][2].append(Setting(name=key.strip(), value=value.strip(), place=place))
    return tuple(Section(name=name, place=place, settings=tuple(settings)) for name, place, settings in found)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines with what follows a backslash joined on by a blank; comments between them are left out."""
    start, kept = 0, list[str]()
    for number, raw in enumerate((*text.split("\n"), ""), 1):
        line = raw.strip()
        if line.startswith(("#", ";")) or (not line and not kept):
            continue
        start = start or number
        if line.endswith("\\"):
            kept.append(line[:-1])
            continue
        yield start, " ".join((*kept, line)).strip()
        start, kept = 0, []


def words(text: str) -> tuple[str, ...]:
    """A value split as systemd does: blanks part, quotes hold together (inside a word too), a backslash starts an escape of C.

    A quote that is never closed runs to the end. Specifiers stay as written.
    """
    return tuple(word for word, _ in split(text))


def split(text: str) -> Iterator[tuple[str, str]]:
    """Each word, and how it is written: a `;` that is quoted or escaped parts nothing."""
    word: list[str] = []
    quote, start, at = "", -1, 0
    while at < len(text):
        character = text[at]
        if start < 0 and not character.isspace():
            start = at
        at += 1
        if character == "\\" and at < len(text):
            word.append(_ESCAPES.get(text[at], text[at]))
            at += 1
        elif quote:
            if character == quote:
                quote = ""
            else:
                word.append(character)
        elif character in "\"'":
            quote = character
        elif not character.isspace():
            word.append(character)
        elif start >= 0:
            yield "".join(word), text[start : at - 1]
            word, start = [], -1
    if start >= 0:
        yield "".join(word), text[start:]


def commands(setting: Setting) -> Iterator[Command]:
    """The commands of an Exec line: a `;` alone parts them, `-`, `@`, `:`, `+`, `!` and `|` before the program say how it runs."""
    current: list[str] = []
    for word, written in (*split(setting.value), (";", ";")):
        if written != ";":
            current.append(word.replace("%%", "%"))
            continue
        if current:
            first = current[0]
            prefix = first[: len(first) - len(first.lstrip("@-:+!|"))]
            bare = [first[len(prefix) :], *current[1:]]
            if "@" in prefix:  # what follows the program is the name it is given, its argv[0]
                bare[1:2] = []
            yield Command(text=setting.value, words=tuple(bare), form="exec", place=setting.place)
        current = []


def effective(section: Section, name: str) -> Iterator[Setting]:
    """All settings of a key that holds a list; an empty one throws away those before it."""
    kept: list[Setting] = []
    for setting in section.settings:
        if setting.name == name and setting.value:
            kept.append(setting)
        elif setting.name == name:
            kept.clear()
    yield from kept


def _units(path: PurePosixPath, found: tuple[Section, ...]) -> Iterator[Unit]:
    settings = tuple(setting for section in found if section.name == "Service" for setting in section.settings)
    service = next((section for section in found if section.name == "Service"), None)
    if service is None:
        return
    service = Section(name="Service", place=service.place, settings=settings)
    files = tuple(
        File(path=setting.value.removeprefix("-"), place=setting.place, required=not setting.value.startswith("-"))
        for setting in effective(service, "EnvironmentFile")
    )
    main = Unit(
        kind="systemd",
        name=path.name,
        place=service.place,
        folder=service.get("WorkingDirectory").removeprefix("-"),
        variables=tuple(_variables(service)),
        files=files,
        opens=bool(files) or any(True for _ in effective(service, "PassEnvironment")),
        user=service.get("User"),
        runs="once" if service.get("Type") == "oneshot" else "service",
    )
    started = [command for setting in effective(service, "ExecStart") for command in commands(setting)]
    for number, command in enumerate(started):
        yield replace(main, name=path.name if not number else f"{path.name} {number + 1}", command=command, place=command.place)
    if not started:
        yield main
    for key in _ONCE:
        for setting in effective(service, key):
            for command in commands(setting):
                yield replace(main, name=f"{path.name} {key}", command=command, place=command.place, runs="once")


def _variables(service: Section) -> Iterator[Variable]:
    for setting in effective(service, "Environment"):
        for word in words(setting.value):
            name, equals, value = word.partition("=")
            if equals and re.fullmatch(r"[A-Za-z_]\w*", name):
                yield Variable(name=name, value=value.replace("%%", "%"), place=setting.place)
    for setting in effective(service, "PassEnvironment"):
        for name in words(setting.value):
            yield Variable(name=name, value=None, place=setting.place, source="caller")
