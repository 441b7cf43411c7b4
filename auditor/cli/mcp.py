"""``gotcha-audit mcp``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from auditor.cli.output import say


@click.command(
    "mcp",
    short_help="Serve all of this to coding agents, over MCP.",
    epilog="""\b
Examples:
  gotcha-audit mcp
  gotcha-audit mcp --root ~/work/shop
  claude mcp add gotcha-audit -- gotcha-audit mcp
""",
)
@click.option("--root", type=click.Path(path_type=Path, file_okay=False), metavar="FOLDER", help="The only folder that may be looked at.")
def command(*, root: Path | None) -> int:
    """Serve the tool to coding agents: Model Context Protocol on standard input and output.

    A client starts this; there is nothing to see at a terminal. Without --root the client says which folders may be looked at, or else it is the
    current directory. It ends when its input ends.
    """
    if sys.stdin.isatty():
        say("gotcha-audit mcp: reading messages from this terminal; a client starts it (docs/mcp.md), Ctrl-D ends it")
    from auditor.mcp import serve  # noqa: PLC0415 (the SDK takes most of a second to load, and --help needs none of it)

    return serve(root)
