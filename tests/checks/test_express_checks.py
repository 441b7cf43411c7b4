"""Express: middleware runs in the order it was registered, and CORS lets in what it says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from auditor.model import Outcome
from auditor.project.config import load_config
from auditor.scan import ScanOptions, scan

HEAD = 'const express = require("express");\nconst cors = require("cors");\nconst app = express();\n'


def verdicts(root: Path, files: Mapping[str, str], gotcha: str) -> dict[tuple[str, int], str]:
    for name, text in {"package.json": '{"dependencies": {"express": "^5", "cors": "^2"}}', **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    report = scan(root, ScanOptions(config=load_config(root), select=(gotcha,), jobs=1))
    assert not [result.message for result in report.results if result.outcome is Outcome.ERROR]
    return {(str(result.place.path), result.place.line): result.outcome.value for result in report.results}


def in_app(root: Path, code: str, gotcha: str) -> dict[int, str]:
    """Verdicts by line of ``code``, counted from 1 after the head."""
    found = verdicts(root, {"app.js": HEAD + code}, gotcha)
    return {line - HEAD.count("\n"): outcome for (_, line), outcome in found.items()}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ('app.post("/a", (req, res) => res.send(req.body.x));\napp.use(express.json());', {1: "fail"}),
        ('app.use(express.json());\napp.post("/a", (req, res) => res.send(req.body.x));', {2: "pass"}),
        ('app.get("/a", (req, res) => res.send("x"));\napp.use(express.json());', {}),
        ('app.post("/a", express.raw(), (req, res) => res.send(req.body));\napp.use(express.json());', {1: "pass"}),
        ('function add(req, res) { res.send(req.body.x); }\napp.post("/a", add);\napp.use(express.json());', {2: "fail"}),
        ('// app.post("/a", (req) => req.body);\napp.use(express.json());', {}),
    ],
)
def test_the_parser_stands_above_what_needs_it(tmp_path: Path, code: str, expected: dict[int, str]) -> None:
    assert in_app(tmp_path, code, "express/json-after-routes") == expected


def test_a_router_mounted_above_the_parser_fails(tmp_path: Path) -> None:
    router = 'const r = require("express").Router();\nr.post("/", (req, res) => res.send(req.body.x));\nmodule.exports = r;\n'
    app = HEAD + 'app.use("/orders", require("./orders"));\napp.use(express.json());\n'
    assert verdicts(tmp_path, {"app.js": app, "orders.js": router}, "express/json-after-routes") == {("app.js", 4): "fail"}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"app.js": HEAD + 'app.post("/a", (req, res) => res.send(req.body.x));'}, {("app.js", 4): "fail"}),
        ({"app.js": HEAD + 'app.post("/a", (req, res) => res.send("x"));'}, {}),
        (
            {
                "app.js": HEAD + 'require("./setup")(app);\napp.post("/a", (req, res) => res.send(req.body.x));',
                "setup.js": 'const e = require("express");\nmodule.exports = (a) => a.use(e.json());',
            },
            {("app.js", 5): "pass"},
        ),
        (
            {"app.js": HEAD + 'app.post("/a", (req, res) => fetch(u).then((r) => r.json()).then(() => res.send(req.body.x)));'},
            {("app.js", 4): "fail"},
        ),
    ],
)
def test_a_parser_anywhere_in_the_package_counts(tmp_path: Path, files: Mapping[str, str], expected: Mapping[tuple[str, int], str]) -> None:
    assert verdicts(tmp_path, files, "express/json-missing") == expected


@pytest.mark.parametrize(
    ("options", "credentials", "local"),
    [
        ("{ origin: '*', credentials: true }", "fail", None),
        ("{ credentials: true }", "fail", None),
        ("{ origin: true, credentials: true }", "fail", None),
        ("{ origin: (o, cb) => cb(null, true), credentials: true }", "fail", None),
        ("{ origin: 'http://localhost:3000', credentials: true }", "pass", "fail"),
        ("{ origin: ['http://localhost:3000', 'http://127.0.0.1:5173'] }", None, "fail"),
        ("{ origin: ['http://localhost:3000', 'https://shop.example'] }", None, "pass"),
        ("{ origin: process.env.ORIGIN || 'http://localhost:3000', credentials: true }", "pass", "pass"),
        ("{ origin: [process.env.ORIGIN, 'http://localhost:3000'] }", None, "pass"),
        ("{ origin: list }", None, "review"),
        ("{ origin: (o, cb) => cb(null, allowed.includes(o)), credentials: true }", "pass", "fail"),
    ],
)
def test_what_cors_lets_in(tmp_path: Path, options: str, credentials: str | None, local: str | None) -> None:
    code = f"const allowed = ['http://localhost:3000'];\napp.use(cors({options}));"
    assert in_app(tmp_path, code, "express/cors-credentials-any-origin") == ({2: credentials} if credentials else {})
    assert in_app(tmp_path, code, "express/cors-localhost-only") == ({2: local} if local else {})


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (
            "app.use((req, res, next) => {\n  res.header('Access-Control-Allow-Origin', '*');\n  res.header('Access-Control-Allow-Credentials', 'true');\n});",
            {2: "fail"},
        ),
        (
            "app.use((req, res, next) => {\n  res.setHeader('Access-Control-Allow-Origin', req.headers.origin);\n  res.setHeader('Access-Control-Allow-Credentials', 'true');\n});",
            {2: "fail"},
        ),
        ("app.use((req, res, next) => {\n  res.header('Access-Control-Allow-Origin', '*');\n});", {}),
        (
            "app.use((req, res) => res.header('Access-Control-Allow-Origin', '*'));\napp.use((req, res) => res.header('Access-Control-Allow-Credentials', 'true'));",
            {},
        ),
    ],
)
def test_headers_written_by_hand_count_in_one_function(tmp_path: Path, code: str, expected: dict[int, str]) -> None:
    assert in_app(tmp_path, code, "express/cors-credentials-any-origin") == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ('app.get("/api/a", (req, res) => res.json([]));\napp.use(cors());', {2: "fail"}),
        ('app.use(cors());\napp.get("/api/a", (req, res) => res.json([]));', {1: "pass"}),
        ('app.get("/health", (req, res) => res.send("ok"));\napp.use(cors());', {2: "pass"}),
        ('app.use("/assets", express.static("x"));\napp.use(cors());', {2: "pass"}),
    ],
)
def test_cors_stands_above_the_routes(tmp_path: Path, code: str, expected: dict[int, str]) -> None:
    assert in_app(tmp_path, code, "express/cors-after-routes") == expected
