"""Where an expression of JavaScript stands: behind a fallback, in a development branch, in a comparison, in a log line."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tree_sitter import Node

from auditor.project.facts.module import Module
from auditor.project.facts.syntax import FUNCTIONS, bare

_DEVELOPMENT = re.compile(
    r"import\.meta\.env\.DEV\b|__DEV__|\bis_?(?:dev|local)\w*\b|\b(?:dev|development)(?:mode|env)?\b(?!\w)|isDev|isLocal", re.IGNORECASE
)
_PRODUCTION = re.compile(r"import\.meta\.env\.PROD\b|\bis_?prod(?:uction)?\w*\b|\bproduction\b(?!['\"])", re.IGNORECASE)
_MODE_IS = re.compile(
    r"(?:NODE_ENV|\.MODE|\bmode|\benv|APP_ENV|_ENV|environment)\s*(===?|!==?)\s*['\"`](\w+)['\"`]"
    r"|['\"`](\w+)['\"`]\s*(===?|!==?)\s*[\w.]*(?:NODE_ENV|\.MODE|mode|env)",
    re.IGNORECASE,
)
_HOST_IS = re.compile(
    r"(?:host(?:name)?|origin|href)\b[^=!]*(===?|!==?|\.includes\(|\.startsWith\(|\.indexOf\()\s*['\"`](?:https?://)?(?:localhost|127\.)",
    re.IGNORECASE,
)
_HOST_IN = re.compile(
    r"['\"`](?:localhost|127\.0\.0\.1)['\"`][^;]*\]\s*\.(?:includes|indexOf)\(\s*[\w.]*(?:host(?:name)?|origin|href)", re.IGNORECASE
)
_READ = re.compile(
    r"(?:process\.env|import\.meta\.env)(?:\?)?(?:\.\w+|\[[^\]]+\])|\benv\.\w+|\bconfig\.\w+|window\.\w+|\blocation\b|localStorage|globalThis\.\w+"
)
_COMPARING = frozenset({"includes", "startsWith", "endsWith", "indexOf", "match", "test", "replace", "replaceAll", "split", "has", "search"})
_DEVELOPMENT_KEY = re.compile(r"^['\"]?(?:dev|development|local|localhost|test|testing|debug)['\"]?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """``fallback`` is the read that comes first, ``development`` whether a development branch holds the expression."""

    fallback: str | None = None
    development: bool = False
    is_compared: bool = False
    is_logged: bool = False
    is_type: bool = False
    in_list: bool = False
    tests_process: bool = False
    attribute: str = ""


def context_of(module: Module, node: Node) -> Context:
    """The context of ``node``, from the inside out to the module."""
    fallback: str | None = None
    development = compared = logged = typed = listed = tests_process = False
    attribute = ""
    child = node
    crossed = False
    parent = node.parent
    while parent is not None:
        kind = parent.type
        if kind == "binary_expression":
            operator = parent.child_by_field_name("operator")
            symbol = module.of(operator) if operator is not None else ""
            left = parent.child_by_field_name("left")
            if symbol in ("||", "??") and left is not None and left != child:
                read = _READ.search(module.of(left)) or _read_of_name(module, left)
                if read and not crossed:
                    fallback = fallback or (read if isinstance(read, str) else read.group(0))
            elif symbol in ("===", "==", "!==", "!=") and not crossed:
                compared = True
            elif symbol == "&&" and left is not None and left != child:
                development = development or _side(module, left) == "development"
                tests_process = tests_process or "typeof process" in module.of(left)
        elif kind == "ternary_expression":
            condition = parent.child_by_field_name("condition")
            if condition is not None and condition != child:
                positive = parent.child_by_field_name("consequence") == child
                side = _side(module, condition)
                if side:
                    development = development or (side == "development") == positive
                elif not positive and not crossed and (read := _READ.search(module.of(condition)) or _read_of_name(module, condition)):
                    fallback = fallback or (read if isinstance(read, str) else read.group(0))
                tests_process = tests_process or "typeof process" in module.of(condition)
        elif kind == "if_statement":
            condition = parent.child_by_field_name("condition")
            if condition is not None and condition != child:
                positive = parent.child_by_field_name("consequence") == child
                side = _side(module, condition)
                development = development or (bool(side) and (side == "development") == positive)
                tests_process = tests_process or "typeof process" in module.of(condition)
        elif kind == "switch_case":
            value = parent.child_by_field_name("value")
            development = development or (value is not None and bool(_DEVELOPMENT_KEY.match(module.of(value))))
        elif kind == "pair":
            key = parent.child_by_field_name("key")
            if key is not None and parent.child_by_field_name("value") == child and _DEVELOPMENT_KEY.match(module.of(key)):
                development = True
        elif kind == "arguments" and parent.parent is not None:
            function = parent.parent.child_by_field_name("function")
            name = module.of(function) if function is not None else ""
            last = name.rsplit(".", 1)[-1]
            if not crossed:
                compared = compared or last in _COMPARING
                logged = logged or name.startswith("console.") or (last in ("log", "warn", "error", "info", "debug") and "." in name)
        elif kind == "array" and not crossed:
            listed = True
        elif kind in ("literal_type", "type_annotation", "type_alias_declaration", "enum_assignment"):
            typed = True
        elif kind == "jsx_attribute" and not attribute:
            attribute = module.of(parent.named_children[0]) if parent.named_children else ""
        elif kind in ("assignment_pattern", "object_assignment_pattern") and not crossed:
            fallback = fallback or "a default value"
        if kind in FUNCTIONS:
            crossed = True
            listed = False
        if kind in ("statement_block", "program"):
            development = development or _after_exit(module, parent, child)
        child, parent = parent, parent.parent
    return Context(
        fallback=fallback,
        development=development,
        is_compared=compared,
        is_logged=logged,
        is_type=typed,
        in_list=listed,
        tests_process=tests_process,
        attribute=attribute,
    )


def _after_exit(module: Module, block: Node, child: Node) -> bool:
    """Whether an earlier `if (production) return …` in the block leaves only development to what follows."""
    for statement in block.named_children:
        if statement == child:
            return False
        if statement.type == "if_statement" and statement.child_by_field_name("alternative") is None:
            condition, body = statement.child_by_field_name("condition"), statement.child_by_field_name("consequence")
            if (
                condition is not None
                and body is not None
                and re.search(r"\b(?:return|throw)\b", module.of(body))
                and _side(module, condition) == "production"
            ):
                return True
    return False


def _read_of_name(module: Module, node: Node) -> str | None:
    """The environment read a plain name stands for."""
    inner = bare(node)
    if inner.type != "identifier":
        return None
    declaration = module.declaration(inner)
    if declaration is None or declaration.value is None:
        return module.of(inner) if declaration is not None and declaration.kind in ("parameter", "import") else None
    found = _READ.search(module.of(declaration.value))
    return found.group(0) if found else None


def _side(module: Module, condition: Node, depth: int = 0) -> str:
    """``development`` or ``production`` where ``condition`` is true; "" when it says neither."""
    node = bare(condition)
    text = module.of(node)[:2000]  # a condition that matters is short; the expressions below look back and forth in it
    if node.type == "unary_expression" and text.startswith("!"):
        inner = node.child_by_field_name("argument")
        side = _side(module, inner, depth) if inner is not None else ""
        return {"development": "production", "production": "development"}.get(side, "")
    if node.type == "identifier" and depth < 3:
        declaration = module.declaration(node)
        if declaration is not None and declaration.value is not None:
            side = _side(module, declaration.value, depth + 1)
            if side:
                return side
    mode = _MODE_IS.search(text)
    if mode:
        word = (mode.group(2) or mode.group(3)).lower()
        negative = (mode.group(1) or mode.group(4)).startswith("!")
        side = "production" if word in ("production", "prod", "live") else "development" if word in ("development", "dev", "local", "test") else ""
        return {"development": "production", "production": "development"}[side] if side and negative else side
    if _HOST_IN.search(text):
        return "development"
    host = _HOST_IS.search(text)
    if host:
        return "production" if host.group(1).startswith("!") else "development"
    if _PRODUCTION.search(text):
        return "production"
    if _DEVELOPMENT.search(text):
        return "development"
    return ""
