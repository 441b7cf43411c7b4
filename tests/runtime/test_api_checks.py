"""Health, endpoints, swallowed routes and OpenAPI, against real servers."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.model import Outcome
from auditor.runtime.checks.api import api, api_html, health
from auditor.runtime.checks.openapi import openapi
from auditor.runtime.seen import Seen
from auditor.runtime.target import Endpoint
from tests.runtime.made_shop import scene, serving

SPA = "<div id=root></div>"


def verdicts(seen: Any) -> list[tuple[str, str]]:
    return [(item.outcome.value, item.subject) for item in seen]


@pytest.mark.parametrize(
    ("target", "answer", "fallback", "outcome"),
    [
        ({}, {}, (404, {}), "skip"),
        ({"endpoints": (Endpoint(path="/healthz", found=True),)}, {"GET /healthz": {"ok": True}}, (404, {}), "pass"),
        ({"health": Endpoint(path="/h")}, {"GET /h": {"ok": True}}, (404, {}), "pass"),
        ({"health": Endpoint(path="/h")}, {"GET /h": (503, {})}, (404, {}), "fail"),
        ({"health": Endpoint(path="/h", contains=("ok",))}, {"GET /h": {"state": "bad"}}, (404, {}), "fail"),
        ({"health": Endpoint(path="/h")}, {}, SPA, "fail"),
        ({"health": Endpoint(path="/h")}, {"GET /h": "<p>fine</p>"}, SPA, "pass"),
    ],
)
def test_health(target: dict[str, Any], answer: dict[str, Any], fallback: Any, outcome: str) -> None:
    with serving(answer, fallback) as (client, _):
        assert [seen.outcome.value for seen in health(scene(client, **target))] == [outcome]


def test_endpoints_as_written_and_as_found() -> None:
    routes = {"GET /ok": {}, "GET /boom": (500, "x"), "GET /private": (401, {}), "POST /make": (201, {})}
    endpoints = (
        Endpoint(path="/ok", status=(200,)),
        Endpoint(path="/private", status=(200,)),
        Endpoint(path="/missing", status=(404,)),
        Endpoint(path="/make", method="POST", status=(201,)),
        Endpoint(path="/private", found=True),
        Endpoint(path="/boom", found=True),
        Endpoint(path="/items/<int:id>", found=True),
        Endpoint(path="/delete", method="POST", found=True),
    )
    with serving(routes) as (client, log):
        seen: list[Seen] = list(api(scene(client, endpoints=endpoints)))
    assert verdicts(seen) == [
        ("pass", "GET /ok"),
        ("fail", "GET /private"),
        ("pass", "GET /missing"),
        ("pass", "POST /make"),
        ("pass", "GET /private"),
        ("fail", "GET /boom"),
        ("skip", "other routes"),
    ]
    assert log == ["GET /ok", "GET /private", "GET /missing", "POST /make", "GET /private", "GET /boom"]
    assert seen[1].message == "GET /private gives 401 application/json; expected 200"
    assert [(sign.kind, sign.status, sign.on) for sign in seen[1].signs] == [("http", 401, "api")]


def test_a_swallowed_route_is_told_from_a_page_below_api() -> None:
    routes = {"GET /api/docs": "<h1>docs</h1>", "GET /api/items": [], "POST /api/make": (200, SPA)}
    endpoints = (
        Endpoint(path="/api/docs"),
        Endpoint(path="/api/items"),
        Endpoint(path="/api/gone", found=True),
        Endpoint(path="/data", answer="json"),
        Endpoint(path="/api/make", method="POST", answer="json"),
        Endpoint(path="/about", found=True),
    )
    with serving(routes, SPA) as (client, log):
        made = scene(client, endpoints=endpoints)
        list(api(made))
        seen = list(api_html(made))
    assert verdicts(seen) == [
        ("pass", "GET /api/docs"),
        ("pass", "GET /api/items"),
        ("fail", "GET /api/gone"),
        ("fail", "GET /data"),
        ("fail", "POST /api/make"),
    ]
    assert log.count("POST /api/make") == 1


def described(**paths: Any) -> dict[str, Any]:
    return {"openapi": "3.1.0", "paths": {f"/{name}": item for name, item in paths.items()}}


def get(*parameters: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"get": {"parameters": list(parameters), **more}}


def test_openapi_asks_every_get_and_nothing_else() -> None:
    typed = {"name": "n", "in": "query", "required": True, "schema": {"$ref": "#/components/schemas/N"}}
    paths = described(
        ok={**get(), "post": {}, "delete": {}},
        optional=get({"name": "q", "in": "query", "schema": {"type": "string"}}),
        query=get(typed),
        secured=get({"name": "X-Key", "in": "header", "required": True, "schema": {"type": "string"}}),
        stream=get(responses={"200": {"content": {"text/event-stream": {}}}}),
        loop={"$ref": "#/paths/~1loop"},
        far={"$ref": "https://example.com/x.json"},
        boom=get(),
    )
    item = {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "enum": ["a/b"]}}
    paths["paths"] |= {"/items/{id}": {"parameters": [item], **get()}, "/bad/{x}": get()}
    paths["components"] = {"schemas": {"N": {"type": "integer", "minimum": 5}}}
    routes = {"GET /openapi.json": paths, "GET /boom": (500, "x")}
    with serving(routes, {}) as (client, log):
        seen = list(openapi(scene(client)))
    assert log == ["GET /openapi.json", "GET /ok", "GET /optional", "GET /query?n=5", "GET /boom", "GET /items/a%2Fb"]
    assert verdicts(seen) == [("fail", "GET /boom"), ("skip", "other operations")]
    assert "needs header X-Key" in seen[1].message


@pytest.mark.parametrize(
    ("body", "configured", "outcome"),
    [
        (SPA, "", Outcome.SKIP),
        (SPA, "/openapi.json", Outcome.FAIL),
        ({"openapi": 3, "paths": []}, "", Outcome.SKIP),
        ({"openapi": "3.0.0", "paths": {}}, "", Outcome.SKIP),
        (
            {"openapi": "3.0.0", "paths": {"x": 5, "/y": {"get": {"parameters": [7, {"name": 1}], "responses": 3}}}, "servers": ["x"]},
            "",
            Outcome.PASS,
        ),
        ({"swagger": "2.0", "basePath": "/v1", "paths": {"/y": {"get": {}}}}, "", Outcome.PASS),
    ],
)
def test_descriptions_of_every_kind(body: Any, configured: str, outcome: Outcome) -> None:
    with serving({"GET /openapi.json": body}, {}) as (client, _):
        assert {seen.outcome for seen in openapi(scene(client, openapi=configured))} == {outcome}
