"""Reads of environment variables in Python, JavaScript and TypeScript: one fact a read, however the code spells it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from auditor.model import Confidence
from auditor.project.facts.conditions import context_of
from auditor.project.facts.module import Module as ScriptModule
from auditor.project.facts.record import EMPTY, Read, Record
from auditor.project.files import language_of
from auditor.project.python import calls
from auditor.project.python.evaluate import Evaluator
from auditor.project.python.module import Module
from auditor.project.python.settings import lineage
from auditor.project.python.values import EnvRead, Instance, options
from auditor.project.python.world import World

if TYPE_CHECKING:
    from tree_sitter import Node

_NAME = re.compile(r"[A-Z][A-Z0-9_]+")
_SCRIPT_READ = re.compile(r"(?P<object>process\.env|import\.meta\.env)(?:\.(?P<dotted>[A-Z][A-Z0-9_]+)|\[['\"](?P<indexed>[A-Z][A-Z0-9_]+)['\"]\])")
_BUILT_IN = re.compile(r"^(?:VITE|NEXT_PUBLIC|REACT_APP|NUXT_PUBLIC|PUBLIC|VUE_APP|GATSBY|EXPO_PUBLIC)_")
_NARROW = re.compile(r"KeyError|LookupError|UndefinedValueError|ImproperlyConfigured")
_BROAD = re.compile(rf"{_NARROW.pattern}|\bException\b")
_READERS = frozenset(
    {"bool", "bytes", "cache", "cache_url", "date", "datetime", "db", "db_url", "decimal", "dict", "email", "email_url", "enum", "float", "get"}
    | {"get_value", "int", "json", "list", "log_level", "path", "search_url", "str", "time", "timedelta", "tuple", "unicode", "url", "uuid"}
)
"""What the objects that read the environment call it, by the type they make of the text."""
_CASTS = frozenset(
    {"bool", "dict", "float", "int", "json.loads", "list", "pathlib.Path", "set", "str", "tuple", "datetime.timedelta", "decimal.Decimal"}
)


def python_reads(evaluator: Evaluator, path: PurePosixPath) -> tuple[Read, ...]:
    """The reads of one Python module, in order: calls and subscripts, calls of the project's own helpers, fields of settings classes."""
    module = evaluator.world.module(path)
    if module is None:
        return ()
    nodes: list[ast.Call | ast.Subscript] = [*module.calls, *_subscripts(module)]
    found = [read for node in nodes for read in _reads(evaluator, module, node)]
    found += [read for node in module.parents if isinstance(node, ast.ClassDef) for read in _fields(evaluator, module, node)]
    return tuple(sorted(set(found), key=lambda read: (read.place.line, read.place.column, read.name)))


class _Alone:
    """One file as all there is."""

    def __init__(self, path: PurePosixPath, text: str) -> None:
        self.path, self.text = path, text

    def python_paths(self) -> tuple[PurePosixPath, ...]:
        return (self.path,)

    def source(self, path: PurePosixPath) -> str | None:
        return self.text if path == self.path else None


def extract_python(path: PurePosixPath, text: str) -> Record:
    """The reads that a Python module shows by itself. ``open`` says that more may be seen with the whole project at hand."""
    evaluator = Evaluator(World(_Alone(path, text)))
    module = evaluator.world.module(path)
    if module is None:
        return EMPTY  # the engine that examines the file reports it
    return Record(reads=python_reads(evaluator, path), open=_is_open(evaluator, module))


def _is_open(evaluator: Evaluator, module: Module) -> bool:
    """Whether a call may be of a helper, or a class a settings class, that another file defines."""
    for call in module.calls:
        first = call.args[0] if call.args else None
        if isinstance(first, ast.Name) and evaluator.world.qualify(module, call.func) in calls.ENV_GETTERS:
            return True
        if isinstance(first, ast.Constant) and isinstance(first.value, str) and _NAME.fullmatch(first.value):
            if evaluator.world.qualify(module, call.func) not in calls.ENV_GETTERS:
                return True
    return any(
        "Settings" in ast.unparse(base) or "Config" in ast.unparse(base)
        for node in module.parents
        if isinstance(node, ast.ClassDef)
        for base in node.bases
    )


def _subscripts(module: Module) -> Iterator[ast.Subscript]:
    return (node for node in module.parents if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load))


def _reads(evaluator: Evaluator, module: Module, node: ast.Call | ast.Subscript) -> Iterator[Read]:
    """The reads a node is, if it is one by itself and not a value that was read elsewhere; through a helper, one for each of its callers."""
    if isinstance(node, ast.Call) and (read := _by_helper(evaluator, module, node)) is not None:
        yield read
        return
    if isinstance(node, ast.Subscript):
        if evaluator.world.qualify(module, node.value) != "os.environ":
            return
    elif evaluator.world.qualify(module, node.func) not in calls.ENV_GETTERS:
        holder = node.func.value if isinstance(node.func, ast.Attribute) else node.func
        if not node.args or (isinstance(node.func, ast.Attribute) and node.func.attr not in _READERS):
            return
        if not any(
            isinstance(option.value, Instance) and option.value.qualname in calls.ENV_OBJECTS
            for option in options(evaluator.evaluate(module, holder))
        ):
            return
    key = node.slice if isinstance(node, ast.Subscript) else node.args[0] if node.args else None
    if isinstance(key, ast.Name) and module.scope_of(node).lookup(key.id) not in (None, module.root):
        return  # a helper: those who call it say which variable is read
    for option in options(evaluator.evaluate(module, node)):
        value = option.value
        if isinstance(value, EnvRead) and value.name and _NAME.fullmatch(value.name):
            cast = _cast(evaluator, module, node)
            yield Read(
                name=value.name,
                place=module.place(node),
                required=value.required and not _caught(module, node, _BROAD),
                defaulted=value.default is not None or _does_without(module, node),
                cast=cast or ("text" if not value.cast else "parsed"),
                guard=_guard(evaluator, module, node),
                at_import=_at_import(module, node),
            )
            return


def _by_helper(evaluator: Evaluator, module: Module, call: ast.Call) -> Read | None:
    """The read that a call of one of the project's own helpers stands for: `def env(name): return os.environ[name]`."""
    first = call.args[0] if call.args else None
    if not isinstance(first, ast.Constant) or not isinstance(first.value, str) or not _NAME.fullmatch(first.value):
        return None
    name = evaluator.world.qualify(module, call.func)
    definition = evaluator.world.definition(name) if name is not None else None
    if definition is None or not isinstance(definition[1].node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return None
    inner = _helper(evaluator, *definition[:1], definition[1].node)
    if inner is None:
        return None
    return Read(
        name=first.value,
        place=module.place(call),
        required=isinstance(inner, ast.Subscript) and not _does_without(definition[0], inner),
        defaulted=len(call.args) > 1 or bool(call.keywords) or _does_without(definition[0], inner) or _defaults(inner, definition[1].node),
        guard=_guard(evaluator, module, call),
        at_import=_at_import(module, call),
        confidence=Confidence.MEDIUM,
    )


def _helper(evaluator: Evaluator, module: Module, function: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.Call | ast.Subscript | None:
    """The read inside a function whose name is the function's first parameter."""
    parameter = next((argument.arg for argument in function.args.args if argument.arg not in ("self", "cls")), None)
    for node in ast.walk(function):
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Name) and node.slice.id == parameter:
            if evaluator.world.qualify(module, node.value) == "os.environ" and isinstance(node.ctx, ast.Load):
                return node
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Name) and node.args[0].id == parameter:
            if evaluator.world.qualify(module, node.func) in calls.ENV_GETTERS:
                return node
    return None


def _defaults(read: ast.Call | ast.Subscript, function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a helper always has something to give: a default of its own, which is none of its parameters."""
    if isinstance(read, ast.Subscript) or len(read.args) < 2:
        return False
    names = {argument.arg for argument in (*function.args.args, *function.args.kwonlyargs)}
    default = read.args[1]
    return not (isinstance(default, ast.Name) and default.id in names) and not (isinstance(default, ast.Constant) and default.value is None)


def _cast(evaluator: Evaluator, module: Module, node: ast.AST) -> str:
    parent = module.parents.get(node)
    name = evaluator.world.qualify(module, parent.func) if isinstance(parent, ast.Call) and node in parent.args else None
    return name.removeprefix("builtins.") if name is not None and name.removeprefix("builtins.") in _CASTS else ""


def _guard(evaluator: Evaluator, module: Module, node: ast.AST) -> str:
    """Under which known condition a read stands: `development`, `main`, or nothing."""
    return next((guard.kind for guard in evaluator.guards(module, node) if guard.kind in ("development", "main")), "")


def _at_import(module: Module, node: ast.AST) -> bool:
    return not any(isinstance(parent, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)) for _, parent in module.ancestors(node))


def _does_without(module: Module, node: ast.Call | ast.Subscript) -> bool:
    """Whether the code says that the variable may be missing: a default of None, `or`, a test, a comparison, or `pop`."""
    if isinstance(node, ast.Call):
        if any(keyword.arg == "default" for keyword in node.keywords) or (isinstance(node.func, ast.Attribute) and node.func.attr == "pop"):
            return True
    parent = module.parents.get(node)
    if isinstance(parent, ast.BoolOp):
        return parent.values[-1] is not node or isinstance(module.parents.get(parent), (ast.If, ast.IfExp, ast.While))
    return isinstance(parent, (ast.Compare, ast.UnaryOp, ast.If, ast.IfExp, ast.While)) or _caught(module, node, _NARROW)


def _caught(module: Module, node: ast.AST, errors: re.Pattern[str]) -> bool:
    """Whether what a read raises is caught, and the program goes on."""
    for child, parent in module.ancestors(node):
        if isinstance(parent, ast.Try) and child in parent.body:
            for handler in parent.handlers:
                ends = any(isinstance(inner, ast.Raise) for inner in ast.walk(handler)) or "exit" in ast.unparse(handler)
                if errors.search(ast.unparse(handler.type) if handler.type is not None else "Exception") and not ends:
                    return True
    return False


# -- settings classes --------------------------------------------------------------------------------------------------------------


def _fields(evaluator: Evaluator, module: Module, owner: ast.ClassDef) -> Iterator[Read]:
    """The fields of a pydantic settings class as the variables that fill them (https://docs.pydantic.dev/latest/concepts/pydantic_settings/)."""
    classes = lineage(evaluator.world, module, owner)
    if classes is None or any("settings_customise_sources" in ast.unparse(found) for _, found in classes):
        return
    constructed = _constructed_with(evaluator, owner)
    prefix = next((text for _, found in classes if (text := _prefix(found)) is not None), "")
    for statement in owner.body:
        if not isinstance(statement, ast.AnnAssign) or not isinstance(statement.target, ast.Name):
            continue
        name, annotation = statement.target.id, ast.unparse(statement.annotation)
        if name.startswith("_") or name == "model_config" or "ClassVar" in annotation or _is_model(evaluator, module, statement.annotation):
            continue
        alias, has_default = _declared(statement.value)
        has_default = has_default or name in constructed or "**" in constructed
        yield Read(
            name=alias or (prefix + name).upper(),
            place=module.place(statement),
            required=not has_default,
            defaulted=has_default,
            cast=annotation,
            at_import=True,
            declared=True,
            confidence=Confidence.HIGH if alias or not has_default else Confidence.MEDIUM,
        )


def _constructed_with(evaluator: Evaluator, owner: ast.ClassDef) -> frozenset[str]:
    """The fields that the project itself gives when it makes the settings; `**` for those it gives by a dict."""
    found: set[str] = set()
    world = evaluator.world
    for other in world.modules_containing(owner.name):
        for call in other.calls:
            if not call.keywords:
                continue
            name = world.qualify(other, call.func)
            definition = world.definition(name) if name is not None and name.endswith(owner.name) else None
            if definition is not None and definition[1].node is owner:
                found |= {keyword.arg or "**" for keyword in call.keywords}
    return frozenset(found)


def _prefix(owner: ast.ClassDef) -> str | None:
    for node in ast.walk(owner):
        named = node.arg == "env_prefix" if isinstance(node, ast.keyword) else isinstance(node, ast.Assign) and _names(node) == ["env_prefix"]
        value = node.value if named and isinstance(node, (ast.keyword, ast.Assign)) else None
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            return value.value
    return None


def _names(node: ast.Assign) -> list[str]:
    return [target.id for target in node.targets if isinstance(target, ast.Name)]


def _is_model(evaluator: Evaluator, module: Module, annotation: ast.expr) -> bool:
    """Whether a field is of another class of the project: its own fields are the variables."""
    name = evaluator.world.qualify(module, annotation) if isinstance(annotation, (ast.Name, ast.Attribute)) else None
    definition = evaluator.world.definition(name) if name is not None else None
    return definition is not None and isinstance(definition[1].node, ast.ClassDef)


def _declared(value: ast.expr | None) -> tuple[str, bool]:
    """The alias of a field, "" without one, and whether it has a default."""
    if value is None:
        return "", False
    if not isinstance(value, ast.Call) or not ast.unparse(value.func).endswith("Field"):
        return "", True
    given = {keyword.arg: keyword.value for keyword in value.keywords}
    if None in given:
        return "", True
    alias = next((given[key] for key in ("validation_alias", "alias", "env") if key in given), None)
    text = alias.value if isinstance(alias, ast.Constant) and isinstance(alias.value, str) else ""
    first = value.args[0] if value.args else given.get("default")
    missing = first is None or (isinstance(first, ast.Constant) and first.value is Ellipsis)
    # An alias that is no plain text may name several variables: what is missing cannot be told then.
    return text, not missing or "default_factory" in given or (alias is not None and not text)


# -- scripts -----------------------------------------------------------------------------------------------------------------------


def extract_script(path: PurePosixPath, text: str) -> Record:
    """Reads of `process.env` and of `import.meta.env`; which of them the bundler of a front end replaces is for the whole project to say."""
    try:
        module = ScriptModule(path, text, language_of(path) or "javascript")
    except RecursionError:
        return EMPTY
    found = []
    for node in module.nodes:
        matched = _SCRIPT_READ.fullmatch(module.of(node)) if node.type in ("member_expression", "subscript_expression") else None
        if matched is not None and not _is_written(node):
            name = matched["dotted"] or matched["indexed"]
            development = context_of(module, node).development
            found.append(
                Read(
                    name=name,
                    place=module.place(node),
                    defaulted=_script_does_without(module, node) or development,
                    guard="development" if development else "",
                    when="build" if _BUILT_IN.match(name) else "run",
                    through=matched["object"],
                )
            )
    return Record(reads=tuple(found))


def _is_written(node: Node) -> bool:
    parent = node.parent
    return parent is not None and parent.type == "assignment_expression" and parent.child_by_field_name("left") == node


def _script_does_without(module: ScriptModule, node: Node) -> bool:
    """Whether a script says that the variable may be missing: `||`, `??`, a comparison, a test, also behind `Number(…)`."""
    parent = node.parent
    while parent is not None and parent.type in ("arguments", "call_expression", "parenthesized_expression", "unary_expression"):
        node, parent = parent, parent.parent
    if parent is None:
        return False
    if parent.type == "binary_expression":
        operator = parent.child_by_field_name("operator")
        return operator is not None and module.of(operator) in ("||", "??", "===", "!==", "==", "!=")
    return parent.type in ("ternary_expression", "if_statement") and parent.child_by_field_name("condition") == node
