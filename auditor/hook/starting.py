"""What an agent should know of the project's plan when a session begins: one line a plan."""

from __future__ import annotations

from auditor.hook.events import Answer, Started
from auditor.hook.plans import Standing, standings
from auditor.hook.root import roots
from auditor.plan.parse import identity
from auditor.report.visible import visible

_MOST = 3
_LONGEST_NAME = 80


def welcome(event: Started) -> Answer | None:
    """The status of the project's plans; None when there is none to work on."""
    for root in roots(event.folders):
        found = standings(root)
        chosen = tuple(one for one in found if one.plan.status == "APPROVED") or found
        if chosen:
            return Answer(kind="context", text="\n".join(_line(one) for one in chosen[:_MOST]))
    return None


def _line(standing: Standing) -> str:
    plan = standing.plan
    name = visible(str(standing.path))
    if plan.status != "APPROVED":
        return f"gotcha-audit: {name} is {plan.status}: nothing in it is done before a person approves it (gotcha-audit plan approve)"
    done = f"gotcha-audit: {name} is approved, {len(plan.tasks) - len(standing.open)} of {len(plan.tasks)} tasks pass"
    if standing.next:
        task = standing.next[0]
        return f"{done}; next is {visible(identity(task.id))}, {visible(task.name)[:_LONGEST_NAME]} (gotcha-audit plan next)"
    if standing.open:
        return f"{done}; the others are blocked (gotcha-audit plan next)"
    return f"{done}; gotcha-audit gate {name} completes it"
