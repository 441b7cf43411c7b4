"""``gotcha-audit prove``."""

from __future__ import annotations

from pathlib import Path

import click

from auditor.catalogue import load
from auditor.cli import completing
from auditor.cli.output import emit, say
from auditor.cli.shared import columns, split
from auditor.errors import UsageError
from auditor.model import Gotcha, Outcome, Report, Severity
from auditor.project.config import load_config
from auditor.prove.proofs import chosen, prove_all
from auditor.prove.run import Proven
from auditor.report import RENDERERS, View
from auditor.report.visible import visible

_WORDS = {Outcome.PASS: "proven", Outcome.FAIL: "CONTRADICTED", Outcome.SKIP: "skipped", Outcome.ERROR: "NOT RUN"}


@click.command(
    "prove",
    short_help="Run the examples of entries: FAILS must fail, WORKS must work.",
    epilog="""\b
Examples:
  gotcha-audit prove flask/relative-send-directory
  gotcha-audit prove 'nginx/*' --jobs 4
  gotcha-audit prove --all
  gotcha-audit prove --stale

\b
Exit codes:
  0  everything that could be run is as the entries say
  1  an entry is contradicted
  2  wrong use
  3  something could not be run
""",
)
@click.argument("ids", nargs=-1, metavar="[ID]...", shell_complete=completing.ids)
@click.option("--all", "everything", is_flag=True, help="Every entry of the catalogue.")
@click.option("--stale", is_flag=True, help="Only entries without a proof of what they say now.")
@click.option("--quick", is_flag=True, help="Only entries whose last proof took a few seconds.")
@click.option("--jobs", type=click.IntRange(min=1), default=2, show_default=True, metavar="N", help="How many at once.")
@click.option("--no-write", is_flag=True, help="Write no proof beside the entries.")
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", "json", "sarif", "github", "gitlab", "junit"]),
    default="text",
    show_default=True,
    help="How to write the result.",
)
def command(*, ids: tuple[str, ...], everything: bool, stale: bool, quick: bool, jobs: int, no_write: bool, output_format: str) -> int:
    """Run the examples of entries as applications: FAILS must be seen to fail, and WORKS to work.

    Each example is laid over its base in a folder of its own, with pinned packages that are installed once, and everything is stopped and removed
    afterwards. A proof that holds is written beside its entry.
    """
    if not ids and not (everything or stale or quick):
        raise UsageError("name entries (ids or globs), or give --all, --stale or --quick")
    catalogue = load(load_config(Path.cwd()).catalogues)
    selected = catalogue.select(split(ids), ()).gotchas
    gotchas = chosen(selected, stale=stale, quick=quick)
    report = prove_all(gotchas, jobs=jobs, write=not no_write, told=_told)
    emit(_table(report) if output_format == "text" else RENDERERS[output_format](report, View()))
    say(_summary(report))
    return report.exit_status(fail_on=Severity.NOTE)


def _told(gotcha: Gotcha, proven: Proven) -> None:
    word = "proven" if proven.holds else "missing" if proven.missing else "not run" if proven.trouble else "CONTRADICTED"
    say(visible(f"{word:<13}{gotcha.id}  {proven.seconds:.1f} s"))


def _table(report: Report) -> str:
    """Everything but what is proven, with the reason: the rest needs no reading."""
    rows: list[tuple[str, ...]] = [
        (_WORDS[result.outcome], result.check, visible(result.message)) for result in report.results if result.outcome is not Outcome.PASS
    ]
    return columns(rows)


def _summary(report: Report) -> str:
    (run,) = report.runs
    unprovable = sum(result.message.startswith("unprovable") for result in run.results)
    skipped = run.counts["skip"] - unprovable
    parts = (
        f"{run.counts['pass']} proven",
        f"{run.counts['fail']} contradicted",
        f"{run.counts['error']} not run",
        f"{skipped} skipped",
        f"{unprovable} unprovable",
    )
    return f"{', '.join(parts)}; {run.seconds:.0f} s"
