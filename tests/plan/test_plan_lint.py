import itertools
import json
from datetime import UTC
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_plan import FIXTURES

from auditor.model import Outcome, Severity
from auditor.plan.lint import lint, mistakes
from auditor.plan.parse import inspect
from auditor.report import RENDERERS, View

SOUND = ("pending", "approved", "half-done", "complete", "crlf-odd-unicode")
NO_JSON_TEXT = "write it without leading zeros or +, with digits on both sides of the point"
STATUSES = "DRAFT, PENDING, APPROVED, COMPLETE, VERIFIED"

WRONG = {
    "cyclic": {(7, "plan/cycle", "tasks wait for each other: 1 -> 3 -> 2 -> 1; remove one of these dependencies")},
    "duplicate-id": {(17, "plan/duplicate", "the id 1 is taken by the task on line 7: give each its own")},
    "duplicate-dependency": {(20, "plan/duplicate", "task 2 names the dependency 1 twice: keep one")},
    "self": {(20, "plan/self", "task 2 depends on itself: remove that")},
    "unknown": {(20, "plan/unknown", "task 2 depends on 7, and no task has that id: correct it")},
    "early": {(23, "plan/early", "task 2 passes while what it depends on does not: 1; one of the two is not true")},
    "complete-but-open": {(3, "plan/complete", "status is COMPLETE while a task does not pass: 3; set it back to APPROVED")},
    "empty": {(1, "plan/empty", "there are no tasks: nothing could ever pass"), (1, "plan/name", "title is empty: say what the plan is for")},
    "unnamed": {
        (1, "plan/name", "title is missing: say what the plan is for"),
        (4, "plan/name", "the name of task 1 is empty: say what is to be done"),
        (5, "plan/name", "the name of task 2 is missing: say what is to be done"),
    },
    "malformed": {
        (2, "plan/syntax", "a comment: JSON has none, remove it"),
        (3, "plan/syntax", "'Notes': JSON has double quotes only"),
        (5, "plan/syntax", "NaN is no JSON number: write null, or the number as text"),
        (6, "plan/syntax", f"007 is no JSON number: {NO_JSON_TEXT}"),
        (8, "plan/syntax", 'a comma is missing before "passes"'),
        (8, "plan/syntax", "False is no JSON: write false"),
        (8, "plan/syntax", "a comma before }: remove it"),
        (9, "plan/syntax", "\\ud83d is half a character: write both halves, or the character itself"),
        (9, "plan/syntax", "\\x is no escape of JSON: write a backslash as \\\\, a character as \\u and four digits"),
        (9, "plan/syntax", "a comma before ]: remove it"),
        (10, "plan/syntax", "a comma before }: remove it"),
        (12, "plan/syntax", "{ follows the end of the document: a file holds one JSON object and nothing else"),
    },
    "unclosed": {(6, "plan/syntax", "the array that begins on line 4 is not closed: add ]")},
    "duplicate-keys": {
        (6, "plan/syntax", 'the key "passes" is there twice, first on line 5: keep one'),
        (8, "plan/syntax", 'the key "status" is there twice, first on line 3: keep one'),
    },
    "not-an-object": {(1, "plan/syntax", "a plan is a JSON object with title, status and tasks; this is a list")},
    "wrong-types": {
        (2, "plan/type", "title is a number: write text"),
        (3, "plan/type", f"status is DONE: write one of {STATUSES}"),
        (4, "plan/type", "production_validated is text: write true or false"),
        (5, "plan/type", "validation is a list: write an object"),
        (7, "plan/type", "the id of entry 1 of tasks is 1.5: write a whole number or text"),
        (8, "plan/type", "task 2: name is null: write text"),
        (8, "plan/type", "task 2: passes is text: write true or false"),
        (9, "plan/type", "task 2: dependencies is text: write a list of ids"),
        (9, "plan/type", "task 2: dod is an object: write text or a list of texts"),
        (10, "plan/type", "task 3: dependencies holds null: write the id of a task"),
        (11, "plan/type", "task 3: files holds a number: write text"),
        (11, "plan/type", "task 3: dod holds a number: write text"),
        (12, "plan/type", "entry 4 of tasks is text: write an object with id, name and dod"),
        (13, "plan/type", "entry 5 of tasks has no id: write a number or text"),
    },
}


def told(name: str) -> list[tuple[int, str, str]]:
    path = FIXTURES / f"{name}.json"
    return [(found.line, found.check, found.message) for found in mistakes(inspect(path.read_bytes(), path))]


def test_every_plan_is_looked_at() -> None:
    assert {path.stem for path in FIXTURES.glob("*.json")} == {*SOUND, *WRONG}


@pytest.mark.parametrize("name", SOUND)
def test_an_honest_plan_has_no_mistakes(name: str) -> None:
    assert told(name) == []


@pytest.mark.parametrize("name", WRONG)
def test_a_dishonest_plan_has_its_own_mistakes_and_no_others(name: str) -> None:
    assert len(told(name)) == len(WRONG[name])
    assert set(told(name)) == WRONG[name]


def test_the_report_is_a_run_of_the_producer_plan() -> None:
    report = lint([FIXTURES / "early.json", FIXTURES / "malformed.json", FIXTURES / "missing.json", FIXTURES / "pending.json"], FIXTURES)
    (run,) = report.runs
    assert (run.producer, run.subject) == ("plan", "early.json, malformed.json, missing.json, pending.json")
    assert (run.coverage.selected, run.coverage.scanned, run.coverage.failed) == (4, 2, 2)
    assert run.started.tzinfo is UTC
    assert [(str(one.place), one.check, one.outcome) for one in run.results if one.place.path.name != "malformed.json"] == [
        ("early.json:23:1", "plan/early", Outcome.FAIL),
        ("missing.json", "plan/syntax", Outcome.ERROR),
    ]
    assert {one.outcome for one in run.results if one.place.path.name == "malformed.json"} == {Outcome.ERROR}
    assert len({one.fingerprint for one in run.results}) == len(run.results)
    assert report.exit_status(fail_on=Severity.NOTE) == 3
    assert lint([FIXTURES / "early.json"], FIXTURES).exit_status(fail_on=Severity.NOTE) == 1
    assert lint([FIXTURES / "pending.json"], FIXTURES).exit_status(fail_on=Severity.NOTE) == 0


@pytest.mark.parametrize("name", RENDERERS)
def test_every_format_takes_it(name: str) -> None:
    assert "plan/early" in RENDERERS[name](lint([FIXTURES / "early.json"], FIXTURES), View())


def knots(needs: dict[int, list[int]]) -> set[frozenset[int]]:
    """Tasks that reach each other, by trying every pair."""

    def reached(first: int) -> set[int]:
        found: set[int] = set()
        waiting = list(needs[first])
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += needs[name]
        return found

    reach = {name: reached(name) for name in needs}
    groups = {frozenset(other for other in needs if other == name or (other in reach[name] and name in reach[other])) for name in needs}
    return {group for group in groups if len(group) > 1}


@given(size=st.integers(1, 7), data=st.data())
def test_each_knot_is_told_once_with_a_true_way_round(size: int, data: st.DataObject) -> None:
    needs = {number: data.draw(st.lists(st.integers(0, size - 1), max_size=3, unique=True)) for number in range(size)}
    tasks = [{"id": number, "name": "x", "dependencies": names} for number, names in needs.items()]
    text = json.dumps({"title": "x", "status": "DRAFT", "tasks": tasks})
    cycles = [found.message for found in mistakes(inspect(text.encode(), Path("p.json"))) if found.check == "plan/cycle"]
    expected = knots(needs)
    assert len(cycles) == len(expected)
    for message in cycles:
        way = [int(name) for name in message.removeprefix("tasks wait for each other: ").partition("; ")[0].partition(" (")[0].split(" -> ")]
        assert way[0] == way[-1]
        assert all(after in needs[before] for before, after in itertools.pairwise(way))
        assert any(set(way) <= group for group in expected)


def test_a_chain_of_thousands_is_no_trouble() -> None:
    tasks = [{"id": number, "name": "x", "dependencies": [number + 1]} for number in range(5000)]
    text = json.dumps({"title": "x", "status": "DRAFT", "tasks": [*tasks, {"id": 5000, "name": "x", "dependencies": [0]}]})
    (found,) = mistakes(inspect(text.encode(), Path("p.json")))
    assert found.check == "plan/cycle"
