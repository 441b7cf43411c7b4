"""``gotcha-audit facts``."""

from __future__ import annotations

import json
from pathlib import Path

import click

from auditor.catalogue import cache_directory
from auditor.cli.output import emit, say
from auditor.cli.shared import directory, format_option
from auditor.engines.pool import default_jobs
from auditor.model.codec import plain
from auditor.project.config import load_config
from auditor.project.facts import Facts
from auditor.project.project import Project, open_project
from auditor.report.masking import mask
from auditor.report.visible import encodable, visible
from auditor.scan.gather import Gathered, gather

_VALUES = frozenset({"value", "text", "rest", "words", "args", "documents"})


@click.command("facts", short_help="Show what the files of a project say to each other.")
@click.argument("path", default=".", type=click.Path(path_type=Path))
@format_option
def command(path: Path, output_format: str) -> int:
    """Show what the files of a project say to each other: how production starts, what each file sets, reads and serves.

    This is what cross-file checks are written against. Secrets are masked. The exit code is 3 when a file could not be read.
    """
    project, gathered = gathered_project(directory(path))
    if output_format == "json":
        emit(json.dumps(_data(project), indent=2) + "\n")
    else:
        emit(_text(project.facts))
    return tell_troubles(gathered)


def gathered_project(root: Path) -> tuple[Project, Gathered]:
    """Open a project with the facts of all its files."""
    project = open_project(root, config=load_config(root))
    return project, gather(project, jobs=default_jobs(), directory=cache_directory())


def tell_troubles(gathered: Gathered) -> int:
    """Say what could not be read, and give the exit code for it."""
    for trouble in gathered.troubles:
        say(visible(f"{trouble.place}: {trouble.message}"))
    return 3 if gathered.troubles else 0


def _data(project: Project) -> dict[str, object]:
    """Everything as plain data."""
    facts = project.facts
    records = ((file.path, facts.record(file.path)) for file in project.tree_files)
    files = {encodable(str(path)): _shown({key: item for key, item in _fields(record).items() if item}) for path, record in records}
    return {
        "scopes": sorted(encodable(str(folder)) for folder in facts.scopes.folders) or ["."],
        "launches": [_shown(_fields(launch)) for launch in facts.launches],
        "reads": [_shown(_fields(read)) for read in facts.environment.reads],
        "files": {path: said for path, said in files.items() if said},
    }


def _fields(fact: object) -> dict[str, object]:
    found = plain(fact)
    assert isinstance(found, dict)
    return found


def _shown(value: object, key: str = "", name: str = "") -> object:
    """Plain data as it may be shown: places as `path:line:column`, values without the secrets in them."""
    if isinstance(value, dict):
        if value.keys() == {"path", "span", "label"}:
            start = value["span"]["start"] if value["span"] else None
            place = f"{value['path']}:{start['line']}:{start['column']}" if start else str(value["path"])
            return encodable(place)
        name = str(value.get("name", "")) or name
        return {field: _shown(item, field, name) for field, item in value.items()}
    if isinstance(value, list):
        return [_shown(item, key, name) for item in value]
    if not isinstance(value, str):
        return value
    if key == "value":
        return encodable(mask(f"{name}={value}").partition("=")[2])
    return encodable(mask(value) if key in _VALUES else value)


def _text(facts: Facts) -> str:
    lines = [f"{len(facts.scopes.folders) or 1} application{'s' * (len(facts.scopes.folders) > 1)}: "]
    lines[0] += ", ".join(sorted(map(str, facts.scopes.folders)) or ["."])
    for launch in facts.launches:
        said = f"{launch.place}  {launch.kind} {launch.name}: {mask(' '.join(launch.words))}"
        details = [f"listens on {launch.bound}" if launch.bound else "", f"{launch.workers} workers" if (launch.workers or 0) > 1 else ""]
        lines += [said, *(f"    {detail}" for detail in details if detail), *(f"    by way of {place}: {place.label}" for place in launch.trail)]
    if not facts.launches:
        lines.append("No file says how production starts.")
    entries = facts.environment.entries
    lines.append(f"{len(entries)} variables are read: `gotcha-audit env` lists them.")
    return "".join(f"{visible(line)}\n" for line in lines)
