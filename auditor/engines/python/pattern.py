"""Semgrep-syntax patterns compiled to matchers over `ast` nodes.

Supported, with semgrep's meaning (https://semgrep.dev/docs/writing-rules/pattern-syntax): ``$X`` metavariables (the same one twice must be the same
code), ``...`` in arguments, lists, dicts and between statements, ``"..."`` for any string, keyword arguments in any order, dotted names
resolved through import aliases, expressions, assignments (annotated ones too) and sequences of statements in one block.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from auditor.engines.python.gate import ANY_STRING, ELLIPSIS, META, as_python
from auditor.errors import CatalogueError

_ANONYMOUS = "_"

Qualify = Callable[[ast.expr], str | None]
"""The dotted name an expression stands for where it is, or None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """What a match bound: metavariable (``$X``) -> expression."""

    nodes: dict[str, ast.expr] = field(default_factory=dict)

    def get(self, name: str) -> ast.expr | None:
        """The expression bound to ``name``."""
        return self.nodes.get(name)

    def bind(self, name: str, node: ast.expr) -> Bound | None:
        """With ``name`` bound too; None when it is bound to other code already."""
        if name == "$" + _ANONYMOUS:
            return self
        known = self.nodes.get(name)
        if known is None:
            return Bound(nodes={**self.nodes, name: node})
        return self if _same_code(known, node) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """A compiled pattern."""

    source: str
    statements: tuple[ast.stmt, ...]
    expression: ast.expr | None

    def match_expression(self, node: ast.expr, qualify: Qualify) -> Bound | None:
        """The bindings when ``node`` is what this expression pattern describes."""
        return _expression(self.expression, node, Bound(), qualify) if self.expression is not None else None

    def match_statement(self, node: ast.AST, qualify: Qualify) -> Bound | None:
        """The bindings when a simple statement is what this one-statement pattern describes."""
        if len(self.statements) != 1:
            return None
        return _statement(self.statements[0], node, Bound(), qualify)

    def match_block(self, body: Sequence[ast.stmt], qualify: Qualify) -> list[tuple[Bound, ast.stmt]]:
        """The bindings and the last matched statement for every statement of ``body`` that the pattern can start with."""
        found = (_block(self.statements, body[start:], Bound(), qualify) for start in range(len(body)))
        return [match for match in found if match is not None]


def compile_pattern(source: str) -> Pattern:
    """Compiles one pattern; raises CatalogueError with the reason when it is not valid Python with metavariables."""
    try:
        statements = tuple(ast.parse(as_python(source) + "\n").body)
    except SyntaxError as error:
        raise CatalogueError(f"the pattern {source!r} is not Python with metavariables: {error.msg}") from error
    only = statements[0] if len(statements) == 1 else None
    return Pattern(source=source, statements=statements, expression=only.value if isinstance(only, ast.Expr) else None)


def _same_code(one: ast.expr, other: ast.expr) -> bool:
    """Whether two expressions differ in spacing, quotes and brackets only; whether they are read or assigned is no matter."""
    return type(one) is type(other) and ast.dump(one).replace("ctx=Store()", "ctx=Load()") == ast.dump(other).replace("ctx=Store()", "ctx=Load()")


def _dotted(node: ast.AST) -> str | None:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if isinstance(node, ast.Name):
        return ".".join([node.id, *reversed(parts)])
    return None


# -- matching ----------------------------------------------------------------------------------------------------------------------


def _block(wanted: Sequence[ast.stmt], have: Sequence[ast.stmt], bound: Bound, qualify: Qualify) -> tuple[Bound, ast.stmt] | None:
    """Statements in order; an ellipsis skips any number of them. The first statement must match at the start."""
    if not wanted:
        return None
    if _is_ellipsis_statement(wanted[0]):
        for skip in range(len(have)):
            found = _block(wanted[1:], have[skip:], bound, qualify)
            if found is not None:
                return found
        return None
    if not have:
        return None
    now = _statement(wanted[0], have[0], bound, qualify)
    if now is None:
        return None
    if len(wanted) == 1:
        return now, have[0]
    return _block(wanted[1:], have[1:], now, qualify)


def _is_ellipsis_statement(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Name) and node.value.id == ELLIPSIS


def _both(first: tuple[ast.expr, ast.expr], second: tuple[ast.expr, ast.expr], bound: Bound, qualify: Qualify) -> Bound | None:
    """Two (wanted, have) pairs in order."""
    now = _expression(*first, bound, qualify)
    return _expression(*second, now, qualify) if now is not None else None


def _statement(wanted: ast.stmt, have: ast.AST, bound: Bound, qualify: Qualify) -> Bound | None:
    match wanted, have:
        case ast.Expr(value=expression), ast.Expr(value=value):
            return _expression(expression, value, bound, qualify)
        case ast.Assign(targets=[target], value=wanted_value), ast.Assign(targets=targets, value=value):
            for candidate in targets:
                now = _expression(target, candidate, bound, qualify)
                if now is not None:
                    return _expression(wanted_value, value, now, qualify)
            return None
        case ast.Assign(targets=[target], value=wanted_value), ast.AnnAssign(target=have_target, value=ast.expr() as value):
            return _both((target, have_target), (wanted_value, value), bound, qualify)
        case ast.AugAssign(target=target, op=op, value=wanted_value), ast.AugAssign(target=have_target, op=have_op, value=value):
            return _both((target, have_target), (wanted_value, value), bound, qualify) if type(op) is type(have_op) else None
        case ast.Return(value=None), ast.Return(value=None):
            return bound
        case ast.Return(value=ast.expr() as wanted_value), ast.Return(value=ast.expr() as value):
            return _expression(wanted_value, value, bound, qualify)
        case ast.With(items=[wanted_item]) | ast.AsyncWith(items=[wanted_item]), ast.With(items=items) | ast.AsyncWith(items=items):
            found = (_expression(wanted_item.context_expr, item.context_expr, bound, qualify) for item in items)
            return next((now for now in found if now is not None), None)
        case _:
            return None


def _expression(wanted: ast.expr, have: ast.expr, bound: Bound, qualify: Qualify) -> Bound | None:
    if isinstance(wanted, ast.Name):
        if wanted.id.startswith(META):
            return bound.bind("$" + wanted.id[len(META) :], have)
        if wanted.id == ANY_STRING:
            is_string = isinstance(have, ast.JoinedStr) or (isinstance(have, ast.Constant) and isinstance(have.value, (str, bytes)))
            return bound if is_string else None
        if wanted.id == ELLIPSIS:
            return bound
    if isinstance(wanted, (ast.Name, ast.Attribute)):
        dotted = _dotted(wanted)
        if dotted is not None and not dotted.startswith(META):
            if isinstance(have, (ast.Name, ast.Attribute)):
                return bound if _same_name(dotted, have, qualify) else None
            return None
    if type(wanted) is not type(have):
        return None
    match wanted, have:
        case ast.Constant(value=wanted_constant), ast.Constant(value=constant):
            return bound if type(wanted_constant) is type(constant) and wanted_constant == constant else None
        case ast.Attribute(value=wanted_value, attr=wanted_attr), ast.Attribute(value=value, attr=attr):
            now: Bound | None
            if wanted_attr.startswith(META):
                now = bound.bind("$" + wanted_attr[len(META) :], _attribute_name(have))
            else:
                now = bound if wanted_attr == attr else None
            return _expression(wanted_value, value, now, qualify) if now is not None else None
        case ast.Call(func=wanted_func), ast.Call(func=func):
            now = _expression(wanted_func, func, bound, qualify)
            return _arguments(wanted, have, now, qualify) if now is not None else None
        case ast.Subscript(value=wanted_value, slice=wanted_slice), ast.Subscript(value=value, slice=have_slice):
            if isinstance(have_slice, ast.Slice) or (isinstance(have_slice, ast.Tuple) and not isinstance(wanted_slice, ast.Tuple)):
                return None
            return _both((wanted_value, value), (wanted_slice, have_slice), bound, qualify)
        case (
            (ast.List(elts=wanted_elements), ast.List(elts=elements))
            | (ast.Tuple(elts=wanted_elements), ast.Tuple(elts=elements))
            | (ast.Set(elts=wanted_elements), ast.Set(elts=elements))
        ):
            return _sequence(wanted_elements, elements, bound, qualify)
        case ast.Dict(), ast.Dict():
            return _dict(wanted, have, bound, qualify)
        case ast.Await(value=inner), ast.Await(value=have_inner):
            return _expression(inner, have_inner, bound, qualify)
        case ast.BinOp(left=wl, op=wo, right=wr), ast.BinOp(left=hl, op=ho, right=hr):
            return _both((wl, hl), (wr, hr), bound, qualify) if type(wo) is type(ho) else None
        case ast.BoolOp(), ast.BoolOp():
            return _any_of(wanted, have, bound, qualify)
        case ast.UnaryOp(op=wo, operand=inner), ast.UnaryOp(op=ho, operand=have_inner):
            return _expression(inner, have_inner, bound, qualify) if type(wo) is type(ho) else None
        case ast.IfExp(body=wb, test=wt, orelse=we), ast.IfExp(body=hb, test=ht, orelse=he):
            now = _both((wb, hb), (wt, ht), bound, qualify)
            return _expression(we, he, now, qualify) if now is not None else None
        case ast.Compare(left=wl, ops=[wo], comparators=[wc]), ast.Compare(left=hl, ops=[ho], comparators=[hc]):
            return _both((wl, hl), (wc, hc), bound, qualify) if type(wo) is type(ho) else None
        case _:
            return bound if _same_code(wanted, have) else None


def _attribute_name(node: ast.Attribute) -> ast.Name:
    """The last part of ``a.b`` as a name that stands where it is written."""
    end_line, end = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
    start = end - len(node.attr.encode("utf-8"))
    return ast.Name(id=node.attr, ctx=ast.Load(), lineno=end_line, col_offset=start, end_lineno=end_line, end_col_offset=end)


def _same_name(dotted: str, have: ast.expr, qualify: Qualify) -> bool:
    # A bare name (`SECRET_KEY = …`) is itself; a dotted pattern must go through an import.
    return ("." not in dotted and _dotted(have) == dotted) or qualify(have) == dotted


def _any_of(wanted: ast.BoolOp, have: ast.BoolOp, bound: Bound, qualify: Qualify) -> Bound | None:
    """`a or b or c` is `(a or b) or c`: what a shorter pattern has no part for is the left operand of its first one."""
    extra = len(have.values) - len(wanted.values)
    if type(wanted.op) is not type(have.op) or extra < 0:
        return None
    values = list(have.values)
    if extra:
        left, last = values[: extra + 1], values[extra]
        first = left[0]
        joined = ast.BoolOp(
            op=have.op,
            values=left,
            lineno=first.lineno,
            col_offset=first.col_offset,
            end_lineno=last.end_lineno,
            end_col_offset=last.end_col_offset,
        )
        values = [joined, *values[extra + 1 :]]
    now: Bound | None = bound
    for one, other in zip(wanted.values, values, strict=True):
        now = _expression(one, other, now, qualify) if now is not None else None
    return now


def _arguments(wanted: ast.Call, have: ast.Call, bound: Bound, qualify: Qualify) -> Bound | None:
    """Keywords in any order, the rest in order. `**options` of the site stands for no keyword of the pattern, and is skipped by its ellipsis only."""
    is_open = any(_is_ellipsis(argument) for argument in wanted.args)
    given = {keyword.arg: keyword.value for keyword in have.keywords if keyword.arg is not None}
    now: Bound | None = bound
    named = [keyword for keyword in wanted.keywords if keyword.arg is not None]
    for keyword in named:
        value = given.get(keyword.arg or "")
        now = _expression(keyword.value, value, now, qualify) if value is not None and now is not None else None
    if now is None or (not is_open and len(named) != len(given)):
        return None
    if not is_open and any(keyword.arg is None for keyword in have.keywords):
        return None
    return _sequence(wanted.args, have.args, now, qualify)


def _sequence(wanted: Sequence[ast.expr], have: Sequence[ast.expr], bound: Bound, qualify: Qualify) -> Bound | None:
    """Expressions in order; an ellipsis skips any number of them. What `*` spreads is no single one."""
    if not wanted:
        return bound if not have else None
    if _is_ellipsis(wanted[0]):
        for skip in range(len(have) + 1):
            found = _sequence(wanted[1:], have[skip:], bound, qualify)
            if found is not None:
                return found
        return None
    if not have:
        return None
    first, other = wanted[0], have[0]
    if isinstance(first, ast.Starred) and isinstance(other, ast.Starred):
        first, other = first.value, other.value
    elif isinstance(first, ast.Starred) or isinstance(other, ast.Starred):
        return None
    now = _expression(first, other, bound, qualify)
    return _sequence(wanted[1:], have[1:], now, qualify) if now is not None else None


def _dict(wanted: ast.Dict, have: ast.Dict, bound: Bound, qualify: Qualify) -> Bound | None:
    is_open = any(key is None and isinstance(value, ast.Name) and value.id == ELLIPSIS for key, value in zip(wanted.keys, wanted.values, strict=True))
    pairs = [(key, value) for key, value in zip(have.keys, have.values, strict=True) if key is not None]
    needed = [(key, value) for key, value in zip(wanted.keys, wanted.values, strict=True) if key is not None]
    now: Bound | None = bound
    for key, value in needed:
        for have_key, have_value in pairs:
            inner = _both((key, have_key), (value, have_value), now, qualify) if now is not None else None
            if inner is not None:
                now = inner
                break
        else:
            return None
    return now if is_open or len(needed) == len(have.keys) else None


def _is_ellipsis(node: ast.expr) -> bool:
    return isinstance(node, ast.Starred) and isinstance(node.value, ast.Name) and node.value.id == ELLIPSIS
