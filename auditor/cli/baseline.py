"""``gotcha-audit baseline``: the findings a project lives with."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import click

from auditor.cli.output import emit, say, write_file
from auditor.cli.shared import directory
from auditor.errors import UsageError
from auditor.model import Outcome, Run
from auditor.model.report import EXIT_CLEAN, EXIT_INCOMPLETE, EXIT_RESULTS
from auditor.project.config import Config, load_config
from auditor.report.tally import plural
from auditor.report.visible import visible
from auditor.scan import ScanOptions, baseline, scan


@click.group(
    "baseline",
    short_help="Write known findings down, so that only new ones count.",
    epilog="""\b
Examples:
  gotcha-audit baseline create
  gotcha-audit scan . --baseline gotcha-audit-baseline.json
  gotcha-audit baseline update
""",
)
def command() -> None:
    """Write down the findings a project lives with, so that only new ones count.

    The file is the one the configuration names under `baseline`, or gotcha-audit-baseline.json in the root of the scan. Commit it.
    """


_path = click.argument("path", default=".", type=click.Path(path_type=Path))
_file = click.option("--file", "named", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="The baseline.")
_jobs = click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="Worker processes; one for each processor unless given.")


@command.command("create", short_help="Write all findings of now into a new baseline.")
@_path
@_file
@_jobs
@click.option("--force", is_flag=True, help="Replace a baseline that is there.")
def create(*, path: Path, named: Path | None, jobs: int | None, force: bool) -> int:
    """Scan PATH as its configuration says, and write all findings into a new baseline.

    Sites that fail and sites under review are written down; what a comment silences is not. What could not be examined is never part of a
    baseline: the exit code is 3 then.
    """
    root = directory(path)
    config = load_config(root)
    file = _chosen(root, config, named)
    if os.path.lexists(file) and not force:
        raise UsageError(f"{file} is there: `gotcha-audit baseline update` keeps it up to date, and --force replaces it by all findings of now")
    run = _scanned(root, config, jobs)
    entries = baseline.entries_of(run)
    write_file(file, baseline.render(entries))
    emit(f"{visible(str(file))}: {_told(entries)}\n")
    if not config.baseline:
        wanted = "" if named else f', or write `baseline = "{file.name}"` into the configuration'
        say(f"gotcha-audit: give it to scan with --baseline{wanted}")
    return _status(run)


@command.command("update", short_help="Take out of a baseline what is gone.")
@_path
@_file
@_jobs
@click.option("--add", is_flag=True, help="Take new findings in.")
@click.option("--check", is_flag=True, help="Write nothing; the exit code is 1 when something is gone or has moved.")
def update(*, path: Path, named: Path | None, jobs: int | None, add: bool, check: bool) -> int:
    """Scan PATH as its configuration says, and take out of its baseline what is no longer found.

    Findings of a renamed file are written under its new name. New findings stay out, and are named, unless --add takes them in.
    """
    if add and check:
        raise UsageError("--check writes nothing, so it cannot --add")
    root = directory(path)
    config = load_config(root)
    file = _chosen(root, config, named)
    known = baseline.read(file)
    run = _scanned(root, config, jobs)
    done = baseline.update(run, known, root=root, add=add)
    if not check:
        text = baseline.render(done.write)
        write_file(file, text)
    emit("".join(f"{line}\n" for line in _said(file, done, add=add, check=check)))
    if check and (done.gone or done.moved):
        return EXIT_RESULTS
    return _status(run)


def _chosen(root: Path, config: Config, named: Path | None) -> Path:
    return named or config.baseline or root / baseline.FILE


def _scanned(root: Path, config: Config, jobs: int | None) -> Run:
    (run,) = scan(root, ScanOptions(config=config, jobs=jobs)).runs
    return run


def _said(file: Path, done: baseline.Update, *, add: bool, check: bool) -> Iterable[str]:
    for entry in done.gone:
        yield f"- {visible(str(entry))}"
    for old, new in done.moved:
        yield f"> {visible(old)} is {visible(new)} now"
    for entry in done.new:
        yield f"{'+' if add else '?'} {visible(str(entry))}"
    parts = [f"{done.kept} kept", f"{len(done.gone)} gone"]
    parts += [f"{len(done.new)} added"] if add else [f"{len(done.new)} new and left out (--add takes them in)"] if done.new else []
    yield f"{visible(str(file))}: {', '.join(parts)}{'; nothing was written' if check else ''}"


def _told(entries: tuple[baseline.Entry, ...]) -> str:
    reviews = sum(entry.verdict is Outcome.REVIEW for entry in entries)
    under_review = f", {reviews} of them under review" if reviews else ""
    return f"{plural(len(entries), 'finding')}{under_review}"


def _status(run: Run) -> int:
    errors = sum(result.outcome is Outcome.ERROR and result.suppression is None for result in run.results)
    if not errors:
        return EXIT_CLEAN
    say(f"gotcha-audit: {plural(errors, 'thing')} could not be examined, and no baseline holds that: `gotcha-audit scan` names it")
    return EXIT_INCOMPLETE
