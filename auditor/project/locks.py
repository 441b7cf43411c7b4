"""What lock files say: which package brings which, and which ones only development gets."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Collection, Mapping
from pathlib import PurePosixPath

from packaging.utils import canonicalize_name

Graph = Mapping[str, frozenset[str]]
"""Canonical name of a package -> the names of those it depends on, whatever the extras and markers."""

LOCKS = ("uv.lock", "poetry.lock", "Pipfile.lock")


def python_graph(path: PurePosixPath, text: str) -> Graph | None:
    """The packages of `uv.lock` or `poetry.lock`, or the default section of `Pipfile.lock`; None for a file that is none or does not parse.

    Sources: https://docs.astral.sh/uv/concepts/projects/layout/#the-lockfile, https://python-poetry.org/docs/basic-usage/,
    https://pipenv.pypa.io/en/latest/pipfile.html
    """
    try:
        if path.name == "Pipfile.lock":
            return _pipfile(json.loads(text))
        if path.name in LOCKS:
            return _packages(tomllib.loads(text))
    except (ValueError, RecursionError):
        return None
    return None


def _pipfile(data: object) -> Graph | None:
    """All of the default section is installed in production, so each entry stands for itself."""
    default = data.get("default") if isinstance(data, dict) else None
    return {canonicalize_name(str(name)): frozenset() for name in default} if isinstance(default, dict) else None


def _packages(data: Mapping[str, object]) -> Graph | None:
    packages = data.get("package")
    if not isinstance(packages, list):
        return None
    found: dict[str, frozenset[str]] = {}
    for package in packages:
        name = package.get("name") if isinstance(package, dict) else None
        if isinstance(name, str):
            key = canonicalize_name(name)
            found[key] = found.get(key, frozenset()) | frozenset(_needs(package))
    return found


def _needs(package: Mapping[str, object]) -> set[str]:
    needs: set[str] = set()
    optional = package.get("optional-dependencies")
    groups = [package.get("dependencies"), *(optional.values() if isinstance(optional, dict) else ())]
    for group in groups:
        if isinstance(group, dict):
            needs |= {canonicalize_name(str(name)) for name in group}
        for item in group if isinstance(group, list) else ():
            name = item.get("name") if isinstance(item, dict) else None
            if isinstance(name, str):
                needs.add(canonicalize_name(name))
    extras = package.get("extras")
    for items in extras.values() if isinstance(extras, dict) else ():
        needs |= (
            {canonicalize_name(str(item).split(maxsplit=1)[0].split("[")[0]) for item in items if str(item).strip()}
            if isinstance(items, list)
            else set()
        )
    return needs


def closure(graph: Graph, names: Collection[str]) -> frozenset[str]:
    """All that comes with ``names``, themselves included."""
    found = set(names)
    waiting = list(names)
    while waiting:
        for name in graph.get(waiting.pop(), ()):
            if name not in found:
                found.add(name)
                waiting.append(name)
    return frozenset(found)


def npm_development(text: str) -> frozenset[str] | None:
    """The packages at the top of a `package-lock.json` that `npm ci --omit=dev` leaves out; None when the file does not say.

    Source: https://docs.npmjs.com/cli/configuring-npm/package-lock-json
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    packages = data.get("packages") if isinstance(data, dict) else None
    if not isinstance(packages, dict):
        return None
    top = {
        key.removeprefix("node_modules/"): entry
        for key, entry in packages.items()
        if key.startswith("node_modules/") and key.count("node_modules/") == 1
    }
    return frozenset(name for name, entry in top.items() if isinstance(entry, dict) and entry.get("dev") is True)
