"""Judges of when an expression runs: once at import instead of each time, or inside the event loop."""

from __future__ import annotations

import ast
import re

from auditor.checks.base import Match, Verdict
from auditor.model import Outcome
from auditor.project.project import Project
from auditor.project.python.frame import Frame

_DATACLASSES = frozenset({"dataclasses.dataclass", "pydantic.dataclasses.dataclass", "attr.s", "attrs.define", "attr.define", "attrs.frozen"})
_MODELS = ("pydantic.BaseModel", "sqlmodel.SQLModel", "beanie.Document", "odmantic.Model")
_SHORT_LIVED = frozenset({"add_argument", "option", "argument", "Option", "Argument", "click.option", "typer.Option"})


def frozen_default(project: Project, match: Match) -> Verdict | None:
    """FAILS when a clock, an id or a random value is read once, as the default of a column, a field or a parameter.

    Source: https://docs.python.org/3/reference/compound_stmts.html#function-definitions, "Default parameter values are evaluated … once".
    """
    del project
    frame = match.frame
    if frame is None:
        return None
    reader = ast.unparse(frame.node)
    for child, parent in frame.module.ancestors(frame.node):
        match parent:
            case ast.keyword(arg="default", value=value):
                maker = frame.module.parents.get(parent)
                called = ast.unparse(maker.func).rpartition(".")[2] if isinstance(maker, ast.Call) else ""
                if not called or called in _SHORT_LIVED or not (called[0].isupper() or called in ("mapped_column", "field")):
                    return None
                message = f"`{reader}` runs once, at import: every row gets the time or value of the start"
                return Verdict(
                    outcome=Outcome.FAIL,
                    message=message,
                    suggest=_function(frame.node) if value is frame.node and called not in ("Field", "field") else {},
                )
            case ast.arguments():
                if not _is_long_lived(frame, parent):
                    return None
                return Verdict(outcome=Outcome.FAIL, message=f"`{reader}` runs once, when the function is defined: every call gets the same value")
            case ast.AnnAssign(value=value) if value is child and _is_model(frame, parent):
                return Verdict(outcome=Outcome.FAIL, message=f"`{reader}` runs once, at import: every instance gets the same value")
            case ast.Lambda() | ast.stmt():
                return None
            case _:
                pass
    return None


def _function(node: ast.AST) -> dict[str, str]:
    """The function itself, or a lambda where it takes arguments."""
    if isinstance(node, ast.Call) and not node.args and not node.keywords:
        return {"site": ast.unparse(node.func)}
    return {"site": f"lambda: {ast.unparse(node)}"}


def _is_long_lived(frame: Frame, arguments: ast.arguments) -> bool:
    """Whether the function is defined once a process, and the process is no command that ends at once."""
    function = frame.module.parents.get(arguments)
    if not isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return False
    if any(re.search(r"\b(?:command|callback|group|task_group)\b", ast.unparse(decorator)) for decorator in function.decorator_list):
        return False
    return not any(isinstance(parent, (ast.FunctionDef, ast.AsyncFunctionDef)) for _, parent in frame.module.ancestors(function))


def _is_model(frame: Frame, statement: ast.AnnAssign) -> bool:
    """Whether an annotated assignment is a field of a dataclass or model."""
    owner = frame.module.parents.get(statement)
    if not isinstance(owner, ast.ClassDef):
        return False
    qualify = frame.evaluator.world.qualify
    for decorator in owner.decorator_list:
        if qualify(frame.module, decorator.func if isinstance(decorator, ast.Call) else decorator) in _DATACLASSES:
            return True
    return any(qualify(frame.module, base) in _MODELS for base in owner.bases)


def inside_event_loop(project: Project, match: Match) -> Verdict | None:
    """FAILS when the nearest function around the call is a coroutine: what it blocks is the whole event loop.

    Source: https://fastapi.tiangolo.com/async/, https://docs.python.org/3/library/asyncio-dev.html#running-blocking-code
    """
    del project
    frame = match.frame
    if frame is None:
        return None
    for child, parent in frame.module.ancestors(frame.node):
        if isinstance(parent, (ast.Lambda, ast.FunctionDef)):
            return None
        if isinstance(parent, ast.AsyncFunctionDef):
            if child not in parent.body:
                return None  # a decorator or a default
            return Verdict(outcome=Outcome.FAIL, message=match.message)
    return None
