"""The real clients, installed by the tests that need them: from npm into the user's cache, never into this repository."""

import fcntl
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).parent.parent.parent
PARTS = (".claude-plugin", ".codex-plugin", ".cursor-plugin", "hooks", "skills", "agents", "assets", "mcp.json", "README.md", "LICENSE")


@dataclass(frozen=True, kw_only=True)
class Client:
    package: str
    version: str
    command: str


CLAUDE = Client(package="@anthropic-ai/claude-code", version="2.1.331", command="claude")
CODEX = Client(package="@openai/codex", version="0.169.0", command="codex")
COPILOT = Client(package="@github/copilot", version="1.0.102", command="copilot")


def installed_client(client: Client) -> Path:
    """The command; raises AssertionError with a hint where it cannot be had, for a test that is skipped in silence shows nothing."""
    named = f"{client.package}@{client.version}"
    hint = f"this test runs a real client: it needs Node with npm on PATH, and a registry that has {named}"
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gotcha-audit-tests"
    folder = base / f"{client.command}-{client.version}"
    command = folder / "node_modules" / ".bin" / client.command
    folder.mkdir(parents=True, exist_ok=True)
    with (base / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            npm = shutil.which("npm")
            assert npm, hint
            ran = subprocess.run(
                [npm, "install", "--no-audit", "--no-fund", "--prefix", folder, named], capture_output=True, text=True, timeout=600, check=False
            )
            assert command.exists(), f"{hint}\n{ran.stdout}{ran.stderr}"
            (folder / "complete").touch()
    return command


def environment(home: Path, *, path: Path | None = None, **more: str) -> dict[str, str]:
    """Nothing of the user's, nothing that leaves the machine."""
    node = shutil.which("node")
    folders = [str(folder) for folder in (path, node and Path(node).parent, "/usr/bin", "/bin") if folder]
    return {
        "PATH": ":".join(folders),
        "HOME": str(home),
        "CLAUDE_CONFIG_DIR": str(home / ".claude"),
        "CODEX_HOME": str(home / ".codex"),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
        "DISABLE_TELEMETRY": "1",
        "LANG": "C.UTF-8",
        **more,
    }


def plugin_alone(folder: Path) -> Path:
    """A copy of the plugin's own files."""
    folder.mkdir()
    for part in PARTS:
        source = CHECKOUT / part
        if source.is_dir():
            shutil.copytree(source, folder / part)
        else:
            shutil.copy(source, folder / part)
    return folder
