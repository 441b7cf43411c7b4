"""What stands under `if __name__ == "__main__"` and is missed where a server imports the module.

Source: https://docs.python.org/3/library/__main__.html
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from auditor.checks.base import Match, Verdict
from auditor.checks.handlers import Function, around, function_named, routes, with_callees
from auditor.checks.starts import named_module, served, started_script, text_of, uvicorn_runs
from auditor.model import CheckDetector, Gotcha, Outcome, Place, Requirement, Severity, Site
from auditor.project.project import Project
from auditor.project.python.frame import Frame
from auditor.project.python.module import Binding, Module
from auditor.project.python.values import Instance, Literal, leaves, options

_DEPLOYMENT = ("dockerfile", "procfile", "yaml", "shell", "toml", "json", "ini", "text")
_SERVERS = ("gunicorn", "uwsgi", "mod-wsgi", "waitress", "hypercorn")
_DEVELOPMENT_KEYS = re.compile(
    r"^(?:DEBUG\w*|TESTING|ENV|FLASK_\w+|TEMPLATES_AUTO_RELOAD|SEND_FILE_MAX_AGE_DEFAULT|SQLALCHEMY_ECHO|SQLALCHEMY_RECORD_QUERIES"
    r"|EXPLAIN_TEMPLATE_LOADING|PROPAGATE_EXCEPTIONS|SERVER_NAME|PREFERRED_URL_SCHEME|PROFILE|JSONIFY_PRETTYPRINT_REGULAR|\w*DEV\w*)$"
)
_FRAMEWORK_KEYS = re.compile(r"^(?:SECRET_KEY|SQLALCHEMY_\w+|SESSION_\w+|JWT_\w+|MAX_CONTENT_LENGTH|MAIL_\w+|CACHE_\w+|CORS_\w+|WTF_\w+)$")
_LOOPBACK = re.compile(r"^https?://(?:localhost|127\.0\.0\.1|\[::1\])(?::|/|$)")
_STARTS = frozenset({"run", "run_app", "run_forever", "run_simple", "serve", "serve_forever"})
_MIGRATIONS = ("alembic", "flask-alembic", "flask-migrate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """How the module of a guarded line is started. ``kind``: imported, again (imported anew by the very script), run, unknown."""

    kind: str
    text: str = ""
    places: tuple[Place, ...] = ()


def start_of(project: Project, module: Module) -> Start:
    """Whether production imports a module, or runs its file."""
    for server in served(project):
        if module.path in server.paths:
            again = started_script(project, server.launch) is module
            return Start(kind="again" if again else "imported", text=f"{server.launch.place.path} starts a server", places=server.places)
    if any(named_module(project, module, call) is module for call in uvicorn_runs(project, module)):
        return Start(kind="again", text="uvicorn.run imports the module anew, by its name")
    for launch in project.facts.launches:
        script = started_script(project, launch)
        if script is not None and script.path == module.path:
            return Start(kind="run", places=(launch.place, *launch.trail))
    return _by_text(project, module) or Start(kind="unknown")


def _by_text(project: Project, module: Module) -> Start | None:
    """A command line in a script or unit that names the module, or a server among the requirements that nothing else uses."""
    name = re.escape(module.path.stem if module.path.name != "__init__.py" else module.path.parent.name)
    command = re.compile(rf"^(?!\s*#).*\b(gunicorn|uwsgi|waitress-serve|hypercorn|uvicorn)\b[^\n#]*[\s\"'.=]{name}:\w", re.MULTILINE)
    script = re.compile(rf"\bpython[\d.]*[\"',\s]+(?:-u[\"',\s]+)?[\w./]*\b{re.escape(module.path.name)}\b")
    for file in project.tree_files:
        if file.language not in _DEPLOYMENT or file.role != "production" or file.size > 100_000 or file.path.name.startswith("requirements"):
            continue
        text = text_of(project, file.path)
        found = command.search(text)
        if found is not None:
            return Start(kind="imported", text=f"{file.path} starts {found.group(1)}")
        if script.search(text) is not None:
            return Start(kind="run", text=f"{file.path} runs it")
    world = project.python.world
    applications = {path for word in ("Flask(", "FastAPI(") for path in world.containing(word) if project.file(path) is not None}
    if applications != {module.path} or any(started_script(project, launch) is not None for launch in project.facts.launches):
        return None  # which of several a server would load is not said
    for server in _SERVERS:
        package = next((package for package in project.stack if package.name == server), None)
        if package is not None and package.evidence.path is not None and package.evidence.path.parent in module.path.parents:
            if server.replace("-", "_") not in module.text:
                return Start(kind="imported", text=f"{server} is a dependency")
    return None


# -- calls and settings ------------------------------------------------------------------------------------------------------------


def guarded(frame: Frame) -> bool:
    """Whether a line only runs when its file is started: under the guard, or in a function that is called nowhere else."""
    if any(guard.kind == "main" for guard in frame.guards):
        return frame.module.scope_of(frame.node) is frame.module.root
    owner = frame.module.scope_of(frame.node).node
    return isinstance(owner, (ast.FunctionDef, ast.AsyncFunctionDef)) and _called_by_guard_only(frame, owner)


def _called_by_guard_only(frame: Frame, function: Function) -> bool:
    module, world = frame.module, frame.evaluator.world
    if module.parents.get(function) is not module.tree or function.decorator_list:
        return False
    if any(isinstance(node, ast.Return) and node.value is not None for node in ast.walk(function)):
        return False  # a factory: a server may call it
    uses = [node for node in module.parents if isinstance(node, ast.Name) and node.id == function.name and isinstance(node.ctx, ast.Load)]
    calls = [node for node in uses if isinstance(module.parents.get(node), ast.Call)]
    if not uses or len(calls) < len(uses) or not all(_under_main(frame, node) for node in uses):
        return False
    own = re.compile(rf"\b{re.escape(module.path.stem)}\b")
    return not any(path != module.path and own.search(world.files.source(path) or "") for path in world.containing(function.name))


def _under_main(frame: Frame, node: ast.AST) -> bool:
    guards = frame.evaluator.guards(frame.module, node)
    return any(guard.kind == "main" for guard in guards) and frame.module.scope_of(node) is frame.module.root


def _starts_server(frame: Frame) -> bool:
    """Whether the guarded code starts a server: else the file is a script for what it does, and somebody runs it as one."""
    names = (
        call.func.attr if isinstance(call.func, ast.Attribute) else ast.unparse(call.func) for call in frame.module.calls if _is_guarded(frame, call)
    )
    return any(name in _STARTS for name in names)


def _is_guarded(frame: Frame, call: ast.Call) -> bool:
    owner = frame.module.scope_of(call).node
    return _under_main(frame, call) or (isinstance(owner, (ast.FunctionDef, ast.AsyncFunctionDef)) and _called_by_guard_only(frame, owner))


def _app_outside(frame: Frame, name: str) -> bool:
    """Whether the app also exists when the module is imported."""
    bindings = frame.module.root.bindings.get(name, [])
    own = [binding for binding in bindings if frame.module.scope_of(binding.node) is frame.module.root]
    return any(not any(guard.kind == "main" for guard in frame.evaluator.guards(frame.module, binding.node)) for binding in own)


def setup_in_main_guard(project: Project, match: Match) -> Verdict | None:
    """FAILS when a module-level app is completed only where its file is run as a script, and a server imports the module instead."""
    frame = match.frame
    app = frame.of("$APP") if frame is not None else None
    if frame is None or not isinstance(app, ast.Name) or not guarded(frame) or not _app_outside(frame, app.id):
        return None
    key = _key(frame)
    if key is not None and _DEVELOPMENT_KEYS.match(key):
        return Verdict(outcome=Outcome.PASS, message="is a setting for development")
    if key is None and _is_for_development(frame):
        return Verdict(outcome=Outcome.PASS, message="is for development")
    if _done_elsewhere(frame, key):
        return Verdict(outcome=Outcome.PASS, message="is done outside the guard as well")
    if key is not None and not _FRAMEWORK_KEYS.match(key) and not _is_read(frame, key):
        return Verdict(outcome=Outcome.REVIEW, message=f"{key} is not set where a server imports this module")
    return _verdict(match, start_of(project, frame.module))


def _verdict(match: Match, start: Start, *, severity: Severity | None = None) -> Verdict:
    match start.kind:
        case "imported" | "again":
            message = f"{match.message} ({start.text})"
            return Verdict(outcome=Outcome.FAIL, message=message, related=start.places, severity=severity)
        case "run":
            return Verdict(outcome=Outcome.PASS, message="production starts this very file", related=start.places)
        case _:
            return Verdict(outcome=Outcome.REVIEW, message="a server that imports this module never runs this line")


def _key(frame: Frame) -> str | None:
    """The setting that the site assigns."""
    node = frame.node
    target = node.targets[0] if isinstance(node, ast.Assign) else None
    if isinstance(target, ast.Attribute):
        return "SECRET_KEY" if target.attr == "secret_key" else None
    if isinstance(target, ast.Subscript):
        return target.slice.value if isinstance(target.slice, ast.Constant) and isinstance(target.slice.value, str) else ""
    return None


def _is_for_development(frame: Frame) -> bool:
    """Debug toolbars, and CORS for origins on the developer's machine or for whoever asks: a built front end may need none."""
    node = frame.node
    if not isinstance(node, ast.Call):
        return False
    name = frame.evaluator.qualify(frame.module, node.func) or ast.unparse(node.func)
    if re.search(r"debug|livereload|profil", ast.unparse(node), re.IGNORECASE):
        return True
    if name != "flask_cors.CORS" and "CORSMiddleware" not in ast.unparse(node):
        return False
    given = [keyword.value for keyword in node.keywords if keyword.arg in ("origins", "resources", "allow_origins")]
    texts = [value.value for one in given for value in leaves(frame.value(one)) if isinstance(value, Literal) and isinstance(value.value, str)]
    origins = [text for text in texts if text.startswith("http")]
    return bool(origins) and all(_LOOPBACK.match(origin) for origin in origins)


def _done_elsewhere(frame: Frame, key: str | None) -> bool:
    """Whether the same setting, or the same call with the same first argument, also stands outside the guard."""
    module, node = frame.module, frame.node
    if key is not None:
        names = {key, "secret_key"} if key == "SECRET_KEY" else {key}
        return any(_sets(frame, path, name) for name in names for path in frame.evaluator.world.containing(name))
    if not isinstance(node, ast.Call):
        return False
    same = [call for call in module.calls if call is not node and ast.unparse(call.func) == ast.unparse(node.func)]
    if isinstance(node.func, ast.Attribute) and node.func.attr in ("register_blueprint", "include_router", "mount", "add_middleware", "init_app"):
        same = [call for call in same if call.args and node.args and ast.unparse(call.args[0]) == ast.unparse(node.args[0])]
    return any(not _under_main(frame, call) for call in same)


def _sets(frame: Frame, path: PurePosixPath, name: str) -> bool:
    """Whether a module sets a configuration key somewhere else than at the site."""
    module = frame.evaluator.world.module(path)
    for node in module.parents if module is not None else ():
        if node is frame.node or (isinstance(node, ast.stmt) and node is frame.module.statement_of(frame.node)):
            continue
        match node:
            case ast.Assign(targets=targets):
                if any(_names(target) == name for target in targets):
                    return True
            case ast.AnnAssign(target=target):
                if _names(target) == name:
                    return True
            case ast.keyword(arg=str() as given) if given == name:
                return True
            case ast.Dict(keys=keys) if any(isinstance(one, ast.Constant) and one.value == name for one in keys):
                return True
            case _:
                pass
    return False


def _names(target: ast.expr) -> str:
    match target:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.Subscript(slice=ast.Constant(value=str() as name)):
            return name
        case _:
            return ""


def _is_read(frame: Frame, key: str) -> bool:
    """Whether the project reads the setting as one that must be there: `app.config["KEY"]`."""
    pattern = re.compile(rf"config\[[\"']{re.escape(key)}[\"']\](?!\s*=[^=])")
    return any(pattern.search(frame.evaluator.world.files.source(path) or "") for path in frame.evaluator.world.containing(key))


# -- tables and logs ---------------------------------------------------------------------------------------------------------------


def tables_in_main_guard(project: Project, match: Match) -> Verdict | None:
    """FAILS when the tables are created only where the file is run as a script, and nothing else in the project can have created them."""
    frame = match.frame
    if frame is None or not guarded(frame) or not _starts_server(frame):
        return None
    start = start_of(project, frame.module)
    if start.kind == "again":
        return Verdict(outcome=Outcome.PASS, message="the script runs before its server starts", related=start.places)
    if start.kind == "imported":
        other = _other_schema(project, frame)
        if other is not None:
            return Verdict(outcome=Outcome.REVIEW, message=f"a server never runs this line; {other}")
    return _verdict(match, start)


def _other_schema(project: Project, frame: Frame) -> str | None:
    """What else may create the tables: migrations, another script, a command in a document, a database that is there already."""
    found = next((name for name in _MIGRATIONS if project.has(Requirement(package=name))), None)
    if found is not None:
        return f"{found} may create the tables"
    script = next((folder / name for folder in project.folders for name in sorted(project.names(folder)) if name.endswith(".sql")), None)
    if script is not None:
        return f"{script} may create the tables"
    for file in project.tree_files:
        text = text_of(project, file.path) if file.size < 200_000 else ""
        if "CREATE TABLE" in text:
            return f"{file.path} may create the tables"
        times = text.count("create_all")
        if times > (1 if file.path == frame.module.path else 0):
            return f"{file.path} names create_all too"
        if file.path.suffix != ".py" and re.search(rf"\bpython[\d.]*[\"',\s]+[\w./]*\b{re.escape(frame.module.path.name)}\b", text):
            return f"{file.path} runs the file"
    for value in leaves(frame.evaluator.app_config("SQLALCHEMY_DATABASE_URI")):
        text = value.value if isinstance(value, Literal) and isinstance(value.value, str) else ""
        name = text.removeprefix("sqlite:///") if text.startswith("sqlite:///") else ""
        if name and any(project.exists(frame.module.path.parent / folder / name) for folder in (".", "instance", "../instance")):
            return f"{name} is in the project"
    return None


def logging_in_main_guard(project: Project, match: Match) -> Verdict | None:
    """FAILS when logging is set up only for the script, and the project logs what a server drops then: below WARNING."""
    frame = match.frame
    if frame is None or not guarded(frame) or not _starts_server(frame):
        return None
    world = frame.evaluator.world
    elsewhere = re.compile(r"\b(?:basicConfig|dictConfig|fileConfig|addHandler|loguru|structlog|default_handler|LOGGING)\b|\.logger\.setLevel")
    others = [path for path in sorted(world.paths) if path != frame.module.path and elsewhere.search(world.files.source(path) or "")]
    if others or len(elsewhere.findall(frame.module.text)) > 1:
        return Verdict(outcome=Outcome.PASS, message="logging is set up elsewhere too")
    start = start_of(project, frame.module)
    if start.kind == "again":
        return Verdict(outcome=Outcome.PASS, message="the script sets logging up before its server starts", related=start.places)
    quiet = next(_low_logs(project, frame.module), None)
    if start.kind == "imported" and quiet is None:
        return Verdict(outcome=Outcome.REVIEW, message="a server never runs this line: logs below WARNING are dropped")
    verdict = _verdict(match, start, severity=Severity.WARNING)
    return Verdict(
        outcome=verdict.outcome,
        message=verdict.message,
        related=(*verdict.related, *((quiet,) if quiet is not None else ())),
        severity=verdict.severity,
    )


def _low_logs(project: Project, module: Module) -> Iterator[Place]:
    """Calls of a standard logger's info() or debug() in what the module brings in; Flask's own logger is at DEBUG in debug mode only."""
    for call in module.calls:
        if isinstance(call.func, ast.Attribute) and call.func.attr in ("info", "debug"):
            for option in options(project.python.evaluate(module, call.func.value)):
                is_logger = isinstance(option.value, Instance) and option.value.qualname == "logging.getLogger"
                if is_logger or project.python.world.qualify(module, call.func) in ("logging.info", "logging.debug"):
                    yield module.place(call, "is dropped then")


# -- names -------------------------------------------------------------------------------------------------------------------------


def names_in_main_guard(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """Names that only the guarded block binds or fills, and that a function reads when it answers a request."""
    for module in project.python.world.modules_containing("__main__"):
        file = project.file(module.path)
        if file is None or file.role != "production" or "*" in module.root.bindings or "globals()" in module.text:
            continue
        found = [*_unbound(project, module), *_unfilled(project, module)]
        start = start_of(project, module) if found else None
        for node, name, read in found if start is not None else ():
            outcome = {"imported": Outcome.FAIL, "again": Outcome.FAIL, "run": Outcome.PASS}.get(start.kind if start else "", Outcome.REVIEW)
            message = detector.message.replace("$NAME", name)
            yield Site(
                gotcha=gotcha.id,
                outcome=outcome,
                message=f"{message} ({start.text})" if start is not None and start.text else message,
                place=module.place(node),
                related=(module.place(read, f"{name} is read here"), *(start.places if start is not None else ())),
                scope=module.span(node),
            )


def _main_blocks(module: Module) -> Iterator[ast.If]:
    for node in module.tree.body:
        if isinstance(node, ast.If) and re.fullmatch(r"__name__ == '__main__'|'__main__' == __name__", ast.unparse(node.test)):
            yield node


def _inside(module: Module, node: ast.AST, blocks: list[ast.If]) -> bool:
    return any(parent in blocks and child in parent.body for child, parent in module.ancestors(node) if isinstance(parent, ast.If))


def _answering(project: Project, module: Module) -> dict[Function, None]:
    """The functions that run when a request is answered, as far as the module shows."""
    found: dict[Function, None] = {}
    for function in (*routes(project.python, module), *around(project.python, module)):
        for inner in with_callees(module, function):
            found[inner] = None
    return found


def _reads(project: Project, module: Module, name: str) -> Iterator[ast.Name]:
    """Where an answering function reads the module's name; not where it makes up for a name that is missing or empty."""
    for function in _answering(project, module):
        if re.search(rf"\bnot {name}\b|\b{name} is None\b|\bif {name}\b|\b{name} or\b|NameError", ast.unparse(function)):
            continue
        for node in ast.walk(function):
            if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load):
                if module.scope_of(node).lookup(name) is module.root:
                    yield node


def _unbound(project: Project, module: Module) -> Iterator[tuple[ast.AST, str, ast.AST]]:
    """Names every binding of which stands in the guarded block."""
    blocks = list(_main_blocks(module))
    for name, bindings in sorted(module.root.bindings.items()) if blocks else ():
        if all(_inside(module, binding.node, blocks) for binding in bindings):
            read = next(_reads(project, module, name), None)
            if read is not None:
                yield bindings[0].node, name, read


def _unfilled(project: Project, module: Module) -> Iterator[tuple[ast.AST, str, ast.AST]]:
    """Names that are None until a function that only the guarded block calls gives them a value: `global model`."""
    blocks = list(_main_blocks(module))
    for call in module.calls if blocks else ():
        if not isinstance(call.func, ast.Name) or not _inside(module, call, blocks):
            continue
        function = function_named(module, call.func)
        uses = [node for node in module.parents if isinstance(node, ast.Name) and node.id == call.func.id and isinstance(node.ctx, ast.Load)]
        if function is None or function.decorator_list or not all(_inside(module, use, blocks) for use in uses):
            continue
        for name in sorted(module.scopes[function].globals):
            if _is_none_outside(module, module.root.bindings.get(name, []), function):
                read = next((node for node in _reads(project, module, name) if not _is_in(module, node, function)), None)
                if read is not None:
                    yield call, name, read
                    break


def _is_none_outside(module: Module, bindings: list[Binding], function: Function) -> bool:
    rest = [binding for binding in bindings if not _is_in(module, binding.node, function)]
    return bool(bindings) and all(isinstance(binding.value, ast.Constant) and binding.value.value is None for binding in rest)


def _is_in(module: Module, node: ast.AST, function: Function) -> bool:
    return any(parent is function for _, parent in module.ancestors(node))
