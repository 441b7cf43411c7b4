"""``validate`` and ``gate``: what starts the application."""

from __future__ import annotations

from auditor.errors import GotchaAuditError, UsageError
from auditor.mcp import schemas
from auditor.mcp.calls import Called, call
from auditor.mcp.page import empty
from auditor.mcp.roots import folder
from auditor.mcp.tools.base import Answer, Asked, Hints, Json, Tool
from auditor.mcp.tools.scan import paged
from auditor.model.report import EXIT_CLEAN, EXIT_ESCALATE

LIMIT = 600
GATE_LIMIT = 1800
_RUNS = Hints(reads_only=False, destroys=True, repeatable=False)
"""The project's own commands run, and may do whatever they do: a client should ask."""


async def _validate(asked: Asked) -> Answer:
    project = folder(asked.text("path", "."), asked.roots)
    words = ["validate", "--format=json"]
    if plan := asked.text("plan"):
        words.append(f"--plan={plan}")
    if app := asked.text("app"):
        words.append(f"--app={app}")
    if asked.flag("attempt", default=False):
        if not plan:
            raise UsageError("attempt counts the attempts of a plan: name it with `plan`")
        words.append("--attempt")
    if asked.flag("copy", default=False):
        words.append("--copy")
    if not asked.flag("browser", default=True):
        words.append("--no-browser")
    called = await call([*words, "--", "."], folder=project, limit=asked.number("time_limit", LIMIT), say=asked.say)
    return Answer(content=_told(called, asked))


async def _gate(asked: Asked) -> Answer:
    project = folder(asked.text("path", "."), asked.roots)
    words = ["gate", "--format=json"]
    if not asked.flag("browser", default=True):
        words.append("--no-browser")
    plan = asked.text("plan")
    called = await call([*words, *(["--", plan] if plan else [])], folder=project, limit=asked.number("time_limit", GATE_LIMIT), say=asked.say)
    return Answer(content={"complete": called.code == EXIT_CLEAN, **_told(called, asked)})


def _told(called: Called, asked: Asked) -> Json:
    """The page of the report; that a person must decide is an answer, too."""
    if called.answer is None and called.code == EXIT_ESCALATE:
        if not called.error:
            raise GotchaAuditError("the attempts are used up: a person must decide")
        return empty(code=called.code, said=called.error)
    return paged(called, asked)


VALIDATE = Tool(
    name="validate",
    title="Start the application and observe it",
    description=(
        "Start the real application as production would (its Procfile, Dockerfile, compose file, configuration or plan says how), look at it from "
        "outside, and stop it without a trace. Failures name the gotcha that is likely behind them. It runs the project's own commands here, "
        "loopback only; `copy` leaves the tree alone. It may take a minute: progress is told, and a cancelled call leaves no process."
    ),
    takes=schemas.record(
        {},
        {
            "path": schemas.PATH,
            "plan": {**schemas.PLAN, "description": "Use the validation block of this plan, relative to `path`, too."},
            "attempt": {**schemas.FLAG, "default": False, "description": "Count this run as an attempt of the plan."},
            "app": {"type": "string", "maxLength": 4096, "description": "The folder of the application, in a tree that holds several."},
            "copy": {**schemas.FLAG, "default": False, "description": "Run in a copy of the tree, which is gone afterwards."},
            "browser": {**schemas.FLAG, "default": True, "description": "Look at pages in a browser too, where one is installed."},
            **schemas.PAGE,
            "time_limit": schemas.time_limit(LIMIT),
        },
    ),
    gives=schemas.record(schemas.REPORT),
    hints=_RUNS,
    run=_validate,
)
GATE = Tool(
    name="gate",
    title="Hold everything against a plan",
    description=(
        "Run the evidence of a plan again, its tests, type check and lint, a scan and a validation; mark the plan COMPLETE when all of it holds. "
        "Otherwise the plan stays as it was, and the results say what to mend. It runs the project's own commands and may take minutes. The verdict "
        "`escalate` means: stop, a person must decide."
    ),
    takes=schemas.record(
        {},
        {
            "path": schemas.PATH,
            "plan": schemas.PLAN,
            "browser": {**schemas.FLAG, "default": True, "description": "Look at pages in a browser too, where one is installed."},
            **schemas.PAGE,
            "time_limit": schemas.time_limit(GATE_LIMIT),
        },
    ),
    gives=schemas.record({"complete": schemas.FLAG, **schemas.REPORT}),
    hints=_RUNS,
    run=_gate,
)
