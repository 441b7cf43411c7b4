"""A project made of texts, scanned for one entry."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from auditor.model import Outcome, Report
from auditor.project.config import load_config
from auditor.scan import ScanOptions, scan


def outcomes(root: Path, files: Mapping[str, str], gotcha: str) -> list[str]:
    """The outcomes of the sites of ``gotcha`` in a project of these files, in order of files and lines."""
    return [result.outcome.value for result in report_of(root, files, gotcha).results]


def scanned(root: Path, gotcha: str, files: Mapping[str, str]) -> dict[str, str]:
    """Outcomes by `path:line` of every site of the entry in a project of these files."""
    return {f"{result.place.path}:{result.place.line}": result.outcome.value for result in report_of(root, files, gotcha).results}


def report_of(root: Path, files: Mapping[str, str], gotcha: str) -> Report:
    """The report of a scan for one entry, in which nothing failed."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    report = scan(root, ScanOptions(config=load_config(root), select=(gotcha,), jobs=1, no_cache=True))
    assert not [result.message for result in report.results if result.outcome is Outcome.ERROR]
    return report
