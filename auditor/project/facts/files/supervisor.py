"""Supervisor's configuration: one unit a program (https://supervisord.org/configuration.html)."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Literal

from auditor.model import Place, span_of
from auditor.project.facts.files.commands import words_of
from auditor.project.facts.record import EMPTY, Fault, Record, Section, Setting
from auditor.project.facts.unit import Command, Unit, Variable

_PROGRAM = re.compile(r"^\[(?:program|fcgi-program|eventlistener):", re.MULTILINE)
_MOST_SHARED = 200
_HEADER = re.compile(r"^\[(.+)\]")
_COMMENT = re.compile(r"(?:^|\s)[;#]")
_TEMPLATE = re.compile(r"\{\{|\{%|<%")
_FROM_ENVIRONMENT = re.compile(r"%\(ENV_\w+\)s")


def extract(path: PurePosixPath, text: str) -> Record:
    """The programs and event listeners; an empty record for a `.conf` or `.ini` of something else.

    A process inherits the environment of supervisord, which whoever starts that decides.
    """
    if not _PROGRAM.search(text):
        return EMPTY
    if _TEMPLATE.search(text):
        return Record(left_out="is a template")
    found = sections(path, text)
    if isinstance(found, Fault):
        return Record(fault=found)
    shared = tuple(variable for section in found if section.name == "supervisord" for variable in variables(section))
    shared = shared[:_MOST_SHARED]
    return Record(sections=found, units=tuple(_unit(section, shared) for section in found if _PROGRAM.match(f"[{section.name}]")))


def sections(path: PurePosixPath, text: str) -> tuple[Section, ...] | Fault:
    """The sections as Python's RawConfigParser reads them with supervisor's settings: `;` and `#` after a blank begin a comment."""
    found: list[tuple[str, Place, list[Setting]]] = []
    name, parts, place, indent = "", list[str](), Place(path=path), 0

    def keep() -> None:
        if name and found:
            found[-1][2].append(Setting(name=name, value="\n".join(parts).strip(), place=place))

    for number, raw in enumerate(text.split("\n"), 1):
        comment = _COMMENT.search(raw)
        line = (raw[: comment.start()] if comment else raw).strip()
        if not line:
            continue
        depth = len(raw) - len(raw.lstrip())
        if name and depth > indent:
            parts.append(line)
            continue
        keep()
        name, parts, indent = "", [], depth
        header = _HEADER.match(line)
        if header is not None:
            found.append((header.group(1), Place(path=path, span=span_of(number)), []))
            continue
        key, delimiter, value = re.match(r"([^=:]*)([=:]?)(.*)", line, re.DOTALL).groups()  # type: ignore[union-attr] # it matches any text
        if not found:
            return Fault(line=number, message="stands before the first section")
        if not delimiter or not key.strip():
            return Fault(line=number, message="is no section, and has no `=`")
        name, parts, place = key.strip().lower(), [value.strip()], Place(path=path, span=span_of(number))
    keep()
    return tuple(Section(name=title, place=where, settings=tuple(settings)) for title, where, settings in found)


def _unit(section: Section, shared: tuple[Variable, ...]) -> Unit:
    setting = next((setting for setting in reversed(section.settings) if setting.name == "command"), None)
    own = tuple(variables(section))
    names = {variable.name for variable in own}
    count = section.get("numprocs", "1")
    return Unit(
        kind="supervisor",
        name=section.name.partition(":")[2],
        place=section.place,
        command=_command(setting) if setting is not None and setting.value else None,
        folder=section.get("directory"),
        variables=(*(variable for variable in shared if variable.name not in names), *own),
        opens=True,
        user=section.get("user"),
        replicas=int(count) if count.isdigit() and len(count) < 6 else None,
    )


def _command(setting: Setting) -> Command:
    text = setting.value.replace("\n", " ")
    return Command(text=text, words=tuple(word.replace("%%", "%") for word in words_of(text)), form="exec", place=setting.place)


def variables(section: Section) -> Iterator[Variable]:
    """The pairs of `environment`: `A="x",B=y`; with commas or blanks a value has to be quoted."""
    for setting in section.settings:
        if setting.name != "environment":
            continue
        lexer = shlex.shlex(setting.value)
        lexer.wordchars += "/.+-():%"
        try:
            tokens = list(lexer)
        except ValueError:  # a quote is not closed
            continue
        for at in range(0, len(tokens), 4):
            if tokens[at + 1 : at + 2] != ["="] or len(tokens) < at + 3:
                break
            value = tokens[at + 2].strip("\"'")
            source: Literal["caller", "literal"] = "caller" if _FROM_ENVIRONMENT.search(value) else "literal"
            yield Variable(name=tokens[at], value=value.replace("%%", "%"), place=setting.place, source=source)
