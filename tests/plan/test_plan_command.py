import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from made_plan import FIXTURES, small

from auditor.cli import main


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    return tmp_path


def put(project: Path, name: str) -> str:
    """A plan of the fixtures in the project."""
    target = project / "docs" / "plans" / f"{name}.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(FIXTURES / f"{name}.json", target)
    return f"docs/plans/{name}.json"


def test_show_lists_each_task_with_its_state(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(project, "half-done")
    put(project, "pending")
    assert main(["plan", "show"]) == 0
    assert capsys.readouterr().out == (
        "Notes\n"
        "docs/plans/half-done.json: APPROVED, 1 of 3 tasks pass\n"
        "\n"
        "task  state         name\n"
        "1     passes        Store a note\n"
        "2     ready         List the notes\n"
        "3     blocked by 2  Serve the page\n"
    )


@pytest.mark.parametrize("flag", [["--json"], ["--format", "json"]])
def test_show_as_json(project: Path, capsys: pytest.CaptureFixture[str], flag: list[str]) -> None:
    put(project, "half-done")
    assert main(["plan", "show", *flag]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["plan"], shown["title"], shown["status"]) == ("docs/plans/half-done.json", "Notes", "APPROVED")
    assert [(task["id"], task["state"], task["blocked_by"], task["line"]) for task in shown["tasks"]] == [
        (1, "passes", [], 7),
        (2, "ready", [], 16),
        (3, "blocked", ["2"], 25),
    ]
    assert shown["tasks"][0]["dod"] == ["Store a note: its tests pass"]


def test_next_names_what_can_be_done_and_what_waits(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(project, "half-done")
    assert main(["plan", "next"]) == 0
    assert capsys.readouterr().out == "2  List the notes\n\nblocked:\n  3  by 2\n"
    assert main(["plan", "next", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert ([task["id"] for task in told["next"]], [task["id"] for task in told["blocked"]]) == ([2], [3])
    assert main(["plan", "next", "--plan", put(project, "complete")]) == 0
    assert capsys.readouterr().out == "every task passes\n"
    assert main(["plan", "next", "--plan", put(project, "cyclic")]) == 0
    assert capsys.readouterr().out.startswith("nothing can be done: gotcha-audit plan lint says why\n")


def test_approve_then_a_change_is_refused_then_a_person_accepts_it(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = put(project, "pending")
    assert main(["plan", "approve"]) == 0
    assert capsys.readouterr().out == "docs/plans/pending.json: APPROVED, 3 tasks\n"
    (project / name).write_text((project / name).read_text().replace("its tests pass", "looks fine"))
    assert main(["plan", "next"]) == 2
    assert capsys.readouterr().err == (
        "gotcha-audit: docs/plans/pending.json:12: dod of task 1 was changed since it was approved\n"
        "docs/plans/pending.json:21: dod of task 2 was changed since it was approved\n"
        "docs/plans/pending.json:30: dod of task 3 was changed since it was approved\n"
        "Undo that, or let a person approve the plan as it is now: gotcha-audit plan approve --plan docs/plans/pending.json --by NAME\n"
    )
    assert main(["plan", "approve"]) == 2
    assert (
        capsys.readouterr().err == "gotcha-audit: no plan in docs/plans/ is DRAFT or PENDING: name one with --plan FILE\n  pending.json: APPROVED\n"
    )
    assert main(["plan", "approve", "--plan", name]) == 2
    assert "--by NAME" in capsys.readouterr().err
    assert main(["plan", "approve", "--plan", name, "--by", "Ada", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["by"] == "Ada"
    assert main(["plan", "next"]) == 0


def test_a_plan_with_mistakes_is_not_approved(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = put(project, "cyclic")
    before = (project / name).read_bytes()
    assert main(["plan", "approve"]) == 2
    assert capsys.readouterr().err.startswith("gotcha-audit: docs/plans/cyclic.json:7: tasks wait for each other: 1 -> 3 -> 2 -> 1;")
    assert (project / name).read_bytes() == before


LINTED = {"pending": 0, "early": 1, "wrong-types": 1, "malformed": 3, "not-an-object": 3}


@pytest.mark.parametrize(("name", "status"), LINTED.items())
def test_lint_has_the_exit_code_of_what_it_found(project: Path, capsys: pytest.CaptureFixture[str], name: str, status: int) -> None:
    assert main(["plan", "lint", "--plan", put(project, name)]) == status
    out = capsys.readouterr().out
    assert (out == f"docs/plans/{name}.json: nothing is wrong with it\n") is (status == 0)
    assert main(["plan", "lint", "--json"]) == status  # the only plan there is
    (run,) = json.loads(capsys.readouterr().out)["runs"]
    assert run["producer"] == "plan"
    assert bool(run["results"]) is (status != 0)


def test_lint_shows_each_mistake_with_its_line(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(project, "early")
    assert main(["plan", "lint"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == [
        "docs/plans/early.json:23:1  error  plan/early",
        "  task 2 passes while what it depends on does not: 1; one of the two is not true",
    ]


REFUSED = {
    "no plan at all": ([], "there is no plan in docs/plans/"),
    "not there": (["--plan", "missing.json"], "missing.json: no such file"),
    "outside": (["--plan", "/etc/hostname"], "/etc/hostname: is outside the project"),
    "a folder": (["--plan", "."], ".: is no file"),
}


@pytest.mark.parametrize("command", ["lint", "show", "next", "approve"])
@pytest.mark.parametrize(("arguments", "reason"), REFUSED.values(), ids=REFUSED)
@pytest.mark.usefixtures("project")
def test_what_is_no_plan_is_2_with_the_reason(capsys: pytest.CaptureFixture[str], command: str, arguments: list[str], reason: str) -> None:
    assert main(["plan", command, *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(f"gotcha-audit: {reason}")


@pytest.mark.parametrize("command", ["show", "next", "approve"])
@pytest.mark.parametrize("name", ["malformed", "wrong-types", "duplicate-keys", "duplicate-id", "not-an-object", "unclosed"])
def test_what_cannot_be_read_is_2_with_every_line(project: Path, capsys: pytest.CaptureFixture[str], command: str, name: str) -> None:
    path = put(project, name)
    assert main(["plan", command, "--plan", path]) == 2
    lines = capsys.readouterr().err.removeprefix("gotcha-audit: ").splitlines()
    assert [line for line in lines if not line.startswith(f"{path}:")] == []


def test_hostile_names_do_nothing_to_the_terminal(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "\x1b]0;x\x07\u202e\n[red]"
    small(project, {"id": text, "name": text}, {"name": text, "dependencies": [text]}, title=text)
    for command in (["show"], ["next"], ["lint"], ["show", "--json"], ["next", "--json"]):
        main(["plan", *command])
        out = capsys.readouterr().out
        assert all(character.isprintable() or character == "\n" for character in out)


def test_reading_commands_write_nothing(project: Path) -> None:
    put(project, "half-done")
    for command in ("lint", "show", "next"):
        assert main(["plan", command]) == 0
    assert sorted(path.name for path in project.rglob("*")) == ["docs", "half-done.json", "plans"]


def test_the_group_is_quick_to_help(project: Path) -> None:
    program = "import sys; from auditor.cli import main; main(['plan', '--help']); sys.exit('libcst' in sys.modules or 'semgrep' in sys.modules)"
    checkout = str(Path(__file__).parent.parent.parent)
    run = subprocess.run([sys.executable, "-c", program], cwd=project, env={"PYTHONPATH": checkout}, capture_output=True, timeout=60, check=False)
    assert run.returncode == 0
