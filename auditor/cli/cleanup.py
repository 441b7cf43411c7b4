"""``gotcha-audit cleanup``."""

from __future__ import annotations

import json

import click

from auditor.cli.output import emit, say
from auditor.cli.shared import format_option
from auditor.model.report import EXIT_CLEAN, EXIT_RESULTS
from auditor.processes.members import Orphan, end, orphans
from auditor.report.visible import encodable, visible


@click.command("cleanup", short_help="Stop what a validation that was killed left running.")
@click.option("--dry-run", is_flag=True, help="Only list the processes.")
@format_option
def command(*, dry_run: bool, output_format: str) -> int:
    """Stop what a validation that was killed left running.

    Every process that a validation starts carries a marker in its environment that names the validation. Those whose validation is still at work are
    left alone. The exit code is 1 when something could not be stopped.
    """
    found = orphans()
    left = () if dry_run else end(found)
    if output_format == "json":
        rows = [{"pid": orphan.pid, "command": encodable(orphan.command), "stopped": not dry_run and orphan not in left} for orphan in found]
        emit(json.dumps({"version": "v1", "processes": rows}, indent=2) + "\n")
    else:
        emit("".join(_line(orphan, dry_run=dry_run, left=left) for orphan in found))
        say(f"{len(found)} process{'es' * (len(found) != 1)} of killed validations{'' if dry_run else f', {len(found) - len(left)} stopped'}")
    return EXIT_RESULTS if left else EXIT_CLEAN


def _line(orphan: Orphan, *, dry_run: bool, left: tuple[Orphan, ...]) -> str:
    state = "runs" if dry_run else "cannot be stopped" if orphan in left else "stopped"
    return f"{orphan.pid:>8}  {state:<17}  {visible(orphan.command)}\n"
