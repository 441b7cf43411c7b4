"""The commands red, green, pass and verify, as they are called."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from auditor.cli.plan_run import COMMANDS
from auditor.errors import GotchaAuditError
from tests.plan.made_project import Made, command, made


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Made:
    monkeypatch.chdir(tmp_path)
    return made(tmp_path)


def call(*words: str) -> tuple[int, str]:
    group = click.Group("plan", commands=list(COMMANDS))
    result = CliRunner().invoke(group, words, standalone_mode=False)
    if isinstance(result.exception, GotchaAuditError):
        return result.exception.exit_code, str(result.exception)
    assert result.exception is None, result.exception
    return result.return_value, result.output


def test_from_red_to_verified(project: Made) -> None:
    code, text = call("red", "1", "--", *command())
    assert (code, "fails, as it must" in text, "FAILED (failures=1)" in text) == (0, True, True)
    assert call("pass", "1")[0] == 2
    project.work()
    assert call("green", "1", "--json", "--plan", str(project.path), "--", *command())[0] == 0
    before = project.path.read_bytes()
    code, text = call("pass", "1")
    assert (code, "task 1 passes" in text) == (0, True)
    after = project.path.read_bytes()
    assert after == before.replace(b'"passes": false', b'"passes": true', 1), "nothing but the one value changed"
    code, text = call("verify", "--json")
    assert code == 0
    assert [result["check"] for result in json.loads(text)["runs"][0]["results"]] == ["plan/evidence"]
    assert call("verify")[0] == 0


def test_a_verdict_is_1_and_a_refusal_2(project: Made) -> None:
    assert call("green", "1", "--", *command())[0] == 1
    assert call("green", "1", "--", "echo", "5 passed")[0] == 2
    assert call("green", "9", "--", *command())[0] == 2
    assert call("green", "1")[0] == 2
    assert call("pass", "1", "--by", "Ada")[0] == 2
    assert call("pass", "1", "--override", "--by", "Ada")[0] == 2
    assert json.loads(project.path.read_text())["tasks"][0]["passes"] is False


@pytest.mark.usefixtures("project")
def test_a_refusal_names_every_reason() -> None:
    code, text = call("pass", "2")
    assert code == 2
    assert "depends on task 1" in text
    assert "no evidence" in text


@pytest.mark.usefixtures("project")
def test_an_override_lets_pass_and_stays_visible() -> None:
    assert call("pass", "1", "--override", "--by", "Ada", "--reason", "seen on staging")[0] == 0
    code, text = call("verify")
    assert "Ada" in text
    assert code == 0


def test_a_task_that_was_marked_by_hand_fails_to_verify(project: Made) -> None:
    data = json.loads(project.path.read_text())
    data["tasks"][0]["passes"] = True
    project.path.write_text(json.dumps(data))
    code, text = call("verify")
    assert code == 1
    assert "plan/evidence-missing" in text
