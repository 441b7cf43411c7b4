"""Shell scripts that start a server: what they end with."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tree_sitter import Node

from auditor.project.facts import shell

_PASSED_OVER = frozenset({"comment", "\n", ";", ";;", "fi"})
_CLAUSES = frozenset({"elif_clause", "else_clause"})
_DEVELOPED = re.compile(r"dev|debug|local|test|watch|reload", re.IGNORECASE)
_PRODUCTION = re.compile(r"prod", re.IGNORECASE)
_NEGATED = re.compile(r"!|-ne\b")
_STATEMENTS = frozenset({"command", "list", "redirected_statement", "if_statement", "case_statement"})
_RUNNERS = (("poetry", "run"), ("pipenv", "run"), ("uv", "run"), ("npx",), ("bundle", "exec"), ("time",), ("env",))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """A command that a script ends with, and its line. The words lack their quotes and any runner."""

    words: tuple[str, ...]
    line: int


def endings(text: str) -> tuple[Ending, ...]:
    """What a script may end with: the last command, or that of each branch of a last `if` or `case`; branches for development are left out.

    Nothing for a script that ends with a loop or a pipe, or is none; a branch that ends so is left out.
    """
    root = shell.root(text.encode("utf-8", "surrogatepass"))
    found: dict[int, Ending] = {}
    waiting = [] if root.has_error else [root]
    while waiting:
        node = waiting.pop()
        if node.type == "command":
            found[node.start_byte] = _ending(node)
        elif node.type == "redirected_statement":
            waiting += [body for body in [node.child_by_field_name("body")] if body is not None]
        elif node.type == "case_statement":
            waiting += [item for item in node.named_children if item.type == "case_item" and not _developed(item, 1)]
        else:
            waiting += _last(node)
    return tuple(found[at] for at in sorted(found))


def _last(node: Node) -> list[Node]:
    """The statements that a program, a list or a branch may end with; an `if` has one and those of its other branches."""
    found: list[Node] = []
    if node.type == "if_statement":
        found += [clause for clause in node.named_children if clause.type == "else_clause" and not _developed(node, 2, otherwise=True)]
        found += [clause for clause in node.named_children if clause.type == "elif_clause" and not _developed(clause, 2)]
        if _developed(node, 2):
            return found
    said = [child for child in node.children if child.type not in _PASSED_OVER | _CLAUSES]
    if said and said[-1].type in _STATEMENTS:
        found.append(said[-1])
    return found


def _developed(node: Node, parts: int, *, otherwise: bool = False) -> bool:
    """Whether the words before a branch say that it is not for production, or that what is done ``otherwise`` is not."""
    condition = " ".join((child.text or b"").decode("utf-8", "replace") for child in node.children[:parts])
    negated = (_NEGATED.search(condition) is not None) != otherwise
    return (_PRODUCTION if negated else _DEVELOPED).search(condition) is not None


def _ending(node: Node) -> Ending:
    words = tuple(_word(child) for child in node.named_children if child.type not in ("variable_assignment", "file_redirect", "comment"))
    runner = next((runner for runner in _RUNNERS if words[: len(runner)] == runner), ())
    return Ending(words=words[len(runner) :], line=node.start_point.row + 1)


def _word(node: Node) -> str:
    text = (node.text or b"").decode("utf-8", "replace")
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text
