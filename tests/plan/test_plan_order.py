import json
from pathlib import Path

import pytest

from auditor.plan.document import Plan
from auditor.plan.order import blocked, ready
from auditor.plan.parse import parse


def made(*tasks: tuple[object, list[object], bool]) -> Plan:
    rows = [{"id": id_, "name": "x", "dependencies": needs, "passes": passes} for id_, needs, passes in tasks]
    return parse(json.dumps({"title": "x", "status": "APPROVED", "tasks": rows}).encode(), Path("plan.json"))


ORDERS = {
    "nothing there": ([], [], []),
    "free ones in the order of the file": ([(3, [], False), (1, [], False), (2, [], False)], [3, 1, 2], []),
    "done ones are left out": ([(1, [], True), (2, [1], False)], [2], []),
    "all done": ([(1, [], True), (2, [1], True)], [], []),
    "a chain written backwards": ([(3, [2], False), (2, [1], False), (1, [], False)], [1], [(2, ("1",)), (3, ("2",))]),
    "half of what is needed": ([(1, [], True), (2, [], False), (3, [1, 2], False)], [2], [(3, ("2",))]),
    "numbers and digits": ([(1, [], True), ("2", ["1"], False), (3, [2], False)], ["2"], [(3, ("2",))]),
    "ties by the order of the file": ([("c", ["a"], False), ("b", ["a"], False), ("a", [], False)], ["a"], [("c", ("a",)), ("b", ("a",))]),
    "an unknown one": ([(1, [9], False), (2, [], False)], [2], [(1, ("9",))]),
    "itself": ([(1, [1], False)], [], [(1, ("1",))]),
    "a cycle last": ([(1, [2], False), (2, [1], False), (3, [], False), (4, [3], False)], [3], [(4, ("3",)), (1, ("2",)), (2, ("1",))]),
    "named twice": ([(1, [], False), (2, [1, "1"], False)], [1], [(2, ("1",))]),
}


@pytest.mark.parametrize(("tasks", "now", "later"), ORDERS.values(), ids=ORDERS)
def test_what_comes_next_and_what_waits_for_what(tasks: list, now: list, later: list) -> None:
    plan = made(*tasks)
    assert [task.id for task in ready(plan)] == now
    assert [(one.task.id, one.by) for one in blocked(plan)] == later
