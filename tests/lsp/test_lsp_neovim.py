"""The server with Neovim, a client that has nothing in common with pygls."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from made_client import CHECK, FAILING

pytestmark = pytest.mark.real

SCRIPT = Path(__file__).with_name("session.lua")


def test_neovim_shows_diagnostics_hover_and_actions(tmp_path):
    neovim = shutil.which("nvim")
    assert neovim, "Neovim is needed: apt-get install neovim"
    root = tmp_path.resolve() / "project"
    root.mkdir()
    (root / "requirements.txt").write_text("flask\nflask-cors\n")
    (root / "web.py").write_text(FAILING.replace("CORS(app)", 'x = "😀"; CORS(app)'))
    home = tmp_path / "home"
    home.mkdir()
    environment = {
        **os.environ,
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_DATA_HOME": str(home / "data"),
        "XDG_STATE_HOME": str(home / "state"),
        "GOTCHA_COMMAND": json.dumps([sys.executable, "-m", "auditor", "lsp"]),
        "GOTCHA_FILE": "web.py",
        "PYTHONPATH": str(Path(__file__).parent.parent.parent),
        "LANG": "C.UTF-8",
    }
    command = [neovim, "--headless", "--clean", "-n", "-c", f"luafile {SCRIPT}"]
    done = subprocess.run(command, cwd=root, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    said = {}
    for line in done.stdout.splitlines():
        if line.startswith("{"):
            told = json.loads(line)
            said[told["kind"]] = told["value"]

    # Neovim counts columns in bytes: `x = "😀"; ` is twelve of them, eleven characters' worth of UTF-16.
    (one,) = said["opened"]
    assert (one["line"], one["column"], one["end_column"]) == (4, 12, 21)
    assert (one["code"], one["source"], one["severity"]) == (CHECK, "gotcha-audit", 2)
    assert "**flask-cors lets any website call the API**" in said["hover"]
    assert [title.split(":")[0] for title in said["actions"]] == [
        "Write the form that works (check it)",
        "Show what works",
        f"Silence {CHECK} here",
    ]
    assert "WORKS\nCORS(app)\n→\nCORS(app, origins=" in said["message"]
    assert said["mended"][-1] == 'x = "😀"; CORS(app, origins=os.environ["ALLOWED_ORIGINS"].split(","))'
    assert [(one["line"], one["code"]) for one in said["undone"]] == [(4, CHECK)]
    assert "timeout" not in said
    assert not [one for one in psutil.process_iter(["cwd", "cmdline"]) if one.info["cwd"] == str(root)]
