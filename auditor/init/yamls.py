"""Additions to YAML files that keep every line that is there: text is inserted, and the result is read again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

from auditor.init.edits import Unsafe

_DASH = re.compile(r" *-(?: +|$)")


class _Tolerant(yaml.SafeLoader):
    """Reads tags it does not know as plain data (`!reference` of GitLab), and constructs nothing else."""


def _any(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> object:
    if isinstance(node, yaml.SequenceNode):
        return (suffix, loader.construct_sequence(node, deep=True))
    if isinstance(node, yaml.MappingNode):
        return (suffix, loader.construct_mapping(node, deep=True))
    return (suffix, node.value)


_Tolerant.add_multi_constructor("!", _any)


def parsed(text: str) -> dict[str, Any]:
    """The mapping that a file holds, empty for an empty file; raises Unsafe for anything else."""
    try:
        data = yaml.load(text, Loader=_Tolerant)  # noqa: S506 (a safe loader, which knows one more kind of plain data)
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        raise Unsafe(f"it is not one valid YAML document: {' '.join(str(error).split())[:200]}") from error
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise Unsafe("it is no mapping")
    return data


def with_item(text: str, key: str, item: str) -> str:
    """``text`` with ``item`` (lines, the first beginning with a dash) as the last of the list at ``key``. Raises Unsafe when that cannot be done."""
    old, added = parsed(text), _list(item)
    root = yaml.compose(text, Loader=_Tolerant)
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    node = next((value for name, value in pairs if isinstance(name, yaml.ScalarNode) and name.value == key), None)
    if not isinstance(node, yaml.SequenceNode) or node.flow_style or not node.value:
        raise Unsafe(f"its `{key}` is no list with a dash before each item")
    lines = text.splitlines(keepends=True)
    column = node.start_mark.column
    if not _DASH.match(lines[node.start_mark.line]) or lines[node.start_mark.line][:column].strip():
        raise Unsafe(f"its `{key}` is written in a way that is left to you")
    end = _last_line(node.value[-1], lines)
    while end + 1 < len(lines) and (found := re.match(r"( *)#", lines[end + 1])) and len(found.group(1)) > column:
        end += 1
    line_end = "\r\n" if "\r\n" in text else "\n"
    if not lines[end].endswith("\n"):
        lines[end] += line_end
    gap = [line_end] if len(node.value) > 1 and _has_gap(node, lines) else []
    indented = [" " * column + line + line_end for line in item.splitlines()]
    new = "".join([*lines[: end + 1], *gap, *indented, *lines[end + 1 :]])
    if parsed(new) != {**old, key: [*old[key], *added]}:
        raise Unsafe(f"an item cannot be added to its `{key}` without changing something else")
    return new


def with_entry(text: str, after: str, entry: str) -> str:
    """Check that ``after`` is ``text`` with the top-level ``entry`` besides, and give it; raises Unsafe."""
    old, new = parsed(text), parsed(after)
    if new != {**old, **parsed(entry)} or set(parsed(entry)) & set(old):
        raise Unsafe("a key cannot be added at its end without changing something else")
    return after


def mentions(data: object, word: str) -> bool:
    """Whether a text anywhere in the data, a key of a mapping included, holds ``word``."""
    if isinstance(data, Mapping):
        return any(mentions(part, word) for pair in data.items() for part in pair)
    if isinstance(data, (list, tuple)):
        return any(mentions(part, word) for part in data)
    return isinstance(data, str) and word in data


def _list(item: str) -> list[Any]:
    data = yaml.safe_load(item)
    assert isinstance(data, list)
    return data


def _last_line(node: yaml.Node, lines: list[str]) -> int:
    """The last line that belongs to a node; that of a block scalar is the last one with text."""
    while isinstance(node, (yaml.SequenceNode, yaml.MappingNode)) and node.value and not node.flow_style:
        last = node.value[-1]
        node = last[1] if isinstance(last, tuple) else last
    mark = node.end_mark
    line = min(mark.line if mark.column else mark.line - 1, len(lines) - 1)
    while line > node.start_mark.line and not lines[line].strip():
        line -= 1
    return int(line)


def _has_gap(node: yaml.SequenceNode, lines: list[str]) -> bool:
    """Whether empty lines stand between the items."""
    return not lines[node.value[-1].start_mark.line - 1].strip()
