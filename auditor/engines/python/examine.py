"""One file: parse, gates, patterns, verdicts. Runs inside a worker, never raises for a bad file."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from auditor.engines.base import Trouble
from auditor.engines.python.detectors import Prepared
from auditor.engines.python.gate import Gate, admits, confirms
from auditor.model import Outcome, Place, Site, span_of
from auditor.project.project import Project
from auditor.project.python.evaluate import Evaluator
from auditor.project.python.frame import Frame
from auditor.project.python.module import Module
from auditor.project.python.reader import evaluator_of
from auditor.project.text import Unreadable

if TYPE_CHECKING:
    import libcst as cst

    from auditor.engines.python.pattern import Bound, Pattern, Qualify
    from auditor.engines.python.tree import Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What one file gave. ``stage`` is how far it went: text, ast or libcst."""

    path: PurePosixPath
    sites: tuple[Site, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    stage: str = "text"


class Examiner:
    """Examines files of one project with prepared detectors."""

    def __init__(self, project: Project, prepared: tuple[Prepared, ...]) -> None:
        self.project = project
        self.prepared = prepared
        self.evaluator: Evaluator = evaluator_of(project)
        self._aliases: dict[str, frozenset[str]] | None = None

    def examine(self, path: PurePosixPath) -> Examined:
        """Every site of every detector in one file."""
        try:
            text = self.project.text(path)
        except Unreadable as error:
            return Examined(path=path, troubles=(Trouble(check="scan/unreadable", place=Place(path=path), message=str(error)),))
        try:
            module = Module(path, text)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            return Examined(path=path, troubles=(_syntax_trouble(path, error),))
        try:
            return self._sites(path, text, module)
        except RecursionError:
            message = "is nested too deeply to be examined; split the expression"
            return Examined(path=path, troubles=(Trouble(check="scan/syntax", place=Place(path=path), message=message),))

    def _sites(self, path: PurePosixPath, text: str, module: Module) -> Examined:
        admitted = [
            (prepared, gates)
            for prepared in self.prepared
            if (gates := [gate for gate in prepared.gates if admits(gate, text, self.aliases)])
        ]
        if not admitted:
            return Examined(path=path, stage="ast")
        self.evaluator.world.adopt(module)
        confirmed = [
            (prepared, kept) for prepared, gates in admitted if (kept := [gate for gate in gates if confirms(gate, module, self.evaluator)])
        ]
        if not confirmed:
            return Examined(path=path, stage="ast")
        names_only = all(gate.kind == "name" for _, gates in confirmed for gate in gates)
        tree: Tree | None = None
        if not names_only:
            from libcst import ParserSyntaxError  # noqa: PLC0415 - libcst is imported for confirmed files only

            from auditor.engines.python.tree import Tree as ParsedTree  # noqa: PLC0415

            try:
                tree = ParsedTree(module)
            except ParserSyntaxError as error:
                place = Place(path=path, span=span_of(error.raw_line, error.raw_column + 1))
                return Examined(path=path, troubles=(Trouble(check="scan/syntax", place=place, message=f"libcst cannot parse this file: {error.message}"),))
        from auditor.engines.python.decide import decide  # noqa: PLC0415

        found: dict[tuple[str, object], Site] = {}
        for prepared, gates in confirmed:
            for frame, bound, node in self._matches(prepared, gates, module, tree):
                site = decide(self.project, prepared, frame, bound, node)
                if site is None:
                    continue
                key = (site.gotcha, site.place.span)
                known = found.get(key)
                if known is None or _rank(site.outcome) > _rank(known.outcome):
                    found[key] = site
        return Examined(path=path, sites=tuple(found.values()), stage="libcst")

    @property
    def aliases(self) -> dict[str, frozenset[str]]:
        """Literal -> the names it is imported as anywhere in the project (`from flask import send_file as sf`), so that re-exports are admitted."""
        if self._aliases is None:
            literals = {gate.name.rsplit(".", 1)[-1] for prepared in self.prepared for gate in prepared.gates if gate.kind in ("call", "name")}
            found: dict[str, set[str]] = {}
            expression = re.compile(r"\b(\w+)\s+as\s+(\w+)")
            for path in self.evaluator.world.containing(" as "):
                source = self.evaluator.world.files.source(path) or ""
                if "import" not in source:
                    continue
                for name, alias in expression.findall(source):
                    if name in literals:
                        found.setdefault(name, set()).add(alias)
            self._aliases = {name: frozenset(aliases) for name, aliases in found.items()}
        return self._aliases

    # -- matching --------------------------------------------------------------------------------------------------------------

    def _matches(
        self, prepared: Prepared, gates: list[Gate], module: Module, tree: Tree | None
    ) -> Iterable[tuple[Frame, Bound, cst.CSTNode]]:
        from auditor.engines.python.pattern import Bound as Bindings  # noqa: PLC0415

        for gate in gates:
            if gate.kind == "name":
                for node in _names(module, gate.name, self.evaluator):
                    yield self._frame(module, node, {}), Bindings(), _as_cst(module, node)
                continue
            assert tree is not None
            pattern = prepared.patterns[prepared.gates.index(gate)]
            for node, twin, bound in self._candidates(pattern, gate, module, tree):
                qualify = self._qualify(module, twin)
                if any(_matches_any(other, node, qualify, bound) for other in prepared.without):
                    continue
                if prepared.inside and not any(self._is_inside(other, module, twin) for other in prepared.inside):
                    continue
                if any(self._is_inside(other, module, twin) for other in prepared.not_inside):
                    continue
                metavariables = {name: self._twin(module, twin, inner) for name, inner in bound.nodes.items()}
                kept = {name: expression for name, expression in metavariables.items() if expression is not None}
                yield self._frame(module, twin, kept), bound, node

    def _candidates(self, pattern: Pattern, gate: Gate, module: Module, tree: Tree) -> Iterable[tuple[cst.CSTNode, ast.AST, Bound]]:
        if pattern.expression is not None and gate.kind in ("call", "method"):
            last = gate.name.rsplit(".", 1)[-1]
            for node, twin in tree.calls:
                if gate.kind == "method" and last and not (isinstance(twin.func, ast.Attribute) and twin.func.attr == last):
                    continue
                if gate.kind == "call" and self.evaluator.world.qualify(module, twin.func) != gate.name:
                    continue
                bound = pattern.match_expression(node, self._qualify(module, twin))
                if bound is not None:
                    yield node, twin, bound
        elif gate.kind == "assign":
            for statement, twin_statement in tree.assignments:
                bound = pattern.match_statement(statement, self._qualify(module, twin_statement))
                if bound is not None:
                    yield statement, twin_statement, bound
        else:
            statements = {id(statement): twin for statement, twin in tree.assignments}
            calls = {id(call): twin for call, twin in tree.calls}
            for _, body in tree.blocks:
                anchor = module.tree
                found = pattern.match_block(body, self._qualify(module, anchor))
                if found is None:
                    continue
                bound, last_node = found
                call = getattr(last_node, "value", None)
                twin_node = statements.get(id(last_node)) or calls.get(id(call))
                if twin_node is not None:
                    yield (call if id(call) in calls else last_node), twin_node, bound

    def _frame(self, module: Module, node: ast.AST, metavariables: dict[str, ast.expr]) -> Frame:
        return Frame(evaluator=self.evaluator, module=module, node=node, metavariables=metavariables)

    def _qualify(self, module: Module, anchor: ast.AST) -> Qualify:
        """Names of libcst nodes are resolved where their `ast` anchor stands."""

        def qualify(node: cst.BaseExpression) -> str | None:
            from auditor.engines.python.pattern import code  # noqa: PLC0415

            text = code(node)
            for candidate in ast.walk(anchor) if not isinstance(anchor, ast.Module) else ():
                if isinstance(candidate, (ast.Name, ast.Attribute)) and ast.unparse(candidate) == text:
                    return self.evaluator.world.qualify(module, candidate)
            parsed = ast.parse(text, mode="eval").body
            graft(module, parsed, anchor)
            return self.evaluator.world.qualify(module, parsed)

        return qualify

    def _twin(self, module: Module, anchor: ast.AST, node: cst.CSTNode) -> ast.expr | None:
        """The `ast` expression of a bound libcst node: the very one below the anchor, or a copy placed there."""
        from auditor.engines.python.pattern import code  # noqa: PLC0415

        try:
            parsed = ast.parse(f"({code(node)})", mode="eval").body
        except SyntaxError:
            return None
        wanted = ast.dump(parsed)
        for candidate in ast.walk(anchor):
            if isinstance(candidate, ast.expr) and type(candidate) is type(parsed) and ast.dump(candidate) == wanted:
                return candidate
        graft(module, parsed, anchor)
        return parsed

    def _is_inside(self, pattern: Pattern, module: Module, twin: ast.AST) -> bool:
        from auditor.engines.python.inside import encloses  # noqa: PLC0415

        return encloses(pattern, module, twin, self.evaluator)


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


def _matches_any(pattern: Pattern, node: cst.CSTNode, qualify: Qualify, bound: Bound) -> bool:
    del bound
    if pattern.expression is not None:
        import libcst  # noqa: PLC0415

        return isinstance(node, libcst.BaseExpression) and pattern.match_expression(node, qualify) is not None
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
    import libcst  # noqa: PLC0415

    parsed = libcst.parse_module(module.source(node) + "\n").body[0]
    return parsed.body[0] if isinstance(parsed, libcst.SimpleStatementLine) else parsed


def _rank(outcome: Outcome) -> int:
    return (Outcome.SKIP, Outcome.PASS, Outcome.REVIEW, Outcome.ERROR, Outcome.FAIL).index(outcome)


def _syntax_trouble(path: PurePosixPath, error: BaseException) -> Trouble:
    place = Place(path=path)
    if isinstance(error, SyntaxError):
        line = error.lineno or 1
        place = replace(place, span=span_of(line, max(error.offset or 1, 1)))
        message = f"is not valid Python here: {error.msg}"
        if "print" in (error.msg or "") or "except" in (error.msg or ""):
            message += " (a Python 2 file? convert or exclude it)"
    elif isinstance(error, ValueError):
        message = f"cannot be parsed: {error}"
    else:
        message = "is nested too deeply to be parsed; split the expression or exclude the file"
    return Trouble(check="scan/syntax", place=place, message=message)
