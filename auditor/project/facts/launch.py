"""How production starts: the commands that Dockerfiles, compose files and Procfiles give, followed through npm scripts."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import yaml

from auditor.model import Place, span_of
from auditor.project.facts.dockerfile import instructions
from auditor.project.facts.yamls import pairs, root, value
from auditor.project.files import normal
from auditor.project.text import Unreadable

if TYPE_CHECKING:
    from auditor.project.project import Project

_RUNNERS = (
    ("poetry", "run"),
    ("pipenv", "run"),
    ("uv", "run"),
    ("hatch", "run"),
    ("npx",),
    ("pnpm", "exec"),
    ("yarn", "exec"),
    ("exec",),
    ("dumb-init",),
    ("tini", "--"),
)
_MANAGERS = frozenset({"npm", "yarn", "pnpm", "bun"})
_DEPLOYED = re.compile(r"^(?:docker-compose|compose|dockerfile|containerfile)[.\-_](?:prod|production|deploy|release|remote)\b", re.IGNORECASE)
_OWN_COMMANDS = frozenset({"install", "ci", "add", "exec", "dlx", "build", "audit", "cache", "config"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """One command that starts something: its words after runners and npm scripts are followed, where it is said, and where it may run.

    ``bases`` are folders of the project the working directory may stand for, likeliest first; ``trail`` the scripts followed on the way.
    """

    words: tuple[str, ...]
    place: Place
    bases: tuple[PurePosixPath, ...]
    trail: tuple[Place, ...] = ()

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
    found: list[Launch] = []
    deployed = {(file.path.parent, file.language) for file in project.tree_files if _DEPLOYED.search(file.path.name)}
    for file in project.files:
        if file.role != "production" or ".devcontainer" in file.path.parts:
            continue
        if (file.path.parent, file.language) in deployed and not _DEPLOYED.search(file.path.name):
            continue  # `compose.yml` beside `compose.prod.yml` is what developers use
        try:
            text = project.text(file.path)
        except Unreadable:
            continue
        if file.language == "dockerfile":
            found += _dockerfile(project, file.path, text)
        elif file.language == "procfile":
            found += _procfile(project, file.path, text)
        elif file.language == "yaml" and re.match(
            r"(?:docker-)?compose(?:[.\-](?:prod|production|deploy|release|remote))?\.ya?ml$", file.path.name.lower()
        ):
            found += _compose(project, file.path, text)
    return tuple(found)


def _dockerfile(project: Project, path: PurePosixPath, text: str) -> Iterator[Launch]:
    """CMD (with ENTRYPOINT before it) of the final stage (https://docs.docker.com/reference/dockerfile/)."""
    command: tuple[int, str] | None = None
    entry: tuple[int, str] | None = None
    bases: list[PurePosixPath] = [path.parent]
    for line, instruction, rest in instructions(text):
        if instruction == "FROM":
            command = entry = None
        elif instruction == "CMD":
            command = (line, rest)
        elif instruction == "ENTRYPOINT":
            entry = (line, rest)
        elif instruction in ("COPY", "ADD") and "--from" not in rest:
            copied = [word for word in rest.split() if not word.startswith("--")]
            if len(copied) == 2 and not copied[0].startswith((".", "/", "[")):
                bases.append(path.parent / copied[0])
    said = command or entry
    if said is None:
        return
    words = _words(entry[1]) if entry is not None else ()
    if command is not None and (not words or not words[-1].endswith(".sh")):
        words = (*words, *_words(command[1]))
    place = Place(path=path, span=span_of(said[0]), label="started here")
    yield from _followed(project, words, place, tuple(bases))


def _procfile(project: Project, path: PurePosixPath, text: str) -> Iterator[Launch]:
    for number, line in enumerate(text.split("\n"), 1):
        found = re.match(r"^([A-Za-z0-9_-]+):\s*(.+)$", line)
        if found:
            place = Place(path=path, span=span_of(number), label="started here")
            yield from _followed(project, _words(found.group(2)), place, (path.parent,))


def _compose(project: Project, path: PurePosixPath, text: str) -> Iterator[Launch]:
    """The `command` of each service; a file that is no YAML or is a template gives none (https://docs.docker.com/reference/compose-file/services/)."""
    for _, service in pairs(value(root(text), "services")):
        command = value(service, "command")
        if command is None:
            continue
        words = tuple(str(item.value) for item in command.value) if isinstance(command, yaml.SequenceNode) else _words(str(command.value))
        place = Place(path=path, span=span_of(command.start_mark.line + 1), label="started here")
        yield from _followed(project, words, place, tuple(_service_bases(service, path)))


def _service_bases(service: yaml.Node, path: PurePosixPath) -> Iterator[PurePosixPath]:
    build = value(service, "build")
    context = value(build, "context") if isinstance(build, yaml.MappingNode) else build
    if isinstance(context, yaml.ScalarNode):
        yield normal(str(path.parent / str(context.value)))
    volumes = value(service, "volumes")
    for volume in volumes.value if isinstance(volumes, yaml.SequenceNode) else ():
        host = str(volume.value).split(":", maxsplit=1)[0] if isinstance(volume, yaml.ScalarNode) else ""
        if host.startswith("."):
            yield normal(str(path.parent / host))
    yield path.parent


def _words(text: str) -> tuple[str, ...]:
    """A command as words: a JSON array as it is, anything else as a shell splits it."""
    if text.lstrip().startswith("["):
        try:
            found = json.loads(text)
            if isinstance(found, list):
                return tuple(str(word) for word in found)
        except ValueError:
            pass
    try:
        return tuple(shlex.split(text, comments=False))
    except ValueError:
        return tuple(text.split())


def _followed(project: Project, words: tuple[str, ...], place: Place, bases: tuple[PurePosixPath, ...]) -> Iterator[Launch]:
    """The commands that ``words`` come down to: shells, lists, runners and npm scripts are seen through."""
    waiting: list[tuple[tuple[str, ...], tuple[PurePosixPath, ...], tuple[Place, ...]]] = [(words, bases, ())]
    for _ in range(24):
        if not waiting:
            return
        current, folders, trail = waiting.pop(0)
        if len(current) >= 3 and re.fullmatch(r"(?:/usr)?(?:/bin/)?(?:ba|da|a)?sh", current[0]) and re.fullmatch(r"-\w*c", current[1]):
            waiting.append((_words(current[2]), folders, trail))
            continue
        parts = _split(current)
        if len(parts) > 1:
            waiting[:0] = [(part, folders, trail) for part in parts]
            continue
        current = _without_runner(current)
        script = _script(project, current, folders)
        if script is not None and len(trail) < 6:
            text, where = script
            assert where.path is not None
            waiting.insert(0, (_words(text), (where.path.parent, *folders), (*trail, where)))
        elif current:
            yield Launch(words=current, place=place, bases=folders, trail=trail)


def _split(words: tuple[str, ...]) -> list[tuple[str, ...]]:
    parts: list[list[str]] = [[]]
    for word in words:
        if word in ("&&", ";", "||", "&", "|"):
            parts.append([])
        elif word.endswith(";") and len(word) > 1:
            parts[-1].append(word[:-1])
            parts.append([])
        else:
            parts[-1].append(word)
    return [tuple(part) for part in parts if part]


def _without_runner(words: tuple[str, ...]) -> tuple[str, ...]:
    while words:
        if re.match(r"^[A-Z_][A-Z0-9_]*=", words[0]) or words[0] in ("cross-env", "env", "time", "sudo"):
            words = words[1:]
            continue
        runner = next((runner for runner in _RUNNERS if words[: len(runner)] == runner), None)
        if runner is None:
            return words
        words = words[len(runner) :]
    return words


def _script(project: Project, words: tuple[str, ...], bases: tuple[PurePosixPath, ...]) -> tuple[str, Place] | None:
    """The package.json script that an `npm start`, `yarn dev` … runs, and where it stands."""
    if len(words) < 2 or words[0] not in _MANAGERS:
        return None
    rest = [word for word in words[1:] if not word.startswith("-")]
    name = rest[1] if len(rest) > 1 and rest[0] in ("run", "run-script") else rest[0] if rest and rest[0] not in _OWN_COMMANDS else ""
    if not name:
        return None
    for base in bases:
        manifest = project.manifest(base)
        if manifest is not None and name in manifest.scripts and PurePosixPath(str(manifest.dir)) == base:
            path = base / "package.json"
            try:
                lines = project.text(path).split("\n")
            except Unreadable:
                lines = []
            line = next((number for number, line in enumerate(lines, 1) if re.search(rf'"{re.escape(name)}"\s*:', line)), 1)
            return manifest.scripts[name], Place(path=path, span=span_of(line), label=f"{name} is {manifest.scripts[name][:60]!r}")
    return None
