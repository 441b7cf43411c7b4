"""YAML read safely, with the line of every key: no tags, no aliases, no duplicate keys, bounded size."""

from __future__ import annotations

from dataclasses import dataclass, field

import yaml

from auditor.catalogue.problems import Problems

MAX_BYTES = 256 * 1024
_TAGS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "timestamp", "map", "seq"))
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A value with its line; ``items`` are the values of a mapping, ``elements`` those of a list."""

    line: int
    value: object = None
    items: dict[str, Node] = field(default_factory=dict)
    elements: tuple[Node, ...] = ()
    kind: str = "scalar"

    def plain(self) -> object:
        """The value as plain Python."""
        if self.kind == "mapping":
            return {key: item.plain() for key, item in self.items.items()}
        if self.kind == "list":
            return [element.plain() for element in self.elements]
        return self.value


def read(text: str, first_line: int, problems: Problems) -> Node | None:
    """The mapping in ``text``; None, with a problem noted, when it is not one.

    Aliases are refused because a few lines of them can stand for gigabytes; tags because they name types to construct.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        problems.add(first_line, "the front matter is larger than 256 KB", "keep an entry to what a person can read")
        return None
    try:
        for event in yaml.parse(text, Loader=_Loader):
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                problems.add(
                    first_line + (event.start_mark.line if event.start_mark else 0), "YAML anchors and aliases are not allowed", "write the value out"
                )
                return None
        root = yaml.compose(text, Loader=_Loader)
        if not isinstance(root, yaml.MappingNode):
            problems.add(first_line, "the front matter is no mapping", "write `key: value` lines")
            return None
        return _node(root, first_line, problems, 0)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problems.add(
            first_line + (mark.line if mark else 0),
            f"this is not valid YAML ({error.problem or error})",
            "quote text that holds `: `, `#`, `{`, `[` or starts with `*`, `&`, `%`, `@`",
        )
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        problems.add(first_line, f"this is not valid YAML ({error})", "write plain `key: value` lines")
    return None


def _node(node: yaml.Node, first_line: int, problems: Problems, depth: int) -> Node:
    line = first_line + node.start_mark.line
    if depth > 30:
        problems.add(line, "the values are nested too deeply", "flatten them")
        return Node(line=line)
    if node.tag not in _TAGS:
        problems.add(line, f"the tag {node.tag} is not allowed", "write a plain value")
        return Node(line=line)
    if isinstance(node, yaml.MappingNode):
        items: dict[str, Node] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                problems.add(first_line + key_node.start_mark.line, "a key is no plain text", "write `key: value`")
                continue
            key = str(key_node.value)
            if key in items:
                problems.add(first_line + key_node.start_mark.line, f"the key `{key}` stands here twice", "keep one of them")
            items[key] = _node(value_node, first_line, problems, depth + 1)
        return Node(line=line, items=items, kind="mapping")
    if isinstance(node, yaml.SequenceNode):
        return Node(line=line, elements=tuple(_node(element, first_line, problems, depth + 1) for element in node.value), kind="list")
    try:
        value = _Loader("").construct_object(node) if not node.tag.endswith(("str", "timestamp")) else node.value
    except (yaml.YAMLError, ValueError):
        value = node.value
    return Node(line=line, value=value)
