"""The real server, over standard input and output, with pygls' own client."""

import asyncio
import json
import os
import subprocess
import sys
import time
import uuid

import psutil
import pytest
from lsprotocol import types
from made_client import CHECK, FAILING, PATIENCE, WORKING, Editor, applied

from auditor.lsp.actions import EXPLAIN

pytestmark = pytest.mark.real

QUICK = types.CodeActionKind.QuickFix


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = tmp_path.resolve() / "project"
    root.mkdir()
    (root / "requirements.txt").write_text("flask\nflask-cors\n")
    (root / "web.py").write_text(FAILING)
    return root


def place(one):
    return one.range.start.line, one.range.start.character, one.range.end.line, one.range.end.character


def codes(diagnostics):
    return [one.code for one in diagnostics]


def able(**words):
    related = types.PublishDiagnosticsClientCapabilities(related_information=words.get("related"))
    edit = types.WorkspaceEditClientCapabilities(document_changes=words.get("versioned"), snippet_edit_support=words.get("snippets"))
    return types.ClientCapabilities(
        general=types.GeneralClientCapabilities(position_encodings=words.get("encodings")),
        text_document=types.TextDocumentClientCapabilities(publish_diagnostics=related),
        workspace=types.WorkspaceClientCapabilities(workspace_edit=edit),
        window=types.WindowClientCapabilities(show_document=types.ShowDocumentClientCapabilities(support=words.get("documents", False))),
    )


def test_what_is_opened_and_typed_is_diagnosed(root):
    async def session():
        async with Editor(root) as editor:
            web = root / "web.py"
            editor.open(web)
            (one,) = await editor.shown(web)
            assert (place(one), one.severity, one.code, one.source) == ((4, 0, 4, 9), types.DiagnosticSeverity.Warning, CHECK, "gotcha-audit")
            assert one.message == "without `origins` flask-cors lets any website call this API"
            assert one.code_description.href.endswith(f"/rules/{CHECK}.md")
            assert one.tags is None
            editor.type(web, WORKING, 2)
            assert await editor.shown(web, 2) == ()
            editor.type(web, "# a line\n" + FAILING, 3)
            assert [place(one) for one in await editor.shown(web, 3)] == [(5, 0, 5, 9)]
            editor.close(web)
            assert await editor.shown(web, None) == ()
            assert web.read_text() == FAILING

    asyncio.run(session())


@pytest.mark.parametrize(
    ("encodings", "agreed", "start"),
    [(None, "utf-16", 12), (["utf-8", "utf-16"], "utf-8", 14), (["utf-32"], "utf-32", 11), (["utf-7"], "utf-16", 12)],
)
def test_positions_are_in_the_units_that_were_agreed(root, encodings, agreed, start):
    """`\\tx = "😀é"; CORS(app)`: the emoji is one code point, two units of UTF-16, four bytes."""
    text = "# no ends of lines: \x0c \u2028\n" + FAILING.replace("CORS(app)", 'if app:\n\tx = "😀"; CORS(app)')
    text = text.replace("\n", "\r\n")

    async def session():
        async with Editor(root, capabilities=able(encodings=encodings)) as editor:
            assert editor.agreed.capabilities.position_encoding == agreed
            assert editor.agreed.capabilities.text_document_sync.change == types.TextDocumentSyncKind.Full
            web = root / "web.py"
            editor.open(web, text)
            (one,) = await editor.shown(web)
            assert place(one) == (6, start - 1, 6, start + 8)
            assert await editor.hover(web, types.Position(6, start - 2)) == ""
            assert CHECK in await editor.hover(web, types.Position(6, start + 1))

    asyncio.run(session())


def test_the_hover_is_the_entry(root):
    async def session():
        async with Editor(root) as editor:
            web = root / "web.py"
            editor.open(web)
            (one,) = await editor.shown(web)
            told = await editor.hover(web, one.range.start)
            assert told.startswith(f"**flask-cors lets any website call the API** · warning · `{CHECK}`\n")
            assert "```diff\n- CORS(app)\n+ CORS(app, origins=" in told
            assert "**Why**\n\n`origins` defaults to" in told
            assert told.endswith(f"/rules/{CHECK}.md>)")
            assert await editor.hover(web, types.Position(0, 0)) == ""

    asyncio.run(session())


def test_the_form_that_works_can_be_written(root):
    async def session():
        async with Editor(root, capabilities=able(versioned=True)) as editor:
            web = root / "web.py"
            text = FAILING.replace("CORS(app)", 'x = "😀"; CORS(app)')
            editor.open(web, text)
            (one,) = await editor.shown(web)
            first = (await editor.actions(web, one))[0]
            assert (first.kind, first.is_preferred) == (QUICK, None)  # an unsafe change is nobody's to prefer
            (change,) = first.edit.document_changes
            assert (change.text_document.uri, change.text_document.version) == (web.as_uri(), 1)
            mended = applied(text, change.edits)
            assert mended == text.replace("CORS(app)", 'CORS(app, origins=os.environ["ALLOWED_ORIGINS"].split(","))')
            editor.type(web, "import os\n" + mended, 2)
            assert CHECK not in codes(await editor.shown(web, 2))

    asyncio.run(session())


def test_no_edit_is_offered_for_a_text_that_was_not_examined(root):
    async def session():
        async with Editor(root) as editor:
            web = root / "web.py"
            editor.open(web)
            (one,) = await editor.shown(web)
            editor.type(web, "\n" + FAILING, 2)
            assert await editor.actions(web, one) == []

    asyncio.run(session())


def test_a_site_is_silenced_when_the_reason_has_been_written(root):
    async def session():
        async with Editor(root) as editor:
            web = root / "web.py"
            text = FAILING.replace("\n", "\r\n")
            editor.open(web, text)
            (one,) = await editor.shown(web)
            last = (await editor.actions(web, one))[-1]
            text = applied(text, last.edit.changes[web.as_uri()])
            assert text.endswith(f"# gotcha: ignore[{CHECK}] -- \r\nCORS(app)\r\n")
            editor.type(web, text, 2)
            assert set(codes(await editor.shown(web, 2))) == {CHECK, "scan/suppression-without-reason"}
            editor.type(web, text.replace("-- \r\n", "-- a public API\r\n"), 3)
            assert await editor.shown(web, 3) == ()

    asyncio.run(session())


def test_the_reason_is_a_place_to_type_in_where_the_editor_knows_such(root):
    async def session():
        async with Editor(root, capabilities=able(versioned=True, snippets=True)) as editor:
            web = root / "web.py"
            editor.open(web)
            (one,) = await editor.shown(web)
            (change,) = (await editor.actions(web, one))[-1].edit.document_changes
            assert change.edits[0].snippet.value == f"# gotcha: ignore[{CHECK}] -- $1\n"

    asyncio.run(session())


def test_the_entry_is_opened_where_the_editor_can_and_told_where_it_cannot(root):
    async def session(documents):
        async with Editor(root, capabilities=able(documents=documents)) as editor:
            web = root / "web.py"
            editor.open(web)
            (one,) = await editor.shown(web)
            (show,) = [action for action in await editor.actions(web, one) if action.command]
            assert show.command.command == EXPLAIN
            ask = types.ExecuteCommandParams(command=EXPLAIN, arguments=show.command.arguments)
            await editor.client.workspace_execute_command_async(ask)
            await editor.until(lambda: editor.opened or editor.messages)
            return editor.opened, [message.message for message in editor.messages]

    opened, told = asyncio.run(session(True))
    assert told == []
    assert opened[0].startswith("file:///")
    assert opened[0].endswith(f"{CHECK}.md")
    opened, (told,) = asyncio.run(session(False))
    assert opened == []
    assert "WORKS\nCORS(app)\n→\nCORS(app, origins=" in told


def test_the_trail_leads_through_the_files(root):
    (root / "app").mkdir()
    (root / "dist").mkdir()
    (root / "dist" / "index.html").write_text("<p>shop</p>\n")
    settings, web = root / "app" / "settings.py", root / "app" / "web.py"
    settings.write_text("from pathlib import Path\n\nDIST = Path(__file__).parent.parent / 'dist'\n")
    web.write_text(
        "from flask import Flask, send_from_directory\nfrom settings import DIST\n\napp = Flask(__name__)\n\n\n"
        '@app.get("/")\ndef page():\n    return send_from_directory(DIST, "index.html")\n'
    )

    async def session(related):
        async with Editor(root, capabilities=able(related=related)) as editor:
            editor.open(web)
            assert codes(await editor.shown(web)) == []
            editor.open(settings, "É = '😀'; DIST = 'dist'\n")
            seen = len(editor.published)
            editor.save(settings)  # what is open is examined again, with the text that is not on disk
            (one,) = await editor.shown(web, 1, seen)
            return one

    one = asyncio.run(session(True))
    trail = {spot.location.uri: spot for spot in one.related_information}
    assert place(trail[settings.as_uri()].location)[:2] == (0, 10)
    assert trail[settings.as_uri()].message.startswith('DIST is "dist"')
    assert "\ndist: " in one.message  # a folder cannot be opened
    one = asyncio.run(session(False))
    assert one.related_information is None
    assert "\napp/settings.py:1:10: DIST is " in one.message


def test_every_folder_is_a_project_of_its_own(root, tmp_path):
    other = tmp_path.resolve() / "other"
    other.mkdir()
    (other / "requirements.txt").write_text("flask\nflask-cors\n")
    (other / "gotcha-audit.toml").write_text(f'ignore = ["{CHECK}"]\n')
    (other / "web.py").write_text(FAILING)
    stray = tmp_path.resolve() / "stray.py"
    stray.write_text(FAILING)

    async def session():
        async with Editor(root, other) as editor:
            for path in (root / "web.py", other / "web.py", stray):
                editor.open(path)
            assert codes(await editor.shown(root / "web.py")) == [CHECK]
            assert codes(await editor.shown(other / "web.py")) == []
            assert stray.as_uri() not in {one.uri for one in editor.published}
            gone = types.WorkspaceFoldersChangeEvent(added=[], removed=[types.WorkspaceFolder(uri=root.as_uri(), name="")])
            seen = len(editor.published)
            editor.client.workspace_did_change_workspace_folders(types.DidChangeWorkspaceFoldersParams(gone))
            assert codes(await editor.shown(root / "web.py", 1, seen)) == [CHECK]  # requirements.txt still says that this is a project

    asyncio.run(session())


def test_a_change_of_the_configuration_is_picked_up(root):
    async def session():
        async with Editor(root) as editor:
            web, settings = root / "web.py", root / "gotcha-audit.toml"
            editor.open(web)
            assert codes(await editor.shown(web)) == [CHECK]
            settings.write_text(f'ignore = ["{CHECK}"]\n')
            seen = len(editor.published)
            editor.save(settings)
            assert await editor.shown(web, 1, seen) == ()
            settings.write_text("ignores = []\n")
            event = types.FileEvent(uri=settings.as_uri(), type=types.FileChangeType.Changed)
            editor.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([event]))
            (message,) = await editor.until(lambda: editor.messages)
            assert message.type == types.MessageType.Error
            assert message.message.startswith(f"gotcha-audit: {settings}:1: `ignores` is not known")
            settings.unlink()
            seen = len(editor.published)
            editor.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([event]))
            # What was published for the broken configuration, nothing, may arrive after its message.
            await editor.until(lambda: any(one.uri == web.as_uri() and codes(one.diagnostics) == [CHECK] for one in editor.published[seen:]))

    asyncio.run(session())


def test_a_file_that_was_never_saved_is_examined(root):
    async def session():
        async with Editor(root) as editor:
            editor.open(root / "api" / "new.py", FAILING)
            assert codes(await editor.shown(root / "api" / "new.py")) == [CHECK]

    asyncio.run(session())


def test_what_nobody_waits_for_is_given_up(root, tmp_path, monkeypatch):
    """Scans of texts that changed leave no result, no folder and no process."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    (root / "package.json").write_text('{"dependencies": {"express": "^5.0.0"}}')
    script = root / "server.js"
    text = "const express = require('express');\nconst app = express();\napp.set('trust proxy', true);\n"

    async def session():
        async with Editor(root) as editor:
            editor.open(script, text)
            for version in range(2, 8):
                editor.type(script, "//\n" * version + text, version)
                await asyncio.sleep(0.45)  # longer than the server waits, so that scans are under way
            (one,) = await editor.shown(script, 7)
            assert place(one)[0] == 9
            versions = [one.version for one in editor.published]
            assert versions == sorted(set(versions))
            server = psutil.Process(editor.process.pid)
            family = server.children(recursive=True)
            assert len(family) == 1  # the process that scans, warm
        assert psutil.wait_procs(family, timeout=10)[1] == []

    asyncio.run(session())
    assert list(scratch.iterdir()) == []


def test_the_server_answers_while_it_scans(root):
    async def session():
        async with Editor(root) as editor:
            editor.open(root / "web.py", FAILING + "x = 1\n" * 20_000)
            asked = time.monotonic()
            assert await editor.hover(root / "web.py", types.Position(4, 2)) == ""
            assert time.monotonic() - asked < 1
            assert editor.published == []
            assert codes(await editor.shown(root / "web.py")) == [CHECK]

    asyncio.run(session())


# -- the process -------------------------------------------------------------------------------------------------------------------


def frames(*messages):
    data = [json.dumps({"jsonrpc": "2.0", **message}).encode() for message in messages]
    return b"".join(b"Content-Length: %d\r\n\r\n%s" % (len(one), one) for one in data)


def parsed(data):
    found = []
    while data:
        head, _, rest = data.partition(b"\r\n\r\n")
        fields = dict(line.split(b": ") for line in head.split(b"\r\n"))
        size = int(fields[b"Content-Length"])
        found.append(json.loads(rest[:size]))
        data = rest[size:]
    return found


def opening(root):
    item = {"uri": (root / "web.py").as_uri(), "languageId": "python", "version": 1, "text": FAILING}
    return (
        {"id": 1, "method": "initialize", "params": {"processId": None, "rootUri": root.as_uri(), "capabilities": {}}},
        {"method": "initialized", "params": {}},
        {"method": "textDocument/didOpen", "params": {"textDocument": item}},
    )


LEAVING = ({"id": 2, "method": "shutdown"}, {"method": "exit"})


def started(root, *messages):
    """A server that has been sent what opens a document; what it starts carries a mark."""
    mark = uuid.uuid4().hex
    command = [sys.executable, "-m", "auditor", "lsp"]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "GOTCHA_TEST": mark}
    )
    process.stdin.write(frames(*opening(root), *messages))
    process.stdin.flush()
    return process, mark


def marked(mark):
    return [one for one in psutil.process_iter(["environ"]) if (one.info["environ"] or {}).get("GOTCHA_TEST") == mark]


def are_gone(mark):
    deadline = time.monotonic() + 10
    while marked(mark) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not marked(mark)


@pytest.mark.parametrize(("messages", "status"), [(LEAVING, 0), (LEAVING[1:], 1), ((), 1)], ids=["shutdown", "exit alone", "end of input"])
def test_the_exit_code_is_that_of_the_protocol_and_nothing_is_left(root, messages, status):
    process, mark = started(root, *messages)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == status
    assert [message["id"] for message in parsed(out) if "id" in message][:1] == [1]  # standard output is protocol, all of it
    assert err == b""
    assert are_gone(mark)


def test_a_server_that_is_killed_takes_its_scans_along(root):
    process, mark = started(root)
    deadline = time.monotonic() + PATIENCE
    while len(marked(mark)) < 3 and time.monotonic() < deadline:  # the server, the process that scans, and a scan
        time.sleep(0.01)
    assert len(marked(mark)) >= 3
    process.kill()
    process.communicate()
    assert are_gone(mark)


def test_nonsense_ends_nothing(root):
    junk = b"Content-Length: 9\r\n\r\nnot json!" + frames(
        {"method": "textDocument/didChange", "params": {"a": 1}}, {"id": 7, "method": "no/such", "params": {}}
    )
    process = subprocess.Popen([sys.executable, "-m", "auditor", "lsp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, err = process.communicate(frames(*opening(root)[:2]) + junk + frames(*LEAVING), timeout=PATIENCE)
    answers = {message["id"]: message for message in parsed(out) if "id" in message}
    assert process.returncode == 0
    assert "result" in answers[1]
    assert answers[7]["error"]["code"] == -32601
    assert answers[2]["result"] is None
    assert b"Traceback" not in err
