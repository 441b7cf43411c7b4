"""The environment that an application is given: what its files say, what the system needs, and nothing of the developer's shell besides."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from auditor.project.project import Project
from auditor.runtime.target import Target

_SYSTEM = re.compile(r"^(?:HOME|LANG|LC_ALL|TMPDIR|TZ|USER|LD_LIBRARY_PATH|LD_PRELOAD|DYLD_\w+|SSL_CERT_FILE|SSL_CERT_DIR|SYSTEMROOT)$")
_OWN_PROGRAMS = (".venv/bin", "venv/bin", "node_modules/.bin")
_PATH = "/usr/local/bin:/usr/bin:/bin"
_NODE = re.compile(r"(?:^|[\s/])(?:node|npm|npx|yarn|pnpm|next|nuxt|serve|pm2|pm2-runtime|tsx)(?:\s|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """The variables of the process, and ``notes`` on where they come from; values are in none of the notes."""

    variables: dict[str, str]
    notes: tuple[str, ...] = ()


def environment(project: Project, target: Target, root: Path, caller: Mapping[str, str]) -> Given:
    """The environment of ``target`` in the tree ``root``, by what the environment ``caller`` of whoever validates has.

    Variables of the caller are handed on when the system needs them, when the project reads them, or when it cannot do without them. What the
    start gives wins over them.
    """
    start = target.start
    variables = {name: value for name, value in caller.items() if _SYSTEM.match(name)}
    variables["PATH"] = os.pathsep.join((*_programs(root, start.folder), caller.get("PATH") or _PATH))
    notes: list[str] = []
    read = {entry.name for entry in project.facts.environment.entries} | {variable.name for variable in target.required}
    handed_on = sorted(name for name in read if name in caller and name not in variables and name not in ("PORT", *start.environment))
    if handed_on:
        variables |= {name: caller[name] for name in handed_on}
        notes.append(f"given from the environment of the caller, as the project reads them: {', '.join(handed_on)}")
    path = variables["PATH"]
    variables |= start.environment
    if "PATH" in start.environment:
        variables["PATH"] = os.pathsep.join((start.environment["PATH"], path))
    if _NODE.search(" ".join(start.words)) and "NODE_ENV" not in variables:
        variables["NODE_ENV"] = "production"
        notes.append("NODE_ENV=production is given, as platforms do")
    return Given(variables=variables, notes=tuple(notes))


def _programs(root: Path, folder: PurePosixPath) -> list[str]:
    """The folders of programs that the project has installed, nearest first, absolute."""
    real = Path(os.path.abspath(root))  # noqa: PTH100 - links stay as they are: the tree may be one
    places = [real / base / name for base in (folder, *folder.parents) for name in _OWN_PROGRAMS]
    return [str(place) for place in dict.fromkeys(places) if place.is_dir()]
