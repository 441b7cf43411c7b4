"""``gotcha-audit mcp``: the tool for coding agents, over the Model Context Protocol (https://modelcontextprotocol.io/specification)."""

from auditor.mcp.server import serve

__all__ = ["serve"]
