"""``plan_next`` and ``plan_pass``."""

from __future__ import annotations

from auditor.errors import GotchaAuditError
from auditor.mcp import schemas
from auditor.mcp.calls import call
from auditor.mcp.roots import folder
from auditor.mcp.tools.base import READS, Answer, Asked, Hints, Tool
from auditor.model.report import EXIT_CLEAN

LIMIT = 120
_ID = {"type": ["string", "integer"], "minLength": 1}
_MAYBE = {"type": ["string", "null"]}
_TASK = schemas.record(
    {
        "id": _ID,
        "name": schemas.TEXT,
        "description": schemas.TEXT,
        "dod": schemas.TEXTS,
        "files": schemas.TEXTS,
        "dependencies": schemas.several(_ID),
        "state": schemas.one_of(("ready", "blocked", "passes")),
        "blocked_by": schemas.TEXTS,
        "line": {"type": "integer", "minimum": 0},
    }
)


async def _next(asked: Asked) -> Answer:
    project = folder(asked.text("path", "."), asked.roots)
    called = await call(["plan", "next", "--json", *_plan(asked)], folder=project, limit=LIMIT, say=asked.say)
    if called.code != EXIT_CLEAN or not isinstance(called.answer, dict):
        raise GotchaAuditError(called.error or f"it ended with exit code {called.code} and no answer")
    return Answer(content=called.answer)


async def _pass(asked: Asked) -> Answer:
    project = folder(asked.text("path", "."), asked.roots)
    task = asked.text("task") or str(asked.number("task", 0))
    called = await call(["plan", "pass", "--json", *_plan(asked), "--", task], folder=project, limit=LIMIT, say=asked.say)
    if not isinstance(called.answer, dict):
        raise GotchaAuditError(called.error or f"it ended with exit code {called.code} and no answer")
    passes = called.answer.get("passes") is True
    return Answer(
        content={
            "task": called.answer.get("task", task),
            "passes": passes,
            "reasons": called.answer.get("reasons", []),
            "record": called.answer.get("record"),
        }
    )


def _plan(asked: Asked) -> list[str]:
    plan = asked.text("plan")
    return [f"--plan={plan}"] if plan else []


PLAN_NEXT = Tool(
    name="plan_next",
    title="What can be done now",
    description="Give the tasks of the plan that can be done now, in order, with what makes each of them done, and what keeps the others back.",
    takes=schemas.record({}, {"path": schemas.PATH, "plan": schemas.PLAN}),
    gives=schemas.record(
        {"plan": schemas.TEXT, "title": schemas.TEXT, "status": schemas.TEXT, "next": schemas.several(_TASK), "blocked": schemas.several(_TASK)}
    ),
    hints=READS,
    run=_next,
)
PLAN_PASS = Tool(
    name="plan_pass",
    title="Let a task pass",
    description=(
        "Let a task of the plan pass, if its recorded evidence shows that it may: a test seen to fail before the work and to pass after it, by "
        "`gotcha-audit plan red` and `plan green`. Otherwise `passes` is false and `reasons` say what is missing, and the command that mends it. "
        "There is no way around the evidence here: a person may override at a terminal."
    ),
    takes=schemas.record({"task": {**_ID, "description": "The id of the task."}}, {"path": schemas.PATH, "plan": schemas.PLAN}),
    gives=schemas.record(
        {
            "task": _ID,
            "passes": schemas.FLAG,
            "reasons": schemas.TEXTS,
            "record": {**_MAYBE, "description": "The file that shows it."},
        }
    ),
    hints=Hints(reads_only=False, destroys=False, repeatable=False),
    run=_pass,
)
