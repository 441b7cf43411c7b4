"""Facts: what single files say, and the pieces of a project they add up to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from auditor.project.facts.record import EMPTY, Read, Record
from auditor.project.scopes import Scopes
from auditor.project.text import Unreadable

if TYPE_CHECKING:
    from auditor.project.facts.builds import Build
    from auditor.project.facts.client import Client
    from auditor.project.facts.environment import Environment
    from auditor.project.facts.imports import Imports
    from auditor.project.facts.launch import Launch
    from auditor.project.facts.module import Module
    from auditor.project.facts.staged import Dockerfile
    from auditor.project.facts.steps import Command
    from auditor.project.facts.webserver import Webserver
    from auditor.project.project import Project

_SCRIPTS = frozenset({"javascript", "typescript", "tsx", "vue", "svelte", "astro"})


class Facts:
    """Facts of one project, each read once."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._scripts: dict[PurePosixPath, Module | None] = {}
        self._reads: dict[PurePosixPath, tuple[Read, ...]] = {}
        self._records: dict[PurePosixPath, Record] = {}
        self._complete = False

    def __getstate__(self) -> dict[str, object]:
        """What a worker is sent: the records, not what was made of them."""
        return {"_project": self._project, "_records": self._records, "_complete": self._complete, "_scripts": {}, "_reads": {}}

    @cached_property
    def builds(self) -> tuple[Build, ...]:
        """What the front ends of the project are built to, in order of their folders."""
        from auditor.project.facts.builds import builds  # noqa: PLC0415 - only projects with a package.json have any

        return builds(self._project)

    @cached_property
    def clients(self) -> tuple[Client, ...]:
        """The front ends of the project, in order of their folders."""
        from auditor.project.facts.client import find  # noqa: PLC0415 - tree-sitter is only loaded for projects with a front end

        return find(self._project)

    @cached_property
    def scopes(self) -> Scopes:
        """The applications of the tree."""
        return Scopes(self._project.tree_files)

    @cached_property
    def environment(self) -> Environment:
        """Which variables are read, told of and given."""
        from auditor.project.facts.environment import Environment as Joined  # noqa: PLC0415 - as above

        return Joined(self._project)

    @cached_property
    def deployment_files(self) -> tuple[PurePosixPath, ...]:
        """The files that say how production starts."""
        from auditor.project.facts.launch import deployment_files  # noqa: PLC0415 - as below

        return tuple(deployment_files(self._project))

    @cached_property
    def commands(self) -> tuple[Command, ...]:
        """What workflows, platforms, Makefiles and scripts run, one simple command at a time."""
        from auditor.project.facts.steps import commands  # noqa: PLC0415 - as for launches

        return commands(self._project)

    @cached_property
    def dockerfiles(self) -> tuple[Dockerfile, ...]:
        """The Dockerfiles of production, with the folders they are built in."""
        from auditor.project.facts.images import dockerfiles  # noqa: PLC0415 - as for launches

        return dockerfiles(self._project)

    @cached_property
    def imports(self) -> Imports:
        """The local imports of scripts."""
        from auditor.project.facts.imports import Imports as Found  # noqa: PLC0415 - as for clients

        return Found(self._project)

    @cached_property
    def launches(self) -> tuple[Launch, ...]:
        """The commands by which production starts."""
        from auditor.project.facts.launch import launches  # noqa: PLC0415 - only checks of the start need YAML

        return launches(self._project)

    def preload(self, records: Mapping[PurePosixPath, Record]) -> None:
        """Take the records of all files that say anything; no other file is read any more."""
        self._records, self._complete = dict(records), True

    def record(self, path: PurePosixPath) -> Record:
        """What one file of the tree says by itself; an empty record for one that cannot be read or is of no kind that is read."""
        known = self._records.get(path)
        if known is None:
            from auditor.project.facts.extractors import extract, may_say  # noqa: PLC0415 - extractors import the facts
            from auditor.project.facts.names import kind_of  # noqa: PLC0415 - as above

            known = EMPTY
            language = self._project.language(path)
            if kind_of(path, language) is not None and not self._complete:
                try:
                    if may_say(path, language, self._project.data(path)):
                        known = extract(path, language, self._project.text(path))
                except Unreadable:
                    known = EMPTY  # discovery reports it
            self._records[path] = known
        return known

    def reads(self, path: PurePosixPath) -> tuple[Read, ...]:
        """The variables that a file of code reads, in order, with the whole project at hand."""
        known = self._reads.get(path)
        if known is None:
            record = self.record(path)
            known = record.reads
            if record.open:
                from auditor.project.facts.reads import python_reads  # noqa: PLC0415 - as above

                known = python_reads(self._project.python, path)
            elif any(read.through for read in known):
                # Vite replaces `import.meta.env` and leaves `process.env` undefined; elsewhere it is the other way round.
                client = next((client for client in self.clients if client.is_vite and path in client.paths), None)
                wanted = "import.meta.env" if client is not None else "process.env"
                known = tuple(read for read in known if read.through == wanted and (client is None or read.name.startswith("VITE_")))
            self._reads[path] = known
        return known

    @cached_property
    def webserver(self) -> Webserver:
        """The nginx servers of the project."""
        from auditor.project.facts.webserver import find  # noqa: PLC0415 - only checks of nginx need it

        return find(self._project)

    def script(self, path: PurePosixPath) -> Module | None:
        """A parsed JavaScript or TypeScript file of the tree; None when it is none or cannot be read."""
        if path not in self._scripts:
            from auditor.project.facts.module import Module as Parsed  # noqa: PLC0415 - as above

            language = self._project.language(path)
            module = None
            if language in _SCRIPTS:
                try:
                    module = Parsed(path, self._project.text(path), language)
                except (Unreadable, RecursionError):
                    module = None  # the engine that has to examine the file reports it
            self._scripts[path] = module
        return self._scripts[path]

    def scripts(self, *words: str) -> Iterator[Module]:
        """The parsed production scripts whose text holds one of the words, in order."""
        for file in self._project.tree_files:
            if file.language not in _SCRIPTS or file.role != "production":
                continue
            try:
                text = self._project.text(file.path)
            except Unreadable:
                continue
            if any(word in text for word in words):
                module = self.script(file.path)
                if module is not None:
                    yield module
