"""What is run on the way to production: by images, workflows, platforms, Makefiles and scripts, one simple command at a time."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import yaml

from auditor.model import Place, span_of
from auditor.project.facts.files import yamls
from auditor.project.files import normal
from auditor.project.text import Unreadable

if TYPE_CHECKING:
    from auditor.project.project import Project

_BETWEEN = re.compile(r"&&|\|\||;|\|")
_TARGET = re.compile(r"^[\w.%/-]+(?:\s+[\w.%/-]+)*\s*:(?!=)")
_TOML_COMMAND = re.compile(r"^[ \t]*(?:command|cmd|buildCommand|build_command)\s*=\s*[\"'](.+?)[\"']", re.MULTILINE)
_JSON_COMMAND = re.compile(r"\"(?:buildCommand|installCommand|postdeploy|build)\"\s*:\s*\"((?:[^\"\\]|\\.)*)\"")
_PLATFORM_FILES = frozenset({"app.json", "netlify.toml", "railway.json", "railway.toml", "vercel.json", "nixpacks.toml", "fly.toml", "amplify.yml"})
_MOST_COMMANDS = 2_000
_PLATFORM_KEYS = frozenset({"buildCommand", "build_command", "installCommand", "preDeployCommand", "buildcommand"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One simple command: no `&&`, no `cd`.

    ``folder`` is where it runs: below the root of the project, None when that cannot be told. ``kind`` is workflow, platform, make or script.
    """

    text: str
    place: Place
    folder: PurePosixPath | None
    kind: str
    block: int = 0


def simple(text: str, start: str) -> Iterator[tuple[int, str, str]]:
    """(line in the text from 0, command, folder) for each simple command of a shell text; `cd` moves, brackets come back.

    ``start`` "" stands for a folder that is not known; any other is joined with what `cd` names.
    """
    folder = start
    outer: list[str] = []
    for number, line in enumerate(_joined_lines(text)):
        for part in _BETWEEN.split(line):
            command = part.strip()
            opened = len(command) - len(command.lstrip("( "))
            outer += [folder] * command[:opened].count("(")
            command = command[opened:]
            closed = max(0, command.count(")") - command.count("("))
            command = command.rstrip(") ") if closed else command
            found = re.match(r"^(?:cd|pushd)\s+(?:--\s+)?[\"']?([^\s\"']+)[\"']?$", command)
            if found:
                folder = _moved(folder, found.group(1))
            elif command and not command.startswith("#"):
                yield number, command, folder
            for _ in range(min(closed, len(outer))):
                folder = outer.pop()


def _joined_lines(text: str) -> list[str]:
    """The lines, a continued one together with what it is continued by; the lines it took become empty, so that numbers stay."""
    lines = text.split("\n")
    for index in range(len(lines) - 2, -1, -1):
        if lines[index].rstrip().endswith("\\"):
            lines[index] = lines[index].rstrip()[:-1] + " " + lines[index + 1].strip()
            lines[index + 1] = ""
    return lines


def _moved(folder: str, target: str) -> str:
    if not folder or "$" in target or target.startswith(("~", "-", "/")) or "`" in target:
        return target if target.startswith("/") and "$" not in target and folder.startswith("/") else ""
    return posixpath.normpath(posixpath.join(folder, target))


def commands(project: Project) -> tuple[Command, ...]:
    """Every command that the files of the tree name outside of Dockerfiles, in order of files and lines."""
    found: list[Command] = []
    for file in project.tree_files:
        path = file.path
        is_platform = path.name.lower() in _PLATFORM_FILES or path.name.lower() in ("render.yaml", "render.yml")
        if file.language not in ("shell", "yaml") and not is_platform and path.name.lower() not in ("makefile", "justfile", "procfile"):
            continue
        try:
            text = project.text(path)
        except Unreadable:
            continue
        if is_platform:
            found += _platform(path, text)
        elif file.language == "shell":
            found += _of(path, text, path.parent if file.role == "production" else None, "script", 1)
        elif path.name.lower() in ("makefile", "justfile"):
            found += _makefile(path, text)
        elif file.language == "procfile":
            found += _of(path, re.sub(r"^[\w-]+:", "", text, flags=re.MULTILINE), path.parent, "platform", 1)
        elif _is_workflow(path):
            found += _workflow(path, text)
    return tuple(found)


def _is_workflow(path: PurePosixPath) -> bool:
    return ".github" in path.parts or path.name.lower() in (".gitlab-ci.yml", "azure-pipelines.yml", "bitbucket-pipelines.yml", "cloudbuild.yaml")


def _of(path: PurePosixPath, text: str, folder: PurePosixPath | None, kind: str, first: int, block: int = 0) -> Iterator[Command]:
    """The simple commands of a text whose first line is line ``first`` of the file."""
    start = "/" + str(folder).removeprefix(".") if folder is not None else ""
    for number, command, where in islice(simple(text, start), _MOST_COMMANDS):
        place = Place(path=path, span=span_of(first + number))
        yield Command(text=command, place=place, folder=normal(where) if where else None, kind=kind, block=block)


def _makefile(path: PurePosixPath, text: str) -> Iterator[Command]:
    """The recipes; each line is a shell of its own."""
    for number, line in enumerate(_joined_lines(text), 1):
        if line.startswith(("\t", "    ")) and not _TARGET.match(line):
            yield from _of(path, line.strip().lstrip("@-"), path.parent, "make", number)


def _platform(path: PurePosixPath, text: str) -> Iterator[Command]:
    if path.suffix in (".yaml", ".yml"):
        for key, node in _keys(yamls.root(text)):
            if key in _PLATFORM_KEYS or key == "commands":
                for scalar in (node, *yamls.items(node)):
                    for number, line in yamls.lines(scalar):
                        yield from _of(path, line, path.parent, "platform", number)
        return
    for found in (_JSON_COMMAND if path.suffix == ".json" else _TOML_COMMAND).finditer(text):
        yield from _of(path, found.group(1), path.parent, "platform", text.count("\n", 0, found.start()) + 1)


def _keys(node: yaml.Node | None, depth: int = 0) -> Iterator[tuple[str, yaml.Node]]:
    """Every key at any depth that a configuration reasonably has."""
    if depth > 8 or node is None:
        return
    for key, inner in yamls.pairs(node):
        yield key, inner
        yield from _keys(inner, depth + 1)
    for inner in yamls.items(node):
        yield from _keys(inner, depth + 1)


def _workflow(path: PurePosixPath, text: str) -> Iterator[Command]:
    """The `run` steps of a GitHub workflow, with their working directory; the scripts of other services, which start at the root.

    https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax
    """
    tree = yamls.root(text)
    if ".github" not in path.parts:
        for key, node in _keys(tree):
            if key in ("script", "before_script", "bash"):
                for scalar in (node, *yamls.items(node)):
                    for number, line in yamls.lines(scalar):
                        yield from _of(path, line, PurePosixPath(), "workflow", number)
        return
    whole = yamls.said(yamls.get(tree, "defaults", "run", "working-directory"))
    jobs = [job for _, job in yamls.pairs(yamls.get(tree, "jobs"))]
    for number, job in enumerate((*jobs, yamls.get(tree, "runs")), 1):
        default = yamls.said(yamls.get(job, "defaults", "run", "working-directory")) or whole
        steps = yamls.items(yamls.get(job, "steps"))
        moved = any(
            "checkout" in yamls.said(yamls.get(step, "uses")) and any(yamls.get(step, "with", key) is not None for key in ("path", "repository"))
            for step in steps
        )
        for step in steps:
            folder = yamls.said(yamls.get(step, "working-directory")) or default
            known = not moved and "$" not in folder and not folder.startswith("/") and ".github/workflows" in str(path)
            run = yamls.get(step, "run")
            if isinstance(run, yaml.ScalarNode):
                first = run.start_mark.line + (2 if run.style in ("|", ">") else 1)
                yield from _of(path, str(run.value), normal(folder) if known else None, "workflow", first, block=number)
