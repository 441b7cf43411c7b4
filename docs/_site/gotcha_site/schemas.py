"""A JSON Schema as tables: one for each object, with its keys, their types and what is said of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gotcha_site.text import code, line, table

Schema = Mapping[str, Any]


def read(path: Path) -> Schema:
    """A schema from its file."""
    found = json.loads(path.read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def tables(schema: Schema, top: str) -> Iterator[str]:
    """The whole schema: the object at the top under ``top``, then every definition under its name."""
    yield f"## {top}"
    yield from described(schema)
    for name, definition in schema.get("$defs", {}).items():
        yield f"## {name}"
        yield from described(definition)


def described(schema: Schema) -> Iterator[str]:
    """What one definition says: its description, then its keys, or its type where it has none."""
    if told := schema.get("description"):
        yield line(str(told))
    alternatives = [item for word in ("oneOf", "anyOf") for item in schema.get(word, ()) if "properties" in item]
    if "properties" in schema:
        yield _keys(schema)
    elif alternatives:
        for number, alternative in enumerate(alternatives, 1):
            required = ", ".join(code(name) for name in alternative.get("required", ()))
            yield f"{'One form' if number == 1 else 'Another form'}{f', with {required}' if required else ''}:"
            yield _keys(alternative)
    else:
        yield f"{kind(schema)}."


def _keys(schema: Schema) -> str:
    required = set(schema.get("required", ()))
    rows = [
        [code(name), kind(inner), "yes" if name in required else "no", line(str(inner.get("description", "")))]
        for name, inner in schema["properties"].items()
    ]
    return table(["key", "type", "always there" if required else "required", "says"], rows)


def kind(schema: Schema) -> str:
    """The type of a value, in a few words with links to the definitions."""
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "const" in schema:
        return code(json.dumps(schema["const"]))
    if "enum" in schema:
        return " &#124; ".join(code(json.dumps(value).strip('"')) for value in schema["enum"])
    for word in ("anyOf", "oneOf"):
        if word in schema:
            return " or ".join(dict.fromkeys(kind(item) for item in schema[word]))
    said = schema.get("type", "anything")
    if isinstance(said, list):
        return " or ".join(said)
    if said == "array":
        return f"list of {kind(schema.get('items', {}))}"
    if said == "object" and "properties" in schema:
        return f"object with {', '.join(code(name) for name in schema['properties'])}"
    if said == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"object of {kind(schema['additionalProperties'])}"
    if "pattern" in schema:
        return f"{said} like {code(schema['pattern'])}"
    return str(said)
