"""Which modules of the project a module brings in, and which ones production therefore runs."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from auditor.project.python.module import Module
from auditor.project.python.values import Literal

if TYPE_CHECKING:
    from auditor.project.facts.launch import Launch
    from auditor.project.project import Project
    from auditor.project.python.world import World

_MOST = 5_000
"""Modules that are followed before what a start brings in counts as told."""


def reached(project: Project, start: PurePosixPath, *, named: bool = True) -> frozenset[PurePosixPath]:
    """The Python files that importing ``start`` may run: its imports wherever they stand, and theirs.

    What stands under `if TYPE_CHECKING` or `if __name__ == "__main__"` is left out; ``named`` adds modules that are named by a text, as Django's are.
    """
    world = project.python.world
    seen: set[PurePosixPath] = set()
    waiting = [start]
    while waiting and len(seen) < _MOST:
        path = waiting.pop()
        module = world.module(path) if path not in seen else None
        if module is None:
            continue
        seen.add(path)
        for node in module.parents:
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                waiting += () if only_for_scripts(module, node) else imported(world, module, node)
            elif named and isinstance(node, ast.Call):
                waiting += _by_text(world, module, node)
    return frozenset(seen)


def imported(world: World, module: Module, node: ast.Import | ast.ImportFrom) -> Iterator[PurePosixPath]:
    """The files of the project that an import loads, packages first (https://docs.python.org/3/reference/import.html)."""
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    else:
        base = "." * node.level + (node.module or "")
        separator = "" if base.endswith(".") or not base else "."
        names = [base, *(f"{base}{separator}{alias.name}" for alias in node.names if alias.name != "*")]
    for name in names:
        yield from _found(world, module, name)


def _found(world: World, module: Module, name: str) -> Iterator[PurePosixPath]:
    """The files that a dotted name loads, those of the packages before it included."""
    parts = name.split(".")
    packages = [".".join(parts[:end]) for end in range(1, len(parts))] if not name.startswith(".") else []
    for dotted in (*packages, name):
        found = world.find(dotted, module.path) if dotted else None
        if found is not None:
            yield found


def _by_text(world: World, module: Module, call: ast.Call) -> Iterator[PurePosixPath]:
    """The modules that a call names by texts: `import_module("a.b")`, Django's `include("shop.urls")` and `setdefault(…, "shop.settings")`."""
    if call.args and (world.qualify(module, call.func) or "").endswith(("import_module", "include", "setdefault")):
        for argument in call.args:
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                yield from _found(world, module, argument.value)


def only_for_scripts(module: Module, node: ast.AST) -> bool:
    """Whether code stands under `if __name__ == "__main__"` or `if TYPE_CHECKING`, where an import of the module does not get."""
    return any(
        isinstance(parent, ast.If) and child in parent.body and re.search(r"TYPE_CHECKING|__name__", ast.unparse(parent.test)) is not None
        for child, parent in module.ancestors(node)
    )


def started(project: Project, launch: Launch) -> PurePosixPath | None:
    """The Python file that a launch runs or imports first; None when it is none of the project's, or cannot be told."""
    target, world = launch.target, project.python.world
    if target is None:
        return script_of(project, launch)
    stem = target[0].replace(".", "/")
    return next((base / name for base in launch.bases for name in (f"{stem}.py", f"{stem}/__init__.py") if base / name in world.paths), None)


def script_of(project: Project, launch: Launch) -> PurePosixPath | None:
    """The Python file of the project that a launch runs as a script: `python app.py`, `python -m app`, `./manage.py`."""
    words = launch.words
    if words[0].endswith(".py"):
        name: str | None = words[0]
    elif re.match(r"^python[\d.]*$", PurePosixPath(words[0]).name):
        name = next((word for word in words[1:] if word.endswith(".py")), None)
        if name is None and "-m" in words[:-1]:
            name = words[words.index("-m") + 1].replace(".", "/") + ".py"
    else:
        return None
    path = launch.file(project, name) if name is not None else None
    return path if path in project.python.world.paths else None


def settings_module(project: Project, path: PurePosixPath) -> PurePosixPath | None:
    """The Django settings module that a start file names by `DJANGO_SETTINGS_MODULE`."""
    module = project.python.world.module(path)
    for call in module.calls if module is not None else ():
        values = [project.python.evaluate(module, argument) for argument in call.args[:2]] if module is not None else []
        if len(values) == 2 and isinstance(values[0], Literal) and values[0].value == "DJANGO_SETTINGS_MODULE":
            name = values[1].value if isinstance(values[1], Literal) else None
            return project.python.world.find(name, path) if isinstance(name, str) else None
    return None
