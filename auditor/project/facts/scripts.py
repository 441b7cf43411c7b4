"""Shell scripts that start a server: what they end with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import tree_sitter_bash
from tree_sitter import Language, Node, Parser

_PASSED_OVER = frozenset({"comment", "\n", ";", ";;", "fi"})
_CLAUSES = frozenset({"elif_clause", "else_clause"})
_HOLDERS = frozenset({"program", "list", "if_statement", "elif_clause", "else_clause", "case_item"})
_STATEMENTS = frozenset({"command", "list", "redirected_statement", "if_statement", "case_statement"})
_RUNNERS = (("poetry", "run"), ("pipenv", "run"), ("uv", "run"), ("npx",), ("bundle", "exec"), ("time",), ("env",))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """A command that a script ends with, and its line. The words lack their quotes and any runner."""

    words: tuple[str, ...]
    line: int


@cache
def _parser() -> Parser:
    return Parser(Language(tree_sitter_bash.language()))


def endings(text: str) -> tuple[Ending, ...]:
    """What a script may end with: the last command, or that of each branch of a last `if` or `case`.

    Nothing for a script that ends with a loop or a pipe, or is none; a branch that ends so is left out.
    """
    root = _parser().parse(text.encode("utf-8", "surrogatepass")).root_node
    if root.has_error:
        return ()
    found: list[Ending] = []
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node.type == "if_statement":
            waiting += [child for child in node.named_children if child.type in _CLAUSES]
        elif node.type == "case_statement":
            waiting += [child for child in node.named_children if child.type == "case_item"]
            continue
        elif node.type == "redirected_statement":
            waiting += [body for body in [node.child_by_field_name("body")] if body is not None]
            continue
        elif node.type == "command":
            found.append(_ending(node))
            continue
        said = [child for child in node.children if child.type not in _PASSED_OVER | _CLAUSES]
        background = bool(said) and said[-1].type == "&"
        if background:
            said.pop()
        if node.type in _HOLDERS and said and said[-1].type in _STATEMENTS:
            if background:
                continue
            waiting.append(said[-1])
    return tuple(sorted(found, key=lambda end: end.line))


def _ending(node: Node) -> Ending:
    words = tuple(_word(child) for child in node.named_children if child.type not in ("variable_assignment", "file_redirect", "comment"))
    runner = next((runner for runner in _RUNNERS if words[: len(runner)] == runner), ())
    return Ending(words=words[len(runner) :], line=node.start_point.row + 1)


def _word(node: Node) -> str:
    text = (node.text or b"").decode("utf-8", "replace")
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text
