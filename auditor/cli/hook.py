"""``gotcha-audit hook``: called by coding agents, never by a person."""

from __future__ import annotations

import json
import os
import sys

import click

from auditor.cli import crash
from auditor.cli.output import emit, say
from auditor.hook.limit import limited
from auditor.hook.respond import LIMIT, MAX_BYTES, respond
from auditor.model.report import EXIT_CLEAN
from auditor.report.visible import visible


class _Lenient(click.Command):
    """A misspelt flag in a client's configuration must not refuse every tool call, which exit code 2 would."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse, and go on without flags where they are wrong."""
        events = [word for word in args if not word.startswith("-")][:1]
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            say(f"gotcha-audit hook: {visible(error.format_message())} The flags are left aside.")
            return super().parse_args(ctx, events)


@click.command(
    "hook",
    cls=_Lenient,
    short_help="Answer an event of a coding agent, read from standard input.",
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    epilog="""\b
Events:
  PostToolUse, postToolUse, afterFileEdit        what fails in the edited files
  PreToolUse, preToolUse, beforeShellExecution   approved plans and evidence are not written by hand
  Stop, stop, agentStop                          one reminder of what is left open
  SessionStart, sessionStart                     the status of the plan

\b
Exit code:
  0  always: an agent takes 2 for a refusal. Whatever cannot be understood or takes too long is answered with nothing.
""",
)
@click.argument("event", required=False, default="")
@click.option("--agent", default="auto", show_default=True, metavar="auto|claude|codex|cursor|copilot", help="Whose event it is.")
@click.option("--limit", default=str(LIMIT), show_default=True, metavar="SECONDS", help="After this time the answer is nothing.")
def command(*, event: str, agent: str, limit: str) -> int:
    """Answer an event of a coding agent: its JSON on standard input, the answer as JSON on standard output, or nothing."""
    seconds = _seconds(limit)

    def work() -> bytes:
        return _work(event, agent)

    if sys.stdin.isatty():
        say("gotcha-audit hook: an agent calls this, and writes its event to standard input; see docs/agents.md")
        return EXIT_CLEAN
    answer = limited(work, seconds)
    if answer is None:
        say(f"gotcha-audit hook: no answer within {seconds:g} s; the check is left to the scan in CI")
        return EXIT_CLEAN
    output, note = json.loads(answer)
    if note:
        say(f"gotcha-audit hook: {visible(note)}")
    if output:
        emit(output)
    return EXIT_CLEAN


def _work(event: str, agent: str) -> bytes:
    try:
        found = respond(event, sys.stdin.buffer.read(MAX_BYTES + 1), agent=agent, environment=os.environ)
    except Exception as error:  # noqa: BLE001 (a bug of ours must not stop an agent: it is written down, and nothing is said)
        return json.dumps(["", crash.record(error, ["hook", event])]).encode()
    return json.dumps([found.output, found.note]).encode()


def _seconds(text: str) -> float:
    """A time limit; what is none is the usual one, for exit code 2 would refuse the agent's tool call."""
    try:
        seconds = float(text)
    except ValueError:
        return LIMIT
    return seconds if 0 < seconds <= 600 else LIMIT
