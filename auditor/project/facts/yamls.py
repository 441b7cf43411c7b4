"""YAML as nodes with lines: values stay the text they were written as, so that `on`, `no`, `3.10` and `22:22` are what people meant.

PyYAML's loaders would make True, False, 3.1 and 1342 of them (YAML 1.1), where compose, Kubernetes and GitHub read YAML 1.2.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

import yaml

from auditor.model import Place, span_of
from auditor.project.facts.record import Fault

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DEEPEST = 500
_BRACKET = re.compile(r"[\[{\]}]")
_INDENTED = re.compile(rf"^[ ?:-]{{{2 * _DEEPEST}}}", re.MULTILINE)


def documents(text: str) -> tuple[yaml.Node, ...] | Fault:
    """The documents of a YAML text; the fault says the parser's reason."""
    if _too_deep(text):  # the C library would take its time, and end the process where its stack does
        return Fault(line=1, message="is nested too deeply")
    try:
        return tuple(yaml.compose_all(text, Loader=_LOADER))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return Fault(line=mark.line + 1 if mark is not None else 1, message=str(error.problem or error.context or "is no YAML"))
    except (yaml.YAMLError, ValueError) as error:
        return Fault(line=1, message=str(error).split("\n")[0])
    except RecursionError:
        return Fault(line=1, message="is nested too deeply")


def _too_deep(text: str) -> bool:
    """Whether a text may be nested deeper than anybody means: brackets left open, or a level for each mark at the start of one line."""
    depth = 0
    if text.count("[") + text.count("{") > _DEEPEST:
        for found in _BRACKET.finditer(text):
            depth = depth + 1 if found.group() in "[{" else max(depth - 1, 0)
            if depth > _DEEPEST:
                return True
    return _INDENTED.search(text) is not None


def pairs(node: yaml.Node | None) -> Iterator[tuple[str, yaml.Node]]:
    """The keys and values of a mapping, those merged by `<<` after its own (https://yaml.org/type/merge.html); nothing for any other node."""
    seen: set[str] = set()
    waiting, known = [node], set()
    while waiting:
        current = waiting.pop(0)
        if isinstance(current, yaml.SequenceNode):
            waiting += current.value
        if not isinstance(current, yaml.MappingNode) or id(current) in known:
            continue
        known.add(id(current))
        for key, value in current.value:
            name = str(key.value)
            if name == "<<":
                waiting.append(value)
            elif name not in seen:
                seen.add(name)
                yield name, value


def get(node: yaml.Node | None, *keys: str) -> yaml.Node | None:
    """The value below ``keys``, None when one of them is not there."""
    for key in keys:
        node = next((value for name, value in pairs(node) if name == key), None)
    return node


def items(node: yaml.Node | None) -> tuple[yaml.Node, ...]:
    """The items of a sequence; nothing for any other node."""
    return tuple(node.value) if isinstance(node, yaml.SequenceNode) else ()


def text_of(node: yaml.Node | None) -> str | None:
    """A scalar as it is written; None for a mapping, a sequence, nothing, or an empty value (null)."""
    if not isinstance(node, yaml.ScalarNode) or (node.style is None and node.value in ("", "~", "null", "Null", "NULL")):
        return None
    return str(node.value)


def is_text(node: yaml.Node | None) -> bool:
    """Whether a scalar is a string in YAML 1.2, as one that is quoted always is."""
    return isinstance(node, yaml.ScalarNode) and (node.style is not None or node.tag == "tag:yaml.org,2002:str")


def place_of(path: PurePosixPath, node: yaml.Node, label: str = "") -> Place:
    """Where a node begins."""
    return Place(path=path, span=span_of(node.start_mark.line + 1), label=label)
