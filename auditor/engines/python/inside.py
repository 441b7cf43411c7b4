"""`inside` and `not-inside`: whether a site stands in a class, function, `with`, `if`, `try` or loop of a given form."""

from __future__ import annotations

import ast

from auditor.engines.python.gate import ELLIPSIS, META
from auditor.engines.python.pattern import Pattern
from auditor.project.python.evaluate import Evaluator
from auditor.project.python.module import Module


def encloses(pattern: Pattern, module: Module, node: ast.AST, evaluator: Evaluator) -> bool:
    """Whether an ancestor of ``node`` has the form of the one compound statement (or call) the pattern holds."""
    if len(pattern.statements) != 1:
        return False
    wanted = pattern.statements[0]
    for _, parent in module.ancestors(node):
        if _same_form(wanted, parent, module, evaluator):
            return True
    return False


def _same_form(wanted: ast.stmt, have: ast.AST, module: Module, evaluator: Evaluator) -> bool:
    match wanted, have:
        case ast.ClassDef(bases=wanted_bases, name=wanted_name), ast.ClassDef(bases=bases, name=name):
            if not _same_identifier(wanted_name, name):
                return False
            return all(_is_ellipsis(base) or any(_same_name(base, candidate, module, evaluator) for candidate in bases) for base in wanted_bases)
        case ast.FunctionDef(name=wanted_name, decorator_list=wanted_decorators), ast.FunctionDef() | ast.AsyncFunctionDef():
            return _same_function(wanted_name, wanted_decorators, have, module, evaluator)
        case ast.AsyncFunctionDef(name=wanted_name, decorator_list=wanted_decorators), ast.AsyncFunctionDef():
            return _same_function(wanted_name, wanted_decorators, have, module, evaluator)
        case (ast.With(items=[item]), ast.With(items=items)) | (ast.AsyncWith(items=[item]), ast.AsyncWith(items=items)):
            return any(_same_name(_callee(item.context_expr), _callee(candidate.context_expr), module, evaluator) for candidate in items)
        case ast.If(test=wanted_test), ast.If(test=test):
            return ast.dump(wanted_test) == ast.dump(test)
        case (ast.Try(), ast.Try()) | (ast.For(), ast.For()) | (ast.While(), ast.While()):
            return True
        case ast.Expr(value=ast.Call(func=func)), ast.Call(func=have_func):
            return _same_name(func, have_func, module, evaluator)
        case _:
            return False


def _same_function(
    wanted_name: str, wanted_decorators: list[ast.expr], have: ast.FunctionDef | ast.AsyncFunctionDef, module: Module, evaluator: Evaluator
) -> bool:
    if not _same_identifier(wanted_name, have.name):
        return False
    return all(
        any(_same_name(_callee(decorator), _callee(candidate), module, evaluator) for candidate in have.decorator_list)
        for decorator in wanted_decorators
    )


def _callee(node: ast.expr) -> ast.expr:
    return node.func if isinstance(node, ast.Call) else node


def _same_identifier(wanted: str, name: str) -> bool:
    return wanted.startswith(META) or wanted == name


def _same_name(wanted: ast.expr, have: ast.expr, module: Module, evaluator: Evaluator) -> bool:
    if isinstance(wanted, ast.Name) and wanted.id.startswith(META):
        return True
    if isinstance(wanted, ast.Attribute) and isinstance(wanted.value, ast.Name) and wanted.value.id.startswith(META):
        return isinstance(have, ast.Attribute) and have.attr == wanted.attr
    return evaluator.world.qualify(module, have) == ast.unparse(wanted) or ast.unparse(have) == ast.unparse(wanted)


def _is_ellipsis(node: ast.expr) -> bool:
    inner = node.value if isinstance(node, ast.Starred) else node
    return isinstance(inner, ast.Name) and inner.id == ELLIPSIS
