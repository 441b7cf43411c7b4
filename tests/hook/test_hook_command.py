"""The command as clients run it: one process, one channel, exit code 0, and an end to it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from made_event import tool

from auditor.hook.limit import limited

CHECKOUT = Path(__file__).parent.parent.parent


def run(arguments: list[str], data: bytes | str, cwd: Path) -> subprocess.CompletedProcess[str]:
    text = data.decode("utf-8", "surrogateescape") if isinstance(data, bytes) else data
    environment = {"PYTHONPATH": str(CHECKOUT), "PATH": os.environ["PATH"], "XDG_CACHE_HOME": str(cwd / ".cache"), "LANG": "C.UTF-8"}
    return subprocess.run(
        [sys.executable, "-m", "auditor", "hook", *arguments],
        input=text,
        capture_output=True,
        text=True,
        errors="surrogateescape",
        cwd=cwd,
        env=environment,
        timeout=60,
        check=False,
    )


def test_a_denial_is_json_alone_with_exit_code_0(shop: Path) -> None:
    ran = run(["PreToolUse"], json.dumps(tool(shop, "Write", file_path="docs/plans/teas.json", content="{}")), shop)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert json.loads(ran.stdout)["hookSpecificOutput"]["permissionDecision"] == "deny"
    assert ran.stdout.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "data", "note"),
    [
        (["PostToolUse"], "nonsense", "the event on standard input is not JSON: nothing was looked at"),
        (["PostToolUse"], b"\xff\x00", "the event on standard input is not JSON: nothing was looked at"),
        (["Nothing"], "{}", "nothing is done at this event; known ones are PostToolUse, PreToolUse, SessionStart, Stop, afterFileEdit, agentStop, "),
        ([], "{}", "nothing is done at this event"),
        (["PostToolUse", "--agent"], "{}", "Option '--agent' requires an argument. The flags are left aside."),
        (["PostToolUse", "--agent", "somebody"], "{}", ""),
        (["PostToolUse", "--limit", "soon"], "{}", ""),
        (["PostToolUse", "--no-such-flag"], "{}", ""),
    ],
)
def test_no_input_and_no_flag_refuses_a_tool_call(arguments: list[str], data: bytes | str, note: str, tmp_path: Path) -> None:
    ran = run(arguments, data, tmp_path)
    assert (ran.returncode, ran.stdout) == (0, "")
    assert ran.stderr.startswith(f"gotcha-audit hook: {note}") if note else ran.stderr == ""
    assert ran.stderr.count("\n") <= 1


def test_an_answer_that_does_not_come_in_time_is_none(shop: Path) -> None:
    ran = run(["PostToolUse", "--limit", "0.01"], json.dumps(tool(shop, "Edit", file_path="app/web.py")), shop)
    assert (ran.returncode, ran.stdout) == (0, "")
    assert ran.stderr == "gotcha-audit hook: no answer within 0.01 s; the check is left to the scan in CI\n"


def test_help_names_the_events_and_the_exit_code(tmp_path: Path) -> None:
    ran = run(["--help"], "", tmp_path)
    assert ran.returncode == 0
    assert "PreToolUse, preToolUse, beforeShellExecution" in ran.stdout
    assert "an agent takes 2 for a refusal" in ran.stdout


# Where tests run in parallel their process has threads; the command forks before it has any.
forks = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")


def hang() -> bytes:
    """What holds the interpreter's lock and ignores signals cannot be ended from inside."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", "left-behind-by-a-hook"], start_new_session=True)
    while True:
        time.sleep(0.01)


@forks
def test_work_that_hangs_is_killed_with_all_that_it_started() -> None:
    began = time.monotonic()
    assert limited(hang, 1.5) is None
    assert time.monotonic() - began < 10
    deadline = time.monotonic() + 5
    while left := [process for process in psutil.process_iter(["cmdline"]) if "left-behind-by-a-hook" in (process.info["cmdline"] or [])]:
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


def test_work_whose_parent_was_killed_ends_with_the_limit() -> None:
    program = "import sys, time; from auditor.hook.limit import limited; limited(lambda: time.sleep(600), 0.5)"
    parent = subprocess.Popen([sys.executable, "-c", program, "hook-without-a-parent"], env={"PYTHONPATH": str(CHECKOUT)})
    began = time.monotonic()
    while not (children := psutil.Process(parent.pid).children()):
        assert time.monotonic() - began < 10
        time.sleep(0.01)
    parent.kill()
    parent.wait()
    gone, left = psutil.wait_procs(children, timeout=10)
    assert (len(gone), left) == (1, [])


@forks
def test_work_that_crashes_is_no_answer() -> None:
    def crash() -> bytes:
        os.kill(os.getpid(), signal.SIGKILL)
        return b""

    assert limited(crash, 10) is None


@forks
def test_work_that_raises_is_no_answer() -> None:
    def fail() -> bytes:
        os.close(2)  # the traceback of the child is not what this is about
        raise ValueError

    assert limited(fail, 10) is None


@forks
def test_what_work_gives_arrives_whole() -> None:
    assert limited(lambda: b"x" * 300_000, 10) == b"x" * 300_000
    assert limited(lambda: b"", 10) == b""


_PROGRAM = """
import json, sys
import auditor.cli.hook
from auditor.hook.respond import respond
found = respond(sys.argv[1], sys.argv[2].encode(), agent="auto", environment={})
print(json.dumps([found.output, sorted(sys.modules)]))
"""
HEAVY = ("libcst", "semgrep", "rich", "yaml", "tree_sitter", "multiprocessing", "jsonschema", "psutil", "httpx2", "asyncio", "unittest", "crossplane")


@pytest.mark.parametrize(
    ("event", "data", "most"),
    [
        ("PostToolUse", {"tool_name": "Read", "tool_input": {"file_path": "/x.py"}}, 40),
        ("PreToolUse", {"tool_name": "Bash", "tool_input": {"command": "pytest -q"}}, 45),
        ("PreToolUse", {"tool_name": "Write", "tool_input": {"file_path": "/x.py", "content": ""}}, 45),
        ("Stop", {"session_id": "s", "stop_hook_active": True}, 40),
    ],
)
def test_an_event_without_a_question_imports_next_to_nothing(event: str, data: dict[str, object], most: int) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", _PROGRAM, event, json.dumps(data)],
        env={"PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    output, modules = json.loads(ran.stdout)
    ours = [name for name in modules if name.split(".")[0] == "auditor"]
    assert output == ""
    assert sorted(set(HEAVY) & set(modules)) == []
    assert [
        name for name in ours if name.startswith(("auditor.scan", "auditor.engines", "auditor.catalogue", "auditor.plan", "auditor.checks"))
    ] == []
    assert len(ours) <= most, ours
