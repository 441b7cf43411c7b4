"""One scan, several reports."""

from __future__ import annotations

import json
import os
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path, PurePosixPath

import pytest

from auditor.cli import main
from auditor.cli.reports import anchor, below_repository

FAILING = "from flask import Flask\nfrom flask_cors import CORS\n\napp = Flask(__name__)\nCORS(app)\n"
SILENCED = FAILING.replace("CORS(app)", "CORS(app)  # gotcha: ignore[flask/cors-any-origin] -- a public API")
SCAN = ("--jobs", "1", "--select", "flask/cors-any-origin")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "shop"
    root.mkdir()
    (root / "requirements.txt").write_text("flask\nflask-cors\n")
    (root / "web.py").write_text(FAILING)
    monkeypatch.chdir(root)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return root


@pytest.mark.usefixtures("project")
def test_a_scan_writes_several_reports(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scan", *SCAN, "--format", "text", "--format", "sarif:report.sarif", "--format", "junit:junit.xml"]) == 1
    said = capsys.readouterr()
    assert said.out.startswith("web.py:5:1  warning  flask/cors-any-origin\n")
    assert said.err == (f"report.sarif: {said.out.splitlines()[-1]}\njunit.xml: {said.out.splitlines()[-1]}\n")
    (run,) = json.loads(Path("report.sarif").read_text())["runs"]
    assert [result["ruleId"] for result in run["results"]] == ["flask/cors-any-origin"]
    assert ET.parse("junit.xml").getroot().attrib["failures"] == "1"


@pytest.mark.usefixtures("project")
def test_a_format_with_a_file_leaves_standard_output_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scan", *SCAN, "--format", "gitlab:code-quality.json"]) == 1
    assert capsys.readouterr().out == ""
    assert len(json.loads(Path("code-quality.json").read_text())) == 1


@pytest.mark.usefixtures("project")
def test_output_is_the_file_of_the_format_without_one() -> None:
    assert main(["scan", *SCAN, "--format", "sarif:a.sarif", "--format", "json", "--output", "b.json"]) == 1
    assert "version" in json.loads(Path("a.sarif").read_text())
    assert json.loads(Path("b.json").read_text())["version"] == "v1"


@pytest.mark.usefixtures("project")
def test_a_file_with_colour_has_none(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    main(["scan", *SCAN, "--format", "text:report.txt", "--format", "text"])
    assert "\x1b[" in capsys.readouterr().out
    assert "\x1b[" not in Path("report.txt").read_text()


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--format", "text", "--format", "json"], "text and json cannot both go to standard output: write --format text:FILE"),
        (["--format", "text", "--format", "json", "--output", "x"], "text and json cannot both go to x"),
        (["--format", "json:a", "--output", "b"], "--output b: every --format names its own file already"),
        (["--format", "json:a", "--format", "sarif:./a"], "a is named for two formats"),
        (["--format", "json:"], "'json:' names no file after the colon"),
        (["--format", "yaml"], "'yaml' is not one of text, json, markdown"),
        (["--format", "json:missing/report.json"], "missing/report.json cannot be written"),
    ],
)
def test_what_cannot_be_written_is_said(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scan", *SCAN, *arguments]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.usefixtures("project")
def test_wrong_formats_are_said_before_the_scan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auditor.cli.scan.scan", lambda *_: pytest.fail("the scan was made"))
    assert main(["scan", "--format", "text", "--format", "json"]) == 2


@pytest.mark.usefixtures("project")
def test_suppressed_results_can_be_left_out_of_sarif(project: Path) -> None:
    (project / "web.py").write_text(SILENCED)
    for flag, kept in ((), 1), (("--hide-suppressed",), 0):
        assert main(["scan", *SCAN, "--format", "sarif:report.sarif", *flag]) == 0
        (run,) = json.loads(Path("report.sarif").read_text())["runs"]
        assert len(run["results"]) == kept


def test_paths_are_those_of_the_repository(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Code hosts take paths from the root of the repository, wherever the scan was started and whatever it was given."""
    subprocess.run(["git", "init", "-q", project.parent], check=True)
    for folder, argument in ((project, "."), (project.parent, "shop"), (Path("/"), str(project))):
        monkeypatch.chdir(folder)
        main(["scan", argument, *SCAN, "--format", f"gitlab:{project}/report.json"])
        (issue,) = json.loads((project / "report.json").read_text())
        assert issue["location"] == {"path": "shop/web.py", "lines": {"begin": 5}}


def test_without_a_repository_the_current_directory_is_the_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert below_repository(Path("a/b")) == PurePosixPath("a/b")
    assert below_repository(Path()) == PurePosixPath()
    monkeypatch.chdir(tmp_path / "a" / "b")
    assert below_repository(tmp_path / "a") == PurePosixPath()


def test_what_stands_for_a_project(tmp_path: Path) -> None:
    assert anchor(tmp_path) is None
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    assert anchor(tmp_path) == PurePosixPath("Dockerfile")
    (tmp_path / "package.json").write_text("{}\n")
    assert anchor(tmp_path) == PurePosixPath("package.json")
    (tmp_path / "docs").mkdir()
    plan = tmp_path / "docs" / "plan.json"
    plan.write_text("{}\n")
    assert anchor(tmp_path, plan, tmp_path / "pyproject.toml") == PurePosixPath("docs/plan.json")
    assert anchor(tmp_path / "docs", tmp_path / "package.json", plan) == PurePosixPath("plan.json"), "a file outside is no anchor"


def test_a_gate_is_told_to_ci_systems(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    plan = {
        "title": "A shop",
        "status": "APPROVED",
        "tasks": [{"id": 1, "name": "Shop", "description": "It sells.", "dependencies": [], "dod": "it sells", "files": ["app.py"], "passes": False}],
        "validation": {"unit_test_command": "python -m unittest", "start_command": "true"},
    }
    (tmp_path / "docs" / "plans").mkdir(parents=True)
    path = tmp_path / "docs" / "plans" / "shop.json"
    path.write_text(json.dumps(plan, indent=2))
    monkeypatch.chdir(tmp_path)
    arguments = ["gate", os.fspath(path.relative_to(tmp_path)), "--quiet", "--no-browser", "--format", "markdown"]
    assert main([*arguments, "--format", "sarif:gate.sarif", "--format", "junit:gate.xml", "--format", "gitlab:gate.json"]) == 3
    said = capsys.readouterr()
    assert said.out.startswith("# Gate: A shop: FAIL")
    assert "gate.sarif: docs/plans/shop.json: not complete, 2 to mend" in said.err
    (run,) = json.loads(Path("gate.sarif").read_text())["runs"]
    assert [(one["ruleId"], one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]) for one in run["results"]] == [
        ("plan/task-open", "docs/plans/shop.json"),
        ("suite/unit-tests", "docs/plans/shop.json"),
    ]
    assert [invocation["properties"]["producer"] for invocation in run["invocations"]] == ["plan", "suite", "scan", "validate"]
    assert [suite.attrib["name"] for suite in ET.parse("gate.xml").getroot()] == [
        f"gotcha-audit {name}" for name in ("plan", "suite", "scan", "validate")
    ]
    assert len(json.loads(Path("gate.json").read_text())) == 2
