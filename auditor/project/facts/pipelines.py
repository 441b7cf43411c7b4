"""Shell scripts as commands: what is piped, what is forgiven, which variables are set and used (POSIX shell and bash, by tree-sitter)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from tree_sitter import Node

from auditor.project.facts import shell

_EXPRESSION = re.compile(r"\$\{\{.*?\}\}", re.DOTALL)
_HIDDEN = frozenset({"command_substitution", "process_substitution", "function_definition", "test_command", "negated_command"})
"""Where a status is asked for or lost in another way than by the script's own end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """Commands joined by `|`, one alone too: the words of each as a shell would split them, and the line below the start of the script from 0.

    ``forgiven`` are the words after `||` that end the list it stands in, () without; ``asked`` says that its status is a condition.
    """

    parts: tuple[tuple[str, ...], ...]
    line: int
    forgiven: tuple[str, ...] = ()
    asked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """A variable at one place; ``exported`` for an assignment that programs started later see, ``defaulted`` for a use that does without it."""

    name: str
    line: int
    exported: bool = False
    defaulted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What a script runs, sets and uses, in order of lines."""

    pipelines: tuple[Pipeline, ...]
    set: tuple[Name, ...]
    used: tuple[Name, ...]


@lru_cache(maxsize=512)
def read(text: str) -> Script:
    """A script; expressions of GitHub (`${{ … }}`) stand for a word. What cannot be read is left out, and nothing is raised."""
    if len(text) > shell.LONGEST:
        return Script(pipelines=(), set=(), used=())
    plain = _EXPRESSION.sub(lambda match: "X" * len(match[0].encode()), text)
    data = plain.encode("utf-8", "surrogatepass")
    pipelines: list[Pipeline] = []
    assigned: list[Name] = []
    used: list[Name] = []
    waiting: list[tuple[Node, tuple[str, ...], bool]] = [(shell.root(data), (), False)]
    while waiting:
        node, forgiven, asked = waiting.pop()
        line = node.start_point.row
        match node.type:
            case "pipeline" | "command" if parts := _parts(node):
                pipelines.append(Pipeline(parts=parts, line=line, forgiven=forgiven, asked=asked))
            case "redirected_statement" if (body := node.child_by_field_name("body")) is not None and body.type == "command":
                pipelines.append(Pipeline(parts=_parts(body), line=line, forgiven=forgiven, asked=asked))
            case "declaration_command":
                exported = _text(node).startswith(("export", "declare -x"))
                names = [child for child in node.named_children if child.type == "variable_name"]
                assigned += [Name(name=_text(child), line=line, exported=exported) for child in names]
            case "variable_assignment" if node.parent is None or node.parent.type != "command":
                assigned.extend(_assigned(node))
            case "for_statement" if (variable := node.child_by_field_name("variable")) is not None:
                assigned.append(Name(name=_text(variable), line=line))
            case "simple_expansion" | "expansion":
                used.extend(_used(node))
            case _:
                pass
        waiting.extend(reversed(list(_children(node, forgiven, asked))))
    for pipeline in pipelines:
        for part in pipeline.parts:
            if part[:1] == ("read",):
                assigned += [Name(name=word, line=pipeline.line) for word in part[1:] if re.fullmatch(r"[A-Za-z_]\w*", word)]
    return Script(pipelines=tuple(pipelines), set=tuple(assigned), used=tuple(used))


def _children(node: Node, forgiven: tuple[str, ...], asked: bool) -> Iterator[tuple[Node, tuple[str, ...], bool]]:
    """The children with what holds for them: the left side of a list is forgiven by its right one, a condition is asked."""
    if node.type == "list":
        right = node.children[-1]
        either = any(child.type == "||" for child in node.children)
        words = _parts(right)
        for child in node.named_children:
            if child == right:
                yield child, forgiven, asked
            elif either:
                yield child, (words[0] if words else ("",)), asked
            else:
                yield child, forgiven, asked
        return
    condition = node.type in ("if_statement", "while_statement", "elif_clause", "until_statement")
    for child in node.children:
        if child.type in ("then", "do", "do_group"):
            condition = False
        if child.is_named and not (node.type in ("pipeline", "redirected_statement") and child.type in ("command", "redirected_statement")):
            yield child, forgiven, asked or condition or node.type in _HIDDEN
        elif child.is_named:
            # the command itself is part of what was taken already; what is inside its words is not
            yield from ((inner, (), True) for inner in _inside(child))


def _inside(node: Node) -> Iterator[Node]:
    """What stands in the words of a command and in its redirections."""
    for child in node.named_children:
        if child.type in ("command", "redirected_statement"):
            yield from _inside(child)
        else:
            yield child


def _parts(node: Node) -> tuple[tuple[str, ...], ...]:
    """The commands of a pipeline, or the one of a command; () for compound statements."""
    if node.type == "redirected_statement":
        body = node.child_by_field_name("body")
        return _parts(body) if body is not None else ()
    if node.type == "pipeline":
        found = [_parts(child) for child in node.named_children]
        return tuple(part[0] if len(part) == 1 else ("",) for part in found)
    if node.type == "command":
        words = tuple(
            _word(child) for child in node.named_children if child.type not in ("variable_assignment", "file_redirect", "herestring_redirect")
        )
        return (words,) if words else ()
    if node.type in ("declaration_command", "test_command"):
        return (tuple(_text(node).split()),)
    return ()


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")


def _word(node: Node) -> str:
    text = _text(node)
    return text[1:-1] if len(text) > 1 and text[0] in "\"'" and text[-1] == text[0] else text


def _assigned(node: Node) -> Iterator[Name]:
    name = node.child_by_field_name("name")
    parent = node.parent
    exported = parent is not None and parent.type == "declaration_command" and _text(parent).startswith(("export ", "declare -x"))
    if name is not None and name.type == "variable_name":
        yield Name(name=_text(name), line=node.start_point.row, exported=exported)


def _used(node: Node) -> Iterator[Name]:
    name = next((child for child in node.named_children if child.type == "variable_name"), None)
    if name is not None:
        defaulted = node.type == "expansion" and re.match(r"\$\{\w+:?[-=+?]", _text(node)) is not None
        yield Name(name=_text(name), line=node.start_point.row, defaulted=defaulted)
