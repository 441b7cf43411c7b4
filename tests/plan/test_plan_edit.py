import json
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_plan import FIXTURES, plan_texts

from auditor.errors import PlanError
from auditor.plan.edit import Change, changed
from auditor.plan.jsontext import Value, read_json
from auditor.plan.parse import parse

PATH = Path("plan.json")


def member(text: str, *way: str) -> Value:
    """The value at the end of ``way``; the number of a task stands for its place in ``tasks``."""
    value = read_json(text).root
    for name in way:
        value = value.items[int(name)] if value.kind == "array" else value.member(name).value
    return value


def ends(text: str) -> set[str]:
    return set(re.findall(r"\r\n|\r|\n", text))


def loaded(text: str) -> object:
    return json.loads(text.removeprefix("\ufeff"), parse_float=lambda spelled: ("float", spelled), parse_int=lambda spelled: ("int", spelled))


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(made=plan_texts(), data=st.data())
def test_passes_changes_the_bytes_of_that_value_and_no_others(made: tuple[str, list[str], bool, bool], data: st.DataObject) -> None:
    text, ids, has_passes, _ = made
    index = data.draw(st.integers(0, len(ids) - 1))
    plan = parse(text.encode(), PATH)
    wanted = not plan.tasks[index].passes
    after = changed(plan, Change(passes={ids[index]: wanted})).data.decode()
    spelled = "true" if wanted else "false"
    if has_passes:
        value = member(text, "tasks", str(index), "passes")
        assert after == text[: value.start] + spelled + text[value.end :]
    else:
        at = member(text, "tasks", str(index)).members[-1].value.end
        piece = after[at : at + len(after) - len(text)]
        assert after == text[:at] + piece + text[at:]
        assert re.fullmatch(rf'\s*,\s*"passes"\s*:\s*{spelled}', piece)
        assert ends(after) == ends(text)
    before = loaded(text)
    before["tasks"][index]["passes"] = wanted
    assert loaded(after) == before


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(made=plan_texts())
def test_completion_changes_the_status_and_the_stamps_and_no_other_bytes(made: tuple[str, list[str], bool, bool]) -> None:
    text, _, _, has_stamps = made
    plan = parse(text.encode(), PATH)
    after = changed(plan, Change(status="COMPLETE", production_validated=True, validation_timestamp="2026-11-24T10:00:00Z")).data.decode()
    spelled = {"production_validated": "true", "validation_timestamp": '"2026-11-24T10:00:00Z"'}
    status = member(text, "status")
    wanted = {status: text[status.start : status.end] if status.text == "COMPLETE" else '"COMPLETE"'}
    if has_stamps:
        wanted |= {member(text, name): value for name, value in spelled.items()}
    expected = text
    for value, new in sorted(wanted.items(), key=lambda one: -one[0].start):
        expected = expected[: value.start] + new + expected[value.end :]
    if not has_stamps:
        at = status.start + len(wanted[status])
        piece = after[at : at + len(after) - len(expected)]
        expected = expected[:at] + piece + expected[at:]
        assert re.fullmatch(r'\s*,\s*"production_validated"\s*:\s*true\s*,\s*"validation_timestamp"\s*:\s*"2026-11-24T10:00:00Z"', piece)
    assert after == expected
    before = loaded(text)
    before |= {"status": "COMPLETE", "production_validated": True, "validation_timestamp": "2026-11-24T10:00:00Z"}
    assert loaded(after) == before


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(made=plan_texts())
def test_what_is_there_already_is_not_written_again(made: tuple[str, list[str], bool, bool]) -> None:
    text, ids, has_passes, _ = made
    plan = parse(text.encode(), PATH)
    passes = {id_: task.passes for id_, task in zip(ids, plan.tasks, strict=True)} if has_passes else {}
    assert changed(plan, Change(status=plan.status, passes=passes)) == plan


STYLES = {
    "indented": ('{\n  "title": "x",\n  "status": "APPROVED",\n  "tasks": []\n}\n', ',\n  "production_validated": true'),
    "tabs and CRLF": ('{\r\n\t"title" : "x",\r\n\t"status" : "APPROVED",\r\n\t"tasks" : []\r\n}', ',\r\n\t"production_validated" : true'),
    "one line": ('{"title": "x", "status": "APPROVED", "tasks": []}', ', "production_validated": true'),
    "compact": ('{"status":"APPROVED","tasks":[]}', ',"production_validated":true'),
    "comma first": ('{ "title": "x"\n, "status": "APPROVED"\n, "tasks": []\n}', '\n, "production_validated": true'),
    "last": ('{\n    "tasks": [],\n    "status": "APPROVED"\n}', ',\n    "production_validated": true'),
    "blank line behind": ('{\n  "status": "APPROVED",\n\n  "tasks": []\n}', ',\n  "production_validated": true'),
    "space before the comma": ('{"status": "APPROVED" , "tasks": [] }', ' , "production_validated": true'),
}


@pytest.mark.parametrize(("text", "piece"), STYLES.values(), ids=STYLES)
def test_a_stamp_is_inserted_right_after_the_status_in_the_style_of_the_file(text: str, piece: str) -> None:
    after = changed(parse(text.encode(), PATH), Change(production_validated=True)).data.decode()
    assert after == text.replace('"APPROVED"', '"APPROVED"' + piece)


def test_absent_passes_of_a_task_with_nothing_but_an_id() -> None:
    text = '{"status": "APPROVED", "tasks": [{\n  "id": 1\n}, { "id": 2 }]}'
    after = changed(parse(text.encode(), PATH), Change(passes={"1": True, "2": True})).data.decode()
    assert after == '{"status": "APPROVED", "tasks": [{\n  "id": 1,\n  "passes": true\n}, { "id": 2, "passes": true }]}'


def test_the_odd_one() -> None:
    data = (FIXTURES / "crlf-odd-unicode.json").read_bytes()
    after = changed(parse(data, PATH), Change(passes={"1": True}, status="COMPLETE")).data
    assert after == data.replace(b'"passes" :false', b'"passes" :true').replace(b'"\\u0041PPROVED"', b'"COMPLETE"')


def test_a_task_that_is_not_there_is_named_with_those_that_are() -> None:
    plan = parse((FIXTURES / "approved.json").read_bytes(), PATH)
    with pytest.raises(PlanError, match=r"plan\.json: no task has the id 9; there are 1, 2, 3"):
        changed(plan, Change(passes={"9": True}))
