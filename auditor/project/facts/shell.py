"""The syntax tree of a shell script (POSIX shell and bash, by tree-sitter)."""

from __future__ import annotations

from functools import cache

import tree_sitter_bash
from tree_sitter import Language, Node, Parser

LONGEST = 200_000
"""Characters of a script that is still looked at."""


@cache
def _parser() -> Parser:
    return Parser(Language(tree_sitter_bash.language()))


def root(data: bytes) -> Node:
    """The program; what cannot be read is an ERROR node in it."""
    return _parser().parse(data).root_node
