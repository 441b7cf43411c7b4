"""``gotcha-audit validate``."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import click

from auditor.cli.output import colour, say, width
from auditor.cli.progress import watching
from auditor.cli.reports import Wanted, anchor, below_repository, deliver, report_options, wanted
from auditor.cli.scan import entry_notes, outcomes
from auditor.cli.shared import directory
from auditor.errors import UsageError
from auditor.gate.validation import Validation, validated
from auditor.model import Severity
from auditor.model.report import EXIT_INCOMPLETE
from auditor.project.config import load_config
from auditor.report import View
from auditor.report.tally import summary


@click.command(
    "validate",
    short_help="Start the application as production would, and observe it.",
    epilog="""\b
Examples:
  gotcha-audit validate .
  gotcha-audit validate . --command 'gunicorn -b 127.0.0.1:{port} web:app'
  gotcha-audit validate . --plan docs/plans/shop.json --attempt
  gotcha-audit validate . --format markdown --output report.md --keep screenshots

\b
Exit codes:
  0  everything that was looked at works
  1  something fails
  2  wrong use, or nothing says how the application is started
  3  something could not be examined, or nothing was
  4  the attempts of the plan are used up: a person must decide
""",
)
@click.argument("path", default=".", type=click.Path(path_type=Path))
@report_options()
@click.option("--command", "start", metavar="TEXT", default="", help="Start it like this; {port} stands for the port.")
@click.option("--app", metavar="FOLDER", default=".", help="The application of a tree that holds several.")
@click.option("--plan", type=click.Path(path_type=Path, dir_okay=False), help="Use the validation block of this plan too.")
@click.option("--attempt", is_flag=True, help="Count this run as an attempt of the plan.")
@click.option("--copy", "copied", is_flag=True, help="Run in a copy of the tree, which is gone afterwards.")
@click.option("--no-browser", is_flag=True, help="Open no browser.")
@click.option("--no-scan", is_flag=True, help="Do not scan the project to explain failures.")
@click.option("--keep", metavar="FOLDER", type=click.Path(path_type=Path, file_okay=False), help="Keep screenshots in this folder.")
@click.option("--fail-on", type=click.Choice([severity.value for severity in Severity]), help="The least severity that makes the exit code 1.")
@click.option("--show", multiple=True, metavar="OUTCOMES", help="Which results to list: fail, review, pass (comma separated).")
@click.option("--quiet", is_flag=True, help="Show no progress.")
def command(
    *,
    path: Path,
    formats: tuple[Wanted, ...],
    output: Path | None,
    hide_suppressed: bool,
    start: str,
    app: str,
    plan: Path | None,
    attempt: bool,
    copied: bool,
    no_browser: bool,
    no_scan: bool,
    keep: Path | None,
    fail_on: str | None,
    show: tuple[str, ...],
    quiet: bool,
) -> int:
    """Start the application as production would, observe it from outside, and stop it without a trace.

    How it is started comes from [tool.gotcha-audit.validate], from a plan, or from the files by which production starts it; what was chosen, and why,
    heads the report. Only loopback is asked, and nothing of the project is deleted.
    """
    root = directory(path)
    outputs = wanted(formats, output)
    config = load_config(root)
    if attempt and plan is None:
        raise UsageError("--attempt counts the attempts of a plan: name it with --plan FILE")
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
    asked = Validation(
        config=config,
        plan=plan,
        validation=_validation(plan) if plan is not None else {},
        attempt=attempt,
        command=start,
        scope=PurePosixPath(app),
        caller=dict(os.environ),
        copied=copied,
        browser=not no_browser,
        kept=keep,
        explained=not no_scan,
    )
    shown = outcomes(show)
    least = Severity(fail_on) if fail_on else config.fail_on
    with watching(quiet=quiet) as progress:
        report = validated(root, asked, progress=progress)
    entries = entry_notes(config, cached=True)
    view = View(
        show=shown or config.show,
        colour=colour(),
        width=width(),
        entries=entries,
        fail_on=least,
        prefix=below_repository(root),
        anchor=anchor(root, plan, config.path),
        suppressed=not hide_suppressed,
        project=(root / app).resolve().name,
    )
    status = report.exit_status(fail_on=least)
    deliver(report, view, outputs, summary(report, fail_on=least))
    if status == EXIT_INCOMPLETE:
        say("gotcha-audit: something could not be examined; the report names it")
    return status


def _validation(plan: Path) -> Mapping[str, object]:
    """The validation block of a plan; raises UsageError when it cannot be read."""
    try:
        data = json.loads(plan.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{plan} cannot be read as a plan: {error}") from error
    block = data.get("validation", {}) if isinstance(data, dict) else None
    if not isinstance(block, dict):
        raise UsageError(f"{plan}: `validation` is no object")
    return block
