"""Which commands prove a project by its own means: tests, types, lint. From the plan, else from what the project is set up for."""

from __future__ import annotations

import shlex
import shutil
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from auditor.errors import UsageError
from auditor.model import Requirement
from auditor.project.project import Project
from auditor.project.text import Unreadable

Kind = Literal["unit tests", "integration tests", "type check", "lint"]

_OF_PLAN: Mapping[Kind, str] = {
    "unit tests": "unit_test_command",
    "integration tests": "integration_test_command",
    "type check": "type_check_command",
    "lint": "lint_command",
}
_SCRIPTS: Mapping[Kind, tuple[str, ...]] = {
    "unit tests": ("test",),
    "type check": ("typecheck", "type-check", "check-types", "tsc"),
    "lint": ("lint",),
}
_NO_TEST = "no test specified"
_ENVIRONMENTS = (".venv/bin", "venv/bin", "node_modules/.bin")


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command of the suite. ``words`` are executed in ``folder`` (below the root), ``why`` says where it comes from."""

    kind: Kind
    words: tuple[str, ...]
    folder: PurePosixPath
    why: str

    def __str__(self) -> str:
        return shlex.join(self.words)


def suite(project: Project, validation: Mapping[str, object]) -> tuple[Command, ...]:
    """The commands of the plan's ``validation`` block, and those of the project for kinds that it does not name.

    Raises UsageError for a command of the plan that is no text, or that a shell would have to read.
    """
    named = tuple(_named(validation))
    kinds = {command.kind for command in named}
    found = tuple(command for command in (*_python(project), *_node(project)) if command.kind not in kinds)
    return (*named, *found)


def environment(project_root: str, caller: Mapping[str, str]) -> dict[str, str]:
    """The caller's environment with the project's own programs first: a suite runs as developers run it."""
    folders = [f"{project_root}/{name}" for name in _ENVIRONMENTS]
    return {**caller, "PATH": ":".join([*folders, caller.get("PATH", "")])}


def _named(validation: Mapping[str, object]) -> Iterator[Command]:
    for kind, key in _OF_PLAN.items():
        text = validation.get(key)
        if text is None or text == "":
            continue
        if not isinstance(text, str):
            raise UsageError(f"validation.{key} is no text: write the command as one line")
        yield Command(kind=kind, words=_words(text, key), folder=PurePosixPath(), why=f"validation.{key} of the plan")


def _words(text: str, key: str) -> tuple[str, ...]:
    try:
        lexer = shlex.shlex(text, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words = tuple(lexer)
    except ValueError as error:
        raise UsageError(f"validation.{key} cannot be read as a command: {error}") from error
    joined = [word for word in words if set(word) <= set("();<>|&") and word]
    if joined and words[0] not in ("sh", "bash"):
        if joined == ["&&"] and words[0] == "cd":
            return ("/bin/sh", "-c", text)
        raise UsageError(f"validation.{key} joins commands with `{joined[0]}`, which hides the exit code of one of them: name one command")
    return words


def _python(project: Project) -> Iterator[Command]:
    """What the Python side is set up for: a tool that is declared or configured, at the root."""
    configured = _tables(project)
    for kind, tool, words, files in (
        ("unit tests", "pytest", ("pytest",), ("pytest.ini", "conftest.py", "tests/conftest.py")),
        ("type check", "mypy", ("mypy", *(() if "mypy" in configured else (".",))), ("mypy.ini", ".mypy.ini")),
        ("type check", "pyright", ("pyright",), ("pyrightconfig.json",)),
        ("lint", "ruff", ("ruff", "check", "."), ("ruff.toml", ".ruff.toml")),
        ("lint", "flake8", ("flake8",), (".flake8",)),
    ):
        why = _set_up(project, tool, configured, files)
        if why:
            yield Command(kind=kind, words=words, folder=PurePosixPath(), why=why)  # type: ignore[arg-type]


def _set_up(project: Project, tool: str, configured: Sequence[str], files: Sequence[str]) -> str:
    if tool in configured:
        return f"[tool.{tool}] in pyproject.toml"
    file = next((name for name in files if project.exists(PurePosixPath(name))), "")
    if file:
        return file
    return f"{tool} is declared" if project.has(Requirement(package=tool)) else ""


def _tables(project: Project) -> tuple[str, ...]:
    path = PurePosixPath("pyproject.toml")
    try:
        tool = tomllib.loads(project.text(path)).get("tool", {}) if project.exists(path) else {}
    except (Unreadable, ValueError):
        return ()
    return tuple(tool) if isinstance(tool, dict) else ()


def _node(project: Project) -> Iterator[Command]:
    """Scripts of every package.json with tests, types or lint; the root's first."""
    for file in sorted(
        (file for file in project.tree_files if file.path.name == "package.json"), key=lambda file: (len(file.path.parts), str(file.path))
    ):
        if file.role != "production":
            continue
        manifest = project.manifest(file.path)
        if manifest is None or manifest.dir != file.path.parent:
            continue
        for kind, names in _SCRIPTS.items():
            name = next((name for name in names if name in manifest.scripts and _NO_TEST not in manifest.scripts[name]), None)
            if name is not None:
                program = _manager(project, file.path.parent)
                yield Command(kind=kind, words=(program, "run", "--silent", name), folder=file.path.parent, why=f"script `{name}` of {file.path}")


def _manager(project: Project, folder: PurePosixPath) -> str:
    """The package manager whose lock file is nearest."""
    for above in (folder, *folder.parents):
        for lock, program in (("pnpm-lock.yaml", "pnpm"), ("yarn.lock", "yarn"), ("bun.lockb", "bun")):
            if project.exists(above / lock) and shutil.which(program):
                return program
    return "npm"
