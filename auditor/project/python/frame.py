"""One site in its module: the node, and what can be asked about it."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cached_property

from auditor.model import Place
from auditor.project.python.evaluate import Evaluator
from auditor.project.python.module import Module
from auditor.project.python.values import Guard, Value


@dataclass(frozen=True, kw_only=True, eq=False)
class Frame:
    """A matched ``node`` of ``module``; ``metavariables`` maps ``$X`` to the expression it is bound to."""

    evaluator: Evaluator
    module: Module
    node: ast.AST
    metavariables: dict[str, ast.expr]

    def value(self, node: ast.expr) -> Value:
        """The value of an expression of this module."""
        return self.evaluator.evaluate(self.module, node)

    def of(self, key: str) -> ast.expr | None:
        """The expression under a metavariable (``$DIR``) or a keyword argument (``origins=``) of the matched call; None when absent."""
        if key.endswith("="):
            if isinstance(self.node, ast.Call):
                for keyword in self.node.keywords:
                    if keyword.arg == key[:-1]:
                        return keyword.value
            return None
        if key == "$SITE":
            return self.node if isinstance(self.node, ast.expr) else getattr(self.node, "value", None)
        return self.metavariables.get(key)

    @property
    def spreads(self) -> bool:
        """Whether the call passes `**options`, so that an absent keyword is not known to be absent."""
        return isinstance(self.node, ast.Call) and any(keyword.arg is None for keyword in self.node.keywords)

    @cached_property
    def guards(self) -> tuple[Guard, ...]:
        """The guards under which the site runs."""
        return self.evaluator.guards(self.module, self.node)

    def place(self, node: ast.AST | None = None, label: str = "") -> Place:
        """Where ``node`` (or the site) stands."""
        return self.module.place(node or self.node, label)
