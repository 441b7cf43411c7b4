"""Judges of database queries in Django: those that run during the import, and locks taken outside a transaction."""

from __future__ import annotations

import ast
import re

from auditor.checks.base import Match, Verdict
from auditor.model import Outcome, Place
from auditor.project.project import Project
from auditor.project.python.frame import Frame
from auditor.project.python.module import Module

_RUNS = frozenset({"get", "first", "last", "count", "exists", "get_or_create", "create", "aggregate", "earliest", "latest", "update_or_create"})
_LOCKING_RUNS = frozenset({"get", "first", "last", "exists", "count", "earliest", "latest", "get_or_create", "update_or_create", "update", "in_bulk"})
_CONSUMERS = frozenset({"list", "tuple", "set", "dict", "sorted", "len", "sum", "max", "min", "any", "all", "next", "iter"})


def _chain_end(module: Module, node: ast.AST) -> tuple[ast.AST, str]:
    """The last call of a chain of methods that starts at ``node``, and the name of its method."""
    current = node
    method = node.func.attr if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else ""
    while True:
        attribute = module.parents.get(current)
        call = module.parents.get(attribute) if attribute is not None else None
        if isinstance(attribute, ast.Attribute) and attribute.value is current and isinstance(call, ast.Call) and call.func is attribute:
            current, method = call, attribute.attr
            continue
        return current, method


def query_at_import(project: Project, match: Match) -> Verdict | None:
    """FAILS for a query that runs while a module is imported: the tables need not be there yet, and what it finds is kept until the next start.

    Source: https://docs.djangoproject.com/en/stable/ref/applications/#django.apps.AppConfig.ready
    """
    del project
    frame = match.frame
    if frame is None:
        return None
    module = frame.module
    if "migrations" in module.path.parts or re.search(r"django\.setup\(|__main__|^#!", module.text, re.MULTILINE):
        return None
    tried = False
    for child, parent in module.ancestors(frame.node):
        if isinstance(parent, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)) and child not in getattr(parent, "decorator_list", []):
            return None
        if isinstance(parent, ast.If) and re.search(r"TYPE_CHECKING|__name__", ast.unparse(parent.test)):
            return None
        tried = tried or isinstance(parent, ast.Try)
    end, method = _chain_end(module, frame.node)
    if method in _RUNS or _is_consumed(module, end):
        if tried:
            return Verdict(outcome=Outcome.REVIEW, message=f"{match.message}; what it raises is caught")
        return Verdict(outcome=Outcome.FAIL, message=match.message)
    return Verdict(outcome=Outcome.PASS, message="the query is only prepared here")


def _is_consumed(module: Module, node: ast.AST) -> bool:
    """Whether the rows are read right here."""
    match module.parents.get(node):
        case ast.Call(func=ast.Name(id=name), args=[argument, *_]) if argument is node:
            return name in _CONSUMERS
        case ast.comprehension(iter=source) | ast.For(iter=source) | ast.AsyncFor(iter=source):
            if source is not node:
                return False
            owner = module.parents.get(module.parents[node])
            return not isinstance(owner, ast.GeneratorExp) or isinstance(module.parents.get(owner), ast.Call)
        case ast.Starred():
            return True
        case _:
            return False


def lock_outside_transaction(project: Project, match: Match) -> Verdict | None:
    """FAILS when rows are locked and read in a function that neither opens a transaction nor is called inside one.

    PostgreSQL and MySQL raise TransactionManagementError; SQLite locks nothing, and TestCase wraps every test in a transaction
    (https://docs.djangoproject.com/en/stable/ref/models/querysets/#select-for-update).
    """
    del project
    frame = match.frame
    if frame is None:
        return None
    module = frame.module
    end, method = _chain_end(module, frame.node)
    if method not in _LOCKING_RUNS and not _is_consumed(module, end):
        return None
    function = _atomic_or_function(module, frame.node)
    if isinstance(function, Place):
        return Verdict(outcome=Outcome.PASS, message="inside a transaction", related=(function,))
    world = frame.evaluator.world
    if world.containing("ATOMIC_REQUESTS"):
        return Verdict(outcome=Outcome.REVIEW, message="ATOMIC_REQUESTS may open the transaction")
    if function is None:
        return None
    inside = _called_inside(frame, function)
    if inside is not None:
        return Verdict(outcome=Outcome.PASS, message="is called inside a transaction", related=(inside,))
    return Verdict(outcome=Outcome.FAIL, message=match.message)


def _atomic_or_function(module: Module, node: ast.AST) -> Place | ast.FunctionDef | ast.AsyncFunctionDef | None:
    """Where a transaction is opened around the node, else the outermost function around it."""
    outermost: ast.FunctionDef | ast.AsyncFunctionDef | None = None
    for _, parent in module.ancestors(node):
        if isinstance(parent, (ast.With, ast.AsyncWith)) and any("atomic" in ast.unparse(item.context_expr) for item in parent.items):
            return module.place(parent, "opens the transaction")
        if isinstance(parent, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            decorator = next((one for one in parent.decorator_list if re.search("atomic|transaction", ast.unparse(one))), None)
            if decorator is not None:
                return module.place(decorator, "opens the transaction")
        if isinstance(parent, (ast.FunctionDef, ast.AsyncFunctionDef)):
            outermost = parent
    return outermost


def _called_inside(frame: Frame, function: ast.FunctionDef | ast.AsyncFunctionDef, depth: int = 0) -> Place | None:
    """A caller that has opened a transaction, directly or through its own callers."""
    for module in frame.evaluator.world.modules_containing(function.name + "("):
        for call in module.calls:
            name = call.func.attr if isinstance(call.func, ast.Attribute) else call.func.id if isinstance(call.func, ast.Name) else ""
            if name != function.name:
                continue
            around = _atomic_or_function(module, call)
            if isinstance(around, Place):
                return around
            if around is not None and around is not function and depth < 3:
                further = _called_inside(frame, around, depth + 1)
                if further is not None:
                    return further
    return None
