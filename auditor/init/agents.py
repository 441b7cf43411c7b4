"""What coding agents are told: a section of AGENTS.md (https://agents.md), and the MCP server in `.mcp.json`."""

from __future__ import annotations

import json
import re
from pathlib import PurePosixPath

from auditor.init.edits import Edit, Kept, Unsafe, appended, read
from auditor.init.found import Found

AGENTS = PurePosixPath("AGENTS.md")
MCP = PurePosixPath(".mcp.json")
SECTION = """## What breaks in production

Tests do not show everything. Before you say that a change is done:

- Run `gotcha-audit scan .`; exit code 1 means that something in the report breaks in production, 3 that something could not be examined.
- `gotcha-audit explain ID` says why, and what to write instead. Mend the code; suppressions are for people to decide.
- `gotcha-audit validate .` starts the application as production would and looks at it from outside. Run it before you claim that it works.
"""
SERVER = {"command": "gotcha-audit", "args": ["mcp"]}
_OPENING = re.compile(r'"mcpServers"\s*:\s*\{(?P<gap>\s*)')


def agents(found: Found) -> tuple[Edit | Kept, ...]:
    """Both files."""
    return (_section(found), _server(found))


def _section(found: Found) -> Edit | Kept:
    try:
        before = read(found.root, AGENTS)
    except Unsafe as reason:
        return Kept(path=AGENTS, reason=str(reason), paste=SECTION)
    if before is not None and "gotcha-audit" in before:
        return Kept(path=AGENTS, reason="it speaks of gotcha-audit already")
    return Edit(path=AGENTS, before=before, after=SECTION if before is None else appended(before, SECTION))


def _server(found: Found) -> Edit | Kept:
    paste = json.dumps({"mcpServers": {"gotcha-audit": SERVER}}, indent=2) + "\n"
    try:
        before = read(found.root, MCP)
        if before is None:
            return Edit(path=MCP, before=None, after=paste)
        data = _object(before)
        servers = data.get("mcpServers")
        if isinstance(servers, dict) and "gotcha-audit" in servers:
            return Kept(path=MCP, reason="it names the server already")
        opening = list(_OPENING.finditer(before))
        if len(opening) != 1 or not isinstance(servers, dict):
            raise Unsafe("it has no `mcpServers` that another can be added to")  # noqa: TRY301 (the end of the same story)
        gap = opening[0]["gap"] if servers else ""
        entry = f'{gap}"gotcha-audit": {json.dumps(SERVER)}{"," if servers else ""}'
        at = opening[0].start("gap")
        after = before[:at] + entry + before[at:]
        if _object(after) != {**data, "mcpServers": {**servers, "gotcha-audit": SERVER}}:
            raise Unsafe("a server cannot be added without changing something else")  # noqa: TRY301 (as above)
    except Unsafe as reason:
        return Kept(path=MCP, reason=str(reason), paste=paste)
    return Edit(path=MCP, before=before, after=after)


def _object(text: str) -> dict[str, object]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unsafe(f"it is not valid JSON: {error}") from error
    if not isinstance(data, dict):
        raise Unsafe("it is no JSON object")
    return data
