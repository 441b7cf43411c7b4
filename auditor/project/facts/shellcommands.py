"""Shell scripts: the commands they run, and under which conditions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tree_sitter import Node

from auditor.project.facts import shell

_CONDITIONS = frozenset({"if_statement", "elif_clause", "else_clause", "case_item", "while_statement", "for_statement", "c_style_for_statement"})
_DEVELOPMENT = re.compile(r"\b(?:dev|develop|development|local|debug|test|testing)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptCommand:
    """One simple command as written, with its line; ``certain`` when it runs whenever the script does, ``forwards`` when it is `"$@"`."""

    text: str
    line: int
    certain: bool
    forwards: bool = False
    replaces: bool = False


def commands(text: str) -> tuple[ScriptCommand, ...]:
    """The commands of a script in order; those of branches for development and of functions that are never called are left out."""
    if len(text) > shell.LONGEST:
        return ()
    data = text.encode("utf-8", "surrogatepass")
    root = shell.root(data)
    called = {_text(node, data) for node in _named(root, "command_name")}
    return tuple(_commands(root, data, called))


def _commands(root: Node, data: bytes, called: set[str]) -> Iterator[ScriptCommand]:
    waiting = [(root, True)]
    while waiting:
        node, certain = waiting.pop()
        if node.type == "command":
            yield _command(node, data, certain=certain)
            continue
        if node.type == "function_definition":
            name = node.child_by_field_name("name")
            if name is None or _text(name, data) not in called:
                continue
        if node.type in ("if_statement", "case_item") and _for_development(node, data):
            continue
        certain = certain and node.type not in _CONDITIONS
        waiting += [(child, certain) for child in reversed(node.named_children)]


def _command(node: Node, data: bytes, *, certain: bool) -> ScriptCommand:
    text = _text(node, data)
    replaces = text.startswith("exec ")
    plain = text.removeprefix("exec ").strip()
    return ScriptCommand(
        text=re.sub(r"\\\n\s*", " ", plain),
        line=node.start_point.row + 1,
        certain=certain,
        forwards=plain in ('"$@"', "$@", '"${@}"', "$*"),
        replaces=replaces,
    )


def _for_development(node: Node, data: bytes) -> bool:
    """Whether a branch is taken in development: the pattern of a case, or a plain comparison of an `if` without `else`."""
    if node.type == "case_item":
        value = node.child_by_field_name("value")
        return value is not None and _DEVELOPMENT.search(_text(value, data)) is not None
    condition = node.child_by_field_name("condition")
    if condition is None or any(child.type in ("else_clause", "elif_clause") for child in node.children):
        return False
    said = _text(condition, data)
    return "!=" not in said and "!" not in said.split() and _DEVELOPMENT.search(said) is not None


def _named(root: Node, kind: str) -> Iterator[Node]:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node.type == kind:
            yield node
        waiting += node.named_children


def _text(node: Node, data: bytes) -> str:
    return data[node.start_byte : node.end_byte].decode("utf-8", "replace")
