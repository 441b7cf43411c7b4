"""A report as text: one module a format.

A new format is a module with ``render(report, view) -> str`` and a line in ``RENDERERS``.
"""

from __future__ import annotations

import importlib

from auditor.model import Report
from auditor.report.view import ENTRY_PAGES, EntryNote, Observation, ProofNote, Renderer, View


def _module(name: str) -> Renderer:
    """Give the renderer of ``auditor.report.<name>``, imported at its first use: only the text format needs rich."""

    def render(report: Report, view: View) -> str:
        renderer: Renderer = importlib.import_module(f"auditor.report.{name}").render
        return renderer(report, view)

    return render


RENDERERS: dict[str, Renderer] = {
    "text": _module("text"),
    "json": _module("json_v1"),
    "markdown": _module("markdown"),
    "sarif": _module("sarif"),
    "github": _module("github"),
    "gitlab": _module("gitlab"),
    "junit": _module("junit"),
    "html": _module("html"),
}

__all__ = ["ENTRY_PAGES", "RENDERERS", "EntryNote", "Observation", "ProofNote", "Renderer", "View"]
