"""Semgrep-syntax patterns compiled to matchers over libcst nodes.

Supported, with semgrep's meaning (https://semgrep.dev/docs/writing-rules/pattern-syntax): ``$X`` metavariables (the same one twice must be the same
code), ``...`` in arguments, lists, dicts and between statements, ``"..."`` for any string, keyword arguments in any order, dotted names
resolved through import aliases, expressions, assignments (annotated ones too) and sequences of statements in one block.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import libcst as cst

from auditor.engines.python.gate import ANY_STRING, ELLIPSIS, META, as_python
from auditor.errors import CatalogueError

_ANONYMOUS = "_"

Qualify = Callable[[cst.BaseExpression], str | None]
"""The dotted name a libcst expression stands for at the site, or None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """What a match bound: metavariable (``$X``) -> node."""

    nodes: dict[str, cst.CSTNode] = field(default_factory=dict)

    def get(self, name: str) -> cst.CSTNode | None:
        """The node bound to ``name``."""
        return self.nodes.get(name)

    def bind(self, name: str, node: cst.CSTNode) -> Bound | None:
        """With ``name`` bound too; None when it is bound to other code already."""
        if name == "$" + _ANONYMOUS:
            return self
        known = self.nodes.get(name)
        if known is None:
            return Bound(nodes={**self.nodes, name: node})
        return self if code(known) == code(node) or _same_code(known, node) else None


_MODULE = cst.Module(body=())


def code(node: cst.CSTNode) -> str:
    """The source text of a node on its own."""
    return _MODULE.code_for_node(node).strip()


def _same_code(one: cst.CSTNode, other: cst.CSTNode) -> bool:
    """Whether two nodes differ in spacing, quotes and brackets only."""
    try:
        return ast.dump(ast.parse(f"({code(one)})")) == ast.dump(ast.parse(f"({code(other)})"))
    except SyntaxError:
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """A compiled pattern."""

    source: str
    statements: tuple[cst.BaseStatement, ...]
    expression: cst.BaseExpression | None

    def match_expression(self, node: cst.BaseExpression, qualify: Qualify) -> Bound | None:
        """The bindings when ``node`` is what this expression pattern describes."""
        return _expression(self.expression, node, Bound(), qualify) if self.expression is not None else None

    def match_statement(self, node: cst.CSTNode, qualify: Qualify) -> Bound | None:
        """The bindings when a simple statement is what this one-statement pattern describes."""
        if len(self.statements) != 1:
            return None
        return _statement(self.statements[0], node, Bound(), qualify)

    def match_block(self, body: Sequence[cst.CSTNode], qualify: Qualify) -> list[tuple[Bound, cst.CSTNode]]:
        """The bindings and the last matched statement for every statement of ``body`` that the pattern can start with."""
        flat = [small for statement in body for small in _small(statement)]
        found = (_block(self.statements, flat[start:], Bound(), qualify) for start in range(len(flat)))
        return [match for match in found if match is not None]


def compile_pattern(source: str) -> Pattern:
    """Compiles one pattern; raises CatalogueError with the reason when it is not valid Python with metavariables."""
    try:
        module = cst.parse_module(as_python(source) + "\n")
    except cst.ParserSyntaxError as error:
        raise CatalogueError(f"the pattern {source!r} is not Python with metavariables: {error.message}") from error
    statements = tuple(module.body)
    expression: cst.BaseExpression | None = None
    if len(statements) == 1:
        small = _small(statements[0])
        if len(small) == 1 and isinstance(small[0], cst.Expr):
            expression = small[0].value
    return Pattern(source=source, statements=statements, expression=expression)


def _small(statement: cst.CSTNode) -> list[cst.CSTNode]:
    """The simple statements of a line, or a compound statement itself."""
    return list(statement.body) if isinstance(statement, cst.SimpleStatementLine) else [statement]


def _dotted(node: cst.CSTNode) -> str | None:
    parts: list[str] = []
    while isinstance(node, cst.Attribute):
        parts.append(node.attr.value)
        node = node.value
    if isinstance(node, cst.Name):
        return ".".join([node.value, *reversed(parts)])
    return None


# -- matching ----------------------------------------------------------------------------------------------------------------------


def _block(wanted: Sequence[cst.CSTNode], have: Sequence[cst.CSTNode], bound: Bound, qualify: Qualify) -> tuple[Bound, cst.CSTNode] | None:
    """Statements in order; an ellipsis skips any number of them. The first statement must match at the start."""
    if not wanted:
        return None
    first = _small(wanted[0])[0]
    if _is_ellipsis_statement(first):
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


def _is_ellipsis_statement(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.Expr) and isinstance(node.value, cst.Name) and node.value.value == ELLIPSIS


def _statement(wanted: cst.CSTNode, have: cst.CSTNode, bound: Bound, qualify: Qualify) -> Bound | None:
    pattern = _small(wanted)[0]
    match pattern, have:
        case cst.Expr(value=expression), cst.Expr(value=value):
            return _expression(expression, value, bound, qualify)
        case cst.Assign(targets=[cst.AssignTarget(target=target)], value=wanted_value), cst.Assign(targets=targets, value=value):
            for candidate in targets:
                now = _expression(target, candidate.target, bound, qualify)
                if now is not None:
                    return _expression(wanted_value, value, now, qualify)
            return None
        case cst.Assign(targets=[cst.AssignTarget(target=target)], value=wanted_value), cst.AnnAssign(
            target=have_target, value=cst.BaseExpression() as value
        ):
            now = _expression(target, have_target, bound, qualify)
            return _expression(wanted_value, value, now, qualify) if now is not None else None
        case cst.AugAssign(target=target, operator=operator, value=wanted_value), cst.AugAssign(
            target=have_target, operator=have_operator, value=value
        ):
            if type(operator) is not type(have_operator):
                return None
            now = _expression(target, have_target, bound, qualify)
            return _expression(wanted_value, value, now, qualify) if now is not None else None
        case cst.Return(value=None), cst.Return(value=None):
            return bound
        case cst.Return(value=cst.BaseExpression() as wanted_value), cst.Return(value=cst.BaseExpression() as value):
            return _expression(wanted_value, value, bound, qualify)
        case cst.With(items=[wanted_item]), cst.With(items=items):
            for item in items:
                now = _expression(wanted_item.item, item.item, bound, qualify)
                if now is not None:
                    return now
            return None
        case _:
            return None


def _expression(wanted: cst.CSTNode, have: cst.CSTNode, bound: Bound, qualify: Qualify) -> Bound | None:
    if isinstance(wanted, cst.Name):
        if wanted.value.startswith(META):
            return bound.bind("$" + wanted.value[len(META) :], have)
        if wanted.value == ANY_STRING:
            return bound if isinstance(have, (cst.SimpleString, cst.ConcatenatedString, cst.FormattedString)) else None
        if wanted.value == ELLIPSIS:
            return bound
    if isinstance(wanted, (cst.Name, cst.Attribute)):
        dotted = _dotted(wanted)
        if dotted is not None and not dotted.startswith(META):
            if isinstance(have, (cst.Name, cst.Attribute)):
                return bound if _same_name(dotted, have, qualify) else None
            return None
    if type(wanted) is not type(have):
        text = _string(wanted)
        return bound if text is not None and text == _string(have) else None
    match wanted, have:
        case cst.Attribute(value=wanted_value, attr=wanted_attr), cst.Attribute(value=value, attr=attr):
            if wanted_attr.value.startswith(META):
                now = bound.bind("$" + wanted_attr.value[len(META) :], attr)
            else:
                now = bound if wanted_attr.value == attr.value else None
            return _expression(wanted_value, value, now, qualify) if now is not None else None
        case cst.Call(func=wanted_func, args=wanted_args), cst.Call(func=func, args=args):
            now = _expression(wanted_func, func, bound, qualify)
            return _arguments(wanted_args, args, now, qualify) if now is not None else None
        case cst.Subscript(value=wanted_value, slice=wanted_slice), cst.Subscript(value=value, slice=have_slice):
            now = _expression(wanted_value, value, bound, qualify)
            if now is None or len(wanted_slice) != len(have_slice):
                return None
            for wanted_element, element in zip(wanted_slice, have_slice, strict=True):
                if not isinstance(wanted_element.slice, cst.Index) or not isinstance(element.slice, cst.Index):
                    return None
                now = _expression(wanted_element.slice.value, element.slice.value, now, qualify)
                if now is None:
                    return None
            return now
        case (
            (cst.List(elements=wanted_elements), cst.List(elements=elements))
            | (cst.Tuple(elements=wanted_elements), cst.Tuple(elements=elements))
            | (
                cst.Set(elements=wanted_elements),
                cst.Set(elements=elements),
            )
        ):
            return _elements(list(wanted_elements), list(elements), bound, qualify)
        case cst.Dict(elements=wanted_elements), cst.Dict(elements=elements):
            return _dict(wanted_elements, elements, bound, qualify)
        case cst.Integer(value=a), cst.Integer(value=b):
            return bound if a.replace("_", "") == b.replace("_", "") else None
        case cst.Await(expression=a), cst.Await(expression=b):
            return _expression(a, b, bound, qualify)
        case cst.BinaryOperation(left=wl, operator=wo, right=wr), cst.BinaryOperation(left=hl, operator=ho, right=hr):
            if type(wo) is not type(ho):
                return None
            now = _expression(wl, hl, bound, qualify)
            return _expression(wr, hr, now, qualify) if now is not None else None
        case cst.BooleanOperation(left=wl, operator=wo, right=wr), cst.BooleanOperation(left=hl, operator=ho, right=hr):
            if type(wo) is not type(ho):
                return None
            now = _expression(wl, hl, bound, qualify)
            return _expression(wr, hr, now, qualify) if now is not None else None
        case cst.UnaryOperation(operator=wo, expression=a), cst.UnaryOperation(operator=ho, expression=b):
            return _expression(a, b, bound, qualify) if type(wo) is type(ho) else None
        case cst.IfExp(body=wb, test=wt, orelse=we), cst.IfExp(body=hb, test=ht, orelse=he):
            now = _expression(wb, hb, bound, qualify)
            now = _expression(wt, ht, now, qualify) if now is not None else None
            return _expression(we, he, now, qualify) if now is not None else None
        case cst.Comparison(left=wl, comparisons=[wc]), cst.Comparison(left=hl, comparisons=[hc]):
            if type(wc.operator) is not type(hc.operator):
                return None
            now = _expression(wl, hl, bound, qualify)
            return _expression(wc.comparator, hc.comparator, now, qualify) if now is not None else None
        case _:
            text = _string(wanted)
            if text is not None:
                return bound if text == _string(have) else None
            return bound if code(wanted) == code(have) else None


def _same_name(dotted: str, have: cst.CSTNode, qualify: Qualify) -> bool:
    qualified = qualify(have) if isinstance(have, cst.BaseExpression) else None
    if qualified == dotted:
        return True
    # A bare name (`SECRET_KEY = …`, `True`) is itself; a dotted pattern must go through an import.
    return "." not in dotted and _dotted(have) == dotted


def _string(node: cst.CSTNode) -> str | None:
    if isinstance(node, (cst.SimpleString, cst.ConcatenatedString)):
        value = node.evaluated_value
        return value if isinstance(value, str) else None
    return None


def _arguments(wanted: Sequence[cst.Arg], have: Sequence[cst.Arg], bound: Bound, qualify: Qualify) -> Bound | None:
    keywords = [argument for argument in have if argument.keyword is not None]
    positional = [argument for argument in have if argument.keyword is None]
    is_open = any(_is_ellipsis(argument) for argument in wanted)
    now: Bound | None = bound
    used: set[str] = set()
    for argument in wanted:
        if argument.keyword is None:
            continue
        for candidate in keywords:
            if candidate.keyword is not None and candidate.keyword.value == argument.keyword.value:
                now = _expression(argument.value, candidate.value, now, qualify) if now is not None else None
                used.add(candidate.keyword.value)
                break
        else:
            return None
        if now is None:
            return None
    if not is_open and len(used) != len(keywords):
        return None
    wanted_positional = [argument for argument in wanted if argument.keyword is None]
    return _positional(wanted_positional, positional, bound if now is None else now, qualify)


def _positional(wanted: Sequence[cst.Arg], have: Sequence[cst.Arg], bound: Bound, qualify: Qualify) -> Bound | None:
    if not wanted:
        return bound if not have else None
    if _is_ellipsis(wanted[0]):
        for skip in range(len(have) + 1):
            found = _positional(wanted[1:], have[skip:], bound, qualify)
            if found is not None:
                return found
        return None
    if not have or have[0].star:
        return None
    now = _expression(wanted[0].value, have[0].value, bound, qualify)
    return _positional(wanted[1:], have[1:], now, qualify) if now is not None else None


def _elements(wanted: list[cst.BaseElement], have: list[cst.BaseElement], bound: Bound, qualify: Qualify) -> Bound | None:
    if not wanted:
        return bound if not have else None
    if _is_ellipsis(wanted[0]):
        for skip in range(len(have) + 1):
            found = _elements(wanted[1:], have[skip:], bound, qualify)
            if found is not None:
                return found
        return None
    if not have or isinstance(have[0], cst.StarredElement):
        return None
    now = _expression(wanted[0].value, have[0].value, bound, qualify)
    return _elements(wanted[1:], have[1:], now, qualify) if now is not None else None


def _dict(wanted: Sequence[cst.BaseDictElement], have: Sequence[cst.BaseDictElement], bound: Bound, qualify: Qualify) -> Bound | None:
    is_open = any(_is_ellipsis(element) for element in wanted)
    now: Bound | None = bound
    pairs = [element for element in have if isinstance(element, cst.DictElement)]
    needed = [element for element in wanted if isinstance(element, cst.DictElement)]
    for element in needed:
        for candidate in pairs:
            inner = _expression(element.key, candidate.key, now, qualify) if now is not None else None
            inner = _expression(element.value, candidate.value, inner, qualify) if inner is not None else None
            if inner is not None:
                now = inner
                break
        else:
            return None
    return now if is_open or len(needed) == len(have) else None


def _is_ellipsis(node: cst.CSTNode) -> bool:
    value = getattr(node, "value", None)
    star = isinstance(node, (cst.StarredElement, cst.StarredDictElement)) or (isinstance(node, cst.Arg) and node.star == "*")
    return star and isinstance(value, cst.Name) and value.value == ELLIPSIS
