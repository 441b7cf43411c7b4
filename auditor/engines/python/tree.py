"""The libcst tree of a confirmed file, and how its nodes pair with their `ast` twins.

Both trees keep source order, so the n-th call of one is the n-th call of the other; where counts differ (f-strings on Python 3.11 carry odd
positions) a node is paired by its text. No metadata provider is used: they cost several times the parse.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import TypeVar

import libcst as cst

from auditor.engines.python.pattern import code
from auditor.project.python.module import Module

# libcst stores these fields in another order than they stand in the source.
_ORDER: dict[type[cst.CSTNode], tuple[str, ...]] = {
    cst.FunctionDef: ("decorators", "name", "type_parameters", "params", "returns", "body"),
    cst.ClassDef: ("decorators", "name", "type_parameters", "bases", "keywords", "body"),
    cst.ExceptHandler: ("type", "name", "body"),
    cst.ExceptStarHandler: ("type", "name", "body"),
    cst.IfExp: ("body", "test", "orelse"),
    cst.MatchCase: ("pattern", "guard", "body"),
    cst.Parameters: ("posonly_params", "params", "star_arg", "kwonly_params", "star_kwarg"),
    cst.Arg: ("value",),
}
A = TypeVar("A", bound=cst.CSTNode)
B = TypeVar("B", bound=ast.AST)
_SKIPPED = (cst.BaseParenthesizableWhitespace, cst.TrailingWhitespace, cst.EmptyLine, cst.Comment, cst.Newline, cst.SimpleWhitespace)


def walk(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Every node below ``node`` in source order, itself first; whitespace is left out. Iterative, so nesting is no danger."""
    stack: list[cst.CSTNode] = [node]
    while stack:
        current = stack.pop()
        yield current
        stack.extend(reversed(list(_children(current))))


def _children(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    names = _ORDER.get(type(node))
    if names is None:
        names = _FIELDS.get(type(node))
        if names is None:
            names = _FIELDS[type(node)] = tuple(found.name for found in fields(node) if found.name not in _TRIVIA)
    for name in names:
        value = getattr(node, name)
        if isinstance(value, cst.CSTNode):
            if not isinstance(value, _SKIPPED):
                yield value
        elif isinstance(value, (list, tuple)):
            for item in value:
                if isinstance(item, cst.CSTNode) and not isinstance(item, _SKIPPED):
                    yield item


_FIELDS: dict[type[cst.CSTNode], tuple[str, ...]] = {}
_TRIVIA = frozenset({"lpar", "rpar", "comma", "semicolon", "leading_lines", "header", "footer", "trailing_whitespace", "lines_after_decorators"})


class Tree:
    """A parsed libcst module with its calls, assignments and blocks, each paired with an `ast` node of ``module``."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.cst = cst.parse_module(module.text)
        self.calls: list[tuple[cst.Call, ast.Call]] = []
        self.assignments: list[tuple[cst.Assign | cst.AnnAssign | cst.AugAssign, ast.Assign | ast.AnnAssign | ast.AugAssign]] = []
        self.blocks: list[tuple[cst.CSTNode, list[cst.CSTNode]]] = []
        self._pair()

    def _pair(self) -> None:
        cst_calls: list[cst.Call] = []
        cst_assignments: list[cst.Assign | cst.AnnAssign | cst.AugAssign] = []
        for node in walk(self.cst):
            if isinstance(node, cst.Call):
                cst_calls.append(node)
            elif isinstance(node, (cst.Assign, cst.AnnAssign, cst.AugAssign)):
                cst_assignments.append(node)
            elif isinstance(node, (cst.Module, cst.IndentedBlock)):
                self.blocks.append((node, list(node.body)))
        statements = [node for node in self.module.parents if isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign))]
        statements.sort(key=lambda statement: (statement.lineno, statement.col_offset))
        self.calls = _zip(cst_calls, self.module.calls, _same_call)
        self.assignments = _zip(cst_assignments, statements, _same_kind)


def _same_call(node: cst.Call, twin: ast.Call) -> bool:
    match node.func, twin.func:
        case cst.Attribute(attr=attr), ast.Attribute(attr=name):
            return attr.value == name
        case cst.Name(value=value), ast.Name(id=name):
            return value == name
        case (cst.Attribute(), _) | (_, ast.Attribute()) | (cst.Name(), _) | (_, ast.Name()):
            return False
        case _:
            return True


def _same_kind(node: cst.Assign | cst.AnnAssign | cst.AugAssign, twin: ast.Assign | ast.AnnAssign | ast.AugAssign) -> bool:
    return type(node).__name__ == type(twin).__name__


def _zip(nodes: list[A], twins: list[B], same: Callable[[A, B], bool]) -> list[tuple[A, B]]:
    """Pairs by order; where the order does not hold, by equal text."""
    if len(nodes) == len(twins) and all(same(node, twin) for node, twin in zip(nodes, twins, strict=True)):
        return list(zip(nodes, twins, strict=True))
    by_text: dict[str, list[B]] = {}
    for twin in twins:
        by_text.setdefault(ast.dump(twin), []).append(twin)
    pairs: list[tuple[A, B]] = []
    for node in nodes:
        try:
            parsed = ast.parse(code(node)).body[0]
        except SyntaxError:
            continue
        key = ast.dump(parsed.value if isinstance(parsed, ast.Expr) else parsed)
        waiting = by_text.get(key)
        if waiting:
            pairs.append((node, waiting.pop(0)))
    return pairs
