"""The hooks that docs/agents.md gives, in the real Copilot CLI: offline, with a canned model on loopback."""

import re
import subprocess
from pathlib import Path

import pytest
from canned_model import says, serving, uses
from made_event import FAILS, project
from plugin_command import installed
from real_clients import CHECKOUT, COPILOT, environment, installed_client

pytestmark = pytest.mark.real


def test_a_session_with_the_hooks(tmp_path: Path) -> None:
    copilot = installed_client(COPILOT)
    root = project(tmp_path / "shop", web="from flask import Flask\n\napp = Flask(__name__)\n")
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    (shown,) = re.findall(r"```json\n(.*?)```", (CHECKOUT / "docs/agents.md").read_text("utf-8"), re.DOTALL)
    (root / ".github/hooks").mkdir(parents=True)
    (root / ".github/hooks/gotcha-audit.json").write_text(shown)
    home = tmp_path / "home"
    home.mkdir()
    plan = root / "docs/plans/teas.json"
    before = plan.read_bytes()
    turns = [
        uses("create", path=str(root / "app/pages.py"), file_text=FAILS),
        uses("edit", path=str(plan), old_str='"APPROVED"', new_str='"COMPLETE"'),
        uses("bash", command="sed -i s/false/true/ docs/plans/teas.json", description="Let the tasks pass", mode="sync"),
        says("Done."),
        says("The rest is not mine to do."),
    ]
    with serving(turns) as model:
        variables = environment(
            home,
            path=installed(home),
            COPILOT_OFFLINE="true",
            COPILOT_PROVIDER_TYPE="anthropic",
            COPILOT_PROVIDER_BASE_URL=f"http://127.0.0.1:{model.port}",
            COPILOT_PROVIDER_API_KEY="canned",
            COPILOT_MODEL="claude-sonnet-4.5",
            COPILOT_ALLOW_ALL="true",  # trusts this folder, and with it its hooks
            COPILOT_AUTO_UPDATE="false",
        )
        ran = subprocess.run(
            [copilot, "-p", "Serve the page.", "--no-color"],
            cwd=root,
            env=variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert len(model.asked) == 5, ran.stdout
    started, edited, denied, denied_again, reminded = model.asked
    assert "docs/plans/teas.json is approved, 0 of 2 tasks pass; next is 1, List of teas" in started
    assert "1 site fails in app/pages.py. Tests pass with it, and production breaks" in edited
    assert "docs/plans/teas.json is an approved plan" in denied
    assert denied_again.count("docs/plans/teas.json is an approved plan") == 2
    assert plan.read_bytes() == before
    assert "before you stop:" in reminded
    assert "app/pages.py:8 fails flask/relative-send-directory" in reminded
