"""What the documents promise is there."""

import re
from pathlib import Path

import pytest
import yaml

from auditor.catalogue import load
from auditor.cli import main

CHECKOUT = Path(__file__).parent.parent.parent
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "AGENTS.md", "SECURITY.md", "ARCHITECTURE.md", "fixtures/projects/sample-flask-react/README.md")
_GIVEN = re.compile(r"`((?:rules|auditor|tests|fixtures|agents|docs|bench)/[\w./-]*|[A-Z]+\.md|\.ci/run)`|\]\(((?!https?:)[^)#]+)\)")
_IDS = re.compile(r"`((?:flask|django|fastapi|python|vite|express|react)/[a-z-]+)`")


def read(name: str) -> str:
    return (CHECKOUT / name).read_text("utf-8")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_files_a_document_names_exist(name: str) -> None:
    missing = [
        path
        for groups in _GIVEN.findall(read(name))
        for path in groups
        if path and "relative-upload-folder" not in path and not (CHECKOUT / path).exists() and not (CHECKOUT / name).with_name(path).exists()
    ]
    assert missing == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_entries_a_document_names_exist(name: str) -> None:
    catalogue = load()
    assert [gotcha for gotcha in _IDS.findall(read(name)) if catalogue.get(gotcha) is None and "upload-folder" not in gotcha] == []


def test_ci_runs_the_test_command_of_the_readme() -> None:
    (command,) = [line for line in read("README.md").splitlines() if line.startswith("python3 -m venv") and "pytest" in line]
    assert command in read(".ci/run").splitlines()


@pytest.mark.parametrize("command", sorted(set(re.findall(r"gotcha-audit ((?:scan|stack|explain|catalogue [a-z-]+))\b", read("README.md")))))
def test_the_commands_of_the_readme_exist(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*command.split(), "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"Usage: gotcha-audit {command}")


def test_the_hooks_run_the_scan() -> None:
    hooks = {hook["id"]: hook for hook in yaml.safe_load(read(".pre-commit-hooks.yaml"))}
    assert {name: (hook["entry"], hook.get("pass_filenames", True), hook["require_serial"]) for name, hook in hooks.items()} == {
        "gotcha-audit": ("gotcha-audit scan", True, True),
        "gotcha-audit-project": ("gotcha-audit scan .", False, True),
    }
