"""``gotcha-audit init``: shows, asks, writes; a second run finds nothing to do."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from made_set_up import SHOP, made, tree

from auditor import init
from auditor.cli import main
from auditor.project.config import load_config

ALL = "config,pre-commit,github,gitlab,agents"
WRITTEN = ["gotcha-audit.toml", ".pre-commit-config.yaml", ".github/workflows/gotcha-audit.yml", ".gitlab-ci.yml", "AGENTS.md", ".mcp.json"]


def test_without_a_terminal_nothing_is_written_unless_it_is_allowed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made(tmp_path, SHOP)
    before = tree(tmp_path)
    assert main(["init", str(tmp_path)]) == 2
    out, err = capsys.readouterr()
    assert "+++ gotcha-audit.toml" in out
    assert err == "gotcha-audit: nothing was written: there is no terminal to ask at; say --yes to write, or --dry-run to look\n"
    assert main(["init", str(tmp_path), "--dry-run"]) == 0
    assert capsys.readouterr() == (out, "")
    assert tree(tmp_path) == before


def test_yes_writes_all_that_was_asked_for_and_the_second_run_has_nothing_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made(tmp_path, SHOP)
    before = tree(tmp_path)
    assert main(["init", str(tmp_path), "--yes", "--only", ALL]) == 0
    assert [line.partition(":")[0] for line in capsys.readouterr().err.splitlines()] == WRITTEN
    first = tree(tmp_path)
    assert {name: text for name, text in first.items() if name in before} == before
    assert set(first) - set(before) == set(WRITTEN)
    load_config(tmp_path)
    assert main(["init", str(tmp_path), "--yes", "--only", ALL]) == 0
    out, err = capsys.readouterr()
    assert (err, "+++" in out, tree(tmp_path)) == ("gotcha-audit: nothing is written: all of it is there\n", False, first)


def test_what_is_written_adds_nothing_to_the_findings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The catalogue has entries about workflows and pipelines, and ours are to be examples of what works."""
    made(tmp_path, SHOP)
    assert main(["init", str(tmp_path), "--yes", "--only", ALL]) == 0
    capsys.readouterr()
    main(["scan", str(tmp_path), "--format", "json", "--jobs", "1", "--strict", "--select", "github-actions,docker,project,python,paas"])
    (run,) = json.loads(capsys.readouterr().out)["runs"]
    assert [result["place"]["path"] for result in run["results"] if result["outcome"] != "pass" and result["place"]["path"] in WRITTEN] == []
    assert any(item["gotcha"].startswith("github-actions/") for item in run["checked"])


def test_a_dry_run_shows_what_yes_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made(tmp_path, {**SHOP, "pyproject.toml": '[project]\nname = "shop"\n', ".pre-commit-config.yaml": "repos:\n- repo: x\n  hooks:\n  - id: y\n"})
    assert main(["init", str(tmp_path), "--dry-run"]) == 0
    shown = capsys.readouterr().out
    subprocess.run(["git", "init", "-q", str(tmp_path / "patched")], check=True)
    made(tmp_path / "patched", {name: tree(tmp_path)[name] for name in ("pyproject.toml", ".pre-commit-config.yaml")})
    subprocess.run(["patch", "-p0", "--quiet"], input=shown, text=True, cwd=tmp_path / "patched", check=True)
    assert main(["init", str(tmp_path), "--yes"]) == 0
    for name in ("pyproject.toml", ".pre-commit-config.yaml"):
        assert (tmp_path / name).read_text() == (tmp_path / "patched" / name).read_text()


def test_what_cannot_be_done_is_shown_to_be_pasted_and_the_rest_is_done(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made(tmp_path, {**SHOP, ".pre-commit-config.yaml": "repos: []\n"})
    assert main(["init", str(tmp_path), "--yes"]) == 1
    out = capsys.readouterr().out
    reason, shown = out.partition(".pre-commit-config.yaml is left alone: its `repos` is no list with a dash before each item\n")[1:]
    assert reason
    pasted = "".join(line.removeprefix("    ") + "\n" for line in shown.splitlines()[1:] if line)
    assert yaml.safe_load(pasted)[0]["hooks"][0] == {"id": "gotcha-audit"}
    assert ((tmp_path / ".pre-commit-config.yaml").read_text(), (tmp_path / "gotcha-audit.toml").exists()) == ("repos: []\n", True)


def test_a_file_that_changes_between_the_question_and_the_answer_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made(tmp_path, {**SHOP, "pyproject.toml": "[project]\n"})
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)

    def answer(*_: object, **__: object) -> bool:
        (tmp_path / "pyproject.toml").write_text("[project]\n# new\n")
        return True

    monkeypatch.setattr("click.confirm", answer)
    assert main(["init", str(tmp_path), "--only", "config"]) == 2
    assert "pyproject.toml changed meanwhile, and is left alone: run gotcha-audit init again" in capsys.readouterr().err
    assert (tmp_path / "pyproject.toml").read_text() == "[project]\n# new\n"


@pytest.mark.parametrize(("typed", "written"), [("y\n", True), ("n\n", False), ("\n", False)])
def test_a_person_at_a_terminal_is_asked(tmp_path: Path, typed: str, written: bool) -> None:
    made(tmp_path, SHOP)
    leader, follower = pty.openpty()
    os.write(leader, typed.encode())
    done = subprocess.run(
        [sys.executable, "-m", "auditor", "init", str(tmp_path), "--only", "config"],
        stdin=follower,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    os.close(leader)
    os.close(follower)
    assert (done.returncode, (tmp_path / "gotcha-audit.toml").exists()) == (0, written)
    assert "Write this file? [y/N]: " in done.stderr
    assert done.stdout.startswith("--- /dev/null\n+++ gotcha-audit.toml\n")


def test_a_name_that_is_no_part_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", str(tmp_path), "--only", "jenkins"]) == 2
    assert capsys.readouterr().err == "gotcha-audit: --only jenkins: write one or more of config, pre-commit, github, gitlab, agents\n"
    assert list(init.PARTS) == ALL.split(",")


def test_a_configuration_that_cannot_be_obeyed_is_said_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made(tmp_path, {**SHOP, "gotcha-audit.toml": "colour = 1\n"})
    assert main(["init", str(tmp_path), "--yes"]) == 2
    assert "`colour` is not known" in capsys.readouterr().err
    assert not (tmp_path / ".pre-commit-config.yaml").exists()


def test_nothing_that_a_file_holds_acts_on_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made(tmp_path, {**SHOP, ".pre-commit-config.yaml": "repos:\n- repo: x\n  hooks:\n  - id: y # \u202e\n"})
    main(["init", str(tmp_path), "--dry-run"])
    assert "\u202e" not in (out := capsys.readouterr().out)
    assert "# \\u202e" in out


def test_a_folder_that_may_not_be_made_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    made(tmp_path, SHOP)
    monkeypatch.setattr(Path, "mkdir", lambda *_, **__: (_ for _ in ()).throw(PermissionError(13, "Permission denied")))
    assert main(["init", str(tmp_path), "--yes", "--only", "github"]) == 2
    assert ".github/workflows cannot be made: Permission denied" in capsys.readouterr().err
