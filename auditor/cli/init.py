"""``gotcha-audit init``."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from auditor.cli.output import colour, emit, say, write_file
from auditor.cli.shared import directory, split
from auditor.errors import UsageError
from auditor.init import PARTS, Edit, Kept, find, is_unchanged, proposed
from auditor.report.visible import visible


@click.command(
    "init",
    short_help="Set a project up: configuration, pre-commit, CI.",
    epilog="""\b
Examples:
  gotcha-audit init --dry-run
  gotcha-audit init --only config,pre-commit --yes

\b
Exit codes:
  0  done, nothing to do, or you said no
  1  something has to be pasted by hand; it is shown, and the rest is done
  2  wrong use, or there is neither a terminal to ask at nor --yes
""",
)
@click.argument("path", default=".", type=click.Path(path_type=Path))
@click.option("--only", multiple=True, metavar="PARTS", help=f"Only these: {', '.join(PARTS)} (comma separated).")
@click.option("--yes", is_flag=True, help="Write without asking.")
@click.option("--dry-run", is_flag=True, help="Show what would be written, and write nothing.")
def command(path: Path, only: tuple[str, ...], *, yes: bool, dry_run: bool) -> int:
    """Show what a project needs to be audited, ask, and write it.

    Files that are there are only added to, and what cannot be added safely is shown for you to paste. Without --only, what is proposed is what the
    project shows a use for: a configuration always; hooks of pre-commit in a repository; a workflow or a job where GitHub or GitLab is used. The part
    `agents` has to be named.
    """
    names = split(only)
    for name in names:
        if name not in PARTS:
            raise UsageError(f"--only {name}: write one or more of {', '.join(PARTS)}")
    root = directory(path)
    steps = proposed(find(root), names)
    edits = [step for step in steps if isinstance(step, Edit)]
    by_hand = [step for step in steps if isinstance(step, Kept) and step.paste]
    emit("".join(_shown(step) for step in steps))
    status = 1 if by_hand else 0
    if not edits:
        say("gotcha-audit: nothing is written" + ("; what is left to you is shown" if by_hand else ": all of it is there"))
        return status
    if dry_run:
        return status
    if not yes:
        if not sys.stdin.isatty():
            raise UsageError("nothing was written: there is no terminal to ask at; say --yes to write, or --dry-run to look")
        count = f"{len(edits)} files" if len(edits) > 1 else "this file"
        if not click.confirm(f"Write {count}?", default=False, err=True):
            say("gotcha-audit: nothing was written")
            return 0
    _write(root, edits)
    return status


def _write(root: Path, edits: Sequence[Edit]) -> None:
    """Write each file as a whole; raises UsageError at the first that cannot be, or that changed meanwhile."""
    for edit in edits:
        if not is_unchanged(root, edit):
            raise UsageError(f"{edit.path} changed meanwhile, and is left alone: run gotcha-audit init again")
        target = root / edit.path
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"{edit.path.parent} cannot be made: {error.strerror or error}") from error
        write_file(target, edit.after)
        say(f"{edit.path}: {'written' if edit.before is None else 'added to'}" + (f"; now run: {edit.then}" if edit.then else ""))


def _shown(step: Edit | Kept) -> str:
    if isinstance(step, Edit):
        return "".join(_coloured(line) + "\n" for line in _difference(step)) + "\n"
    text = f"{step.path} is left alone: {visible(step.reason)}\n"
    if step.paste:
        text += "  Put this into it yourself:\n" + "".join(f"    {line}".rstrip() + "\n" for line in step.paste.splitlines())
    return text + "\n"


def _difference(edit: Edit) -> Iterator[str]:
    before = [] if edit.before is None else edit.before.splitlines()
    source = "/dev/null" if edit.before is None else str(edit.path)
    for line in difflib.unified_diff(before, edit.after.splitlines(), source, str(edit.path), lineterm=""):
        yield visible(line, keep="\t")


def _coloured(line: str) -> str:
    if not colour():
        return line
    shade = "1" if line.startswith(("---", "+++")) else {"+": "32", "-": "31", "@": "36"}.get(line[:1])
    return f"\x1b[{shade}m{line}\x1b[0m" if shade else line
