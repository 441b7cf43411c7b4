"""Red, green, pass and verify, with real runs, and what dishonest ones are refused for."""

from __future__ import annotations

import json
import re
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from auditor.errors import UsageError
from auditor.model import Outcome
from auditor.plan import passing, runner
from auditor.plan.document import Plan
from auditor.plan.edit import Change
from auditor.plan.evidence import AlteredError, folder_of, is_stale, latest, records, sha256
from auditor.plan.leads import NoRunnerError
from auditor.plan.passing import LimitError, Override, RefusedError, green, mark_passed, may_pass, red
from auditor.plan.store import save
from auditor.plan.verifying import verify
from tests.plan.made_project import OTHER_TEST, Made, command, made, write


@pytest.fixture(params=["git", "plain"])
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Made:
    return made(tmp_path, with_git=request.param == "git")


@pytest.fixture
def one(tmp_path: Path) -> Made:
    return made(tmp_path)


def shown(project: Made) -> None:
    """Red, the work, green."""
    assert red(project.plan, project.task(), command(), root=project.root).accepted
    project.work()
    assert green(project.plan, project.task(), command(), root=project.root).accepted


def let_pass(project: Made, override: Override | None = None) -> Plan:
    mark_passed(project.plan, project.task(), root=project.root, override=override)
    return save(project.plan, Change(passes={"1": True}), project.root)


def checks(project: Made) -> list[tuple[str, Outcome]]:
    return [(result.check, result.outcome) for result in verify(project.plan, root=project.root).results]


def test_the_honest_way(project: Made) -> None:
    shown(project)
    assert may_pass(project.plan, project.task(), root=project.root) == ()
    let_pass(project)
    assert [record.kind for record in records(project.plan, project.task())] == ["red", "green", "pass"]
    assert checks(project) == [("plan/evidence", Outcome.PASS)]


def test_a_record_holds_what_was_run(one: Made) -> None:
    judged = red(one.plan, one.task(), command(), root=one.root)
    data = json.loads(judged.record.path.read_text())  # type: ignore[union-attr]
    assert data["argv"] == command()
    assert (data["cwd"], data["code"], data["kind"], data["task"], data["previous"]) == (".", 1, "red", 1, "")
    assert data["counts"]["runner"] == "unittest"
    assert data["output"] == sha256(judged.record.log.read_bytes())  # type: ignore[union-attr]
    assert re.fullmatch("[0-9a-f]{40}", data["head"])
    assert set(data["files"]) == {"app.py"}
    assert set(data["changed"]) == {"tests/test_app.py"}


def test_red_must_fail_by_a_test(one: Made) -> None:
    one.work()
    assert "passes already" in red(one.plan, one.task(), command(), root=one.root).reasons[0]
    (one.root / "tests/test_app.py").write_text("import unittest\n")
    judged = red(one.plan, one.task(), [*command(), "--no-such-option"], root=one.root)
    assert not judged.accepted
    assert "no test failed" in judged.reasons[0]
    gone = red(one.plan, one.task(), ["pytest-not-here/pytest", "x"], root=one.root)
    assert "could not be started" in gone.reasons[0]


def test_green_must_pass(one: Made) -> None:
    judged = green(one.plan, one.task(), command(), root=one.root)
    assert any("exit code 1" in reason for reason in judged.reasons)
    assert "did not pass" in may_pass(one.plan, one.task(), root=one.root)[0]
    assert latest(one.plan, one.task()) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("import unittest\n", "no tests"),
        ("import unittest\nclass T(unittest.TestCase):\n    @unittest.skip('x')\n    def test_a(self): pass\n", "all were skipped"),
        ("print('Ran 5 tests in 0.1s')\nprint()\nprint('OK')\n", "nothing says"),
        ("import os\nprint('5 passed in 0.1s', flush=True)\nprint('a\\nb\\nc', flush=True)\nos._exit(0)\n", "nothing says"),
        (
            "import sys, unittest\nclass T(unittest.TestCase):\n    def test_a(self): self.fail()\nimport atexit, os\natexit.register(os._exit, 0)\n",
            "although",
        ),
    ],
    ids=["none", "skipped", "prints", "leaves", "exits-0"],
)
def test_tests_that_show_nothing(one: Made, text: str, reason: str) -> None:
    (one.root / "tests/test_app.py").write_text(text)
    judged = green(one.plan, one.task(), command(), root=one.root)
    assert not judged.accepted
    assert reason in "; ".join(judged.reasons)


def test_too_few_lines_show_nothing(one: Made) -> None:
    ran = runner.run(command("tests"), one.root)
    leads = passing.lead(command("tests"), one.root, one.root)
    short = replace(ran, code=0, lines=("1 passed in 0.1s",))
    assert any("least" in reason for reason in passing.judge(short, leads, "green").reasons)


def test_a_hanging_test_is_recorded_and_is_no_evidence(one: Made) -> None:
    (one.root / "tests/test_app.py").write_text("import time\ntime.sleep(600)\n")
    judged = red(one.plan, one.task(), command(), root=one.root, limit=1)
    assert "did not end" in judged.reasons[0]
    assert judged.record is not None


def test_what_is_no_test_run_is_not_run_at_all(one: Made) -> None:
    with pytest.raises(NoRunnerError):
        green(one.plan, one.task(), ["echo", "5 passed"], root=one.root)
    with pytest.raises(UsageError, match="no command"):
        green(one.plan, one.task(), [], root=one.root)
    assert records(one.plan, one.task()) == ()


def test_a_secret_in_the_command_is_refused(one: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEPLOY_TOKEN", "correct-horse-battery")
    with pytest.raises(RefusedError, match="secret"):
        red(one.plan, one.task(), [*command(), "-k", "correct-horse-battery"], root=one.root)


def test_green_without_red_does_not_pass(one: Made) -> None:
    one.work()
    assert green(one.plan, one.task(), command(), root=one.root).accepted
    assert "no test was seen to fail" in may_pass(one.plan, one.task(), root=one.root)[-1]


def test_another_test_than_the_one_that_failed_does_not_pass(one: Made) -> None:
    write(one.root, {"tests/test_easy.py": OTHER_TEST})
    assert red(one.plan, one.task(), command(), root=one.root).accepted
    one.work()
    assert green(one.plan, one.task(), command("tests.test_easy"), root=one.root).accepted
    assert any("what was seen to fail" in reason for reason in may_pass(one.plan, one.task(), root=one.root))


def test_a_later_run_that_failed_takes_the_green_away(one: Made) -> None:
    shown(one)
    one.write(app="def double(n): return 0\n")
    assert not green(one.plan, one.task(), command(), root=one.root).accepted
    one.work()
    assert any("last run failed" in reason for reason in may_pass(one.plan, one.task(), root=one.root))


def test_a_change_after_green_makes_it_stale(one: Made) -> None:
    shown(one)
    one.write(app="def double(n): return n + n\n")
    record = latest(one.plan, one.task(), "green")
    assert record is not None
    assert is_stale(record, one.task(), one.root) == ("app.py changed since",)
    assert any("stale" in reason for reason in may_pass(one.plan, one.task(), root=one.root))
    assert is_stale(record, replace(one.task(), dod=("less",)), one.root)[0] == "the text of task 1 changed since"


def test_sources_without_tests_are_named(one: Made) -> None:
    one.git("add", "-A")
    one.git("commit", "-qm", "the test was there before")
    shown(one)
    reasons = may_pass(one.plan, one.task(), root=one.root)
    assert len(reasons) == 1
    assert "sources changed without a test (app.py)" in reasons[0]
    record = mark_passed(one.plan, one.task(), root=one.root, override=Override(by="Ada", reason="the test was there"))
    assert (record.kind, record.text("by")) == ("override", "Ada")


def test_a_test_that_was_bent_until_it_passed_shows_nothing(one: Made) -> None:
    assert red(one.plan, one.task(), command(), root=one.root).accepted
    (one.root / "tests/test_app.py").write_text(OTHER_TEST)
    assert green(one.plan, one.task(), command(), root=one.root).accepted
    assert any("nothing but tests changed" in reason for reason in may_pass(one.plan, one.task(), root=one.root))


@pytest.mark.parametrize("status", ["DRAFT", "PENDING", "COMPLETE", "VERIFIED"])
def test_only_an_approved_plan_lets_tasks_pass_whoever_asks(one: Made, status: str) -> None:
    shown(one)
    plan = replace(one.plan, status=status)  # type: ignore[arg-type]
    with pytest.raises(RefusedError, match=f"the plan is {status}"):
        mark_passed(plan, one.task(), root=one.root, override=Override(by="Ada", reason="hurry"))


def test_dependencies_come_first(one: Made) -> None:
    assert any("depends on task 1 (double)" in reason for reason in may_pass(one.plan, one.task(2), root=one.root))


@pytest.mark.parametrize(("by", "reason"), [("", "x"), ("x", " ")])
def test_an_override_has_a_name_and_a_reason(by: str, reason: str) -> None:
    with pytest.raises(UsageError, match="--by NAME --reason TEXT"):
        Override(by=by, reason=reason)


def test_full_suite_runs_are_counted(one: Made) -> None:
    suite = [sys.executable, "-B", "-m", "unittest", "discover", "-v"]
    assert red(one.plan, one.task(), suite, root=one.root).accepted
    one.work()
    for _ in range(2):
        assert green(one.plan, one.task(), suite, root=one.root).accepted
    with pytest.raises(LimitError, match="3 times") as caught:
        green(one.plan, one.task(), suite, root=one.root)
    assert caught.value.exit_code == 4
    assert green(one.plan, one.task(), command(), root=one.root).accepted, "the tests of the task may be run as often as one likes"
    again = green(one.plan, one.task(), suite, root=one.root, override=Override(by="Ada", reason="flaky"))
    assert again.record is not None
    assert again.record.mapping("override") == {"by": "Ada", "reason": "flaky"}
    assert passing.full_suite_runs(records(one.plan, one.task())) == 4


def test_a_clock_that_goes_back_changes_nothing(one: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    assert red(one.plan, one.task(), command(), root=one.root).accepted
    one.work()

    class Back(runner.datetime):
        @classmethod
        def now(cls, tz=None):
            return super().now(tz).replace(year=1999)

    monkeypatch.setattr(runner, "datetime", Back)
    assert green(one.plan, one.task(), command(), root=one.root).accepted
    assert latest(one.plan, one.task()).text("started").startswith("1999")  # type: ignore[union-attr]
    assert may_pass(one.plan, one.task(), root=one.root) == ()


# -- forged, copied and removed records -----------------------------------------------------------------------------------------------------


def _edit(path: Path, **values: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}, indent=2) + "\n")


def test_an_altered_record_is_noticed(one: Made) -> None:
    shown(one)
    let_pass(one)
    _edit(folder_of(one.plan, one.task()) / "1-red.json", code=2)
    with pytest.raises(AlteredError, match=r"2-green\.json"):
        may_pass(one.plan, one.task(), root=one.root)
    assert checks(one) == [("plan/evidence-altered", Outcome.FAIL)]


@pytest.mark.parametrize("name", ["1-red.json", "2-green.json", "3-pass.json", "head.json"])
def test_a_removed_record_is_noticed(one: Made, name: str) -> None:
    shown(one)
    let_pass(one)
    (folder_of(one.plan, one.task()) / name).unlink()
    assert checks(one) == [("plan/evidence-altered", Outcome.FAIL)]


def test_evidence_that_was_removed_as_a_whole_is_missing(one: Made) -> None:
    shown(one)
    let_pass(one)
    shutil.rmtree(folder_of(one.plan, one.task()))
    assert checks(one) == [("plan/evidence-missing", Outcome.FAIL)]


def test_a_task_that_was_marked_by_hand_has_no_evidence(one: Made) -> None:
    save(one.plan, Change(passes={"1": True}), one.root)
    assert checks(one) == [("plan/evidence-missing", Outcome.FAIL)]


def test_records_of_another_task_are_noticed(one: Made) -> None:
    shown(one)
    let_pass(one)
    shutil.copytree(folder_of(one.plan, one.task(1)), folder_of(one.plan, one.task(2)))
    with pytest.raises(AlteredError, match="another task"):
        records(one.plan, one.task(2))


@pytest.mark.parametrize("how", ["removed", "changed"])
def test_the_kept_output_belongs_to_the_record(one: Made, how: str) -> None:
    shown(one)
    let_pass(one)
    log = folder_of(one.plan, one.task()) / "2-green.log"
    log.unlink() if how == "removed" else log.write_bytes(log.read_bytes() + b"x\n")
    assert checks(one) == [("plan/evidence-missing" if how == "removed" else "plan/evidence-altered", Outcome.FAIL)]


def test_a_chain_that_was_written_by_hand_does_not_survive_being_run(one: Made) -> None:
    """Whoever writes record, output, digests and head anew is found out by the run."""
    shown(one)
    let_pass(one)
    one.write(app="def double(n): return n\n")
    folder = folder_of(one.plan, one.task())
    digest = sha256((one.root / "app.py").read_bytes())
    _edit(folder / "2-green.json", files={"app.py": digest}, sources={"app.py": digest})
    green_digest = sha256(json.dumps(json.loads((folder / "2-green.json").read_text()), sort_keys=True, separators=(",", ":")).encode())
    _edit(folder / "3-pass.json", previous=green_digest, green={"record": "2-green.json", "digest": green_digest})
    last = sha256(json.dumps(json.loads((folder / "3-pass.json").read_text()), sort_keys=True, separators=(",", ":")).encode())
    (folder / "head.json").write_text(json.dumps({"records": 3, "digest": last}))
    assert checks(one) == [("plan/evidence-fails", Outcome.FAIL)]


def test_a_record_that_says_more_than_its_output_is_altered(one: Made) -> None:
    shown(one)
    folder = folder_of(one.plan, one.task())
    counts = json.loads((folder / "2-green.json").read_text())["counts"]
    _edit(folder / "2-green.json", counts={**counts, "passed": 50})
    last = sha256(json.dumps(json.loads((folder / "2-green.json").read_text()), sort_keys=True, separators=(",", ":")).encode())
    (folder / "head.json").write_text(json.dumps({"records": 2, "digest": last}))
    let_pass(one)
    assert checks(one) == [("plan/evidence-altered", Outcome.FAIL)]


@pytest.mark.parametrize("text", ["", "{", "[]", "[" * 100_000, '{"n": 1}', "\0"])
def test_records_that_are_none_are_refused(one: Made, text: str) -> None:
    folder = folder_of(one.plan, one.task())
    folder.mkdir(parents=True)
    (folder / "1-red.json").write_text(text)
    with pytest.raises(AlteredError):
        records(one.plan, one.task())


def test_a_crash_between_record_and_head_is_healed(one: Made) -> None:
    assert red(one.plan, one.task(), command(), root=one.root).accepted
    head = folder_of(one.plan, one.task()) / "head.json"
    before = head.read_bytes()
    one.work()
    assert green(one.plan, one.task(), command(), root=one.root).accepted
    head.write_bytes(before)
    assert len(records(one.plan, one.task())) == 2
    assert green(one.plan, one.task(), command(), root=one.root).accepted
    assert len(records(one.plan, one.task())) == 3


# -- verify ---------------------------------------------------------------------------------------------------------------------------------


def test_verify_names_what_is_stale_and_what_fails_now(one: Made) -> None:
    shown(one)
    let_pass(one)
    one.write(app="def double(n): return n + n\n")
    assert checks(one) == [("plan/evidence-stale", Outcome.FAIL)]
    one.write(app="def double(n): return 0\n")
    assert checks(one) == [("plan/evidence-stale", Outcome.FAIL), ("plan/evidence-fails", Outcome.FAIL)]


def test_an_override_is_shown_in_every_later_report(one: Made) -> None:
    let_pass(one, Override(by="Ada", reason="seen on staging"))
    run = verify(one.plan, root=one.root)
    assert [(result.check, result.outcome) for result in run.results] == [("plan/override", Outcome.REVIEW)]
    assert "Ada: seen on staging" in run.results[0].message
    assert run.producer == "plan"


def test_a_folder_that_cannot_be_written_is_told(one: Made) -> None:
    folder_of(one.plan).parent.parent.mkdir(parents=True, exist_ok=True)
    folder_of(one.plan).parent.write_text("in the way")
    with pytest.raises(UsageError, match="cannot be"):
        red(one.plan, one.task(), command(), root=one.root)


def test_tests_that_another_task_passed_with_do_not_count_again(one: Made) -> None:
    shown(one)
    let_pass(one)
    write(one.root, {"tests/test_triple.py": OTHER_TEST.replace("assertTrue(True)", "assertEqual(__import__('triple').triple(1), 3)")})
    one.git("add", "tests/test_triple.py")
    one.git("commit", "-qm", "this one was there before")
    assert red(one.plan, one.task(2), command("tests.test_triple"), root=one.root).accepted
    one.write(triple="def triple(n): return n * 3\n")
    assert green(one.plan, one.task(2), command("tests.test_triple"), root=one.root).accepted
    reasons = may_pass(one.plan, one.task(2), root=one.root)
    assert len(reasons) == 1
    assert "sources changed without a test (triple.py)" in reasons[0]


def test_the_suite_is_recorded_with_the_plan(one: Made) -> None:
    argv = [sys.executable, "-B", "-m", "unittest", "discover", "-v"]
    assert not passing.suite(one.plan, argv, root=one.root).accepted
    one.work()
    for _ in range(4):
        assert passing.suite(one.plan, argv, root=one.root).accepted
    assert [record.kind for record in records(one.plan, passing.SUITE)] == ["suite"] * 5


def test_every_id_has_a_folder_of_its_own_below_the_plan(one: Made) -> None:
    ids = (1, 12, "a", "A", "a-1", "../../x", "/etc", "ü", "", ".", "con.json", "x" * 300, "a b", "a/b")
    folders = [folder_of(one.plan, replace(one.task(), id=name)) for name in ids]
    assert len({str(folder).lower() for folder in folders}) == len(ids)
    assert {folder.resolve().parent for folder in folders} == {folder_of(one.plan).resolve()}


def test_a_folder_of_evidence_that_is_a_link_is_refused(one: Made, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    folder_of(one.plan).mkdir(parents=True)
    folder_of(one.plan, one.task()).symlink_to(elsewhere)
    with pytest.raises(UsageError, match="leads elsewhere"):
        red(one.plan, one.task(), command(), root=one.root)
    assert not list(elsewhere.iterdir())


def test_runs_at_the_same_time_lose_no_record(one: Made) -> None:
    with ThreadPoolExecutor(4) as pool:
        assert all(judged.accepted for judged in pool.map(lambda _: red(one.plan, one.task(), command(), root=one.root), range(6)))
    assert [record.number for record in records(one.plan, one.task())] == [1, 2, 3, 4, 5, 6]
