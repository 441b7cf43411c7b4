"""``gotcha-audit scan``."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath

import click

from auditor.catalogue import load
from auditor.cli.completing import selectors
from auditor.cli.output import colour, say, width
from auditor.cli.passed import left_out
from auditor.cli.reports import Wanted, anchor, below_repository, deliver, report_options, wanted
from auditor.cli.shared import page, proof_note, split
from auditor.errors import UsageError
from auditor.model import Outcome, Severity
from auditor.model.report import EXIT_INCOMPLETE
from auditor.project.config import Config, load_config
from auditor.project.revision import revision
from auditor.report import EntryNote, View
from auditor.report.tally import summary
from auditor.scan import ScanOptions, baseline, scan, since

_SHOWN = ("fail", "review", "pass")


@click.command(
    "scan",
    short_help="Find where a project fails, and show where it works.",
    epilog="""\b
Examples:
  gotcha-audit scan .
  gotcha-audit scan app/web.py app/settings.py
  gotcha-audit scan . --select 'flask/*' --show fail,review,pass
  gotcha-audit scan . --format json --output report.json
  gotcha-audit scan . --format text --format sarif:report.sarif
  gotcha-audit scan . --since origin/main
  gotcha-audit scan --stdin-filename app/web.py - < draft.py

\b
Exit codes:
  0  nothing at or above --fail-on
  1  results
  2  wrong use
  3  something could not be examined
""",
)
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path(path_type=Path))
@report_options()
@click.option("--select", multiple=True, metavar="ID", shell_complete=selectors, help="Only these gotchas (globs, comma separated, repeatable).")
@click.option("--ignore", multiple=True, metavar="ID", shell_complete=selectors, help="Not these gotchas, besides those the configuration ignores.")
@click.option("--fail-on", type=click.Choice([severity.value for severity in Severity]), help="The least severity that makes the exit code 1.")
@click.option("--strict/--no-strict", default=None, help="Let sites under review make the exit code 1 too.")
@click.option("--show", multiple=True, metavar="OUTCOMES", help="Which sites to list: fail, review, pass (comma separated).")
@click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="Worker processes; one for each processor unless given.")
@click.option("--no-cache", is_flag=True, help="Take nothing from an earlier scan.")
@click.option("--force-exclude", is_flag=True, help="Leave out files that a scan of the whole project leaves out, even when they are named.")
@click.option("--baseline", "baseline_file", type=click.Path(path_type=Path), metavar="FILE", help="Only findings that are not in this file count.")
@click.option("--no-baseline", is_flag=True, help="Let all findings count, whatever baseline the configuration names.")
@click.option("--since", "since_name", metavar="REV", help="Only findings that are new since this commit count.")
@click.option("--stdin-filename", type=click.Path(path_type=Path), metavar="NAME", help="Standard input (PATH is -) stands for this file.")
def command(
    *,
    paths: tuple[Path, ...],
    formats: tuple[Wanted, ...],
    output: Path | None,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    fail_on: str | None,
    strict: bool | None,
    show: tuple[str, ...],
    hide_suppressed: bool,
    jobs: int | None,
    no_cache: bool,
    force_exclude: bool,
    baseline_file: Path | None,
    no_baseline: bool,
    since_name: str | None,
    stdin_filename: Path | None,
) -> int:
    """Find where a project fails, and show where it works.

    PATH is one directory, examined as a whole, or files and directories of the project in the current directory (the default).
    Settings come from [tool.gotcha-audit] in pyproject.toml or from gotcha-audit.toml; flags win over them.
    """
    root, chosen = target(paths) if stdin_filename is None else (Path.cwd(), (inside(Path.cwd(), stdin_filename),))
    shown = outcomes(show)
    outputs = wanted(formats, output)
    config = load_config(root)
    if force_exclude:
        config = replace(config, exclude=(*config.exclude, *left_out(root, config, chosen)))
    unsaved = {} if stdin_filename is None else typed(paths, chosen, config.max_file_size)
    options = ScanOptions(config=config, paths=chosen, select=split(select), ignore=split(ignore), jobs=jobs, no_cache=no_cache, unsaved=unsaved)
    known = None if no_baseline else baseline_of(config, baseline_file)
    at = revision(root, since_name) if since_name is not None else None
    report = scan(root, options)
    if known is not None:
        limits = baseline.Limits(paths=chosen, selected=bool(options.select or options.ignore))
        report = baseline.apply(report, known, root=root, limits=limits)
    if at is not None:
        report = since.apply(report, at, root=root, options=options)
    least = Severity(fail_on) if fail_on else config.fail_on
    view = View(
        show=shown or config.show,
        colour=colour(),
        width=width(),
        entries=entry_notes(config, cached=not no_cache),
        prefix=below_repository(root),
        anchor=anchor(root, config.path),
        suppressed=not hide_suppressed,
        fail_on=least,
        project=root.resolve().name,
    )
    status = report.exit_status(
        fail_on=least,
        strict=config.strict if strict is None else strict,
    )
    deliver(report, view, outputs, summary(report))
    if status == EXIT_INCOMPLETE:
        say("gotcha-audit: something could not be examined; the report names it")
    return status


def baseline_of(config: Config, named: Path | None) -> baseline.Baseline | None:
    """Give the baseline that is named by a flag or else by the configuration; raises UsageError when it cannot be used."""
    path = named or config.baseline
    return baseline.read(path) if path is not None else None


def target(paths: tuple[Path, ...]) -> tuple[Path, tuple[Path, ...]]:
    """Give the root, and the paths below it that limit the scan; raises UsageError for what is missing or outside.

    One directory is a root of its own, so that paths in the report are relative to it; everything else belongs to the
    project in the current directory.
    """
    for path in paths:
        if not os.path.lexists(path):
            mend = "; to scan standard input, name the file it stands for: --stdin-filename NAME" if str(path) == "-" else ""
            raise UsageError(f"{path}: no such file or directory{mend}")
    if len(paths) == 1 and paths[0].is_dir():
        return paths[0], ()
    root = Path.cwd()
    return root, tuple(inside(root, path) for path in paths)


def inside(root: Path, path: Path) -> Path:
    """Give ``path`` relative to the root; raises UsageError when it lies outside."""
    relative = os.path.relpath(Path(path).absolute(), root)
    if relative == os.pardir or relative.startswith(os.pardir + os.sep):
        raise UsageError(f"{path} is outside the current directory: run from the root of its project, or give that directory")
    return Path(relative)


def typed(paths: tuple[Path, ...], chosen: tuple[Path, ...], most: int) -> dict[PurePosixPath, bytes]:
    """Read standard input as the text of the chosen file; one byte more than ``most`` is enough to tell that it is too large."""
    if paths != (Path("-"),):
        raise UsageError("--stdin-filename goes with one PATH, which is - for standard input")
    (path,) = chosen
    if path.is_dir():
        raise UsageError(f"--stdin-filename {path}: this is a directory; name the file that standard input stands for")
    return {PurePosixPath(path.as_posix()): click.get_binary_stream("stdin").read(most + 1)}


def outcomes(show: tuple[str, ...]) -> tuple[Outcome, ...]:
    """Give the outcomes named by ``--show``; raises UsageError for another word."""
    names = split(show)
    for name in names:
        if name not in _SHOWN:
            raise UsageError(f"--show {name}: write one or more of {', '.join(_SHOWN)}")
    return tuple(Outcome(name) for name in names)


def entry_notes(config: Config, *, cached: bool) -> dict[str, EntryNote]:
    """Give what a renderer may say of each entry of the catalogue."""
    catalogue = load(config.catalogues, cached=cached)
    return {gotcha.id: EntryNote(gotcha=gotcha, link=page(gotcha), proof=partial(proof_note, gotcha)) for gotcha in catalogue.gotchas}
