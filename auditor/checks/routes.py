"""Judges of Flask routes: which function answers, and which never runs."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from auditor.checks.base import Match, Verdict
from auditor.model import Outcome, Place
from auditor.project.project import Project
from auditor.project.python.frame import Frame
from auditor.project.python.module import Module
from auditor.project.python.values import Literal, options

_ROUTE_METHODS = frozenset({"route", "get", "post", "put", "delete", "patch"})
_GUARD = re.compile(
    r"(?:^|_)(?:login|auth|token|jwt|role|roles|admin|permission|permissions|user|fresh|session|api_?key|member|owner|staff)\w*_required$"
    r"|^(?:requires?|needs?|check|verify|validate|ensure|protect)_\w+$|^(?:protected|authenticated|authorized?|admin_only|login_only|auth_only)$"
    r"|^(?:cached|memoize|cross_origin|rate_limit|ratelimit|limit|validate_json|expects_json)$|_required$",
    re.IGNORECASE,
)
_REST = re.compile(r"<path:\w+>$")


def decorator_above_route(project: Project, match: Match) -> Verdict | None:
    """FAILS when a decorator that guards a view stands above the route: the route has registered the function below it.

    Source: https://flask.palletsprojects.com/en/stable/patterns/viewdecorators/
    """
    del project
    frame = match.frame
    if frame is None or not isinstance(frame.node, ast.Call):
        return None
    function = frame.module.parents.get(frame.node)
    if not isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)) or frame.node not in function.decorator_list:
        return None
    above = function.decorator_list[: function.decorator_list.index(frame.node)]
    guards = [decorator for decorator in above if _GUARD.search(_name(decorator)) and not _is_route(decorator)]
    if not guards:
        return Verdict(outcome=Outcome.PASS, message="nothing stands above the route")
    others = [decorator for decorator in function.decorator_list if decorator not in above and _is_route(decorator)]
    last = others[-1] if others else frame.node
    if last is not frame.node:
        return None  # stacked routes are reported once, at the lowest
    shown = ast.unparse(guards[-1])
    message = f"@{shown} stands above the route and never runs: the route has registered the function below it"
    related = (frame.place(guards[-1], "wraps a function that nobody calls"),)
    return Verdict(outcome=Outcome.FAIL, message=message, related=related)


def _name(decorator: ast.expr) -> str:
    node = decorator.func if isinstance(decorator, ast.Call) else decorator
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _is_route(decorator: ast.expr) -> bool:
    return isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Attribute) and decorator.func.attr in _ROUTE_METHODS


def handler_swallows_http_errors(project: Project, match: Match) -> Verdict | None:
    """FAILS when a handler of `Exception` gives a 500 for everything, the 404 and 405 of Flask itself included.

    Flask looks for the most specific handler (https://flask.palletsprojects.com/en/stable/errorhandling/#generic-exception-handlers).
    """
    del project
    frame = match.frame
    handler = _handler(frame) if frame is not None else None
    if frame is None or handler is None:
        return None
    module, function = handler
    body = " ".join(ast.unparse(statement) for statement in function.body)
    if re.search(r"HTTPException|\bisinstance\(|\.code\b|status_code\b(?!=)|getattr\(|hasattr\(|\braise\b", body):
        return Verdict(outcome=Outcome.PASS, message="HTTP errors are told apart")
    if not re.search(r"\b500\b|INTERNAL_SERVER_ERROR", body):
        return Verdict(outcome=Outcome.REVIEW, message="HTTP errors such as 404 come here too")
    related = (module.place(function, "this answers 404 and 405 as well"),)
    narrower: Place | None = None
    for other in frame.evaluator.world.modules_containing("error"):
        for call in other.calls:
            if (
                isinstance(call.func, ast.Attribute)
                and call.func.attr in ("errorhandler", "register_error_handler", "app_errorhandler")
                and call.args
            ):
                first = ast.unparse(call.args[0])
                if first.endswith("HTTPException"):
                    return Verdict(outcome=Outcome.PASS, message="HTTP errors have a handler of their own", related=(other.place(call),))
                if first in ("404", "NotFound", "werkzeug.exceptions.NotFound"):
                    narrower = other.place(call, "404 has a handler of its own")
    if narrower is not None:
        message = "every HTTP error without a handler of its own, such as 405 and 400, becomes a 500"
        return Verdict(outcome=Outcome.REVIEW, message=message, related=(*related, narrower))
    return Verdict(outcome=Outcome.FAIL, message=match.message, related=related)


def _handler(frame: Frame) -> tuple[Module, ast.FunctionDef | ast.AsyncFunctionDef] | None:
    parent = frame.module.parents.get(frame.node)
    if isinstance(parent, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return frame.module, parent
    named = frame.of("$HANDLER")
    if named is None:
        return None
    name = frame.evaluator.world.qualify(frame.module, named)
    found = frame.evaluator.world.definition(name) if name is not None else None
    if found is None:
        return None
    module, binding = found
    return (module, binding.node) if isinstance(binding.node, (ast.FunctionDef, ast.AsyncFunctionDef)) else None


def catch_all_shadowed(project: Project, match: Match) -> Verdict | None:
    """FAILS when the app serves its static folder from "/" and also has a route for every path: the static route answers first, with 404.

    Both rules weigh the same for Werkzeug, and the static one was added first (https://werkzeug.palletsprojects.com/en/stable/routing/).
    """
    del project
    frame = match.frame
    if frame is None or not isinstance(frame.node, ast.Call):
        return None
    given = {keyword.arg: keyword.value for keyword in frame.node.keywords if keyword.arg}
    url = given.get("static_url_path")
    if url is None or not all(isinstance(o.value, Literal) and o.value.value in ("", "/") for o in options(frame.value(url))):
        return None
    folder = given.get("static_folder")
    if isinstance(folder, ast.Constant) and folder.value is None:
        return None
    world = frame.evaluator.world
    caught = next((place for module in world.modules_containing("<path:") for place in _catch_alls(module)), None)
    if caught is None:
        return Verdict(outcome=Outcome.PASS, message="no route of the app takes every path")
    for module in world.modules_containing("errorhandler"):
        for call in module.calls:
            if isinstance(call.func, ast.Attribute) and call.func.attr in ("errorhandler", "app_errorhandler", "register_error_handler"):
                if call.args and ast.unparse(call.args[0]) in ("404", "NotFound", "werkzeug.exceptions.NotFound"):
                    function = module.parents.get(call)
                    if function is not None and re.search(
                        r"index\.html|send_static_file|send_file|send_from_directory|render_template", ast.unparse(function)
                    ):
                        message = "unknown paths are answered by the handler of 404"
                        return Verdict(outcome=Outcome.PASS, message=message, related=(module.place(call),))
    return Verdict(outcome=Outcome.FAIL, message=match.message, related=(caught,))


def _catch_alls(module: Module) -> Iterator[Place]:
    """Routes of the form "/<path:name>", which weigh as much as the static route."""
    for call in module.calls:
        if not (isinstance(call.func, ast.Attribute) and call.func.attr in ("route", "get", "add_url_rule") and call.args):
            continue
        rule = call.args[0]
        if isinstance(rule, ast.Constant) and isinstance(rule.value, str) and _REST.fullmatch(rule.value.lstrip("/")):
            yield module.place(call, "this route is never reached for a path")
