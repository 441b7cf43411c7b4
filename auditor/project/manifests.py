"""What the manifests of a project declare: package.json, requirements, pyproject.toml, Pipfile, setup.cfg, setup.py, environment.yml."""

from __future__ import annotations

import ast
import configparser
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as PackageRequirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from auditor.project.python.module import parse


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageJson:
    """A parsed package.json; ``dir`` is its directory below the root."""

    dir: PurePosixPath
    data: Mapping[str, object]
    dependencies: Mapping[str, str]
    dev_dependencies: Mapping[str, str]
    scripts: Mapping[str, str]
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """One dependency a Python manifest names: canonical name, exact version where it is pinned, and the line."""

    name: str
    version: str
    line: int


def _strings(value: object) -> dict[str, str]:
    return {str(key): item for key, item in value.items() if isinstance(item, str)} if isinstance(value, dict) else {}


def parse_package_json(text: str, directory: PurePosixPath) -> PackageJson:
    """A package.json; raises ValueError when it is no JSON object."""
    data = json.loads(text)
    if not isinstance(data, dict):
        raise ValueError("is no JSON object")  # noqa: TRY004 - callers treat it as any other malformed manifest
    kind = data.get("type")
    return PackageJson(
        dir=directory,
        data=data,
        dependencies=_strings(data.get("dependencies")),
        dev_dependencies=_strings(data.get("devDependencies")),
        scripts=_strings(data.get("scripts")),
        type=kind if isinstance(kind, str) else "commonjs",
    )


_NAME = re.compile(r"[A-Za-z0-9](?:[\w.\-]*[A-Za-z0-9])?")


def npm_version(text: str) -> str:
    """The least version an npm range allows (`^5.1.0` -> 5.1.0), "" when it names none."""
    found = re.search(r"\d+(?:\.\d+){0,2}", text)
    return found.group(0) if found and not text.startswith(("file:", "git", "http", "link:")) else ""


def manifest_trouble(path: PurePosixPath, text: str) -> str:
    """Why a package.json or pyproject.toml cannot be read, "" when it can: what it declares would otherwise be missed in silence."""
    try:
        if path.name == "package.json":
            parse_package_json(text, path.parent)
        elif path.name == "pyproject.toml":
            tomllib.loads(text)
    except json.JSONDecodeError as error:
        return f"is no valid JSON (line {error.lineno}): {error.msg}"
    except (ValueError, RecursionError) as error:
        return f"is no valid {'JSON' if path.suffix == '.json' else 'TOML'}: {error}"
    return ""


def python_manifest(path: PurePosixPath, text: str) -> tuple[Declared, ...] | None:
    """The dependencies a Python manifest declares; None when the file is none. A manifest that does not parse declares nothing."""
    name = path.name.lower()
    try:
        if re.fullmatch(r"(?:requirements|reqs)[\w.\-]*\.(?:txt|in)|.*requirements\.(?:txt|in)", name) or (
            path.suffix in (".txt", ".in") and path.parent.name == "requirements"
        ):
            return tuple(_requirements(text))
        if name == "pyproject.toml":
            return tuple(_toml(tomllib.loads(text), _Lines(text)))
        if name == "pipfile":
            return tuple(_tables(tomllib.loads(text), ("packages", "dev-packages"), _Lines(text)))
        if name == "setup.cfg":
            return tuple(_setup_cfg(text))
        if name == "setup.py":
            return tuple(_setup_py(text))
        if re.fullmatch(r"environment[\w.\-]*\.ya?ml", name):
            return tuple(_conda(text))
    except (configparser.Error, SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouped:
    """The dependencies of one Python manifest, by what installs them: always, or only where a group or file for development is asked for."""

    production: tuple[Declared, ...] = ()
    development: tuple[Declared, ...] = ()


def python_groups(path: PurePosixPath, text: str) -> Grouped | None:
    """What ``python_manifest`` declares, development apart; extras and groups that are not for development by their name count as production.

    Sources: https://packaging.python.org/en/latest/specifications/dependency-groups/, https://python-poetry.org/docs/managing-dependencies/
    """
    declared = python_manifest(path, text)
    if declared is None:
        return None
    name = path.name.lower()
    try:
        if name == "pyproject.toml":
            return _toml_groups(tomllib.loads(text), _Lines(text))
        if name == "pipfile":
            data, lines = tomllib.loads(text), _Lines(text)
            return Grouped(production=tuple(_tables(data, ("packages",), lines)), development=tuple(_tables(data, ("dev-packages",), lines)))
    except (ValueError, RecursionError):
        return Grouped()
    is_development = bool(_DEVELOPMENT & set(re.split(r"[._\-]", path.stem.lower())))
    return Grouped(development=declared) if is_development else Grouped(production=declared)


_DEVELOPMENT = frozenset({"dev", "develop", "development", "test", "tests", "testing", "lint", "linting", "typing", "docs", "doc", "ci", "local"})


def _toml_groups(data: Mapping[str, object], lines: _Lines) -> Grouped:
    development = {found.name: found for found in _toml(_only(data, development=True), lines)}
    production = {found.name: found for found in _toml(_only(data, development=False), lines)}
    return Grouped(production=tuple(production.values()), development=tuple(found for name, found in development.items() if name not in production))


def _only(data: Mapping[str, object], *, development: bool) -> dict[str, object]:
    """The tables of a pyproject.toml that are for development, or the others."""

    def kept(tables: object) -> dict[str, object]:
        return (
            {str(key): value for key, value in tables.items() if (str(key).lower() in _DEVELOPMENT) is development}
            if isinstance(tables, dict)
            else {}
        )

    found: dict[str, object] = {"dependency-groups": kept(data.get("dependency-groups"))}
    project = data.get("project")
    if isinstance(project, dict):
        extras = kept(project.get("optional-dependencies"))
        found["project"] = {"optional-dependencies": extras, **({} if development else {"dependencies": project.get("dependencies")})}
    tool = data.get("tool")
    poetry = tool.get("poetry") if isinstance(tool, dict) else None
    uv = tool.get("uv") if isinstance(tool, dict) else None
    if development and isinstance(uv, dict) and isinstance(uv.get("dev-dependencies"), list):
        found["dependency-groups"] = {**kept(data.get("dependency-groups")), "dev ": uv["dev-dependencies"]}
    if isinstance(poetry, dict):
        own = "dev-dependencies" if development else "dependencies"
        found["tool"] = {"poetry": {own: poetry.get(own), "group": kept(poetry.get("group"))}}
    return found


def _requirement(text: str, line: int) -> Declared | None:
    try:
        parsed = PackageRequirement(text.strip())
    except InvalidRequirement:
        return None
    return Declared(name=canonicalize_name(parsed.name), version=_version([(one.operator, one.version) for one in parsed.specifier]), line=line)


def _version(specifiers: list[tuple[str, str]]) -> str:
    """The pinned version, or the least one of a range that has an upper end (`~=4.2`, `>=4.2,<5`); "" when the range is open."""
    versions = {operator: version.removesuffix(".*") for operator, version in specifiers}
    bounded = "~=" in versions or "<" in versions or "<=" in versions
    return versions.get("===") or versions.get("==") or versions.get("~=") or (versions.get(">=", "") if bounded else "")


def _requirements(text: str) -> Iterator[Declared]:
    for number, raw in enumerate(text.split("\n"), 1):
        line = re.split(r"(?:^|\s)#|\s--hash", raw, maxsplit=1)[0].rstrip("\\ \t")
        if line and not line.startswith("-"):
            found = _requirement(line, number)
            if found is not None:
                yield found


class _Lines:
    """Where names first stand in a text, read once however many are asked for."""

    def __init__(self, text: str) -> None:
        self._first: dict[str, int] = {}
        for number, line in enumerate(text.split("\n"), 1):
            for word in _NAME.findall(line):
                self._first.setdefault(canonicalize_name(word), number)

    def of(self, name: str) -> int:
        return self._first.get(canonicalize_name(name), 1)


def _toml(data: Mapping[str, object], lines: _Lines) -> Iterator[Declared]:
    project = data.get("project")
    lists: list[object] = []
    if isinstance(project, dict):
        lists.append(project.get("dependencies"))
        optional = project.get("optional-dependencies")
        lists += list(optional.values()) if isinstance(optional, dict) else []
    groups = data.get("dependency-groups")
    lists += list(groups.values()) if isinstance(groups, dict) else []
    for items in lists:
        for item in items if isinstance(items, list) else []:
            found = _requirement(item, 1) if isinstance(item, str) else None
            if found is not None:
                yield Declared(name=found.name, version=found.version, line=lines.of(found.name))
    tool = data.get("tool")
    poetry = tool.get("poetry") if isinstance(tool, dict) else None
    if isinstance(poetry, dict):
        yield from _tables(poetry, ("dependencies", "dev-dependencies"), lines)
        for group in poetry["group"].values() if isinstance(poetry.get("group"), dict) else []:
            if isinstance(group, dict):
                yield from _tables(group, ("dependencies",), lines)


def _tables(data: Mapping[str, object], names: tuple[str, ...], lines: _Lines) -> Iterator[Declared]:
    for table_name in names:
        table = data.get(table_name)
        for name, spec in table.items() if isinstance(table, dict) else []:
            version = spec.get("version", "") if isinstance(spec, dict) else spec
            if name.lower() != "python":
                yield Declared(name=canonicalize_name(name), version=_table_version(str(version)), line=lines.of(name))


def _table_version(text: str) -> str:
    """Of `1.2`, `==1.2`, `^1.2`, `~1.2` the version; of a PEP 440 range what `_version` says."""
    plain = re.fullmatch(r"(?:==|[\^~])?\s*(\d[\w.]*)", text.strip())
    if plain is not None:
        return plain.group(1)
    try:
        return _version([(one.operator, one.version) for one in SpecifierSet(text)])
    except InvalidSpecifier:
        return ""


def _setup_cfg(text: str) -> Iterator[Declared]:
    parser = configparser.RawConfigParser(strict=False, interpolation=None)
    parser.read_string(text)
    lines = _Lines(text)
    if parser.has_option("options", "install_requires"):
        for line in parser.get("options", "install_requires").split("\n"):
            found = _requirement(line, 1) if line.strip() else None
            if found is not None:
                yield Declared(name=found.name, version=found.version, line=lines.of(found.name))


def _setup_py(text: str) -> Iterator[Declared]:
    tree, _ = parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg in ("install_requires", "extras_require"):
            for inner in ast.walk(node.value):
                if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
                    found = _requirement(inner.value, inner.lineno)
                    if found is not None:
                        yield found


def _conda(text: str) -> Iterator[Declared]:
    channels = False
    for number, line in enumerate(text.split("\n"), 1):
        key = re.match(r"([A-Za-z]+):", line)
        channels = key.group(1) == "channels" if key else channels
        found = None if channels else re.match(r"^\s*-\s*([A-Za-z][\w.\-]*)\s*(?:={1,2}\s*(\d[\w.]*))?", line)
        if found and not line.rstrip().endswith(":"):
            yield Declared(name=canonicalize_name(found.group(1)), version=found.group(2) or "", line=number)
