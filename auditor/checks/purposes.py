"""What a command of a pipeline is for: does its failure mean that something must not go on?"""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Literal

Purpose = Literal["", "check", "test"]
_RUNNERS = (
    ("poetry", "run"), ("pipenv", "run"), ("uv", "run"), ("hatch", "run"), ("pdm", "run"), ("rye", "run"), ("npx",), ("bunx",),
    ("pnpm", "exec"), ("pnpm", "dlx"), ("yarn", "exec"), ("coverage", "run", "-m"), ("time",), ("sudo",), ("xvfb-run",), ("env",),
)  # fmt: skip
_MANAGERS = frozenset({"npm", "yarn", "pnpm", "bun"})
_TESTS = frozenset({"pytest", "py.test", "tox", "nox", "unittest", "jest", "vitest", "mocha", "ctest", "rspec", "phpunit"})
_CHECKS = frozenset({"mypy", "pyright", "ruff", "flake8", "pylint", "black", "eslint", "tsc", "ansible-playbook"})
_PARTS: dict[str, dict[str, Purpose]] = {
    "alembic": {"upgrade": "check"},
    "cargo": {"test": "test", "build": "check", "clippy": "check"},
    "cypress": {"run": "test"},
    "docker": {"build": "check"},
    "dotnet": {"test": "test", "build": "check"},
    "go": {"test": "test", "build": "check", "vet": "check"},
    "kubectl": {"apply": "check"},
    "manage.py": {"test": "test", "migrate": "check", "check": "check"},
    "mvn": {"test": "test", "verify": "test"},
    "next": {"build": "check"},
    "playwright": {"test": "test"},
    "terraform": {"apply": "check", "validate": "check"},
    "vite": {"build": "check"},
}
"""Program -> what its subcommands are for."""
_PREFIX = re.compile(r"^(?:[A-Za-z_]\w*=|(?:\S*/)?python[\d.]* \S*manage\.py$)")
_SCRIPT = re.compile(r"^(?:(?P<test>test|e2e|unit)|(?:build|lint|typecheck|type-check))(?:[:\-].*)?$")


def purpose(words: tuple[str, ...]) -> Purpose:
    """What a command is for: it tests, it checks or builds, or neither of the two."""
    rest = _bare(words[:40])
    if not rest:
        return ""
    name, arguments = PurePosixPath(rest[0]).name, [word for word in rest[1:] if not word.startswith("-")]
    if name in _TESTS:
        return "test"
    if name in _CHECKS:
        return "check"
    if name in _MANAGERS:
        script = arguments[1] if arguments[:1] in (["run"], ["run-script"]) and len(arguments) > 1 else arguments[0] if arguments else ""
        found = _SCRIPT.match("test" if script == "t" else script)
        return "" if found is None else "test" if found["test"] else "check"
    if name == "make":
        return "test" if any("test" in target for target in arguments) else ""
    return next((kind for part, kind in _PARTS.get(name, {}).items() if part in arguments[:2]), "")


def _bare(words: tuple[str, ...]) -> tuple[str, ...]:
    """A command without what only starts it: `poetry run`, `npx`, `python -m`, `python manage.py`."""
    while words:
        runner = next((runner for runner in _RUNNERS if words[: len(runner)] == runner), ())
        if runner:
            words = words[len(runner) :]
            while words and words[0].startswith("-"):
                words = words[1:]
        elif re.fullmatch(r"python[\d.]*", PurePosixPath(words[0]).name) and words[1:2] == ("-m",):
            words = words[2:]
        elif _PREFIX.match(" ".join(words[:2])):
            words = words[1:]
        else:
            break
    return words
