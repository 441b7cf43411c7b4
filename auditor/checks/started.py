"""What a container of a pod starts: its own command, or that of the Dockerfile its image is surely built from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePosixPath

from auditor.model import Place
from auditor.project.facts import servers
from auditor.project.facts.files.commands import words_of
from auditor.project.facts.follow import follow
from auditor.project.facts.objects import Container
from auditor.project.facts.unit import Command, Unit, Variable
from auditor.project.files import normal
from auditor.project.project import Project
from auditor.project.text import Unreadable

_KUBERNETES = re.compile(r"\$\((\w+)\)")
_BUILD = re.compile(r"\bdocker\s+(?:buildx\s+)?build\s+([^\n;&|]{1,2000})")
_TOLD_IN = frozenset({"shell", "yaml", "text", "markdown"})
_VALUED = frozenset({"-t", "--tag", "-f", "--file", "--build-arg", "--platform", "--target", "--cache-from", "--cache-to", "--network", "--label"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """The words of the command that runs in the end, where they are written, and the variables that the container is given."""

    words: tuple[str, ...]
    place: Place
    variables: tuple[Variable, ...]

    @property
    def server(self) -> str:
        """The server it is, "" for none that is known."""
        name = servers.tool(self.words) if self.words else ""
        return name if name in servers.SERVERS else ""

    @property
    def ports(self) -> frozenset[int]:
        """Where it listens; nothing when it cannot be told, as for gunicorn, whose address may come from its environment."""
        bound = servers.bound(self.words, {}) if self.words else None
        told = bound is not None and bound.port is not None and (bound.said or self.server != "gunicorn")
        return frozenset({bound.port}) if told and bound is not None and bound.port is not None else frozenset()


def started(project: Project, container: Container) -> Started | None:
    """What a container starts; None when the image decides and cannot be found in the project.

    `command` of a manifest replaces the ENTRYPOINT of an image and its CMD, `args` the CMD alone
    (https://kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container/).
    """
    unit = container.unit
    image = None if unit.entrypoint is not None else _built(project, unit.image)
    entry, command = unit.entrypoint, unit.command
    if image is not None:
        entry, command = image.entrypoint, unit.command or image.command
    if entry is not None and image is not None and entry.words and entry.words[-1].endswith(".sh"):
        entry = None if command is not None else entry  # a script that ends with `exec "$@"`
    said: tuple[Command, ...] = tuple(part for part in (entry, command) if part is not None)
    if not said:
        return None
    variables = (*(image.variables if image is not None else ()), *unit.variables)
    values = {variable.name: variable.value for variable in variables}
    steps = tuple(follow(project, tuple(word for part in said for word in part.words), (PurePosixPath(),)))
    words = tuple(servers.expanded(_KUBERNETES.sub(r"${\1}", word), values) for word in steps[-1].words) if steps else ()
    return Started(words=words, place=said[-1].place if image is not None else said[0].place, variables=variables)


def _built(project: Project, image: str) -> Unit | None:
    """The last stage of the Dockerfile that the project builds an image of this name from; None when no command or compose file says so."""
    name = image.partition("@")[0].rpartition("/")[2].partition(":")[0]
    if not re.fullmatch(r"[a-z0-9][a-z0-9._\-]+", name):
        return None
    files = [file.path for file in project.tree_files if file.language == "dockerfile" and file.role == "production"]
    named = set(_dockerfiles(project, name)) if files else set()
    # From which folder a command is given is not known: the Dockerfile of `.` can be told only where there is one alone.
    found = {files[0] if path == PurePosixPath("Dockerfile") and len(files) == 1 else path for path in named}
    if len(found) != 1 or not found <= set(files) or (PurePosixPath("Dockerfile") in found and len(files) > 1):
        return None
    record = project.facts.record(found.pop())
    return record.units[-1] if record.units and record.fault is None else None


def _dockerfiles(project: Project, name: str) -> Iterator[PurePosixPath]:
    tag = re.compile(rf"(?:^|/){re.escape(name)}(?::|$)")
    for file in project.tree_files:
        if file.language not in _TOLD_IN:
            continue
        try:
            text = project.text(file.path)
        except Unreadable:
            continue
        if name not in text:
            continue
        for unit in project.facts.record(file.path).units if file.language == "yaml" else ():
            if unit.kind == "compose" and unit.build is not None and tag.search(unit.image):
                folder = normal(str(file.path.parent / unit.build.context))
                yield normal(str(folder / unit.build.dockerfile))
        for built in _BUILD.finditer(text.replace("\\\n", " ")):
            words = words_of(built[1])
            if any(tag.search(given) for option, given in pairwise(words) if option in ("-t", "--tag")):
                yield _dockerfile(words)


def _dockerfile(words: tuple[str, ...]) -> PurePosixPath:
    """The file that `docker build` reads: `-f`, else the Dockerfile of the context (its last word), from the root of the project."""
    named = next((given for option, given in pairwise(words) if option in ("-f", "--file")), None)
    if named is not None:
        return normal(named)
    free = [word for word, before in zip(words, ("", *words), strict=False) if not word.startswith("-") and before not in _VALUED]
    return normal(f"{free[-1] if free else '.'}/Dockerfile")
