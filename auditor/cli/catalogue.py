"""``gotcha-audit catalogue``: the entries themselves."""

from __future__ import annotations

import json
import re
from pathlib import Path

import click
import yaml

from auditor.catalogue import agents_directory, load, rules_directory
from auditor.catalogue.publish import proven_by, published, stale
from auditor.catalogue.scaffold import new_entry
from auditor.cli.completing import ids
from auditor.cli.entries import check_directory, check_file
from auditor.cli.output import emit, say, write_file
from auditor.cli.shared import columns, entry, format_option, project_catalogue, split
from auditor.engines.export import semgrep_rules
from auditor.errors import UsageError
from auditor.project.config import load_config
from auditor.report.visible import visible

_ID = re.compile(r"[a-z0-9][a-z0-9-]*/[a-z0-9][a-z0-9-]*")


@click.group("catalogue", short_help="List, check, write and publish catalogue entries.")
def command() -> None:
    """List, check, write and publish catalogue entries.

    The catalogue is the built-in entries and those of the directories that the configuration in the current directory names
    under "catalogues".
    """


@command.command("list")
@click.option("--select", multiple=True, metavar="ID", help="Only these (globs or stacks, comma separated, repeatable).")
@format_option
def list_entries(select: tuple[str, ...], output_format: str) -> int:
    """List the entries."""
    gotchas = project_catalogue().select(split(select), ()).gotchas
    if output_format == "json":
        rows = [
            {
                "id": gotcha.id,
                "title": gotcha.title,
                "severity": gotcha.severity.value,
                "confidence": gotcha.confidence.value,
                "category": gotcha.category,
                "applies": [str(requirement) for requirement in gotcha.applies],
                "origin": gotcha.origin,
            }
            for gotcha in gotchas
        ]
        emit(json.dumps(rows, indent=2) + "\n")
    else:
        emit(columns([(gotcha.id, gotcha.severity.value, gotcha.category, visible(gotcha.title)) for gotcha in gotchas]))
    return 0


@command.command("show")
@click.argument("id", metavar="ID", shell_complete=ids)
def show(id: str) -> int:  # noqa: A002 (the name shown in the help)
    """Show an entry as it is written; what a run has shown of it is told on standard error."""
    gotcha = entry(project_catalogue(), id)
    try:
        text = Path(gotcha.origin).read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{gotcha.origin} cannot be read: {error}") from error
    emit(visible(text, keep="\n\t"))
    say(visible(f"{gotcha.id}: {proven_by(gotcha)}"))
    return 0


@command.command("check")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--no-examples", is_flag=True, help="Check the form alone.")
def check(path: Path, no_examples: bool) -> int:
    """Check an entry, or a directory of entries.

    First the form: every problem is named with its line and what to write instead. Then the examples: every marked line of Fails
    must be found to fail, nothing else in it, and nothing at all in Works.
    """
    if not path.exists():
        raise UsageError(f"{path}: no such file or directory")
    checked, problems = (check_directory if path.is_dir() else check_file)(path, examples=not no_examples)
    for problem in problems:
        say(visible(problem))
    say(f"{checked} {'entry' if checked == 1 else 'entries'} checked, {len(problems)} {'problem' if len(problems) == 1 else 'problems'}")
    return 1 if problems else 0


@command.command("new")
@click.argument("id", metavar="ID")
@click.option("--title", help="What goes wrong, in a few words.")
@click.option("--directory", type=click.Path(path_type=Path, file_okay=False), help="The directory of entries to write it to.")
def new(id: str, title: str | None, directory: Path | None) -> int:  # noqa: A002 (the name shown in the help)
    """Write a new entry to start from, complete in form.

    ID is stack/slug, such as flask/relative-upload-folder. The entry goes to the first directory under "catalogues" in the
    configuration, to rules/ in a checkout of gotcha-audit, or else to gotchas/.
    """
    if not _ID.fullmatch(id):
        raise UsageError(f"{id!r} is no id: write stack/slug in lower-case letters, digits and dashes, such as flask/relative-upload-folder")
    configured = load_config(Path.cwd()).catalogues
    target = directory or next(iter(configured), None) or (Path("rules") if _is_built_in(Path("rules")) else Path("gotchas"))
    path = target / f"{id}.md"
    if path.exists():
        raise UsageError(f"{path} is there already")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{path.parent} cannot be made: {error.strerror or error}") from error
    write_file(path, new_entry(title or id.partition("/")[2].replace("-", " ").capitalize()))
    emit(f"{path}\n")
    say(f"Fill it in, then run: gotcha-audit catalogue check {path}")
    if not _is_built_in(target) and target.absolute() not in [known.absolute() for known in configured]:
        say(f'To have it checked by gotcha-audit scan, set catalogues = ["{target}/"] under [tool.gotcha-audit] in pyproject.toml')
    return 0


@command.command("publish", short_help="Write the files that are generated from rules/.")
@click.option("--check", "only_check", is_flag=True, help="Write nothing; exit with 1 when a file is stale.")
def publish(only_check: bool) -> int:
    """Write the files that are generated from rules/: the digest for coding agents and the index."""
    rules, agents = rules_directory(), agents_directory()
    if not _is_built_in(rules.parent / "rules"):
        raise UsageError("this is an installed gotcha-audit: publish from a checkout of its repository")
    catalogue = load()
    old = stale(catalogue, rules, agents)
    if not only_check:
        texts = published(catalogue, rules, agents)
        for path in old:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_file(path, texts[path])
    for path in old:
        say(f"{path}: {'stale: run gotcha-audit catalogue publish' if only_check else 'written'}")
    return 1 if old and only_check else 0


@command.command("export-semgrep")
@click.option("--select", multiple=True, metavar="ID", help="Only these (globs or stacks, comma separated, repeatable).")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file instead of standard output.")
def export_semgrep(select: tuple[str, ...], output: Path | None) -> int:
    """Write the entries as semgrep rules (YAML).

    What semgrep cannot express, such as where a relative path leads, is left to gotcha-audit: those rules find every site of an
    entry and say so.
    """
    rules = semgrep_rules(project_catalogue().select(split(select), ()).gotchas)
    text = yaml.safe_dump(rules, sort_keys=False, allow_unicode=True, width=120)
    if output is None:
        emit(text)
    else:
        write_file(output, text)
        say(f"{output}: {len(rules['rules'])} rules")
    return 0


def _is_built_in(directory: Path) -> bool:
    """Whether this is the ``rules/`` of a checkout, which is where the built-in entries are read from."""
    return directory.is_dir() and directory.resolve() == rules_directory().resolve()
