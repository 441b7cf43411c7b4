"""Which commands a project is proven by."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.errors import UsageError
from auditor.gate.suite import suite
from auditor.project.config import Config
from auditor.project.project import open_project


def commands(root: Path, files: dict[str, str], validation: dict[str, object] | None = None) -> list[tuple[str, str, str]]:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return [(command.kind, str(command), str(command.folder)) for command in suite(open_project(root, config=Config()), validation or {})]


def test_the_plan_comes_first_and_the_project_fills_the_rest(tmp_path: Path) -> None:
    files = {"pyproject.toml": "[tool.mypy]\n[tool.pytest.ini_options]\n"}
    assert commands(tmp_path, files, {"unit_test_command": "pytest tests/unit -q"}) == [
        ("unit tests", "pytest tests/unit -q", "."),
        ("type check", "mypy", "."),
    ]


def test_tools_that_are_declared_or_set_up_are_found(tmp_path: Path) -> None:
    files = {"requirements.txt": "pytest\nruff\n", "conftest.py": "", "mypy.ini": "[mypy]\n"}
    assert commands(tmp_path, files) == [("unit tests", "pytest", "."), ("type check", "mypy .", "."), ("lint", "ruff check .", ".")]


def test_scripts_of_a_front_end_are_found(tmp_path: Path) -> None:
    scripts = '{"scripts": {"test": "vitest run", "lint": "eslint .", "build": "vite build"}}'
    assert commands(tmp_path, {"frontend/package.json": scripts}) == [
        ("unit tests", "npm run --silent test", "frontend"),
        ("lint", "npm run --silent lint", "frontend"),
    ]


def test_the_script_that_npm_init_writes_is_no_test(tmp_path: Path) -> None:
    scripts = '{"scripts": {"test": "echo \\"Error: no test specified\\" && exit 1"}}'
    assert commands(tmp_path, {"package.json": scripts}) == []


@pytest.mark.parametrize("text", ["pytest || true", "pytest; echo done", "pytest | tee log"])
def test_a_command_whose_exit_code_is_hidden_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match="hides the exit code"):
        commands(tmp_path, {}, {"unit_test_command": text})


def test_a_folder_before_the_command_is_fine(tmp_path: Path) -> None:
    assert commands(tmp_path, {}, {"lint_command": "cd frontend && npm run lint"}) == [("lint", "/bin/sh -c 'cd frontend && npm run lint'", ".")]
