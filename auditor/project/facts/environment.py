"""The inventory of environment variables: where each is read, told of and given, application by application."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from auditor.model import Place
from auditor.project.facts.record import Named, Read
from auditor.project.facts.unit import Unit, Variable
from auditor.project.text import Unreadable

if TYPE_CHECKING:
    from auditor.project.project import Project

_CODE = frozenset({"python", "javascript", "typescript", "tsx", "vue", "svelte", "astro", "html", "css"})
_EXAMPLE = re.compile(r"(?:example|sample|template|dist|tpl)", re.IGNORECASE)
_WORD = re.compile(r"(?<![A-Za-z0-9_])[A-Z][A-Z0-9_]+(?![A-Za-z0-9_])")
_SET_BY_OTHERS = re.compile(
    r"^(?:PATH|HOME|USER|USERNAME|SHELL|TERM|TZ|LANG|LC_\w+|PWD|TMPDIR|TEMP|TMP|HOSTNAME|PORT|HOST|CI|EDITOR|DISPLAY|NO_COLOR|COLUMNS|APPDATA|LOCALAPPDATA|PYTHON\w*|"
    r"VIRTUAL_ENV|NODE_ENV|NODE_\w+|npm_\w+|NEXT_RUNTIME|FLASK_ENV|FLASK_APP|FLASK_DEBUG|DJANGO_SETTINGS_MODULE|WERKZEUG_\w+|DYNO|RENDER\w*|VERCEL\w*|RAILWAY_\w+|FLY_\w+|"
    r"HEROKU_\w+|K_SERVICE|KUBERNETES_\w+|AWS_REGION|AWS_DEFAULT_REGION|AWS_LAMBDA_\w+|AWS_EXECUTION_ENV|GITHUB_\w+|GAE_\w+|WEBSITE_\w+|HTTPS?_PROXY|GOOGLE_APPLICATION_CREDENTIALS|TRAVIS|BABEL_ENV|NLS_LANG|XDG_\w+|DEBUG|PUBLIC_URL|CODESPACE\w*)$"
)
_LOADS_FILE = ("load_dotenv", "read_env", "env_file", "dotenv", "decouple", "autoconfig")


def is_set_by_others(name: str) -> bool:
    """Whether operating systems, shells, platforms or frameworks set a variable themselves, so that nobody has to be told of it."""
    return _SET_BY_OTHERS.match(name) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A variable and the unit of a deployment file that gets it."""

    variable: Variable
    unit: Unit

    def __str__(self) -> str:
        named = f"{self.unit.place.path} ({self.unit.name})" if self.unit.kind != "dockerfile" else str(self.unit.place.path)
        return f"{named} while building" if self.variable.when == "build" else named


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One variable of one application. ``told`` are the places that name it for people, ``given`` those that give it to a process."""

    name: str
    scope: PurePosixPath
    reads: tuple[Read, ...]
    told: tuple[Place, ...]
    given: tuple[Given, ...]

    @property
    def need(self) -> str:
        """`required` when some read stops without it, `defaulted` when all do without, else `optional`: None or undefined is used."""
        if any(read.required and not read.defaulted and not read.guard for read in self.reads):
            return "required"
        return "defaulted" if all(read.defaulted or read.guard for read in self.reads) else "optional"

    @property
    def given_in_time(self) -> tuple[Given, ...]:
        """What gives it when it is read: an argument of a build is gone when the process starts."""
        built = any(read.when == "build" for read in self.reads)
        return tuple(given for given in self.given if built or given.variable.when == "run")

    @property
    def is_needed(self) -> bool:
        """Whether somebody has to give it: the code does not do without it, and no platform sets it by itself."""
        return self.need != "defaulted" and not is_set_by_others(self.name)

    @property
    def missing(self) -> str:
        """What is missing: `documented and provided`, `documented`, `provided`, or nothing."""
        if not self.is_needed:
            return ""
        lacks = [word for word, there in (("documented", self.told), ("provided", self.given_in_time)) if not there]
        return " and ".join(lacks)


class Environment:
    """The variables of a project."""

    def __init__(self, project: Project) -> None:
        self._project = project

    @cached_property
    def reads(self) -> tuple[Read, ...]:
        """All reads of production code, in order of files and lines."""
        facts = self._project.facts
        return tuple(read for file in self._project.tree_files if file.role == "production" for read in facts.reads(file.path))

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """Every variable that is read, by application and name."""
        scopes = self._project.facts.scopes
        reads: dict[tuple[PurePosixPath, str], list[Read]] = {}
        for read in self.reads:
            if read.place.path is not None:
                reads.setdefault((scopes.of(read.place.path), read.name), []).append(read)
        return tuple(
            Entry(
                name=name,
                scope=scope,
                reads=tuple(found),
                told=tuple(self.told(name, scope)),
                given=tuple(given for given in self._given.get(name, ()) if self._concerns(given.unit.place.path, scope)),
            )
            for (scope, name), found in sorted(reads.items(), key=lambda item: (str(item[0][0]), item[0][1]))
        )

    @cached_property
    def named(self) -> tuple[Named, ...]:
        """What files of variables hold, examples and real ones, in order."""
        return tuple(named for file in self._project.tree_files if file.language == "dotenv" for named in self._project.facts.record(file.path).named)

    def told(self, name: str, scope: PurePosixPath) -> Iterator[Place]:
        """Where an example file or a document that is not another application's names a variable."""
        for named in self.named:
            path = named.place.path
            if named.name.upper() == name and path is not None and _EXAMPLE.search(path.name) and self._concerns(path, scope):
                yield named.place
        for path, names in self._documents.items():
            if name in names and self._project.language(path) == "markdown" and self._concerns(path, scope):
                yield Place(path=path, label=f"{name} is named here")

    def mention(self, name: str, scope: PurePosixPath) -> Place | None:
        """The first file but code that names a variable at all, other applications' aside."""
        found = (path for path, names in self._documents.items() if name in names and self._concerns(path, scope))
        path = next(found, None)
        return Place(path=path, label=f"{name} is named here") if path is not None else None

    def loads_file(self, scope: PurePosixPath) -> Place | None:
        """Where code of an application loads variables from a file that need not be in the repository."""
        world = self._project.python.world
        for word in _LOADS_FILE:
            for path in world.containing(word):
                if self._project.facts.scopes.related(self._project.facts.scopes.of(path), scope):
                    return Place(path=path, label=f"{word} is used here")
        for module in self._project.facts.scripts("dotenv"):
            if self._project.facts.scopes.related(self._project.facts.scopes.of(module.path), scope):
                return Place(path=module.path, label="dotenv is used here")
        return None

    def _concerns(self, path: PurePosixPath | None, scope: PurePosixPath) -> bool:
        scopes = self._project.facts.scopes
        return path is None or scopes.related(scopes.of(path), scope)

    @cached_property
    def _documents(self) -> dict[PurePosixPath, frozenset[str]]:
        """The words in capitals of everything that may tell a person or a platform of a variable: all files but code."""
        found = {}
        for file in self._project.tree_files:
            if file.language not in _CODE:
                try:
                    names = {named.name.upper() for named in self._project.facts.record(file.path).named}
                    found[file.path] = frozenset(names.union(_WORD.findall(self._project.text(file.path))))
                except Unreadable:
                    continue
        return found

    @cached_property
    def _given(self) -> dict[str, list[Given]]:
        """Variables by name with the unit that gets them; values of files of variables that a unit names count as given by it."""
        found: dict[str, list[Given]] = {}
        for file in self._project.tree_files:
            if file.role in ("production", "development"):
                for unit in self._project.facts.record(file.path).units:
                    for variable in unit.variables:
                        for name in {variable.name, variable.name.upper()}:  # settings classes do not mind the case
                            found.setdefault(name, []).append(Given(variable=variable, unit=unit))
        for launch in self._project.facts.launches:
            unit = Unit(kind=launch.kind, name=launch.name, place=launch.place)
            for variable in launch.variables:
                if variable.place.path is not None and self._project.language(variable.place.path) == "dotenv":
                    found.setdefault(variable.name, []).append(Given(variable=variable, unit=unit))
        return found
