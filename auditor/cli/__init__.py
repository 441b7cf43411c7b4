"""The command line: parse, call one function, render, exit code.

``main`` is the only place where an exception ends; nothing heavy is imported until a command runs.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from auditor import __version__
from auditor.cli import crash, shells
from auditor.cli.lazy import Lazy, LazyGroup
from auditor.cli.output import hush, say
from auditor.errors import GotchaAuditError
from auditor.model.report import EXIT_CLEAN, EXIT_INCOMPLETE, EXIT_INTERRUPTED
from auditor.report.visible import visible

COMMANDS = {
    "scan": Lazy(module="auditor.cli.scan", summary="Find where a project fails, and show where it works."),
    "baseline": Lazy(module="auditor.cli.baseline", summary="Write known findings down, so that only new ones count."),
    "validate": Lazy(module="auditor.cli.validate", summary="Start the application as production would, and observe it."),
    "gate": Lazy(module="auditor.cli.gate", summary="Hold tests, types, lint, scan and validation against a plan."),
    "cleanup": Lazy(module="auditor.cli.cleanup", summary="Stop what a validation that was killed left running."),
    "explain": Lazy(module="auditor.cli.explain", summary="Show one gotcha: what breaks, why, and what to write."),
    "env": Lazy(module="auditor.cli.env", summary="List the environment variables: read, told of, given."),
    "stack": Lazy(module="auditor.cli.stack", summary="Show which frameworks and tools were detected, and why."),
    "facts": Lazy(module="auditor.cli.facts", summary="Show what the files of a project say to each other."),
    "plan": Lazy(module="auditor.cli.plan", summary="Keep a plan honest: what is next, what passes, what was approved."),
    "prove": Lazy(module="auditor.cli.prove", summary="Run the examples of entries: FAILS must fail, WORKS must work."),
    "init": Lazy(module="auditor.cli.init", summary="Set a project up: configuration, pre-commit, CI."),
    "mcp": Lazy(module="auditor.cli.mcp", summary="Serve all of this to coding agents, over MCP."),
    "hook": Lazy(module="auditor.cli.hook", summary="Answer an event of a coding agent, read from standard input."),
    "lsp": Lazy(module="auditor.cli.lsp", summary="Serve editors: diagnostics while you type (language server)."),
    "catalogue": Lazy(module="auditor.cli.catalogue", summary="List, check, write and publish catalogue entries."),
}


@click.group(
    cls=LazyGroup,
    lazy=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="""\b
Examples:
  gotcha-audit scan .
  gotcha-audit scan . --format json --output report.json
  gotcha-audit explain flask/relative-send-directory

\b
Exit codes:
  0    nothing at or above --fail-on
  1    results
  2    a flag, a path, the configuration, a catalogue entry or a plan is wrong
  3    something could not be examined
  130  interrupted
""",
)
@click.version_option(__version__, prog_name="gotcha-audit", message="%(prog)s %(version)s")
def commands() -> None:
    """Find code that passes its tests and breaks in production."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and give its exit code; raises nothing."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    shells.install()
    try:
        status = commands.main(args=arguments, prog_name="gotcha-audit", standalone_mode=False)
    except GotchaAuditError as error:
        say(f"gotcha-audit: {visible(str(error), keep=chr(10))}")
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        say("gotcha-audit: interrupted")
        return EXIT_INTERRUPTED
    except (BrokenPipeError, SystemExit):  # click exits where the reader of its own output, such as the help, went away
        hush()
        return EXIT_CLEAN
    except Exception as error:  # noqa: BLE001 (the one boundary: a bug of ours becomes one line and a log)
        say(f"gotcha-audit: {visible(crash.record(error, arguments))}")
        return EXIT_INCOMPLETE
    return status if isinstance(status, int) else EXIT_CLEAN
