"""``gotcha-audit lsp``."""

from __future__ import annotations

import importlib.util

import click

from auditor.cli.shared import page
from auditor.errors import UsageError


@click.command(
    "lsp",
    short_help="Serve editors: diagnostics while you type (language server).",
    epilog="""\b
The server is started by an editor; docs/editors.md has the settings of the common ones.

\b
Exit codes (of the Language Server Protocol):
  0  the editor has shut the server down
  1  it went away without doing so
  2  the package for it is not installed
""",
)
@click.option("--stdio", is_flag=True, help="Use standard input and output; there is nothing else, and some editors say so.")
def command(*, stdio: bool) -> int:  # noqa: ARG001 (what clients are used to give)
    """Serve one editor over standard input and output (Language Server Protocol)."""
    if importlib.util.find_spec("pygls") is None or importlib.util.find_spec("lsprotocol") is None:
        raise UsageError("the language server needs pygls: pip install 'gotcha-audit[lsp]'")
    from auditor.lsp.server import serve  # noqa: PLC0415 (the protocol is loaded by who serves it)

    return serve(page)
