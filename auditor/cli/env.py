"""``gotcha-audit env``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

import click

from auditor.cli.facts import gathered_project, tell_troubles
from auditor.cli.output import emit, say, write_file
from auditor.cli.shared import columns, directory, format_option
from auditor.errors import UsageError
from auditor.project.facts.environment import Entry
from auditor.project.project import Project
from auditor.project.text import Unreadable
from auditor.report.visible import encodable, visible

_EXAMPLES = (".env.example", ".env.sample", ".env.template", ".env.dist", "env.example", "env.sample", ".env-example", ".env-sample")


@click.command("env", short_help="List the environment variables: read, told of, given.")
@click.argument("path", default=".", type=click.Path(path_type=Path))
@format_option
@click.option("--missing", "only_missing", is_flag=True, help="List only what somebody has to be told of, or has to give.")
@click.option("--write-example", is_flag=True, help="Add the names that are missing to .env.example; what is there stays as it is.")
def command(path: Path, output_format: str, *, only_missing: bool, write_example: bool) -> int:
    """List the environment variables of a project: where each is read, whether the code does without it, which document or example file
    names it, and which deployment file gives it.

    Values are never shown and never copied. The exit code is 3 when a file could not be read.
    """  # noqa: D205 (the help shows it as one paragraph)
    root = directory(path)
    project, gathered = gathered_project(root)
    entries = project.facts.environment.entries
    if write_example:
        for target, names in _additions(project, entries):
            _add(root, project, target, names)
    shown = tuple(entry for entry in entries if entry.missing) if only_missing else entries
    emit(json.dumps([_row(entry) for entry in shown], indent=2) + "\n" if output_format == "json" else _table(shown))
    return tell_troubles(gathered)


def _row(entry: Entry) -> dict[str, object]:
    return {
        "name": encodable(entry.name),
        "scope": encodable(str(entry.scope)),
        "need": entry.need,
        "missing": entry.missing.split(" and ") if entry.missing else [],
        "read": [
            {
                "place": encodable(str(read.place)),
                "required": read.required,
                "defaulted": read.defaulted,
                "cast": read.cast or None,
                "guard": read.guard or None,
                "when": read.when,
                "confidence": read.confidence.value,
            }
            for read in entry.reads
        ],
        "documented": [encodable(str(place)) for place in entry.told],
        "provided": [
            {
                "place": encodable(str(given.variable.place)),
                "by": encodable(str(given)),
                "source": given.variable.source,
                "when": given.variable.when,
            }
            for given in entry.given
        ],
    }


def _table(entries: Sequence[Entry]) -> str:
    """One table an application; of several places the first is named and the others are counted."""
    if not entries:
        return "No environment variable is read.\n"
    parts = []
    scopes = sorted({entry.scope for entry in entries})
    for scope in scopes:
        rows: list[tuple[str, ...]] = [("variable", "need", "read at", "documented in", "provided by", "missing")]
        for entry in entries:
            if entry.scope == scope:
                cells = (
                    entry.name,
                    entry.need,
                    _first([str(read.place) for read in entry.reads]),
                    _first([str(place.path) for place in entry.told]),
                    _first([str(given) for given in entry.given]),
                    entry.missing or "-",
                )
                rows.append(tuple(map(visible, cells)))
        heading = f"{visible(str(scope))}/\n" if len(scopes) > 1 or str(scope) != "." else ""
        parts.append(heading + columns(rows))
    lacking = sum(bool(entry.missing) for entry in entries)
    count = f"{len(entries)} variable{'s' * (len(entries) != 1)}, {lacking} with something missing\n"
    return "\n".join([*parts, count])


def _first(items: Iterable[str]) -> str:
    found = list(dict.fromkeys(items))
    return "-" if not found else found[0] if len(found) == 1 else f"{found[0]} +{len(found) - 1}"


# -- the example file --------------------------------------------------------------------------------------------------------------


def _additions(project: Project, entries: Iterable[Entry]) -> list[tuple[PurePosixPath, list[Entry]]]:
    """The example file of each application and the variables it lacks: those that the code needs and nobody sets by himself."""
    found: dict[PurePosixPath, list[Entry]] = {}
    for entry in entries:
        target = next((path for path in _candidates(project, entry.scope)), entry.scope / _EXAMPLES[0])
        known = {named.name.upper() for named in project.facts.record(target).named}
        if entry.is_needed and entry.name not in known:
            found.setdefault(target, []).append(entry)
    return sorted(found.items())


def _candidates(project: Project, scope: PurePosixPath) -> Iterable[PurePosixPath]:
    """Example files that are there: of the application's folder first, then of those above it."""
    return (folder / name for folder in (scope, *scope.parents) for name in _EXAMPLES if project.exists(folder / name))


def _add(root: Path, project: Project, target: PurePosixPath, entries: Sequence[Entry]) -> None:
    """Append names to an example file; raises UsageError when what is there cannot be read, for then it could not be kept."""
    before = ""
    if project.exists(target):
        try:
            before = project.data(target).decode("utf-8")
        except (Unreadable, UnicodeDecodeError) as error:
            raise UsageError(f"{target}: {error}; nothing was added to it") from error
    end = "\r\n" if "\r\n" in before else "\n"
    lines = [f"# read at {entry.reads[0].place}{end}{entry.name}={end}" for entry in entries]
    joint = "" if not before or before.endswith("\n") else end
    write_file(root / target, before + joint + (end if before else "") + "".join(lines))
    say(visible(f"{target}: {len(entries)} name{'s' * (len(entries) != 1)} added"))
