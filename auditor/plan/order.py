"""Which task comes next, and what keeps the others back."""

from __future__ import annotations

import heapq
from dataclasses import dataclass

from auditor.plan.document import Plan, Task
from auditor.plan.parse import identity


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """A task that cannot begin, and the ids of its own dependencies that do not pass or do not exist."""

    task: Task
    by: tuple[str, ...]


def waiting(plan: Plan) -> dict[str, tuple[str, ...]]:
    """Give for each task, by its id, the ids of its dependencies that do not pass, in the order in which it names them."""
    passing = {identity(one.id) for one in plan.tasks if one.passes}
    return {identity(task.id): tuple(dict.fromkeys(name for name in map(identity, task.dependencies) if name not in passing)) for task in plan.tasks}


def ready(plan: Plan) -> tuple[Task, ...]:
    """Give the tasks that do not pass yet while everything they depend on does, in the order of the file."""
    by = waiting(plan)
    return tuple(task for task in plan.tasks if not task.passes and not by[identity(task.id)])


def blocked(plan: Plan) -> tuple[Blocked, ...]:
    """Give the tasks that do not pass and cannot begin, in the order in which they can be done; those of a cycle last."""
    by = waiting(plan)
    return tuple(Blocked(task=task, by=by[identity(task.id)]) for task in _ordered(plan) if by[identity(task.id)] and not task.passes)


def _ordered(plan: Plan) -> list[Task]:
    """All tasks, dependencies first, ties in the order of the file; what a cycle holds back stands at the end in the order of the file."""
    index = {identity(task.id): number for number, task in enumerate(plan.tasks)}
    needs = [{index[name] for name in map(identity, task.dependencies) if name in index} for task in plan.tasks]
    needed_by: dict[int, list[int]] = {}
    for number, names in enumerate(needs):
        for name in names:
            needed_by.setdefault(name, []).append(number)
    free = [number for number, names in enumerate(needs) if not names]
    order: list[int] = []
    while free:
        number = heapq.heappop(free)
        order.append(number)
        for follower in needed_by.get(number, ()):
            needs[follower].discard(number)
            if not needs[follower]:
                heapq.heappush(free, follower)
    done = set(order)
    return [plan.tasks[number] for number in (*order, *(number for number in range(len(plan.tasks)) if number not in done))]
