"""YAML as nodes with their lines: nothing is constructed, so that no tag and no alias can do any harm."""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from auditor.model import span_of
from auditor.model.place import Span


def root(text: str) -> yaml.Node | None:
    """The document of a text; None for a template, several documents or anything else that is no YAML."""
    try:
        found: yaml.Node | None = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, RecursionError, ValueError):
        return None
    return found


def pairs(node: yaml.Node | None) -> list[tuple[str, yaml.Node]]:
    """The keys and values of a mapping, none for anything else."""
    return [(str(key.value), value) for key, value in node.value] if isinstance(node, yaml.MappingNode) else []


def value(node: yaml.Node | None, *keys: str) -> yaml.Node | None:
    """What stands below a path of keys."""
    for key in keys:
        node = next((inner for name, inner in pairs(node) if name == key), None)
    return node


def items(node: yaml.Node | None) -> list[yaml.Node]:
    """The items of a list, none for anything else."""
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def text_of(node: yaml.Node | None) -> str:
    """The text of a scalar, "" for anything else."""
    return str(node.value) if isinstance(node, yaml.ScalarNode) else ""


def span(node: yaml.Node) -> Span:
    """The first line of a node."""
    return span_of(node.start_mark.line + 1)


def lines(node: yaml.Node | None) -> Iterator[tuple[int, str]]:
    """The lines of a scalar with their numbers in the file; a folded one counts as a single line."""
    if not isinstance(node, yaml.ScalarNode):
        return
    first = node.start_mark.line + 1
    if node.style == "|":
        yield from enumerate(str(node.value).split("\n"), first + 1)
    else:
        yield first, str(node.value).replace("\n", " ")
