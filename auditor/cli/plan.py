"""``gotcha-audit plan``: a plan that stays honest."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable
from pathlib import Path

import click

from auditor.cli.output import colour, emit, width
from auditor.cli.plan_run import COMMANDS
from auditor.cli.shared import columns
from auditor.errors import PlanError
from auditor.model import Outcome, Severity
from auditor.model.report import EXIT_CLEAN
from auditor.plan.approval import approve, check
from auditor.plan.chosen import PLANS, candidates, choose
from auditor.plan.document import Plan, Task
from auditor.plan.lint import lint, mistakes
from auditor.plan.order import blocked, ready, waiting
from auditor.plan.parse import identity, inspect
from auditor.plan.store import locate
from auditor.report import RENDERERS, View
from auditor.report.tally import plural
from auditor.report.visible import encodable, visible


@click.group("plan", short_help="Keep a plan honest: what is next, what passes, what was approved.")
def command() -> None:
    """Keep a JSON plan honest: what is next, what passes, what was approved.

    The plan is the file named by --plan, or the only APPROVED one in docs/plans/. Run it from the root of the project.
    """


plan_option = click.option("--plan", "named", type=click.Path(path_type=Path), metavar="FILE", help="The plan; the only APPROVED one otherwise.")


def written(function: Callable[..., int]) -> Callable[..., int]:
    """``--format text|json``, and ``--json`` for short; the function gets ``as_json``."""

    @click.option(
        "--format", "output_format", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to write the answer."
    )
    @click.option("--json", "short_json", is_flag=True, help="The same as --format json.")
    @functools.wraps(function)
    def wrapper(*, output_format: str, short_json: bool, **rest: object) -> int:
        return function(as_json=short_json or output_format == "json", **rest)

    return wrapper


@command.command("lint", short_help="Name what is wrong with a plan, by line.")
@plan_option
@written
def lint_command(*, named: Path | None, as_json: bool) -> int:
    """Name what is wrong with a plan, each mistake with its line.

    Without --plan every plan in docs/plans/ is looked at. The exit code is 1 when something is wrong, and 3 when a file is no JSON.
    """
    root = Path()
    paths = candidates(root) if named is None else (named,)
    if not paths:
        raise PlanError(f"there is no plan in {PLANS}/: name one with --plan FILE")
    if named is not None:
        locate(named, root)  # a plan that was named and is not there is a wrong flag
    report = lint(paths, root)
    if as_json:
        emit(RENDERERS["json"](report, View()))
    elif report.results:
        emit(RENDERERS["text"](report, View(show=(Outcome.FAIL,), colour=colour(), width=width())))
    else:
        emit("".join(f"{visible(str(path))}: nothing is wrong with it\n" for path in paths))
    return report.exit_status(fail_on=Severity.NOTE)


@command.command("show", short_help="Show the state of each task.")
@plan_option
@written
def show(*, named: Path | None, as_json: bool) -> int:
    """Show a plan: its status, and the state of each task."""
    plan = choose(Path(), named)
    if as_json:
        emit(_json({**_head(plan), "tasks": _rows(plan, plan.tasks)}))
        return EXIT_CLEAN
    passing = sum(task.passes for task in plan.tasks)
    rows: list[tuple[str, ...]] = [("task", "state", "name")]
    by = waiting(plan)
    rows += [(visible(identity(task.id)), _state(task, by[identity(task.id)]), visible(task.name)) for task in plan.tasks]
    emit(f"{visible(plan.title)}\n{visible(str(plan.path))}: {plan.status}, {passing} of {plan_tasks(plan)} pass\n\n{columns(rows)}")
    return EXIT_CLEAN


@command.command("next", short_help="Show what can be done now.")
@plan_option
@written
def next_command(*, named: Path | None, as_json: bool) -> int:
    """Show the tasks that can be done now, the first first, and what keeps the others back."""
    plan = choose(Path(), named)
    check(plan)
    now, later = ready(plan), blocked(plan)
    if as_json:
        emit(_json({**_head(plan), "next": _rows(plan, now), "blocked": _rows(plan, [one.task for one in later])}))
        return EXIT_CLEAN
    lines = [f"{visible(identity(task.id))}  {visible(task.name)}" for task in now]
    if later:
        lines += ["", "blocked:", *(f"  {visible(identity(one.task.id))}  by {', '.join(map(visible, one.by))}" for one in later)]
    if not now:
        stuck = "nothing can be done: gotcha-audit plan lint says why" if later else "every task passes" if plan.tasks else "there are no tasks"
        lines = [stuck, *lines]
    emit("".join(f"{line}\n" for line in lines))
    return EXIT_CLEAN


@command.command("approve", short_help="Approve a plan, and record what it says.")
@plan_option
@click.option("--by", default="", metavar="NAME", help="Who approves; a plan that was approved before needs one.")
@written
def approve_command(*, named: Path | None, by: str, as_json: bool) -> int:
    """Approve a plan: set its status to APPROVED, and record what its tasks say.

    From then on a changed name, description or dod is refused. To accept such a change, a person approves again, with --by NAME.
    Without --plan the plan is the only one in docs/plans/ that is DRAFT or PENDING.
    """
    root = Path()
    plan = choose(root, named, ("DRAFT", "PENDING"))
    wrong = mistakes(inspect(plan.data, plan.path))
    if wrong:
        lines = [f"{visible(str(plan.path))}:{one.line}: {one.message}" for one in wrong]
        raise PlanError("\n".join([*lines, "A plan with mistakes cannot be approved"]))
    after = approve(plan, root, by=by)
    if as_json:
        emit(_json({**_head(after), "by": encodable(by), "tasks": _rows(after, after.tasks)}))
    else:
        emit(f"{visible(str(after.path))}: {after.status}, {plan_tasks(after)}\n")
    return EXIT_CLEAN


def plan_tasks(plan: Plan) -> str:
    """Say how many tasks a plan has."""
    return plural(len(plan.tasks), "task")


def _head(plan: Plan) -> dict[str, object]:
    return {"plan": encodable(str(plan.path)), "title": encodable(plan.title), "status": plan.status}


def _rows(plan: Plan, tasks: Iterable[Task]) -> list[dict[str, object]]:
    by = waiting(plan)
    return [_row(task, () if task.passes else by[identity(task.id)]) for task in tasks]


def _row(task: Task, by: tuple[str, ...]) -> dict[str, object]:
    return {
        "id": encodable(task.id) if isinstance(task.id, str) else task.id,
        "name": encodable(task.name),
        "description": encodable(task.description),
        "dod": [encodable(text) for text in task.dod],
        "files": [encodable(text) for text in task.files],
        "dependencies": [encodable(one) if isinstance(one, str) else one for one in task.dependencies],
        "state": "passes" if task.passes else "blocked" if by else "ready",
        "blocked_by": [encodable(name) for name in by],
        "line": task.line,
    }


def _state(task: Task, by: tuple[str, ...]) -> str:
    return "passes" if task.passes else f"blocked by {', '.join(map(visible, by))}" if by else "ready"


def _json(content: object) -> str:
    return json.dumps(content, indent=2) + "\n"


for _one in COMMANDS:
    command.add_command(_one)
