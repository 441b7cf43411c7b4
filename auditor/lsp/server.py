"""The protocol side: what a client sends goes to the desk, what the desk finds goes to the client."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from lsprotocol import types
from pygls.capabilities import get_capability
from pygls.io_ import StdinAsyncReader, StdoutWriter, run_async
from pygls.lsp.server import LanguageServer

from auditor import __version__
from auditor.lsp.actions import EXPLAIN, Able, actions, paths
from auditor.lsp.desk import Desk, Found
from auditor.lsp.folders import path_of, uri_of
from auditor.lsp.messages import Words, diagnostic, explained, of_document
from auditor.lsp.positions import holds
from auditor.lsp.scanner import Scanner
from auditor.model import Gotcha, Result
from auditor.model.report import EXIT_INTERRUPTED
from auditor.project.config import FILES
from auditor.report.visible import visible

_WATCHED = ("pyproject.toml", *FILES, "package.json", "requirements*.txt", ".env*", "Dockerfile*", "*compose*.{yml,yaml}", "Procfile")
"""Files that decide about others: a change of one outside the editor makes what is open be examined again."""


class Server(LanguageServer):
    """One connection. ``page`` gives the address of an entry on the web, "" when it has none.

    Documents are sent as a whole at each change: the edits of parts would have to be put together in the client's units, on lines as it counts them.
    """

    def __init__(self, page: Callable[[Gotcha], str]) -> None:
        super().__init__("gotcha-audit", __version__, text_document_sync_kind=types.TextDocumentSyncKind.Full)
        self.page = page
        self.scanner = Scanner()
        self.desk = Desk(self.scanner, show=self.show, clear=self.clear, trouble=self.trouble)
        self.shown: dict[str, list[tuple[Result, types.Diagnostic]]] = {}
        self.ended = False

    # -- to the client -----------------------------------------------------------------------------------------------------------------

    def words(self) -> Words:
        """What was agreed with the client."""
        related = get_capability(self.client_capabilities, "text_document.publish_diagnostics.related_information", default=False)
        return Words(encoding=self.encoding(), related=bool(related), page=self.page)

    def encoding(self) -> str:
        """The unit of positions."""
        return str(self.server_capabilities.position_encoding or types.PositionEncodingKind.Utf16.value)

    def show(self, found: Found) -> None:
        """Publish what was found in a document."""
        words, uris = self.words(), paths(self.desk.documents)
        pairs = [(result, diagnostic(result, found, uris, words)) for result in of_document(found)]
        uri = found.document.uri
        self.shown[uri] = pairs
        told = [one for _, one in pairs]
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri=uri, version=found.document.version, diagnostics=told))
        for result in found.answer.results:
            if result.place.path is None:
                self.log(f"{result.check}: {result.message}")

    def clear(self, uri: str) -> None:
        """Nothing is known of a document any more."""
        self.shown.pop(uri, None)
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri=uri, diagnostics=[]))

    def trouble(self, problem: str) -> None:
        """Tell a person what they have to mend."""
        self.window_show_message(types.ShowMessageParams(type=types.MessageType.Error, message=f"gotcha-audit: {visible(problem, keep=chr(10))}"))

    def log(self, text: str) -> None:
        """Note something in the client's log."""
        message = visible(text, keep="\n")
        self.window_log_message(types.LogMessageParams(type=types.MessageType.Warning, message=message))

    def report_server_error(self, error: Exception, source: object) -> None:  # noqa: ARG002 - pygls' signature
        """Note a message that could not be handled; a client that sends nonsense shall not bother its user."""
        with contextlib.suppress(Exception):
            self.log(f"{type(error).__name__}: {error}")

    # -- questions ---------------------------------------------------------------------------------------------------------------------

    def at(self, uri: str, where: types.Range) -> Iterator[tuple[Result, types.Diagnostic]]:
        """What is shown at a place, as long as the text is the one it was found in."""
        found, document = self.desk.found.get(uri), self.desk.documents.get(uri)
        if found is not None and document is found.document:
            yield from (pair for pair in self.shown.get(uri, ()) if holds(pair[1].range, where))

    def link(self, found: Found, result: Result) -> tuple[Gotcha | None, str]:
        """The entry of a result and its address."""
        gotcha = found.answer.entries.get(result.check)
        return gotcha, self.page(gotcha) if gotcha is not None else ""

    def able(self) -> Able:
        """What the client can do with edits."""
        edits = "workspace.workspace_edit."
        return Able(
            encoding=self.encoding(),
            versioned=bool(get_capability(self.client_capabilities, f"{edits}document_changes", default=False)),
            snippets=bool(get_capability(self.client_capabilities, f"{edits}snippet_edit_support", default=False)),
        )

    def folders(self) -> list[Path]:
        """The folders that are open."""
        uris = list(self.workspace.folders.values())
        names = [folder.uri for folder in uris] or ([self.workspace.root_uri] if self.workspace.root_uri else [])
        return [path for name in names if (path := path_of(name)) is not None]


def made(page: Callable[[Gotcha], str]) -> Server:
    """A server with its handlers."""
    server = Server(page)

    @server.feature(types.INITIALIZED)
    def _initialized(_: types.InitializedParams) -> None:
        server.desk.reroot(server.folders())
        if get_capability(server.client_capabilities, "workspace.did_change_watched_files.dynamic_registration", default=False):
            watchers = [types.FileSystemWatcher(glob_pattern=f"**/{name}") for name in _WATCHED]
            options = types.DidChangeWatchedFilesRegistrationOptions(watchers=watchers)
            wanted = types.Registration(id="files", method=types.WORKSPACE_DID_CHANGE_WATCHED_FILES, register_options=options)
            server.client_register_capability(types.RegistrationParams(registrations=[wanted]))

    @server.feature(types.SHUTDOWN)
    def _shutdown(*_: object) -> None:
        server.ended = True

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def _opened(params: types.DidOpenTextDocumentParams) -> None:
        document = params.text_document
        server.desk.put(document.uri, document.version, document.text, document.language_id, wait=0)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def _changed(params: types.DidChangeTextDocumentParams) -> None:
        document = server.workspace.text_documents.get(params.text_document.uri)
        if document is not None:
            server.desk.put(params.text_document.uri, params.text_document.version, document.source, document.language_id or "")

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def _saved(params: types.DidSaveTextDocumentParams) -> None:
        path = path_of(params.text_document.uri)
        if path is not None:
            server.desk.again((path,))

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def _closed(params: types.DidCloseTextDocumentParams) -> None:
        server.desk.close(params.text_document.uri)

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def _watched(params: types.DidChangeWatchedFilesParams) -> None:
        changed = [path for event in params.changes if (path := path_of(event.uri)) is not None]
        if changed:
            server.desk.again(changed)

    @server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    def _configured(_: types.DidChangeConfigurationParams) -> None:
        server.desk.again()

    @server.feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    def _moved(_: types.DidChangeWorkspaceFoldersParams) -> None:
        server.desk.reroot(server.folders())

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    def _hover(params: types.HoverParams) -> types.Hover | None:
        return hover(server, params)

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(code_action_kinds=[types.CodeActionKind.QuickFix]))
    def _actions(params: types.CodeActionParams) -> list[types.CodeAction]:
        return offered(server, params)

    @server.command(EXPLAIN)
    async def _explain(uri: str, fingerprint: str) -> None:
        await explain(server, uri, fingerprint)

    return server


def hover(server: Server, params: types.HoverParams) -> types.Hover | None:
    """The entries of what is shown at a position."""
    uri, point = params.text_document.uri, types.Range(start=params.position, end=params.position)
    pairs = list(server.at(uri, point))
    if not pairs:
        return None
    found = server.desk.found[uri]
    told = [explained(result, *server.link(found, result)) for result, _ in pairs]
    formats = get_capability(server.client_capabilities, "text_document.hover.content_format", default=None) or []
    kind = types.MarkupKind.PlainText if formats and types.MarkupKind.Markdown not in formats else types.MarkupKind.Markdown
    return types.Hover(contents=types.MarkupContent(kind=kind, value="\n\n---\n\n".join(told)), range=pairs[0][1].range)


def offered(server: Server, params: types.CodeActionParams) -> list[types.CodeAction]:
    """The actions for what is shown in a range."""
    only = params.context.only
    if only is not None and not any(kind in ("", types.CodeActionKind.QuickFix, types.CodeActionKind.QuickFix.value) for kind in only):
        return []
    found = server.desk.found.get(params.text_document.uri)
    if found is None:
        return []
    documents, able = server.desk.documents, server.able()
    pairs = server.at(params.text_document.uri, params.range)
    return [action for result, shown in pairs for action in actions(result, shown, found, documents, able)]


async def explain(server: Server, uri: str, fingerprint: str) -> None:
    """Open the entry of a result where the client can open files, else say what works in a message."""
    found = server.desk.found.get(uri)
    result = next((one for one in found.answer.results if one.fingerprint == fingerprint), None) if found is not None else None
    if found is None or result is None:
        return
    gotcha, link = server.link(found, result)
    if gotcha is None:
        return
    if get_capability(server.client_capabilities, "window.show_document.support", default=False):
        asked = types.ShowDocumentParams(uri=uri_of(Path(gotcha.origin)), external=False, take_focus=True)
        shown = await server.window_show_document_async(asked)
        if shown.success:
            return
    change = result.change
    works = f"{change.before}\n→\n{change.after}" if change is not None and change.after else gotcha.works_text.strip()
    text = visible(f"{gotcha.title}\n\n{result.message}\n\nWORKS\n{works}\n\n{link or gotcha.origin}", keep="\n\t")
    server.window_show_message(types.ShowMessageParams(type=types.MessageType.Info, message=text))


def serve(page: Callable[[Gotcha], str]) -> int:
    """Serve one client on standard input and output until it ends; gives the exit code that the protocol asks for: 0 after a shutdown, else 1.

    Nothing else can write to standard output: what would goes to standard error.
    """
    log = logging.getLogger("pygls")
    log.addHandler(logging.NullHandler())
    log.propagate = False
    source, target = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123 - a device, for its descriptor
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    server = made(page)
    try:
        asyncio.run(_connected(server, source, target))
    except KeyboardInterrupt:
        os._exit(EXIT_INTERRUPTED)  # a thread waits for input that may never come
    except (SystemExit, BrokenPipeError):
        pass
    return 0 if server.ended else 1


async def _connected(server: Server, source: BinaryIO, target: BinaryIO) -> None:
    server.protocol.set_writer(StdoutWriter(target))
    warm, loop = asyncio.create_task(server.scanner.warm()), asyncio.create_task(server.desk.run())
    try:
        await run_async(
            stop_event=threading.Event(),
            reader=StdinAsyncReader(source, server.thread_pool),
            protocol=server.protocol,
            error_handler=server.report_server_error,
        )
    finally:
        loop.cancel()
        await warm
        await server.scanner.close()
