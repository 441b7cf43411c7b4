import re
from pathlib import Path

import pytest
from made_plan import FIXTURES

from auditor.errors import PlanError
from auditor.plan.document import Task
from auditor.plan.parse import find_task, parse

PATH = Path("plan.json")


def test_a_plan_is_read_with_its_blocks() -> None:
    data = (FIXTURES / "approved.json").read_bytes()
    plan = parse(data, PATH)
    assert (plan.title, plan.status, plan.description) == ("Notes", "APPROVED", "A small application that keeps notes")
    assert plan.tasks[1] == Task(
        id=2,
        name="List the notes",
        description="List the notes for the notes application",
        dependencies=(1,),
        dod=("List the notes: its tests pass",),
        files=("notes/app.py",),
        passes=False,
        line=16,
    )
    assert plan.test_strategy == {"unit": "pytest", "integration": "pytest tests/integration"}
    assert plan.framework_gotchas == [{"framework": "Flask", "gotcha": "send_from_directory is relative to the application's root"}]
    assert plan.validation["production_validation"] == {"start_command": "gunicorn notes.app:app", "health_endpoint": "/health"}
    assert plan.data == data


def test_odd_spellings_are_read() -> None:
    plan = parse((FIXTURES / "crlf-odd-unicode.json").read_bytes(), PATH)
    assert (plan.title, plan.status) == ('Caf\u00e9 \u2014 \U0001f4dd "passes": false', "APPROVED")
    assert [(task.id, task.name, task.dependencies, task.dod, task.passes, task.line) for task in plan.tasks] == [
        (1, "\u00c9crire / \U0001f600", (), ("un", "deux"), False, 5),
        ("2b", "Lire", ("1",), (), False, 6),
    ]
    assert (plan.test_strategy, plan.framework_gotchas, plan.validation) == ({}, {}, {})


def test_a_number_and_its_digits_name_the_same_task() -> None:
    plan = parse(b'{"status": "DRAFT", "tasks": [{"id": 1}, {"id": "b"}]}', PATH)
    assert find_task(plan, "1") is find_task(plan, 1) is plan.tasks[0]
    assert find_task(plan, "b") is plan.tasks[1]
    with pytest.raises(PlanError, match=r"plan\.json: no task has the id c; there are 1, b"):
        find_task(plan, "c")


@pytest.mark.parametrize("name", ["malformed", "wrong-types", "duplicate-id", "duplicate-keys", "not-an-object", "unclosed"])
def test_what_is_no_plan_is_refused_with_every_line(name: str) -> None:
    with pytest.raises(PlanError) as raised:
        parse((FIXTURES / f"{name}.json").read_bytes(), PATH)
    assert raised.value.exit_code == 2
    assert [line for line in str(raised.value).splitlines() if not re.match(r"plan\.json:\d+: .+", line)] == []


HOSTILE = {
    "deep": b'{"status": "DRAFT", "tasks": ' + b"[" * 200_000,
    "a long comment": b"{ /*" + b"*" * 1_000_000,
    "many quotes": b'{"' + b'\\"' * 1_000_000,
    "a big number": b'{"status": "DRAFT", "tasks": [{"id": ' + b"1" * 100_000 + b"}]}",
    "nul": b"{\x00}",
    "utf-16": '{"title": "x"}'.encode("utf-16"),
    "escape sequences": b'{"status": "\\u001b[2J", "tasks": [{"id": "\\u001b]0;x\\u0007"}, {"id": "\\u001b]0;x\\u0007"}]}',
    "empty": b"",
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_hostile_bytes_are_refused_in_printable_words(data: bytes) -> None:
    with pytest.raises(PlanError) as raised:
        parse(data, PATH)
    assert len(str(raised.value)) < 2000
    assert all(line.isprintable() for line in str(raised.value).splitlines())


def test_big_numbers_in_unknown_places_are_no_mistake() -> None:
    plan = parse(b'{"status": "DRAFT", "tasks": [], "validation": {"x": ' + b"9" * 10_000 + b', "y": 1E+400}}', PATH)
    assert plan.validation == {"x": float("inf"), "y": float("inf")}
