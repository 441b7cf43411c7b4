"""Small trees as projects."""

from pathlib import PurePosixPath
from textwrap import dedent

from auditor.project.config import Config
from auditor.project.project import open_project
from auditor.runtime.detected import detect


def project(root, files):
    """A project of these files."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).lstrip("\n"), encoding="utf-8")
    return open_project(root, config=Config())


def detected(root, files, scope="."):
    """What is detected in a project of these files."""
    return detect(project(root, files), PurePosixPath(scope))


def target(root, files, scope="."):
    """The target that is found in a project of these files."""
    found = detected(root, files, scope)
    assert found.found is not None, found.why_not
    return found.found
