"""An editor for tests: pygls' own client, which starts the real server and keeps what it sends."""

import asyncio
import contextlib
import sys
from pathlib import Path
from typing import Union

from lsprotocol import converters, types
from pygls.lsp.client import LanguageClient

FAILING = "from flask import Flask\nfrom flask_cors import CORS\n\napp = Flask(__name__)\nCORS(app)\n"
WORKING = FAILING.replace("CORS(app)", 'CORS(app, origins=["https://shop.example"])')
CHECK = "flask/cors-any-origin"
PATIENCE = 60


def _converter():
    """lsprotocol's, which takes every action with a command for a bare command; the protocol tells them apart by the type of `command`."""
    converter = converters.get_converter()

    def action(data, _):
        return converter.structure(data, types.Command if isinstance(data.get("command"), str) else types.CodeAction)

    converter.register_structure_hook(Union[types.Command, types.CodeAction], action)  # noqa: UP007 - the type as lsprotocol spells it
    return converter


class Editor:
    """Opens, types, saves and asks; `shown` waits for the diagnostics of a version."""

    def __init__(self, *folders: Path, capabilities: types.ClientCapabilities | None = None) -> None:
        self.folders = folders
        self.capabilities = capabilities or types.ClientCapabilities()
        self.client = LanguageClient("editor of the tests", "1", converter_factory=_converter)
        self.published: list[types.PublishDiagnosticsParams] = []
        self.messages: list[str] = []
        self.opened: list[str] = []
        self.changed = asyncio.Event()
        self.client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)(self._keep(self.published))
        self.client.feature(types.WINDOW_SHOW_MESSAGE)(self._keep(self.messages))
        self.client.feature(types.WINDOW_LOG_MESSAGE)(lambda _: None)
        self.client.feature(types.CLIENT_REGISTER_CAPABILITY)(lambda _: None)
        self.client.feature(types.WINDOW_SHOW_DOCUMENT)(lambda params: self._open_file(params))  # noqa: PLW0108 - a method takes no attributes

    def _keep(self, where):
        def keep(params) -> None:
            where.append(params)
            self.changed.set()

        return keep

    def _open_file(self, params: types.ShowDocumentParams) -> types.ShowDocumentResult:
        self.opened.append(params.uri)
        self.changed.set()
        return types.ShowDocumentResult(success=True)

    async def __aenter__(self):
        await self.client.start_io(sys.executable, "-m", "auditor", "lsp", "--stdio")
        folders = [types.WorkspaceFolder(uri=folder.as_uri(), name=folder.name) for folder in self.folders]
        self.agreed = await self.client.initialize_async(types.InitializeParams(capabilities=self.capabilities, workspace_folders=folders))
        self.client.initialized(types.InitializedParams())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self.process.returncode is None:
            await self.client.shutdown_async(None)
            self.client.exit(None)
            await asyncio.wait_for(self.process.wait(), PATIENCE)
        with contextlib.suppress(asyncio.CancelledError):
            await self.client.stop()

    @property
    def process(self) -> asyncio.subprocess.Process:
        return self.client._server

    def open(self, path: Path, text: str | None = None, version: int = 1) -> None:
        given = path.read_bytes().decode() if text is None else text
        item = types.TextDocumentItem(uri=path.as_uri(), language_id="", version=version, text=given)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))

    def type(self, path: Path, text: str, version: int) -> None:
        identifier = types.VersionedTextDocumentIdentifier(uri=path.as_uri(), version=version)
        change = types.TextDocumentContentChangeWholeDocument(text=text)
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(identifier, [change]))

    def save(self, path: Path) -> None:
        self.client.text_document_did_save(types.DidSaveTextDocumentParams(types.TextDocumentIdentifier(path.as_uri())))

    def close(self, path: Path) -> None:
        self.client.text_document_did_close(types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(path.as_uri())))

    async def until(self, known) -> object:
        """The first true answer of `known`, asked again whenever the server has sent something."""
        async with asyncio.timeout(PATIENCE):
            while not (answer := known()):
                self.changed.clear()
                await self.changed.wait()
            return answer

    async def shown(self, path: Path, version: int | None = 1, since: int = 0) -> tuple[types.Diagnostic, ...]:
        """The diagnostics of a version of a document, of those that were published after the first `since`."""

        def last():
            here = [one for one in self.published[since:] if one.uri == path.as_uri() and one.version == version]
            return [here[-1].diagnostics] if here else []

        return tuple((await self.until(last))[0])

    async def actions(self, path: Path, one: types.Diagnostic) -> list[types.CodeAction]:
        context = types.CodeActionContext(diagnostics=[one])
        asked = types.CodeActionParams(types.TextDocumentIdentifier(path.as_uri()), one.range, context)
        return list(await self.client.text_document_code_action_async(asked) or ())

    async def hover(self, path: Path, position: types.Position) -> str:
        answer = await self.client.text_document_hover_async(types.HoverParams(types.TextDocumentIdentifier(path.as_uri()), position))
        return "" if answer is None else answer.contents.value


def applied(text: str, edits: list[types.TextEdit]) -> str:
    """A text with edits made by a client that counts in UTF-16."""
    for edit in sorted(edits, key=lambda edit: (edit.range.start.line, edit.range.start.character), reverse=True):
        text = text[: _offset(text, edit.range.start)] + edit.new_text + text[_offset(text, edit.range.end) :]
    return text


def _offset(text: str, position: types.Position) -> int:
    lines = [*text.splitlines(keepends=True), ""]
    rest = lines[position.line].encode("utf-16-le")[: 2 * position.character].decode("utf-16-le")
    return sum(map(len, lines[: position.line])) + len(rest)
