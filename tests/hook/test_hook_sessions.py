"""The start and the end of a turn: the status of the plan, and one reminder."""

import json
import os
from pathlib import Path

import pytest
from made_event import WORKS, plan, project, tool

from auditor.hook import session
from auditor.hook.respond import respond

STATUS = "gotcha-audit: docs/plans/teas.json is approved, 0 of 2 tasks pass; next is 1, List of teas (gotcha-audit plan next)"
LAST = "Mend what belongs to what you were asked to do. Where it does not, or is meant to stay, say so and stop. This is said once."
OPEN = "- docs/plans/teas.json: tasks 1, 2 without evidence that it is done (gotcha-audit plan red, green, pass)"
FAILING = "- app/web.py:8 fails flask/relative-send-directory (gotcha-audit explain flask/relative-send-directory)"
REMINDER = f"gotcha-audit: before you stop:\n{FAILING}\n{OPEN}\n{LAST}"


def stop(root: Path, **more: object) -> dict[str, object]:
    return {"session_id": "s1", "cwd": str(root), "hook_event_name": "Stop", "stop_hook_active": False, "last_assistant_message": "Done.", **more}


def edit(root: Path, name: str = "s1") -> dict[str, object]:
    return {**tool(root, "Edit", file_path=str(root / "app/web.py")), "session_id": name}


@pytest.mark.parametrize(
    ("event", "data", "expected"),
    [
        ("SessionStart", {"session_id": "s"}, {"hookSpecificOutput": {"hookEventName": "SessionStart", "additionalContext": STATUS}}),
        ("SessionStart", {"session_id": "s", "turn_id": "t"}, {"hookSpecificOutput": {"hookEventName": "SessionStart", "additionalContext": STATUS}}),
        ("sessionStart", {"conversation_id": "c"}, {"additional_context": STATUS}),
        ("sessionStart", {"sessionId": "p", "source": "new", "initialPrompt": "x"}, {"additionalContext": STATUS}),
    ],
)
def test_a_session_begins_with_the_status_of_the_plan(event: str, data: dict[str, object], expected: object, shop: Path, ask) -> None:
    assert ask(event, {**data, "cwd": str(shop)}) == expected


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({}, None),
        ({"a.json": "COMPLETE"}, None),
        ({"a.json": "PENDING"}, "docs/plans/a.json is PENDING: nothing in it is done before a person approves it (gotcha-audit plan approve)"),
        (
            {"a.json": "PENDING", "b.json": "APPROVED"},
            "docs/plans/b.json is approved, 0 of 2 tasks pass; next is 1, List of teas (gotcha-audit plan next)",
        ),
    ],
)
def test_only_plans_to_work_on_are_told_of(written: dict[str, str], said: str | None, tmp_path: Path, ask) -> None:
    root = project(tmp_path / "shop", status=None)
    for name, status in written.items():
        (root / "docs/plans" / name).write_text(plan(status))
    (root / "docs/plans/broken.json").write_text("{")
    found = ask("SessionStart", {"session_id": "s", "cwd": str(root)})
    assert (found and found["hookSpecificOutput"]["additionalContext"]) == (said and f"gotcha-audit: {said}")


def test_a_session_that_leaves_something_open_is_reminded_once(shop: Path, ask) -> None:
    ask("PostToolUse", edit(shop))
    assert ask("Stop", stop(shop)) == {"decision": "block", "reason": REMINDER}
    assert ask("Stop", stop(shop)) is None
    ask("PostToolUse", edit(shop))
    assert ask("Stop", stop(shop)) is None, "not again in the same session, whatever happens in it"


def test_another_session_has_its_own_reminder(shop: Path, ask) -> None:
    for name in ("one", "two"):
        ask("PostToolUse", edit(shop, name))
        assert ask("Stop", stop(shop, session_id=name)) == {"decision": "block", "reason": REMINDER}


@pytest.mark.parametrize("more", [{"stop_hook_active": True}, {"background_tasks": [{"id": "b1", "status": "running"}]}, {"session_id": ""}])
def test_nothing_is_said_in_a_loop_or_while_something_runs(more: dict[str, object], shop: Path, ask) -> None:
    ask("PostToolUse", edit(shop))
    assert ask("Stop", stop(shop, **more)) is None
    assert ask("Stop", stop(shop)) is not None, "and the reminder is not used up"


def test_a_session_that_edited_nothing_is_not_reminded(shop: Path, ask) -> None:
    assert ask("Stop", stop(shop)) is None


def test_what_was_settled_since_the_edit_is_not_repeated(shop: Path, ask) -> None:
    """Mended, or silenced by the configuration: the reminder says what holds now."""
    (shop / "docs/plans/teas.json").unlink()
    ask("PostToolUse", edit(shop))
    config = shop / "gotcha-audit.toml"
    before = config.read_text()
    config.write_text(before + '[[per-path-ignores]]\npaths = ["app/**"]\nids = ["flask/*"]\nreason = "the start script goes there"\n')
    assert ask("Stop", stop(shop)) is None
    config.write_text(before)
    (shop / "app/web.py").write_text(WORKS)
    assert ask("Stop", stop(shop)) is None


def test_a_task_that_passes_by_hand_is_named(shop: Path, ask) -> None:
    (shop / "app/web.py").write_text(WORKS)
    (shop / "docs/plans/teas.json").write_text(plan("APPROVED", passes=True))
    ask("PostToolUse", edit(shop))
    reason = ask("Stop", stop(shop))["reason"]
    assert reason.splitlines()[1:-1] == ["- docs/plans/teas.json: 1, 2 marked as passing, with no record of it (gotcha-audit plan verify)"]


@pytest.mark.parametrize(
    ("first", "event", "data", "expected"),
    [
        (
            ("postToolUse", {"conversation_id": "s1", "tool_name": "Write", "tool_input": {"file_path": "app/web.py"}}),
            "stop",
            {"conversation_id": "s1", "status": "completed", "loop_count": 0},
            {"followup_message": REMINDER},
        ),
        (
            ("postToolUse", {"sessionId": "s1", "toolName": "edit", "toolArgs": {"path": "app/web.py"}}),
            "agentStop",
            {"sessionId": "s1", "transcriptPath": "/t", "stopReason": "end_turn"},
            {"decision": "block", "reason": REMINDER},
        ),
        (
            (
                "PostToolUse",
                {"session_id": "s1", "turn_id": "t", "tool_name": "apply_patch", "tool_input": {"command": "*** Update File: app/web.py"}},
            ),
            "Stop",
            {"session_id": "s1", "turn_id": "t", "stop_hook_active": False, "last_assistant_message": None},
            {"decision": "block", "reason": REMINDER},
        ),
    ],
)
def test_the_other_clients_are_reminded_once_too(first, event: str, data: dict[str, object], expected: object, shop: Path, environment) -> None:
    def answered(name: str, content: dict[str, object]) -> object:
        found = respond(name, json.dumps({**content, "cwd": str(shop)}).encode(), agent="auto", environment=environment)
        return json.loads(found.output) if found.output else None

    answered(*first)
    assert answered(event, data) == expected
    assert answered(event, data) is None


@pytest.mark.parametrize("more", [{"status": "aborted"}, {"status": "error"}, {"status": "completed", "loop_count": 1}])
def test_cursor_is_not_reminded_after_an_abort_or_in_a_loop(more: dict[str, object], shop: Path, ask) -> None:
    ask("postToolUse", {"conversation_id": "s1", "cwd": str(shop), "tool_name": "Write", "tool_input": {"file_path": "app/web.py"}})
    assert ask("stop", {"conversation_id": "s1", "cwd": str(shop), **more}) is None


def test_a_cache_that_cannot_be_written_means_no_reminder(shop: Path, tmp_path: Path) -> None:
    """Better none than one that cannot be remembered and comes again and again."""
    (tmp_path / "file").write_text("")
    broken = {"XDG_CACHE_HOME": str(tmp_path / "file")}
    respond("PostToolUse", json.dumps(edit(shop)).encode(), agent="claude", environment=broken)
    assert respond("Stop", json.dumps(stop(shop)).encode(), agent="claude", environment=broken).output == ""
    assert session.remind_once(tmp_path / "file" / "x") is False


def patch_by_shell(root: Path) -> dict[str, object]:
    """As Codex 0.169.0 tells of a patch that it applies for its shell; it tells of none afterwards."""
    command = "apply_patch <<'EOF'\n*** Begin Patch\n*** Update File: app/web.py\n@@\n-a\n+b\n*** End Patch\nEOF"
    return {"session_id": "s1", "turn_id": "t", "cwd": str(root), "tool_name": "Bash", "tool_input": {"command": command}, "tool_use_id": "c0"}


def test_a_file_that_was_written_unheard_of_is_looked_at_in_the_end(shop: Path, ask) -> None:
    assert ask("PreToolUse", patch_by_shell(shop)) is None
    (shop / "app/web.py").touch()
    assert ask("Stop", {"turn_id": "t", **stop(shop)}) == {"decision": "block", "reason": REMINDER}


def test_a_write_that_the_person_refused_is_none(shop: Path, ask) -> None:
    before = (shop / "app/web.py").stat().st_mtime_ns - 1_000_000_000
    os.utime(shop / "app/web.py", ns=(before, before))
    assert ask("PreToolUse", patch_by_shell(shop)) is None
    assert ask("Stop", {"turn_id": "t", **stop(shop)}) is None


def test_a_file_that_was_heard_of_and_works_is_not_looked_at_again(shop: Path, ask, environment: dict[str, str]) -> None:
    ask("PreToolUse", patch_by_shell(shop))
    where = session.folder("s1", shop, environment)
    (shop / "app/web.py").write_text(WORKS)
    assert session.unseen(where, shop) == ("app/web.py",)
    ask("PostToolUse", edit(shop))
    assert (session.unseen(where, shop), session.failing(where)) == ((), ())
