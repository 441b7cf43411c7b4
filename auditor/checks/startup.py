"""Judges of what runs when: under `if __name__ == "__main__"`, at import, before the variables of `.env` are there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from auditor.checks.base import Match, Verdict
from auditor.checks.starts import runs_at_import
from auditor.model import Outcome, Place, Requirement, Severity
from auditor.project.facts.reached import imported
from auditor.project.project import Project, Unreadable
from auditor.project.python.evaluate import Evaluator
from auditor.project.python.module import Module

_SERVER = re.compile(r"\b(?:gunicorn|uwsgi|waitress-serve|hypercorn|uvicorn|mod_wsgi|flask run)\b")
_DEPLOYMENT = ("dockerfile", "procfile", "yaml", "shell", "toml", "json", "ini", "text")
_SERVERS = ("gunicorn", "waitress", "uwsgi", "hypercorn", "mod-wsgi")
_ALWAYS_THERE = frozenset({"PATH", "HOME", "USER", "PWD", "SHELL", "LANG", "TERM", "TZ", "TMPDIR", "TEMP", "PYTHONPATH", "HOSTNAME", "APPDATA"})


def _server(project: Project) -> str | None:
    """How we know that a server imports the application."""
    for file in project.tree_files:
        if file.language not in _DEPLOYMENT or file.role != "production" or file.size > 100_000 or file.path.name.startswith("requirements"):
            continue
        try:
            found = _SERVER.search(project.text(file.path))
        except Unreadable:
            continue
        if found is not None:
            return f"{file.path} starts {found.group()}"
    return next((f"{name} is a dependency" for name in _SERVERS if project.has(Requirement(package=name))), None)


def run_at_import(project: Project, match: Match) -> Verdict | None:
    """FAILS when importing the module that creates the app starts the development server."""
    frame = match.frame
    app = frame.of("$APP") if frame is not None else None
    if frame is None or not isinstance(app, ast.Name):
        return None
    if any(guard.kind == "main" for guard in frame.guards) or frame.module.scope_of(frame.node) is not frame.module.root:
        return None
    created = frame.module.root.bindings.get(app.id, [])
    if not any(binding.kind == "assign" for binding in created):
        return None  # a script that imports the app: servers import the app's own module
    server = _server(project)
    if server is None:
        return Verdict(outcome=Outcome.REVIEW, message="importing this module starts the development server")
    return Verdict(outcome=Outcome.FAIL, message=f"{match.message} ({server})")


# -- .env --------------------------------------------------------------------------------------------------------------------------


def read_before_dotenv(project: Project, match: Match) -> Verdict | None:
    """FAILS when a module that was imported before `load_dotenv()` has read a variable already.

    Only reads that run during the import count, and only when nothing has loaded the file before: not this module, not one it imports, not one
    that imports it. Source: https://docs.python.org/3/reference/import.html
    """
    del project
    frame = match.frame
    if frame is None or frame.module.scope_of(frame.node) is not frame.module.root:
        return None
    module, world = frame.module, frame.evaluator.world
    if any(guard.kind in ("development", "main") for guard in frame.guards):
        return None
    line = getattr(frame.node, "lineno", 0)
    order = _Order(frame.evaluator)
    found = next(order.reads(module, before=line), None)
    if order.loaded:
        return Verdict(outcome=Outcome.PASS, message="the file is loaded earlier already")
    if found is None:
        return Verdict(outcome=Outcome.PASS, message="nothing reads the environment before")
    place, name = found
    for other in world.modules_containing("load_dotenv"):
        if other is not module and any(_is_load(frame.evaluator, other, call) and runs_at_import(other, call) for call in other.calls):
            return Verdict(outcome=Outcome.REVIEW, message=f"{name} is read before, unless {other.path} has run first", related=(place,))
    return Verdict(outcome=Outcome.FAIL, message=f"{name} was read before this line, when .env was not loaded yet", related=(place,))


class _Order:
    """What runs, in order, when a module is imported: reads of the environment, and whether `.env` was loaded before."""

    def __init__(self, evaluator: Evaluator) -> None:
        self.evaluator = evaluator
        self.loaded = False
        self._seen: set[PurePosixPath] = set()

    def reads(self, module: Module, *, before: int = 0) -> Iterator[tuple[Place, str]]:
        """Places and names of the reads that run during the import of ``module``, up to line ``before``; ends where `.env` is loaded."""
        self._seen.add(module.path)
        events = [
            (node.lineno, node.col_offset, node)
            for node in module.parents
            if isinstance(node, (ast.Import, ast.ImportFrom, ast.Call, ast.Subscript)) and runs_at_import(module, node)
        ]
        for line, _, node in sorted(events, key=lambda event: event[:2]):
            if self.loaded or (before and line >= before):
                return
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                for path in imported(self.evaluator.world, module, node):
                    inner = self.evaluator.world.module(path)
                    if inner is not None and path not in self._seen and len(self._seen) < 200:
                        yield from self.reads(inner)
            elif isinstance(node, ast.Call) and _is_load(self.evaluator, module, node):
                self.loaded = True
            else:
                name = _read_name(self.evaluator, module, node)
                if name is not None and name not in _ALWAYS_THERE and _matters(module, node):
                    yield module.place(node, f"{name} is read here, while the module is imported"), name


def _is_load(evaluator: Evaluator, module: Module, call: ast.Call) -> bool:
    name = evaluator.world.qualify(module, call.func) or ""
    return name in ("dotenv.load_dotenv", "dotenv.main.load_dotenv") or name.endswith((".read_env", ".read_envfile"))


def _read_name(evaluator: Evaluator, module: Module, node: ast.AST) -> str | None:
    match node:
        case ast.Call(func=func, args=[ast.Constant(value=str() as name), *_]):
            return name if evaluator.world.qualify(module, func) in ("os.getenv", "os.environ.get") else None
        case ast.Subscript(value=holder, slice=ast.Constant(value=str() as name), ctx=ast.Load()):
            return name if evaluator.world.qualify(module, holder) == "os.environ" else None
        case _:
            return None


def _matters(module: Module, node: ast.AST) -> bool:
    """Whether the value is kept: assigned, or handed to a call; a read inside a pydantic settings class is read again later."""
    for _, parent in module.ancestors(node):
        if isinstance(parent, ast.ClassDef):
            return not any("Settings" in ast.unparse(base) for base in parent.bases)
    return isinstance(module.statement_of(node), (ast.Assign, ast.AnnAssign, ast.Expr, ast.If))


# -- programmatic servers ----------------------------------------------------------------------------------------------------------


def object_with_workers(project: Project, match: Match) -> Verdict | None:
    """FAILS when uvicorn is given the application itself and more than one worker, or reload: it prints a warning and exits with status 3.

    Source: https://www.uvicorn.org/deployment/#running-programmatically
    """
    del project
    frame = match.frame
    app = frame.of("$APP") if frame is not None else None
    if frame is None or app is None or not isinstance(frame.node, ast.Call):
        return None
    if isinstance(app, (ast.Constant, ast.JoinedStr)):
        return Verdict(outcome=Outcome.PASS, message="the application is an import string")
    given = {keyword.arg: keyword.value for keyword in frame.node.keywords if keyword.arg}
    workers, reload = given.get("workers"), given.get("reload")
    exits = "uvicorn exits with status 3: workers and reload need an import string"
    if isinstance(workers, ast.Constant) and isinstance(workers.value, int) and workers.value > 1:
        return Verdict(outcome=Outcome.FAIL, message=exits)
    if isinstance(reload, ast.Constant) and reload.value is True:
        return Verdict(outcome=Outcome.FAIL, message=exits, severity=Severity.WARNING)
    if workers is not None and not isinstance(workers, ast.Constant):
        return Verdict(outcome=Outcome.REVIEW, message=f"with more than one worker {exits}")
    return None


def removed_name(project: Project, match: Match) -> Verdict | None:
    """FAILS for a name that is gone, unless the import is tried and an ImportError or AttributeError is caught."""
    del project
    frame = match.frame
    if frame is None:
        return None
    for child, parent in frame.module.ancestors(frame.node):
        if isinstance(parent, ast.Try) and (child in parent.body or isinstance(child, ast.ExceptHandler)):
            caught = " ".join(ast.unparse(handler.type) if handler.type is not None else "ImportError" for handler in parent.handlers)
            if re.search(r"ImportError|ModuleNotFoundError|AttributeError|Exception", caught):
                return Verdict(outcome=Outcome.PASS, message="the import is tried, and what is caught stands in for it")
    return Verdict(outcome=Outcome.FAIL, message=match.message)
