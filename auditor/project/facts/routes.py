"""Routes that Python code registers by literals: Flask, FastAPI and Django, with the prefixes they are mounted under.

Sources: https://flask.palletsprojects.com/en/stable/api/#flask.Flask.register_blueprint, https://fastapi.tiangolo.com/tutorial/bigger-applications/,
https://docs.djangoproject.com/en/stable/topics/http/urls/
"""

from __future__ import annotations

import ast
import re
from collections.abc import Container, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from auditor.model import Place
from auditor.project.python.module import Module
from auditor.project.python.values import Instance, Literal, Sequence, in_production, options

if TYPE_CHECKING:
    from auditor.project.project import Project

FLASK = frozenset({"flask.Flask", "flask.Blueprint", "quart.Quart", "quart.Blueprint"})
FASTAPI = frozenset(
    {"fastapi.FastAPI", "fastapi.APIRouter", "fastapi.routing.APIRouter", "fastapi.applications.FastAPI", "starlette.applications.Starlette"}
)
_APPLICATIONS = frozenset({"flask.Flask", "quart.Quart", "fastapi.FastAPI", "fastapi.applications.FastAPI", "starlette.applications.Starlette"})
_MOUNTS = ("include_router", "register_blueprint")
_READS = frozenset({"get", "route", "api_route"})
_SIMPLE = ("int", "str", "float", "bool", "list", "date", "datetime", "UUID", "Literal", "Optional")
_GENERIC = ("ListView", "TemplateView", "ListAPIView", "ListCreateAPIView", "RedirectView", "IndexView")
_READS_REQUEST = re.compile(r"\brequest\.(?:args|values|form|json|get_json|headers|files|method)\b")
_DEPTH = 8

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A route that answers GET. ``path`` as registered, its prefixes included; ``body`` is the source of what answers, "" when it is elsewhere."""

    path: str
    place: Place
    framework: str
    body: str = ""
    asks: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether the path has no parameters, and the request needs none."""
        return not any(char in self.path for char in "<{*(") and not self.asks


def routes(project: Project, paths: Container[PurePosixPath]) -> Iterator[Route]:
    """The routes of the modules ``paths``, in order of files and lines; those with an unknown prefix, or never mounted, are left out."""
    mounts = tuple(_mounts(project, paths))
    for module in project.python.world.modules_containing("@"):
        if module.path in paths:
            yield from _decorated(project, module, mounts)
    yield from _django(project, paths)


@dataclass(frozen=True, slots=True)
class _Mount:
    router: ast.Call
    onto: Instance
    prefix: str | None
    replaces: bool


def _mounts(project: Project, paths: Container[PurePosixPath]) -> Iterator[_Mount]:
    for word in _MOUNTS:
        for module in project.python.world.modules_containing(word):
            for call in module.calls if module.path in paths else ():
                if not (isinstance(call.func, ast.Attribute) and call.func.attr == word and call.args):
                    continue
                made, onto = _made(project, module, call.args[0]), _made(project, module, call.func.value)
                if made is None or made.call is None:
                    continue
                given = next((keyword.value for keyword in call.keywords if keyword.arg in ("prefix", "url_prefix")), None)
                prefix = _text(project, module, given) if given is not None else ""
                # An application that is a parameter of a function (`def create_app`, `def register(app)`) cannot be followed; it is the one there is.
                onto = onto or Instance(qualname="flask.Flask" if word == "register_blueprint" else "fastapi.FastAPI")
                yield _Mount(made.call, onto, prefix, replaces=word == "register_blueprint" and given is not None)


def _made(project: Project, module: Module, node: ast.expr) -> Instance | None:
    found = [one.value for one in options(project.python.evaluate(module, node)) if isinstance(one.value, Instance)]
    known = [value for value in found if value.qualname in FLASK | FASTAPI]
    return known[0] if len(known) == 1 else None


def _text(project: Project, module: Module, node: ast.expr) -> str | None:
    found = [one.value for one in in_production(project.python.evaluate(module, node))]
    value = found[0] if len(found) == 1 else None
    return value.value if isinstance(value, Literal) and isinstance(value.value, str) else None


def _prefixes(project: Project, made: Instance, mounts: tuple[_Mount, ...], depth: int = 0) -> Iterator[str]:
    """The prefixes under which what is registered on ``made`` is served."""
    if made.qualname in _APPLICATIONS:
        yield ""
        return
    if made.call is None or made.module is None or depth > _DEPTH:
        return
    given = next((keyword.value for keyword in made.call.keywords if keyword.arg in ("prefix", "url_prefix")), None)
    own = _text(project, made.module, given) if given is not None else ""
    for mount in mounts:
        if mount.router is not made.call or mount.prefix is None:
            continue
        inner = mount.prefix if mount.replaces else None if own is None else mount.prefix + own
        if inner is not None:
            for outer in _prefixes(project, mount.onto, mounts, depth + 1):
                yield outer + inner


def _decorated(project: Project, module: Module, mounts: tuple[_Mount, ...]) -> Iterator[Route]:
    for scope in module.scopes.values():
        function = scope.node
        if not isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        for decorator in function.decorator_list:
            if not (isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Attribute) and decorator.func.attr in _READS):
                continue
            rule = decorator.args[0] if decorator.args else next((one.value for one in decorator.keywords if one.arg in ("rule", "path")), None)
            path = _text(project, module, rule) if rule is not None else None
            made = _made(project, module, decorator.func.value) or _first_application(module, decorator.func.value)
            if path is None or made is None or not _answers_get(decorator):
                continue
            framework = "flask" if made.qualname in FLASK else "fastapi"
            for prefix in dict.fromkeys(_prefixes(project, made, mounts)):
                yield Route(
                    path="/" + (prefix + path).lstrip("/"),
                    place=module.place(decorator, "a route"),
                    framework=framework,
                    body=module.source(function),
                    asks=_asks(function, path) if framework == "fastapi" else _READS_REQUEST.search(module.source(function)) is not None,
                )


def _first_application(module: Module, node: ast.expr) -> Instance | None:
    """`def routes(app): @app.route(…)`: a parameter called `app` is the application."""
    return Instance(qualname="flask.Flask") if isinstance(node, ast.Name) and node.id == "app" and "flask" in module.text.lower() else None


def _answers_get(decorator: ast.Call) -> bool:
    methods = next((keyword.value for keyword in decorator.keywords if keyword.arg == "methods"), None)
    return methods is None or "GET" in ast.unparse(methods).upper()


def _asks(function: Function, path: str) -> bool:
    """Whether a FastAPI function has a required query parameter (https://fastapi.tiangolo.com/tutorial/query-params/)."""
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    bare = positional[: len(positional) - len(arguments.defaults)]
    bare += [argument for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if default is None]
    defaults = [*arguments.defaults, *(default for default in arguments.kw_defaults if default is not None)]
    if any(
        isinstance(one, ast.Call) and ast.unparse(one.func).rsplit(".", 1)[-1] in ("Query", "Header", "Body", "Form", "Cookie") and _no_default(one)
        for one in defaults
    ):
        return True
    for argument in bare:
        written = ast.unparse(argument.annotation) if argument.annotation is not None else ""
        if f"{{{argument.arg}" in path or argument.arg in ("self", "cls") or "Depends(" in written or "Security(" in written:
            continue
        if not written or written.removeprefix("Annotated[").removeprefix("typing.").startswith(_SIMPLE):
            return True
    return False


def _no_default(call: ast.Call) -> bool:
    given = call.args[0] if call.args else next((one.value for one in call.keywords if one.arg in ("default", "default_factory")), None)
    return given is None or (isinstance(given, ast.Constant) and given.value is Ellipsis)


# -- Django ----------------------------------------------------------------------------------------------------------------------------


def _django(project: Project, paths: Container[PurePosixPath]) -> Iterator[Route]:
    roots = [one.value.value for one in options(project.python.django_setting("ROOT_URLCONF")) if isinstance(one.value, Literal)]
    for root in dict.fromkeys(root for root in roots if isinstance(root, str)):
        for settings in project.python.world.modules_containing("ROOT_URLCONF"):
            path = project.python.world.find(root, settings.path) if settings.path in paths else None
            if path is not None:
                yield from _urls(project, path, "/", frozenset())
                break


def _urls(project: Project, path: PurePosixPath, prefix: str, above: frozenset[PurePosixPath]) -> Iterator[Route]:
    module = project.python.world.module(path)
    if module is None or path in above or len(above) > _DEPTH:
        return
    for call in module.calls:
        name = (project.python.world.qualify(module, call.func) or "").rsplit(".", 1)[-1]
        if name not in ("path", "re_path", "url") or len(call.args) < 2:
            continue
        rule, view = _text(project, module, call.args[0]), call.args[1]
        if rule is None or _inside_include(module, call):
            continue
        if name != "path":
            yield Route(path=prefix + rule, place=module.place(call, "a route"), framework="django", body=ast.unparse(view), asks=True)
            continue
        if isinstance(view, ast.Call) and (project.python.world.qualify(module, view.func) or "").endswith("include"):
            named = _text(project, module, view.args[0]) if view.args else None
            target = project.python.world.find(named, path) if named is not None else None
            if target is not None:
                yield from _urls(project, target, prefix + rule, above | {path})
            continue
        answers, body = _view(project, module, view)
        yield Route(path=prefix + rule, place=module.place(call, "a route"), framework="django", body=body, asks=not answers)


def _inside_include(module: Module, call: ast.Call) -> bool:
    return any(isinstance(parent, ast.Call) for _, parent in module.ancestors(call))


def _view(project: Project, module: Module, node: ast.expr) -> tuple[bool, str]:
    """Whether a view surely answers GET without parameters, and its source."""
    written = ast.unparse(node)
    named = node.func.value if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "as_view" else node
    qualified = project.python.world.qualify(module, named) or ""
    found = project.python.world.definition(qualified) if ".py:" in qualified else None
    if found is None:
        return qualified.rsplit(".", 1)[-1] in _GENERIC, written
    home, binding = found
    source = home.source(binding.node)
    match binding.node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() as function:
            said = " ".join(ast.unparse(decorator) for decorator in function.decorator_list)
            refuses = "require_POST" in said or ("api_view" in said and "GET" not in said and "(" in said) or "request.method" in source
            return not refuses and len(function.args.args) <= 1, f"{said}\n{source}"
        case ast.ClassDef() as view:
            gets = any(
                isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)) and child.name == "get" and len(child.args.args) <= 2
                for child in view.body
            )
            bases = {ast.unparse(base).rsplit(".", 1)[-1] for base in view.bases}
            return gets or bool(bases & set(_GENERIC)), source
        case _:
            return False, written


def literal_texts(value: object) -> tuple[str, ...] | None:
    """The texts of a list that is written out in full; None when anything of it cannot be told."""
    match value:
        case Sequence(items=items, open=False) if all(isinstance(item, Literal) and isinstance(item.value, str) for item in items):
            return tuple(str(item.value) for item in items if isinstance(item, Literal))
        case Literal(value=str() as text):
            return (text,)
        case _:
            return None
