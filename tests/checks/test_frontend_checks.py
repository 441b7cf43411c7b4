"""Front ends: which code the browser gets, what the build replaces, and under which conditions an address is used."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from auditor.catalogue import load
from auditor.checks import CHECKS, JUDGES
from auditor.model import CheckDetector, Outcome
from auditor.project.config import Config, load_config
from auditor.project.project import Project, open_project
from auditor.scan import ScanOptions, scan

VITE = json.dumps({"dependencies": {"react": "^19"}, "devDependencies": {"vite": "^7"}})
PAGE = '<script type="module" src="/src/main.jsx"></script>'


def write(root: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def project(root: Path, files: Mapping[str, str]) -> Project:
    return open_project(write(root, files), config=Config())


def verdicts(root: Path, files: Mapping[str, str], gotcha: str) -> dict[tuple[str, int], str]:
    write(root, {"package.json": VITE, "index.html": PAGE, **files})
    report = scan(root, ScanOptions(config=load_config(root), select=(gotcha,), jobs=1))
    assert not [result.message for result in report.results if result.outcome is Outcome.ERROR]
    return {(str(result.place.path), result.place.line): result.outcome.value for result in report.results}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ('fetch("http://localhost:5000/a");', "fail"),
        ("fetch(`http://127.0.0.1:5000/${id}`);", "fail"),
        ('const api = "http://localhost:5000"; fetch(api);', "fail"),
        ('export const api = "http://localhost:5000";', "fail"),
        ('const api = { url: "http://localhost:5000" }; fetch(api.url);', "fail"),
        ('const api = import.meta.env.VITE_API || "http://localhost:5000"; fetch(api);', "pass"),
        ('const api = import.meta.env.VITE_API ?? "http://localhost:5000"; fetch(api);', "pass"),
        ('const api = "http://localhost:5000" || import.meta.env.VITE_API; fetch(api);', "fail"),
        ('const env = import.meta.env.VITE_API; fetch(env || "http://localhost:5000");', "pass"),
        ('const api = import.meta.env.VITE_API ? import.meta.env.VITE_API : "http://localhost:5000"; fetch(api);', "pass"),
        ('const api = import.meta.env.PROD ? "/api" : "http://localhost:5000"; fetch(api);', "pass"),
        ('const api = import.meta.env.DEV ? "/api" : "http://localhost:5000"; fetch(api);', "fail"),
        ('const api = process.env.NODE_ENV === "production" ? "/api" : "http://localhost:5000"; fetch(api);', "pass"),
        ('const api = process.env.NODE_ENV !== "production" ? "http://localhost:5000" : "/api"; fetch(api);', "pass"),
        ('const api = process.env.NODE_ENV === "production" ? "http://localhost:5000" : "/api"; fetch(api);', "fail"),
        ('if (location.hostname === "localhost") fetch("http://localhost:5000");', "pass"),
        ('const isProd = import.meta.env.PROD; const api = isProd ? "/api" : "http://localhost:5000"; fetch(api);', "pass"),
        ('function url() { if (import.meta.env.PROD) return "/api"; return "http://localhost:5000"; } fetch(url());', "pass"),
        ('const urls = { development: "http://localhost:5000", production: "/api" }; fetch(urls[mode]);', "pass"),
        ('const dev = { url: "http://localhost:5000" }; const prod = { url: "/" }; fetch((import.meta.env.PROD ? prod : dev).url);', "pass"),
        ('let api = "/api"; if (import.meta.env.DEV) { api = "http://localhost:5000"; } fetch(api);', "pass"),
        ('let api = "http://localhost:5000"; if (mode) api = "/api"; fetch(api);', "review"),
    ],
)
def test_an_address_counts_when_production_can_use_it(tmp_path: Path, code: str, expected: str) -> None:
    assert verdicts(tmp_path, {"src/main.jsx": code}, "react/localhost-api-url") == {("src/main.jsx", 1): expected}


@pytest.mark.parametrize(
    "code",
    [
        'console.log("http://localhost:5000");',
        'if (origin === "http://localhost:3000") go();',
        'if (url.startsWith("http://localhost")) go();',
        '// fetch("http://localhost:5000")',
        'const unused = "http://localhost:5000";',
        'const el = <input placeholder="http://localhost:3000" />;',
        'fetch("http://localhost.example.com/a");',
        'fetch("https://api.example.com");',
    ],
)
def test_what_is_no_use_of_an_address_is_no_site(tmp_path: Path, code: str) -> None:
    assert verdicts(tmp_path, {"src/main.jsx": code}, "react/localhost-api-url") == {}


def test_only_files_that_the_page_reaches_go_to_the_browser(tmp_path: Path) -> None:
    files = {
        "package.json": VITE,
        "index.html": PAGE,
        "src/main.jsx": 'import "./a";\nimport("@/lazy.js");\nexport * from "./c.js";\n',
        "src/a/index.ts": "export {};\n",
        "src/lazy.js": "1;\n",
        "src/c.ts": "1;\n",
        "src/dead copy.jsx": "1;\n",
        "scripts/seed.js": "1;\n",
        "vite.config.ts": "export default {};\n",
        "src/a.test.ts": "1;\n",
    }
    (client,) = project(tmp_path, files).facts.clients
    assert [str(path) for path in client.paths] == ["src/a/index.ts", "src/c.ts", "src/lazy.js", "src/main.jsx"]


def test_without_a_known_entry_server_code_is_left_out(tmp_path: Path) -> None:
    files = {
        "package.json": VITE,
        "src/App.jsx": "1;\n",
        "server/index.js": 'import express from "express";\n',
        "src/db.js": 'import fs from "node:fs";\n',
    }
    (client,) = project(tmp_path, files).facts.clients
    assert [str(path) for path in client.paths] == ["src/App.jsx"]


def test_each_package_of_a_monorepo_is_a_client_of_its_own(tmp_path: Path) -> None:
    files = {
        "package.json": '{"dependencies": {"express": "^5"}}',
        "web/package.json": VITE,
        "web/src/a.js": "1;\n",
        "admin/package.json": '{"dependencies": {"react-scripts": "5", "react": "18"}}',
        "admin/src/index.js": "1;\n",
    }
    found = {str(client.root): client.is_vite for client in project(tmp_path, files).facts.clients}
    assert found == {"admin": False, "web": True}


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ("", "fail"),
        ('export default { define: { "process.env.API": \'"x"\' } };', "pass"),
        ('export default { define: { "process.env": {} } };', "pass"),
        ("export default { define: { 'process.env.OTHER': '1' } };", "fail"),
        ('// define: { "process.env.API": 1 }\nexport default {};', "fail"),
    ],
)
def test_define_replaces_what_it_names(tmp_path: Path, config: str, expected: str) -> None:
    files = {"src/main.jsx": "fetch(process.env.API);\n", "vite.config.js": config}
    assert verdicts(tmp_path, files, "vite/process-env") == {("src/main.jsx", 1): expected}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("fetch(process.env.API);", {1: "fail"}),
        ('fetch(process.env["API"]);', {1: "fail"}),
        ("const { API } = process.env; fetch(API);", {1: "fail"}),
        ("if (process.env.NODE_ENV) go();", {1: "pass"}),
        ('if (typeof process !== "undefined") go(process.env.API);', {1: "pass"}),
        ("export const f = (process) => process.env.API;", {}),
    ],
)
def test_process_env_is_read_in_every_form(tmp_path: Path, code: str, expected: dict[int, str]) -> None:
    assert {line: outcome for (_, line), outcome in verdicts(tmp_path, {"src/main.jsx": code}, "vite/process-env").items()} == expected


def test_a_create_react_app_is_not_vite(tmp_path: Path) -> None:
    files = {"package.json": '{"dependencies": {"react-scripts": "5", "react": "18"}}', "src/index.js": "fetch(process.env.REACT_APP_API);\n"}
    write(tmp_path, files)
    report = scan(tmp_path, ScanOptions(config=load_config(tmp_path), jobs=1))
    assert not [result for result in report.results if result.check.startswith("vite/")]


@pytest.mark.parametrize(
    ("config", "code", "expected"),
    [
        ("", "fetch(import.meta.env.API);", "fail"),
        ("", "fetch(import.meta.env.VITE_API);", "pass"),
        ("export default { envPrefix: 'SHOP_' };", "fetch(import.meta.env.SHOP_API);", "pass"),
        ("export default { envPrefix: ['A_', 'B_'] };", "fetch(import.meta.env.VITE_API);", "fail"),
        ("export default { envPrefix: prefixes };", "fetch(import.meta.env.SHOP_API);", "review"),
    ],
)
def test_the_prefix_decides_what_reaches_the_client(tmp_path: Path, config: str, code: str, expected: str) -> None:
    files = {"vite.config.js": config, "src/main.jsx": code}
    assert verdicts(tmp_path, files, "vite/env-without-prefix") == {("src/main.jsx", 1): expected}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"src/main.jsx": 'export const a = <img src="/public/a.png" />;'}, {("src/main.jsx", 1): "fail"}),
        ({"src/main.jsx": 'export const a = "/public/orders";'}, {}),
        ({"src/main.jsx": 'export const a = "/public/orders";', "public/orders": "x"}, {("src/main.jsx", 1): "fail"}),
        ({"src/main.jsx": 'import a from "/public/a.png"; export default a;'}, {}),
        ({"src/main.jsx": 'export const a = "/public/a.png";\nuse(a.replace("/public", ""));'}, {("src/main.jsx", 1): "pass"}),
        ({"src/main.jsx": 'export const a = "/public/a.png";', "api.py": 'app.mount("/public", x)\n'}, {("src/main.jsx", 1): "review"}),
        (
            {"src/main.jsx": 'import "./A.vue";', "src/A.vue": '<template><img src="/public/a.png"></template>\n<script>export default {}</script>'},
            {},
        ),
        ({"src/main.jsx": 'import "./A.vue";', "src/A.vue": "<template><img :src=\"'/public/a.png'\"></template>"}, {("src/A.vue", 1): "fail"}),
    ],
)
def test_public_is_the_root_of_the_build(tmp_path: Path, files: Mapping[str, str], expected: Mapping[tuple[str, int], str]) -> None:
    assert verdicts(tmp_path, files, "vite/public-path") == expected


def test_every_check_of_the_catalogue_is_known() -> None:
    for gotcha in load().gotchas:
        for detector in gotcha.detectors:
            if detector.check is not None:
                assert detector.check in (CHECKS if isinstance(detector, CheckDetector) else JUDGES), gotcha.id
