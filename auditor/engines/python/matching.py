"""Patterns over the libcst tree of one confirmed file: which nodes match, and the `ast` twin that carries scope and values."""

from __future__ import annotations

import ast
from collections.abc import Iterable

import libcst as cst

from auditor.engines.python.decide import decide
from auditor.engines.python.detectors import Prepared
from auditor.engines.python.gate import Gate, calls
from auditor.engines.python.inside import encloses
from auditor.engines.python.pattern import Bound, Pattern, Qualify, code
from auditor.engines.python.tree import Tree
from auditor.model import Place, Site, span_of
from auditor.project.project import Project
from auditor.project.python.evaluate import Evaluator
from auditor.project.python.frame import Frame
from auditor.project.python.module import Module


class UnparsedError(Exception):
    """libcst does not accept a file that `ast` does; ``place`` is where."""

    def __init__(self, place: Place, reason: str) -> None:
        super().__init__(f"libcst cannot parse this file: {reason}")
        self.place = place


class Matcher:
    """Matches prepared detectors in one module; raises UnparsedError."""

    def __init__(self, evaluator: Evaluator, module: Module) -> None:
        self.evaluator = evaluator
        self.module = module
        try:
            self.tree = Tree(module)
        except cst.ParserSyntaxError as error:
            raise UnparsedError(Place(path=module.path, span=span_of(error.raw_line, error.raw_column + 1)), error.message) from error

    def sites(self, project: Project, prepared: Prepared, gates: list[Gate]) -> Iterable[Site]:
        """The sites of one detector, for the patterns whose gates were confirmed."""
        for frame, bound, node in self._matches(prepared, gates):
            site = decide(project, prepared, frame, bound, node)
            if site is not None:
                yield site

    def _matches(self, prepared: Prepared, gates: list[Gate]) -> Iterable[tuple[Frame, Bound, cst.CSTNode]]:
        for gate in gates:
            if gate.kind == "name":
                for name in _names(self.module, gate.name, self.evaluator):
                    yield self._frame(name, {}), Bound(), _as_cst(self.module, name)
                continue
            pattern = prepared.patterns[prepared.gates.index(gate)]
            for node, twin, bound in self._candidates(pattern, gate):
                qualify = self._qualify(twin)
                if any(_matches(other, node, qualify) for other in prepared.without):
                    continue
                if prepared.inside and not any(encloses(other, self.module, twin, self.evaluator) for other in prepared.inside):
                    continue
                if any(encloses(other, self.module, twin, self.evaluator) for other in prepared.not_inside):
                    continue
                metavariables = {name: self._twin(twin, inner) for name, inner in bound.nodes.items()}
                yield self._frame(twin, {name: found for name, found in metavariables.items() if found is not None}), bound, node

    def _candidates(self, pattern: Pattern, gate: Gate) -> Iterable[tuple[cst.CSTNode, ast.AST, Bound]]:
        if pattern.expression is not None and gate.kind in ("call", "method"):
            for node, twin in self.tree.calls:
                if gate.kind == "method" and gate.name and not (isinstance(twin.func, ast.Attribute) and twin.func.attr == gate.name):
                    continue
                if gate.kind == "call" and not calls(gate, self.module, self.evaluator, twin):
                    continue
                bound = pattern.match_expression(node, self._qualify(twin))
                if bound is not None:
                    yield node, twin, bound
        elif gate.kind == "assign":
            for statement, twin_statement in self.tree.assignments:
                bound = pattern.match_statement(statement, self._qualify(twin_statement))
                if bound is not None:
                    yield statement, twin_statement, bound
        else:
            yield from self._in_blocks(pattern)

    def _in_blocks(self, pattern: Pattern) -> Iterable[tuple[cst.CSTNode, ast.AST, Bound]]:
        """Sequences of statements; the site is the last one."""
        twins: dict[int, ast.AST] = {id(statement): twin for statement, twin in self.tree.assignments}
        twins |= {id(call): twin for call, twin in self.tree.calls}
        for _, body in self.tree.blocks:
            anchor = next((twins[id(node)] for statement in body for node in _outer(statement) if id(node) in twins), None)
            for bound, last in pattern.match_block(body, self._qualify(anchor)) if anchor is not None else ():
                for node in _outer(last):
                    if id(node) in twins:
                        yield node, twins[id(node)], bound
                        break

    def _frame(self, node: ast.AST, metavariables: dict[str, ast.expr]) -> Frame:
        return Frame(evaluator=self.evaluator, module=self.module, node=node, metavariables=metavariables)

    def _qualify(self, anchor: ast.AST) -> Qualify:
        """Names of libcst nodes are resolved where their `ast` anchor stands."""

        def qualify(node: cst.BaseExpression) -> str | None:
            text = code(node)
            for candidate in ast.walk(anchor):
                if isinstance(candidate, (ast.Name, ast.Attribute)) and ast.unparse(candidate) == text:
                    return self.evaluator.world.qualify(self.module, candidate)
            parsed = ast.parse(f"({text})", mode="eval").body
            graft(self.module, parsed, anchor)
            return self.evaluator.world.qualify(self.module, parsed)

        return qualify

    def _twin(self, anchor: ast.AST, node: cst.CSTNode) -> ast.expr | None:
        """The `ast` expression of a bound libcst node: the very one below the anchor, or a copy placed there."""
        try:
            parsed = ast.parse(f"({code(node)})", mode="eval").body
        except SyntaxError:
            return None
        wanted = ast.dump(parsed)
        for candidate in ast.walk(anchor):
            if isinstance(candidate, ast.expr) and type(candidate) is type(parsed) and ast.dump(candidate) == wanted:
                return candidate
        graft(self.module, parsed, anchor)
        return parsed


def graft(module: Module, node: ast.expr, anchor: ast.AST) -> None:
    """Gives a freshly parsed expression the parent, and so the scope and position, of ``anchor``."""
    line = getattr(anchor, "lineno", 1)
    for inner in ast.walk(node):
        for child in ast.iter_child_nodes(inner):
            module.parents[child] = inner
        if isinstance(inner, ast.expr):
            inner.lineno = inner.end_lineno = line
            inner.col_offset = inner.end_col_offset = getattr(anchor, "col_offset", 0)
    module.parents[node] = anchor


def _outer(statement: cst.CSTNode) -> Iterable[cst.CSTNode]:
    """A statement itself, its simple statements, and the expressions these consist of."""
    small = statement.body if isinstance(statement, cst.SimpleStatementLine) else (statement,)
    for node in small:
        yield node
        value = getattr(node, "value", None)
        if isinstance(value, cst.CSTNode):
            yield value


def _matches(pattern: Pattern, node: cst.CSTNode, qualify: Qualify) -> bool:
    if pattern.expression is not None:
        return isinstance(node, cst.BaseExpression) and pattern.match_expression(node, qualify) is not None
    return pattern.match_statement(node, qualify) is not None


def _names(module: Module, dotted: str, evaluator: Evaluator) -> Iterable[ast.AST]:
    """Where a dotted name is used or imported, each statement once; the import itself when the name is imported directly."""
    head, _, last = dotted.rpartition(".")
    seen: set[ast.AST | None] = set()
    for node in list(module.parents):
        if isinstance(node, ast.ImportFrom) and not node.level and node.module == head and any(alias.name == last for alias in node.names):
            yield node
        elif isinstance(node, ast.Attribute) and node.attr == last and evaluator.world.qualify(module, node) == dotted:
            statement = module.statement_of(node)
            if statement not in seen:
                seen.add(statement)
                yield node


def _as_cst(module: Module, node: ast.AST) -> cst.CSTNode:
    parsed = cst.parse_module(module.source(node) + "\n").body[0]
    return parsed.body[0] if isinstance(parsed, cst.SimpleStatementLine) else parsed
