"""The tools of the server, by name."""

from auditor.mcp.tools.base import Answer, Asked, Tool
from auditor.mcp.tools.entries import EXPLAIN, SEARCH
from auditor.mcp.tools.plans import PLAN_NEXT, PLAN_PASS
from auditor.mcp.tools.production import GATE, VALIDATE
from auditor.mcp.tools.scan import SCAN

TOOLS: dict[str, Tool] = {tool.name: tool for tool in (SCAN, EXPLAIN, SEARCH, VALIDATE, PLAN_NEXT, PLAN_PASS, GATE)}

__all__ = ["TOOLS", "Answer", "Asked", "Tool"]
