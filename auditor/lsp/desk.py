"""What is open in the editor, what has to be examined again, and what was found in it. Knows nothing of the protocol.

One loop takes the documents that changed, waits until nobody has typed for a moment, and has them examined. Results of a text that is no longer
the one in the editor are dropped: its own scan is already due.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from auditor.lsp.folders import below, path_of, root_of
from auditor.lsp.jobs import Answer, Job

QUIET = 0.3
"""Seconds without typing after which a scan starts."""

_SHORT = 0.05
_PROMPT_TO_STOP = 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """An open document. ``path`` is its real one, None when it is no file of a project."""

    uri: str
    version: int | None
    text: str
    language: str
    path: Path | None
    root: Path | None

    @property
    def name(self) -> PurePosixPath | None:
        """Its path in its project."""
        return below(self.path, self.root) if self.path is not None and self.root is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was found in one document, in the version it was found in; ``versions`` are those of all that were open, by URI."""

    document: Document
    answer: Answer
    versions: dict[str, int | None]


class Scans(Protocol):
    """What examines; see `Scanner`."""

    async def examine(self, job: Job) -> Answer | None:
        """Give the results of a job, or None when it was given up."""

    def give_up(self) -> None:
        """Stop the job at hand."""


class Desk:
    """``show`` is called with what was found in a document, ``clear`` with the URI of one of which nothing is known, ``trouble`` with a message."""

    def __init__(self, scans: Scans, *, show: Callable[[Found], None], clear: Callable[[str], None], trouble: Callable[[str], None]) -> None:
        self.documents: dict[str, Document] = {}
        self.found: dict[str, Found] = {}
        self.folders: tuple[Path, ...] = ()
        self._scans = scans
        self._show = show
        self._clear = clear
        self._trouble = trouble
        self._due: dict[str, float] = {}
        self._running: frozenset[str] = frozenset()
        self._wake = asyncio.Event()
        self._problems: dict[Path, str] = {}

    def put(self, uri: str, version: int | None, text: str, language: str, *, wait: float = QUIET) -> None:
        """A document was opened or changed; it is examined when nothing has happened to it for ``wait`` seconds."""
        path = path_of(uri)
        root = root_of(path, self.folders) if path is not None else None
        self.documents[uri] = Document(uri=uri, version=version, text=text, language=language, path=path, root=root)
        if root is None:
            return
        self._ask((uri,), wait)
        if uri in self._running:
            self._scans.give_up()

    def close(self, uri: str) -> None:
        """A document was closed: only what is open is shown."""
        self.documents.pop(uri, None)
        self.found.pop(uri, None)
        self._due.pop(uri, None)
        if uri in self._running:
            self._scans.give_up()
        self._clear(uri)

    def again(self, paths: Iterable[Path] = ()) -> None:
        """Something on disk changed: examine what is open in the projects that hold ``paths``, or everything that is open."""
        given = tuple(paths)
        roots = {document.root for document in self.documents.values()}
        touched = {root for root in roots if root is not None and (not given or any(path.is_relative_to(root) for path in given))}
        self._ask((uri for uri, document in self.documents.items() if document.root in touched), _SHORT)

    def reroot(self, folders: Iterable[Path]) -> None:
        """Other folders are open now: every document may belong to another project."""
        self.folders = tuple(folders)
        for document in tuple(self.documents.values()):
            self.put(document.uri, document.version, document.text, document.language, wait=_SHORT)
            if self.documents[document.uri].root is None:
                self.found.pop(document.uri, None)
                self._clear(document.uri)

    def _ask(self, uris: Iterable[str], wait: float) -> None:
        due = time.monotonic() + wait
        self._due.update(dict.fromkeys(uris, due))
        self._wake.set()

    async def run(self) -> None:
        """Examine what is due, for ever."""
        while True:
            now = time.monotonic()
            ready = [uri for uri, due in self._due.items() if due <= now]
            if ready:
                await self._examine(ready)
                continue
            self._wake.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(self._due.values()) - now if self._due else None):
                    await self._wake.wait()

    async def _examine(self, ready: list[str]) -> None:
        """Examine the documents of one project among those that are due."""
        root = next((self.documents[uri].root for uri in ready if uri in self.documents), None)
        chosen = {uri: self.documents[uri] for uri in ready if uri in self.documents and self.documents[uri].root == root}
        for uri in chosen or ready:
            self._due.pop(uri, None)
        if root is None or not chosen:
            return
        texts = {document.name: document.text for document in self.documents.values() if document.root == root and document.name is not None}
        versions = {document.uri: document.version for document in self.documents.values()}
        files = tuple(sorted({document.name for document in chosen.values() if document.name is not None}))
        self._running = frozenset(chosen)
        try:
            answer = await self._scans.examine(Job(root=root, files=files, texts=texts))
        finally:
            self._running = frozenset()
        if answer is None:  # one of them changed, and is due by itself
            self._ask((uri for uri in chosen if uri in self.documents and uri not in self._due), _PROMPT_TO_STOP)
            return
        self._tell(root, answer.problem)
        for uri, document in chosen.items():
            if self.documents.get(uri) is document:
                self.found[uri] = Found(document=document, answer=answer, versions=versions)
                self._show(self.found[uri])

    def _tell(self, root: Path, problem: str) -> None:
        """Say what is wrong once, and again when it comes back."""
        if problem and self._problems.get(root) != problem:
            self._trouble(problem)
        self._problems[root] = problem
