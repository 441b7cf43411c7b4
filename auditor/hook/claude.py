"""Claude Code (https://code.claude.com/docs/en/hooks), and VS Code, which reads the same configuration.

One channel: JSON on standard output with exit code 0. VS Code's reference: https://code.visualstudio.com/docs/agents/reference/hooks-reference.
"""

from __future__ import annotations

from collections.abc import Mapping

from auditor.hook.events import Answer, Edited, Event, Started, Stopping, Writing
from auditor.hook.fields import mapping, text
from auditor.hook.tools import call


def read(name: str, data: Mapping[str, object], environment: Mapping[str, str]) -> Event | None:
    """The event; None where there is nothing to do."""
    folders = tuple(dict.fromkeys(folder for folder in (text(data, "cwd"), environment.get("CLAUDE_PROJECT_DIR", "")) if folder))
    session = text(data, "session_id", "sessionId")
    if name in {"PreToolUse", "PostToolUse"}:
        called = call(text(data, "tool_name"), mapping(data, "tool_input"))
        if called is None:
            return None
        if name == "PreToolUse":
            return Writing(folders=folders, session=session, drafts=called.drafts, command=called.command)
        return Edited(folders=folders, session=session, paths=tuple(draft.path for draft in called.drafts), command=called.command)
    if name == "SessionStart":
        return Started(folders=folders, session=session)
    if name == "Stop" and not data.get("stop_hook_active") and not data.get("background_tasks"):
        return Stopping(folders=folders, session=session)
    return None


def write(name: str, answer: Answer) -> Mapping[str, object]:
    """The answer as JSON."""
    if answer.kind == "reminder":
        return {"decision": "block", "reason": answer.text}
    if answer.kind == "denial":
        return {"hookSpecificOutput": {"hookEventName": name, "permissionDecision": "deny", "permissionDecisionReason": answer.text}}
    return {"hookSpecificOutput": {"hookEventName": name, "additionalContext": answer.text}}
