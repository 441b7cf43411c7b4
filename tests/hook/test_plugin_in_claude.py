"""The plugin in the real Claude Code: its own validator, and a session against a canned model on loopback."""

import json
import subprocess
from pathlib import Path

import pytest
from canned_model import Block, Model, says, serving, uses
from made_event import FAILS, project
from plugin_command import installed
from real_clients import CHECKOUT, CLAUDE, environment, installed_client, plugin_alone

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def claude() -> Path:
    return installed_client(CLAUDE)


def validated(claude: Path, folder: Path, home: Path) -> tuple[int, dict[str, object]]:
    ran = subprocess.run(
        [claude, "plugin", "validate", str(folder), "--strict", "--json", "--profile", "directory"],
        capture_output=True,
        text=True,
        env=environment(home),
        timeout=120,
        check=False,
    )
    return ran.returncode, json.loads(ran.stdout)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return plugin_alone(tmp_path / "plugin")


def test_the_clients_own_validator_finds_nothing(claude: Path, copy: Path, tmp_path: Path) -> None:
    status, report = validated(claude, copy, tmp_path)
    assert status == 0, json.dumps(report, indent=1)
    assert (report["success"], report["contents"], report["directory"]["findings"], report["advice"]) == (True, [], [], [])  # type: ignore[index]
    provides = report["provides"]
    assert isinstance(provides, dict)
    assert [(hook["event"], hook["command"]) for hook in provides["hooks"]] == [
        *((event, f"gotcha-audit hook {event} || true") for event in ("PostToolUse", "PreToolUse", "Stop")),
        ("SessionStart", "gotcha-audit hook SessionStart"),
    ]
    assert provides["skills"] == ["gotcha-audit:gotcha-lookup", "gotcha-audit:production-gate"]
    assert provides["agents"] == ["gotcha-audit:production-validator"]
    assert [(server["name"], server["target"], server["args"]) for server in provides["mcpServers"]] == [("gotcha-audit", "gotcha-audit", ["mcp"])]


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (".claude-plugin/plugin.json", '"name": "gotcha-audit"', '"name": "claude-gotchas"'),
        ("hooks/hooks.json", '"PreToolUse": [', '"BeforeTool": ['),
        ("agents/framework-gotchas.md", "---\n", ""),
    ],
)
def test_the_validator_can_say_no(file: str, old: str, new: str, claude: Path, copy: Path, tmp_path: Path) -> None:
    text = (copy / file).read_text("utf-8")
    assert old in text
    (copy / file).write_text(text.replace(old, new), "utf-8")
    assert validated(claude, copy, tmp_path)[0] == 1


def turns(root: Path) -> list[Block]:
    """A session that breaks the page, then helps itself to the plan in two ways, and stops."""
    web, plan = str(root / "app/web.py"), str(root / "docs/plans/teas.json")
    return [
        uses("Read", file_path=web),
        uses("Write", file_path=web, content=FAILS),
        uses("Read", file_path=plan),
        uses("Edit", file_path=plan, old_string='"passes": false', new_string='"passes": true', replace_all=True),
        uses("Bash", command="sed -i s/false/true/ docs/plans/teas.json", description="Let the tasks pass"),
        says("Done."),
        says("The rest is not mine to do."),
    ]


def session(claude: Path, root: Path, home: Path, model: Model, *plugin: str) -> list[dict[str, object]]:
    """What the client streams; its hooks among it."""
    home.mkdir()
    arguments = ["--permission-mode", "acceptEdits", "--allowedTools", "Bash", "--output-format", "stream-json", "--verbose", "--include-hook-events"]
    ran = subprocess.run(
        [claude, "-p", "Serve the page.", *plugin, *arguments],
        cwd=root,
        env=environment(home, path=installed(home), ANTHROPIC_BASE_URL=f"http://127.0.0.1:{model.port}", ANTHROPIC_API_KEY="canned"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-2000:] + ran.stderr
    return [json.loads(line) for line in ran.stdout.splitlines() if line.startswith("{")]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = project(tmp_path / "shop", web="from flask import Flask\n\napp = Flask(__name__)\n")
    subprocess.run(["git", "init", "-q"], cwd=made, check=True)
    return made


def test_a_session_with_the_plugin(claude: Path, root: Path, tmp_path: Path) -> None:
    before = (root / "docs/plans/teas.json").read_bytes()
    with serving(turns(root)) as model:
        streamed = session(claude, root, tmp_path / "home", model, "--plugin-dir", str(CHECKOUT))

    started, _, edited, _, denied, denied_again, reminded = model.asked
    assert "docs/plans/teas.json is approved, 0 of 2 tasks pass; next is 1, List of teas" in started
    assert "1 site fails in app/web.py. Tests pass with it, and production breaks" in edited
    assert "os.path.dirname(os.path.abspath(__file__))" in edited, "the WORKS form"
    assert "docs/plans/teas.json is an approved plan" in denied
    assert denied_again.count("docs/plans/teas.json is an approved plan") == 2
    assert (root / "docs/plans/teas.json").read_bytes() == before
    assert "before you stop:" in reminded
    assert "app/web.py:8 fails flask/relative-send-directory" in reminded
    assert "tasks 1, 2 without evidence" in reminded

    stops = [str(event.get("stdout")) for event in streamed if event.get("subtype") == "hook_response" and event.get("hook_event") == "Stop"]
    assert [bool(text) for text in stops] == [True, False], "reminded once, then let go"
    answers = [event for event in streamed if event.get("subtype") == "hook_response"]
    assert {event.get("exit_code") for event in answers} == {0}
    assert (streamed[-1]["type"], streamed[-1]["subtype"]) == ("result", "success")


def test_the_same_session_without_the_plugin(claude: Path, root: Path, tmp_path: Path) -> None:
    """What the test above shows is the plugin's doing."""
    with serving(turns(root)) as model:
        session(claude, root, tmp_path / "home", model)
    assert len(model.asked) == 6
    assert not any(said in model.asked[-1] for said in ("site fails in", "is an approved plan", "before you stop"))
    assert '"passes": true' in (root / "docs/plans/teas.json").read_text("utf-8")
