"""JavaScript and TypeScript as trees: parsing, positions and the few questions every reader of a tree asks."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import PurePosixPath

import tree_sitter_javascript
import tree_sitter_typescript
from tree_sitter import Language, Node, Parser, Tree

from auditor.model import Place, Position, Span

LANGUAGES = frozenset({"astro", "html", "javascript", "svelte", "tsx", "typescript", "vue"})
"""Languages of files that hold JavaScript."""

FUNCTIONS = frozenset(
    {"arrow_function", "function_declaration", "function_expression", "generator_function", "generator_function_declaration", "method_definition"}
)
TRANSPARENT = frozenset(
    {"as_expression", "await_expression", "non_null_expression", "parenthesized_expression", "satisfies_expression", "type_assertion"}
)
"""Wrappers that leave a value as it is."""


@cache
def _parser(language: str) -> Parser:
    if language == "tsx":
        return Parser(Language(tree_sitter_typescript.language_tsx()))
    if language == "typescript":
        return Parser(Language(tree_sitter_typescript.language_typescript()))
    return Parser(Language(tree_sitter_javascript.language()))


class Source:
    """The text of one file and its tree; tree-sitter never refuses a text, it marks what it could not read."""

    def __init__(self, path: PurePosixPath, text: str, language: str) -> None:
        self.path = path
        self.text = text
        self.data = text.encode("utf-8", "surrogatepass")
        self.tree: Tree = _parser(language).parse(self.data)
        self.root: Node = self.tree.root_node
        self._lines: list[bytes] | None = None

    def of(self, node: Node) -> str:
        """The source text of a node."""
        return self.data[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def place(self, node: Node, label: str = "") -> Place:
        """Where a node is, in lines and code points from 1."""
        start, end = node.start_point, node.end_point
        return Place(path=self.path, span=Span(start=self._position(start.row, start.column), end=self._position(end.row, end.column)), label=label)

    def _position(self, row: int, column: int) -> Position:
        if self._lines is None:
            self._lines = self.data.split(b"\n")
        line = self._lines[row] if row < len(self._lines) else b""
        return Position(line=row + 1, column=len(line[:column].decode("utf-8", "replace")) + 1)


def walk(node: Node) -> Iterator[Node]:
    """Every named node below and including ``node``, in source order, without recursion."""
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        stack.extend(reversed(current.named_children))


def parents(node: Node) -> Iterator[Node]:
    """The nodes around ``node``, nearest first."""
    current = node.parent
    while current is not None:
        yield current
        current = current.parent


def bare(node: Node) -> Node:
    """The node without parentheses, `await`, casts and `!`."""
    while node.type in TRANSPARENT:
        inner = node.named_children
        if not inner:
            return node
        # `<T>value` has the type first, `value as T` last.
        node = inner[-1] if node.type == "type_assertion" else inner[0]
    return node


def enclosing_function(node: Node) -> Node | None:
    """The function a node stands in; None at module level."""
    return next((parent for parent in parents(node) if parent.type in FUNCTIONS), None)


def arguments(call: Node) -> list[Node]:
    """The arguments of a call or `new`, comments left out."""
    given = call.child_by_field_name("arguments")
    if given is None or given.type != "arguments":
        return []
    return [child for child in given.named_children if child.type != "comment"]


def same(left: Node | None, right: Node | None) -> bool:
    """Whether two nodes are the same part of the same text."""
    return left is not None and right is not None and left.id == right.id
