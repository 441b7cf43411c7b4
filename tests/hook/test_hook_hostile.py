"""Whatever a client, a plan or a project says: no traceback, and nothing that refuses a tool call."""

import json
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.hook.agents import AGENTS, KNOWN
from auditor.hook.patch import patched
from auditor.hook.respond import MAX_BYTES, respond
from auditor.hook.shell import written
from auditor.hook.tools import FILE_TOOLS, SHELL_TOOLS

anything = st.text(st.characters(exclude_categories=()), max_size=30)  # lone surrogates too, which JSON can hold
KEYS = [
    *("session_id", "sessionId", "conversation_id", "cwd", "workspace_roots", "hook_event_name", "stop_hook_active", "background_tasks", "status"),
    *("tool_name", "toolName", "tool_input", "toolArgs", "file_path", "path", "files", "edits", "content", "command", "loop_count", "turn_id"),
]
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), anything, st.sampled_from(sorted(FILE_TOOLS | SHELL_TOOLS)))
values = st.recursive(
    st.one_of(scalars, st.sampled_from(["/nowhere/at/all", "docs/plans/a.json", ".gotcha-audit/x", "a\0b", "../..", "~"])),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.one_of(st.sampled_from(KEYS), st.text(max_size=8)), inner, max_size=6)),
    max_leaves=25,
)
events = st.one_of(values, st.dictionaries(st.sampled_from(KEYS), values, max_size=12))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=events, name=st.sampled_from(sorted(KNOWN)), agent=st.sampled_from([*AGENTS, "auto", "nobody"]))
def test_any_json_is_answered_with_json_or_with_nothing(data: object, name: str, agent: str, tmp_path: Path) -> None:
    found = respond(name, json.dumps(data).encode(), agent=agent, environment={"XDG_CACHE_HOME": str(tmp_path)})
    if found.output:
        assert isinstance(json.loads(found.output), dict)
    assert "\n" not in found.note


@settings(max_examples=300, deadline=None)
@given(data=st.binary(max_size=200))
def test_any_bytes_are_answered(data: bytes) -> None:
    assert respond("PreToolUse", data, agent="auto", environment={}).output == ""


@pytest.mark.parametrize(
    ("data", "note"),
    [
        (b"", "not JSON"),
        (b"not JSON", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[1]", "no JSON object"),
        (b"null", "no JSON object"),
        (b" " * (MAX_BYTES + 1), "larger than 32,000,000 bytes"),
    ],
)
def test_what_is_no_event_is_a_note(data: bytes, note: str) -> None:
    found = respond("PostToolUse", data, agent="auto", environment={})
    assert found.output == ""
    assert note in found.note


def test_an_event_that_is_not_known_is_a_note() -> None:
    found = respond("PreCompact", b"{}", agent="claude", environment={})
    assert (found.output, found.note[:36]) == ("", "nothing is done at this event; known")


@settings(max_examples=150, deadline=None)
@given(
    command=st.one_of(
        st.text(max_size=80),
        st.lists(
            st.sampled_from(
                ["rm", "docs/plans/a.json", ">", "<<E", "\n", "'", '"', "$(", ")", "bash -c", "cd", "|", "E", "*", "\\", "docs/plans/*", "\ud800"]
            ),
            max_size=12,
        ).map(" ".join),
    )
)
def test_any_command_is_read(command: str) -> None:
    for target in written(command, Path("/nowhere")):
        assert isinstance(target.path, Path)


@pytest.mark.parametrize("piece", ["<<A\n", "a", "python -", "rm * ; ", "/", "\n", "bash -c ", "docs/plans/", "'", "( ", "$("])
def test_a_long_command_takes_no_time(piece: str, tmp_path: Path) -> None:
    """A denial must not come too late because the command is long: the time limit would let it pass."""
    command = (piece * (200_000 // len(piece)))[:190_000] + "; python -c 'write docs/plans/x.json'"
    began = time.process_time()
    written(command, tmp_path)
    assert time.process_time() - began < 2


@given(anything)
def test_any_patch_is_read(text: str) -> None:
    assert all(path.strip() for path in patched(text))


def test_the_paths_of_a_patch_are_those_of_its_headers() -> None:
    patch = "*** Begin Patch\n*** Add File: a.py\n+x\n*** Update File: b c.py\n*** Move to: d.py\n@@\n-*** Delete File: no.py\n*** Delete File: e.py\n*** End Patch"
    assert patched(patch) == ("a.py", "b c.py", "d.py", "e.py")


@pytest.mark.parametrize("text", ["\ud800", chr(0xDCFF), "a\0b", "\n", "../" * 3000, "docs/plans/\ud800*", "\u202e"])
@pytest.mark.parametrize("name", ["PostToolUse", "PreToolUse", "Stop", "SessionStart"])
def test_odd_text_is_no_crash_anywhere(name: str, text: str, shop: Path, tmp_path: Path) -> None:
    for data in (
        {"session_id": text, "cwd": str(shop), "tool_name": "Write", "tool_input": {"file_path": "gone.py", "content": text}},
        {"session_id": "s", "cwd": text, "tool_name": "Write", "tool_input": {"file_path": text, "content": text}},
        {"session_id": "s", "cwd": str(shop), "tool_name": "Edit", "tool_input": {"file_path": "docs/plans/new.json", "old_string": text}},
        {"session_id": "s", "cwd": str(shop), "tool_name": "Bash", "tool_input": {"command": f"rm {text}/plans/* > {text}"}},
    ):
        found = respond(name, json.dumps(data).encode(), agent="claude", environment={"XDG_CACHE_HOME": str(tmp_path / "cache")})
        found.output.encode()
