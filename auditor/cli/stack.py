"""``gotcha-audit stack``."""

from __future__ import annotations

import json
from pathlib import Path

import click

from auditor.cli.output import emit
from auditor.cli.shared import columns, directory, format_option
from auditor.project.config import load_config
from auditor.project.project import open_project
from auditor.report.visible import encodable, visible


@click.command("stack", short_help="Show which frameworks and tools were detected, and why.")
@click.argument("path", default=".", type=click.Path(path_type=Path))
@format_option
def command(path: Path, output_format: str) -> int:
    """Show which frameworks and tools were detected, in which version and directory, and the file that says so.

    Only the gotchas of these are checked by gotcha-audit scan.
    """
    root = directory(path)
    packages = sorted(open_project(root, config=load_config(root)).stack, key=lambda package: (package.scope, package.name))
    if output_format == "json":
        rows = [
            {"name": package.name, "version": package.version, "scope": package.scope, "evidence": encodable(str(package.evidence))}
            for package in packages
        ]
        emit(json.dumps(rows, indent=2) + "\n")
    elif packages:
        table: list[tuple[str, ...]] = [("package", "version", "directory", "evidence")]
        table += [tuple(map(visible, (package.name, package.version or "-", package.scope, str(package.evidence)))) for package in packages]
        emit(columns(table))
    else:
        emit("Nothing was recognised: no manifest, and no import of a framework that the catalogue knows.\n")
    return 0
