"""JSON as the nodes that YAML is read into, so that every value knows its line and one reader serves both (https://www.rfc-editor.org/rfc/rfc8259)."""

from __future__ import annotations

import json
from bisect import bisect_right
from itertools import accumulate

import yaml

from auditor.project.facts.record import Fault

_BLANK = " \t\n\r"
_DEEPEST = 100
_DECODER = json.JSONDecoder()


def document(text: str) -> yaml.Node | Fault:
    """The one value of a JSON text; the fault says the parser's reason."""
    text = text.removeprefix("\ufeff")
    try:
        json.loads(text)
        return _Reader(text).value()
    except json.JSONDecodeError as error:
        return Fault(line=error.lineno, message=error.msg)
    except (RecursionError, ValueError) as error:
        return Fault(line=1, message="is nested too deeply" if isinstance(error, RecursionError) else str(error))


class _Reader:
    """Walks over a text that the standard library has found to be JSON."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.starts = list(accumulate((len(line) + 1 for line in text.split("\n")), initial=0))

    def value(self, depth: int = 0) -> yaml.Node:
        if depth > _DEEPEST:
            raise RecursionError
        self._blank()
        mark, first = self._mark(), self.text[self.at]
        if first == '"':
            return yaml.ScalarNode("tag:yaml.org,2002:str", self._string(), mark, mark, style='"')
        if first == "{":
            pairs: list[tuple[yaml.Node, yaml.Node]] = []
            while self._more("}"):
                place = self._mark()
                key = yaml.ScalarNode("tag:yaml.org,2002:str", self._string(), place, place, style='"')
                self._blank()
                self.at += 1  # the colon
                pairs.append((key, self.value(depth + 1)))
            return yaml.MappingNode("tag:yaml.org,2002:map", pairs, mark, mark)
        if first == "[":
            items: list[yaml.Node] = []
            while self._more("]"):
                items.append(self.value(depth + 1))
            return yaml.SequenceNode("tag:yaml.org,2002:seq", items, mark, mark)
        start = self.at
        while self.at < len(self.text) and self.text[self.at] not in ",]}" + _BLANK:
            self.at += 1
        word = self.text[start : self.at]
        kind = "null" if word == "null" else "bool" if word in ("true", "false") else "float"
        return yaml.ScalarNode(f"tag:yaml.org,2002:{kind}", word, mark, mark)

    def _string(self) -> str:
        found, self.at = _DECODER.raw_decode(self.text, self.at)
        return str(found)

    def _more(self, end: str) -> bool:
        """Steps over the opening bracket or a comma; False at the closing bracket, which is stepped over too."""
        self._blank()
        if self.text[self.at] in "{[,":
            self.at += 1
            self._blank()
        if self.text[self.at] == end:
            self.at += 1
            return False
        return True

    def _blank(self) -> None:
        while self.at < len(self.text) and self.text[self.at] in _BLANK:
            self.at += 1

    def _mark(self) -> yaml.Mark:
        line = bisect_right(self.starts, self.at) - 1
        return yaml.Mark("", self.at, line, self.at - self.starts[line], None, 0)
