"""Judges of Starlette and FastAPI applications: which route answers, which handler runs, and which origin a browser sends."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from auditor.checks.base import Match, Verdict
from auditor.model import Outcome, Place, Requirement
from auditor.project.project import Project, Unreadable
from auditor.project.python.frame import Frame
from auditor.project.python.module import Module
from auditor.project.python.values import EnvRead, Instance, Literal, Sequence, Value, in_production, options

_ORIGIN = re.compile(r"^[a-z][a-z0-9+.\-]*://[^/\s?#,*]+$", re.IGNORECASE)
_APPS = frozenset({"fastapi.FastAPI", "fastapi.applications.FastAPI", "starlette.applications.Starlette"})
_GET_ROUTES = frozenset({"get", "api_route", "add_api_route", "add_route", "include_router", "mount", "websocket", "route"})
_ROUTES = _GET_ROUTES | {"post", "put", "patch", "delete"}
_ROUTERS = (
    "react-router",
    "react-router-dom",
    "vue-router",
    "@tanstack/react-router",
    "@angular/router",
    "@reach/router",
    "wouter",
    "svelte-spa-router",
    "preact-router",
    "@solidjs/router",
)
_HASH = re.compile(r"HashRouter|createWebHashHistory|createHashHistory|createMemoryHistory|MemoryRouter|useHash")
_URL_TYPE = re.compile(r"\b(?:AnyHttpUrl|HttpUrl|AnyUrl|AnyWebsocketUrl)\b")


# -- routes ------------------------------------------------------------------------------------------------------------------------


def hides_later_routes(project: Project, match: Match) -> Verdict | None:
    """FAILS when a mount at the root, or a route that takes every path, stands above other routes of the same application.

    Starlette tries routes in the order in which they were added (https://www.starlette.dev/routing/#route-priority). A catch-all for GET only
    hides what also answers GET.
    """
    del project
    frame = match.frame
    app = frame.of("$APP") if frame is not None else None
    path = frame.of("$PATH") if frame is not None else None
    if frame is None or not isinstance(app, ast.Name) or path is None or not isinstance(frame.node, ast.Call):
        return None
    is_mount = isinstance(frame.node.func, ast.Attribute) and frame.node.func.attr == "mount"
    text = frame.value(path)
    if not isinstance(text, Literal) or not isinstance(text.value, str):
        return None
    if not (text.value in ("", "/") if is_mount else re.match(r"^/?\{\w+:path\}$", text.value)):
        return None
    hidden = next(_later(frame, frame.node, app.id, _ROUTES if is_mount else _GET_ROUTES), None)
    if hidden is None:
        return Verdict(outcome=Outcome.PASS, message="no route of this application is added later")
    return Verdict(outcome=Outcome.FAIL, message=match.message, related=(frame.place(hidden, "is added later and never answers"),))


def _later(frame: Frame, node: ast.Call, app: str, methods: frozenset[str]) -> Iterator[ast.Call]:
    """Calls that add a route to the same application later in the same scope, on a branch that the site's own may run with."""
    module = frame.module
    scope = module.scope_of(node)
    mine = _branches(module, node)
    for call in module.calls:
        func = call.func
        if call is node or call.lineno <= (node.end_lineno or node.lineno) or not isinstance(func, ast.Attribute):
            continue
        if not isinstance(func.value, ast.Name) or func.value.id != app or func.attr not in methods or module.scope_of(call) is not scope:
            continue
        first = call.args[0] if call.args else next((keyword.value for keyword in call.keywords if keyword.arg == "path"), None)
        if (
            func.attr != "include_router"
            and isinstance(first, ast.Constant)
            and isinstance(first.value, str)
            and "{" in first.value
            and ":path}" in first.value
        ):
            continue  # another catch-all is a fallback of a fallback
        theirs = _branches(module, call)
        if not any(statement in mine and mine[statement] != branch for statement, branch in theirs.items()):
            yield call


def _branches(module: Module, node: ast.AST) -> dict[ast.AST, str]:
    """The branches around a node: of which statement, and which of its bodies."""
    found: dict[ast.AST, str] = {}
    for child, parent in module.ancestors(node):
        if isinstance(parent, ast.If):
            found[parent] = "else" if child in parent.orelse else "then"
        elif isinstance(parent, ast.Try):
            found[parent] = "except" if isinstance(child, ast.ExceptHandler) else "try"
    return found


def no_client_routes(project: Project, match: Match) -> Verdict | None:
    """FAILS when a front end with a router of its own is served by `StaticFiles(html=True)`: a reload of any of its pages answers 404.

    Source: https://www.starlette.dev/staticfiles/
    """
    frame = match.frame
    path = frame.of("$PATH") if frame is not None else None
    if frame is None or path is None or not isinstance(frame.node, ast.Call):
        return None
    text = frame.value(path)
    if not isinstance(text, Literal) or text.value not in ("", "/"):
        return None
    router = next((name for name in _ROUTERS if project.has(Requirement(package=name))), None)
    if router is None:
        return None
    for path_here in frame.evaluator.world.containing("404"):
        source = frame.evaluator.world.files.source(path_here) or ""
        if re.search(r"404\.html|exception_handlers?\W{1,4}404|exception_handlers\s*=\s*\{|exception_handler\((?:404|.*HTTPException)", source):
            return Verdict(outcome=Outcome.PASS, message=f"{path_here} answers what is not found")
    for language in ("javascript", "typescript", "tsx", "vue", "svelte"):
        for file in project.list(language):
            try:
                if _HASH.search(project.text(file.path)):
                    return Verdict(outcome=Outcome.PASS, message=f"{file.path} keeps the route behind a #")
            except Unreadable:
                continue
    return Verdict(outcome=Outcome.FAIL, message=f"{match.message} ({router} is used)")


# -- startup -----------------------------------------------------------------------------------------------------------------------


def event_beside_lifespan(project: Project, match: Match) -> Verdict | None:
    """FAILS for a start or stop handler of an application that was given a `lifespan`: only the lifespan runs.

    Source: https://fastapi.tiangolo.com/advanced/events/
    """
    del project
    frame = match.frame
    app = frame.of("$APP") if frame is not None else None
    if frame is None or app is None:
        return None
    for option in options(frame.value(app)):
        value = option.value
        if isinstance(value, Instance) and value.qualname in _APPS and value.call is not None:
            given = {keyword.arg: keyword.value for keyword in value.call.keywords if keyword.arg}
            lifespan = given.get("lifespan")
            if lifespan is not None and not (isinstance(lifespan, ast.Constant) and lifespan.value is None):
                place = value.module.place(value.call, "is given a lifespan here") if value.module is not None else None
                return Verdict(outcome=Outcome.FAIL, message=match.message, related=(place,) if place is not None else ())
    return None


def mounted_lifespan(project: Project, match: Match) -> Verdict | None:
    """FAILS when a mounted application has a lifespan or start handlers: only those of the outermost application run.

    Source: https://fastapi.tiangolo.com/advanced/events/#sub-applications
    """
    del project
    frame = match.frame
    app, sub = (frame.of("$APP"), frame.of("$SUB")) if frame is not None else (None, None)
    if frame is None or app is None or not isinstance(sub, ast.Name):
        return None
    world = frame.evaluator.world
    for option in options(frame.value(sub)):
        value = option.value
        if not isinstance(value, Instance) or value.qualname not in _APPS or value.call is None or value.module is None:
            continue
        place = next(
            (value.module.place(keyword.value, "never runs") for keyword in value.call.keywords if keyword.arg in ("lifespan", "on_startup")), None
        )
        if place is None:
            place = _start_handler(value.module, value.call)
        if place is None:
            return Verdict(outcome=Outcome.PASS, message="the mounted application needs no start")
        if world.containing("lifespan_context") or world.containing("combine_lifespans"):
            return Verdict(outcome=Outcome.PASS, message="the lifespan is entered by hand")
        return Verdict(outcome=Outcome.FAIL, message=match.message, related=(place,))
    return None


def _start_handler(module: Module, created: ast.Call) -> Place | None:
    statement = module.parents.get(created)
    if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Name):
        return None
    name = statement.targets[0].id
    for call in module.calls:
        if (
            isinstance(call.func, ast.Attribute)
            and call.func.attr == "on_event"
            and isinstance(call.func.value, ast.Name)
            and call.func.value.id == name
        ):
            return module.place(call, "never runs")
    return None


# -- origins -----------------------------------------------------------------------------------------------------------------------


def origins_as_text(project: Project, match: Match) -> Verdict | None:
    """FAILS when `allow_origins` is one text: Starlette asks `origin in text`, so any part of the text is an allowed origin."""
    del project
    frame = match.frame
    node = frame.of("allow_origins=") if frame is not None else None
    if frame is None or node is None:
        return None
    for option in in_production(frame.value(node)):
        value = option.value
        if isinstance(value, Literal) and isinstance(value.value, str) and value.value.strip() not in ("*", ""):
            why = f'"{value.value}" is one text, and every part of it counts as allowed: also "{value.value[:-1]}"'
            parts = [part.strip() for part in value.value.split(",")]
            shown = "[" + ", ".join(f'"{part}"' for part in parts) + "]"
            return Verdict(outcome=Outcome.FAIL, message=why, related=_trail(frame, value), suggest={"allow_origins=": shown})
    name = _plain_read(frame, node)
    if name:
        why = f"{name} is one text, and every part of it counts as allowed; only a list is compared as a whole"
        suggest = {"allow_origins=": f'[origin.strip() for origin in os.environ["{name}"].split(",")]'}
        return Verdict(outcome=Outcome.FAIL, message=why, related=_trail(frame, frame.value(node)), suggest=suggest)
    return Verdict(outcome=Outcome.PASS, message="a list of origins") if isinstance(frame.value(node), Sequence) else None


def _plain_read(frame: Frame, node: ast.expr) -> str:
    """The variable whose text is used as it is: read right here, or assigned once to the name that stands here."""
    if isinstance(node, ast.Name):
        scope = frame.module.scope_of(node).lookup(node.id)
        bindings = scope.bindings[node.id] if scope is not None else []
        if len(bindings) != 1 or bindings[0].kind != "assign" or bindings[0].value is None:
            return ""
        node = bindings[0].value
    name: ast.expr | None = None
    default: ast.expr | None = None
    if isinstance(node, ast.Subscript) and frame.evaluator.world.qualify(frame.module, node.value) == "os.environ":
        name = node.slice
    elif isinstance(node, ast.Call) and frame.evaluator.world.qualify(frame.module, node.func) in ("os.getenv", "os.environ.get") and node.args:
        name = node.args[0]
        default = node.args[1] if len(node.args) > 1 else None
    if default is not None and not (isinstance(default, ast.Constant) and isinstance(default.value, str)):
        return ""
    return name.value if isinstance(name, ast.Constant) and isinstance(name.value, str) else ""


def origin_with_path(project: Project, match: Match) -> Verdict | None:
    """FAILS for a listed origin that no browser sends: with a slash or path, without a scheme, or with a star in it."""
    del project
    frame = match.frame
    node = frame.of("allow_origins=") if frame is not None else None
    if frame is None or node is None:
        return None
    value = frame.value(node)
    texts = list(_listed(value))
    if "*" in texts:
        return None
    wrong = next((text for text in texts if text not in ("", "null") and not _ORIGIN.match(text)), None)
    if wrong is None:
        return Verdict(outcome=Outcome.PASS, message="every origin is one that browsers send") if texts else None
    return Verdict(outcome=Outcome.FAIL, message=_why(wrong), related=_trail(frame, value))


def _why(text: str) -> str:
    if "," in text:
        return f'"{text}" is taken for one origin; no browser sends it, so all of them are blocked'
    if "://" not in text:
        return f'"{text}" has no scheme, and every origin that a browser sends has one: it is never allowed'
    if "*" in text:
        return f'"{text}" is compared as it stands, and no browser sends a star: patterns go into allow_origin_regex'
    return f'"{text}" has a path, and no origin that a browser sends has one: it is never allowed'


def _listed(value: Value) -> Iterator[str]:
    for option in in_production(value):
        if isinstance(option.value, Sequence):
            for item in option.value.items:
                for inner in in_production(item):
                    if isinstance(inner.value, Literal) and isinstance(inner.value.value, str):
                        yield inner.value.value
        elif isinstance(option.value, EnvRead) and isinstance(option.value.default, Sequence):
            yield from _listed(option.value.default)


def origins_of_url_type(project: Project, match: Match) -> Verdict | None:
    """FAILS when origins were parsed as pydantic URLs: their text ends in a slash, and the URL objects themselves equal no text.

    Source: https://docs.pydantic.dev/latest/api/networks/, seen with pydantic 2.14; pydantic 1 kept the text.
    """
    frame = match.frame
    node = frame.of("allow_origins=") if frame is not None else None
    pydantic = Requirement(package="pydantic")
    if frame is None or node is None or (project.has(pydantic) and not project.has(Requirement(package="pydantic", versions=">=2"))):
        return None
    source: ast.expr = node
    element = ""
    if isinstance(node, (ast.ListComp, ast.GeneratorExp)):
        source, element = node.generators[0].iter, ast.unparse(node.elt)
    elif isinstance(node, ast.Call) and ast.unparse(node.func) == "list" and node.args:
        source = node.args[0]
    match source:
        case ast.Call(func=ast.Name(id="map"), args=[function, mapped]):
            source, element = mapped, ast.unparse(function)
        case _:
            pass
    name = source.attr if isinstance(source, ast.Attribute) else source.id if isinstance(source, ast.Name) else ""
    field = _url_field(frame, name)
    if field is None:
        return None
    if re.search(r"strip\(|removesuffix|\[:-1\]|\.host\b|origin\(|unicode_string\(\)\[", element):
        return Verdict(outcome=Outcome.PASS, message="the slash is taken off", related=(field,))
    if element and not re.search(r"\bstr\b|unicode_string|f'|f\"", element):
        return None
    suggest = {"allow_origins=": f'[str(origin).rstrip("/") for origin in {ast.unparse(source)}]'}
    return Verdict(outcome=Outcome.FAIL, message=match.message, related=(field,), suggest=suggest)


def _url_field(frame: Frame, name: str) -> Place | None:
    """The annotated field of that name that holds a list of URLs, when every field of that name does."""
    found: Place | None = None
    if not name:
        return None
    for module in frame.evaluator.world.modules_containing(name):
        for node in module.parents:
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == name:
                text = ast.unparse(node.annotation)
                if not _URL_TYPE.search(text) or re.search(r"\bstr\b", text):
                    return None
                found = module.place(node, "is parsed into URLs, whose text ends in a slash")
    return found


def methods_not_allowed(project: Project, match: Match) -> Verdict | None:
    """FAILS when `allow_methods` is left out and the application has routes for other methods, or `allow_headers` and it reads Authorization.

    The defaults are GET, and the headers that need no permission (https://www.starlette.dev/middleware/#corsmiddleware).
    """
    del project
    frame = match.frame
    if frame is None or frame.spreads:
        return None
    methods, headers = frame.of("allow_methods="), frame.of("allow_headers=")
    if methods is None:
        route = _route_with_body(frame)
        if route is not None:
            suggest = {"allow_methods=": '["*"]'} | ({"allow_headers=": '["*"]'} if headers is None else {})
            return Verdict(outcome=Outcome.FAIL, message=match.message, related=(route,), suggest=suggest)
    if headers is None:
        security = _reads_authorization(frame)
        if security is not None:
            why = "the browser asks before it sends Authorization, and without allow_headers the answer is 400"
            return Verdict(outcome=Outcome.FAIL, message=why, related=(security,), suggest={"allow_headers=": '["*"]'})
    return Verdict(outcome=Outcome.PASS, message="the methods and headers in use are allowed")


def _near(frame: Frame, module: Module) -> bool:
    """Whether a module belongs to the application of the site: below its folder."""
    folder = frame.module.path.parent
    return folder in module.path.parents or folder == module.path.parent


def _route_with_body(frame: Frame) -> Place | None:
    world = frame.evaluator.world
    for method in ("put", "delete", "patch", "post"):
        for module in world.modules_containing(f".{method}("):
            if not _near(frame, module):
                continue
            for node in module.parents:
                if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    for decorator in node.decorator_list:
                        if isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Attribute) and decorator.func.attr == method:
                            return module.place(decorator, f"{method.upper()} is blocked from another origin")
    return None


def _reads_authorization(frame: Frame) -> Place | None:
    for word in ("OAuth2PasswordBearer", "HTTPBearer", "OAuth2AuthorizationCodeBearer"):
        for module in frame.evaluator.world.modules_containing(word):
            if _near(frame, module):
                for call in module.calls:
                    if ast.unparse(call.func).split(".")[-1] == word:
                        return module.place(call, "reads the Authorization header")
    return None


def _trail(frame: Frame, value: Value) -> tuple[Place, ...]:
    site = frame.place()
    steps = [step for option in in_production(value) for step in option.value.trail if step.label]
    return tuple(dict.fromkeys(step for step in steps if (step.path, step.span) != (site.path, site.span)))[:6]


def template_name_first(project: Project, match: Match) -> Verdict | None:
    """FAILS for `TemplateResponse(name, context)`, unless the project holds FastAPI or Starlette at a version that still takes it.

    Source: https://www.starlette.dev/release-notes/; FastAPI takes Starlette 1 since 0.135 (its requirements on the package index).
    """
    frame = match.frame
    if frame is None:
        return None
    for name, versions in (("fastapi", ">=0.135"), ("starlette", ">=1.0")):
        if project.has(Requirement(package=name)) and not project.has(Requirement(package=name, versions=versions)):
            return None
    known = any(package.version for package in project.stack if package.name in ("fastapi", "starlette"))
    if not known and not _unbounded(project):
        return Verdict(outcome=Outcome.REVIEW, message=f"{match.message}; which version production gets cannot be told")
    return Verdict(outcome=Outcome.FAIL, message=match.message)


def _unbounded(project: Project) -> bool:
    """Whether a file of requirements asks for any newer FastAPI or Starlette too: no version, or only a lower bound."""
    for file in project.tree_files:
        if not re.match(r"requirements.*\.txt$|pyproject\.toml$|Pipfile$", file.path.name):
            continue
        try:
            text = project.text(file.path)
        except Unreadable:
            continue
        if re.search(
            r"""^\s*["']?(?:fastapi|starlette)(?:\[[\w, -]*\])?\s*(?:>=\s*[\w.]+|=\s*["']\*["'])?\s*(?:["']?,?\s*(?:#.*)?)$""", text, re.MULTILINE
        ):
            return True
    return False
