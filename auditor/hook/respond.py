"""From the bytes of an event to the bytes of an answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from auditor.hook.agents import AGENTS, KNOWN, detect
from auditor.hook.events import Answer, Edited, Event, ScanNote, Started, Writing

MAX_BYTES = 32_000_000
LIMIT = 8.0
"""Seconds; the timeouts in the plugin's configurations are above it, so that it is this one that ends."""

_LONGEST = 9_000
"""Characters of an answer: Claude Code puts longer ones into a file (https://code.claude.com/docs/en/hooks)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What goes to standard output ("" for nothing), and a line for standard error ("" for none)."""

    output: str = ""
    note: str = ""


def respond(name: str, data: bytes, *, agent: str, environment: Mapping[str, str]) -> Response:
    """Answer the event ``name`` whose JSON is ``data``; raises nothing that the input can cause.

    ``agent`` is a key of AGENTS, anything else means that it is to be told from the event. What is not understood is answered with nothing.
    """
    if name not in KNOWN:
        return Response(note=f"nothing is done at this event; known ones are {', '.join(sorted(KNOWN))}")
    if len(data) > MAX_BYTES:
        return Response(note=f"the event is larger than {MAX_BYTES:,} bytes: nothing was looked at")
    try:
        content = json.loads(data)
    except (ValueError, RecursionError):
        return Response(note="the event on standard input is not JSON: nothing was looked at")
    if not isinstance(content, dict):
        return Response(note="the event on standard input is no JSON object: nothing was looked at")
    chosen = AGENTS[agent if agent in AGENTS else detect(content, environment)]
    event = chosen.read(name, content, environment)
    if event is None:
        return Response()
    try:
        answer = _answer(event, environment)
    except ScanNote as note:
        return Response(note=str(note))
    if answer is None:
        return Response()
    text = answer.text if len(answer.text) <= _LONGEST else answer.text[: _LONGEST - 1] + "…"
    written = chosen.write(name, Answer(kind=answer.kind, text=text))
    return Response(output=json.dumps(written) + "\n")


def _answer(event: Event, environment: Mapping[str, str]) -> Answer | None:
    # Each event pays for what it needs and for nothing else.
    if isinstance(event, Writing):
        from auditor.hook.guard import guard  # noqa: PLC0415

        denial = guard(event)
        if denial is None and event.session:
            _remember(event, environment)
        return denial
    if isinstance(event, Edited):
        from auditor.hook.edited import report  # noqa: PLC0415

        return report(event, environment)
    if isinstance(event, Started):
        from auditor.hook.starting import welcome  # noqa: PLC0415

        return welcome(event)
    from auditor.hook.stopping import remind  # noqa: PLC0415

    return remind(event, environment)


def _remember(event: Writing, environment: Mapping[str, str]) -> None:
    """Codex, for one, tells of no patch afterwards that was applied through its shell."""
    from auditor.hook import session  # noqa: PLC0415 - see above
    from auditor.hook.written import by_shell, located  # noqa: PLC0415 - see above

    paths = (*(draft.path for draft in event.drafts), *by_shell(event.command, event.folders))
    root, found = located(event.folders, paths, there=False)
    if root is not None:
        session.intended(session.folder(event.session, root, environment), tuple(path.as_posix() for path in found))
