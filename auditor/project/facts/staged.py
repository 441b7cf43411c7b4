"""Dockerfiles as stages and steps: what is copied where, what is run in which folder of the image, with which variables.

https://docs.docker.com/reference/dockerfile/
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePosixPath

from auditor.model import Place, span_of
from auditor.project.facts.files.commands import listed, words_of
from auditor.project.facts.files.dockerfile import copied, pairs
from auditor.project.facts.record import Instruction, Record

_MOST_INSTRUCTIONS = 1_000
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A COPY or ADD: ``sources`` as written, ``target`` absolute in the image, ``origin`` the stage or image of --from; "" is what cannot be told."""

    line: int
    sources: tuple[str, ...]
    target: str
    origin: str = ""

    @property
    def into_folder(self) -> bool:
        """Whether the target is a folder for sure."""
        return self.target.endswith("/") or len(self.sources) > 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A RUN: its text, the folder it starts in and the variables that ENV (and ARG with a default) gave so far.

    ``binds`` is set when it mounts files of the context that no COPY brings.
    """

    line: int
    text: str
    folder: str
    variables: Mapping[str, str]
    binds: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """The CMD or ENTRYPOINT of a stage: its words and the folder it starts in."""

    line: int
    words: tuple[str, ...]
    folder: str


Step = Copy | Run | Start


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One stage; ``steps`` begin with those of the stage it is built on."""

    name: str
    image: str
    steps: tuple[Step, ...]
    folder: str
    variables: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dockerfile:
    """A Dockerfile; ``context`` is the folder of the project it is built with, None when several are possible."""

    path: PurePosixPath
    stages: tuple[Stage, ...]
    context: PurePosixPath | None

    def place(self, line: int, label: str = "") -> Place:
        """A line of it."""
        return Place(path=self.path, span=span_of(line), label=label)

    def stage(self, name: str) -> Stage | None:
        """The stage of that name or number."""
        named = next((stage for stage in reversed(self.stages) if stage.name and stage.name == name.lower()), None)
        if named is None and name.isdecimal() and int(name) < len(self.stages):
            return self.stages[int(name)]
        return named

    @property
    def last(self) -> Stage | None:
        """The stage the image is made of."""
        return self.stages[-1] if self.stages else None


def parse(path: PurePosixPath, record: Record, context: PurePosixPath | None) -> Dockerfile:
    """The stages that a record of a Dockerfile holds, as steps."""
    found = Dockerfile(path=path, stages=(), context=context)
    for said in record.stages:
        base = found.stage(said.image)
        steps = list(base.steps) if base is not None else []
        folder = base.folder if base is not None else "/"
        variables = dict(base.variables) if base is not None else {}
        for instruction in islice(said.instructions, _MOST_INSTRUCTIONS):
            line, rest = instruction.place.line, instruction.rest
            match instruction.word:
                case "WORKDIR":
                    folder = _joined(folder, rest.strip("\"'"), variables) or folder
                case "ENV" | "ARG":
                    variables |= {name: value for name, value in pairs(rest) if instruction.word == "ENV" or "=" in rest}
                case "COPY" | "ADD":
                    copy = _copy(instruction, folder, variables)
                    steps += [copy] if copy is not None else []
                case "RUN":
                    words = listed(rest)
                    text = " ".join(words) if words is not None else "\n".join((rest, *instruction.documents))
                    binds = any("type=bind" in flag for flag in instruction.flags)
                    steps.append(Run(line=line, text=text, folder=folder, variables=dict(variables), binds=binds))
                case "CMD" | "ENTRYPOINT":
                    steps.append(Start(line=line, words=listed(rest) or words_of(rest), folder=folder))
                case _:
                    pass
        stage = Stage(name=said.name.lower(), image=said.image, steps=tuple(steps), folder=folder, variables=dict(variables))
        found = Dockerfile(path=path, stages=(*found.stages, stage), context=context)
    return found


def _copy(instruction: Instruction, folder: str, variables: Mapping[str, str]) -> Copy | None:
    parts = copied(instruction)
    if parts is None or instruction.documents:
        return None
    sources, last = parts
    origin = next((flag.partition("=")[2] for flag in instruction.flags if flag.startswith("--from=")), "")
    target = _joined(folder, last, variables)
    if target and last.rstrip().endswith(("/", "/.")):
        target = target.rstrip("/") + "/"
    filled = tuple(_filled(source, variables) or source for source in sources)
    return Copy(line=instruction.place.line, sources=filled, target=target, origin=origin)


def _filled(text: str, variables: Mapping[str, str]) -> str:
    """The text with variables replaced once; "" when one of them is not known."""
    filled = _VARIABLE.sub(lambda found: variables.get(found.group(1) or found.group(2), "$"), text)
    return "" if "$" in filled else filled


def _joined(folder: str, path: str, variables: Mapping[str, str]) -> str:
    filled = _filled(path, variables)
    return posixpath.normpath(posixpath.join(folder, filled)) if filled else ""
