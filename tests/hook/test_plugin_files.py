"""The files of the plugin: what they name is there, and their commands answer as they are spelt."""

import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml
from made_event import tool
from plugin_command import installed

from auditor import __version__
from auditor.cli import main
from auditor.hook.agents import KNOWN
from auditor.hook.respond import LIMIT

CHECKOUT = Path(__file__).parent.parent.parent
MANIFESTS = (".claude-plugin/plugin.json", ".codex-plugin/plugin.json", ".cursor-plugin/plugin.json")
SKILLS = sorted(path.parent.name for path in (CHECKOUT / "skills").glob("*/SKILL.md"))
AGENT_FILES = sorted(path.name for path in (CHECKOUT / "agents").glob("*.md"))


def read(name: str) -> dict[str, object]:
    found = json.loads((CHECKOUT / name).read_text("utf-8"))
    assert isinstance(found, dict)
    return found


def front_matter(path: Path) -> dict[str, object]:
    found = re.match(r"---\n(.*?)\n---\n", path.read_text("utf-8"), re.DOTALL)
    assert found, f"{path} has no front matter"
    data = yaml.safe_load(found[1])
    assert isinstance(data, dict)
    return data


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_manifest_says_who_it_is_and_names_files_that_are_there(name: str) -> None:
    manifest = read(name)
    assert (manifest["name"], manifest["version"], manifest["license"]) == ("gotcha-audit", __version__, "MIT")
    assert not str(manifest["name"]).startswith(("claude-", "anthropic-", "anthropics-", "cc-plugin-"))
    named = [value for key in ("agents", "skills", "hooks", "mcpServers") for value in _listed(manifest.get(key))]
    assert [path for path in named if not (CHECKOUT / path).exists()] == []
    assert all(path.startswith("./") for path in named)


def _listed(value: object) -> list[str]:
    return [value] if isinstance(value, str) else [str(item) for item in value] if isinstance(value, list) else []


def test_the_marketplace_offers_this_plugin() -> None:
    marketplace = read(".claude-plugin/marketplace.json")
    (plugin,) = marketplace["plugins"]  # type: ignore[misc]
    assert (marketplace["name"], plugin["name"], plugin["source"], plugin["version"]) == ("gotcha-audit", "gotcha-audit", "./", __version__)


def test_the_server_of_the_plugin_is_the_command() -> None:
    assert read("mcp.json") == {"mcpServers": {"gotcha-audit": {"command": "gotcha-audit", "args": ["mcp"]}}}


@pytest.mark.parametrize("name", SKILLS)
def test_a_skill_keeps_the_limits_of_the_standard(name: str) -> None:
    """https://agentskills.io/specification: the name is the folder's, and so long a text is loaded only when it is called for."""
    path = CHECKOUT / "skills" / name / "SKILL.md"
    data = front_matter(path)
    assert data["name"] == name
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)
    assert len(name) <= 64
    assert 100 <= len(str(data["description"])) <= 1024
    assert len(str(data["compatibility"])) <= 500
    assert set(data) <= {"name", "description", "license", "compatibility", "metadata", "allowed-tools"}
    assert data["metadata"] == {"version": __version__}
    assert len(path.read_text("utf-8").splitlines()) < 500


@pytest.mark.parametrize("name", AGENT_FILES)
def test_a_file_of_agents_says_what_it_is(name: str) -> None:
    data = front_matter(CHECKOUT / "agents" / name)
    assert data["name"] == name.removesuffix(".md")
    assert data["description"]


TEXTS = [*(f"skills/{name}/SKILL.md" for name in SKILLS), "agents/production-validator.md", "docs/agents.md"]


@pytest.mark.parametrize("name", TEXTS)
def test_the_commands_a_text_names_exist(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = (CHECKOUT / name).read_text("utf-8")
    commands = set(re.findall(r"gotcha-audit ((?:plan|catalogue) [a-z]+|scan|validate|gate|explain|env|stack|hook)\b", text))
    assert commands
    for command in sorted(commands):
        assert main([*command.split(), "--help"]) == 0
        assert capsys.readouterr().out.startswith(f"Usage: gotcha-audit {command}")


def spelt(name: str) -> list[tuple[str, str, dict[str, object]]]:
    """(event, command line, the whole hook) for each hook of a configuration, in the client's own form."""
    hooks: dict[str, list[dict[str, list[dict[str, object]]]]] = read(name)["hooks"]  # type: ignore[assignment]
    return [
        (event, str(hook["command"]), hook)
        for event, groups in hooks.items()
        for group in groups
        for hook in group.get("hooks", [group])  # type: ignore[list-item]
    ]


CONFIGURATIONS = ("hooks/hooks.json", "hooks/codex.json", "hooks/cursor.json")


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_the_hooks_call_events_that_are_answered_and_leave_time(name: str) -> None:
    for event, line, hook in spelt(name):
        assert shlex.split(line)[:3] == ["gotcha-audit", "hook", event]
        assert event in KNOWN
        assert LIMIT < hook["timeout"] <= 30  # type: ignore[operator]


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_a_command_is_whole_without_args(name: str) -> None:
    """Copilot CLI 1.0.102 reads Claude Code's configuration and leaves ``args`` aside: the bare command would end with 2, and refuse every write."""
    assert [hook for _, _, hook in spelt(name) if "args" in hook] == []


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_the_guard_answers_as_each_configuration_spells_it(name: str, shop: Path, tmp_path: Path) -> None:
    """The client is played: its command as it stands, its variables, and an event in its shape."""
    (line,) = [line for event, line, _ in spelt(name) if event.lower() == "pretooluse"]
    agent = Path(name).stem
    event: dict[str, object] = tool(shop, "Write", file_path=str(shop / "docs/plans/teas.json"), content="{}")
    environment = {"CLAUDE_PLUGIN_ROOT": str(CHECKOUT), "CLAUDE_PROJECT_DIR": str(shop), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    if agent == "codex":
        event = {**event, "turn_id": "t", "tool_name": "apply_patch", "tool_input": {"command": "*** Update File: docs/plans/teas.json"}}
    if agent == "cursor":
        event = {"conversation_id": "c", "workspace_roots": [str(shop)], "tool_name": "Write", "tool_input": event["tool_input"]}
    ran = subprocess.run(
        ["/bin/sh", "-c", line],
        input=json.dumps(event),
        capture_output=True,
        text=True,
        cwd=shop,
        env={**environment, "PATH": f"{installed(tmp_path)}:/usr/bin:/bin"},
        timeout=60,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "is an approved plan" in ran.stdout
    assert list(json.loads(ran.stdout)) == (["permission", "user_message", "agent_message"] if agent == "cursor" else ["hookSpecificOutput"])


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_a_command_that_is_not_installed_refuses_nothing_and_is_told_of_once_a_session(name: str, tmp_path: Path) -> None:
    """Copilot CLI 1.0.102 takes a hook that cannot be run for a refusal."""
    codes = {
        event.lower(): subprocess.run(
            ["/bin/sh", "-c", line], input="{}", capture_output=True, text=True, cwd=tmp_path, env={"PATH": str(tmp_path)}, timeout=60, check=False
        ).returncode
        for event, line, _ in spelt(name)
    }
    assert codes == {"posttooluse": 0, "pretooluse": 0, "stop": 0, "sessionstart": 127}
