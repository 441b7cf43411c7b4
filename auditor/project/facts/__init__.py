"""Facts: what single files say, and the pieces of a project they add up to."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from auditor.project.text import Unreadable

if TYPE_CHECKING:
    from auditor.project.facts.client import Client
    from auditor.project.facts.launch import Launch
    from auditor.project.facts.module import Module
    from auditor.project.facts.record import Record
    from auditor.project.project import Project

_SCRIPTS = frozenset({"javascript", "typescript", "tsx", "vue", "svelte", "astro"})


class Facts:
    """Facts of one project, each read once."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._scripts: dict[PurePosixPath, Module | None] = {}
        self._records: dict[PurePosixPath, Record] = {}

    @cached_property
    def clients(self) -> tuple[Client, ...]:
        """The front ends of the project, in order of their folders."""
        from auditor.project.facts.client import find  # noqa: PLC0415 - tree-sitter is only loaded for projects with a front end

        return find(self._project)

    @cached_property
    def launches(self) -> tuple[Launch, ...]:
        """The commands by which production starts."""
        from auditor.project.facts.launch import launches  # noqa: PLC0415 - only checks of the start need YAML

        return launches(self._project)

    def record(self, path: PurePosixPath) -> Record:
        """What a deployment file says; empty for files of no known kind and those that cannot be read."""
        if path not in self._records:
            from auditor.project.facts.extractors import extract  # noqa: PLC0415 - only checks of deployment files need the parsers
            from auditor.project.facts.record import EMPTY  # noqa: PLC0415 - as above

            try:
                self._records[path] = extract(path, self._project.language(path), self._project.text(path))
            except Unreadable:
                self._records[path] = EMPTY
        return self._records[path]

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
