"""``gotcha-audit gate``."""

from __future__ import annotations

import os
from pathlib import Path

import click

from auditor.cli.output import say
from auditor.cli.progress import watching
from auditor.cli.reports import Wanted, anchor, below_repository, deliver, report_options, wanted
from auditor.cli.scan import entry_notes
from auditor.errors import UsageError
from auditor.gate.gate import Asked, gate, to_fix
from auditor.gate.validation import Validation
from auditor.model.report import EXIT_CLEAN
from auditor.plan.chosen import choose
from auditor.plan.passing import Override
from auditor.plan.runner import LIMIT
from auditor.project.config import load_config
from auditor.report import RENDERERS, View
from auditor.report.phase import Phase, render


@click.command(
    "gate",
    short_help="Hold tests, types, lint, scan and validation against a plan.",
    epilog="""\b
Examples:
  gotcha-audit gate docs/plans/shop.json
  gotcha-audit gate docs/plans/shop.json --output gate.md
  gotcha-audit gate docs/plans/shop.json --format markdown --format junit:gate.xml
  gotcha-audit gate docs/plans/shop.json --override --by 'Ada' --reason 'the outage of the mail service is not ours'

\b
Exit codes:
  0  the plan is COMPLETE
  1  something fails; the plan is as it was
  2  the plan, its approval or a flag is wrong
  3  something could not be examined
  4  the attempts of the plan are used up: a person must decide
""",
)
@click.argument("plan", required=False, type=click.Path(path_type=Path))
@report_options("markdown", [name for name in RENDERERS if name != "text"])
@click.option("--limit", type=click.FloatRange(min=0.1), default=LIMIT, show_default=True, metavar="SECONDS", help="How long a command may take.")
@click.option("--no-browser", is_flag=True, help="Open no browser.")
@click.option("--override", is_flag=True, help="Complete the plan though something fails; recorded, and shown in every later report.")
@click.option("--by", default="", metavar="NAME", help="The person who answers for it.")
@click.option("--reason", default="", metavar="TEXT", help="Why it is let pass all the same.")
@click.option("--quiet", is_flag=True, help="Show no progress.")
def command(
    *,
    plan: Path | None,
    formats: tuple[Wanted, ...],
    output: Path | None,
    hide_suppressed: bool,
    limit: float,
    no_browser: bool,
    override: bool,
    by: str,
    reason: str,
    quiet: bool,
) -> int:
    """Hold everything that must hold against a plan, and mark it COMPLETE when all of it does.

    In this order: the evidence of its tasks is run again; tests, type check and lint; a scan; the application started as production would. Any
    failure leaves the plan as it was, and the report says what to mend first. PLAN is the only APPROVED one in docs/plans/ unless given; run it from
    the root of the project.
    """
    if not override and (by or reason):
        raise UsageError("--by and --reason belong to --override")
    outputs = wanted(formats, output, "markdown")
    root = Path()
    config = load_config(root)
    chosen = choose(root, plan)
    asked = Asked(
        config=config,
        validation=Validation(config=config, caller=dict(os.environ), browser=not no_browser),
        limit=limit,
        override=Override(by=by, reason=reason) if override else None,
    )
    with watching(quiet=quiet) as progress:
        gated = gate(root, chosen, asked, progress=progress)
    phase = Phase(
        title=gated.plan.title,
        path=str(plan or chosen.path),
        status=gated.plan.status,
        complete=gated.complete,
        overridden=gated.overridden,
        to_fix=to_fix(gated.report),
    )
    view = View(
        entries=entry_notes(config, cached=True),
        fail_on=config.fail_on,
        prefix=below_repository(root),
        anchor=anchor(root, chosen.path, config.path),
        suppressed=not hide_suppressed,
        project=root.resolve().name,
    )
    told = f"{phase.path}: {'COMPLETE' if gated.complete else f'not complete, {len(phase.to_fix)} to mend'}"
    deliver(gated.report, view, outputs, told, {**RENDERERS, "markdown": lambda report, view: render(report, phase, view)})
    if all(one.path is None for one in outputs):
        say(told)
    return EXIT_CLEAN if gated.complete else gated.report.exit_status(fail_on=config.fail_on)
