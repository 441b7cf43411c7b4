"""What the shell offers for an unfinished word: ids of entries, with their titles where the shell shows such."""

from __future__ import annotations

from collections.abc import Iterator

import click
from click.shell_completion import CompletionItem

from auditor.cli.shared import project_catalogue
from auditor.errors import GotchaAuditError


def ids(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Give the ids that begin like this."""
    return [CompletionItem(name, help=title) for name, title in _entries() if name.startswith(incomplete)]


def selectors(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Give what may stand in ``--select``: stacks, then ids; after a comma, the next one, but none that is there already."""
    before, comma, last = incomplete.rpartition(",")
    taken = before.split(",")
    entries = list(_entries())
    stacks = [(stack, f"all of {stack}") for stack in sorted({name.partition("/")[0] for name, _ in entries})]
    return [CompletionItem(before + comma + name, help=title) for name, title in (*stacks, *entries) if name.startswith(last) and name not in taken]


def _entries() -> Iterator[tuple[str, str]]:
    """Give the ids and titles of the built-in entries and of those the project adds; none when its configuration is broken."""
    try:
        for gotcha in project_catalogue().gotchas:
            yield gotcha.id, gotcha.title
    except GotchaAuditError:
        return
