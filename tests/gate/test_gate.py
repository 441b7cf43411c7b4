"""What the gate refuses, and in which order it says what to mend."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from auditor.cli import main

PLAN = "docs/plans/shop.json"
GREEN = "import unittest\n\n\nclass Shop(unittest.TestCase):\n    def test_it(self):\n        self.assertEqual(1, 1)\n"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "docs" / "plans").mkdir(parents=True)
    (tmp_path / "test_shop.py").write_text(GREEN)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def plan(shop: Path, *, status: str = "APPROVED", passes: bool = False, command: str = "python -m unittest -v", start: str = "true") -> None:
    task = {"id": 1, "name": "Shop", "description": "It sells.", "dependencies": [], "dod": "it sells", "files": ["app.py"], "passes": passes}
    validation = {"unit_test_command": command, "start_command": start}
    (shop / PLAN).write_text(json.dumps({"title": "A shop", "status": status, "tasks": [task], "validation": validation}, indent=2) + "\n")


def gate(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    status = main(["gate", PLAN, "--quiet", "--no-browser", *words])
    told = capsys.readouterr()
    return status, told.out + told.err


@pytest.mark.parametrize("status", ["DRAFT", "PENDING", "COMPLETE", "VERIFIED"])
def test_only_an_approved_plan_goes_through(shop: Path, capsys: pytest.CaptureFixture[str], status: str) -> None:
    plan(shop, status=status, passes=True)
    before = (shop / PLAN).read_bytes()
    code, said = gate(capsys)
    assert code == 2
    assert f"the plan is {status}" in said
    assert (shop / PLAN).read_bytes() == before


def test_an_open_task_is_named_and_nothing_is_started(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan(shop, start="touch started")
    before = (shop / PLAN).read_bytes()
    code, said = gate(capsys)
    assert code == 3, said  # the application was not looked at
    assert "1. `plan/task-open`" in said
    assert "Not attempted" in said
    assert (shop / PLAN).read_bytes() == before
    assert not (shop / "started").exists()
    assert not list(shop.rglob("attempts.json"))


def test_a_passing_task_without_evidence_does_not_survive(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan(shop, passes=True)
    code, said = gate(capsys)
    assert code in (1, 3)
    assert "`plan/evidence-missing`" in said


def test_what_fails_first_is_mended_first(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (shop / "test_shop.py").write_text(GREEN.replace("(1, 1)", "(1, 2)"))
    plan(shop)
    _, said = gate(capsys)
    assert said.index("1. `plan/task-open`") < said.index("2. `suite/unit-tests`")
    assert "FAILED (failures=1)" in said, "the real output is in the report"


@pytest.mark.parametrize("command", ["echo '5 passed in 0.1s'", "true", "python -c 'print(1)'"])
def test_a_command_that_runs_no_tests_is_none(shop: Path, capsys: pytest.CaptureFixture[str], command: str) -> None:
    plan(shop, command=command)
    _, said = gate(capsys)
    assert "`suite/unit-tests`" in said


def test_an_override_needs_a_person_and_is_recorded(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan(shop)
    assert gate(capsys, "--override")[0] == 2
    assert gate(capsys, "--by", "Ada", "--reason", "x")[0] == 2
    code, said = gate(capsys, "--override", "--by", "Ada", "--reason", "the shop opens today")
    assert code == 0, said
    assert "OVERRIDDEN" in said
    assert "overridden by Ada" in said
    assert json.loads((shop / PLAN).read_text())["status"] == "COMPLETE"
    (record,) = shop.rglob("*-override.json")
    kept = json.loads(record.read_text())
    assert (kept["by"], kept["reason"]) == ("Ada", "the shop opens today")
    assert "plan/task-open" in kept["failing"]


def test_a_plan_that_changed_since_its_approval_is_refused(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan(shop)
    gate(capsys)
    (shop / PLAN).write_text((shop / PLAN).read_text().replace("It sells.", "It sells a little."))
    code, said = gate(capsys)
    assert code == 2
    assert "description" in said


def test_the_gate_as_a_page(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan(shop)
    assert main(["gate", PLAN, "--quiet", "--no-browser", "--format", "html", "--output", "gate.html"]) == 3
    capsys.readouterr()
    text = (shop / "gate.html").read_text()
    assert text.startswith("<!DOCTYPE html>")
    for check in ("plan/task-open", "suite/unit-tests", "runtime/starts"):
        assert f'data-check="{check}"' in text
    assert "task 1 (Shop) does not pass" in text


def test_the_baseline_of_the_configuration_holds_for_the_gate_too(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (shop / "requirements.txt").write_text("flask\nflask-cors\n")
    (shop / "web.py").write_text("from flask import Flask\nfrom flask_cors import CORS\napp = Flask(__name__)\nCORS(app)\n")
    plan(shop)
    assert "`flask/cors-any-origin` `web.py:4`" in gate(capsys)[1]
    (shop / "gotcha-audit.toml").write_text('baseline = "known.json"\n')
    assert main(["baseline", "create"]) == 0
    capsys.readouterr()
    _, said = gate(capsys)
    assert "`flask/cors-any-origin` `web.py:4`" not in said
    assert "1 finding suppressed (1 baseline)." in said
    (shop / "known.json").write_text("[]")
    code, said = gate(capsys)
    assert (code, said.startswith("gotcha-audit: known.json:1: this is no baseline")) == (2, True), "before anything is run"
