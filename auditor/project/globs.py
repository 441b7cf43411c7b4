"""Paths by gitignore's patterns (https://git-scm.com/docs/gitignore), in time that no pattern can run away with.

The patterns come from the tree under examination. A translation of `*a*a*a*b` to one regular expression tries every way to share out a name;
here each `*` takes the nearest match and keeps it, which is enough to decide, and each `**` does the same with folders.
One thing differs from git: a slash inside brackets (`[a/b]`) divides folders, as it does everywhere else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

_POSIX = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "blank": r"\ \t",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": r"\ -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\ \t-\r",
    "upper": "A-Z",
    "xdigit": "0-9A-Fa-f",
}
_NEVER = "(?!)"
_ANY_DEPTH = "**"
_Segment = str | re.Pattern[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    """``parts`` match a path from its start, folder by folder; ``**`` stands for any number of them."""

    parts: tuple[_Segment, ...]
    ignores: bool
    folders_only: bool
    name_only: bool


class Globs:
    """A list of patterns as one decision; the last one that matches decides."""

    __slots__ = ("_rules",)

    def __init__(self, lines: Iterable[str]) -> None:
        self._rules = tuple(rule for line in lines if (rule := _rule(line)) is not None)[::-1]

    def verdict(self, parts: Sequence[str], *, is_folder: bool) -> bool | None:
        """True when the path itself (not a folder above it) is matched, False when a `!` pattern takes it back, None when nothing speaks of it."""
        for rule in self._rules:
            if rule.folders_only and not is_folder:
                continue
            if _matches_one(rule.parts[0], parts[-1]) if rule.name_only else _matches(rule.parts, parts):
                return rule.ignores
        return None

    def match_file(self, path: str) -> bool:
        """Whether a file is matched, by itself or by a folder above it: what lies in a matched folder cannot be taken back."""
        parts = path.split("/")
        return any(self.verdict(parts[:depth], is_folder=True) for depth in range(1, len(parts))) or bool(self.verdict(parts, is_folder=False))


def _rule(line: str) -> _Rule | None:
    text = line.rstrip("\r\n")
    while text.endswith(" ") and not _escaped(text, len(text) - 1):
        text = text[:-1]
    if not text or text.startswith("#"):
        return None
    ignores = not text.startswith("!")
    text = text if ignores else text[1:]
    folders_only = text.endswith("/")
    text = text[:-1] if folders_only else text
    name_only = "/" not in text
    text = text.removeprefix("/")
    if not text:
        return None
    parts: list[_Segment] = []
    for part in text.split("/"):
        if part == _ANY_DEPTH and not name_only:
            if not parts or parts[-1] != _ANY_DEPTH:
                parts.append(_ANY_DEPTH)
        else:
            parts.append(_segment(part))
    return _Rule(parts=tuple(parts), ignores=ignores, folders_only=folders_only, name_only=name_only)


def _escaped(text: str, index: int) -> bool:
    before = text[:index]
    return (len(before) - len(before.rstrip("\\"))) % 2 == 1


@lru_cache(maxsize=1024)
def _segment(text: str) -> _Segment:
    """A pattern for one name: a plain text when it has no wildcard, else a regular expression without choices to go back to."""
    if not any(char in text for char in "*?[\\"):
        return text
    chunks: list[list[str]] = [[]]
    index = 0
    while index < len(text):
        char = text[index]
        index += 1
        if char == "*":
            if chunks[-1] or len(chunks) == 1:
                chunks.append([])
        elif char == "?":
            chunks[-1].append(".")
        elif char == "[":
            item, index = _class(text, index)
            chunks[-1].append(item)
        elif char == "\\":
            # A lone backslash at the end makes a pattern that never matches.
            chunks[-1].append(re.escape(text[index]) if index < len(text) else _NEVER)
            index += 1
        else:
            chunks[-1].append(re.escape(char))
    first, *rest = ["".join(chunk) for chunk in chunks]
    if not rest:
        return re.compile(rf"{first}\Z", re.DOTALL)
    middle = "".join(f"(?>.*?{chunk})" for chunk in rest[:-1])
    return re.compile(rf"{first}{middle}.*{rest[-1]}\Z" if rest[-1] else rf"{first}{middle}", re.DOTALL)


def _class(text: str, index: int) -> tuple[str, int]:
    """The character class that starts after a `[` at ``index``, and where it ends; one that is not closed never matches."""
    negated = text[index : index + 1] in ("!", "^")
    index += negated
    items: list[str] = []
    start = index
    while index < len(text) and (text[index] != "]" or index == start):
        named = re.compile(r"\[:(\w+):\]").match(text, index)
        if named is not None:
            items.append(_POSIX.get(named.group(1), ""))
            index = named.end()
            continue
        low, index = _member(text, index)
        if text[index : index + 1] == "-" and text[index + 1 : index + 2] not in ("]", ""):
            high, index = _member(text, index + 1)
            if low <= high:
                items.append(f"{re.escape(low)}-{re.escape(high)}")
        else:
            items.append(re.escape(low))
    if index >= len(text):
        return _NEVER, index
    body = "".join(items)
    if not body:
        return ("." if negated else _NEVER), index + 1
    return f"[{'^' if negated else ''}{body}]", index + 1


def _member(text: str, index: int) -> tuple[str, int]:
    if text[index] == "\\" and index + 1 < len(text):
        return text[index + 1], index + 2
    return text[index], index + 1


def _matches_one(segment: _Segment, name: str) -> bool:
    return segment == name if isinstance(segment, str) else segment.match(name) is not None


def _matches(pattern: tuple[_Segment, ...], parts: Sequence[str]) -> bool:
    """Folder by folder; on a mismatch the last `**` takes one folder more, and no earlier one has to be tried again."""
    at, here, star, resume = 0, 0, -1, 0
    while here < len(parts):
        if at < len(pattern) and pattern[at] == _ANY_DEPTH:
            if at == len(pattern) - 1:
                return True  # a trailing `/**` is everything inside, and something is left
            star, resume = at, here
            at += 1
        elif at < len(pattern) and _matches_one(pattern[at], parts[here]):
            at += 1
            here += 1
        elif star >= 0:
            resume += 1
            at, here = star + 1, resume
        else:
            return False
    return at == len(pattern)
