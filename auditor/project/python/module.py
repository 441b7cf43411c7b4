"""One parsed Python file: its tree, parents, scopes and the bindings of every name."""

from __future__ import annotations

import ast
import re
import warnings
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath

from auditor.model import Place, Position, Span

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
ScopeNode = ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """One place where a name gets a value.

    ``kind`` is ``assign``, ``augment``, ``import``, ``parameter``, ``function``, ``class``, ``loop``, ``unpack``, ``with``, ``delete``
    or ``other``. ``value`` is the expression bound, where there is one. For ``unpack`` it is the whole right-hand side and
    ``index`` the position of the name in the target. For ``import``, ``target`` is the absolute or relative dotted name.
    """

    name: str
    kind: str
    node: ast.AST
    value: ast.expr | None = None
    index: int = -1
    target: str = ""
    line: int = 0


@dataclass(slots=True, eq=False)
class Scope:
    """A module, function, lambda or class body, and the names bound in it."""

    node: ScopeNode
    parent: Scope | None
    bindings: dict[str, list[Binding]] = field(default_factory=lambda: defaultdict(list))
    globals: set[str] = field(default_factory=set)

    @property
    def is_function(self) -> bool:
        """Whether the body runs later than the statement that defines it."""
        return isinstance(self.node, FunctionNode)

    def lookup(self, name: str) -> Scope | None:
        """The scope that binds ``name`` as seen from here (LEGB without builtins), or None."""
        scope: Scope | None = self
        first = True
        while scope is not None:
            # A class body is invisible from functions defined inside it.
            visible = first or not isinstance(scope.node, ast.ClassDef)
            if visible and name in scope.bindings and name not in scope.globals:
                return scope
            scope, first = scope.parent, False
        return None


_BARE_EXCEPT = re.compile(r"^([ \t]*except[ \t]+)([\w.]+(?:[ \t]*,[ \t]*[\w.]+)+)([ \t]*:)", re.MULTILINE)


def parse(text: str) -> tuple[ast.Module, str]:
    """The tree of a Python source, and the text it stands for. Raises SyntaxError, ValueError, RecursionError or MemoryError as `ast.parse` does.

    Python 3.14 allows `except A, B:` (https://peps.python.org/pep-0758/); an older interpreter is shown the same with parentheses, so that the
    project need not be as old as the Python that examines it. What the compiler warns of is no matter of the scan.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text), text
        except SyntaxError as error:
            if "parenthesized" not in (error.msg or ""):
                raise
        mended = _BARE_EXCEPT.sub(r"\1(\2)\3", text)
        return ast.parse(mended), mended


class Module:
    """A parsed file. Raises what `parse` does."""

    def __init__(self, path: PurePosixPath, text: str, tree: ast.Module | None = None) -> None:
        self.path = path
        self.tree, self.text = parse(text) if tree is None else (tree, text)
        self.lines = self.text.split("\n")
        self.parents: dict[ast.AST, ast.AST] = {}
        self.scopes: dict[ast.AST, Scope] = {}
        self.calls: list[ast.Call] = []
        self._set_on_self: dict[ast.ClassDef, dict[str, ast.Assign]] = {}
        self.root = Scope(self.tree, None)
        self.scopes[self.tree] = self.root
        self._walk(self.tree, self.root)

    # -- reading ---------------------------------------------------------------------------------------------------------------

    @cached_property
    def calls_by_name(self) -> dict[str, list[ast.Call]]:
        """The calls by the last name of what is called; those of anything else under ""."""
        found: dict[str, list[ast.Call]] = {}
        for call in self.calls:
            func = call.func
            found.setdefault(func.id if isinstance(func, ast.Name) else func.attr if isinstance(func, ast.Attribute) else "", []).append(call)
        return found

    def set_on_self(self, node: ast.ClassDef) -> dict[str, ast.Assign]:
        """Attribute -> the first `self.attribute = …` in the methods of a class."""
        if node not in self._set_on_self:
            found = self._set_on_self[node] = {}
            for method in node.body:
                if isinstance(method, ast.FunctionDef):
                    for inner in ast.walk(method):
                        match inner:
                            case ast.Assign(targets=[ast.Attribute(value=ast.Name(id="self"), attr=name)]):
                                found.setdefault(name, inner)
                            case _:
                                pass
        return self._set_on_self[node]

    def scope_of(self, node: ast.AST) -> Scope:
        """The innermost scope that ``node`` is evaluated in."""
        child: ast.AST = node
        current: ast.AST | None = self.parents.get(node)
        while current is not None:
            scope = self.scopes.get(current)
            if scope is not None and _inside_body(current, child):
                return scope
            child, current = current, self.parents.get(current)
        return self.root

    def statement_of(self, node: ast.AST) -> ast.stmt | None:
        """The innermost statement that holds ``node``."""
        current: ast.AST | None = node
        while current is not None and not isinstance(current, ast.stmt):
            current = self.parents.get(current)
        return current

    def ancestors(self, node: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
        """(child, parent) pairs from ``node`` up to the module."""
        child = node
        parent = self.parents.get(child)
        while parent is not None:
            yield child, parent
            child, parent = parent, self.parents.get(parent)

    def place(self, node: ast.AST, label: str = "") -> Place:
        """Where ``node`` stands; columns count code points."""
        return Place(path=self.path, span=self.span(node), label=label)

    def span(self, node: ast.AST) -> Span | None:
        """The span of ``node``, or None for nodes without a position."""
        line = getattr(node, "lineno", None)
        if line is None:
            return None
        end_line = getattr(node, "end_lineno", None) or line
        end_byte = getattr(node, "end_col_offset", None) or 0
        return Span(start=self.position(line, node.col_offset), end=self.position(end_line, end_byte))  # type: ignore[attr-defined]

    def position(self, line: int, byte: int) -> Position:
        """A position from `ast`'s line and UTF-8 byte offset."""
        text = self.lines[line - 1] if 0 < line <= len(self.lines) else ""
        column = byte if text.isascii() else len(text.encode("utf-8", "surrogatepass")[:byte].decode("utf-8", "replace"))
        return Position(line=line, column=column + 1)

    def source(self, node: ast.AST) -> str:
        """The source text of ``node``, as written."""
        line, end = getattr(node, "lineno", 0), getattr(node, "end_lineno", None) or 0
        if not 0 < line <= end <= len(self.lines):
            return ast.unparse(node)
        lines = self.lines[line - 1 : end]
        # Cut the end first: on a single line both offsets count from its start.
        lines[-1] = lines[-1].encode("utf-8", "surrogatepass")[: node.end_col_offset].decode("utf-8", "replace")  # type: ignore[attr-defined]
        lines[0] = lines[0].encode("utf-8", "surrogatepass")[node.col_offset :].decode("utf-8", "replace")  # type: ignore[attr-defined]
        return "\n".join(lines) or ast.unparse(node)

    # -- building --------------------------------------------------------------------------------------------------------------

    def _walk(self, top: ast.AST, top_scope: Scope) -> None:
        """One iterative pass: parents, scopes, bindings, calls. No recursion, so depth of nesting does not matter."""
        stack: list[tuple[ast.AST, Scope]] = [(top, top_scope)]
        while stack:
            node, scope = stack.pop()
            kind = type(node)
            if kind in _BINDING:
                self._bind(node, scope)
            elif kind is ast.Call:
                self.calls.append(node)  # type: ignore[arg-type]
            inner = scope
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
                inner = Scope(node, scope)
                self.scopes[node] = inner
                if not isinstance(node, ast.ClassDef):
                    _bind_parameters(node, inner)
            children = _children(node, kind)
            children.reverse()
            for child in children:
                self.parents[child] = node
                stack.append((child, inner if inner is scope or _inside_body(node, child) else scope))
        self.calls.sort(key=lambda call: (call.lineno, call.col_offset, -(call.end_lineno or 0), -(call.end_col_offset or 0)))
        for found in self.scopes.values():
            for bindings in found.bindings.values():
                bindings.sort(key=lambda binding: binding.line)

    def _bind(self, node: ast.AST, scope: Scope) -> None:
        match node:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    _bind_target(target, value, node, scope)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                _bind_target(target, value, node, scope)
            case ast.NamedExpr(target=target, value=value):
                owner = scope
                _add(owner, Binding(name=target.id, kind="assign", node=node, value=value, line=node.lineno))
            case ast.AugAssign(target=ast.Name(id=name), value=value):
                _add(scope, Binding(name=name, kind="augment", node=node, value=value, line=node.lineno))
            case ast.Import(names=names):
                for alias in names:
                    local = alias.asname or alias.name.split(".")[0]
                    target_name = alias.name if alias.asname else local
                    _add(scope, Binding(name=local, kind="import", node=node, target=target_name, line=node.lineno))
            case ast.ImportFrom(module=module, names=names, level=level):
                prefix = "." * level + (module or "")
                for alias in names:
                    dotted = prefix + ("" if prefix.endswith(".") or not prefix else ".") + alias.name
                    kind = "import" if alias.name != "*" else "star"
                    _add(scope, Binding(name=alias.asname or alias.name, kind=kind, node=node, target=dotted, line=node.lineno))
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                _add(scope, Binding(name=name, kind="function", node=node, line=node.lineno))
            case ast.ClassDef(name=name):
                _add(scope, Binding(name=name, kind="class", node=node, line=node.lineno))
            case ast.For(target=target, iter=value) | ast.AsyncFor(target=target, iter=value):
                _bind_names(target, "loop", node, value, scope)
            case ast.comprehension(target=target, iter=value):
                _bind_names(target, "loop", node, value, scope)
            case ast.With(items=items) | ast.AsyncWith(items=items):
                for item in items:
                    if item.optional_vars is not None:
                        _bind_names(item.optional_vars, "with", node, item.context_expr, scope)
            case ast.ExceptHandler(name=str() as name):
                _add(scope, Binding(name=name, kind="other", node=node, line=node.lineno))
            case ast.Global(names=global_names):
                scope.globals.update(global_names)
            case ast.Delete(targets=targets):
                for target in targets:
                    if isinstance(target, ast.Name):
                        _add(scope, Binding(name=target.id, kind="delete", node=node, line=node.lineno))
            case _:
                pass


_BINDING = frozenset(
    {
        *(ast.Assign, ast.AnnAssign, ast.NamedExpr, ast.AugAssign, ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef),
        *(ast.For, ast.AsyncFor, ast.comprehension, ast.With, ast.AsyncWith, ast.ExceptHandler, ast.Global, ast.Delete),
    }
)
"""The nodes that give names to things: one in eight."""

_LEAVES = frozenset({"ctx", "op", "ops", "id", "attr", "arg", "name", "names", "module", "level", "kind", "type_comment", "conversion", "simple"})
"""Fields that hold no node with a place of its own. `value` may be one; of a constant it is none, as the type of what is found there tells."""

_FIELDS: dict[type[ast.AST], tuple[str, ...]] = {}


def _children(node: ast.AST, kind: type[ast.AST]) -> list[ast.AST]:
    """What stands below a node, in order. Signs such as `+` and `Load`, which all nodes share, are left out."""
    names = _FIELDS.get(kind)
    if names is None:
        keeps = kind in (ast.Import, ast.ImportFrom)  # their names are nodes
        names = _FIELDS[kind] = tuple(name for name in kind._fields if name not in _LEAVES or (keeps and name == "names"))
    found: list[ast.AST] = []
    for name in names:
        value = getattr(node, name, None)
        if type(value) is list:
            found += [item for item in value if isinstance(item, ast.AST)]
        elif isinstance(value, ast.AST):
            found.append(value)
    return found


def _inside_body(node: ast.AST, child: ast.AST) -> bool:
    """Whether ``child`` is evaluated inside the scope that ``node`` opens: decorators, defaults and bases are not."""
    if isinstance(node, ast.Lambda):
        return child is node.body
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return child in node.body
    return True


def _add(scope: Scope, binding: Binding) -> None:
    owner = scope
    if binding.name in scope.globals:
        while owner.parent is not None:
            owner = owner.parent
    owner.bindings[binding.name].append(binding)


def _bind_target(target: ast.expr, value: ast.expr, node: ast.stmt, scope: Scope) -> None:
    match target:
        case ast.Name(id=name):
            _add(scope, Binding(name=name, kind="assign", node=node, value=value, line=node.lineno))
        case ast.Tuple(elts=elements) | ast.List(elts=elements):
            starred = any(isinstance(element, ast.Starred) for element in elements)
            for index, element in enumerate(elements):
                inner = element.value if isinstance(element, ast.Starred) else element
                if isinstance(inner, ast.Name):
                    where = -1 if starred else index
                    _add(scope, Binding(name=inner.id, kind="unpack", node=node, value=value, index=where, line=node.lineno))
        case _:
            pass


def _bind_names(target: ast.expr, kind: str, node: ast.AST, value: ast.expr, scope: Scope) -> None:
    line = getattr(node, "lineno", value.lineno)
    for inner in ast.walk(target):
        if isinstance(inner, ast.Name):
            _add(scope, Binding(name=inner.id, kind=kind, node=node, value=value, line=line))


def _bind_parameters(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, scope: Scope) -> None:
    arguments = node.args
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults: dict[str, ast.expr] = {}
    for argument, default in zip(reversed(positional), reversed(arguments.defaults), strict=False):
        defaults[argument.arg] = default
    for argument, keyword_default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if keyword_default is not None:
            defaults[argument.arg] = keyword_default
    every = [*positional, *arguments.kwonlyargs, *(a for a in (arguments.vararg, arguments.kwarg) if a is not None)]
    for argument in every:
        binding = Binding(name=argument.arg, kind="parameter", node=argument, value=defaults.get(argument.arg), line=argument.lineno)
        scope.bindings[argument.arg].append(binding)
