"""Changes to a plan as edits of the bytes of single values; everything else stays as it was written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from auditor.errors import PlanError
from auditor.plan.document import Plan, Status
from auditor.plan.jsontext import Member, Value, plain, read_json
from auditor.plan.parse import find_task, identity, inspect
from auditor.report.visible import visible

_BLANK_LINES = re.compile(r"((?>\r\n|\r|\n))(?:[ \t]*(?>\r\n|\r|\n))+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The values that may change, and nothing else. ``passes`` is keyed by ``identity(task.id)``; None leaves a value as it is."""

    passes: Mapping[str, bool] = field(default_factory=dict)
    status: Status | None = None
    production_validated: bool | None = None
    validation_timestamp: str | None = None


@dataclass(frozen=True, slots=True)
class _Splice:
    start: int
    end: int
    text: str


def changed(plan: Plan, change: Change) -> Plan:
    """Give the plan whose bytes are those of ``plan`` with the values of ``change`` in them.

    A value that is there already is not written again; one that is absent is inserted in the style of its neighbours: the stamps right
    after ``status``, ``passes`` as the last of its task. The result is read again and compared: PlanError when anything else than the
    intended values differs, or when a task does not exist.
    """
    text = plan.data.decode("utf-8")
    root = read_json(text).root
    if root is None or root.kind != "object":
        raise PlanError(f"{plan.path}: is no plan")
    splices = list(_splices(plan, text, root, change))
    if not splices:
        return plan
    for splice in sorted(splices, key=lambda splice: splice.start, reverse=True):
        text = text[: splice.start] + splice.text + text[splice.end :]
    after = inspect(text.encode("utf-8"), plan.path)
    if after.plan is None or after.document.root is None or not _as_meant(root, after.document.root, change):
        raise PlanError(f"{plan.path}: an edit would have changed more than was meant, and was not made")
    return after.plan


def _splices(plan: Plan, text: str, root: Value, change: Change) -> Iterator[_Splice]:
    for id_, passes in change.passes.items():
        task = _task(root, plan, id_)
        yield from _set(text, task, task.members[-1], {"passes": passes})
    status = root.member("status")
    assert status is not None  # a Plan has one
    yield from _set(text, root, status, _wanted_stamps(change))


def _task(root: Value, plan: Plan, id_: str) -> Value:
    find_task(plan, id_)
    tasks = root.member("tasks")
    for item in tasks.value.items if tasks else ():
        member = item.member("id")
        if member and member.value.kind in {"number", "string"} and member.value.text == id_:
            return item
    raise PlanError(f"{plan.path}: no task has the id {visible(id_)}")


def _set(text: str, holder: Value, anchor: Member, values: Mapping[str, object]) -> Iterator[_Splice]:
    """The edits that give members of ``holder`` these values; those that are absent follow ``anchor``, all in one piece."""
    absent = ""
    for name, value in values.items():
        member = holder.member(name)
        if member is None:
            absent += _inserted(text, holder, anchor, name, value)
        elif plain(member.value, spelled=True) != value:
            yield _Splice(member.value.start, member.value.end, json.dumps(value))
    if absent:
        yield _Splice(anchor.value.end, anchor.value.end, absent)


def _inserted(text: str, holder: Value, anchor: Member, name: str, value: object) -> str:
    """A member to stand behind ``anchor``, with the comma before it: spaced as the nearest two members are."""
    index = holder.members.index(anchor)
    following = holder.members[index + 1] if index + 1 < len(holder.members) else None
    left = anchor if following else holder.members[index - 1] if index else None
    right = following or anchor
    colon = text[anchor.end : anchor.value.start]
    if left is not None:
        before, _, after = text[left.value.end : right.start].partition(",")
    else:  # the only member: on a line of its own when it stands on one
        before, after = "", text[holder.start + 1 : anchor.start]
        after = after if "\n" in after or "\r" in after or not colon.endswith(" ") else " "
    return f"{before},{_BLANK_LINES.sub(_last_line, after)}{json.dumps(name)}{colon}{json.dumps(value)}"


def _last_line(found: re.Match[str]) -> str:
    return found.group(1)


def _as_meant(before: Value, after: Value, change: Change) -> bool:
    """Whether two plans differ in the values of ``change`` and in nothing else: not in a name, a number's spelling or an order."""
    wanted = _wanted_stamps(change)
    expected, found = plain(before, spelled=True), plain(after, spelled=True)
    assert isinstance(expected, dict)
    for task in expected["tasks"]:
        id_ = task["id"][0] if isinstance(task["id"], tuple) else task["id"]
        if id_ in change.passes:
            task["passes"] = change.passes[id_]
    added = [name for name in wanted if name not in expected]
    names = list(expected)
    at = names.index("status") + 1
    expected |= wanted
    return found == expected and list(found) == names[:at] + added + names[at:]


def edited_values(plan: Plan, change: Change) -> dict[str, object]:
    """What ``plan`` says now of each value that ``change`` is about: a readable name of the value -> the value, None where absent."""
    root = read_json(plan.data.decode("utf-8")).root
    members = {name: root.member(name) if root else None for name in _wanted_stamps(change)}
    said = {name: plain(member.value) if member else None for name, member in members.items()}
    passing = {identity(task.id): task.passes for task in plan.tasks}
    return said | {f"passes of task {id_}": passing.get(id_, "no such task") for id_ in change.passes}


def wanted_values(change: Change) -> dict[str, object]:
    """What ``change`` makes of each of those values, under the same names."""
    return _wanted_stamps(change) | {f"passes of task {id_}": passes for id_, passes in change.passes.items()}


def _wanted_stamps(change: Change) -> dict[str, object]:
    stamps: dict[str, object] = {
        "status": change.status,
        "production_validated": change.production_validated,
        "validation_timestamp": change.validation_timestamp,
    }
    return {name: value for name, value in stamps.items() if value is not None}
