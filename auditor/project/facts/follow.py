"""Commands followed to their end: shells, lists, runners, npm scripts and shell scripts are seen through."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from auditor.model import Place, span_of
from auditor.project.facts.files.commands import words_of
from auditor.project.facts.layout import Copied, bases
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
    ("dumb-init", "--"),
    ("dumb-init",),
    ("tini", "--"),
    ("/usr/bin/tini", "--"),
    ("/sbin/tini", "--"),
    ("/usr/bin/dumb-init", "--"),
    ("ddtrace-run",),
    ("newrelic-admin", "run-program"),
    ("opentelemetry-instrument",),
    ("docker-entrypoint.sh",),
)
_MANAGERS = frozenset({"npm", "yarn", "pnpm", "bun"})
_OWN_COMMANDS = frozenset({"install", "ci", "add", "exec", "dlx", "build", "audit", "cache", "config"})
_SHELL = re.compile(r"(?:/usr)?(?:/bin/)?(?:ba|da|a)?sh")
_SCRIPT = re.compile(r"^[\w./$\-]+\.(?:sh|bash)$")
_MOST = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One command on the way. ``forwarded`` when it is what an entry point hands on, ``by_shell`` when a shell has read it."""

    words: tuple[str, ...]
    bases: tuple[PurePosixPath, ...]
    trail: tuple[Place, ...] = ()
    certain: bool = True
    forwarded: bool = False
    by_shell: bool = False


def follow(
    project: Project,
    words: tuple[str, ...],
    folders: tuple[PurePosixPath, ...],
    known: tuple[Copied, ...] = (),
    forwarded: tuple[str, ...] = (),
) -> Iterator[Step]:
    """The commands that ``words`` come down to, in order. ``forwarded`` is what a script gets as its arguments; at most 60 commands are looked at."""
    waiting = [Step(words=words, bases=folders)]
    for _ in range(_MOST):
        if not waiting:
            return
        step = waiting.pop(0)
        further = _next(project, step, known, forwarded)
        if further is None:
            if step.words:
                yield step
        else:
            waiting[:0] = further


def _next(project: Project, step: Step, known: tuple[Copied, ...], forwarded: tuple[str, ...]) -> list[Step] | None:
    """What one command stands for; None when it is what runs."""
    words = step.words
    if len(words) >= 3 and _SHELL.fullmatch(words[0]) and re.fullmatch(r"-\w*c", words[1]):
        return [replace(step, words=words_of(words[2]), by_shell=True)]
    parts = _split(words)
    if len(parts) > 1:
        return _in_turn(step, parts)
    plain = _without_runner(parts[0] if parts else ())
    if plain != words:
        return [replace(step, words=plain)]
    if len(step.trail) >= 6 or not words:
        return None
    manifest = _npm_script(project, words, step.bases)
    if manifest is not None:
        text, where = manifest
        assert where.path is not None
        return [replace(step, words=words_of(text), bases=(where.path.parent, *step.bases), trail=(*step.trail, where), by_shell=True)]
    return _shell_script(project, step, known, forwarded)


def _in_turn(step: Step, parts: list[tuple[str, ...]]) -> list[Step]:
    """The commands of a list, each in the folder that a `cd` before it leads to."""
    found: list[Step] = []
    folders = step.bases
    for part in parts:
        if part[0] == "cd" and len(part) > 1 and not part[1].startswith(("/", "$", "~")):
            moved = tuple(normal(str(folder / part[1])) for folder in step.bases)
            folders = (*moved, *step.bases)
        else:
            found.append(replace(step, words=part, bases=folders, by_shell=True))
    return found


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
        if re.match(r"^[A-Z_][A-Z0-9_]*=", words[0]) or words[0] in ("cross-env", "env", "time", "sudo", "nohup"):
            words = words[1:]
            continue
        runner = next((runner for runner in _RUNNERS if words[: len(runner)] == runner), None)
        if runner is None:
            return words
        words = words[len(runner) :]
        while runner[-1] == "run" and words and words[0].startswith("-"):
            words = words[1:]
    return words


def _npm_script(project: Project, words: tuple[str, ...], folders: tuple[PurePosixPath, ...]) -> tuple[str, Place] | None:
    """The package.json script that an `npm start`, `yarn dev` … runs, and where it stands."""
    if len(words) < 2 or words[0] not in _MANAGERS:
        return None
    rest = [word for word in words[1:] if not word.startswith("-")]
    name = rest[1] if len(rest) > 1 and rest[0] in ("run", "run-script") else rest[0] if rest and rest[0] not in _OWN_COMMANDS else ""
    if not name:
        return None
    for base in folders:
        manifest = project.manifest(base)
        if manifest is not None and name in manifest.scripts and PurePosixPath(str(manifest.dir)) == base:
            path = base / "package.json"
            lines = _text(project, path).split("\n")
            line = next((number for number, line in enumerate(lines, 1) if re.search(rf'"{re.escape(name)}"\s*:', line)), 1)
            return manifest.scripts[name], Place(path=path, span=span_of(line), label=f"{name} is {manifest.scripts[name][:60]!r}")
    return None


def _shell_script(project: Project, step: Step, known: tuple[Copied, ...], forwarded: tuple[str, ...]) -> list[Step] | None:
    """The commands of a shell script of the project; None when the command runs none."""
    words = step.words[1:] if _SHELL.fullmatch(step.words[0]) else step.words
    words = tuple(word for word in words if not word.startswith("-") or word in forwarded)
    if not words or not _SCRIPT.match(words[0]):
        return None
    path = _script_path(project, words[0], step.bases, known)
    if path is None:
        return None
    from auditor.project.facts.shellcommands import commands  # noqa: PLC0415 - the grammar is loaded for projects with such scripts alone

    found: list[Step] = []
    folders = step.bases
    for command in commands(_text(project, path)):
        where = Place(path=path, span=span_of(command.line), label="by way of this script")
        parts = words_of(command.text)
        if command.forwards:
            if forwarded:
                found.append(Step(words=forwarded, bases=folders, trail=(*step.trail, where), certain=step.certain, forwarded=True))
            continue
        if parts[:1] == ("cd",) and len(parts) > 1 and not parts[1].startswith(("/", "$", "~", "-")):
            folders = (*(normal(str(folder / parts[1])) for folder in step.bases), *step.bases)
            continue
        certain = step.certain and command.certain
        found.append(Step(words=parts, bases=folders, trail=(*step.trail, where), certain=certain, by_shell=True))
    return found


def _script_path(project: Project, name: str, folders: tuple[PurePosixPath, ...], known: tuple[Copied, ...]) -> PurePosixPath | None:
    """The script of the project that a name in a command stands for; one of that file name alone counts when there is just one."""
    places = list(folders)
    if name.startswith("/"):
        places = list(bases(known, str(PurePosixPath(name).parent), {}))
    for folder in places:
        target = normal(str(folder / (PurePosixPath(name).name if name.startswith("/") else name)))
        if project.language(target) == "shell":
            return target
    found = [file.path for file in project.tree_files if file.path.name == PurePosixPath(name).name and file.language == "shell"]
    return found[0] if len(found) == 1 else None


def _text(project: Project, path: PurePosixPath) -> str:
    try:
        return project.text(path)
    except Unreadable:
        return ""
