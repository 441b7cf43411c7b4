"""What was approved: a plan may be worked on, it may not be bent to the work."""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from auditor.errors import GotchaAuditError, PlanError
from auditor.plan.document import Plan, Task
from auditor.plan.edit import Change
from auditor.plan.jsontext import Value, plain, read_json
from auditor.plan.parse import identity, parse
from auditor.plan.store import FOLDER, folder_of, locate, locked, read_bytes, replace_file, save
from auditor.report.visible import visible

FIELDS = ("name", "description", "dod", "dependencies")
BY_HAND = "the plan file, where it was set by hand"

_VERSION = 1
_FILE = "approved.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """Who approved a plan and when; ``tasks`` is id -> field -> digest of what it said."""

    by: str
    at: str
    title: str
    tasks: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that is not as it was approved; ``task`` is empty for the plan as a whole, ``line`` that of the file."""

    task: str
    field: str
    line: int
    message: str


def evidence_folder(plan: Path) -> Path:
    """Give where everything recorded of a plan lies; it need not exist."""
    return plan.parent / FOLDER / "evidence" / plan.stem


def recorded(plan: Path) -> Approval | None:
    """Give the recorded approval of the plan in this file, None when there is none; raises PlanError when the record cannot be read."""
    path = evidence_folder(plan) / _FILE
    if not path.exists() and not path.is_symlink():
        return None
    try:
        document = read_json(read_bytes(path).decode("utf-8"))
    except UnicodeDecodeError as error:
        raise PlanError(_broken(path, plan, "it is not UTF-8")) from error
    if document.problems or document.root is None:
        raise PlanError(_broken(path, plan, f"line {document.problems[0].line}: {document.problems[0].message}"))
    found = _approval(document.root)
    if found is None:
        raise PlanError(_broken(path, plan, "it is not what plan approve writes"))
    return found


def differences(plan: Plan, approval: Approval) -> tuple[Difference, ...]:
    """Give what ``plan`` says otherwise than what was approved, in the order of the file."""
    document = read_json(plan.data.decode("utf-8"))
    root = document.root
    tasks = root.member("tasks") if root else None
    assert root is not None  # a Plan was read from it
    assert tasks is not None

    def line(holder: Value, name: str) -> int:
        member = holder.member(name)
        return document.lines.line(member.start if member else holder.start)

    found = []
    if _digest(plan.title) != approval.title:
        found.append(Difference(task="", field="title", line=line(root, "title"), message="the title was changed"))
    there = {identity(task.id) for task in plan.tasks}
    found += [
        Difference(task=name, field="id", line=line(root, "tasks"), message=f"task {visible(name)} was removed")
        for name in approval.tasks
        if name not in there
    ]
    for task, item in zip(plan.tasks, tasks.value.items, strict=True):
        name = identity(task.id)
        approved = approval.tasks.get(name)
        if approved is None:
            found.append(Difference(task=name, field="id", line=line(item, "id"), message=f"task {visible(name)} was added"))
            continue
        now = _digests(task)
        for field in FIELDS:
            if now[field] != approved.get(field):
                message = f"{field} of task {visible(name)} {'were' if field == 'dependencies' else 'was'} changed"
                found.append(Difference(task=name, field=field, line=line(item, field), message=message))
    return tuple(sorted(found, key=lambda one: one.line))


def check(plan: Plan) -> None:
    """Raise PlanError when the plan is not the one that was approved: each task and field is named. Writes nothing."""
    approval = recorded(plan.path)
    if approval is None or plan.status in {"DRAFT", "PENDING"}:
        return
    found = differences(plan, approval)
    if found:
        lines = [f"{visible(str(plan.path))}:{one.line}: {one.message} since it was approved" for one in found]
        mend = f"Undo that, or let a person approve the plan as it is now: {_again(plan.path)}"
        raise PlanError("\n".join([*lines, mend]))


def ensure(plan: Plan, root: Path) -> None:
    """What every command that writes does first: check, and record an approval that was set by hand when it is seen for the first time."""
    check(plan)
    if plan.status not in {"DRAFT", "PENDING"} and recorded(plan.path) is None:
        with locked(plan.path, root) as folder:
            if recorded(plan.path) is None:  # nobody was quicker
                current = parse(read_bytes(plan.path), plan.path)
                _record(current, folder, by=BY_HAND)
        check(plan)


def approve(plan: Plan, root: Path, *, by: str) -> Plan:
    """Record what the plan says as approved by ``by``, set APPROVED if it is DRAFT or PENDING, and give the plan then.

    A plan that was approved before is recorded anew, which is how a change is accepted; that takes a name. Raises PlanError without one,
    and when the plan is COMPLETE or VERIFIED.
    """
    if plan.status in {"COMPLETE", "VERIFIED"}:
        raise PlanError(f"{visible(str(plan.path))}: is {plan.status}: what is done cannot be approved again")
    if not by.strip() and (plan.status == "APPROVED" or recorded_or_broken(plan.path)):
        raise PlanError(f"{visible(str(plan.path))}: was approved before: a person does that anew: {_again(plan.path)}")
    folder = folder_of(plan.path, root)

    def guard(current: Plan) -> None:
        if current.digest != plan.digest:
            raise PlanError(f"{visible(str(plan.path))}: was changed while it was being approved: read it, and approve again")
        _record(current, folder, by=by)

    return save(plan, Change(status="APPROVED"), root, guard=guard)


def recorded_or_broken(plan: Path) -> bool:
    """Whether there is a record of an approval at all, whatever its state."""
    path = evidence_folder(plan) / _FILE
    return path.exists() or path.is_symlink()


def _record(plan: Plan, folder: Path, *, by: str) -> None:
    """Write the record; the caller holds the lock of the plan."""
    path = evidence_folder(plan.path) / _FILE
    content = {
        "version": _VERSION,
        "plan": plan.path.name,
        "by": by,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "title": _digest(plan.title),
        "tasks": {identity(task.id): _digests(task) for task in plan.tasks},
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        real = path.parent.resolve(strict=True)
    except OSError as error:
        raise GotchaAuditError(f"{visible(str(path.parent))} cannot be made: {error.strerror or error}; the plan stays as it was") from error
    if not real.is_relative_to(folder.resolve()):
        raise PlanError(f"{visible(str(path.parent))}: leads elsewhere: remove the link")
    if path.is_symlink():
        locate(path, real)
    replace_file(path, (json.dumps(content, indent=2) + "\n").encode("ascii"), folder / f"{plan.path.name}.approved.new")


def _digests(task: Task) -> dict[str, str]:
    return {
        "name": _digest(task.name),
        "description": _digest(task.description),
        "dod": _digest(task.dod),
        "dependencies": _digest([identity(name) for name in task.dependencies]),
    }


def _digest(said: object) -> str:
    return hashlib.sha256(json.dumps(said).encode("ascii")).hexdigest()


def _approval(root: Value) -> Approval | None:
    content = plain(root)
    if not isinstance(content, dict) or content.get("version") != _VERSION:
        return None
    by, at, title, tasks = (content.get(name) for name in ("by", "at", "title", "tasks"))
    if not (isinstance(by, str) and isinstance(at, str) and isinstance(title, str) and isinstance(tasks, dict)):
        return None
    if not all(isinstance(fields, dict) and all(isinstance(text, str) for text in fields.values()) for fields in tasks.values()):
        return None
    return Approval(by=by, at=at, title=title, tasks=tasks)


def _again(plan: Path) -> str:
    return visible(f"gotcha-audit plan approve --plan {shlex.quote(str(plan))} --by NAME")


def _broken(path: Path, plan: Path, why: str) -> str:
    return (
        f"{visible(str(path))}: the record of the approval cannot be used: {why}; restore it, or let a person approve the plan again: {_again(plan)}"
    )
