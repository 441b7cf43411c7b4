"""Schedulers that start with the application, where production starts the application several times.

Sources: https://apscheduler.readthedocs.io/en/3.x/faq.html, https://docs.gunicorn.org/en/stable/settings.html#preload-app
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from auditor.checks.handlers import Function, function_named
from auditor.checks.starts import Served, runs_at_import, served
from auditor.model import CheckDetector, Gotcha, Outcome, Site
from auditor.project.facts.reached import only_for_scripts
from auditor.project.project import Project
from auditor.project.python.module import Module
from auditor.project.python.values import Instance, options

_SCHEDULERS = frozenset(
    {
        "apscheduler.schedulers.asyncio.AsyncIOScheduler",
        "apscheduler.schedulers.background.BackgroundScheduler",
        "apscheduler.schedulers.gevent.GeventScheduler",
        "apscheduler.schedulers.tornado.TornadoScheduler",
        "flask_apscheduler.APScheduler",
        "flask_apscheduler.scheduler.APScheduler",
    }
)
_ONE_ONLY = re.compile(
    r"\b(?:fcntl|flock|filelock|FileLock|SETNX|setnx|pg_try_advisory\w*|advisory_lock|redlock|is_leader|leader\w*|WERKZEUG_RUN_MAIN|(?:job|redis)_?lock)\b"
    r"|\.bind\(\(|nx=True|\bwhen_ready\b|\.lock\("
)
_STARTUP = re.compile(r"\b(?:on_event|before_first_request|before_serving|asynccontextmanager|on_startup)\b")


def started_per_worker(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """Yield `scheduler.start()` that runs while a server starts, in as many processes as it has."""
    servers = [server for server in served(project) if server.workers != 1]
    if not servers:
        return
    words = ("apscheduler", "run_pending")
    modules = {module.path: module for word in words for module in project.python.world.modules_containing(word, ".start(")}
    for _, module in sorted(modules.items()):
        yield from _in_module(project, gotcha, detector, module, servers)


def _in_module(project: Project, gotcha: Gotcha, detector: CheckDetector, module: Module, servers: list[Served]) -> Iterator[Site]:
    mine = [server for server in servers if module.path in server.paths]
    for call in module.calls if mine else ():
        if not _is_start(project, module, call) or only_for_scripts(module, call):
            continue
        how = _how(project, module, call)
        if how is None:
            continue
        server = max(mine, key=lambda one: one.workers or 0)
        outcome, message = _verdict(project, detector, module, call, server, how)
        yield Site(
            gotcha=gotcha.id,
            outcome=outcome,
            message=message,
            place=module.place(call),
            related=server.places,
            scope=module.span(call),
        )


def _is_start(project: Project, module: Module, call: ast.Call) -> bool:
    if not isinstance(call.func, ast.Attribute) or call.func.attr != "start":
        return False
    values = [option.value for option in options(project.python.evaluate(module, call.func.value))]
    return any(isinstance(value, Instance) and (value.qualname in _SCHEDULERS or _is_schedule_thread(module, value)) for value in values)


def _is_schedule_thread(module: Module, value: Instance) -> bool:
    """Whether a thread runs the pending jobs of `schedule` (https://schedule.readthedocs.io/en/stable/background-execution.html)."""
    given = next((keyword.value for keyword in value.call.keywords if keyword.arg == "target"), None) if value.call is not None else None
    if value.qualname not in ("threading.Thread", "threading.Timer") or not isinstance(given, ast.Name):
        return False
    target = function_named(module, given)
    return target is not None and "run_pending(" in ast.unparse(target)


def _how(project: Project, module: Module, call: ast.Call) -> str | None:
    """``import`` when the start runs with the import of the module (or in a factory), ``lifespan`` when each worker runs it as it starts up."""
    if runs_at_import(module, call):
        return "import"
    owner = module.scope_of(call).node
    if not isinstance(owner, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return None
    if _is_startup(module, owner):
        return "lifespan"
    if _makes_app(project, module, owner):
        return "import"
    return next((found for other, use in _uses(project, module, owner) if (found := _how_called(project, other, use)) is not None), None)


def _how_called(project: Project, module: Module, use: ast.Call) -> str | None:
    if only_for_scripts(module, use):
        return None
    if runs_at_import(module, use):
        return "import"
    owner = module.scope_of(use).node
    if not isinstance(owner, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return None
    if _is_startup(module, owner):
        return "lifespan"
    return "import" if _makes_app(project, module, owner) else None


def _is_startup(module: Module, function: Function) -> bool:
    """Whether the function is run at start-up: decorated so, or given as `lifespan=`."""
    if any(_STARTUP.search(ast.unparse(decorator)) for decorator in function.decorator_list):
        return True
    given = (keyword.value for call in module.calls for keyword in call.keywords if keyword.arg in ("lifespan", "on_startup"))
    return any(isinstance(part, ast.Name) and part.id == function.name for value in given for part in ast.walk(value))


def _makes_app(project: Project, module: Module, function: Function) -> bool:
    """Whether the function creates the application and returns it: the server calls it, or the module does while it is imported."""
    makes = any(
        isinstance(node, ast.Call) and project.python.world.qualify(module, node.func) in ("flask.Flask", "fastapi.FastAPI")
        for node in ast.walk(function)
    )
    return makes and any(isinstance(node, ast.Return) and node.value is not None for node in ast.walk(function))


def _uses(project: Project, module: Module, function: Function) -> Iterator[tuple[Module, ast.Call]]:
    """The calls of a function of the module, in the whole project."""
    if module.parents.get(function) is not module.tree:
        return
    name = f"{module.path}:{function.name}"
    for other in project.python.world.modules_containing(function.name):
        for call in other.calls:
            if project.python.world.qualify(other, call.func) == name:
                yield other, call


def _verdict(project: Project, detector: CheckDetector, module: Module, call: ast.Call, server: Served, how: str) -> tuple[Outcome, str]:
    if server.preloads and how == "import":
        return Outcome.PASS, "the application is imported once, before the workers are forked: the scheduler runs in the master"
    guards = [guard for guard in project.python.guards(module, call) if guard.kind not in ("main", "imported", "production")]
    if any(guard.kind == "development" for guard in guards):
        return Outcome.PASS, "only development starts it"
    if guards or _ONE_ONLY.search(module.text):
        return Outcome.REVIEW, "starts in every worker process that passes the condition or gets the lock"
    if server.workers is None:
        return Outcome.REVIEW, "starts in every worker process, and how many there are is not said"
    if not _has_job_for_all(project, module, server):
        return Outcome.REVIEW, f"starts in {server.workers} processes; whether a job may run in each cannot be told"
    return Outcome.FAIL, detector.message.replace("$COUNT", str(server.workers))


def _has_job_for_all(project: Project, module: Module, server: Served) -> bool:
    """Whether a job is known and does more than refresh what its own process holds."""
    for job, owner in _jobs(project, module, server):
        text = ast.unparse(job)
        keeps = any(isinstance(node, ast.Global) for node in ast.walk(job)) or any(
            isinstance(node, ast.Name) and node.id in owner.root.bindings and isinstance(owner.parents.get(node), (ast.Subscript, ast.Attribute))
            and _changes(owner, node) for node in ast.walk(job)
        )  # fmt: skip
        if not keeps and "cache" not in text.lower():
            return True
    return False


def _changes(module: Module, node: ast.Name) -> bool:
    """Whether the module's own name is changed in place: `X[k] = v`, `X.update(v)`."""
    parent = module.parents.get(node)
    if isinstance(parent, ast.Subscript):
        return isinstance(parent.ctx, (ast.Store, ast.Del))
    bound = module.root.bindings.get(node.id, [])
    return (
        isinstance(parent, ast.Attribute)
        and parent.attr in ("append", "clear", "update", "add", "extend")
        and bool(bound)
        and bound[0].kind == "assign"
    )


def _jobs(project: Project, module: Module, server: Served) -> Iterator[tuple[Function, Module]]:
    """The functions that are scheduled: `add_job(f, …)`, `every().day.do(f)`, `@scheduler.scheduled_job(…)`, `@scheduler.task(…)`."""
    for other in {
        module.path: module,
        **{path: found for path in sorted(server.paths) if (found := project.python.world.module(path)) is not None},
    }.values():
        for call in other.calls:
            if isinstance(call.func, ast.Attribute) and call.func.attr in ("add_job", "do"):
                given = call.args[0] if call.args else next((keyword.value for keyword in call.keywords if keyword.arg == "func"), None)
                if given is not None:
                    yield from _function(project, other, given)
    for scope in module.scopes.values():
        node = scope.node
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            if any(re.search(r"\.(?:scheduled_job|task)\(", ast.unparse(decorator)) for decorator in node.decorator_list):
                yield node, module


def _function(project: Project, module: Module, given: ast.expr) -> Iterator[tuple[Function, Module]]:
    if isinstance(given, ast.Name):
        owner = module.scope_of(given).lookup(given.id)
        bound = owner.bindings[given.id] if owner is not None else []
        if len(bound) == 1 and isinstance(bound[0].node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield bound[0].node, module
            return
    qualname = project.python.world.qualify(module, given) or ""
    path, _, name = qualname.partition(":")
    found = project.python.world.module(PurePosixPath(path)) if name else None
    bound = found.root.bindings.get(name, []) if found is not None else []
    if found is not None and len(bound) == 1 and isinstance(bound[0].node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        yield bound[0].node, found
