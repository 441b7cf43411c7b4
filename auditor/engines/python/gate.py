"""The cheap questions before matching: do the literals of a pattern occur, and does its subject really occur?"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import lru_cache

from auditor.engines.python.aliases import Aliases
from auditor.errors import CatalogueError
from auditor.model import Clause
from auditor.project.python.evaluate import Evaluator
from auditor.project.python.module import Module

_ASSIGNED = re.compile(r"(?<![\w.])([\w.]+(?:\[[^\]\n]{0,80}\])?)\)?(?=[ \t]*(?::.{0,200}?)?=(?!=))", re.DOTALL)
META = "__metavariable_"
ELLIPSIS = "__ellipsis__"
ANY_STRING = "__any_string__"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What any match of a pattern needs.

    ``kind``: ``call`` (``name`` is the dotted name called), ``method`` (last name called), ``assign`` (last name assigned, "" for any), ``name``
    (dotted name used) or ``sequence`` (no cheap question). ``literals`` all occur in the text as they are written, up to the aliases of those that
    are ``imported``: last parts of names that are looked up through imports. ``roots`` are the packages these come from, with the parts of the
    name below: `("flask", ("send_file",))`.
    """

    source: str
    kind: str
    name: str
    literals: tuple[str, ...]
    imported: tuple[str, ...] = ()
    roots: tuple[tuple[str, tuple[str, ...]], ...] = ()
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
    return Gate(
        source=source,
        kind=kind,
        name=name,
        literals=_literals(tree),
        imported=_imported(tree, kind, name),
        roots=_roots(tree),
        target=_target(tree.body[0], where or {}),
    )


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
            if node not in inner or not _dotted(node) or _dotted(node).startswith("__"):
                found[node.attr] = None
        elif isinstance(node, ast.Name) and node not in inner and not node.id.startswith("__"):
            found[node.id] = None
        elif isinstance(node, ast.keyword) and node.arg and not node.arg.startswith("__"):
            found[node.arg] = None
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and re.fullmatch(r"[\w.:/-]{3,}", node.value):
            found[node.value] = None
    return tuple(name for name in found if name and not name.startswith("__"))


def _roots(tree: ast.AST) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The package and the parts below of every dotted name that starts with a plain one."""
    inner = {node.value for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    names = [_dotted(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node not in inner]
    return tuple(
        dict.fromkeys(
            (root, tuple(rest.split("."))) for name in names if name and not name.startswith("__") for root, _, rest in [name.partition(".")]
        )
    )


def _imported(tree: ast.AST, kind: str, name: str) -> tuple[str, ...]:
    """The literals that may stand under another name: the last parts of dotted names that start with a plain one, and a bare name that is called."""
    found: dict[str, None] = {name: None} if kind == "call" else {}
    for node in ast.walk(tree):
        dotted = _dotted(node) if isinstance(node, ast.Attribute) else ""
        if dotted and not dotted.startswith("__"):
            found[dotted] = None
    return tuple(dict.fromkeys(dotted.rpartition(".")[2] for dotted in found))


@lru_cache(maxsize=4)
def _assigned(text: str) -> tuple[str, ...]:
    """Every text that may be the target of an assignment, and its last part."""
    whole = _ASSIGNED.findall(text)
    return tuple(dict.fromkeys((*whole, *(target.rpartition(".")[2] for target in whole))))


class Held(dict[str, bool]):
    """Which words stand in a text: each is looked for once, however many gates ask."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def __missing__(self, word: str) -> bool:
        """Look for a word."""
        self[word] = found = word in self.text
        return found


def admits(gate: Gate, held: Held, aliases: Aliases) -> bool:
    """Whether every package and every literal (or a name it is re-exported under) stands in the text."""
    for root, parts in gate.roots:
        if not (held[root] or aliases.occur(root, held) or aliases.passed_on(root, parts, held)):
            return False
    for literal in gate.literals:
        if not (held[literal] or aliases.occur(literal, held)):
            return False
    return gate.target is None or any(gate.target.search(name) for name in _assigned(held.text))


def confirms(gate: Gate, module: Module, evaluator: Evaluator, aliases: Aliases) -> bool:
    """Whether the subject really occurs: a call that resolves to the name, a method of that name, an assignment to it."""
    if gate.kind == "call":
        last = gate.name.rpartition(".")[2]
        names = {last, *aliases.names(last)}
        return any(calls(gate, module, evaluator, call) for name in names for call in module.calls_by_name.get(name, ()))
    if gate.kind == "method":
        if not gate.name:
            return bool(module.calls)
        return any(isinstance(call.func, ast.Attribute) for call in module.calls_by_name.get(gate.name, ()))
    if gate.kind == "assign" and (gate.name or gate.target is not None):
        for node in module.parents:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
            if any(_is_target(gate, module, target) for target in targets):
                return True
        return False
    return True


def calls(gate: Gate, module: Module, evaluator: Evaluator, call: ast.Call) -> bool:
    """Whether a call is one of the gate's name; a name without dots is also what it says."""
    if isinstance(call.func, ast.Name) and call.func.id == gate.name:
        return True
    return evaluator.world.qualify(module, call.func) == gate.name


def _is_target(gate: Gate, module: Module, target: ast.expr) -> bool:
    name = last_name(target)
    if gate.target is None:
        return name == gate.name
    return bool((name and gate.target.search(name)) or (not isinstance(target, ast.Name) and gate.target.search(module.source(target))))


def last_name(node: ast.expr) -> str:
    """The last part of a dotted name, "" for anything else."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
