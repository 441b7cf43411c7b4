"""JSON as it is written: every value with its place in the text, every mistake with its line and its mend.

The grammar is RFC 8259 with two demands of RFC 7493 (I-JSON): names are unique, strings hold no half characters. The parsers at hand do not
serve: the standard library's gives no places, and tree-sitter-json (0.24) takes ``1E+3`` for an error and comments, form feeds and a
second document for JSON. Strings are decoded by the standard library; only brackets, commas and numbers are looked at here.

Sources: https://www.rfc-editor.org/rfc/rfc8259, https://www.rfc-editor.org/rfc/rfc7493#section-2
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import Literal

from auditor.report.visible import visible

MAX_DEPTH = 100
MAX_PROBLEMS = 20

Kind = Literal["object", "array", "string", "number", "true", "false", "null"]

_SPACE = re.compile(r"[ \t\r\n]*")
_LINE_END = re.compile(r"\r\n|\r|\n")
_COMMENT = re.compile(r"//[^\r\n]*|/\*(?:[^*]|\*(?!/))*(?:\*/)?|#[^\r\n]*")
_STRING = re.compile(r'"[^"\\\r\n]*(?:\\[^\r\n][^"\\\r\n]*)*"')
_PLAIN_STRING = re.compile(r'"([^"\\\x00-\x1f]*)"')
_QUOTED = re.compile(r'"[^"\r\n]{0,30}"?')
_SINGLE = re.compile(r"'[^'\r\n]*'")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_INTEGER = re.compile(r"-?[0-9]{1,4000}")
_WORD = re.compile(r"[\w.+$-]+")
_BEGINNINGS = '"{}[],:-0123456789tfn'
_CONTROL = re.compile(r"[\x00-\x1f]")
_HALF = re.compile(r"[\ud800-\udfff]")
_DECODER = json.JSONDecoder(strict=False)
_CONSTANTS: dict[str, Kind] = {"true": "true", "false": "false", "null": "null"}
_FOREIGN: dict[str, Kind] = {
    "True": "true",
    "TRUE": "true",
    "False": "false",
    "FALSE": "false",
    "None": "null",
    "NULL": "null",
    "undefined": "null",
    "nil": "null",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake: its line, and what is wrong with the mend."""

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class Value:
    """A value between ``start`` and ``end``; ``text`` is the decoded string or the number as it is spelled."""

    kind: Kind
    start: int
    end: int
    text: str = ""
    members: tuple[Member, ...] = ()
    items: tuple[Value, ...] = ()

    def member(self, name: str) -> Member | None:
        """Give the member of this name, or None."""
        return next((member for member in self.members if member.name == name), None)


@dataclass(frozen=True, slots=True)
class Member:
    """One name and its value in an object; the name with its quotes stands between ``start`` and ``end``."""

    name: str
    start: int
    end: int
    value: Value


class Lines:
    """Line numbers, from 1, of positions in a text."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(found.end() for found in _LINE_END.finditer(text))]

    def line(self, at: int) -> int:
        """Give the line in which the character at ``at`` stands."""
        return bisect_right(self._starts, at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A text and the value in it. ``root`` is None when the text is so broken that nothing can be said of it."""

    text: str
    root: Value | None
    problems: tuple[Problem, ...]
    lines: Lines


def read_json(text: str) -> Document:
    """Read a whole JSON text, a byte order mark allowed; every problem is in the answer, nothing is raised."""
    reader = _Reader(text)
    root = reader.document()
    return Document(text=text, root=root, problems=tuple(sorted(reader.problems, key=lambda problem: problem.line)), lines=reader.lines)


def plain(value: Value, *, spelled: bool = False) -> object:
    """Give a value as plain data; with ``spelled`` numbers are tuples of the text they are written as, so that they can be told apart."""
    if value.kind == "object":
        return {member.name: plain(member.value, spelled=spelled) for member in value.members}
    if value.kind == "array":
        return [plain(item, spelled=spelled) for item in value.items]
    if value.kind == "number":
        if spelled:
            return (value.text,)
        return int(value.text) if _INTEGER.fullmatch(value.text) else float(value.text)
    return value.text if value.kind == "string" else {"true": True, "false": False, "null": None}[value.kind]


class _Stop(Exception):  # noqa: N818 - it ends the reading, after the problem was noted
    pass


class _Reader:
    """Reads on behind a mistake whenever it is plain what was meant, so that several are told at once."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.lines = Lines(text)
        self.problems: list[Problem] = []

    def document(self) -> Value | None:
        try:
            at = self._space(1 if self.text.startswith("\ufeff") else 0)
            if at == len(self.text):
                self._stop(0, "is empty: write a JSON object")
            root = self._value(at, 0)
            at = self._space(root.end)
            if at < len(self.text):
                self._note(at, f"{self._seen(at)} follows the end of the document: a file holds one JSON object and nothing else")
        except _Stop:
            return None
        return root

    def _note(self, at: int, message: str) -> None:
        self.problems.append(Problem(line=self.lines.line(at), message=message))
        if len(self.problems) == MAX_PROBLEMS:
            raise _Stop

    def _stop(self, at: int, message: str) -> None:
        self._note(at, message)
        raise _Stop

    def _seen(self, at: int) -> str:
        if at >= len(self.text):
            return "the end of the file"
        found = _WORD.match(self.text, at, at + 40) or _QUOTED.match(self.text, at)
        return visible(found.group() if found else self.text[at])

    def _space(self, at: int) -> int:
        """Where the next thing stands; comments and foreign spaces on the way are noted."""
        while True:
            found = _SPACE.match(self.text, at)
            at = found.end() if found else at
            if self.text[at : at + 1] in _BEGINNINGS:  # the end of the text among them
                return at
            comment = _COMMENT.match(self.text, at)
            if comment:
                self._note(at, "a comment: JSON has none, remove it")
                at = comment.end()
            elif at < len(self.text) and (self.text[at].isspace() or self.text[at] in "\ufeff\u200b"):
                self._note(at, f"U+{ord(self.text[at]):04X} is no space in JSON: remove it")
                at += 1
            else:
                return at

    def _value(self, at: int, depth: int) -> Value:
        if depth > MAX_DEPTH:
            self._stop(at, f"is nested more than {MAX_DEPTH} deep: no plan is")
        first = self.text[at : at + 1]
        if first == "{":
            return self._object(at, depth)
        if first == "[":
            return self._array(at, depth)
        if first in {'"', "'"} and first:
            text, end = self._string(at)
            return Value("string", at, end, text)
        found = _WORD.match(self.text, at)
        if found is None:
            self._stop(at, f"a value is missing before {self._seen(at)}")
            raise AssertionError
        return self._word(found)

    def _word(self, found: re.Match[str]) -> Value:
        word, at, end = found.group(), found.start(), found.end()
        if word in _CONSTANTS:
            return Value(_CONSTANTS[word], at, end)
        if _NUMBER.fullmatch(word):
            return Value("number", at, end, word)
        shown = visible(word[:40])
        if word in _FOREIGN:
            self._note(at, f"{shown} is no JSON: write {_FOREIGN[word]}")
            return Value(_FOREIGN[word], at, end)
        if word.lstrip("+-") in {"NaN", "Infinity", "inf", "nan"}:
            self._note(at, f"{shown} is no JSON number: write null, or the number as text")
            return Value("number", at, end, "0")
        if word[0] in "+-.0123456789":
            self._note(at, f"{shown} is no JSON number: write it without leading zeros or +, with digits on both sides of the point")
            return Value("number", at, end, "0")
        self._note(at, f"{shown} is no JSON value: put text in double quotes")
        return Value("string", at, end, word)

    def _string(self, at: int) -> tuple[str, int]:
        quick = _PLAIN_STRING.match(self.text, at)
        if quick:
            return quick.group(1), quick.end()
        single = _SINGLE.match(self.text, at)
        if single:
            self._note(at, f"{visible(single.group()[:40])}: JSON has double quotes only")
            return single.group()[1:-1], single.end()
        found = _STRING.match(self.text, at)
        if found is None:
            self._stop(at, 'a text is not closed on its line: end it with ", and write \\n for a line end within it')
            raise AssertionError
        control = _CONTROL.search(found.group())
        try:
            text = _DECODER.decode(found.group())
        except json.JSONDecodeError as error:
            where = found.group()[error.pos : error.pos + 2]
            self._note(at, f"{visible(where)} is no escape of JSON: write a backslash as \\\\, a character as \\u and four digits")
            return "", found.end()
        assert isinstance(text, str)
        if control:
            self._note(at, f"a text holds the control character U+{ord(control.group()):04X}: write it as \\u{ord(control.group()):04x}")
        half = _HALF.search(text)
        if half:
            self._note(at, f"\\u{ord(half.group()):04x} is half a character: write both halves, or the character itself")
        return text, found.end()

    def _array(self, start: int, depth: int) -> Value:
        items: list[Value] = []
        at = self._space(start + 1)
        while self.text[at : at + 1] != "]":
            self._unclosed(at, start, "array", "]")
            item = self._value(at, depth + 1)
            items.append(item)
            at = self._next(item.end, "]")
        return Value("array", start, at + 1, items=tuple(items))

    def _object(self, start: int, depth: int) -> Value:
        members: list[Member] = []
        known: dict[str, int] = {}
        at = self._space(start + 1)
        while self.text[at : at + 1] != "}":
            self._unclosed(at, start, "object", "}")
            name, end = self._name(at)
            if name in known:
                self._note(at, f'the key "{visible(name[:40])}" is there twice, first on line {known[name]}: keep one')
            known.setdefault(name, self.lines.line(at))
            colon = self._space(end)
            if self.text[colon : colon + 1] != ":":
                self._stop(colon, f'a colon is missing after "{visible(name[:40])}"')
            value = self._value(self._space(colon + 1), depth + 1)
            members.append(Member(name, at, end, value))
            at = self._next(value.end, "}")
        return Value("object", start, at + 1, members=tuple(members))

    def _name(self, at: int) -> tuple[str, int]:
        if self.text[at] in "\"'":
            return self._string(at)
        found = _WORD.match(self.text, at)
        if found is None:
            self._stop(at, f"a key in double quotes is missing before {self._seen(at)}")
            raise AssertionError
        self._note(at, f"the key {visible(found.group()[:40])} is not in double quotes")
        return found.group(), found.end()

    def _next(self, at: int, close: str) -> int:
        """Behind a member or an item: where the next one, or the closing bracket, stands."""
        at = self._space(at)
        here = self.text[at : at + 1]
        if here == close or not here:
            return at
        if here != ",":
            if here in "}]:" or not (here in "\"'{[" or _WORD.match(here)):
                self._stop(at, f"{self._seen(at)} stands where a comma or {close} must")
            self._note(at, f"a comma is missing before {self._seen(at)}")
            return at
        comma = at
        at = self._space(at + 1)
        if self.text[at : at + 1] == close:
            self._note(comma, f"a comma before {close}: remove it")
        while self.text[at : at + 1] == ",":
            self._note(at, "a comma too many: remove it")
            at = self._space(at + 1)
        return at

    def _unclosed(self, at: int, start: int, what: str, close: str) -> None:
        if at >= len(self.text):
            self._stop(at, f"the {what} that begins on line {self.lines.line(start)} is not closed: add {close}")
