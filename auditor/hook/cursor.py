"""Cursor (https://cursor.com/docs/hooks).

``afterFileEdit`` reads no answer; ``postToolUse`` does, as ``additional_context``.
"""

from __future__ import annotations

from collections.abc import Mapping

from auditor.hook.events import Answer, Edited, Event, Started, Stopping, Writing
from auditor.hook.fields import mapping, text, texts
from auditor.hook.tools import call


def read(name: str, data: Mapping[str, object], environment: Mapping[str, str]) -> Event | None:
    """The event; None where there is nothing to do."""
    known = (text(data, "cwd"), *texts(data, "workspace_roots"), environment.get("CURSOR_PROJECT_DIR", ""))
    folders = tuple(dict.fromkeys(folder for folder in known if folder))
    session = text(data, "conversation_id", "session_id")
    if name == "afterFileEdit":
        path = text(data, "file_path")
        return Edited(folders=folders, session=session, paths=(path,)) if path else None
    if name == "beforeShellExecution":
        command = text(data, "command")
        return Writing(folders=folders, session=session, drafts=(), command=command) if command else None
    if name in {"preToolUse", "postToolUse"}:
        called = call(text(data, "tool_name"), mapping(data, "tool_input"))
        if called is None:
            return None
        if name == "preToolUse":
            return Writing(folders=folders, session=session, drafts=called.drafts, command=called.command)
        return Edited(folders=folders, session=session, paths=tuple(draft.path for draft in called.drafts), command=called.command)
    if name == "sessionStart":
        return Started(folders=folders, session=session)
    if name == "stop" and text(data, "status") in {"", "completed"} and not data.get("loop_count"):
        return Stopping(folders=folders, session=session)
    return None


def write(name: str, answer: Answer) -> Mapping[str, object]:  # noqa: ARG001 (the signature of all adapters)
    """The answer as JSON."""
    if answer.kind == "reminder":
        return {"followup_message": answer.text}
    if answer.kind == "denial":
        return {"permission": "deny", "user_message": answer.text, "agent_message": answer.text}
    return {"additional_context": answer.text}
