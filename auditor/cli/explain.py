"""``gotcha-audit explain``."""

from __future__ import annotations

import io

import click

from auditor.catalogue.publish import entry_page
from auditor.cli.completing import ids
from auditor.cli.output import colour, emit, is_terminal, width
from auditor.cli.shared import entry, project_catalogue
from auditor.report.visible import visible


@click.command("explain", short_help="Show one gotcha: what breaks, why, and what to write.")
@click.argument("id", metavar="ID", shell_complete=ids)
def command(id: str) -> int:  # noqa: A002 (the name shown in the help)
    """Show one gotcha: what breaks, why, and what to write.

    On a terminal the entry is laid out; elsewhere it is Markdown.
    """
    gotcha = entry(project_catalogue(), id)
    text = visible(entry_page(gotcha) + f"\nTo silence one site: `gotcha: ignore[{gotcha.id}] -- reason` in a comment on it.\n", keep="\n\t")
    emit(laid_out(text) if is_terminal() else text)
    return 0


def laid_out(text: str) -> str:
    """Render Markdown for a terminal."""
    from rich.console import Console  # noqa: PLC0415 (only a terminal needs rich)
    from rich.markdown import Markdown  # noqa: PLC0415 (as above)

    stream = io.StringIO()
    console = Console(
        file=stream,
        width=min(width(), 100),
        force_terminal=True,
        color_system="standard" if colour() else None,
        no_color=not colour(),
        legacy_windows=False,
    )
    console.print(Markdown(text, hyperlinks=False, code_theme="ansi_dark"))
    return stream.getvalue()
