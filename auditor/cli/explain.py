"""``gotcha-audit explain``."""

from __future__ import annotations

import io

import click

from auditor.cli.output import colour, emit, is_terminal, width
from auditor.cli.shared import entry, page, project_catalogue
from auditor.model import Gotcha
from auditor.report.visible import visible


@click.command("explain", short_help="Show one gotcha: what breaks, why, and what to write.")
@click.argument("id", metavar="ID")
def command(id: str) -> int:  # noqa: A002 (the name shown in the help)
    """Show one gotcha: what breaks, why, and what to write.

    On a terminal the entry is laid out; elsewhere it is Markdown.
    """
    gotcha = entry(project_catalogue(), id)
    text = visible(document(gotcha), keep="\n\t")
    emit(laid_out(text) if is_terminal() else text)
    return 0


def document(gotcha: Gotcha) -> str:
    """Write an entry as Markdown for its reader, without the machine's part."""
    applies = ", ".join(map(str, gotcha.applies)) or gotcha.stack
    parts = [
        f"# {gotcha.title}",
        f"`{gotcha.id}` · {gotcha.severity.value} · {gotcha.confidence.value} confidence · {gotcha.category} · applies to {applies}",
        gotcha.summary,
        f"## Fails\n\n{gotcha.fails_text}",
        f"## Works\n\n{gotcha.works_text}",
        f"## Why\n\n{gotcha.why}" if gotcha.why else "",
        f"## When it is fine\n\n{gotcha.fine_when}" if gotcha.fine_when else "",
        "## Sources\n\n" + "\n".join(f"- <{source}>" for source in gotcha.sources) if gotcha.sources else "",
        f"To silence one site: `gotcha: ignore[{gotcha.id}] -- reason` in a comment on it.",
        f"<{page(gotcha)}>" if page(gotcha) else "",
    ]
    return "\n\n".join(part.strip() for part in parts if part.strip()) + "\n"


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
    console.print(Markdown(text, hyperlinks=False))
    return stream.getvalue()
