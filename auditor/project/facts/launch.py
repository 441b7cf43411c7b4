"""How production starts: the units of all deployment files joined, and their commands followed through shells, scripts and runners."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Literal

from auditor.model import Place
from auditor.project.facts import servers
from auditor.project.facts.follow import Step, follow
from auditor.project.facts.layout import Copied, bases, layout
from auditor.project.facts.names import kind_of
from auditor.project.facts.record import Record
from auditor.project.facts.servers import Bound
from auditor.project.facts.unit import Command, Port, Unit, Variable
from auditor.project.files import normal

if TYPE_CHECKING:
    from auditor.project.project import Project

_DEPLOYED = re.compile(r"^(?:docker-compose|compose|dockerfile|containerfile)[.\-_](?:prod|production|deploy|release|remote)\b", re.IGNORECASE)
_WHOLE = re.compile(r"^(?:docker-)?compose(?:[.\-](?:prod|production|deploy|release|remote))?\.ya?ml$", re.IGNORECASE)
_NOT_STARTED = frozenset({"github-actions"})
_NO_STARTS = frozenset({"dotenv", "nginx", "python", "script", "gunicorn", None})
"""Kinds of files that start nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """One command that starts something in production.

    ``words`` are what runs in the end, after shells, npm scripts, shell scripts and runners were seen through; ``trail`` says through which.
    ``place`` is where the command is given, ``bases`` the folders of the project its working directory may stand for, likeliest first.
    ``variables`` are given to it by the files; ``opens`` says that others may be given where nobody can see them. ``form``: whether a shell reads the
    command. ``certain`` is False for what a script runs under a condition. ``whole`` is the command as it is written, entry point included, of which
    this launch is a part, and ``copied`` says what folders of its image stand for.
    """

    words: tuple[str, ...]
    place: Place
    bases: tuple[PurePosixPath, ...]
    trail: tuple[Place, ...] = ()
    kind: str = ""
    name: str = ""
    form: Literal["exec", "shell"] = "shell"
    folder: str = ""
    variables: tuple[Variable, ...] = ()
    opens: bool = True
    ports: tuple[Port, ...] = ()
    user: str = ""
    image: str = ""
    network: str = ""
    certain: bool = True
    whole: Command | None = None
    copied: tuple[Copied, ...] = ()

    @property
    def values(self) -> Mapping[str, str | None]:
        """The variables that are given, with their values where they are told."""
        return {variable.name: variable.value if variable.source == "literal" else None for variable in self.variables if variable.when == "run"}

    @property
    def tool(self) -> str:
        """The program: `gunicorn`, also when it is started as `python -m gunicorn`."""
        return servers.tool(self.words)

    @property
    def bound(self) -> Bound | None:
        """Where the server listens, None when it cannot be told."""
        return servers.bound(self.words, self.values)

    @property
    def workers(self) -> int | None:
        """How many worker processes there are, None when it cannot be told."""
        return servers.workers(self.words, self.values)

    @property
    def target(self) -> tuple[str, str] | None:
        """The module and the name that the server is told to load."""
        return servers.target(self.words)

    def file(self, project: Project, name: str) -> PurePosixPath | None:
        """The file of the tree that ``name`` stands for: below one of the bases, else the only one of that name."""
        for base in self.bases:
            target = normal(str(base / name))
            if project.exists(target):
                return target
        found = [file.path for file in project.tree_files if file.path.name == PurePosixPath(name).name]
        return found[0] if len(found) == 1 else None


def launches(project: Project) -> tuple[Launch, ...]:
    """Every command by which production starts, in order of files and lines; development files are left out by their role."""
    records = {path: project.facts.record(path) for path in project.facts.deployment_files}
    found: list[Launch] = []
    built: set[Place] = set()
    for path, record in records.items():
        for unit in record.units:
            if unit.kind == "compose":
                launched, used = _of_service(project, path, unit, records)
                found += launched
                built |= used
    for path, record in records.items():
        if record.stages:
            found += _of_image(project, path, record, built)
        for unit in record.units:
            if unit.kind not in ("compose", "dockerfile", *_NOT_STARTED):
                found += _started(project, unit, _folders(project, path, unit), ())
    order = {path: number for number, path in enumerate(records)}
    return tuple(sorted(found, key=lambda launch: (order.get(launch.place.path or PurePosixPath(), 0), launch.place.line)))


def deployment_files(project: Project) -> Iterator[PurePosixPath]:
    """The files that say how production starts. `compose.yml` beside `compose.prod.yml` is what developers use."""
    deployed = {(file.path.parent, file.language) for file in project.tree_files if _DEPLOYED.search(file.path.name)}
    for file in project.tree_files:
        if file.role != "production" or ".devcontainer" in file.path.parts or kind_of(file.path, file.language) in _NO_STARTS:
            continue
        if (file.path.parent, file.language) in deployed and not _DEPLOYED.search(file.path.name) and file.language in ("yaml", "dockerfile"):
            if file.language == "dockerfile" or "compose" in file.path.name.lower():
                continue
        if "compose" in file.path.name.lower() and file.language == "yaml" and not _WHOLE.match(file.path.name):
            continue
        yield file.path


def _of_service(project: Project, path: PurePosixPath, unit: Unit, records: Mapping[PurePosixPath, Record]) -> tuple[list[Launch], set[Place]]:
    """What one compose service starts, with what its image brings; and the commands of the image that it uses."""
    known: tuple[Copied, ...] = ()
    folders: list[PurePosixPath] = []
    used: set[Place] = set()
    if unit.build is not None:
        context = normal(str(path.parent / unit.build.context))
        file = normal(str(context / unit.build.dockerfile))
        record = records.get(file) or project.facts.record(file)
        number = _stage(record, unit.build.target)
        folders.append(context)
        if number is not None:
            image = record.units[number]
            known = layout(project, record.stages, number, context)
            if unit.command is None and unit.entrypoint is None and image.command is not None:
                used.add(image.command.place)
            if unit.entrypoint is None and image.entrypoint is not None:
                used.add(image.entrypoint.place)
            unit = _on(image, unit)
    for mount in unit.mounts:
        if mount.source.startswith("."):
            host = normal(str(path.parent / mount.source))
            known = (*known, Copied(inside=PurePosixPath(mount.target), outside=host))
            folders.append(host)
    variables, missing = _from_files(project, path, unit)
    unit = replace(unit, variables=_merged(variables, unit.variables), opens=unit.opens or missing)
    folders = [*bases(known, unit.folder, _values(unit.variables)), *folders, path.parent]
    return list(_started(project, unit, folders, known)), used


def _on(image: Unit, service: Unit) -> Unit:
    """A service with what it takes from its image."""
    command = service.command or (image.command if service.entrypoint is None else None)
    return replace(
        service,
        entrypoint=service.entrypoint or image.entrypoint,
        command=command,
        folder=service.folder or image.folder,
        user=service.user or image.user,
        image=service.image or image.image,
        variables=_merged(image.variables, service.variables),
        ports=(*service.ports, *image.ports),
    )


def _merged(first: Iterable[Variable], second: Iterable[Variable]) -> tuple[Variable, ...]:
    """Variables of which the later win."""
    return tuple({(variable.name, variable.when): variable for variable in (*first, *second)}.values())


def _values(variables: Iterable[Variable]) -> dict[str, str | None]:
    return {variable.name: variable.value for variable in variables}


def _from_files(project: Project, path: PurePosixPath, unit: Unit) -> tuple[tuple[Variable, ...], bool]:
    """The variables of the files a unit names, values untold, and whether one of these files is not in the project."""
    found: list[Variable] = []
    missing = False
    for file in unit.files:
        target = normal(str(path.parent / file.path))
        named = project.facts.record(target).named if not file.path.startswith("/") else ()
        missing = missing or not named
        found += [Variable(name=name.name, value=None, place=name.place, source="secret") for name in named]
    return tuple(found), missing


def _stage(record: Record, target: str) -> int | None:
    if not record.stages:
        return None
    if target:
        return next((number for number, stage in enumerate(record.stages) if stage.name.lower() == target.lower()), None)
    return len(record.stages) - 1


def _of_image(project: Project, path: PurePosixPath, record: Record, built: set[Place]) -> Iterator[Launch]:
    """What an image starts by itself; nothing when a service of the project builds it and that very command was followed there."""
    unit = record.units[-1]
    said = unit.command or unit.entrypoint
    if said is None or said.place in built:
        return
    context = _context(project, path)
    known = layout(project, record.stages, len(record.stages) - 1, context)
    folders = [*bases(known, unit.folder, _values(unit.variables)), context, path.parent, *(item.outside for item in known)]
    yield from _started(project, unit, folders, known)


def _context(project: Project, path: PurePosixPath) -> PurePosixPath:
    """The build context of a Dockerfile that no compose file builds: the nearest folder in which the files that it copies are."""
    sources = [
        word
        for stage in project.facts.record(path).stages
        for instruction in stage.instructions
        if instruction.word in ("COPY", "ADD") and not any(flag.startswith("--from") for flag in instruction.flags)
        for word in instruction.rest.split()[:-1]
        if re.match(r"^[\w./-]+$", word) and word not in (".", "./")
    ]
    for folder in (path.parent, *path.parent.parents):
        if all(project.exists(normal(str(folder / source))) for source in sources):
            return folder
    return path.parent


def _folders(project: Project, path: PurePosixPath, unit: Unit) -> list[PurePosixPath]:
    """Where a process outside containers runs: the folder that is said, by its last names when it is a path of the server; else the file's own."""
    folders = [path.parent]
    if unit.folder and not unit.folder.startswith("/"):
        folders.insert(0, normal(str(path.parent / unit.folder)))
    elif unit.folder:
        parts = PurePosixPath(unit.folder).parts[1:]
        tails = (PurePosixPath(*parts[start:]) for start in range(1, len(parts)))
        folders = [*(tail for tail in tails if project.is_dir(tail)), *folders]
    return [*folders, PurePosixPath()]


def _started(project: Project, unit: Unit, folders: Iterable[PurePosixPath], known: tuple[Copied, ...]) -> Iterator[Launch]:
    folders = tuple(dict.fromkeys(folders))
    values = _values(unit.variables)
    for command, step in _steps(project, unit, folders, known):
        yield Launch(
            words=step.words,
            place=command.place if command.place.label else replace(command.place, label="started here"),
            bases=step.bases,
            trail=step.trail,
            kind=unit.kind,
            name=unit.name,
            form="exec" if command.form == "exec" and not step.trail and not step.by_shell else "shell",
            folder=servers.expanded(unit.folder, values),
            variables=unit.variables,
            opens=unit.opens,
            ports=unit.ports,
            user=unit.user,
            image=unit.image,
            network=unit.network,
            certain=step.certain,
            whole=_whole(unit),
            copied=known,
        )


def _whole(unit: Unit) -> Command | None:
    """The command of a unit as it is executed: an entry point has it as arguments, unless a shell reads that (which takes none)."""
    entry, command = unit.entrypoint, unit.command
    if entry is None or command is None:
        return entry or command
    if entry.form == "shell" and unit.kind == "dockerfile":
        return entry
    more = ("/bin/sh", "-c", command.text) if command.form == "shell" and unit.kind == "dockerfile" else command.words
    words = (*entry.words, *more)
    return Command(text=" ".join(words), words=words, form="exec", place=entry.place)


def _steps(project: Project, unit: Unit, folders: tuple[PurePosixPath, ...], known: tuple[Copied, ...]) -> Iterator[tuple[Command, Step]]:
    """The commands a unit comes down to: its command, behind an entry point that hands it on or takes it as arguments."""
    entry, command = unit.entrypoint, unit.command
    if entry is None:
        if command is not None:
            yield from ((command, step) for step in follow(project, command.words, folders, known))
        return
    if entry.form == "shell" and unit.kind == "dockerfile":
        yield from ((entry, step) for step in follow(project, entry.words, folders, known))  # a shell takes no arguments
        return
    more = command.words if command is not None else ()
    for step in follow(project, (*entry.words, *more), folders, known, forwarded=more):
        yield (command if command is not None and step.forwarded else entry), step
