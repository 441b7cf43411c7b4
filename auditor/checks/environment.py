"""Judges of environment reads: does None reach a use that breaks?"""

from __future__ import annotations

import ast
import re

from auditor.checks.base import Match, Verdict
from auditor.model import Outcome, Place
from auditor.project.project import Project
from auditor.project.python.evaluate import Evaluator
from auditor.project.python.frame import Frame
from auditor.project.python.module import Module
from auditor.project.python.uses import Uses


def unchecked_environment_read(project: Project, match: Match) -> Verdict | None:
    """FAILS when the None of an unset variable (or the text "None") reaches a use that breaks; WORKS when it is checked or tolerated."""
    del project
    frame = match.frame
    if frame is None or not isinstance(frame.node, ast.Call):
        return None
    name = _constant(frame.node.args[0]) if frame.node.args else None
    shown = name or "the variable"
    evaluator = frame.evaluator
    uses = Uses(evaluator)
    if uses.guarded_read(frame.module, frame.node):
        return Verdict(outcome=Outcome.PASS, message=f"{shown} is known to be set here")
    if name is not None:
        ensured = _ensured(evaluator, name)
        if ensured is not None:
            return Verdict(outcome=Outcome.PASS, message=f"{shown} is checked at start-up", related=(ensured,))
    found = uses.of(frame.module, frame.node)
    site = frame.place()
    ensured_uses = [use for use in found if use.kind == "ensured"]
    if ensured_uses:
        return Verdict(outcome=Outcome.PASS, message=f"{shown} is checked", related=tuple(use.place for use in ensured_uses[:2]))
    broken = [use for use in found if use.kind == "breaks"]
    switch = _switch(frame) if broken else None
    if broken and switch is not None:
        message = f"{shown} may be None and {broken[0].message}, unless the feature is switched off"
        return Verdict(outcome=Outcome.REVIEW, message=message, related=(switch, *(use.place for use in broken[:2])))
    if broken:
        first = broken[0]
        message = f"when {shown} is not set, None comes back and {first.message}"
        related = tuple(use.place for use in broken[:4] if (use.place.path, use.place.line) != (site.path, site.line))
        return Verdict(outcome=Outcome.FAIL, message=message, related=related)
    unknown = [use for use in found if use.kind == "unknown"]
    if unknown or not found:
        what = unknown[0].message if unknown else "is not used here"
        return Verdict(outcome=Outcome.REVIEW, message=f"{shown} may be None and {what}", related=tuple(use.place for use in unknown[:3]))
    return Verdict(outcome=Outcome.PASS, message=f"{shown}: {found[0].message}", related=tuple(use.place for use in found[:3]))


def _switch(frame: Frame) -> Place | None:
    """A switch for the feature the variable belongs to, so that whether its uses are reached cannot be told.

    That is a flag beside it (`LDAP_LOGIN_ENABLED` beside `LDAP_HOST_URL`), or a variable of the same family that the project tests before it goes
    on (`if settings.S3_BUCKET:` beside `S3_ACCESS_KEY`).
    """
    statement = frame.module.statement_of(frame.node)
    target = statement.targets[0] if isinstance(statement, ast.Assign) else None
    if not isinstance(target, ast.Name) or "_" not in target.id:
        return None
    prefix = target.id.split("_", maxsplit=1)[0]
    family = [name for name in frame.module.scope_of(frame.node).bindings if name != target.id and prefix in name.split("_")]
    for name in family:
        if {"ENABLED", "ENABLE", "USE", "ACTIVE", "DISABLED"} & set(name.split("_")):
            bindings = frame.module.scope_of(frame.node).bindings[name]
            return frame.module.place(bindings[0].node, f"{name} switches the feature")
    for name in family:
        for module in frame.evaluator.world.modules_containing(name):
            for node in list(module.parents):
                if _tests(module, node, name):
                    return module.place(node, f"{name} is tested first")
    return None


def _tests(module: Module, node: ast.AST, name: str) -> bool:
    """Whether ``node`` reads the variable ``name`` in a test, or hands its name to a decorator."""
    if isinstance(node, ast.Constant) and node.value == name:
        call = module.parents.get(node)
        holder = module.parents.get(call) if isinstance(call, ast.Call) else None
        return isinstance(holder, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and call in holder.decorator_list
    is_read = (isinstance(node, ast.Attribute) and node.attr == name) or (isinstance(node, ast.Name) and node.id == name)
    if not is_read or not isinstance(getattr(node, "ctx", None), ast.Load):
        return False
    child = node
    parent = module.parents.get(node)
    while isinstance(parent, (ast.UnaryOp, ast.BoolOp)):
        child, parent = parent, module.parents.get(parent)
    return isinstance(parent, (ast.If, ast.IfExp, ast.While)) and parent.test is child


def _constant(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _ensured(evaluator: Evaluator, name: str) -> Place | None:
    """Where the project makes sure of a variable: `os.environ.setdefault`, an assignment, or a loop over a list of required names."""
    for module in evaluator.world.modules_containing(name, "environ"):
        for node in list(module.parents):
            match node:
                case ast.Call(func=ast.Attribute(attr="setdefault"), args=[ast.Constant(value=value), *_]) if value == name:
                    return module.place(node, f"{name} gets a default here")
                case ast.Assign(targets=[ast.Subscript(value=holder, slice=ast.Constant(value=value))]) if (
                    value == name and evaluator.world.qualify(module, holder) == "os.environ" and not isinstance(node.value, ast.Call)
                ):
                    return module.place(node, f"{name} is set here")
                case _:
                    pass
    for module in (*evaluator.world.modules_containing(name, "getenv"), *evaluator.world.modules_containing(name, "environ")):
        for node in list(module.parents):
            if isinstance(node, (ast.List, ast.Tuple, ast.Set)) and any(_constant(element) == name for element in node.elts):
                if _required_loop(module, node):
                    return module.place(node, f"{name} is in the list of required variables")
    return None


def _required_loop(module: Module, names: ast.expr) -> bool:
    """Whether a list of names is gone through with environment reads and the start is stopped."""
    parent = module.parents.get(names)
    holders = {target.id for target in parent.targets if isinstance(target, ast.Name)} if isinstance(parent, ast.Assign) else set()
    for node in list(module.parents):
        source = node.iter if isinstance(node, (ast.For, ast.comprehension)) else None
        if source is None or not (source is names or (isinstance(source, ast.Name) and source.id in holders)):
            continue
        statement = module.statement_of(node) or node
        text = ast.unparse(statement)
        if re.search(r"environ|getenv", text) and re.search(r"raise |exit\(", text + "".join(_following(module, statement))):
            return True
    return False


def _following(module: Module, statement: ast.AST) -> list[str]:
    parent = module.parents.get(statement)
    for field in ("body", "orelse", "finalbody"):
        block = getattr(parent, field, None)
        if isinstance(block, list) and statement in block:
            return [ast.unparse(later) for later in block[block.index(statement) + 1 :][:3]]
    return []
