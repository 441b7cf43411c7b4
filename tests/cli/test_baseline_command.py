"""The findings a project lives with, from the command line."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from auditor.cli import main

FAILING = "from flask import Flask\nfrom flask_cors import CORS\n\napp = Flask(__name__)\nCORS(app)\n"
FILE = "gotcha-audit-baseline.json"
SELECT = 'select = ["flask/cors-any-origin"]\njobs = 1\n'


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    (root / "requirements.txt").write_text("flask\nflask-cors\n")
    (root / "web.py").write_text(FAILING)
    (root / "gotcha-audit.toml").write_text(SELECT)
    monkeypatch.chdir(root)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return root


def entries(root: Path, name: str = FILE) -> list[tuple[str, str]]:
    return [(entry["path"], entry["check"]) for entry in json.loads((root / name).read_text())["findings"]]


def test_from_nothing_to_new_findings_only(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scan"]) == 1
    capsys.readouterr()
    assert main(["baseline", "create"]) == 0
    told = capsys.readouterr()
    assert told.out == f"{FILE}: 1 finding\n"
    assert told.err == f'gotcha-audit: give it to scan with --baseline, or write `baseline = "{FILE}"` into the configuration\n'
    assert main(["scan", "--baseline", FILE]) == 0
    assert "0 fail, 0 review, 0 pass, 1 suppressed (1 baseline); " in capsys.readouterr().out
    (project / "web.py").write_text(f"import os\n\n{FAILING}CORS(app)\n")
    assert main(["scan", "--baseline", FILE]) == 1
    out = capsys.readouterr().out
    assert out.startswith("web.py:8:1  warning  flask/cors-any-origin\n")
    assert "1 fail, 0 review, 0 pass, 1 suppressed (1 baseline); " in out


def test_the_configuration_may_name_it_and_a_flag_may_pass_over_it(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "gotcha-audit.toml").write_text(f'{SELECT}baseline = "known.json"\n')
    assert main(["scan"]) == 2
    assert capsys.readouterr().err == (
        "gotcha-audit: known.json: there is no such baseline: `gotcha-audit baseline create --file known.json` writes it\n"
    )
    assert main(["baseline", "create"]) == 0
    assert capsys.readouterr() == ("known.json: 1 finding\n", "")
    assert main(["scan"]) == 0
    assert main(["scan", "--no-baseline"]) == 1
    (project / "empty.json").write_text('{"version": 1, "findings": []}')
    assert main(["scan", "--baseline", "empty.json"]) == 1


def test_the_json_report_keeps_what_is_suppressed(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["baseline", "create"])
    capsys.readouterr()
    main(["scan", "--baseline", FILE, "--format", "json"])
    (run,) = json.loads(capsys.readouterr().out)["runs"]
    (result,) = run["results"]
    assert (result["outcome"], result["suppression"]) == ("fail", {"origin": "baseline", "reason": f"listed in {FILE}", "place": None})
    assert (run["counts"]["suppressed"], run["counts"]["suppressed by baseline"]) == (1, 1)
    assert result["fingerprint"] == json.loads((project / FILE).read_text())["findings"][0]["fingerprint"]


def test_a_baseline_is_not_replaced_unless_asked(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / FILE).write_text("mine")
    assert main(["baseline", "create"]) == 2
    assert capsys.readouterr().err == (
        f"gotcha-audit: {FILE} is there: `gotcha-audit baseline update` keeps it up to date, and --force replaces it by all findings of now\n"
    )
    assert (project / FILE).read_text() == "mine"
    assert main(["baseline", "create", "--force"]) == 0
    assert entries(project) == [("web.py", "flask/cors-any-origin")]


def test_an_update_takes_out_what_is_gone_and_leaves_out_what_is_new(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "gone.py").write_text(FAILING)
    (project / "old.py").write_text(FAILING)
    main(["baseline", "create"])
    before = (project / FILE).read_text()
    (project / "gone.py").write_text("x = 1\n")
    (project / "old.py").rename(project / "renamed.py")
    (project / "web.py").write_text(f"{FAILING}CORS(app)\n")
    capsys.readouterr()
    said = "- gone.py: flask/cors-any-origin\n> old.py is renamed.py now\n? web.py: flask/cors-any-origin\n"
    told = f"{FILE}: 2 kept, 1 gone, 1 new and left out (--add takes them in)"
    assert main(["baseline", "update", "--check"]) == 1
    assert capsys.readouterr() == (f"{said}{told}; nothing was written\n", "")
    assert (project / FILE).read_text() == before
    assert main(["baseline", "update"]) == 0
    assert capsys.readouterr() == (f"{said}{told}\n", "")
    assert [path for path, _ in entries(project)] == ["renamed.py", "web.py"]
    assert main(["baseline", "update", "--check"]) == 0
    capsys.readouterr()
    assert main(["baseline", "update", "--add"]) == 0
    assert capsys.readouterr() == (f"+ web.py: flask/cors-any-origin\n{FILE}: 2 kept, 0 gone, 1 added\n", "")
    assert [path for path, _ in entries(project)] == ["renamed.py", "web.py", "web.py"]
    assert main(["scan", "--baseline", FILE]) == 0


def test_stale_entries_are_told_and_change_no_exit_code(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["baseline", "create"])
    (project / "web.py").write_text("import flask\n")
    capsys.readouterr()
    assert main(["scan", "--strict", "--baseline", FILE]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert f"{FILE}: 1 entry no longer occurs (web.py: flask/cors-any-origin); `gotcha-audit baseline update` writes that down" in out
    assert main(["scan", "requirements.txt", "--baseline", FILE]) == 0
    assert "no longer occurs" not in capsys.readouterr().out


def test_what_cannot_be_examined_is_in_no_baseline(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "broken.py").write_text("def (")
    assert main(["baseline", "create"]) == 3
    assert "1 thing could not be examined, and no baseline holds that: `gotcha-audit scan` names it" in capsys.readouterr().err
    assert entries(project) == [("web.py", "flask/cors-any-origin")]
    assert main(["scan", "--baseline", FILE]) == 3


def test_another_root_has_its_own_baseline(project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project.parent)
    assert main(["baseline", "create", "project"]) == 0
    assert capsys.readouterr().out == f"project/{FILE}: 1 finding\n"
    assert main(["scan", "project", "--baseline", f"project/{FILE}"]) == 0


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["baseline", "create", "nowhere"], "nowhere: no such directory"),
        (["baseline", "create", "web.py"], "web.py is no directory"),
        (["baseline", "create", "--file", "nowhere/b.json"], "nowhere/b.json cannot be written: No such file or directory"),
        (["baseline", "update"], f"{FILE}: there is no such baseline: `gotcha-audit baseline create --file {FILE}` writes it"),
        (["baseline", "update", "--check", "--add"], "--check writes nothing, so it cannot --add"),
        (
            ["scan", "--baseline", "web.py"],
            "web.py:1: this is not valid JSON (Expecting value): `gotcha-audit baseline create --force` writes it anew",
        ),
    ],
)
def test_wrong_use_is_one_line_and_2(capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(f"gotcha-audit: {message}")
    assert captured.err.count("\n") == 1


def test_hostile_names_do_not_act(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "a\n\x1b[2Jb.py").write_text(FAILING)
    main(["baseline", "create"])
    (project / "a\n\x1b[2Jb.py").unlink()
    capsys.readouterr()
    assert main(["baseline", "update"]) == 0
    assert capsys.readouterr().out == f"- a\\n\\x1b[2Jb.py: flask/cors-any-origin\n{FILE}: 1 kept, 1 gone\n"


def test_since_and_a_baseline_go_together(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One finding is in the baseline, one was there at the commit, one is new."""
    main(["baseline", "create"])
    (project / "other.py").write_text(FAILING)

    def git(*arguments: str) -> None:
        environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@example.com", *arguments], check=True, capture_output=True, env=environment)

    git("init", "-q")
    git("add", "-A")
    git("commit", "-qm", "one")
    (project / "new.py").write_text(FAILING)
    capsys.readouterr()
    assert main(["scan", "--baseline", FILE, "--since", "HEAD"]) == 1
    out = capsys.readouterr().out
    assert out.startswith("new.py:5:1  warning  flask/cors-any-origin\n")
    assert "1 fail, 0 review, 0 pass, 2 suppressed (1 baseline, 1 since); " in out
    assert main(["scan", "--since", "HEAD", "--format", "markdown"]) == 1
    assert "2 suppressed (2 since)" in capsys.readouterr().out
    assert main(["scan", "other.py", "web.py", "--baseline", FILE, "--since", "HEAD"]) == 0
    capsys.readouterr()
    assert main(["scan", "--since", "nowhere"]) == 2
    assert capsys.readouterr().err.startswith("gotcha-audit: --since nowhere: there is no such commit: write a branch, a tag or a commit")
