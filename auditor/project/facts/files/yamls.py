"""YAML as nodes with lines: values stay the text they were written as, so that `on`, `no`, `3.10` and `22:22` are what people meant.

PyYAML's loaders would make True, False, 3.1 and 1342 of them (YAML 1.1), where compose, Kubernetes and GitHub read YAML 1.2.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

import yaml

from auditor.model import Place, Span, span_of
from auditor.project.facts.record import Fault

_DEEPEST = 500
_MOST = 100_000
# The style of a bare scalar is None with the loader written in Python and "" with the one written in C: only its truth is asked for.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def documents(text: str) -> tuple[yaml.Node, ...] | Fault:
    """The documents of a YAML text; the fault says the parser's reason."""
    if _may_be_deep(text) and _is_deep(text):
        return Fault(line=1, message=f"is nested more than {_DEEPEST} levels deep")
    try:
        found = tuple(yaml.compose_all(text, Loader=_LOADER))
        many = "*" in text and sum(_unfolded(node, {}) for node in found) > _MOST
    except RecursionError:
        return Fault(line=1, message="its aliases are nested too deeply")
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return Fault(line=mark.line + 1 if mark is not None else 1, message=str(error.problem or error.context or "is no YAML"))
    except (yaml.YAMLError, ValueError) as error:
        return Fault(line=1, message=str(error).split("\n")[0])
    return Fault(line=1, message=f"its aliases unfold to more than {_MOST:,} values") if many else found


def _unfolded(node: yaml.Node, known: dict[int, int]) -> int:
    """How many values a node stands for once each alias is replaced by what it names; one that names itself counts once."""
    if id(node) not in known:
        known[id(node)] = 1
        if isinstance(node, yaml.MappingNode):
            known[id(node)] = 1 + sum(_unfolded(key, known) + _unfolded(value, known) for key, value in node.value)
        elif isinstance(node, yaml.SequenceNode):
            known[id(node)] = 1 + sum(_unfolded(item, known) for item in node.value)
    return known[id(node)]


def root(text: str) -> yaml.Node | None:
    """The one document of a text; None for several, for none, and for what cannot be read."""
    found = documents(text)
    return found[0] if not isinstance(found, Fault) and len(found) == 1 else None


def _may_be_deep(text: str) -> bool:
    """Whether the text has brackets, dashes or indentation enough for a nesting that the compiled composer, which recurses in C, cannot take."""
    return text.count("[") + text.count("{") > _DEEPEST or any(
        len(line) > _DEEPEST and line[:_DEEPEST].strip(" -?:\t") == "" for line in text.split("\n")
    )


def _is_deep(text: str) -> bool:
    """Whether it is so deep; the events come one by one and need no recursion."""
    depth = 0
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            if depth > _DEEPEST:
                return True
    except (yaml.YAMLError, ValueError):
        return False  # the composer will say why
    return False


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
    if not isinstance(node, yaml.ScalarNode) or (not node.style and node.value in ("", "~", "null", "Null", "NULL")):
        return None
    return str(node.value)


def said(node: yaml.Node | None) -> str:
    """The text of a scalar, "" where `text_of` has none."""
    return text_of(node) or ""


def is_text(node: yaml.Node | None) -> bool:
    """Whether a scalar is a string in YAML 1.2, as one that is quoted always is."""
    return isinstance(node, yaml.ScalarNode) and (bool(node.style) or node.tag == "tag:yaml.org,2002:str")


def lines(node: yaml.Node | None) -> Iterator[tuple[int, str]]:
    """The lines of a scalar with their numbers in the file; a folded one counts as a single line."""
    if not isinstance(node, yaml.ScalarNode):
        return
    first = node.start_mark.line + 1
    if node.style == "|":
        yield from enumerate(str(node.value).split("\n"), first + 1)
    else:
        yield first, str(node.value).replace("\n", " ")


def span(node: yaml.Node) -> Span:
    """The first line of a node."""
    return span_of(node.start_mark.line + 1)


def place_of(path: PurePosixPath, node: yaml.Node, label: str = "") -> Place:
    """Where a node begins."""
    return Place(path=path, span=span_of(node.start_mark.line + 1), label=label)
