"""Shell scripts that start a server: what they end with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import tree_sitter_bash
from tree_sitter import Language, Node, Parser

_PASSED_OVER = frozenset({"comment", "\n", ";"})
_RUNNERS = (("poetry", "run"), ("pipenv", "run"), ("uv", "run"), ("npx",), ("bundle", "exec"), ("time",), ("env",))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """The command a script ends with, its line, and whether it is sent to the background. The words lack their quotes and any runner."""

    words: tuple[str, ...]
    line: int
    background: bool = False


@cache
def _parser() -> Parser:
    return Parser(Language(tree_sitter_bash.language()))


def ending(text: str) -> Ending | None:
    """What a script ends with when that is one plain command, perhaps after `&&`; None when it is a branch, a loop, a pipe, or no shell script."""
    root = _parser().parse(text.encode("utf-8", "surrogatepass")).root_node
    said = [node for node in root.children if node.type not in _PASSED_OVER]
    background = bool(said) and said[-1].type == "&"
    if background:
        said.pop()
    if root.has_error or not said:
        return None
    node: Node | None = said[-1]
    while node is not None and node.type in ("list", "redirected_statement"):
        node = node.named_children[-1] if node.type == "list" else node.child_by_field_name("body")
    if node is None or node.type != "command":
        return None
    words = tuple(_word(child) for child in node.named_children if child.type not in ("variable_assignment", "file_redirect", "comment"))
    runner = next((runner for runner in _RUNNERS if words[: len(runner)] == runner), ())
    return Ending(words=words[len(runner) :], line=node.start_point.row + 1, background=background)


def _word(node: Node) -> str:
    text = (node.text or b"").decode("utf-8", "replace")
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text
