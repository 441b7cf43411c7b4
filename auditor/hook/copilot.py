"""Copilot CLI and cloud agent (https://docs.github.com/en/copilot/reference/copilot-cli-reference/cli-hooks-reference).

Events in camelCase have fields in camelCase, and ``toolArgs`` may be a text with JSON in it. Only newer versions say at ``agentStop`` that it was
answered before; the session is remembered for the others. Events in PascalCase come in the form of Claude Code, without ``hookSpecificOutput`` around
the answer.
"""

from __future__ import annotations

from collections.abc import Mapping

from auditor.hook.events import Answer, Edited, Event, Started, Stopping, Writing
from auditor.hook.fields import mapping, text
from auditor.hook.tools import call

_NAMES = {"PreToolUse": "preToolUse", "PostToolUse": "postToolUse", "Stop": "agentStop", "SessionStart": "sessionStart"}


def read(name: str, data: Mapping[str, object], environment: Mapping[str, str]) -> Event | None:  # noqa: ARG001 (the signature of all adapters)
    """The event; None where there is nothing to do."""
    folder = text(data, "cwd")
    folders = (folder,) if folder else ()
    session = text(data, "sessionId", "session_id")
    name = _NAMES.get(name, name)
    if name in {"preToolUse", "postToolUse"}:
        called = call(text(data, "toolName", "tool_name"), mapping(data, "toolArgs", "tool_input"))
        if called is None:
            return None
        if name == "preToolUse":
            return Writing(folders=folders, session=session, drafts=called.drafts, command=called.command)
        return Edited(folders=folders, session=session, paths=tuple(draft.path for draft in called.drafts), command=called.command)
    if name == "sessionStart":
        return Started(folders=folders, session=session)
    if name == "agentStop" and not data.get("stop_hook_active"):
        return Stopping(folders=folders, session=session)
    return None


def write(name: str, answer: Answer) -> Mapping[str, object]:  # noqa: ARG001 (the signature of all adapters)
    """The answer as JSON."""
    if answer.kind == "reminder":
        return {"decision": "block", "reason": answer.text}
    if answer.kind == "denial":
        return {"permissionDecision": "deny", "permissionDecisionReason": answer.text}
    return {"additionalContext": answer.text}
