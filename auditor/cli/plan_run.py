"""``gotcha-audit plan red | green | pass | verify``: what of a plan is shown by running it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from auditor import __version__
from auditor.cli.output import colour, emit, width
from auditor.cli.reports import anchor, below_repository
from auditor.errors import UsageError
from auditor.model import Outcome, Report, Severity, Tool
from auditor.model.report import EXIT_CLEAN, EXIT_RESULTS
from auditor.plan import approval, passing, store
from auditor.plan.chosen import choose
from auditor.plan.document import Plan, Task
from auditor.plan.edit import Change
from auditor.plan.parse import find_task, identity
from auditor.plan.runner import LIMIT
from auditor.plan.verifying import verify
from auditor.report import RENDERERS, View
from auditor.report.visible import encodable, visible

_SHOWN = 15

_plan = click.option("--plan", "named", type=click.Path(path_type=Path), metavar="FILE", help="The plan; the only APPROVED one otherwise.")
_limit = click.option(
    "--limit", type=click.FloatRange(min=0.1), default=LIMIT, show_default=True, metavar="SECONDS", help="How long a command may take."
)
_json = click.option("--json", "as_json", is_flag=True, help="Write the answer as JSON.")


def _override(function: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--reason", default="", metavar="TEXT", help="Why it is let pass all the same."),
        click.option("--by", default="", metavar="NAME", help="The person who answers for it."),
        click.option("--override", is_flag=True, help="Let a person decide against the evidence; recorded, and shown in every report."),
    ):
        function = option(function)
    return function


def _person(override: bool, by: str, reason: str) -> passing.Override | None:
    if not override and (by or reason):
        raise UsageError("--by and --reason belong to --override")
    return passing.Override(by=by, reason=reason) if override else None


@click.command("red", short_help="Run the test of a task, which must fail, and record it.")
@_plan
@_limit
@_json
@click.argument("task_id", metavar="ID")
@click.argument("argv", metavar="-- CMD...", nargs=-1, type=click.UNPROCESSED)
def red(*, named: Path | None, limit: float, as_json: bool, task_id: str, argv: tuple[str, ...]) -> int:
    """Run the test of a task before the work is done. It must fail, by the word of its runner.

    The exit code is 0 when it does, 1 when it does not, and 2 when the command is no test run.
    """
    root, plan, task = _found(named, task_id)
    return _told(task, passing.red(plan, task, argv, root=root, limit=limit), "red", as_json=as_json)


@click.command("green", short_help="Run the test of a task, which must pass, and record it.")
@_plan
@_limit
@_json
@_override
@click.argument("task_id", metavar="ID")
@click.argument("argv", metavar="-- CMD...", nargs=-1, type=click.UNPROCESSED)
def green(*, named: Path | None, limit: float, as_json: bool, override: bool, by: str, reason: str, task_id: str, argv: tuple[str, ...]) -> int:
    """Run the test of a task after the work is done. It must pass, by the word of its runner.

    The exit code is 0 when it does, 1 when it does not, 2 when the command is no test run, and 4 when the full suite was run too often.
    """
    person = _person(override, by, reason)
    root, plan, task = _found(named, task_id)
    judged = passing.green(plan, task, argv, root=root, limit=limit, override=person)
    return _told(task, judged, "green", as_json=as_json)


@click.command("pass", short_help="Let a task pass, if its evidence shows it.")
@_plan
@_json
@_override
@click.argument("task_id", metavar="ID")
def pass_task(*, named: Path | None, as_json: bool, override: bool, by: str, reason: str, task_id: str) -> int:
    """Let a task pass: set its `passes` to true.

    Refused, with every reason, unless the plan is APPROVED, what the task depends on passes, its test was seen to fail and to pass, and
    nothing changed since. With --json the reasons are on standard output too.
    """
    person = _person(override, by, reason)
    root, plan, task = _found(named, task_id)

    def guard(current: Plan) -> None:
        against = passing.plan_reasons(current, find_task(current, task.id))
        if against:
            raise passing.RefusedError(f"{current.path}: task {identity(task.id)} may not pass: {'; '.join(against)}", against)

    try:
        record = passing.mark_passed(plan, task, root=root, override=person)
        store.save(plan, Change(passes={identity(task.id): True}), root, guard=guard)
    except passing.RefusedError as refused:
        if as_json:
            emit(json.dumps({"task": task.id, "passes": False, "reasons": [encodable(reason) for reason in refused.reasons]}, indent=2) + "\n")
        raise
    if as_json:
        emit(json.dumps({"task": task.id, "passes": True, "record": encodable(str(record.path)), "kind": record.kind}, indent=2) + "\n")
    else:
        by_whom = f" by the word of {visible(by)}" if record.kind == "override" else ""
        emit(f"task {visible(identity(task.id))} passes{by_whom}: {visible(str(record.path))}\n")
    return EXIT_CLEAN


@click.command("verify", short_help="Run the evidence of all passing tasks again.")
@_plan
@_limit
@click.option("--format", "output_format", type=click.Choice(list(RENDERERS)), default="text", show_default=True, help="How to write the report.")
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
def verify_plan(*, named: Path | None, limit: float, output_format: str, as_json: bool) -> int:
    """Run the evidence of all passing tasks again.

    Evidence that is missing, altered, stale, or that does not hold any more, fails.
    """
    root = Path()
    plan = choose(root, named, ("APPROVED", "COMPLETE", "VERIFIED"))
    approval.check(plan)
    run = verify(plan, root=root, limit=limit)
    report = Report(tool=Tool(name="gotcha-audit", version=__version__), root=".", runs=(run,))
    view = View(
        show=(Outcome.FAIL, Outcome.REVIEW, Outcome.PASS),
        colour=colour(),
        width=width(),
        prefix=below_repository(root),
        anchor=anchor(root, plan.path),
    )
    emit(RENDERERS["json" if as_json else output_format](report, view))
    return report.exit_status(fail_on=Severity.NOTE)


def _found(named: Path | None, task_id: str) -> tuple[Path, Plan, Task]:
    root = Path()
    plan = choose(root, named)
    approval.ensure(plan, root)
    return root, plan, find_task(plan, task_id)


def _told(task: Task, judged: passing.Judged, kind: str, *, as_json: bool) -> int:
    record, ran = judged.record, judged.ran
    assert record is not None
    if as_json:
        emit(json.dumps({**record.data, "record": encodable(str(record.path))}, indent=2) + "\n")
    else:
        shown = [visible(line) for line in ran.lines[-_SHOWN:]]
        what = {"red": "fails, as it must", "green": "passes"}[kind] if judged.accepted else f"is no {kind}"
        lines = [f"$ {visible(shlex.join(ran.argv))}", *shown, "", f"task {visible(identity(task.id))}: its test {what}"]
        lines += [f"  - {visible(reason)}" for reason in judged.reasons]
        emit("".join(f"{line}\n" for line in [*lines, f"recorded in {visible(str(record.path))}"]))
    return EXIT_CLEAN if judged.accepted else EXIT_RESULTS


COMMANDS = (red, green, pass_task, verify_plan)
