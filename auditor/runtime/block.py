"""A table that people wrote, read key by key: every wrong type is an error that names the file, the key and the mend."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from auditor.errors import ConfigError
from auditor.model import Place, span_of
from auditor.runtime import patterns
from auditor.runtime.paths import own_path

MOST_ITEMS = 500
_MAX_BYTES = 5_000_000


@dataclass(slots=True, kw_only=True)
class Source:
    """The file a block comes from. ``strict``: unknown keys and empty texts are errors; otherwise they are kept as ``notes``, or left out."""

    path: Path
    root: Path
    strict: bool = True
    notes: list[str] = field(default_factory=list)
    _lines: list[str] | None = None

    def line(self, key: str) -> int:
        """The line a key stands on, as well as a text search can tell."""
        if self._lines is None:
            try:
                with self.path.open("rb") as file:
                    self._lines = file.read(_MAX_BYTES).decode("utf-8", "replace").split("\n")
            except OSError:
                self._lines = []
        last = "[-_]".join(re.escape(word) for word in re.split("[-_]", key.rsplit(".", 1)[-1].split("[", maxsplit=1)[0]))
        expression = re.compile(rf"""(?:^|[{{,\[.])\s*(?:-\s*)?["']?{last}["']?\s*[\]=:]""")
        return next((number for number, text in enumerate(self._lines, 1) if expression.search(text[:1000])), 1)

    def place(self, key: str) -> Place:
        """Where the key is written."""
        name = self.path.relative_to(self.root).as_posix() if self.path.is_relative_to(self.root) else self.path.name
        return Place(path=PurePosixPath(name), span=span_of(self.line(key)), label=key)

    def error(self, key: str, what: str, mend: str) -> ConfigError:
        """The error that says what is wrong with a key."""
        return ConfigError(f"{self.path}:{self.line(key)}: `{key}` {what}: {mend}")


class Block:
    """One table below ``key``. Names are asked for in kebab-case; snake_case is the same."""

    def __init__(self, source: Source, table: object, key: str) -> None:
        if not isinstance(table, Mapping):
            raise source.error(key, f"is {_kind(table)}, no table", "write keys and values")
        self.source, self.key = source, key
        self.table: dict[str, object] = {}
        for name, value in table.items():
            plain = str(name).replace("_", "-")
            if plain in self.table:
                raise self.fail(plain, "is there twice, in two spellings", "keep one of them")
            if value is None or (value == "" and not source.strict):
                continue
            self.table[plain] = value

    def fail(self, name: str, what: str, mend: str) -> ConfigError:
        """The error that says what is wrong with a key of this table."""
        return self.source.error(f"{self.key}.{name}" if name else self.key, what, mend)

    def known(self, names: Iterable[str]) -> None:
        """Refuse, or note, every other key."""
        names = tuple(names)
        for name in self.table:
            if name in names:
                continue
            if not self.source.strict:
                self.source.notes.append(f"{self.source.path.name}: `{self.key}.{name[:80]}` is not known and was left out")
                continue
            near = difflib.get_close_matches(name, names, n=1)
            raise self.fail(name[:80], "is not known", f"did you mean `{near[0]}`?" if near else f"known keys are {', '.join(names)}")

    def has(self, name: str) -> bool:
        """Whether the key was written."""
        return name in self.table

    def get(self, name: str) -> object:
        """The value as it was written, None when it was not."""
        return self.table.get(name)

    def text(self, name: str) -> str | None:
        """A text, None when it was not written."""
        value = self.get(name)
        if value is None:
            return None
        if not isinstance(value, str) or not value.strip():
            raise self.fail(name, f"is {_kind(value)}", "write a text")
        return value

    def path(self, name: str) -> str | None:
        """A path of the application."""
        value = self.text(name)
        return None if value is None else self.as_path(name, value)

    def as_path(self, name: str, value: str) -> str:
        """``value`` as a path of the application."""
        path, reason = own_path(value)
        if reason:
            raise self.fail(name, f"{reason} ({value[:100]!r})", "write a path such as `/api/items`")
        return path

    def pattern(self, name: str) -> str | None:
        """A regular expression."""
        value = self.text(name)
        return None if value is None else self.as_pattern(name, value)

    def as_pattern(self, name: str, value: str) -> str:
        """``value`` as a regular expression."""
        _, reason = patterns.compiled(value)
        if reason:
            raise self.fail(name, reason, "write a simpler one")
        return value

    def texts(self, name: str) -> tuple[str, ...] | None:
        """A list of texts, or one text."""
        value = self.get(name)
        if value is None:
            return None
        items = [value] if isinstance(value, str) else value
        if not isinstance(items, list) or not all(isinstance(item, str) and item.strip() for item in items):
            raise self.fail(name, "is no list of texts", f'write `{name} = ["…"]`')
        self._few(name, items)
        return tuple(items)

    def items(self, name: str) -> tuple[tuple[str, object], ...] | None:
        """The items of a list with the name of each; one table or text stands for a list of itself."""
        value = self.get(name)
        if value is None:
            return None
        items = [value] if isinstance(value, (str, Mapping)) else value
        if not isinstance(items, list):
            raise self.fail(name, f"is {_kind(value)}", "write a list")
        self._few(name, items)
        return tuple((f"{name}[{number}]", item) for number, item in enumerate(items))

    def _few(self, name: str, items: list[object]) -> None:
        if len(items) > MOST_ITEMS:
            raise self.fail(name, f"has {len(items):,} items", f"at most {MOST_ITEMS} are asked")

    def inner(self, name: str, table: object | None = None) -> Block:
        """The table below the key, or ``table`` as if it stood there."""
        return Block(self.source, self.get(name) if table is None else table, f"{self.key}.{name}")

    def pairs(self, name: str) -> dict[str, str] | None:
        """A table of texts, numbers and booleans, as texts; their keys stay as they are written."""
        value = self.get(name)
        if value is None:
            return None
        if not isinstance(value, Mapping):
            raise self.fail(name, f"is {_kind(value)}", "write a table of names and values")
        found = {}
        for key, item in value.items():
            if not isinstance(key, str) or not key or "\x00" in key or not isinstance(item, (str, int, float)) or "\x00" in str(item):
                raise self.fail(f"{name}.{str(key)[:80]}", f"is {_kind(item)}", "write a text, a number or true/false")
            found[key] = str(item).lower() if isinstance(item, bool) else str(item)
        return found

    def boolean(self, name: str) -> bool | None:
        """A yes or no, None when it was not written."""
        value = self.get(name)
        if value is not None and not isinstance(value, bool):
            raise self.fail(name, f"is {_kind(value)}", "write true or false")
        return value

    def number(self, name: str, *, least: float, most: float) -> float | None:
        """A number within bounds."""
        value = self.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most or not math.isfinite(value):
            shown = f"{value!r:.40}" if isinstance(value, float) else _kind(value)
            raise self.fail(name, f"is {shown}", f"write a number from {least:g} to {most:g}")
        return float(value)

    def whole(self, name: str, *, least: int, most: int) -> int | None:
        """A whole number within bounds."""
        value = self.number(name, least=least, most=most)
        if value is not None and not value.is_integer():
            raise self.fail(name, f"is {value:g}", "write a whole number")
        return None if value is None else int(value)

    def statuses(self, name: str) -> tuple[int, ...]:
        """One status or several, () when none was written."""
        value = self.get(name)
        codes = [] if value is None else value if isinstance(value, list) else [value]
        codes = [int(code) if isinstance(code, str) and re.fullmatch(r"[1-5]\d\d", code) else code for code in codes]
        if not all(isinstance(code, int) and not isinstance(code, bool) and 100 <= code <= 599 for code in codes):
            raise self.fail(name, "is no HTTP status", "write a number such as 200, or a list of them")
        return tuple(codes)


def _kind(value: object) -> str:
    """A value in words; what it says may be secret, so that long texts are never shown."""
    if isinstance(value, str):
        return "a text" if value.strip() else "an empty text"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value) if abs(value) < 10**12 else "a huge number"
    names = {float: "a number", list: "a list", dict: "a table", type(None): "nothing"}
    return names.get(type(value), f"a {type(value).__name__}")
