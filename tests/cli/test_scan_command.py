import json
import subprocess
from pathlib import Path

import pytest

from auditor.cli import main
from auditor.cli.scan import target
from auditor.errors import UsageError

SAMPLE = Path(__file__).parent.parent.parent / "fixtures" / "projects" / "sample-flask-react"

FAILING = """\
from flask import Flask
from flask_cors import CORS

app = Flask(__name__)
CORS(app)
"""
WORKING = FAILING.replace("CORS(app)", 'CORS(app, origins=["https://shop.example"])')


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    (root / "requirements.txt").write_text("flask\nflask-cors\n")
    (root / "web.py").write_text(FAILING)
    (root / "other.py").write_text(WORKING)
    monkeypatch.chdir(root)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return root


def scanned(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, object]]:
    status = main(["scan", "--format", "json", "--jobs", "1", *arguments])
    (run,) = json.loads(capsys.readouterr().out)["runs"]
    return status, run


def outcomes(run: dict[str, object]) -> list[tuple[str, int, str]]:
    results = [result for result in run["results"] if result["check"] == "flask/cors-any-origin"]
    return [(result["place"]["path"], result["place"]["span"]["start"]["line"], result["outcome"]) for result in results]


@pytest.mark.usefixtures("project")
def test_the_current_directory_is_scanned(capsys: pytest.CaptureFixture[str]) -> None:
    status, run = scanned(capsys)
    assert (status, outcomes(run)) == (1, [("other.py", 5, "pass"), ("web.py", 5, "fail")])


def test_a_directory_is_a_root_of_its_own(project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project.parent)
    status, run = scanned(capsys, "project")
    assert (status, outcomes(run)) == (1, [("other.py", 5, "pass"), ("web.py", 5, "fail")])


@pytest.mark.usefixtures("project")
def test_files_limit_the_scan(capsys: pytest.CaptureFixture[str]) -> None:
    status, run = scanned(capsys, "other.py")
    assert (status, outcomes(run)) == (0, [("other.py", 5, "pass")])


@pytest.mark.usefixtures("project")
def test_standard_output_holds_the_report_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scan", "--jobs", "1"]) == 1
    captured = capsys.readouterr()
    assert captured.out.startswith("web.py:5:1  warning  flask/cors-any-origin\n")
    assert captured.err == ""
    assert "\x1b" not in captured.out


def test_an_output_file_gets_the_report_and_standard_error_the_summary(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--select", "flask/cors-any-origin", "--format", "json", "--output", "report.json"]
    assert main(["scan", "--jobs", "1", *arguments]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("report.json: 1 fail, 0 review, 1 pass, 0 suppressed; 3 files in ")
    assert json.loads((project / "report.json").read_text())["version"] == "v1"


@pytest.mark.usefixtures("project")
def test_the_exit_code_follows_fail_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert scanned(capsys, "--fail-on", "error")[0] == 0
    assert scanned(capsys, "--fail-on", "note")[0] == 1


def test_flags_win_over_the_configuration(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "gotcha-audit.toml").write_text('fail-on = "error"\nshow = ["pass"]\n')
    assert main(["scan", "--jobs", "1"]) == 0
    assert capsys.readouterr().out.startswith("other.py:5:1  works  flask/cors-any-origin\n")
    assert main(["scan", "--jobs", "1", "--fail-on", "warning", "--show", "fail"]) == 1
    assert capsys.readouterr().out.startswith("web.py:5:1  warning  flask/cors-any-origin\n")


@pytest.mark.usefixtures("project")
def test_select_and_ignore_are_comma_separated_and_repeatable(capsys: pytest.CaptureFixture[str]) -> None:
    status, run = scanned(capsys, "--select", "flask/cors-any-origin,flask/hardcoded-secret", "--select", "python/env-unchecked")
    assert status == 1
    assert [checked["gotcha"] for checked in run["checked"]] == ["flask/cors-any-origin", "flask/hardcoded-secret", "python/env-unchecked"]
    status, run = scanned(capsys, "--ignore", "flask/cors-*")
    assert status == 0
    assert not [checked for checked in run["checked"] if checked["gotcha"].startswith("flask/cors-")]


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "gotcha-audit: nowhere: no such file or directory\n"),
        (["--show", "fail,everything"], "gotcha-audit: --show everything: write one or more of fail, review, pass\n"),
        (["--select", "flask/cors-any-orign"], "gotcha-audit: no gotcha is called 'flask/cors-any-orign'; did you mean flask/cors-any-origin?\n"),
        (["--output", "nowhere/report.txt"], "gotcha-audit: nowhere/report.txt cannot be written: No such file or directory\n"),
    ],
)
def test_wrong_use_is_one_line_and_2(capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    assert main(["scan", "--jobs", "1", *arguments]) == 2
    assert capsys.readouterr() == ("", message)


def test_a_broken_configuration_is_2(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "gotcha-audit.toml").write_text('\nselct = ["flask/*"]\n')
    assert main(["scan"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "gotcha-audit.toml:2: `selct` is not known: did you mean `select`?" in captured.err


def test_a_file_that_cannot_be_examined_is_3_and_wins_over_1(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "broken.py").write_text("def broken(:\n")
    assert main(["scan", "--jobs", "1"]) == 3
    captured = capsys.readouterr()
    assert captured.out.startswith("broken.py:1:")
    assert "web.py:5:1  warning  flask/cors-any-origin" in captured.out
    assert "1 not examined" in captured.out
    assert captured.err == "gotcha-audit: something could not be examined; the report names it\n"


def test_an_empty_directory_is_clean(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scan", str(tmp_path)]) == 0
    assert "0 fail, 0 review, 0 pass, 0 suppressed; 0 files in " in capsys.readouterr().out


@pytest.mark.usefixtures("project")
def test_markdown_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scan", "--jobs", "1", "--format", "markdown"]) == 1
    assert "### `web.py:5:1` warning `flask/cors-any-origin`" in capsys.readouterr().out


class TestTarget:
    def test_nothing_means_the_current_directory(self, project: Path) -> None:
        assert target(()) == (project, ())

    @pytest.mark.usefixtures("project")
    def test_one_directory_is_the_root(self) -> None:
        assert target((Path(".."),)) == (Path(".."), ())

    def test_files_and_several_directories_are_below_the_current_one(self, project: Path) -> None:
        (project / "a").mkdir()
        (project / "b").mkdir()
        assert target((Path("a"), Path("b"))) == (project, (Path("a"), Path("b")))
        assert target((project / "web.py", Path("a/../other.py"))) == (project, (Path("web.py"), Path("other.py")))

    def test_what_lies_outside_is_refused_with_the_mend(self, project: Path) -> None:
        (project.parent / "outside.py").write_text("")
        with pytest.raises(UsageError, match=r"outside.py is outside the current directory: run from the root of its project"):
            target((Path("../outside.py"),))


@pytest.mark.semgrep
def test_the_bundled_sample_fails_where_its_readme_says(capsys: pytest.CaptureFixture[str]) -> None:
    status, run = scanned(capsys, str(SAMPLE))
    documented = {
        (cells[1].strip("` "), cells[3].strip("` "))
        for line in (SAMPLE / "README.md").read_text().splitlines()
        if len(cells := line.split("|")) == 5 and "/" in cells[3]
    }
    assert len(documented) == 7
    assert {(result["place"]["path"], result["check"]) for result in run["results"] if result["outcome"] == "fail"} == documented
    assert status == 1


@pytest.mark.usefixtures("project")
def test_python_alone_never_starts_semgrep(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[object] = []
    start = subprocess.Popen.__init__

    def watch(self: object, command: object, *arguments: object, **options: object) -> None:
        started.append(command)
        start(self, command, *arguments, **options)

    monkeypatch.setattr(subprocess.Popen, "__init__", watch)
    assert scanned(capsys)[0] == 1
    assert [command for command in started if "semgrep" in str(command)] == []
