"""After an edit: what fails in the file, in each client's words."""

import json
from pathlib import Path

import pytest
from made_event import FAILS, WORKS, project, tool

from auditor.cli import main
from auditor.hook import session
from auditor.hook.respond import LIMIT, respond
from auditor.scan.baseline import render

TEXT = """gotcha-audit: 1 site fails in app/web.py. Tests pass with it, and production breaks:

app/web.py:8 error flask/relative-send-directory
  Flask looks for "frontend/dist" in app/frontend/dist/, which is not there; the project has it at frontend/dist: every request answers 404
  FAILS:
    send_from_directory("frontend/dist", "index.html")
  WORKS:
    send_from_directory(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../frontend/dist"), "index.html")
  why: gotcha-audit explain flask/relative-send-directory

Write the WORKS form. Where a site is meant to be as it is, a comment says so: gotcha: ignore[ID] -- reason"""


def patch(*paths: str) -> str:
    return "\n".join(["*** Begin Patch", *(f"*** Update File: {path}\n@@\n-a\n+b" for path in paths), "*** End Patch"])


def cases(root: Path) -> dict[str, tuple[str, dict[str, object], dict[str, object]]]:
    """Client -> event, what it sends, what it must get."""
    file = str(root / "app/web.py")
    nested = {"hookSpecificOutput": {"hookEventName": "PostToolUse", "additionalContext": TEXT}}
    cursor = {"conversation_id": "c1", "generation_id": "g1", "workspace_roots": [str(root)], "cursor_version": "2.0.77"}
    return {
        "claude": ("PostToolUse", tool(root, "Edit", file_path=file, old_string="a", new_string="b"), nested),
        "claude, in a folder below": ("PostToolUse", {**tool(root, "Write", file_path=file), "cwd": str(root / "frontend")}, nested),
        "vs code": (
            "PostToolUse",
            {
                "timestamp": "2026-11-24T10:00:00Z",
                "hookEventName": "PostToolUse",
                "sessionId": "v1",
                "cwd": str(root),
                "tool_name": "replace_string_in_file",
                "tool_input": {"filePath": file, "oldString": "a", "newString": "b"},
            },
            nested,
        ),
        "codex": (
            "PostToolUse",
            {"session_id": "x1", "turn_id": "t1", "cwd": str(root), "tool_name": "apply_patch", "tool_input": {"command": patch("app/web.py")}},
            nested,
        ),
        "claude, by the shell": ("PostToolUse", tool(root, "Bash", command="cd app && sed -i s/a/a/ web.py && pytest -q"), nested),
        "cursor": (
            "postToolUse",
            {**cursor, "hook_event_name": "postToolUse", "tool_name": "Write", "tool_input": {"file_path": file}},
            {"additional_context": TEXT},
        ),
        "cursor, old event": ("afterFileEdit", {**cursor, "file_path": file, "edits": []}, {"additional_context": TEXT}),
        "copilot": (
            "postToolUse",
            {
                "timestamp": 1704614700000,
                "sessionId": "p1",
                "cwd": str(root),
                "toolName": "edit",
                "toolArgs": json.dumps({"path": file, "old_str": "a", "new_str": "b"}),
                "toolResult": {"resultType": "success", "textResultForLlm": "ok"},
            },
            {"additionalContext": TEXT},
        ),
    }


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return project(tmp_path_factory.mktemp("edited") / "shop")


@pytest.mark.parametrize("client", cases(Path("/")))
def test_a_client_is_told_what_fails_and_what_works(client: str, shared: Path, environment: dict[str, str]) -> None:
    event, data, expected = cases(shared)[client]
    found = respond(event, json.dumps(data).encode(), agent="auto", environment=environment)
    assert (json.loads(found.output), found.note) == (expected, "")


@pytest.mark.parametrize("name", ["StrReplace", "search_replace", ""])
def test_cursor_calls_its_tools_by_several_names_or_none(name: str, shared: Path, ask) -> None:
    arguments = {"path": str(shared / "app/web.py"), "old_string": "a", "new_string": "b"}
    data = {"conversation_id": "c1", "workspace_roots": [str(shared)], "tool_name": name, "tool_input": arguments}
    assert ask("postToolUse", data) == {"additional_context": TEXT}


@pytest.mark.parametrize("command", ["pytest -q", "cat app/web.py", "rm app/web.py.orig", "sed -i s/a/b/ gone.py", ""])
def test_a_command_that_wrote_nothing_of_the_project_is_answered_with_nothing(command: str, shared: Path, ask) -> None:
    assert ask("PostToolUse", tool(shared, "Bash", command=command)) is None


def test_a_file_that_works_is_answered_with_nothing(tmp_path: Path, ask) -> None:
    root = project(tmp_path / "shop", web=WORKS)
    assert ask("PostToolUse", tool(root, "Edit", file_path=str(root / "app/web.py"))) is None


def test_a_suppressed_site_is_answered_with_nothing(tmp_path: Path, ask) -> None:
    suppressed = FAILS.replace('"index.html")', '"index.html")  # gotcha: ignore[flask/relative-send-directory] -- the start script makes it')
    root = project(tmp_path / "shop", web=suppressed)
    assert ask("PostToolUse", tool(root, "Edit", file_path=str(root / "app/web.py"))) is None


def test_what_does_not_fail_the_scan_is_not_said(shop: Path, ask) -> None:
    """An error stays one at ``fail-on = "error"``; a level that a site does not reach says nothing."""
    config = shop / "gotcha-audit.toml"
    config.write_text('select = ["flask/cors-any-origin"]\njobs = 1\nfail-on = "error"\n')
    (shop / "app/web.py").write_text("from flask import Flask\nfrom flask_cors import CORS\n\napp = Flask(__name__)\nCORS(app)\n")
    (shop / "requirements.txt").write_text("flask\nflask-cors\n")
    event = tool(shop, "Edit", file_path=str(shop / "app/web.py"))
    assert ask("PostToolUse", event) is None
    config.write_text('select = ["flask/cors-any-origin"]\njobs = 1\n')
    assert "app/web.py:5 warning flask/cors-any-origin" in str(ask("PostToolUse", event))


def test_only_the_edited_file_is_reported(shop: Path, ask) -> None:
    (shop / "app/other.py").write_text("X = 1\n")
    assert ask("PostToolUse", tool(shop, "Edit", file_path=str(shop / "app/other.py"))) is None


@pytest.mark.parametrize("path", ["", "gone.py", "app", "../outside.py", "/etc/passwd", "a\0b", "x" * 5000, "frontend/dist/logo.png", "docs/\ud800"])
def test_what_is_no_file_of_the_project_is_answered_with_nothing(path: str, shop: Path, ask) -> None:
    (shop / "frontend/dist/logo.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0")
    assert ask("PostToolUse", tool(shop, "Write", file_path=path)) is None


def test_a_link_that_leads_out_of_the_project_is_not_followed(shop: Path, tmp_path: Path, ask) -> None:
    (tmp_path / "elsewhere.py").write_text(FAILS)
    (shop / "app/link.py").symlink_to(tmp_path / "elsewhere.py")
    assert ask("PostToolUse", tool(shop, "Write", file_path=str(shop / "app/link.py"))) is None


@pytest.mark.parametrize("name", ["Read", "Glob", "WebFetch", "mcp__files__write", "", "TodoWrite"])
def test_tools_that_write_no_files_are_left_alone(name: str, shop: Path, ask) -> None:
    assert ask("PostToolUse", tool(shop, name, file_path=str(shop / "app/web.py"))) is None


def test_a_configuration_that_is_wrong_is_a_note_and_no_answer(shop: Path, ask) -> None:
    (shop / "gotcha-audit.toml").write_text("slect = []\n")
    assert ask("PostToolUse", tool(shop, "Edit", file_path=str(shop / "app/web.py")), note="`slect` is not known") is None


def test_a_folder_without_a_project_is_itself_the_root_but_a_home_is_not(tmp_path: Path, ask, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "web.py").write_text("import flask\n" + FAILS.replace('"frontend/dist"', '"dist"'))
    (tmp_path / "sub/dist").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert ask("PostToolUse", tool(tmp_path, "Edit", file_path="web.py")) is None


def test_a_hostile_name_and_hostile_code_are_escaped(shop: Path, ask) -> None:
    name = "app/we\u202eb\n<system>.py"
    (shop / name).write_text(FAILS.replace("index.html", "in\u202edex.html"))
    text = ask("PostToolUse", tool(shop, "Write", file_path=str(shop / name)))["hookSpecificOutput"]["additionalContext"]
    assert "\u202e" not in text
    assert "app/we\\u202eb\\n<system>.py:8" in text


def test_the_session_remembers_where_it_failed(shop: Path, ask, environment: dict[str, str]) -> None:
    event = tool(shop, "Edit", file_path=str(shop / "app/web.py"))
    where = session.folder(str(event["session_id"]), shop, environment)
    ask("PostToolUse", event)
    assert (session.has_edited(where), session.failing(where)) == (True, ("app/web.py",))
    (shop / "app/web.py").write_text(WORKS)
    ask("PostToolUse", event)
    assert (session.has_edited(where), session.failing(where)) == (True, ())


def test_the_limit_is_below_the_timeouts_of_the_clients() -> None:
    assert LIMIT < 15


def test_what_the_baseline_holds_is_not_said(tmp_path: Path, ask, monkeypatch: pytest.MonkeyPatch) -> None:
    root = project(tmp_path / "shop")
    (root / "gotcha-audit.toml").write_text('baseline = "known.json"\njobs = 1\n')
    monkeypatch.chdir(root)
    assert main(["baseline", "create"]) == 0
    event = tool(root, "Edit", file_path=str(root / "app/web.py"))
    assert ask("PostToolUse", event) is None
    (root / "known.json").write_text(render(()))
    assert "flask/relative-send-directory" in str(ask("PostToolUse", event))
