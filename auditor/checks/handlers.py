"""The functions of a module that answer requests, and those they call in it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from auditor.project.python.evaluate import Evaluator
from auditor.project.python.module import Module
from auditor.project.python.values import Instance, options

Function = ast.FunctionDef | ast.AsyncFunctionDef
APPLICATIONS = frozenset(
    {
        "fastapi.APIRouter", "fastapi.FastAPI", "fastapi.routing.APIRouter", "fastapi.applications.FastAPI", "flask.Blueprint", "flask.Flask",
        "quart.Blueprint", "quart.Quart", "flask_openapi3.OpenAPI", "flask_openapi3.APIBlueprint",
    }
)  # fmt: skip
"""What routes are registered on by a decorator."""
_ROUTES = frozenset({"api_route", "delete", "get", "head", "patch", "post", "put", "route", "websocket"})
_AROUND = frozenset({"after_request", "before_request", "context_processor", "errorhandler", "exception_handler", "middleware", "teardown_request"})
_METHODS = frozenset({"delete", "get", "patch", "post", "put"})
_VIEWS = ("flask.views.MethodView", "flask_restful.Resource", "flask_restx.Resource", "rest_framework.views.APIView", "django.views.View")
_MAX_CALLS = 400


def routes(evaluator: Evaluator, module: Module) -> Iterator[Function]:
    """The functions that answer requests: decorated with a route, methods of a view class, or Django's, which take a request in a module of views."""
    is_views = module.path.name.startswith("views") or module.path.parent.name == "views"
    for scope in module.scopes.values():
        node = scope.node
        if isinstance(node, ast.ClassDef) and _is_view(evaluator, module, node):
            yield from (child for child in node.body if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)) and child.name in _METHODS)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            first = node.args.args[0].arg if node.args.args else ""
            if (is_views and first == "request" and scope.parent is module.root) or _is_decorated(evaluator, module, node, _ROUTES):
                yield node


def around(evaluator: Evaluator, module: Module) -> Iterator[Function]:
    """The functions that run with every request: hooks, middleware, handlers of errors."""
    for scope in module.scopes.values():
        node = scope.node
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and _is_decorated(evaluator, module, node, _AROUND):
            yield node


def _is_decorated(evaluator: Evaluator, module: Module, function: Function, names: frozenset[str]) -> bool:
    for decorator in function.decorator_list:
        target = decorator.func if isinstance(decorator, ast.Call) else decorator
        if isinstance(target, ast.Attribute) and target.attr in names:
            for option in options(evaluator.evaluate(module, target.value)):
                if isinstance(option.value, Instance) and option.value.qualname in APPLICATIONS:
                    return True
    return False


def _is_view(evaluator: Evaluator, module: Module, node: ast.ClassDef) -> bool:
    return any((evaluator.world.qualify(module, base) or "") in _VIEWS for base in node.bases)


def with_callees(module: Module, function: Function) -> tuple[Function, ...]:
    """A function and those of its module that it calls by name, and so on."""
    found: dict[Function, None] = {function: None}
    waiting = [function]
    while waiting and len(found) < _MAX_CALLS:
        for inner in ast.walk(waiting.pop()):
            if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Name):
                called = function_named(module, inner.func)
                if called is not None and called not in found:
                    found[called] = None
                    waiting.append(called)
    return tuple(found)


def function_named(module: Module, name: ast.Name) -> Function | None:
    """The function of the module that a name stands for."""
    owner = module.scope_of(name).lookup(name.id)
    bound = owner.bindings[name.id] if owner is module.root else []
    node = bound[0].node if len(bound) == 1 else None
    return node if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) else None
