"""Every base is laid out, installed, started with its own command, and stopped."""

import re
import signal
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from auditor.cli import main
from auditor.errors import UsageError
from auditor.prove.bases import base, bases, lay_out
from auditor.prove.install import Installed
from tests.runtime import made_bases
from tests.runtime.made_bases import NAMES, prepare, running, settings

TYPES = {"js": {"text/javascript", "application/javascript"}, "css": {"text/css"}, "svg": {"image/svg+xml"}}
"""https://www.rfc-editor.org/rfc/rfc9239 has text/javascript; the table of Debian's nginx still says application/javascript."""

ENDS = {"fastapi": {0, -signal.SIGTERM}}
"""uvicorn shuts down in order and then hands the signal on to itself (https://github.com/encode/uvicorn/pull/1600), so that the caller sees it."""


@pytest.fixture(scope="module", params=NAMES)
def installed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    done = made_bases.made(request.param, tmp_path_factory.mktemp("bases") / request.param)
    prepare(done.root, done.environment)
    return done


def fetch(port: int, path: str) -> tuple[int, str, str]:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.headers.get_content_type(), answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers.get_content_type(), error.read().decode()


@pytest.mark.real
def test_healthy(installed: Installed) -> None:
    with running(installed.root, installed.environment) as app:
        status, kind, page = fetch(app.port, "/")
        assert (status, kind) == (200, "text/html")
        assets = re.findall(r'(?:src|href)="(/[^"]+\.(\w+))"', page)
        assert {suffix for _, suffix in assets} == {"js", "css", "svg"}
        for path, suffix in assets:
            status, kind, _ = fetch(app.port, path)
            assert (status, kind in TYPES[suffix]) == (200, True), path
            assert fetch(app.port, path.replace(f".{suffix}", f"-gone.{suffix}"))[0] == 404
        assert fetch(app.port, "/health")[:2] == (200, "application/json")
        for endpoint in settings(installed.root)["critical-endpoints"]:
            assert fetch(app.port, endpoint["path"])[:2] == (endpoint["expected-status"], "application/json")
        for path in settings(installed.root).get("deep-links", ()):
            assert fetch(app.port, path) == (200, "text/html", page)
        code, seconds = app.stop()
        assert code in ENDS.get(installed.root.name, {0})
        assert seconds < 2
        assert not app.survivors
    assert "Traceback" not in app.log.read_text("utf-8")


@pytest.mark.real
def test_required_variables(installed: Installed) -> None:
    for name in made_bases.required(installed.root):
        code, log = made_bases.ending(installed.root, installed.environment, remove=(name,))
        assert code > 0
        assert name.lower() in log.lower()


def test_names() -> None:
    assert {one.name for one in bases()} > set(NAMES)
    with pytest.raises(UsageError, match="'rails'"):
        base("rails")


@pytest.mark.parametrize("name", NAMES)
def test_lay_out_copies_sources_alone(name: str, tmp_path: Path) -> None:
    """What stands in the repository is what is laid out: a build or a database of an earlier run in the fixture would hide what is missing."""
    found = base(name)
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=found.folder, capture_output=True, text=True, check=True
    )
    (found.folder / "dist").mkdir(exist_ok=True)
    try:
        root = lay_out(found, tmp_path / "new")
    finally:
        (found.folder / "dist").rmdir()
    laid = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
    assert laid == set(listed.stdout.splitlines())


@pytest.mark.semgrep
@pytest.mark.parametrize("name", NAMES)
def test_scan_finds_nothing(name: str, tmp_path: Path) -> None:
    root = lay_out(base(name), tmp_path / name)
    (root / "gotcha-audit.toml").unlink()  # how it is validated is no matter of the scan
    assert main(["scan", str(root), "--strict", "--jobs", "1"]) == 0


@pytest.mark.parametrize("name", NAMES)
def test_locked(name: str) -> None:
    """Every package of Python has one version, and no lock file of Node names a place to download from."""
    folder = base(name).folder
    for requirements in folder.glob("requirements.txt"):
        pins = [line for line in requirements.read_text("utf-8").splitlines() if line and not line.lstrip().startswith("#")]
        assert pins
        assert all(re.match(r"[\w.-]+==[\w.]+( ;|$)", line) for line in pins)
    for lock in folder.rglob("package-lock.json"):
        assert '"integrity"' in lock.read_text("utf-8")
        assert '"resolved"' not in lock.read_text("utf-8")


def test_start_commands_are_read_from_the_bases() -> None:
    assert {name: made_bases.command(base(name).folder)[-1].split()[-1] for name in NAMES} == {
        "django": "config.wsgi",
        "express": "app.js",
        "fastapi": "$PORT",
        "flask": "web:app",
        "vite-nginx": "./start.sh",
    }
