"""The tour: a plan is approved, its tasks go red, green and pass, the gate finds what the tests did not, and completes the plan once it is mended."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from auditor.prove.install import install

pytestmark = pytest.mark.real

CHECKOUT = Path(__file__).parent.parent.parent
SAMPLE = CHECKOUT / "fixtures" / "projects" / "planned-shop"
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
from pathlib import Path

from app.web import app


def test_the_page_is_shown(monkeypatch):
    monkeypatch.setattr(app, "root_path", str(Path(__file__).parent.parent))
    assert b"<h1>Teas</h1>" in app.test_client().get("/").data
"""
PAGE = """

@app.get("/")
def page():
    return send_from_directory("frontend/pages", "index.html")
"""


class Shop:
    """The project, and the tool as its user calls it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV_"))},
            "PATH": f"{root / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(CHECKOUT),
        }

    def __call__(self, *words: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "auditor", *words], cwd=self.root, env=self.environment, capture_output=True, text=True, timeout=300, check=False
        )
        return done.returncode, done.stdout + done.stderr

    def add(self, path: str, text: str) -> None:
        target = self.root / path
        target.write_text((target.read_text() if target.exists() else "") + text)

    def plan(self) -> dict:
        return json.loads((self.root / PLAN).read_text())

    def commit(self) -> None:
        git = ["git", "-c", "user.name=Ada", "-c", "user.email=ada@shop.example"]
        subprocess.run([*git, "add", "-A"], cwd=self.root, check=True, capture_output=True)
        subprocess.run([*git, "commit", "-q", "-m", "work"], cwd=self.root, check=True, capture_output=True)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    root = tmp_path / "shop"
    shutil.copytree(SAMPLE, root)
    install(root)
    (root / ".gitignore").write_text(".venv\n__pycache__/\n.pytest_cache/\n")
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    made = Shop(root)
    made.commit()
    return made


def test_from_approved_to_complete(shop: Shop) -> None:
    before = (shop.root / PLAN).read_text()
    assert shop("plan", "approve", "--plan", PLAN, "--by", "Ada")[0] == 0
    assert "task 1" in shop("plan", "next")[1].lower() or "List of teas" in shop("plan", "next")[1]

    status, said = shop("plan", "pass", "1")
    assert status == 2, said

    shop.add("tests/test_teas.py", TEST_OF_THE_LIST)
    assert shop("plan", "red", "1", "--", "pytest", "tests/test_teas.py")[0] == 0
    shop.add("app/web.py", LIST)
    status, said = shop("plan", "green", "1", "--", "pytest", "tests/test_teas.py")
    assert status == 0, said
    status, said = shop("plan", "pass", "1")
    assert status == 0, said

    shop.add("tests/test_page.py", TEST_OF_THE_PAGE)
    assert shop("plan", "red", "2", "--", "pytest", "tests/test_page.py")[0] == 0
    web = shop.root / "app" / "web.py"
    web.write_text(web.read_text().replace("import Flask, jsonify", "import Flask, jsonify, send_from_directory") + PAGE)
    assert shop("plan", "green", "2", "--", "pytest", "tests/test_page.py")[0] == 0
    assert shop("plan", "green", "1", "--", "pytest", "tests/test_teas.py")[0] == 0, "its file changed with the second task"
    status, said = shop("plan", "pass", "2")
    assert status == 0, said
    assert [task["passes"] for task in shop.plan()["tasks"]] == [True, True]

    approved = (shop.root / PLAN).read_text()
    status, said = shop("gate", PLAN, "--quiet")
    assert status == 1, said
    assert (shop.root / PLAN).read_text() == approved, "a failure leaves the plan as it was"
    assert "`flask/relative-send-directory`" in said
    assert "`runtime/page`" in said

    web.write_text(
        web.read_text()
        .replace('"frontend/pages"', 'Path(__file__).parent.parent / "frontend" / "pages"')
        .replace("from flask", "from pathlib import Path\n\nfrom flask")
    )
    for number, test in ((1, "teas"), (2, "page")):
        assert shop("plan", "green", str(number), "--", "pytest", f"tests/test_{test}.py")[0] == 0
    status, said = shop("gate", PLAN, "--quiet")
    assert status == 0, said
    done = shop.plan()
    assert (done["status"], done["production_validated"]) == ("COMPLETE", True)
    assert done["validation_timestamp"].endswith("Z")
    kept = {**json.loads(before), "tasks": done["tasks"], "status": "COMPLETE"}
    assert {name: value for name, value in done.items() if name not in ("production_validated", "validation_timestamp")} == kept


def test_the_fourth_attempt_is_for_a_person(shop: Shop) -> None:
    assert shop("plan", "approve", "--plan", PLAN, "--by", "Ada")[0] == 0
    for _ in range(3):
        assert shop("validate", ".", "--plan", PLAN, "--attempt", "--no-browser", "--no-scan", "--quiet")[0] == 1
    status, said = shop("validate", ".", "--plan", PLAN, "--attempt", "--no-browser", "--no-scan", "--quiet")
    assert status == 4
    assert "until a person decides" in said
