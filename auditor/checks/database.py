"""Judges of SQLAlchemy engines and sessions: which database is opened, and who shares it."""

from __future__ import annotations

import ast
import re
from pathlib import PurePosixPath

from auditor.checks.base import Match, Verdict
from auditor.model import Outcome, Place, Requirement
from auditor.project.project import Project
from auditor.project.python.frame import Frame
from auditor.project.python.module import Module
from auditor.project.python.values import EnvRead, Literal, PathValue, in_production

_RELATIVE = re.compile(r"^sqlite(?:\+\w+)?:///(?!/|:memory:|file:)(?:\./)?(?P<path>[^?]+)")
_HEROKU = ("Procfile", "app.json", "heroku.yml")
_MIGRATIONS = ("alembic", "flask-migrate", "aerich", "yoyo-migrations")


def sqlite_relative(project: Project, match: Match) -> Verdict | None:
    """FAILS for a SQLite URL with a relative path: the file is the one below the directory the process happens to be started in.

    Source: https://docs.sqlalchemy.org/en/20/dialects/sqlite.html#connect-strings
    """
    del project
    frame = match.frame
    url = frame.of("$URL") if frame is not None else None
    if frame is None or url is None:
        return None
    for option in in_production(frame.value(url)):
        value = option.value
        relative = _RELATIVE.match(value.value) if isinstance(value, Literal) and isinstance(value.value, str) else None
        if relative is not None and not any(guard.kind == "main" for guard in frame.guards):
            message = f'"{relative["path"]}" is looked for in the working directory: started elsewhere, the app gets a new, empty database'
            related = tuple(step for step in value.trail if step.label and step.path is not None)
            return Verdict(outcome=Outcome.FAIL, message=message, related=related)
        if isinstance(value, (Literal, PathValue)):
            return Verdict(outcome=Outcome.PASS, message="the place of the database does not depend on the start")
    return None


def heroku_scheme(project: Project, match: Match) -> Verdict | None:
    """FAILS when a platform that hands out `postgres://` is deployed to, and the URL reaches SQLAlchemy as it is.

    SQLAlchemy 1.4 removed that name (https://docs.sqlalchemy.org/en/20/changelog/changelog_14.html#change-3687655465c25a39b968b4f5f6e9170b).
    """
    frame = match.frame
    url = frame.of("$URL") if frame is not None else None
    if frame is None or url is None:
        return None
    read = next((o.value for o in in_production(frame.value(url)) if isinstance(o.value, EnvRead) and o.value.name), None)
    if not isinstance(read, EnvRead) or not read.reader.startswith("os.") or not str(read.name).endswith("DATABASE_URL"):
        return None
    world = frame.evaluator.world
    for word in ("postgres:", "postgresql"):
        for path in world.containing(word):
            if re.search(r"replace\(|startswith\(|re\.sub|removeprefix|set\(drivername", world.files.source(path) or ""):
                return Verdict(outcome=Outcome.PASS, message="the scheme is looked at", related=(Place(path=path),))
    deployed = next((name for name in _HEROKU if project.exists(PurePosixPath(name))), None)
    if deployed is None:
        return None
    related = tuple(step for step in read.trail if step.label)
    message = f"{read.name} may start with postgres://, as Heroku sets it ({deployed}), and SQLAlchemy does not know that name"
    return Verdict(outcome=Outcome.FAIL, message=message, related=related)


def shared_session(project: Project, match: Match) -> Verdict | None:
    """FAILS when one session made at import is used inside functions: after one failed flush every later request of the process fails.

    Source: https://docs.sqlalchemy.org/en/20/orm/session_basics.html, "Is the Session thread-safe?"
    """
    del project
    frame = match.frame
    statement = frame.module.statement_of(frame.node) if frame is not None else None
    if frame is None or not isinstance(statement, ast.Assign) or frame.module.scope_of(statement) is not frame.module.root:
        return None
    target = statement.targets[0]
    if frame.node not in (statement, statement.value) or not isinstance(target, ast.Name) or any(guard.kind == "main" for guard in frame.guards):
        return None
    if match.detector.options.get("maker") and not _is_made(frame, statement.value):
        return None
    used = _used_in_function(frame.module, target.id)
    if used is None:
        used = next((place for module in _importers(frame, target.id) if (place := _used_in_function(module, target.id)) is not None), None)
    if used is None:
        return None
    return Verdict(outcome=Outcome.FAIL, message=match.message, related=(used,))


def _is_made(frame: Frame, value: ast.expr) -> bool:
    """Whether the value is `Session()` of a sessionmaker."""
    if not isinstance(value, ast.Call):
        return False
    for option in in_production(frame.value(value.func)):
        if getattr(option.value, "qualname", "") in ("sqlalchemy.orm.sessionmaker", "sqlalchemy.orm.session.sessionmaker"):
            return True
    return False


def _importers(frame: Frame, name: str) -> list[Module]:
    world = frame.evaluator.world
    wanted = f"{frame.module.path}:{name}"
    return [
        module
        for module in world.modules_containing(name)
        for binding in module.root.bindings.get(name, [])
        if module is not frame.module and binding.kind == "import" and world.target(module, binding.target) == wanted
    ]


def _used_in_function(module: Module, name: str) -> Place | None:
    """Where a function uses the module's own ``name``."""
    for node in list(module.parents):
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load):
            scope = module.scope_of(node)
            if scope.is_function and scope.lookup(name) is module.root:
                return module.place(node, "every request uses the same session")
    return None


def create_all_as_migration(project: Project, match: Match) -> Verdict | None:
    """FAILS when tables are made at import and nothing in the project migrates them.

    `create_all` leaves a table that exists as it is (https://docs.sqlalchemy.org/en/20/core/metadata.html#sqlalchemy.schema.MetaData.create_all).
    """
    frame = match.frame
    if frame is None or any(guard.kind == "main" for guard in frame.guards):
        return None
    if frame.module.scope_of(frame.node).is_function:
        return None
    if any(project.has(Requirement(package=name)) for name in _MIGRATIONS):
        return Verdict(outcome=Outcome.REVIEW, message="tables are made here and by migrations: the migration that creates them then fails")
    return Verdict(outcome=Outcome.FAIL, message=match.message)


def shared_sqlite_connection(project: Project, match: Match) -> Verdict | None:
    """FAILS when a connection made at import is used inside functions of an application: sqlite3 refuses it in every other thread.

    Source: https://docs.python.org/3/library/sqlite3.html#sqlite3.connect, `check_same_thread`
    """
    del project
    frame = match.frame
    call = frame.node if frame is not None else None
    statement = frame.module.statement_of(call) if frame is not None and call is not None else None
    if frame is None or not isinstance(call, ast.Call) or not isinstance(statement, ast.Assign) or statement.value is not call:
        return None
    if frame.module.scope_of(statement) is not frame.module.root or any(guard.kind == "main" for guard in frame.guards):
        return None
    target = statement.targets[0]
    given = next((keyword.value for keyword in call.keywords if keyword.arg == "check_same_thread"), None)
    if not isinstance(target, ast.Name):
        return None
    if isinstance(given, ast.Constant) and given.value is False:
        return Verdict(outcome=Outcome.PASS, message="the connection may be used by any thread")
    names = [target.id, *_cursors(frame.module, target.id)]
    for module in (frame.module, *_importers(frame, target.id)):
        for name in names:
            used = _used_in_view(module, name)
            if used is not None:
                return Verdict(outcome=Outcome.FAIL, message=match.message, related=(used,))
    return None


def _cursors(module: Module, connection: str) -> list[str]:
    return [
        name
        for name, bindings in module.root.bindings.items()
        for binding in bindings
        if binding.value is not None and ast.unparse(binding.value).startswith(f"{connection}.cursor(")
    ]


def _used_in_view(module: Module, name: str) -> Place | None:
    """Where a function that answers requests uses the module's own ``name``."""
    for node in list(module.parents):
        if not (isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)):
            continue
        scope = module.scope_of(node)
        function = scope.node
        if scope.lookup(name) is not module.root or not isinstance(function, ast.FunctionDef):
            continue
        if any(re.search(r"\.(?:route|get|post|put|delete|patch)\(", ast.unparse(decorator)) for decorator in function.decorator_list):
            return module.place(node, "used by the thread of a request")
    return None
