"""Every GET of the application's own description: none may crash. See https://spec.openapis.org/oas/v3.1.1.html and version 2.0."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote, urlsplit

from auditor.runtime.checks.api import shown
from auditor.runtime.client import Exchange
from auditor.runtime.paths import own_path
from auditor.runtime.scene import Scene
from auditor.runtime.seen import Seen, Sign, broken, failed, passed, skipped

USUAL = ("/openapi.json", "/swagger.json", "/api/openapi.json", "/api/schema/?format=json", "/v3/api-docs")
_MOST = 100
_MOST_HOPS = 10
_BY_FORMAT = {
    "uuid": "00000000-0000-4000-8000-000000000000",
    "date": "2024-01-01",
    "date-time": "2024-01-01T00:00:00Z",
    "email": "a@example.com",
    "uri": "https://example.com/",
    "ipv4": "192.0.2.1",
}
_BY_TYPE = {"integer": "1", "number": "1", "boolean": "true", "string": "1"}


def openapi(scene: Scene) -> Iterable[Seen]:
    """Whether every GET operation of the description answers below 500; parameters that must be given come from the description itself."""
    place, exchange, description = _description(scene)
    if description is None:
        if scene.target.openapi:
            assert exchange is not None
            if exchange.truncated:
                yield broken(place, f"GET {place}: the description is too large, or did not come to its end")
                return
            yield failed(
                place,
                f"GET {place} gives {exchange.answer}, which is no OpenAPI description in JSON",
                expected="an OpenAPI description in JSON",
                observed=exchange.answer,
                evidence=shown(exchange),
                signs=(Sign(kind="http", status=exchange.status, on="api"),),
            )
        else:
            yield skipped("OpenAPI", f"no description at {', '.join(USUAL)}")
        return
    asked = 0
    left: list[str] = []
    failures: list[tuple[str, Exchange]] = []
    for path, operation in _gets(description):
        address, reason = _address(description, path, operation)
        if not reason and asked >= _MOST:
            reason = f"beyond the first {_MOST}"
        if reason:
            left.append(f"{path[:100]} ({reason})")
            continue
        asked += 1
        answer = scene.client.send("GET", address, headers={"Accept": "application/json"})
        if not answer.status or answer.status >= 500:
            failures.append((path, answer))
    for path, answer in failures:
        yield failed(
            f"GET {path}",
            f"{answer} gives {answer.answer}; {place} promises an answer",
            expected="any answer below 500",
            observed=answer.answer,
            evidence=shown(answer),
            signs=(Sign(kind="http", status=answer.status, on="api"),),
        )
    if asked and not failures:
        yield passed(place, f"{asked} GET operations of {place} answer", expected="any answer below 500", observed=f"{asked} asked, none crashes")
    elif not asked and not left:
        yield skipped(place, "it describes no GET operation")
    if left:
        yield skipped("other operations", f"not asked: {', '.join(left[:5])}{f' and {len(left) - 5} more' if len(left) > 5 else ''}")


def _description(scene: Scene) -> tuple[str, Exchange | None, Mapping[str, object] | None]:
    exchange = None
    for path in (scene.target.openapi,) if scene.target.openapi else USUAL:
        exchange = scene.client.get(path, headers={"Accept": "application/json"})
        try:
            data = json.loads(exchange.body) if exchange.status == 200 and not exchange.truncated else None
        except (ValueError, RecursionError):
            data = None
        if isinstance(data, dict) and isinstance(data.get("openapi", data.get("swagger")), str) and isinstance(data.get("paths"), dict):
            return path, exchange, data
    return scene.target.openapi, exchange, None


def _gets(description: Mapping[str, object]) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Paths with their GET operations; the parameters of a path hold for its operations."""
    for path, raw in _table(description.get("paths")).items():
        item = _resolved(description, raw)
        operation = item.get("get")
        if isinstance(operation, dict):
            yield str(path), {**operation, "parameters": [*_items(item.get("parameters")), *_items(operation.get("parameters"))]}


def _address(description: Mapping[str, object], path: str, operation: Mapping[str, object]) -> tuple[str, str]:
    """The address to ask for, and "" or the reason why it is not asked."""
    if "text/event-stream" in _produced(description, operation):
        return "", "a stream without an end"
    parameters = {(item.get("name"), item.get("in")): item for raw in _items(operation.get("parameters")) if (item := _resolved(description, raw))}
    query = []
    for (name, where), parameter in parameters.items():
        if not isinstance(name, str) or not (parameter.get("required") is True or where == "path"):
            continue
        if where not in ("path", "query"):
            return "", f"needs {where} {name}"
        value = _example(description, parameter)
        if value is None:
            return "", f"nothing says what {name} may be"
        if where == "path":
            path = path.replace(f"{{{name}}}", quote(value, safe=""))
        else:
            query.append(f"{quote(name, safe='')}={quote(value, safe='')}")
    if "{" in path:
        return "", "a parameter is not described"
    address, reason = own_path(_base(description) + path + (f"?{'&'.join(query)}" if query else ""))
    return address, reason


def _base(description: Mapping[str, object]) -> str:
    """The path below which the operations are; of servers elsewhere only the path counts, since this one is asked."""
    base = description.get("basePath")
    if base is None:
        first = next(iter(_items(description.get("servers"))), {})
        base = first.get("url") if isinstance(first, dict) else ""
    try:
        path = urlsplit(base).path if isinstance(base, str) else ""
    except ValueError:
        path = ""
    return path.rstrip("/") if path.startswith("/") and "{" not in path else ""


def _example(description: Mapping[str, object], parameter: Mapping[str, object]) -> str | None:
    """A value for a parameter: its example, default or first permitted value, else one of its type and format."""
    schema = _resolved(description, parameter.get("schema", parameter))
    examples = [_table(item).get("value") for item in _table(parameter.get("examples")).values()]
    permitted = _items(schema.get("enum"))
    told = [
        parameter.get("example"),
        *examples,
        schema.get("example"),
        *_items(schema.get("examples")),
        schema.get("default"),
        schema.get("const"),
        *permitted,
    ]
    for value in told:
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, (str, int, float)) and str(value) and len(str(value)) < 500:
            return str(value)
    kinds = schema.get("type")
    kind = next((item for item in (kinds if isinstance(kinds, list) else [kinds]) if item in _BY_TYPE), None) if kinds is not None else None
    if kind == "string" and ("pattern" in schema or _number(schema.get("minLength")) > 1):
        return _BY_FORMAT.get(str(schema.get("format")))
    if kind in ("integer", "number"):
        return str(max(1, int(_number(schema.get("minimum")) or 1)))
    return _BY_FORMAT.get(str(schema.get("format"))) or (_BY_TYPE[kind] if isinstance(kind, str) else None)


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 10**15 else 0.0


def _produced(description: Mapping[str, object], operation: Mapping[str, object]) -> set[str]:
    found = {str(kind) for kind in _items(operation.get("produces"))}
    for raw in _table(operation.get("responses")).values():
        found |= set(map(str, _table(_resolved(description, raw).get("content"))))
    return found


def _resolved(description: Mapping[str, object], raw: object) -> Mapping[str, object]:
    """A table with its reference followed, inside the description alone."""
    for _ in range(_MOST_HOPS):
        table = _table(raw)
        reference = table.get("$ref")
        if not isinstance(reference, str):
            return table
        if not reference.startswith("#/"):
            return {}
        raw = description
        for part in reference[2:].split("/")[:20]:
            raw = _table(raw).get(part.replace("~1", "/").replace("~0", "~"))
    return {}


def _table(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _items(value: object) -> list[object]:
    return value if isinstance(value, list) else []
