"""What the project asks of the auditor: `[tool.gotcha-audit]` in pyproject.toml, or a file of its own.

Looked for in the root of the scan alone. Unknown keys are errors: a misspelt option must not be obeyed in silence.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from auditor.errors import ConfigError
from auditor.model import Outcome, Severity

FILES = ("gotcha-audit.toml", ".gotcha-audit.toml", "gotcha-audit.yaml", "gotcha-audit.yml")
KEYS = ("select", "ignore", "catalogues", "exclude", "fail-on", "strict", "jobs", "show", "per-path-ignores", "max-file-size", "file-timeout")
IGNORE_KEYS = ("paths", "ids", "reason")


@dataclass(frozen=True, slots=True, kw_only=True)
class PathIgnore:
    """Entries (``ids``, globs) that do not count in ``paths`` (gitignore-style globs), and why."""

    paths: tuple[str, ...]
    ids: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The settings of one project; ``path`` is the file they came from, None when there is none.

    ``max_file_size`` is in bytes, ``file_timeout`` in seconds.
    """

    path: Path | None = None
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    catalogues: tuple[Path, ...] = ()
    exclude: tuple[str, ...] = ()
    fail_on: Severity = Severity.WARNING
    strict: bool = False
    jobs: int | None = None
    show: tuple[Outcome, ...] = (Outcome.FAIL,)
    per_path_ignores: tuple[PathIgnore, ...] = ()
    max_file_size: int = 1_000_000
    file_timeout: float = 20.0


def load_config(root: Path) -> Config:
    """The configuration in ``root``, defaults where it says nothing. Raises ConfigError with file:key and the mend."""
    found = [(path, table) for path in _candidates(root) if (table := _table(path)) is not None]
    if not found:
        return Config()
    if len(found) > 1:
        names = " and ".join(path.name for path, _ in found)
        raise ConfigError(f"{root}: both {names} configure gotcha-audit: keep one of them")
    path, table = found[0]
    return _Reader(path, table, root).config()


def _candidates(root: Path) -> list[Path]:
    return [path for name in ("pyproject.toml", *FILES) if (path := root / name).is_file()]


def _table(path: Path) -> Mapping[str, object] | None:
    """The settings in a file; None for a pyproject.toml without any."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    if path.suffix in (".yaml", ".yml"):
        return _yaml(path, text)
    try:
        data: Mapping[str, object] = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(f"{path}: this is not valid TOML: {error}") from error
    if path.name != "pyproject.toml":
        return data
    tool = data.get("tool")
    table = tool.get("gotcha-audit") if isinstance(tool, dict) else None
    if table is not None and not isinstance(table, dict):
        raise ConfigError(f"{path}: tool.gotcha-audit is no table: write `[tool.gotcha-audit]`")
    return table


def _yaml(path: Path, text: str) -> Mapping[str, object]:
    import yaml  # noqa: PLC0415 - most projects have no YAML configuration

    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.SafeLoader)):
            raise ConfigError(f"{path}: YAML aliases are not allowed: write the value out")
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: this is not valid YAML: {' '.join(str(error).split())}") from error
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise ConfigError(f"{path}: this is no mapping: write `key: value` lines")
    return {str(key): value for key, value in data.items()}


class _Reader:
    """Turns a table into a Config, checking every key and type."""

    def __init__(self, path: Path, table: Mapping[str, object], root: Path) -> None:
        self.path = path
        self.table = table
        self.root = root

    def config(self) -> Config:
        self.known(self.table, KEYS, "")
        default = Config()
        return Config(
            path=self.path,
            select=self.strings("select"),
            ignore=self.strings("ignore"),
            catalogues=tuple(self.root / name for name in self.strings("catalogues")),
            exclude=self.strings("exclude"),
            fail_on=Severity(self.word("fail-on", [severity.value for severity in Severity], default.fail_on.value)),
            strict=self.boolean("strict", default=default.strict),
            jobs=self.number("jobs", None),
            show=tuple(Outcome(name) for name in self.strings("show", ("fail", "review", "pass"))) or default.show,
            per_path_ignores=tuple(self.path_ignores()),
            max_file_size=self.number("max-file-size", default.max_file_size) or default.max_file_size,
            file_timeout=float(self.number("file-timeout", None) or default.file_timeout),
        )

    def fail(self, key: str, what: str, mend: str) -> ConfigError:
        return ConfigError(f"{self.path}:{self.line(key)}: `{key}` {what}: {mend}")

    def line(self, key: str) -> int:
        """The line a key stands on, as well as a text search can tell."""
        last = key.rsplit(".", 1)[-1]
        try:
            lines = self.path.read_text(encoding="utf-8", errors="replace").split("\n")
        except OSError:
            return 1
        expression = re.compile(rf"""^\s*(?:-\s*)?["']?{re.escape(last)}["']?\s*[=:]""")
        return next((number for number, line in enumerate(lines, 1) if expression.match(line)), 1)

    def known(self, table: Mapping[str, object], names: tuple[str, ...], prefix: str) -> None:
        for key in table:
            if key not in names:
                near = difflib.get_close_matches(str(key), names, n=1)
                mend = f"did you mean `{near[0]}`?" if near else f"known keys are {', '.join(names)}"
                raise self.fail(f"{prefix}{key}", "is not known", mend)

    def strings(self, key: str, words: tuple[str, ...] = ()) -> tuple[str, ...]:
        value = self.table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            raise self.fail(key, "is no list of texts", f'write `{key} = ["…"]`')
        for item in value:
            if words and item not in words:
                raise self.fail(key, f"holds {item!r}", f"use {', '.join(words)}")
        return tuple(value)

    def word(self, key: str, words: list[str], default: str) -> str:
        value = self.table.get(key, default)
        if value not in words:
            raise self.fail(key, f"is {value!r}", f"write one of {', '.join(words)}")
        return str(value)

    def boolean(self, key: str, *, default: bool) -> bool:
        value = self.table.get(key, default)
        if not isinstance(value, bool):
            raise self.fail(key, f"is {value!r}", "write true or false")
        return value

    def number(self, key: str, default: int | None) -> int | None:
        value = self.table.get(key, default)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value <= 0:
            raise self.fail(key, f"is {value!r}", "write a number above 0")
        return int(value)

    def path_ignores(self) -> list[PathIgnore]:
        value = self.table.get("per-path-ignores", [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.fail("per-path-ignores", "is no list of tables", "write `[[tool.gotcha-audit.per-path-ignores]]` with paths, ids and reason")
        found = []
        for item in value:
            self.known(item, IGNORE_KEYS, "per-path-ignores.")
            inner = _Reader(self.path, item, self.root)
            reason = item.get("reason")
            if not isinstance(reason, str) or not reason.strip():
                raise self.fail("per-path-ignores", "has no reason", 'add `reason = "why this is fine there"`')
            paths, ids = inner.strings("paths"), inner.strings("ids")
            if not paths or not ids:
                raise self.fail("per-path-ignores", "lacks paths or ids", 'add `paths = ["legacy/**"]` and `ids = ["flask/*"]`')
            found.append(PathIgnore(paths=paths, ids=ids, reason=reason.strip()))
        return found
