"""What production starts: the files it runs, the modules its servers import, and in how many processes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from auditor.checks.launches import Target, resolved, target_of
from auditor.model import Place
from auditor.project.facts import servers
from auditor.project.facts.launch import Launch
from auditor.project.facts.reached import only_for_scripts, reached, script_of
from auditor.project.files import normal
from auditor.project.project import Project, Unreadable
from auditor.project.python.module import Module
from auditor.project.python.values import Derived, EnvRead, Literal, Value, options

SERVERS = frozenset({"gunicorn", "uvicorn", "hypercorn", "daphne", "waitress-serve", "granian"})
_FORKING = frozenset({"gunicorn", "uvicorn", "hypercorn", "granian", "fastapi"})
_FASTAPI_DEFAULTS = ("main.py", "app.py", "api.py", "app/main.py", "app/app.py", "app/api.py")


def started_script(project: Project, launch: Launch) -> Module | None:
    """The Python file a launch runs directly."""
    path = script_of(project, launch)
    return project.python.world.module(path) if path is not None else None


def server_target(project: Project, launch: Launch) -> Target | None:
    """What a server is told to import, by its command line; None where that cannot be told, or the launch is no server of Python."""
    tool = launch.tool
    if tool in SERVERS:
        return target_of(project, launch)
    words = launch.words
    if tool == "flask" and "run" in words:
        named = next((words[index + 1] for index, word in enumerate(words[:-1]) if word in ("--app", "-A")), "")
        name, _, attribute = named.removesuffix(".py").partition(":")
        return resolved(project, launch.bases, name.replace("/", "."), attribute or "app") if name else None
    if tool == "fastapi" and words[1:2] == ("run",):
        files = tuple(word for word in words[2:3] if word.endswith(".py")) or _FASTAPI_DEFAULTS
        found = next((normal(str(base / name)) for base in launch.bases for name in files if project.exists(base / name)), None)
        module = project.python.world.module(found) if found is not None else None
        return Target(name=found.stem, attribute="app", module=module, elsewhere=None) if found is not None and module is not None else None
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A server of production: how it is started, the module it imports first, all it imports, and its processes (None: not known)."""

    launch: Launch
    module: Module
    paths: frozenset[PurePosixPath]
    workers: int | None
    preloads: bool = False

    @property
    def places(self) -> tuple[Place, ...]:
        """Where the start is said."""
        return (self.launch.place, *self.launch.trail)


def served(project: Project) -> tuple[Served, ...]:
    """Every server production starts whose first module is in the project; also those a started file runs itself with `uvicorn.run("a:b")`."""
    found: list[Served] = []
    for launch in project.facts.launches:
        if not launch.words:
            continue
        target = server_target(project, launch)
        if target is not None and target.module is not None:
            workers, preloads = workers_of(project, launch)
            found.append(_served(project, launch, target.module, workers, preloads=preloads))
            continue
        script = started_script(project, launch)
        for call in uvicorn_runs(project, script) if script is not None else ():
            module = named_module(project, script, call) if script is not None else None
            if module is not None:
                found.append(_served(project, launch, module, _programmatic(project, module=script, call=call), preloads=False))
    return tuple(found)


def _served(project: Project, launch: Launch, module: Module, workers: int | None, *, preloads: bool) -> Served:
    return Served(launch=launch, module=module, paths=reached(project, module.path, named=False), workers=workers, preloads=preloads)


def uvicorn_runs(project: Project, module: Module) -> Iterator[ast.Call]:
    """The calls of `uvicorn.run(...)` in a module."""
    for call in module.calls:
        if project.python.world.qualify(module, call.func) == "uvicorn.run" and call.args:
            yield call


def named_module(project: Project, module: Module, call: ast.Call) -> Module | None:
    """The module of the project that `uvicorn.run("module:app")` imports anew; None for an object."""
    given = call.args[0]
    if not isinstance(given, ast.Constant) or not isinstance(given.value, str):
        return None
    name = given.value.partition(":")[0]
    if name == module.path.stem:
        return module
    path = project.python.world.find(name, module.path)
    return project.python.world.module(path) if path is not None else None


def _programmatic(project: Project, *, module: Module | None, call: ast.Call) -> int | None:
    given = next((keyword.value for keyword in call.keywords if keyword.arg == "workers"), None)
    if module is None or any(keyword.arg is None for keyword in call.keywords):
        return None
    return _number(project.python.evaluate(module, given), given) if given is not None else 1


# -- imports -----------------------------------------------------------------------------------------------------------------------


def runs_at_import(module: Module, node: ast.AST) -> bool:
    """Whether code runs while the module is imported: in no function, and under no guard for scripts or type checkers."""
    for child, parent in module.ancestors(node):
        if isinstance(parent, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)) and child not in getattr(parent, "decorator_list", []):
            return False
    return not only_for_scripts(module, node)


# -- workers -----------------------------------------------------------------------------------------------------------------------


def workers_of(project: Project, launch: Launch) -> tuple[int | None, bool]:
    """How many processes a server starts, None when that is not said; and whether the master imports the application for all of them.

    gunicorn and uvicorn take WEB_CONCURRENCY where no option is given, and Heroku sets it by the size of the dyno: under a Procfile the
    number is not known then. Sources: https://docs.gunicorn.org/en/stable/settings.html#workers, https://www.uvicorn.org/deployment/,
    https://devcenter.heroku.com/articles/python-gunicorn
    """
    tool = launch.tool
    if tool not in _FORKING:
        return 1, False
    if "--reload" in launch.words and tool == "uvicorn":
        return 1, False  # the reloader has one child, whatever --workers says
    configured, preloads = _configured(project, launch) if tool == "gunicorn" else (None, False)
    preloads = preloads or "--preload" in launch.words
    given = servers.option(launch.words, "--workers", *(("-w",) if tool != "uvicorn" else ()))
    if given is not None:
        text = servers.expanded(given, launch.values).strip()
        return (int(text) if text.isdecimal() else None), preloads
    if configured is not None:
        return (configured or None), preloads
    said = launch.values.get("WEB_CONCURRENCY")
    if said is not None:
        return (int(said) if said.isdecimal() else None), preloads
    unknown = launch.kind == "procfile" or "WEB_CONCURRENCY" in launch.values
    return (None if unknown else 1), preloads


def _configured(project: Project, launch: Launch) -> tuple[int | None, bool]:
    """`workers` (0: set, but not to a known number; None: not set) and `preload_app` of gunicorn's configuration file."""
    module = gunicorn_settings(project, launch)
    if module is None:
        return (0, False) if servers.option(launch.words, "-c", "--config") is not None else (None, False)
    bound = module.root.bindings
    preload = project.python.name_in(module, module.root, "preload_app") if "preload_app" in bound else Literal(value=False)
    preloads = any(isinstance(one.value, Literal) and one.value.value is True for one in options(preload))
    if "workers" not in bound:
        return None, preloads
    expression = bound["workers"][-1].value
    return _number(project.python.name_in(module, module.root, "workers"), expression) or 0, preloads


def gunicorn_settings(project: Project, launch: Launch) -> Module | None:
    """The configuration file gunicorn reads: the one it is given, else `gunicorn.conf.py` in its folder."""
    named = servers.option(launch.words, "-c", "--config")
    name = (named or "gunicorn.conf.py").removeprefix("file:").removeprefix("python:")
    path = launch.file(project, name) if named else next((base / name for base in launch.bases if project.exists(base / name)), None)
    return project.python.world.module(normal(str(path))) if path is not None else None


def _number(value: Value, expression: ast.expr | None) -> int | None:
    """A number of workers; twice the processors and one more is three at least."""
    for one in options(value):
        match one.value:
            case Literal(value=int() as number):
                return number
            case EnvRead(default=Literal(value=constant)) if str(constant).isdecimal():
                return int(str(constant))
            case Derived(operation="int", sources=(inner,)):
                return _number(inner, None)
            case _:
                pass
    text = ast.unparse(expression) if expression is not None else ""
    grows = re.search(r"cpu_count\(\)\s*\*\s*(\d+)(?:\s*\+\s*(\d+))?|(\d+)\s*\*\s*[\w.]*cpu_count\(\)(?:\s*\+\s*(\d+))?", text)
    if grows is not None:
        return int(grows.group(1) or grows.group(3)) + int(grows.group(2) or grows.group(4) or 0)
    return None


def text_of(project: Project, path: PurePosixPath) -> str:
    """The text of a file, "" when it cannot be read."""
    try:
        return project.text(path)
    except Unreadable:
        return ""
