"""How the approved plans of a project stand: what is done, what is next, what passes without evidence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from auditor.errors import GotchaAuditError
from auditor.plan.chosen import candidates
from auditor.plan.document import Plan, Task
from auditor.plan.evidence import latest
from auditor.plan.order import ready
from auditor.plan.parse import inspect
from auditor.plan.store import locate, read_bytes

_MOST = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A plan, relative to its project, with the tasks that are ``open``, those that can be done ``next``, and those that pass ``unproven``."""

    path: Path
    plan: Plan
    open: tuple[Task, ...]
    next: tuple[Task, ...]
    unproven: tuple[Task, ...]


def standings(root: Path) -> tuple[Standing, ...]:
    """The plans of ``docs/plans/`` that can be read and are not done, by name."""
    return tuple(_standing(plan, root) for plan in _plans(root) if plan.status in {"DRAFT", "PENDING", "APPROVED"})


def _plans(root: Path) -> Iterator[Plan]:
    for path in candidates(root)[:_MOST]:
        try:
            found = locate(path, root)
            plan = inspect(read_bytes(found), found).plan
        except GotchaAuditError:
            continue
        if plan:
            yield plan


def _standing(plan: Plan, root: Path) -> Standing:
    return Standing(
        path=plan.path.relative_to(root),
        plan=plan,
        open=tuple(task for task in plan.tasks if not task.passes),
        next=ready(plan),
        unproven=tuple(task for task in plan.tasks if task.passes and not _is_proven(plan, task)),
    )


def _is_proven(plan: Plan, task: Task) -> bool:
    try:
        return latest(plan, task, "pass") is not None
    except GotchaAuditError:
        return False
