"""A project made of texts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from auditor.project.config import Config
from auditor.project.project import Project, open_project


def project(root: Path, files: Mapping[str, str]) -> Project:
    """The project that holds ``files``, by path."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return open_project(root, config=Config())
