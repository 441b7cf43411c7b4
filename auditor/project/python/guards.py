"""Under which conditions a piece of code runs: development only, production only, as a script, with a variable set."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable

from auditor.project.python.module import Module
from auditor.project.python.values import Guard

_DEVELOPMENT_NAME = re.compile(
    r"(?:^|_|\.)(?:is_?)?(?:debug|dev|develop|development|local|localhost|testing|test|tests)(?:_?(?:mode|env|environment|server))?$", re.IGNORECASE
)
_PRODUCTION_NAME = re.compile(
    r"(?:^|_|\.)(?:is_?)?(?:prod|production|live|deployed|heroku|render|railway)(?:_?(?:mode|env|environment))?$", re.IGNORECASE
)
_DEVELOPMENT_WORD = re.compile(r"^(?:dev|devel|develop|development|debug|local|localhost|test|testing|tests|ci)$", re.IGNORECASE)
_PRODUCTION_WORD = re.compile(r"^(?:prod|production|live|prd)$", re.IGNORECASE)
_MODE_NAME = re.compile(r"(?:env|environment|stage|mode|profile|settings|config|debug|prod|dev)", re.IGNORECASE)
_FALSE_WORD = re.compile(r"^(?:0|false|no|off|)$", re.IGNORECASE)
_TRUE_WORD = re.compile(r"^(?:1|true|yes|on|t|y)$", re.IGNORECASE)

Resolver = Callable[[ast.expr], ast.expr | None]
"""Gives the expression a name stands for, if it has exactly one."""

_OPPOSITE = {
    "development": "production",
    "production": "development",
    "set": "unset",
    "unset": "set",
    "main": "imported",
    "imported": "main",
}


def negate(guard: Guard) -> Guard:
    """The guard that holds where this one does not."""
    return Guard(kind=_OPPOSITE.get(guard.kind, "other"), text=f"not ({guard.text})", name=guard.name)


def classify(test: ast.expr, resolve: Resolver, *, depth: int = 0) -> tuple[Guard, ...]:
    """The guards that hold where ``test`` is true."""
    text = ast.unparse(test) if depth == 0 else ""
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            inner = classify(operand, resolve, depth=depth + 1)
            found = tuple(negate(guard) for guard in inner) if len(inner) == 1 else ()
        case ast.BoolOp(op=ast.And(), values=values):
            found = tuple(guard for value in values for guard in classify(value, resolve, depth=depth + 1))
        case ast.BoolOp(op=ast.Or(), values=values):
            kinds = [classify(value, resolve, depth=depth + 1) for value in values]
            first = kinds[0]
            same = bool(first) and all(kind and kind[0].kind == first[0].kind for kind in kinds)
            found = (Guard(kind=first[0].kind),) if same else ()
        case ast.Compare(left=left, ops=[operator], comparators=[right]):
            found = _comparison(left, operator, right, resolve)
        case _:
            found = _truth(test, resolve, depth)
    if depth:
        return found
    return tuple(Guard(kind=guard.kind, text=text[:80], name=guard.name) for guard in found) or (Guard(kind="other", text=text[:80]),)


def _truth(test: ast.expr, resolve: Resolver, depth: int) -> tuple[Guard, ...]:
    dotted = _dotted(test)
    read = _environment_name(test)
    name = read or dotted
    if isinstance(test, ast.Call) and not read:
        # `config("DEBUG", cast=bool)`, `env.bool("DEBUG")`, `"prod".lower()`: look at the constant or the receiver.
        words = [argument.value for argument in test.args[:1] if isinstance(argument, ast.Constant) and isinstance(argument.value, str)]
        name = words[0] if words else (_dotted(test.func) or "")
        if name and not words and not name.rsplit(".", 1)[-1].lower().startswith(("is_", "in_")):
            name = ""
    if name:
        last = name.rsplit(".", 1)[-1]
        if _PRODUCTION_NAME.search(last):
            return (Guard(kind="production", name=last),)
        if _DEVELOPMENT_NAME.search(last):
            return (Guard(kind="development", name=last),)
    if isinstance(test, ast.Name) and depth < 4:
        value = resolve(test)
        if value is not None:
            inner = classify(value, resolve, depth=depth + 1)
            if inner and inner[0].kind in ("development", "production"):
                return inner
    if name:
        return (Guard(kind="set", name=name),)
    return ()


def _comparison(left: ast.expr, operator: ast.cmpop, right: ast.expr, resolve: Resolver) -> tuple[Guard, ...]:
    if isinstance(left, ast.Constant) and not isinstance(right, ast.Constant):
        if isinstance(operator, ast.In):
            # `"runserver" in sys.argv`, `"localhost" in host`
            word = left.value if isinstance(left.value, str) else ""
            if word in ("runserver", "test", "pytest") or word.startswith("localhost"):
                return (Guard(kind="development"),)
            return ()
        if isinstance(operator, (ast.Eq, ast.NotEq)):
            left, right = right, left
    negative = isinstance(operator, (ast.NotEq, ast.NotIn, ast.IsNot))
    if isinstance(left, ast.Name) and left.id == "__name__":
        return (Guard(kind="imported" if negative else "main"),)
    words = _words(right)
    if words is None:
        return ()
    subject = _environment_name(left) or _subject(left, resolve) or ""
    last = subject.rsplit(".", 1)[-1]
    kind = _mode(last, words)
    if not kind:
        return ()
    guard = Guard(kind=kind, name=last)
    return (negate(guard),) if negative else (guard,)


def _mode(name: str, words: tuple[str, ...]) -> str:
    """What it means that the variable ``name`` has one of the values ``words``."""
    if words in (("None",), ("",)):
        return "unset"
    yes, no = all(_TRUE_WORD.match(word) for word in words), all(_FALSE_WORD.match(word) for word in words)
    if name and _DEVELOPMENT_NAME.search(name) and (yes or no):
        return "development" if yes else "production"
    if name and _PRODUCTION_NAME.search(name) and (yes or no):
        return "production" if yes else "development"
    if not _MODE_NAME.search(name):
        return ""
    if all(_DEVELOPMENT_WORD.match(word) for word in words):
        return "development"
    return "production" if any(_PRODUCTION_WORD.match(word) for word in words) else ""


def _words(node: ast.expr) -> tuple[str, ...] | None:
    match node:
        case ast.Constant(value=value):
            return (str(value),)
        case ast.Tuple(elts=elements) | ast.List(elts=elements) | ast.Set(elts=elements):
            if elements and all(isinstance(element, ast.Constant) for element in elements):
                return tuple(str(element.value) for element in elements if isinstance(element, ast.Constant))
            return None
        case _:
            return None


def _subject(node: ast.expr, resolve: Resolver, depth: int = 0) -> str | None:
    """The name compared: through `.lower()`, `str()`, and a variable bound to an environment read."""
    while isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("lower", "upper", "strip", "casefold", "capitalize"):
            node = node.func.value
        elif isinstance(node.func, ast.Name) and node.func.id in ("str", "bool", "int") and node.args:
            node = node.args[0]
        else:
            break
    read = _environment_name(node)
    if read:
        return read
    if isinstance(node, ast.Name) and depth < 4 and not _MODE_NAME.search(node.id):
        value = resolve(node)
        if value is not None:
            return _subject(value, resolve, depth + 1) or node.id
    return _dotted(node) or (_dotted(node.func) if isinstance(node, ast.Call) else None)


def _dotted(node: ast.AST) -> str | None:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if isinstance(node, ast.Name):
        return ".".join([node.id, *reversed(parts)])
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
        return ".".join([node.slice.value, *reversed(parts)])  # app.config["DEBUG"]
    return ".".join(reversed(parts)) or None


def _environment_name(node: ast.AST) -> str | None:
    """NAME of `os.environ.get("NAME")`, `os.getenv("NAME")`, `environ["NAME"]`, however it is imported."""
    if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str):
        dotted = _dotted(node.func) or ""
        if dotted.endswith(("environ.get", "getenv", "config.get")) or dotted in ("env", "config"):
            return node.args[0].value
        if dotted.startswith("env."):
            return node.args[0].value
    if isinstance(node, ast.Subscript) and (_dotted(node.value) or "").endswith("environ"):
        index = node.slice
        if isinstance(index, ast.Constant) and isinstance(index.value, str):
            return index.value
    return None


def guards_of(module: Module, node: ast.AST, resolve: Resolver) -> tuple[Guard, ...]:
    """Every guard that holds where ``node`` runs, outermost last: `if`, ternary, `and`/`or`, and early exits before it.

    An early exit is an `if` in the same block, before the node, whose body always leaves (raise, return, exit, continue, break).
    """
    found: list[Guard] = []
    for child, parent in module.ancestors(node):
        match parent:
            case ast.If(test=test, body=body, orelse=orelse):
                if _contains(body, child):
                    found += classify(test, resolve)
                elif _contains(orelse, child):
                    found += _else(test, resolve)
            case ast.IfExp(test=test, body=body_expression, orelse=else_expression):
                if child is body_expression:
                    found += classify(test, resolve)
                elif child is else_expression:
                    found += _else(test, resolve)
            case ast.BoolOp(op=ast.And(), values=values):
                for earlier in values:
                    if earlier is child:
                        break
                    found += classify(earlier, resolve)
            case ast.ClassDef(name=name, body=body) if _contains(body, child):
                kind = class_role(name)
                if kind:
                    found.append(Guard(kind=kind, text=f"class {name}", name=name))
            case _:
                pass
        for block in blocks(parent):
            if _contains(block, child):
                for earlier_statement in block:
                    if earlier_statement is child:
                        break
                    if isinstance(earlier_statement, ast.If) and not earlier_statement.orelse and leaves(earlier_statement.body):
                        found += _else(earlier_statement.test, resolve)
        if isinstance(parent, (ast.FunctionDef, ast.AsyncFunctionDef)) and child in parent.body:
            kind = function_role(parent.name)
            if kind:
                found.append(Guard(kind=kind, text=f"def {parent.name}", name=parent.name))
    return tuple(found)


def class_role(name: str) -> str:
    """``development`` for classes such as `DevelopmentConfig` or `TestSettings`, ``production`` for `ProductionConfig`, else ""."""
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)
    if not any(word.lower() in ("config", "settings", "configuration", "conf", "env", "environment") for word in words):
        return ""
    lowered = [word.lower() for word in words]
    if any(word in ("dev", "develop", "development", "debug", "local", "test", "testing", "tests", "ci") for word in lowered):
        return "development"
    return "production" if any(word in ("prod", "production") for word in lowered) else ""


def function_role(name: str) -> str:
    """``development`` for functions that say so: `run_dev`, `start_development_server`."""
    words = name.lower().split("_")
    return "development" if any(word in ("dev", "development", "debug") for word in words) and words[0] in ("run", "start", "serve", "main") else ""


def _else(test: ast.expr, resolve: Resolver) -> list[Guard]:
    positive = classify(test, resolve)
    if len(positive) == 1:
        return [negate(positive[0])]
    return [Guard(kind="other", text=f"not ({ast.unparse(test)[:70]})")]


def _contains(block: list[ast.stmt], child: ast.AST) -> bool:
    return any(statement is child for statement in block)


def blocks(node: ast.AST) -> list[list[ast.stmt]]:
    """The statement lists directly inside ``node``."""
    found = []
    for name in ("body", "orelse", "finalbody"):
        block = getattr(node, name, None)
        if isinstance(block, list) and block and isinstance(block[0], ast.stmt):
            found.append(block)
    return found


def leaves(block: list[ast.stmt]) -> bool:
    """Whether a block always leaves: its last statement raises, returns, exits, continues or breaks."""
    if not block:
        return False
    last = block[-1]
    match last:
        case ast.Raise() | ast.Return() | ast.Continue() | ast.Break():
            return True
        case ast.Expr(value=ast.Call(func=func)):
            return (_dotted(func) or "").rsplit(".", 1)[-1] in ("exit", "_exit", "abort", "quit", "fail")
        case ast.If(body=body, orelse=orelse):
            return leaves(body) and leaves(orelse)
        case _:
            return False
