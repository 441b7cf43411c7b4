"""A project made of texts, scanned for one entry."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from auditor.model import Outcome
from auditor.project.config import load_config
from auditor.scan import ScanOptions, scan


def outcomes(root: Path, files: Mapping[str, str], gotcha: str) -> list[str]:
    """The outcomes of the sites of ``gotcha`` in a project of these files, in order of files and lines."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    report = scan(root, ScanOptions(config=load_config(root), select=(gotcha,), jobs=1))
    assert not [result.message for result in report.results if result.outcome is Outcome.ERROR]
    return [result.outcome.value for result in report.results]
