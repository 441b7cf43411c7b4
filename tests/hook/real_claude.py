"""The real client, installed by the test that needs it: from npm into the user's cache, never into this repository."""

import fcntl
import os
import platform
import shutil
import subprocess
from pathlib import Path

VERSION = "2.1.331"
PACKAGE = "@anthropic-ai/claude-code"
HINT = f"these tests run the real client: they need Node with npm, and a registry that has {PACKAGE}@{VERSION}"


def client() -> Path:
    """The binary; raises AssertionError with a hint where it cannot be had, for a test that is skipped in silence shows nothing."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gotcha-audit-tests"
    folder = base / f"claude-code-{VERSION}"
    machine = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}.get(platform.machine().lower(), platform.machine())
    binary = folder / "node_modules" / "@anthropic-ai" / f"claude-code-{platform.system().lower()}-{machine}" / "claude"
    folder.mkdir(parents=True, exist_ok=True)
    with (base / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not binary.exists():
            npm = shutil.which("npm")
            assert npm, HINT
            command = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder), f"{PACKAGE}@{VERSION}"]
            ran = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
            assert binary.exists(), f"{HINT}\n{ran.stdout}{ran.stderr}"
    return binary


def environment(home: Path, *, path: str = "", port: int = 0) -> dict[str, str]:
    """Nothing of the user's, nothing that leaves the machine."""
    found = {
        "PATH": f"{path}:/usr/bin:/bin" if path else "/usr/bin:/bin",
        "HOME": str(home),
        "CLAUDE_CONFIG_DIR": str(home / ".claude"),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
        "DISABLE_TELEMETRY": "1",
        "LANG": "C.UTF-8",
    }
    if port:
        found |= {"ANTHROPIC_BASE_URL": f"http://127.0.0.1:{port}", "ANTHROPIC_API_KEY": "canned"}
    return found
