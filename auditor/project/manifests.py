"""What the manifests of a project declare."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageJson:
    """A parsed package.json; ``dir`` is its directory below the root."""

    dir: PurePosixPath
    data: Mapping[str, object]
    dependencies: Mapping[str, str]
    dev_dependencies: Mapping[str, str]
    scripts: Mapping[str, str]
    type: str


def _strings(value: object) -> dict[str, str]:
    return {str(key): item for key, item in value.items() if isinstance(item, str)} if isinstance(value, dict) else {}


def parse_package_json(text: str, directory: PurePosixPath) -> PackageJson:
    """A package.json; raises ValueError when it is no JSON object."""
    data = json.loads(text)
    if not isinstance(data, dict):
        raise ValueError("is no JSON object")
    kind = data.get("type")
    return PackageJson(
        dir=directory,
        data=data,
        dependencies=_strings(data.get("dependencies")),
        dev_dependencies=_strings(data.get("devDependencies")),
        scripts=_strings(data.get("scripts")),
        type=kind if isinstance(kind, str) else "commonjs",
    )
