"""The clients that are understood, and how to tell which one speaks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from auditor.hook import claude, codex, copilot, cursor
from auditor.hook.events import Answer, Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """One client: how its events are read and its answers written."""

    read: Callable[[str, Mapping[str, object], Mapping[str, str]], Event | None]
    write: Callable[[str, Answer], Mapping[str, object]]


AGENTS = {
    "claude": Agent(read=claude.read, write=claude.write),
    "codex": Agent(read=codex.read, write=codex.write),
    "cursor": Agent(read=cursor.read, write=cursor.write),
    "copilot": Agent(read=copilot.read, write=copilot.write),
}

EVENTS = {
    "after an edit": ("PostToolUse", "postToolUse", "afterFileEdit"),
    "before a write": ("PreToolUse", "preToolUse", "beforeShellExecution"),
    "at the end of a turn": ("Stop", "stop", "agentStop"),
    "at the start of a session": ("SessionStart", "sessionStart"),
}
KNOWN = frozenset(name for names in EVENTS.values() for name in names)


def detect(data: Mapping[str, object], environment: Mapping[str, str]) -> str:
    """The name of the client that wrote ``data``: by what only it says, then by the variable that only it sets."""
    if "conversation_id" in data or "cursor_version" in data or "workspace_roots" in data:
        return "cursor"
    if "toolName" in data or "transcriptPath" in data or "stopReason" in data or "initialPrompt" in data:
        return "copilot"
    if environment.get("COPILOT_CLI"):
        return "copilot"
    if environment.get("CURSOR_PLUGIN_ROOT") or environment.get("CURSOR_VERSION"):
        return "cursor"
    if "sessionId" in data and "hookEventName" not in data and "session_id" not in data:
        return "copilot"  # hookEventName beside sessionId is VS Code, which reads answers in the form of Claude Code
    if "turn_id" in data:
        return "codex"
    return "claude"
