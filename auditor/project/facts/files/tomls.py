"""TOML as the nodes that YAML is read into: `tomllib` says what a file means, its text where each key stands (https://toml.io/en/v1.0.0)."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Mapping

import yaml

from auditor.project.facts.record import Fault

_HEADER = re.compile(r"^\s*(\[\[?)([^\[\]]+)\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"""^\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""")
_PART = re.compile(r"""[\w-]+|"[^"]*"|'[^']*'""")
_AT_LINE = re.compile(r"^(.*?) ?\(at line (\d+), column \d+\)$")
_DEEPEST = 100
Path = tuple[str | int, ...]


def document(text: str) -> yaml.Node | Fault:
    """The table that a TOML text is; the fault says the parser's reason."""
    if any(line.partition("=")[0].count(".") > _DEEPEST for line in text.split("\n")):  # tomllib would take its time
        return Fault(line=1, message="is nested too deeply")
    try:
        found = tomllib.loads(text)
        return _node(found, (), _lines(text), 0)
    except tomllib.TOMLDecodeError as error:
        said = _AT_LINE.match(str(error))
        if said is not None:
            return Fault(line=int(said.group(2)), message=said.group(1))
        return Fault(line=text.count("\n") + 1 if "at end of document" in str(error) else 1, message=str(error))
    except RecursionError:
        return Fault(line=1, message="is nested too deeply")
    except ValueError as error:  # a date that no calendar has
        return Fault(line=1, message=str(error))


def _lines(text: str) -> dict[Path, int]:
    """The line of each table and key, from 0; items of an array of tables have their number in the path."""
    found: dict[Path, int] = {}
    counts: Counter[Path] = Counter()
    table: Path = ()
    for number, line in enumerate(text.split("\n")):
        header = _HEADER.match(line)
        if header is not None:
            table = ()
            parts = _parts(header.group(2))
            for part in parts[:-1]:
                table = (*table, part)
                if counts[table]:
                    table = (*table, counts[table] - 1)
            table = (*table, *parts[-1:])
            if header.group(1) == "[[":
                counts[table] += 1
                found.setdefault(table, number)
                table = (*table, counts[table] - 1)
            found.setdefault(table, number)
        elif (key := _KEY.match(line)) is not None:
            found.setdefault((*table, *_parts(key.group(1))), number)
    return found


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in _PART.findall(text))


def _node(value: object, path: Path, lines: Mapping[Path, int], line: int) -> yaml.Node:
    line = lines.get(path, line)
    mark = yaml.Mark("", 0, line, 0, None, 0)
    if isinstance(value, dict):
        pairs: list[tuple[yaml.Node, yaml.Node]] = []
        for key, inner in value.items():
            node = _node(inner, (*path, key), lines, line)
            pairs.append((yaml.ScalarNode("tag:yaml.org,2002:str", key, node.start_mark, node.end_mark, style='"'), node))
        return yaml.MappingNode("tag:yaml.org,2002:map", pairs, mark, mark)
    if isinstance(value, list):
        items = [_node(inner, (*path, number), lines, line) for number, inner in enumerate(value)]
        return yaml.SequenceNode("tag:yaml.org,2002:seq", items, mark, mark)
    if isinstance(value, str):
        return yaml.ScalarNode("tag:yaml.org,2002:str", value, mark, mark, style='"')
    if isinstance(value, bool):
        return yaml.ScalarNode("tag:yaml.org,2002:bool", str(value).lower(), mark, mark)
    return yaml.ScalarNode("tag:yaml.org,2002:float", str(value), mark, mark)
