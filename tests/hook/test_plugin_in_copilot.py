"""The plugin, and the hooks that docs/agents.md gives without it, in the real Copilot CLI: offline, with a canned model on loopback."""

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from canned_model import Block, says, serving, uses
from made_event import FAILS, project
from plugin_command import installed
from real_clients import CHECKOUT, COPILOT, environment, installed_client, plugin_alone

pytestmark = pytest.mark.real


def session(turns: Sequence[Block], root: Path, home: Path, path: Path, *, plugin: Path | None = None) -> list[str]:
    """What the model was asked in a session that may do everything; nothing but the turns is done."""
    copilot = installed_client(COPILOT)
    with serving(turns) as model:
        variables = environment(
            home,
            path=path,
            COPILOT_OFFLINE="true",
            COPILOT_PROVIDER_TYPE="anthropic",
            COPILOT_PROVIDER_BASE_URL=f"http://127.0.0.1:{model.port}",
            COPILOT_PROVIDER_API_KEY="canned",
            COPILOT_MODEL="claude-sonnet-4.5",
            COPILOT_ALLOW_ALL="true",  # trusts this folder, and with it its hooks
            COPILOT_AUTO_UPDATE="false",
        )

        def called(*arguments: str) -> None:
            ran = subprocess.run(
                [copilot, *arguments],
                cwd=root,
                env=variables,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=180,
                check=False,
            )
            assert ran.returncode == 0, ran.stdout + ran.stderr

        if plugin:
            called("plugin", "marketplace", "add", str(plugin))
            called("plugin", "install", "gotcha-audit@gotcha-audit")
        called("-p", "Serve the page.", "--no-color")
    return model.asked


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = project(tmp_path / "shop", web="from flask import Flask\n\napp = Flask(__name__)\n")
    subprocess.run(["git", "init", "-q"], cwd=made, check=True)
    return made


@pytest.fixture
def home(tmp_path: Path) -> Path:
    made = tmp_path / "home"
    made.mkdir()
    return made


@pytest.mark.parametrize("way", ["plugin", "hooks of the repository"])
def test_a_session(way: str, root: Path, home: Path, tmp_path: Path) -> None:
    plugin = plugin_alone(tmp_path / "plugin") if way == "plugin" else None
    if plugin is None:
        (shown,) = re.findall(r"```json\n(.*?)```", (CHECKOUT / "docs/agents.md").read_text("utf-8"), re.DOTALL)
        (root / ".github/hooks").mkdir(parents=True)
        (root / ".github/hooks/gotcha-audit.json").write_text(shown)
    plan = root / "docs/plans/teas.json"
    before = plan.read_bytes()
    turns = [
        uses("create", path=str(root / "app/pages.py"), file_text=FAILS),
        uses("edit", path=str(plan), old_str='"APPROVED"', new_str='"COMPLETE"'),
        uses("bash", command="sed -i s/false/true/ docs/plans/teas.json", description="Let the tasks pass", mode="sync"),
        says("Done."),
        says("The rest is not mine to do."),
    ]
    asked = session(turns, root, home, installed(home), plugin=plugin)
    assert len(asked) == 5
    started, edited, denied, denied_again, reminded = asked
    assert "docs/plans/teas.json is approved, 0 of 2 tasks pass; next is 1, List of teas" in started
    assert "1 site fails in app/pages.py. Tests pass with it, and production breaks" in edited
    assert "docs/plans/teas.json is an approved plan" in denied
    assert denied_again.count("docs/plans/teas.json is an approved plan") == 2
    assert plan.read_bytes() == before
    assert "before you stop:" in reminded
    assert "app/pages.py:8 fails flask/relative-send-directory" in reminded


def test_a_session_where_the_command_is_not_installed(root: Path, home: Path, tmp_path: Path) -> None:
    """The client takes a hook that cannot be run for a refusal; ours lets the write pass."""
    turns = [uses("create", path=str(root / "app/pages.py"), file_text=FAILS), says("Done.")]
    _, edited = session(turns, root, home, tmp_path, plugin=plugin_alone(tmp_path / "plugin"))
    assert "Created file" in edited
    assert (root / "app/pages.py").read_text() == FAILS
