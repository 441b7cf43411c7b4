"""Dockerfiles by themselves: what an instruction says and what its neighbours make of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from auditor.model import CheckDetector, Gotcha, Outcome, Place, Site
from auditor.project.facts.files.dockerfile import copied
from auditor.project.facts.record import Instruction, Record, Stage
from auditor.project.project import Project

_USED = re.compile(r"(?<!\\)\$(?:\{(\w+)(?::?[-+?][^}]*)?\}|(\w+))")
_DOWNLOAD = re.compile(r"\b(?:curl|wget)\b[^|;&\n]*\|(?!\|)\s*(?:sudo\s+)?(?:\S+/)?(?:(?:ba|z|da)?sh|python3?|tee)\b(?![^|;&\n]*\|)")
_MADE = re.compile(r"\b(?:python[\d.]*\s+-m\s+venv|virtualenv|uv\s+venv)\s+(?:-\S+\s+)*(/[\w./-]+)")
_PREDEFINED = frozenset(
    {"TARGETPLATFORM", "TARGETOS", "TARGETARCH", "TARGETVARIANT", "BUILDPLATFORM", "BUILDOS", "BUILDARCH", "BUILDVARIANT"}
    | {"HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY"}
)


def site(gotcha: Gotcha, place: Place, outcome: Outcome, message: str, *related: Place) -> Site:
    """A site of a check at one place."""
    return Site(gotcha=gotcha.id, outcome=outcome, message=message, place=place, related=related, scope=place.span)


def dockerfiles(project: Project) -> Iterator[tuple[PurePosixPath, Record]]:
    """The Dockerfiles that are built for production, and what they say."""
    for file in project.tree_files:
        if file.language == "dockerfile" and file.role == "production":
            record = project.facts.record(file.path)
            if record.stages:
                yield file.path, record


def argument_before_stage(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """A stage uses an argument that is declared before the first FROM alone (https://docs.docker.com/reference/dockerfile/#understand-how-arg-and-from-interact)."""
    for _, record in dockerfiles(project):
        outside = {_name(instruction): instruction.place for instruction in record.before} if record.before else {}
        for number, stage in enumerate(record.stages):
            known = _declared(record.stages, number)
            for instruction in stage.instructions:
                if instruction.word in ("ARG", "ENV"):
                    known |= set(re.findall(r"(?:^|\s)(\w+)(?==|\s|$)", instruction.rest))
                names = {found[0] or found[1] for found in _USED.findall(instruction.rest)} & outside.keys()
                for name in sorted(names - known - _PREDEFINED):
                    if instruction.word != "ONBUILD" and not re.search(rf"\b{name}=|\bread\b[^;&|]*\b{name}\b|\bfor\s+{name}\b", instruction.rest):
                        message = detector.message.replace("$NAME", name)
                        yield site(gotcha, instruction.place, Outcome.FAIL, message, outside[name])


def _name(instruction: Instruction) -> str:
    return instruction.rest.partition("=")[0].strip()


def _declared(stages: tuple[Stage, ...], number: int) -> set[str]:
    """The names that a stage has from the stage it builds on: ENV stays, and ARG too."""
    base = next((index for index in range(number) if stages[index].name and stages[index].name.lower() == stages[number].image.lower()), None)
    if base is None:
        return set()
    own = " ".join(instruction.rest for instruction in stages[base].instructions if instruction.word in ("ARG", "ENV"))
    return _declared(stages, base) | set(re.findall(r"(?:^|\s)(\w+)(?==|\s|$)", own))


def command_dropped(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """A shell-form ENTRYPOINT before which CMD has no effect (https://docs.docker.com/reference/dockerfile/#understand-how-cmd-and-entrypoint-interact)."""
    for _, record in dockerfiles(project):
        unit = record.units[-1]
        if unit.entrypoint is not None and unit.command is not None:
            if unit.entrypoint.form == "shell":
                yield site(gotcha, unit.command.place, Outcome.FAIL, detector.message, unit.entrypoint.place)
            else:
                yield site(gotcha, unit.command.place, Outcome.PASS, "the entry point gets it as its arguments", unit.entrypoint.place)


def failed_download_ignored(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """A download that is piped on, in a shell that only looks at the last command."""
    for _, record in dockerfiles(project):
        for stage in record.stages:
            shell = ""
            for instruction in stage.instructions:
                shell = instruction.rest if instruction.word == "SHELL" else shell
                text = "\n".join((instruction.rest, *instruction.documents))
                if instruction.word != "RUN" or not _DOWNLOAD.search(text):
                    continue
                careful = "pipefail" in shell or "pipefail" in text
                yield site(
                    gotcha,
                    instruction.place,
                    Outcome.PASS if careful else Outcome.FAIL,
                    "a failed download stops it" if careful else detector.message,
                )


def moved_environment(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """A virtual environment that is copied to another path than the one it was made at (https://docs.python.org/3/library/venv.html#how-venvs-work)."""
    for _, record in dockerfiles(project):
        made = {
            path.rstrip("/"): instruction.place
            for stage in record.stages
            for instruction in stage.instructions
            for path in _MADE.findall(instruction.rest)
        }
        for stage in record.stages:
            for instruction in stage.instructions:
                parts = copied(instruction)
                source = parts[0][0].rstrip("/") if parts is not None and len(parts[0]) == 1 else ""
                if parts is None or source not in made or not any(flag.startswith("--from") for flag in instruction.flags):
                    continue
                same = parts[1].rstrip("/") == source
                message = "stays where it was made" if same else detector.message.replace("$MADE", source).replace("$PUT", parts[1])
                yield site(gotcha, instruction.place, Outcome.PASS if same else Outcome.FAIL, message, made[source])
