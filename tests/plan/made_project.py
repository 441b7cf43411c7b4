"""A small project with a plan, in which tests are really run."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from auditor.plan.document import Plan, Task
from auditor.plan.parse import find_task
from auditor.plan.store import load
from tests.plan.made_plan import small

TEST = """import unittest
from app import double
class T(unittest.TestCase):
    def test_double(self): self.assertEqual(double(2), 4)
"""
OTHER_TEST = "import unittest\nclass T(unittest.TestCase):\n    def test_it(self): self.assertTrue(True)\n"


@dataclass(frozen=True, slots=True)
class Made:
    root: Path
    path: Path

    @property
    def plan(self) -> Plan:
        return load(self.path, self.root)

    def task(self, name: int = 1) -> Task:
        return find_task(self.plan, name)

    def write(self, **files: str) -> None:
        for name, text in files.items():
            write(self.root, {name.replace("__", "/") + ".py": text})

    def work(self) -> None:
        """What the task asks for."""
        self.write(app="def double(n): return n * 2\n")

    def git(self, *words: str) -> None:
        git(self.root, *words)


def write(root: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def git(root: Path, *words: str) -> None:
    subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false", "-C", str(root), *words], check=True, capture_output=True
    )


def command(module: str = "tests.test_app") -> list[str]:
    return [sys.executable, "-B", "-m", "unittest", "-v", module]


def made(root: Path, *, with_git: bool = True, status: str = "APPROVED") -> Made:
    """Task 1 is the first to do, task 2 depends on it. The test of task 1 is there, and fails."""
    write(root, {"app.py": "def double(n): return n\n", "tests/__init__.py": "", ".gitignore": "__pycache__/\n"})
    path = small(
        root,
        {"id": 1, "name": "double", "description": "doubles", "dependencies": [], "dod": "it doubles", "files": ["app.py"]},
        {"id": 2, "name": "triple", "description": "triples", "dependencies": [1], "dod": ["it triples"], "files": ["triple.py"]},
        status=status,
    )
    if with_git:
        git(root, "init", "-q")
        git(root, "add", "-A")
        git(root, "commit", "-qm", "start")
    write(root, {"tests/test_app.py": TEST})
    return Made(root=root, path=path)
