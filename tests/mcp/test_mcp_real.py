"""The server with real applications, and with the clients that others write."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from mcp import types

from auditor.prove.install import install
from tests.mcp.made_client import CHECKOUT, SAMPLE, SERVER, SHOP, Client, Wire, connected, environment, gone, until

pytestmark = pytest.mark.real

PLAN = "docs/plans/teas.json"
TEST_OF_THE_LIST = """
from app.web import app


def test_all_teas_are_listed():
    assert app.test_client().get("/api/teas").json == ["Assam", "Sencha"]
"""
LIST = """

@app.get("/api/teas")
def teas():
    return jsonify(["Assam", "Sencha"])
"""
TEST_OF_THE_PAGE = """
from app.web import app


def test_the_page_is_shown():
    assert b"<h1>Teas</h1>" in app.test_client().get("/").data
"""
PAGE = """

@app.get("/")
def page():
    return send_from_directory(Path(__file__).parent.parent / "frontend" / "pages", "index.html")
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """The planned shop, installed and committed, with its plan approved."""
    root = tmp_path / "shop"
    shutil.copytree(SHOP, root)
    install(root)
    (root / ".gitignore").write_text(".venv\n__pycache__/\n.pytest_cache/\n")
    git = ["git", "-c", "user.name=Ada", "-c", "user.email=ada@shop.example"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "work"]):
        subprocess.run([*git, *words], cwd=root, check=True, capture_output=True)
    command(root, "plan", "approve", "--plan", PLAN, "--by", "Ada")
    return root


def variables(root: Path) -> dict[str, str]:
    return {"PATH": f"{root / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"}


def command(root: Path, *words: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "auditor", *words], cwd=root, env=environment(**variables(root)), check=True, capture_output=True, timeout=120
    )


@pytest.fixture
def client(shop: Path, tmp_path: Path) -> Iterator[Client]:
    with connected(tmp_path / "log", cwd=shop, more=variables(shop)) as made:
        yield made
        assert made.logged == ""


def test_a_validation_tells_how_far_it_is_and_what_it_saw(client: Client) -> None:
    told: list[tuple[float, str]] = []

    async def heard(progress: float, total: float | None, message: str | None) -> None:
        assert total is None
        told.append((progress, message or ""))

    async def call() -> types.CallToolResult:
        return await client.session.call_tool("validate", {"browser": False, "show": ["pass"]}, progress_callback=heard)

    content = client.portal.call(call).structuredContent
    assert (content["verdict"], content["exit_code"]) == ("clean", 0)
    assert {"runtime/starts", "runtime/health", "runtime/shutdown", "runtime/restart"} <= {one["id"] for one in content["results"]}
    assert content["counts"]["pass"] == content["total"] == len(content["results"])
    assert content["skipped_checks_total"] == content["counts"]["skip"] > 0
    assert [number for number, _ in told] == list(range(1, len(told) + 1))
    assert any("starts: 1 pass" in message for _, message in told)


def test_the_tour_of_a_plan(client: Client, shop: Path) -> None:
    refused = client.call("plan_pass", task=1)
    assert (refused["passes"], len(refused["reasons"])) == (False, 1)
    (shop / "tests" / "test_teas.py").write_text(TEST_OF_THE_LIST)
    command(shop, "plan", "red", "1", "--", "pytest", "tests/test_teas.py")
    web = shop / "app" / "web.py"
    web.write_text(web.read_text() + LIST)
    assert client.call("plan_pass", task=1)["passes"] is False
    command(shop, "plan", "green", "1", "--", "pytest", "tests/test_teas.py")
    passed = client.call("plan_pass", task=1)
    assert (passed["task"], passed["passes"], passed["reasons"]) == (1, True, [])
    assert (shop / passed["record"]).is_file()
    assert [task["id"] for task in client.call("plan_next")["next"]] == [2]
    before = (shop / PLAN).read_bytes()
    gated = client.call("gate", browser=False)
    assert gated["complete"] is False
    assert "plan/task-open" in {one["id"] for one in gated["results"]}
    assert (shop / PLAN).read_bytes() == before

    (shop / "tests" / "test_page.py").write_text(TEST_OF_THE_PAGE)
    command(shop, "plan", "red", "2", "--", "pytest", "tests/test_page.py")
    web.write_text(web.read_text().replace("from flask import", "from pathlib import Path\n\nfrom flask import send_from_directory,") + PAGE)
    command(shop, "plan", "green", "2", "--", "pytest", "tests/test_page.py")
    command(shop, "plan", "green", "1", "--", "pytest", "tests/test_teas.py")
    assert client.call("plan_pass", task="2")["passes"] is True
    done = client.call("gate", browser=False)
    assert (done["complete"], done["verdict"], done["results"]) == (True, "clean", [])
    assert json.loads((shop / PLAN).read_text())["status"] == "COMPLETE"


def test_the_fourth_attempt_is_for_a_person(client: Client) -> None:
    for _ in range(3):
        assert client.call("validate", plan=PLAN, attempt=True, browser=False)["verdict"] == "failing"
    last = client.call("validate", plan=PLAN, attempt=True, browser=False)
    assert (last["verdict"], last["exit_code"], last["results"]) == ("escalate", 4, [])
    assert "until a person decides" in last["summary"]


def _serving(server: psutil.Process) -> list[psutil.Process]:
    """Everything below the server, as soon as the application is among it."""
    found = server.children(recursive=True)
    return found if any("gunicorn" in " ".join(_words(process)) for process in found) else []


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


@pytest.mark.parametrize("way", ["cancelled", "input ends", "killed"])
def test_an_application_does_not_outlive_its_call(shop: Path, tmp_path: Path, way: str) -> None:
    with Wire(cwd=shop, more={**variables(shop), "TMPDIR": str(tmp_path)}) as wire:
        wire.call(3, "validate", browser=False)
        started = until(lambda: _serving(psutil.Process(wire.process.pid)), 60)
        if way == "cancelled":
            wire.send(method="notifications/cancelled", params={"requestId": 3, "reason": "changed my mind"})
            assert wire.read()["error"]["message"] == "Request cancelled"
        elif way == "input ends":
            wire.process.stdin.close()
            assert wire.process.wait(20) == 0
        else:
            wire.process.kill()
        assert gone(started, 20)


# -- clients of others -----------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def inspector(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The inspector of the protocol's makers."""
    folder = tmp_path_factory.mktemp("inspector")
    assert shutil.which("npm"), "npm is missing: install Node 20 or newer"
    words = ["npm", "install", "--no-audit", "--no-fund", "--loglevel=error", "--prefix", str(folder), "@modelcontextprotocol/inspector@0.15"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return folder / "node_modules" / ".bin" / "mcp-inspector"


@pytest.mark.parametrize(
    ("words", "look"),
    [
        (["--method", "tools/list"], lambda said: [tool["name"] for tool in said["tools"]][:3] == ["scan", "explain", "search"]),
        (
            ["--method", "tools/call", "--tool-name", "search", "--tool-arg", "query=static files 404", "--tool-arg", "limit=2"],
            lambda said: len(said["structuredContent"]["hits"]) == 2,
        ),
        (
            ["--method", "tools/call", "--tool-name", "scan", "--tool-arg", "limit=1"],
            lambda said: (said["structuredContent"]["verdict"], said["isError"]) == ("failing", False),
        ),
        (
            ["--method", "resources/read", "--uri", "gotcha://flask/cors-any-origin"],
            lambda said: "## Works" in said["contents"][0]["text"],
        ),
    ],
)
def test_the_inspector_gets_along_with_it(inspector: Path, words: list[str], look: Any) -> None:
    call = [str(inspector), "--cli", "-e", f"PYTHONPATH={CHECKOUT}", *SERVER, *words]
    done = subprocess.run(call, cwd=SAMPLE, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert look(json.loads(done.stdout))


NEWEST = """
import asyncio, json, os, sys
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

async def main():
    server = StdioServerParameters(command=sys.argv[1], args=sys.argv[2:], env=dict(os.environ))
    async with Client(stdio_client(server)) as client:
        tools = [tool.name for tool in (await client.list_tools()).tools]
        scan = await client.call_tool("scan", {"limit": 1})
        wrong = await client.call_tool("explain", {"id": "no/such"})
        print(json.dumps([tools, scan.structured_content["verdict"], wrong.is_error]))

asyncio.run(main())
"""


def test_a_client_of_the_next_major_version_gets_along_with_it(tmp_path: Path) -> None:
    python = tmp_path / "venv" / "bin" / "python"
    for words in (["venv", "--python", sys.executable, str(tmp_path / "venv")], ["pip", "install", "--python", str(python), "mcp>=2,<3"]):
        made = subprocess.run([sys.executable, "-m", "uv", *words], capture_output=True, text=True, timeout=300, check=False)
        assert made.returncode == 0, made.stderr
    done = subprocess.run([python, "-c", NEWEST, *SERVER], cwd=SAMPLE, env=environment(), capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    tools, verdict, wrong = json.loads(done.stdout)
    assert (set(tools) >= {"scan", "gate"}, verdict, wrong) == (True, "failing", True)
    assert len(done.stderr.splitlines()) <= 3, "what the SDK logs of a message that it does not know is one line"
