"""Dockerfiles as stages and steps: what is copied where, what is run in which folder of the image, with which variables.

https://docs.docker.com/reference/dockerfile/
"""

from __future__ import annotations

import json
import posixpath
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePosixPath

from auditor.model import Place, span_of

_MOST_INSTRUCTIONS = 1_000
_MOST_OPTIONS = 30
_HEREDOC = re.compile(r"<<-?\s*[\"']?([A-Za-z_]\w*)[\"']?")
_OPTION = re.compile(r"^--([a-z-]+)(?:=(.*))?$", re.DOTALL)
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


def parse(path: PurePosixPath, text: str, context: PurePosixPath | None) -> Dockerfile:
    """The stages of a Dockerfile. Nothing is raised: what cannot be read is left out."""
    stages: list[Stage] = []
    name, image = "", ""
    steps: list[Step] = []
    folder = "/"
    variables: dict[str, str] = {}
    found = Dockerfile(path=path, stages=(), context=context)

    def closed() -> tuple[Stage, ...]:
        return (*stages, Stage(name=name, image=image, steps=tuple(steps), folder=folder, variables=dict(variables)))

    started = False
    for line, word, rest in islice(instructions(text), _MOST_INSTRUCTIONS):
        if word == "FROM":
            if started:
                stages.append(closed()[-1])
            started = True
            words = [part for part in rest.split() if not part.startswith("--")]
            image = words[0] if words else ""
            name = words[2].lower() if len(words) > 2 and words[1].upper() == "AS" else ""
            found = Dockerfile(path=path, stages=tuple(stages), context=context)
            base = found.stage(image)
            steps = list(base.steps) if base is not None else []
            folder = base.folder if base is not None else "/"
            variables = dict(base.variables) if base is not None else {}
        elif not started:
            continue
        elif word == "WORKDIR":
            folder = _joined(folder, rest.strip("\"'"), variables) or folder
        elif word in ("ENV", "ARG"):
            variables.update(_assigned(word, rest))
        elif word in ("COPY", "ADD"):
            copied = _copy(line, rest, folder, variables)
            if copied is not None:
                steps.append(copied)
        elif word == "RUN":
            binds = "type=bind" in rest
            steps.append(Run(line=line, text=_command(rest), folder=folder, variables=dict(variables), binds=binds))
        elif word in ("CMD", "ENTRYPOINT"):
            steps.append(Start(line=line, words=_words(rest), folder=folder))
    return Dockerfile(path=path, stages=closed() if started else (), context=context)


def instructions(text: str) -> Iterator[tuple[int, str, str]]:
    """(line, instruction, arguments) with continued lines joined, comments between them left out and here-documents kept in the arguments."""
    start, kept = 0, ""
    ends: list[str] = []
    for number, raw in enumerate(text.split("\n"), 1):
        if ends:
            kept += "\n" + raw
            if raw.strip() == ends[0]:
                ends.pop(0)
            if ends:
                continue
        else:
            line = raw.strip()
            if not line or line.startswith("#"):
                continue
            if not kept:
                start = number
            kept += line.removesuffix("\\") + " " if line.endswith("\\") else line
            if line.endswith("\\"):
                continue
            if re.match(r"(?:RUN|COPY|ADD)\s", kept, re.IGNORECASE):
                ends = _HEREDOC.findall(kept)
            if ends:
                continue
        word, _, rest = kept.strip().partition(" ")
        yield start, word.upper(), rest.strip()
        kept = ""
    if kept:
        word, _, rest = kept.strip().partition(" ")
        yield start, word.upper(), rest.strip()


def _copy(line: int, rest: str, folder: str, variables: Mapping[str, str]) -> Copy | None:
    if "<<" in rest:
        return None
    options, rest = _options(rest)
    origin = next((value for name, value in options if name == "from"), "")
    words = _words(rest)
    if len(words) < 2:
        return None
    target = _joined(folder, words[-1], variables)
    if target and words[-1].rstrip().endswith(("/", "/.")):
        target = target.rstrip("/") + "/"
    return Copy(line=line, sources=tuple(_filled(word, variables) or word for word in words[:-1]), target=target, origin=origin)


def _words(text: str) -> tuple[str, ...]:
    if text.lstrip().startswith("["):
        try:
            found = json.loads(text)
            if isinstance(found, list):
                return tuple(str(word) for word in found)
        except (ValueError, RecursionError):
            pass
    try:
        return tuple(shlex.split(text, comments=False))
    except ValueError:
        return tuple(text.split())


def _options(rest: str) -> tuple[list[tuple[str, str]], str]:
    """The options in front of the arguments, and what is left."""
    options: list[tuple[str, str]] = []
    for _ in range(_MOST_OPTIONS):
        first = rest.split(maxsplit=1)[:1]
        found = _OPTION.match(first[0]) if first else None
        if found is None:
            break
        options.append((found.group(1), found.group(2) or ""))
        rest = rest[len(first[0]) :].lstrip()
    return options, rest


def _command(rest: str) -> str:
    """The text of a RUN without its own options; an array as a line."""
    _, text = _options(rest)
    return " ".join(_words(text)) if text.startswith("[") else text


def _assigned(word: str, rest: str) -> Iterator[tuple[str, str]]:
    """`A=1 B=2` or the old form `A 1`."""
    first = rest.split(maxsplit=1)
    if word == "ENV" and len(first) == 2 and "=" not in first[0]:
        yield first[0], first[1]
        return
    for part in _words(rest):
        key, separator, value = part.partition("=")
        if separator:
            yield key, value


def _filled(text: str, variables: Mapping[str, str]) -> str:
    """The text with variables replaced once; "" when one of them is not known."""
    filled = _VARIABLE.sub(lambda found: variables.get(found.group(1) or found.group(2), "$"), text)
    return "" if "$" in filled else filled


def _joined(folder: str, path: str, variables: Mapping[str, str]) -> str:
    filled = _filled(path, variables)
    return posixpath.normpath(posixpath.join(folder, filled)) if filled else ""
