import json
import re
from pathlib import Path

import pytest
from made_plan import small

from auditor.errors import PlanError
from auditor.plan.approval import BY_HAND, approve, check, differences, ensure, evidence_folder, recorded
from auditor.plan.edit import Change
from auditor.plan.store import load, save

TASKS = ({"description": "keeps it", "dod": ["a", "b"]}, {"dependencies": [1], "dod": "c"})


def test_a_pending_plan_becomes_approved_and_what_it_says_is_recorded(tmp_path: Path) -> None:
    path = small(tmp_path, *TASKS, status="PENDING")
    before = path.read_bytes()
    plan = approve(load(path, tmp_path), tmp_path, by="")
    assert plan.status == "APPROVED"
    assert path.read_bytes() == before.replace(b'"PENDING"', b'"APPROVED"')
    record = path.parent / ".gotcha-audit" / "evidence" / "plan" / "approved.json"
    assert evidence_folder(path) / "approved.json" == record
    content = json.loads(record.read_text())
    assert (content["plan"], content["by"], list(content["tasks"])) == ("plan.json", "", ["1", "2"])
    assert {len(digest) for fields in content["tasks"].values() for digest in fields.values()} == {64}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", content["at"])
    assert differences(plan, recorded(path)) == ()


CHANGES = {
    "name": ('"name": "task 1"', '"name": "task one"', [(7, "name of task 1 was changed")]),
    "description": ('"keeps it"', '"keeps some"', [(9, "description of task 1 was changed")]),
    "an item of dod": ('"b"', '"b, mostly"', [(10, "dod of task 1 was changed")]),
    "a text for dod": ('"dod": "c"', '"dod": ""', [(22, "dod of task 2 was changed")]),
    "dependencies": ("        1\n", "        2\n", [(19, "dependencies of task 2 were changed")]),
    "title": ('"Notes"', '"Some notes"', [(2, "the title was changed")]),
    "another id": ('"id": 1', '"id": 3', [(4, "task 1 was removed"), (6, "task 3 was added")]),
}


@pytest.mark.parametrize(("old", "new", "lines"), CHANGES.values(), ids=CHANGES)
def test_what_was_changed_since_is_refused_with_its_line_and_task(tmp_path: Path, old: str, new: str, lines: list[tuple[int, str]]) -> None:
    path = small(tmp_path, *TASKS, status="PENDING")
    approve(load(path, tmp_path), tmp_path, by="")
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(PlanError) as raised:
        check(load(path, tmp_path))
    assert str(raised.value).splitlines() == [
        *(f"{path}:{line}: {message} since it was approved" for line, message in lines),
        f"Undo that, or let a person approve the plan as it is now: gotcha-audit plan approve --plan {path} --by NAME",
    ]
    assert raised.value.exit_code == 2


UNCHANGED = {
    "passes": ('"passes": false', '"passes": true'),
    "an id as text": ('"id": 1', '"id": "1"'),
    "dod as a list": ('"dod": "c"', '"dod": ["c"]'),
    "an escape": ('"task 1"', '"t\\u0061sk 1"'),
    "spaces": ('"id": 1', '"id" :   1'),
    "an unknown key": ('"id": 1', '"effort": 3, "id": 1'),
    "files": ('"id": 1', '"files": ["a.py"], "id": 1'),
}


@pytest.mark.parametrize(("old", "new"), UNCHANGED.values(), ids=UNCHANGED)
def test_what_says_the_same_is_no_change(tmp_path: Path, old: str, new: str) -> None:
    path = small(tmp_path, *TASKS, status="PENDING")
    approve(load(path, tmp_path), tmp_path, by="")
    text = path.read_text()
    path.write_text(text.replace(old, new))
    assert path.read_text() != text
    check(load(path, tmp_path))


def test_a_person_accepts_a_change_by_approving_again(tmp_path: Path) -> None:
    path = small(tmp_path, *TASKS, status="PENDING")
    approve(load(path, tmp_path), tmp_path, by="")
    path.write_text(path.read_text().replace("task 1", "task one"))
    with pytest.raises(PlanError, match=r"was approved before: a person does that anew: gotcha-audit plan approve --plan .*plan\.json --by NAME"):
        approve(load(path, tmp_path), tmp_path, by=" ")
    approve(load(path, tmp_path), tmp_path, by="Ada")
    check(load(path, tmp_path))
    assert recorded(path).by == "Ada"


def test_setting_the_status_back_does_not_wash_a_change(tmp_path: Path) -> None:
    path = small(tmp_path, *TASKS, status="PENDING")
    approve(load(path, tmp_path), tmp_path, by="")
    path.write_text(path.read_text().replace("task 1", "task one").replace("APPROVED", "PENDING"))
    with pytest.raises(PlanError, match="--by NAME"):
        approve(load(path, tmp_path), tmp_path, by="")
    path.write_text(path.read_text().replace("PENDING", "APPROVED"))
    with pytest.raises(PlanError, match="name of task 1 was changed"):
        ensure(load(path, tmp_path), tmp_path)


def test_an_approval_by_hand_is_recorded_when_it_is_first_seen(tmp_path: Path) -> None:
    path = small(tmp_path, *TASKS)
    check(load(path, tmp_path))
    assert recorded(path) is None
    ensure(load(path, tmp_path), tmp_path)
    record = recorded(path)
    assert record.by == BY_HAND
    ensure(load(path, tmp_path), tmp_path)
    assert recorded(path) == record
    path.write_text(path.read_text().replace("task 1", "task one"))
    with pytest.raises(PlanError, match="name of task 1 was changed"):
        ensure(load(path, tmp_path), tmp_path)


def test_a_pending_plan_is_not_recorded(tmp_path: Path) -> None:
    path = small(tmp_path, status="PENDING")
    ensure(load(path, tmp_path), tmp_path)
    assert recorded(path) is None


@pytest.mark.parametrize("status", ["COMPLETE", "VERIFIED"])
def test_what_is_done_is_held_to_its_approval_and_not_approved_again(tmp_path: Path, status: str) -> None:
    path = small(tmp_path, *TASKS)
    ensure(load(path, tmp_path), tmp_path)
    save(load(path, tmp_path), Change(status=status), tmp_path)
    check(load(path, tmp_path))
    with pytest.raises(PlanError, match=f"is {status}"):
        approve(load(path, tmp_path), tmp_path, by="Ada")
    path.write_text(path.read_text().replace("task 1", "task one"))
    with pytest.raises(PlanError, match="name of task 1"):
        check(load(path, tmp_path))


def test_a_plan_that_changed_while_it_was_approved_is_not(tmp_path: Path) -> None:
    path = small(tmp_path, *TASKS, status="PENDING")
    plan = load(path, tmp_path)
    path.write_text(path.read_text().replace("task 1", "task one"))
    with pytest.raises(PlanError, match="was changed while it was being approved"):
        approve(plan, tmp_path, by="")
    assert load(path, tmp_path).status == "PENDING"
    assert recorded(path) is None


BROKEN = {
    "no JSON": b"{",
    "not UTF-8": b"\xff",
    "a list": b"[]",
    "another version": b'{"version": 2}',
    "no tasks": b'{"version": 1, "by": "", "at": "", "title": ""}',
    "odd tasks": b'{"version": 1, "by": "", "at": "", "title": "", "tasks": {"1": 1}}',
    "odd digests": b'{"version": 1, "by": "", "at": "", "title": "", "tasks": {"1": {"name": 1}}}',
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_a_broken_record_is_told_and_never_written_anew_unasked(tmp_path: Path, data: bytes) -> None:
    path = small(tmp_path, *TASKS)
    ensure(load(path, tmp_path), tmp_path)
    record = evidence_folder(path) / "approved.json"
    record.write_bytes(data)
    with pytest.raises(PlanError, match=r"approved\.json: the record of the approval cannot be used: .*plan approve --plan .* --by NAME"):
        ensure(load(path, tmp_path), tmp_path)
    assert record.read_bytes() == data
    approve(load(path, tmp_path), tmp_path, by="Ada")
    check(load(path, tmp_path))


def test_a_folder_of_records_that_leads_elsewhere_is_not_written(tmp_path: Path) -> None:
    project = tmp_path / "project"
    path = small(project)
    (tmp_path / "elsewhere").mkdir()
    (path.parent / ".gotcha-audit").mkdir()
    (path.parent / ".gotcha-audit" / "evidence").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PlanError, match="leads elsewhere: remove the link"):
        ensure(load(path, project), project)
    assert [entry for entry in (tmp_path / "elsewhere").rglob("*") if entry.is_file()] == []
