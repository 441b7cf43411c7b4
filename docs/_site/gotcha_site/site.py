"""The whole site: the pages that are generated, and the order in which all stand in the navigation."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

from auditor.catalogue import Catalogue
from gotcha_site import commands, documents, indexes, reference
from gotcha_site.entries import entry_page, where

Nav = list[Any]

_HOW_TO = {
    "how-to/suppress.md": "Suppress a finding",
    "init.md": "Set up a project",
    "how-to/configure.md": "Configure a project",
    "baseline.md": "Adopt it in an old project",
    "ci.md": "Run it in CI and pre-commit",
    "formats.md": "Choose a report format",
    "editors.md": "Use it in an editor",
    "agents.md": "Use it with coding agents",
    "mcp.md": "Serve it over MCP",
    "validate.md": "Validate an application",
    "how-to/plan.md": "Work by a plan",
    "how-to/write-an-entry.md": "Write an entry",
}
_EXPLANATION = {
    "explanation/verdicts.md": "How verdicts are made",
    "explanation/proofs.md": "Why proofs",
    "explanation/comparison.md": "Beside other tools",
    "myths.md": "Said often, and not so",
    "matrix.md": "The faults validate is tried on",
    "explanation/security.md": "Security",
    "explanation/architecture.md": "Architecture",
}
_REFERENCE = {
    "reference/configuration.md": "Configuration",
    "reference/exit-codes.md": "Exit codes",
    "reference/report-schema.md": "JSON report",
    "reference/entry-schema.md": "Front matter of an entry",
    "changelog.md": "Changelog",
}
_INDEXES = {"gotchas/by-symptom.md": "By symptom", "gotchas/by-category.md": "By category"}
_KNOWN = {"index.md", "tutorial.md", *_HOW_TO, *_EXPLANATION, *_REFERENCE}


def generated(catalogue: Catalogue, checkout: Path) -> dict[str, str]:
    """Every page that is written when the site is built, by its path below `docs/`."""
    pages = {where(gotcha): entry_page(gotcha) for gotcha in catalogue.gotchas}
    for stack, group in indexes.stacks(catalogue).items():
        pages[f"gotchas/{stack}/index.md"] = indexes.of_stack(stack, group)
    pages["gotchas/index.md"] = indexes.by_stack(catalogue)
    pages["gotchas/by-category.md"] = indexes.by_category(catalogue)
    pages["gotchas/by-symptom.md"] = indexes.by_symptom(catalogue)
    pages["reference/cli/index.md"] = commands.overview()
    for name in commands.names():
        pages[f"reference/cli/{name}.md"] = commands.command_page(name)
    pages["reference/configuration.md"] = reference.configuration()
    pages["reference/exit-codes.md"] = reference.exit_codes()
    pages["reference/report-schema.md"] = reference.report_schema()
    pages["reference/entry-schema.md"] = reference.entry_schema()
    for name, path in documents.PAGES.items():
        pages[path] = documents.from_root(name, checkout)
    return pages


def navigation(catalogue: Catalogue, written: set[str]) -> Nav:
    """The navigation. ``written`` are the pages that stand in `docs/`: what is not there is left out, what nobody placed is a how-to guide."""
    there = written | set(generated_paths(catalogue))
    stacks: Nav = []
    for stack, group in indexes.stacks(catalogue).items():
        stacks.append({stack: [f"gotchas/{stack}/index.md", *[{html.escape(gotcha.title, quote=False): where(gotcha)} for gotcha in group]]})
    others = dict.fromkeys(sorted(written - _KNOWN), "")
    return [
        {"Home": "index.md"},
        {"Tutorial": "tutorial.md"},
        {"How-to guides": _present(_HOW_TO | others, there)},
        {"Gotchas": ["gotchas/index.md", *_present(_INDEXES, there), *stacks]},
        {
            "Reference": [
                {"Command line": ["reference/cli/index.md", *[{name: f"reference/cli/{name}.md"} for name in commands.names()]]},
                *_present(_REFERENCE, there),
            ]
        },
        {"Explanation": _present(_EXPLANATION, there)},
    ]


def generated_paths(catalogue: Catalogue) -> list[str]:
    """The paths of `generated`, without writing the pages."""
    return [
        *[where(gotcha) for gotcha in catalogue.gotchas],
        *_INDEXES,
        *documents.PAGES.values(),
        *[path for path in _REFERENCE if path.startswith("reference/")],
    ]


def _present(titles: dict[str, str], there: set[str]) -> Nav:
    return [{title: path} if title else path for path, title in titles.items() if path in there]
