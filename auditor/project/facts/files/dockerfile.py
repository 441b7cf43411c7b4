"""Dockerfiles: instructions by stage, and the process each stage would start (https://docs.docker.com/reference/dockerfile/)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from auditor.model import Confidence, Place, span_of
from auditor.project.facts.files.commands import exec_form, listed, shell
from auditor.project.facts.record import Fault, Instruction, Record, Stage
from auditor.project.facts.unit import Command, Port, Unit, Variable

_WORDS = frozenset(
    {"ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "MAINTAINER", "ONBUILD", "RUN", "SHELL"}
    | {"STOPSIGNAL", "USER", "VOLUME", "WORKDIR"}
)
_ESCAPE = re.compile(r"^#\s*escape\s*=\s*([`\\])\s*$", re.IGNORECASE)
_DIRECTIVE = re.compile(r"^#\s*\w+\s*=")
_DOCUMENT = re.compile(r"<<(-?)\s*([\"']?)([A-Za-z_]\w*)\2")
_FLAG = re.compile(r"--[a-z][\w-]*(?:=(?:\"[^\"]*\"|\S+))?\s+")
_FROM = re.compile(r"^(?P<image>\S+)(?:\s+AS\s+(?P<name>\S+))?\s*$", re.IGNORECASE)
_PAIR = re.compile(r"""([A-Za-z_][\w.\-]*)=("(?:\\.|[^"\\])*"|'[^']*'|(?:\\.|[^\s\\"'])*)""", re.DOTALL)


def extract(path: PurePosixPath, text: str) -> Record:
    """The stages of a Dockerfile, and one unit for each, the last being what is built by default."""
    stages: list[Stage] = []
    instructions: list[Instruction] = []
    before: list[Instruction] = []
    for instruction in _instructions(path, text):
        if instruction.word not in _WORDS:
            fault = Fault(line=instruction.place.line, message=f"unknown instruction: {instruction.word[:40]}")
            return Record(stages=tuple(stages), units=tuple(_units(stages)), fault=fault)
        if instruction.word == "FROM":
            found = _FROM.match(instruction.rest)
            if found is None:
                return Record(fault=Fault(line=instruction.place.line, message="FROM needs an image, and perhaps AS and a name"))
            instructions = []
            stages.append(Stage(name=found["name"] or "", image=found["image"], place=instruction.place, instructions=()))
        elif stages:
            instructions.append(instruction)
            last = stages[-1]
            stages[-1] = Stage(name=last.name, image=last.image, place=last.place, instructions=tuple(instructions))
        elif instruction.word == "ARG":
            before.append(instruction)
        else:
            return Record(fault=Fault(line=instruction.place.line, message=f"{instruction.word} stands before the first FROM"))
    if not stages:
        return Record(fault=Fault(line=1, message="has no FROM"))
    return Record(stages=tuple(stages), units=tuple(_units(stages)), before=tuple(before))


def _instructions(path: PurePosixPath, text: str) -> Iterator[Instruction]:
    """Instructions with continued lines joined; comments and empty lines between them are left out, here-documents taken whole."""
    lines = text.split("\n")
    escape, number = "\\", 0
    for line in lines:
        found = _ESCAPE.match(line)
        if found:
            escape = found.group(1)
        if not _DIRECTIVE.match(line):
            break
    while number < len(lines):
        start = number
        kept: list[str] = []
        while number < len(lines):
            line = lines[number].strip()
            number += 1
            if line.startswith("#") or not line:
                if kept or line:
                    continue
                start = number
                continue
            if not kept:
                start = number - 1
            if not line.endswith(escape):
                kept.append(line)
                break
            kept.append(line[:-1])
        whole = "".join(kept).strip()
        if not whole:
            continue
        word, _, rest = whole.partition(" ") if " " in whole else whole.partition("\t")
        word, rest = word.upper(), rest.strip()
        bodies: list[str] = []
        if word in ("RUN", "COPY", "ADD"):
            for dash, _, name in _DOCUMENT.findall(rest):
                body: list[str] = []
                while number < len(lines) and (lines[number].lstrip("\t") if dash else lines[number]).rstrip() != name:
                    body.append(lines[number])
                    number += 1
                number += 1
                bodies.append("\n".join(body))
        flags: list[str] = []
        while word not in ("ENV", "LABEL", "MAINTAINER") and (found := _FLAG.match(rest)):
            flags.append(found.group().strip())
            rest = rest[found.end() :]
        place = Place(path=path, span=span_of(start + 1))
        yield Instruction(word=word, flags=tuple(flags), rest=rest, place=place, documents=tuple(bodies))


def pairs(rest: str) -> tuple[tuple[str, str], ...]:
    """The names and values of ENV, ARG and LABEL: `A=1 B="x y"`, and the old form of ENV, `A all the rest`."""
    first = rest.split(maxsplit=1)
    if len(first) == 2 and "=" not in first[0]:
        return ((first[0], first[1]),)
    return tuple((name, _unquoted(value)) for name, value in _PAIR.findall(rest))


def _unquoted(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        value = value[1:-1]
    return re.sub(r"\\(.)", r"\1", value)


def copied(instruction: Instruction) -> tuple[tuple[str, ...], str] | None:
    """The sources and the target of COPY or ADD; None for another instruction or one that names too little."""
    if instruction.word not in ("COPY", "ADD"):
        return None
    words = listed(instruction.rest) or tuple(instruction.rest.split())
    return (words[:-1], words[-1]) if len(words) > 1 else None


@dataclass(kw_only=True)
class _State:
    """What holds at the end of a stage; a stage built on another starts from its end."""

    entrypoint: Command | None = None
    command: Command | None = None
    folder: str = ""
    user: str = ""
    image: str = ""
    variables: dict[str, Variable] = field(default_factory=dict)
    ports: list[Port] = field(default_factory=list)


def _units(stages: list[Stage]) -> Iterator[Unit]:
    ends: dict[str, _State] = {}
    for number, stage in enumerate(stages):
        base = ends.get(stage.image.lower())
        state = _State(image=stage.image)
        if base is not None:
            state = _State(
                entrypoint=base.entrypoint,
                command=base.command,
                folder=base.folder,
                user=base.user,
                image=base.image,
                variables={name: variable for name, variable in base.variables.items() if variable.when == "run"},
                ports=list(base.ports),
            )
        for instruction in stage.instructions:
            _apply(state, instruction)
        name = stage.name or str(number)
        ends[name.lower()] = ends[str(number)] = state
        yield Unit(
            kind="dockerfile",
            name=name,
            place=stage.place,
            entrypoint=state.entrypoint,
            command=state.command,
            folder=state.folder,
            user=state.user,
            image=state.image,
            variables=tuple(state.variables.values()),
            ports=tuple(state.ports),
            opens=True,  # whoever runs the image may give more
        )


def _apply(state: _State, instruction: Instruction) -> None:
    rest, place = instruction.rest, instruction.place
    match instruction.word:
        case "CMD":
            state.command = _command(rest, place)
        case "ENTRYPOINT":
            state.entrypoint, state.command = _command(rest, place), None
        case "WORKDIR":
            state.folder = _joined(state.folder, rest)
        case "USER":
            state.user = rest
        case "ENV":
            for name, value in pairs(rest):
                state.variables[name] = Variable(name=name, value=value, place=place)
        case "ARG":
            for word in rest.split():
                name, _, value = word.partition("=")
                if name not in state.variables:
                    state.variables[name] = Variable(name=name, value=_unquoted(value) or None, place=place, source="caller", when="build")
        case "EXPOSE":
            for word in rest.split():
                number = re.match(r"(\d+)(?:/tcp)?$", word)
                state.ports.append(
                    Port(
                        inner=int(number.group(1)) if number else None,
                        outer=None,
                        place=place,
                        confidence=Confidence.HIGH if number else Confidence.LOW,
                    )
                )
        case _:
            pass


def _joined(folder: str, path: str) -> str:
    path = path.strip("\"'")
    return path if path.startswith(("/", "$")) or not folder else str(PurePosixPath(folder) / path)


def _command(rest: str, place: Place) -> Command | None:
    words = listed(rest)
    if words is not None:
        return exec_form(words, place) if words else None
    return shell(rest, place) if rest else None
