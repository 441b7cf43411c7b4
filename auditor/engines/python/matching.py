"""Patterns over the tree of one confirmed file: which nodes match, and where."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from auditor.engines.python.aliases import Aliases
from auditor.engines.python.decide import decide
from auditor.engines.python.detectors import Prepared
from auditor.engines.python.gate import Gate, calls
from auditor.engines.python.inside import encloses
from auditor.engines.python.pattern import Bound, Pattern
from auditor.model import Site
from auditor.project.project import Project
from auditor.project.python.evaluate import Evaluator
from auditor.project.python.frame import Frame
from auditor.project.python.module import Module

_ASSIGNMENTS = (ast.Assign, ast.AnnAssign, ast.AugAssign)


class Matcher:
    """Matches prepared detectors in one module."""

    def __init__(self, evaluator: Evaluator, module: Module, aliases: Aliases) -> None:
        self.evaluator = evaluator
        self.module = module
        self.aliases = aliases
        self._assignments: list[ast.stmt] | None = None
        self._calls = module.calls_by_name

    def sites(self, project: Project, prepared: Prepared, gates: list[Gate]) -> Iterable[Site]:
        """The sites of one detector, for the patterns whose gates were confirmed."""
        for frame, bound in self._matches(prepared, gates):
            site = decide(project, prepared, frame, bound)
            if site is not None:
                yield site

    def _matches(self, prepared: Prepared, gates: list[Gate]) -> Iterable[tuple[Frame, Bound]]:
        for gate in gates:
            if gate.kind == "name":
                for name in _names(self.module, gate.name, self.evaluator):
                    yield self._frame(name, Bound()), Bound()
                continue
            pattern = prepared.patterns[prepared.gates.index(gate)]
            for node, bound in self._candidates(pattern, gate):
                if any(self._is(other, node) for other in prepared.without):
                    continue
                if prepared.inside and not any(encloses(other, self.module, node, self.evaluator) for other in prepared.inside):
                    continue
                if any(encloses(other, self.module, node, self.evaluator) for other in prepared.not_inside):
                    continue
                yield self._frame(node, bound), bound

    def _candidates(self, pattern: Pattern, gate: Gate) -> Iterable[tuple[ast.AST, Bound]]:
        if pattern.expression is not None and gate.kind in ("call", "method"):
            for call in self._called(gate):
                bound = pattern.match_expression(call, self._qualify)
                if bound is not None:
                    yield call, bound
        elif gate.kind == "assign":
            for statement in self._assigned():
                bound = pattern.match_statement(statement, self._qualify)
                if bound is not None:
                    yield statement, bound
        else:
            yield from self._in_blocks(pattern)

    def _called(self, gate: Gate) -> Iterator[ast.Call]:
        """The calls that a gate is about, in the order of the source."""
        if gate.kind == "method":
            wanted = self._calls.get(gate.name, ()) if gate.name else self.module.calls
            yield from (call for call in wanted if not gate.name or isinstance(call.func, ast.Attribute))
            return
        last = gate.name.rpartition(".")[2]
        names = {last, *self.aliases.names(last)}
        found = [call for name in names for call in self._calls.get(name, ()) if calls(gate, self.module, self.evaluator, call)]
        yield from sorted(found, key=lambda call: (call.lineno, call.col_offset, -(call.end_lineno or 0), -(call.end_col_offset or 0)))

    def _assigned(self) -> list[ast.stmt]:
        if self._assignments is None:
            found = [node for node in self.module.parents if isinstance(node, _ASSIGNMENTS)]
            self._assignments = sorted(found, key=lambda statement: (statement.lineno, statement.col_offset))
        return self._assignments

    def _in_blocks(self, pattern: Pattern) -> Iterable[tuple[ast.AST, Bound]]:
        """Sequences of statements; the site is the last one: an assignment as a whole, otherwise the call it consists of."""
        for owner in (self.module.tree, *self.module.parents):
            for name in ("body", "orelse", "finalbody"):
                body = getattr(owner, name, None)
                if not isinstance(body, list):
                    continue
                for bound, last in pattern.match_block(body, self._qualify):
                    site = last if isinstance(last, _ASSIGNMENTS) else getattr(last, "value", None)
                    if isinstance(site, (*_ASSIGNMENTS, ast.Call)):
                        yield site, bound

    def _frame(self, node: ast.AST, bound: Bound) -> Frame:
        for made in bound.nodes.values():
            self.module.parents.setdefault(made, node)  # a part of an expression that has no node of its own
        return Frame(evaluator=self.evaluator, module=self.module, node=node, metavariables=bound.nodes)

    def _qualify(self, node: ast.expr) -> str | None:
        return self.evaluator.world.qualify(self.module, node)

    def _is(self, pattern: Pattern, node: ast.AST) -> bool:
        if pattern.expression is not None:
            return isinstance(node, ast.expr) and pattern.match_expression(node, self._qualify) is not None
        return pattern.match_statement(node, self._qualify) is not None


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
