"""The project as a repository that others install from, and a scratch project that uses it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).parent.parent.parent
TOOLS = Path(sys.executable).parent

FAILING = """import os

from flask import Flask, send_from_directory

app = Flask(__name__)


@app.route("/")
def page():
    return send_from_directory("frontend/dist", "index.html")
"""
WORKING = FAILING.replace('"frontend/dist"', 'os.path.join(app.root_path, "..", "frontend/dist")')


def tool(name: str) -> str:
    """The path of a tool of the development group; fails with the mend when it is missing."""
    found = TOOLS / name
    assert found.exists(), f"{name} is not installed beside {sys.executable}: pip install --group dev"
    return str(found)


def environment(**more: str) -> dict[str, str]:
    """The variables of this process without those that git, Python and GitHub set, with the tools first on PATH."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("GIT_", "GITHUB_", "PYTHON", "VIRTUAL_ENV", "PRE_COMMIT"))}
    return {
        **kept,
        "PATH": os.pathsep.join([str(TOOLS), kept["PATH"]]),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        "GIT_AUTHOR_NAME": "Ada",
        "GIT_AUTHOR_EMAIL": "ada@example.org",
        "GIT_COMMITTER_NAME": "Ada",
        "GIT_COMMITTER_EMAIL": "ada@example.org",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        **more,
    }


def git(folder: Path, *words: str, check: bool = True, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", *words], cwd=folder, env=environment(**more), capture_output=True, text=True, check=check, timeout=300)


def made_repository(folder: Path, files: dict[str, str]) -> Path:
    """A git repository in ``folder`` that holds these files, committed."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "-q", "-b", "main")
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "start", "--allow-empty")
    return folder


def made_copy(folder: Path) -> Path:
    """The files of this checkout that git knows or would add, as a repository of one commit: what a tag of the project holds."""
    listed = git(CHECKOUT, "ls-files", "-z", "--cached", "--others", "--exclude-standard").stdout
    for name in filter(None, listed.split("\0")):
        source = CHECKOUT / name
        if source.is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, folder / name)
    return made_repository(folder, {})
