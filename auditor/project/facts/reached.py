"""Which modules of the project a module brings in, and which ones production therefore runs."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from auditor.project.python.module import Module
from auditor.project.python.values import Literal

if TYPE_CHECKING:
    from auditor.project.facts.launch import Launch
    from auditor.project.project import Project


def reached(project: Project, start: PurePosixPath) -> frozenset[PurePosixPath]:
    """The Python files that importing ``start`` may run: its imports wherever they stand, and theirs."""
    world = project.python.world
    seen: set[PurePosixPath] = set()
    waiting = [start]
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        module = world.module(path)
        if module is not None:
            waiting += imported(project, module)
    return frozenset(seen)


def imported(project: Project, module: Module) -> Iterator[PurePosixPath]:
    """The files of the project that a module imports, packages on the way included."""
    world = project.python.world
    for node in module.parents:
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            joint = "" if base.endswith(".") or not base else "."
            names = [base, *(f"{base}{joint}{alias.name}" for alias in node.names)]
        elif (
            isinstance(node, ast.Call) and node.args and (world.qualify(module, node.func) or "").endswith(("import_module", "include", "setdefault"))
        ):
            # Django's settings and URL modules are named by texts.
            names = [argument.value for argument in node.args if isinstance(argument, ast.Constant) and isinstance(argument.value, str)]
        for name in names:
            stripped = name.lstrip(".")
            dots, parts = name[: len(name) - len(stripped)], stripped.split(".")
            for end in range(1, len(parts) + 1):
                found = world.find(dots + ".".join(parts[:end]), module.path)
                if found is not None:
                    yield found


def started(project: Project, launch: Launch) -> PurePosixPath | None:
    """The Python file that a launch runs or imports first; None when it is none of the project's, or cannot be told."""
    target = launch.target
    world = project.python.world
    if target is not None:
        stem = target[0].replace(".", "/")
        for base in launch.bases:
            for name in (f"{stem}.py", f"{stem}/__init__.py"):
                if base / name in world.paths:
                    return base / name
        return None
    script = next((word for word in launch.words[1:] if word.endswith(".py")), None)
    if script is None and "-m" in launch.words[:-1]:
        script = launch.words[launch.words.index("-m") + 1].replace(".", "/") + ".py"
    path = launch.file(project, script) if script is not None else None
    return path if path in world.paths else None


def settings_module(project: Project, path: PurePosixPath) -> PurePosixPath | None:
    """The Django settings module that a start file names by `DJANGO_SETTINGS_MODULE`."""
    module = project.python.world.module(path)
    for call in module.calls if module is not None else ():
        values = [project.python.evaluate(module, argument) for argument in call.args[:2]] if module is not None else []
        if len(values) == 2 and isinstance(values[0], Literal) and values[0].value == "DJANGO_SETTINGS_MODULE":
            name = values[1].value if isinstance(values[1], Literal) else None
            return project.python.world.find(name, path) if isinstance(name, str) else None
    return None
