import json
import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from auditor.errors import AttemptsExhausted, GotchaAuditError, UsageError
from auditor.model.report import EXIT_ESCALATE
from auditor.report.verdict import Verdict
from auditor.runtime.attempts import Attempt, attempts, begin, count, file_of, finish, series, summary

FAIL, PASS = Verdict.FAIL, Verdict.PASS


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "docs" / "plans" / "2026-11-24-shop.json"
    path.parent.mkdir(parents=True)
    path.write_text("{}")
    return path


def attempt(plan: Path, verdict: str, *failed: str, tree: str = "", commit: str = "", limit: int = 3) -> None:
    finish(plan, begin(plan, tree=tree, commit=commit, limit=limit), verdict=verdict, failed=failed)


def test_the_attempts_are_kept_beside_the_plan(plan: Path) -> None:
    assert attempts(plan) == ()
    assert not file_of(plan).parent.exists()
    attempt(plan, FAIL, "runtime/page", "runtime/asset", "runtime/page", tree="abc", commit="def")
    assert file_of(plan) == plan.parent / ".gotcha-audit/evidence/2026-11-24-shop/attempts.json"
    document = json.loads(file_of(plan).read_text())
    assert document["plan"] == "2026-11-24-shop.json"
    (kept,) = document["attempts"]
    assert {key: value for key, value in kept.items() if key not in {"started", "finished"}} == {
        "verdict": "FAIL",
        "failed": ["runtime/page", "runtime/asset"],
        "tree": "abc",
        "commit": "def",
    }
    assert kept["started"] <= kept["finished"]
    assert stat.S_IMODE(file_of(plan).stat().st_mode) == 0o644
    assert sorted(path.name for path in file_of(plan).parent.iterdir()) == ["attempts.json", "attempts.lock"]


def test_the_attempt_after_the_last_is_refused_and_not_written_down(plan: Path) -> None:
    for number in range(1, 4):
        attempt(plan, FAIL, "runtime/page")
        assert count(plan) == number
    before = file_of(plan).read_bytes()
    with pytest.raises(AttemptsExhausted) as refused:
        begin(plan)
    assert refused.value.exit_code == EXIT_ESCALATE == 4
    assert file_of(plan).read_bytes() == before


def test_the_limit_can_be_another_one(plan: Path) -> None:
    attempt(plan, FAIL, limit=1)
    with pytest.raises(AttemptsExhausted, match="1 attempt since the last pass, and 1 may be made"):
        begin(plan, limit=1)
    assert begin(plan, limit=2) == 2


def test_a_pass_ends_the_series(plan: Path) -> None:
    attempt(plan, FAIL)
    attempt(plan, FAIL)
    attempt(plan, PASS)
    assert count(plan) == 0
    for _ in range(3):
        attempt(plan, FAIL)
    assert len(attempts(plan)) == 6
    with pytest.raises(AttemptsExhausted):
        begin(plan)


@pytest.mark.parametrize("verdict", [Verdict.FAIL, Verdict.INCOMPLETE, Verdict.NOT_ATTEMPTED])
def test_whatever_is_no_pass_counts(plan: Path, verdict: Verdict) -> None:
    attempt(plan, verdict)
    assert count(plan) == 1


def test_an_attempt_that_never_ended_counts_as_unfinished(plan: Path) -> None:
    for _ in range(3):
        begin(plan)
    assert [one.finished for one in attempts(plan)] == ["", "", ""]
    with pytest.raises(AttemptsExhausted, match="unfinished: it was killed, or is still running"):
        begin(plan)


def test_a_process_that_is_killed_leaves_its_attempt_and_no_lock(plan: Path) -> None:
    program = (
        "import os, signal, sys; from pathlib import Path; from auditor.runtime.attempts import begin, _locked\n"
        "plan = Path(sys.argv[1]); begin(plan, tree='abc')\n"
        "with _locked(plan): os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", program, str(plan)], check=False).returncode == -9
    assert [(one.tree, one.finished) for one in attempts(plan)] == [("abc", "")]
    assert begin(plan) == 2


def test_each_attempt_gets_the_end_that_is_its_own(plan: Path) -> None:
    first, second = begin(plan), begin(plan)
    finish(plan, first, verdict=FAIL, failed=["runtime/page"])
    finish(plan, second, verdict=PASS)
    assert [one.verdict for one in attempts(plan)] == ["FAIL", "PASS"]
    for number in (first, 0, 3, -1):
        with pytest.raises(UsageError, match="holds no attempt"):
            finish(plan, number, verdict=PASS)


def test_two_processes_at_once_lose_nothing(plan: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from auditor.runtime.attempts import begin, finish\n"
        "for _ in range(10):\n"
        "    number = begin(Path(sys.argv[1]), tree=sys.argv[2], limit=100)\n"
        "    finish(Path(sys.argv[1]), number, verdict='FAIL', failed=[sys.argv[2]])"
    )
    running = [subprocess.Popen([sys.executable, "-c", program, str(plan), name]) for name in ("a", "b")]
    assert [process.wait(60) for process in running] == [0, 0]
    found = attempts(plan)
    assert len(found) == 20
    assert all(one.failed == (one.tree,) and one.verdict == "FAIL" for one in found)
    assert sorted(one.tree for one in found) == ["a"] * 10 + ["b"] * 10


def test_of_many_at_once_no_more_than_the_limit_begin(plan: Path) -> None:
    def one(_: int) -> bool:
        try:
            begin(plan)
        except AttemptsExhausted:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(one, range(8))) == 3
    assert count(plan) == 3


GOOD = {"started": "2026-11-24T08:30:00+00:00", "finished": "2026-11-24T08:30:05+00:00", "verdict": "FAIL", "failed": ["a"], "tree": "", "commit": ""}


def document(*attempts: object, plan: object = "2026-11-24-shop.json") -> str:
    return json.dumps({"plan": plan, "attempts": attempts})


@pytest.mark.parametrize(
    ("kept", "why"),
    [
        ("", "it is no JSON"),
        ("{", "it is no JSON"),
        ("\x00\xff", "it is no JSON"),
        ("[" * 100_000, "it is no JSON"),
        ("[]", "keys `plan` and `attempts`"),
        ('{"plan": "x"}', "keys `plan` and `attempts`"),
        (document(plan=3), "keys `plan` and `attempts`"),
        (document(3), "attempt 1 has other keys"),
        (document(GOOD, {**GOOD, "x": 1}), "attempt 2 has other keys"),
        (document({"finished": ""}), "attempt 1 has other keys"),
        (document({**GOOD, "failed": "abc"}), "attempt 1 has other keys"),
        (document({**GOOD, "failed": [1]}), "attempt 1 holds something else"),
        (document({**GOOD, "tree": None}), "attempt 1 holds something else"),
        (document({**GOOD, "started": ""}), "attempt 1 holds something else"),
        (document({**GOOD, "verdict": ""}), "an end without a verdict"),
        (document({**GOOD, "finished": ""}), "an end without a verdict"),
        (" " * 1_000_001, "longer than 1000000 bytes"),
    ],
)
def test_a_damaged_file_is_an_error_that_names_it_and_is_left_as_it_is(plan: Path, kept: str, why: str) -> None:
    file_of(plan).parent.mkdir(parents=True)
    file_of(plan).write_bytes(kept.encode("latin-1"))
    for act in (lambda: begin(plan), lambda: count(plan), lambda: finish(plan, 1, verdict=PASS)):
        with pytest.raises(UsageError) as error:
            act()
        assert str(error.value).startswith(f"{file_of(plan)}: ")
        assert why in str(error.value)
        assert "restore the file, or move it away" in str(error.value)
    assert file_of(plan).read_bytes() == kept.encode("latin-1")


def test_what_is_kept_for_another_plan_of_the_same_stem_is_not_counted(plan: Path) -> None:
    attempt(plan, FAIL)
    other = plan.with_suffix(".yaml")
    other.write_text("")
    with pytest.raises(UsageError, match=r"belongs to the plan '2026-11-24-shop\.json'"):
        begin(other)


def test_a_folder_in_place_of_the_file_is_an_error(plan: Path) -> None:
    file_of(plan).mkdir(parents=True)
    with pytest.raises(UsageError, match="no regular file"):
        begin(plan)


def test_nothing_is_written_through_links_that_lead_away(plan: Path, tmp_path: Path) -> None:
    away = tmp_path / "away"
    away.mkdir()
    (plan.parent / ".gotcha-audit").symlink_to(away)
    with pytest.raises(GotchaAuditError, match="leads out of the folder of the plan"):
        begin(plan)
    assert list(away.iterdir()) == []


def test_a_linked_file_is_not_followed(plan: Path, tmp_path: Path) -> None:
    file_of(plan).parent.mkdir(parents=True)
    file_of(plan).symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").write_text(document(GOOD))
    with pytest.raises(UsageError, match="cannot be read"):
        begin(plan)


def test_there_must_be_a_plan(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such plan"):
        begin(tmp_path / "none.json")
    assert list(tmp_path.iterdir()) == []


def test_a_plan_whose_name_is_no_text_is_counted_too(tmp_path: Path) -> None:
    plan = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.json"))
    plan.write_text("")
    begin(plan)
    assert count(plan) == 1


def test_the_summary_says_what_failed_what_stayed_the_same_what_was_tried_and_what_to_decide(plan: Path) -> None:
    attempt(plan, FAIL, "runtime/page", "runtime/asset", tree="a" * 64, commit="1" * 40)
    attempt(plan, FAIL, "runtime/page", tree="a" * 64, commit="1" * 40)
    begin(plan, tree="b" * 64, commit="2" * 40)
    rows = summary(plan, series(attempts(plan))).splitlines()
    assert rows[0] == f"{plan}: 3 attempts since the last pass, and 3 may be made; no further one is made until a person decides."
    assert [row.split("+00:00  ")[-1] for row in rows[2:]] == [
        "Attempts",
        "FAIL: runtime/page, runtime/asset (commit 111111111111, tree aaaaaaaaaaaa)",
        "FAIL: runtime/page (commit 111111111111, tree aaaaaaaaaaaa)",
        "unfinished: it was killed, or is still running (commit 222222222222, tree bbbbbbbbbbbb)",
        "",
        "What stayed the same",
        "  failed in every attempt that ended: runtime/page",
        "  failed in some: runtime/asset (1 of 2)",
        "",
        "What was tried",
        "  2 different states of the code in 3 attempts",
        "  nothing was changed between the attempts 1, 2 (aaaaaaaaaaaa)",
        "  compare: git diff 111111111111 222222222222",
        "",
        "To decide",
        "  - Is what runtime/page asks for right? If not, change the plan or the configuration.",
        "  - Is the cause known? `gotcha-audit validate` without --attempt shows the evidence and counts nothing.",
        f"  - Should it be tried again? Raise `attempts` in the configuration, or move {file_of(plan)} away.",
    ]


def test_the_summary_of_attempts_of_which_nothing_is_known(plan: Path) -> None:
    text = summary(plan, [Attempt(started="2026")] * 3)
    assert "no attempt came to its end" in text
    assert "not known: no state of the code was recorded" in text


def test_the_summary_is_bounded_and_harmless(plan: Path) -> None:
    hostile = Attempt(started="\x1b[2J", finished="x", verdict="\x1b", failed=tuple(f"\x1b{number}" for number in range(200)), tree="\x1b" * 64)
    text = summary(plan, [hostile] * 500)
    assert "\x1b" not in text
    assert len(text) < 20_000
