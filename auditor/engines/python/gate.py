"""The cheap questions before libcst: do the literals of a pattern occur, and does its subject really occur?

Nothing here imports libcst: a project without a confirmed file never pays for it.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from auditor.errors import CatalogueError
from auditor.model import Clause
from auditor.project.python.evaluate import Evaluator
from auditor.project.python.module import Module

_ASSIGNED = re.compile(r"^[ \t]*(?:[\w.]+\.)?(\w+)[ \t]*(?::[^=\n]+)?=(?!=)", re.MULTILINE)
META = "__metavariable_"
ELLIPSIS = "__ellipsis__"
ANY_STRING = "__any_string__"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What any match of a pattern needs.

    ``kind``: ``call`` (``name`` is the dotted name called), ``method`` (last name called), ``assign`` (last name assigned, "" for any), ``name``
    (dotted name used) or ``sequence`` (no cheap question). ``literals`` all occur in the text, up to aliases of the last one of ``name``.
    """

    source: str
    kind: str
    name: str
    literals: tuple[str, ...]
    target: re.Pattern[str] | None = None
    """For ``$NAME = …``: what the name assigned must look like, from ``where: {$NAME: /regex/}``."""


def as_python(source: str) -> str:
    """The pattern as plain Python: ``$X`` and ``...`` become names, starred inside brackets so that they may follow keyword arguments."""
    text = re.sub(r"\$([A-Z_][A-Z_0-9]*)", META + r"\1", source.strip())
    out: list[str] = []
    brackets: list[str] = []
    index = 0
    quote = ""
    while index < len(text):
        char = text[index]
        if quote:
            out.append(char)
            if char == "\\":
                out.append(text[index + 1 : index + 2])
                index += 1
            elif char == quote:
                quote = ""
        elif text.startswith(('"..."', "'...'"), index):
            out.append(ANY_STRING)
            index += 4
        elif char in "\"'":
            quote = char
            out.append(char)
        elif text.startswith("...", index):
            out.append({"(": "*", "[": "*", "{": "**"}.get(brackets[-1] if brackets else "", "") + ELLIPSIS)
            index += 2
        else:
            if char in "([{":
                brackets.append(char)
            elif char in ")]}" and brackets:
                brackets.pop()
            out.append(char)
        index += 1
    return "".join(out)


def gate_of(source: str, where: Clause | None = None) -> Gate:
    """The gate of one pattern; raises CatalogueError when the pattern is not Python with metavariables."""
    try:
        tree = ast.parse(as_python(source))
    except SyntaxError as error:
        raise CatalogueError(f"the pattern {source!r} is not Python with metavariables: {error.msg}") from error
    if not tree.body:
        raise CatalogueError("the pattern is empty; write the code to look for, such as flask.send_from_directory($DIR, ...)")
    kind, name = "sequence", ""
    if len(tree.body) == 1:
        kind, name = _head(tree.body[0])
    return Gate(source=source, kind=kind, name=name, literals=_literals(tree), target=_target(tree.body[0], where or {}))


def _target(statement: ast.stmt, where: Clause) -> re.Pattern[str] | None:
    """The condition on the assigned name, when the target is a bare metavariable with a regular expression."""
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
        names = where.get("$" + statement.targets[0].id.removeprefix(META), ())
        if len(names) == 1 and names[0].startswith("/"):
            return re.compile(names[0][1:-1])
    return None


def _head(statement: ast.stmt) -> tuple[str, str]:
    match statement:
        case ast.Expr(value=ast.Call(func=func)):
            dotted = _dotted(func)
            if dotted and not dotted.startswith("__"):
                return "call", dotted
            return "method", func.attr if isinstance(func, ast.Attribute) and not func.attr.startswith("__") else ""
        case ast.Expr(value=ast.Name() | ast.Attribute() as value):
            dotted = _dotted(value)
            if dotted and not dotted.startswith("__"):
                return "name", dotted
        case ast.Assign(targets=[ast.Name(id=name)]):
            return "assign", "" if name.startswith("__") else name
        case ast.Assign(targets=[ast.Attribute(attr=name)]):
            return "assign", "" if name.startswith("__") else name
        case ast.Assign():
            return "assign", ""
        case _:
            pass
    return "sequence", ""


def _dotted(node: ast.expr) -> str:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def _literals(tree: ast.AST) -> tuple[str, ...]:
    """Last parts of dotted names, keyword names and word-like string constants: each must stand in a matching file."""
    found: dict[str, None] = {}
    inner: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            inner.add(node.value)
            if node not in inner:
                found[node.attr] = None
        elif isinstance(node, ast.Name) and node not in inner and not node.id.startswith("__"):
            found[node.id] = None
        elif isinstance(node, ast.keyword) and node.arg and not node.arg.startswith("__"):
            found[node.arg] = None
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and re.fullmatch(r"[\w.:/-]{3,}", node.value):
            found[node.value] = None
    return tuple(name for name in found if name and not name.startswith("__"))


def admits(gate: Gate, text: str, aliases: dict[str, frozenset[str]]) -> bool:
    """Whether every literal (or a name it is re-exported under) stands in the text."""
    if gate.target is not None and not any(gate.target.search(name) for name in _ASSIGNED.findall(text)):
        return False
    return all(literal in text or any(alias in text for alias in aliases.get(literal, ())) for literal in gate.literals)


def confirms(gate: Gate, module: Module, evaluator: Evaluator, aliases: dict[str, frozenset[str]]) -> bool:
    """Whether the subject really occurs: a call that resolves to the name, a method of that name, an assignment to it."""
    if gate.kind == "call":
        names = called_as(gate, module, aliases)
        return any(last_name(call.func) in names and evaluator.world.qualify(module, call.func) == gate.name for call in module.calls)
    if gate.kind == "method":
        return any(isinstance(call.func, ast.Attribute) and (not gate.name or call.func.attr == gate.name) for call in module.calls)
    if gate.kind == "assign" and (gate.name or gate.target is not None):
        for node in module.parents:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
            for target in targets:
                name = target.id if isinstance(target, ast.Name) else target.attr if isinstance(target, ast.Attribute) else ""
                if name and (gate.target.search(name) if gate.target is not None else name == gate.name):
                    return True
        return False
    return True


def called_as(gate: Gate, module: Module, aliases: dict[str, frozenset[str]]) -> frozenset[str]:
    """The last names a call of the subject may have here: its own, import aliases, and variables that hold it (`send = flask.send_file`)."""
    last = gate.name.rsplit(".", 1)[-1]
    held = re.findall(rf"^[ \t]*(\w+)[ \t]*=[ \t]*(?:\w+\.)*{re.escape(last)}[ \t]*(?:#.*)?$", module.text, re.MULTILINE)
    return frozenset({last, *aliases.get(last, ()), *held})


def last_name(node: ast.expr) -> str:
    """The last part of a dotted name, "" for anything else."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
