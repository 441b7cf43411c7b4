"""What the project asks of the auditor: `[tool.gotcha-audit]` in pyproject.toml, or a file of its own.

Looked for in the root of the scan alone. Unknown keys are errors: a misspelt option must not be obeyed in silence.
"""

from __future__ import annotations

import difflib
import math
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.errors import ConfigError
from auditor.model import Outcome, Severity

if TYPE_CHECKING:
    import yaml

FILES = ("gotcha-audit.toml", ".gotcha-audit.toml", "gotcha-audit.yaml", "gotcha-audit.yml")
KEYS = (
    "select",
    "ignore",
    "catalogues",
    "baseline",
    "exclude",
    "fail-on",
    "strict",
    "jobs",
    "show",
    "per-path-ignores",
    "max-file-size",
    "file-timeout",
    "validate",
)
_MAX_BYTES = 200_000
_MAX_DEPTH = 20
_MAX_NUMBER = 10**12
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

    ``max_file_size`` is in bytes, ``file_timeout`` in seconds. ``validate`` describes the application to start, in the words of the user; its keys
    are checked by whoever reads it.
    """

    path: Path | None = None
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    catalogues: tuple[Path, ...] = ()
    baseline: Path | None = None
    exclude: tuple[str, ...] = ()
    fail_on: Severity = Severity.WARNING
    strict: bool = False
    jobs: int | None = None
    show: tuple[Outcome, ...] = (Outcome.FAIL,)
    per_path_ignores: tuple[PathIgnore, ...] = ()
    max_file_size: int = 1_000_000
    file_timeout: float = 20.0
    validate: Mapping[str, object] = field(default_factory=dict)


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
    shared = path.name == "pyproject.toml"
    try:
        data = path.read_bytes()
        if shared and b"gotcha-audit" not in data:
            return None  # whatever else is wrong with it is not for us to refuse
        if len(data) > _MAX_BYTES and not shared:
            raise ConfigError(f"{path}: is larger than {_MAX_BYTES:,} bytes, which is no configuration")
        text = data.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    if path.suffix in (".yaml", ".yml"):
        return _yaml(path, text)
    return _toml(path, text)


def _toml(path: Path, text: str) -> Mapping[str, object] | None:
    try:
        data: Mapping[str, object] = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
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

    depth = 0
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent):
                raise ConfigError(f"{path}: YAML aliases are not allowed: write the value out")
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > _MAX_DEPTH:
                raise ConfigError(f"{path}: is nested deeper than {_MAX_DEPTH} levels, which no key needs")
        _assert_keys_once(path, yaml.compose(text, Loader=yaml.SafeLoader))
        data = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigError(f"{path}: this is not valid YAML: {' '.join(str(error).split())}") from error
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise ConfigError(f"{path}: this is no mapping: write `key: value` lines")
    return {str(key): value for key, value in data.items()}


def _assert_keys_once(path: Path, node: yaml.Node | None) -> None:
    """YAML readers let the last of two equal keys win in silence."""
    import yaml  # noqa: PLC0415 - see above

    if isinstance(node, yaml.MappingNode):
        seen: set[object] = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise ConfigError(f"{path}:{key.start_mark.line + 1}: `{key.value}` is there twice: keep one of them")
                seen.add(key.value)
            _assert_keys_once(path, value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _assert_keys_once(path, item)


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
            catalogues=tuple(self.inside("catalogues")),
            baseline=self.file("baseline"),
            exclude=self.strings("exclude"),
            fail_on=Severity(self.word("fail-on", [severity.value for severity in Severity], default.fail_on.value)),
            strict=self.boolean("strict", default=default.strict),
            jobs=self.whole("jobs"),
            show=tuple(Outcome(name) for name in self.strings("show", ("fail", "review", "pass"))) or default.show,
            per_path_ignores=tuple(self.path_ignores()),
            max_file_size=self.whole("max-file-size") or default.max_file_size,
            file_timeout=self.number("file-timeout") or default.file_timeout,
            validate=self.mapping("validate"),
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

    def number(self, key: str) -> float | None:
        value = self.table.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= _MAX_NUMBER or not math.isfinite(value):
            raise self.fail(key, f"is {value!r}", "write a number above 0")
        return float(value)

    def whole(self, key: str) -> int | None:
        value = self.number(key)
        if value is not None and not value.is_integer():
            raise self.fail(key, f"is {value!r}", "write a whole number above 0")
        return None if value is None else int(value)

    def mapping(self, key: str) -> Mapping[str, object]:
        value = self.table.get(key, {})
        if not isinstance(value, dict):
            raise self.fail(key, "is no table", f"write `[tool.gotcha-audit.{key}]`, or `{key}:` with indented lines below")
        level: list[object] = [value]
        for _ in range(_MAX_DEPTH):
            level = [inner for item in level if isinstance(item, (dict, list)) for inner in (item.values() if isinstance(item, dict) else item)]
        if level:
            raise self.fail(key, f"is nested deeper than {_MAX_DEPTH} levels", "no key needs that")
        return {str(name): item for name, item in value.items()}

    def inside(self, key: str) -> Iterator[Path]:
        """Folders of the project: a configuration must not make us read what lies elsewhere."""
        for name in self.strings(key):
            yield self.below(key, name, "holds", "name a folder of the project")

    def file(self, key: str) -> Path | None:
        """A file of the project; whether it is there is for whoever reads it."""
        name = self.table.get(key)
        if name is None:
            return None
        if not isinstance(name, str) or not name:
            raise self.fail(key, f"is {name!r}", f'write `{key} = "a file of the project"`')
        return self.below(key, name, "is", "name a file of the project")

    def below(self, key: str, name: str, verb: str, mend: str) -> Path:
        try:
            target = (self.root / name).resolve()
        except (OSError, ValueError, RuntimeError) as error:
            raise self.fail(key, f"{verb} {name!r}, which is no path", mend) from error
        if not target.is_relative_to(self.root.resolve()):
            raise self.fail(key, f"{verb} {name!r}, which lies outside the project", mend)
        return self.root / name

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
