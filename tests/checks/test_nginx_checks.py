"""Checks of nginx: what must be told, and the look-alikes that must not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from auditor.catalogue import load
from auditor.checks import CHECKS
from auditor.model import CheckDetector, Outcome
from auditor.project.config import load_config
from auditor.project.project import open_project

ENTRIES = {gotcha.id: gotcha for gotcha in load().gotchas}


def found(root: Path, name: str, files: Mapping[str, str], outcome: Outcome = Outcome.FAIL) -> list[int]:
    for path, text in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    entry = ENTRIES[f"nginx/{name}"]
    (detector,) = entry.detectors
    assert isinstance(detector, CheckDetector)
    sites = CHECKS[detector.check](open_project(root, config=load_config(root)), entry, detector)
    return sorted(site.place.line for site in sites if site.outcome is outcome)


def nginx(*lines: str) -> dict[str, str]:
    """A server whose own lines start at 2."""
    return {"nginx/app.conf": "server {\n" + "\n".join(lines) + "\n}\n"}


FASTAPI = "from fastapi import FastAPI\n\napp = FastAPI()\n"


@pytest.mark.parametrize(
    ("location", "body", "told"),
    [
        ("/static/", "alias /srv/static;", True),
        ("^~ /static/", "alias /srv/static;", True),
        ("/static/", "alias /srv/example.com;", True),
        ("/static/", "alias /srv/static/;", False),
        ("/static", "alias /srv/static;", False),
        ("~ ^/static/(.*)$", "alias /srv/static/$1;", False),
        ("/user/", "alias /srv/$host;", False),
        ("/static/", "alias /srv/static; try_files $uri =404;", False),
    ],
)
def test_alias_without_slash(tmp_path: Path, location: str, body: str, told: bool) -> None:
    assert bool(found(tmp_path, "alias-without-slash", nginx(f"location {location} {{ {body} }}"))) is told


@pytest.mark.parametrize(
    ("location", "alias", "told"),
    [("/static", "/srv/static/", True), ("^~ /static", "/srv/static/", True), ("/static", "/srv/static", False), ("= /x", "/srv/x/", False)],
)
def test_alias_traversal(tmp_path: Path, location: str, alias: str, told: bool) -> None:
    assert bool(found(tmp_path, "alias-traversal", nginx(f"location {location} {{ if ($x) {{ return 1; }} alias {alias}; }}"))) is told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("location /media/ { root /srv/media; }", True),
        ("location /media { root /srv/media/; }", True),
        ("location /media/ { root /srv; }", False),
        ("location /media/ { root /srv/multimedia; }", False),
        ("location /media/ { root /srv/media; rewrite ^/media/(.*) /$1 break; }", False),
        ("location / { root /srv/media; }", False),
    ],
)
def test_root_like_alias(tmp_path: Path, text: str, told: bool) -> None:
    assert bool(found(tmp_path, "root-like-alias", nginx(text))) is told


def test_root_like_alias_over_a_folder_that_is_there(tmp_path: Path) -> None:
    files = {**nginx("location /media/ { root /srv/media; }"), "srv/media/media/x.css": "a{}"}
    assert found(tmp_path, "root-like-alias", files) == []


@pytest.mark.parametrize(
    ("prefix", "expression", "told"),
    [
        ("location /media/ { alias /srv/up/; }", r"location ~* \.jpg$ { expires 1d; }", True),
        ("location /media/ { root /other; }", r"location ~* \.jpg$ { expires 1d; }", True),
        ("location /media/ { proxy_pass http://app; }", r"location ~* \.jpg$ { expires 1d; }", True),
        ("location /api/ { proxy_pass http://app; }", r"location ~* \.jpg$ { expires 1d; }", False),
        ("location ^~ /media/ { alias /srv/up/; }", r"location ~* \.jpg$ { expires 1d; }", False),
        ("location /media/ { alias /srv/www/media/; }", r"location ~* \.jpg$ { expires 1d; }", False),
        ("location /static/ { alias /srv/www/; }", r"location ~* \.jpg$ { expires 1d; }", False),
        ("location /media/ { alias /srv/up/; }", r"location ~* \.jpg$ { proxy_pass http://app; }", False),
        ("location /media/ { alias /srv/up/; }", r"location ~* \.php$ { expires 1d; }", False),
        ("location /media/ { alias /srv/up/; }", r"location ~* \.jpg$ { try_files $uri @app; }", False),
        ("location /media/ { alias /srv/up/; }", r"location ~ /\. { deny all; }", False),
    ],
)
def test_regex_location_wins(tmp_path: Path, prefix: str, expression: str, told: bool) -> None:
    assert bool(found(tmp_path, "regex-location-wins", nginx("root /srv/www;", prefix, expression))) is told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("server { root /srv; }", True),
        ("server { location / { root /srv; } }", True),
        ("include mime.types; server { root /srv; }", False),
        ("types { text/css css; } server { root /srv; }", False),
        ("server { root /srv; location / { proxy_pass http://app; } }", False),
        ("server { root /srv; include /etc/nginx/own.conf; }", False),
        ("server { return 301 https://$host; }", False),
    ],
)
def test_mime_types_missing(tmp_path: Path, text: str, told: bool) -> None:
    assert bool(found(tmp_path, "mime-types-missing", {"nginx/nginx.conf": f"events {{}}\nhttp {{ {text} }}\n"})) is told


@pytest.mark.parametrize(
    ("inner", "told"),
    [
        ("location / { add_header Cache-Control no-cache; }", True),
        ("location = /index.html { add_header Cache-Control no-cache; }", True),
        (r"location ~ \.html$ { add_header Cache-Control no-cache; }", True),
        ("location /api/ { proxy_pass http://app; add_header X-A b; }", True),
        ("location /assets/ { add_header Cache-Control immutable; }", False),
        (r"location ~* \.(js|css)$ { add_header Cache-Control immutable; proxy_pass http://app; }", False),
        ("location / { add_header Cache-Control no-cache; add_header x-frame-options DENY; }", False),
        ("location / { add_header Cache-Control no-cache; include /etc/nginx/headers.conf; }", False),
        ("location / { expires -1; }", False),
    ],
)
def test_inherited_headers_lost(tmp_path: Path, inner: str, told: bool) -> None:
    assert found(tmp_path, "inherited-headers-lost", nginx("add_header X-Frame-Options DENY;", inner)) == ([3] if told else [])


@pytest.mark.parametrize("app", ["from flask_cors import CORS\n", "from fastapi.middleware.cors import CORSMiddleware\n"])
def test_cors_headers_of_the_application_are_on_its_errors(tmp_path: Path, app: str) -> None:
    text = nginx("location / { add_header Access-Control-Allow-Origin *; proxy_pass http://app; }")
    assert found(tmp_path, "add-header-not-always", text) == [2]
    assert found(tmp_path, "add-header-not-always", {**text, "app.py": app}) == []


PROXY_FIX = (
    "from flask import Flask\nfrom werkzeug.middleware.proxy_fix import ProxyFix\n\napp = Flask(__name__)\napp.wsgi_app = ProxyFix(app.wsgi_app{})\n"
)


@pytest.mark.parametrize(
    ("listen", "header", "options", "told"),
    [
        ("443 ssl", "", "", True),
        ("443 ssl", "", ", x_for=1, x_proto=1", True),
        ("443 ssl", "", ", x_for=1, x_proto=0", False),
        ("443 ssl", "proxy_set_header X-Forwarded-Proto $scheme;", "", False),
        ("443 ssl", "include proxy_params;", "", False),
        ("443 ssl", "include /etc/nginx/snippets/forwarded.conf;", "", False),
        ("80", "", "", False),
    ],
)
def test_forwarded_proto_missing(tmp_path: Path, listen: str, header: str, options: str, told: bool) -> None:
    files = {**nginx(f"listen {listen};", f"location / {{ proxy_pass http://app:8000; {header} }}"), "app.py": PROXY_FIX.format(options)}
    assert found(tmp_path, "forwarded-proto-missing", files) == ([3] if told else [])


@pytest.mark.parametrize(
    ("hosts", "upstream", "told"),
    [
        ('["shop.example.com"]', "app:8000", True),
        ('["shop.example.com", "app"]', "app:8000", False),
        ('["*"]', "app:8000", False),
        ('["*"]', "my_app:8000", True),
        ('os.environ["HOSTS"].split(",")', "app:8000", False),
        ('[".example.com"]', "127.0.0.1:8000", True),
        ('["127.0.0.1"]', "127.0.0.1:8000", False),
    ],
)
def test_host_header_missing(tmp_path: Path, hosts: str, upstream: str, told: bool) -> None:
    files = {
        **nginx(f"location / {{ proxy_pass http://{upstream}; }}"),
        "config/settings.py": f"import os\n\nALLOWED_HOSTS = {hosts}\nINSTALLED_APPS = []\n",
    }
    assert found(tmp_path, "host-header-missing", files) == ([2] if told else [])


UPLOAD = "from fastapi import FastAPI, UploadFile\n\napp = FastAPI()\n\n\n@app.post('/x')\nasync def add(file: UploadFile): ...\n"


@pytest.mark.parametrize(
    ("app", "extra", "told"),
    [
        ({"app.py": UPLOAD}, {}, True),
        ({"app.py": FASTAPI}, {}, False),
        ({"app.py": UPLOAD}, {"nginx/limits.conf": "client_max_body_size 9m;"}, False),
        ({"app.py": UPLOAD, "settings.py": "MAX_CONTENT_LENGTH = 1024 * 512\n"}, {}, False),
        ({"app.py": UPLOAD, "settings.py": "MAX_CONTENT_LENGTH = 16 * 1024 * 1024\n"}, {}, True),
        ({"server.js": "const multer = require('multer');\nconst upload = multer({dest: 'x'});\n"}, {}, True),
        ({"server.js": "const multer = require('multer');\nconst upload = multer({limits: {fileSize: 500_000}});\n"}, {}, False),
        ({"models.py": "from django.db import models\n\n\nclass A(models.Model):\n    f = models.FileField()\n"}, {}, False),
        (
            {"models.py": "from django.db import models\n\n\nclass A(models.Model):\n    f = models.FileField()\n"},
            {"admin.py": "from django.contrib import admin\n\nadmin.site.register(A)\n"},
            True,
        ),
    ],
)
def test_body_size_default(tmp_path: Path, app: dict[str, str], extra: dict[str, str], told: bool) -> None:
    files = {**nginx("location / { proxy_pass http://app:8000; }"), **app, **extra}
    assert found(tmp_path, "body-size-default", files) == ([2] if told else [])


def test_uploads_through_uwsgi_are_limited_too(tmp_path: Path) -> None:
    assert found(tmp_path, "body-size-default", {**nginx("location / { uwsgi_pass app:3031; }"), "app.py": UPLOAD}) == [2]


def test_only_the_code_of_the_service_counts(tmp_path: Path) -> None:
    files = {
        **nginx("location /a/ { proxy_pass http://a:1; }", "location /b/ { proxy_pass http://b:1; }", "location /c/ { proxy_pass http://c:1; }"),
        "compose.yaml": "services:\n  a: {build: ./a}\n  b: {build: ./b}\n  c: {image: minio}\n",
        "a/app.py": FASTAPI,
        "b/app.py": UPLOAD,
    }
    assert found(tmp_path, "body-size-default", files) == [3]


@pytest.mark.parametrize(
    ("app", "locations", "lines"),
    [
        ("@app.websocket('/ws')\nasync def s(w): ...\n", ["location / { proxy_pass http://app:1; }"], [2]),
        (
            "@app.websocket('/ws')\nasync def s(w): ...\n",
            ["location /ws { proxy_pass http://app:1; }", "location / { proxy_pass http://app:1; }"],
            [2],
        ),
        ("@app.websocket('/ws')\nasync def s(w): ...\n", ["location / { proxy_pass http://app:1; proxy_set_header Upgrade $http_upgrade; }"], []),
        ("@app.websocket('/ws')\nasync def s(w): ...\n", ["location /api/ { proxy_pass http://app:1; }", "location / { root /srv; }"], []),
        ("@app.websocket('/ws')\nasync def s(w): ...\n", ["location / { proxy_pass http://app:1; include own.conf; }"], []),
        ("", ["location / { proxy_pass http://app:1; }"], []),
    ],
)
def test_websocket_upgrade_missing(tmp_path: Path, app: str, locations: list[str], lines: list[int]) -> None:
    assert found(tmp_path, "websocket-upgrade-missing", {**nginx(*locations), "app.py": FASTAPI + app}) == lines


STREAM = "from flask import Flask, Response\n\napp = Flask(__name__)\n\n\n@app.get('/e')\ndef e():\n    return Response(x(), mimetype='text/event-stream')\n"


@pytest.mark.parametrize(
    ("start", "image", "body", "outcome"),
    [
        ("gunicorn app:app", "nginx:1.27", "", Outcome.FAIL),
        ("gunicorn app:app", "nginx:1.29.6-alpine", "", Outcome.FAIL),
        ("gunicorn app:app", "nginx:1.29.7", "", Outcome.REVIEW),
        ("gunicorn app:app", "nginx:alpine", "", Outcome.REVIEW),
        ("gunicorn app:app", "nginx:alpine", "proxy_http_version 1.0;", Outcome.FAIL),
        ("gunicorn app:app", "nginx:1.27", "proxy_http_version 1.1;", None),
        ("gunicorn app:app", "nginx:1.27", "proxy_buffering off;", None),
        ("uvicorn app:app", "nginx:1.27", "", None),
    ],
)
def test_sse_buffered(tmp_path: Path, start: str, image: str, body: str, outcome: Outcome | None) -> None:
    files = {
        **nginx(f"location / {{ proxy_pass http://app:1; {body} }}"),
        "app.py": STREAM,
        "Procfile": f"web: {start}\n",
        "compose.yaml": f"services:\n  proxy:\n    image: {image}\n",
    }
    for kind in (Outcome.FAIL, Outcome.REVIEW):
        assert found(tmp_path, "sse-buffered", files, kind) == ([2] if kind is outcome else [])


@pytest.mark.parametrize(
    ("location", "url", "told"),
    [
        ("/api/", "http://app:1/v1", True),
        ("/api/", "http://app:1/v1/", False),
        ("/api/", "http://app:1", False),
        ("/api", "http://app:1/", True),
        ("/api", "http://app:1/api", False),
        ("/health", "http://app:1/", False),
        ("/go/", "http://app:1/render?url=", False),
        ("/page/", "http://app:1/index.php", False),
    ],
)
def test_proxy_pass_trailing_slash(tmp_path: Path, location: str, url: str, told: bool) -> None:
    files = {
        **nginx(f"location {location} {{ proxy_pass {url}; }}"),
        "app.py": FASTAPI + "@app.get('/api/x')\ndef x(): ...\n",
        "front/api.js": "fetch('/api/users');\n",
    }
    assert bool(found(tmp_path, "proxy-pass-trailing-slash", files)) is told


@pytest.mark.parametrize(
    ("routes", "uri", "told"),
    [
        ("@app.get('/api/users')\ndef u(): ...\n", "/", True),
        ("@app.get('/api/users')\ndef u(): ...\n", "", False),
        ("@app.get('/users')\ndef u(): ...\n", "/", False),
        ("@app.get('/users')\ndef u(): ...\n", "", True),
        ("@app.get('/health')\ndef h(): ...\n\n\n@app.get('/api/users')\ndef u(): ...\n", "/", True),
        ("PREFIX = os.environ['P']\nprefix=PREFIX\n\n\n@app.get('/users')\ndef u(): ...\n", "", False),
        ("import routes\napp.include_router(routes.router, prefix=routes.PREFIX)\n", "/", False),
    ],
)
def test_prefixes_against_routes(tmp_path: Path, routes: str, uri: str, told: bool) -> None:
    files = {
        **nginx(f"location /api/ {{ proxy_pass http://app:1{uri}; }}"),
        "compose.yaml": "services:\n  app:\n    build: ./app\n",
        "app/main.py": FASTAPI + routes,
    }
    assert bool(found(tmp_path, "proxy-pass-trailing-slash", files)) is told


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("envsubst < /a/site.conf.tmpl > /etc/nginx/conf.d/default.conf", True),
        ("cat /a/site.conf.tmpl | envsubst > /etc/nginx/conf.d/default.conf", True),
        ("envsubst '$PORT' < /a/site.conf.tmpl > /etc/nginx/conf.d/default.conf", False),
        ('envsubst "\\$PORT" < /a/site.conf.tmpl > /etc/nginx/conf.d/default.conf', False),
        ("envsubst < /a/site.conf.tmpl '$PORT' > /etc/nginx/conf.d/default.conf", False),
        ("host='$host' envsubst < /a/site.conf.tmpl > /etc/nginx/conf.d/default.conf", False),
        ("# envsubst < /a/site.conf.tmpl > x", False),
        ("envsubst < /a/other.tmpl > x", False),
    ],
)
def test_envsubst_clobbers_variables(tmp_path: Path, command: str, told: bool) -> None:
    files = {
        "start.sh": f"#!/bin/sh\n{command}\n",
        "site.conf.tmpl": "server {\n  listen ${PORT};\n  return 301 https://$host;\n}\n",
        "a/other.tmpl": "x=$host\n",
    }
    assert found(tmp_path, "envsubst-clobbers-variables", files) == ([2] if told else [])


@pytest.mark.parametrize(
    ("compose", "told"),
    [
        ("", True),
        ("  backend: {image: x}\n", False),
        ("  api: {image: x, container_name: backend}\n", False),
        ("networks:\n  shared:\n    external: true\n", False),
        ("    extra_hosts: ['a:1.2.3.4']\n", False),
    ],
)
def test_upstream_unknown(tmp_path: Path, compose: str, told: bool) -> None:
    mounted = "services:\n  web:\n    image: nginx\n    volumes: ['./nginx/app.conf:/etc/nginx/conf.d/default.conf']\n"
    files = {**nginx("location / { proxy_pass http://backend:1; }"), "compose.yaml": mounted + compose}
    assert found(tmp_path, "upstream-unknown", files) == ([2] if told else [])


@pytest.mark.parametrize(
    ("server", "told"),
    [
        ("location / { expires 30d; try_files $uri /index.html; }", True),
        ("location / { add_header Cache-Control 'public, max-age=31536000'; try_files $uri /index.html; }", True),
        ("expires max; location / { try_files $uri /index.html; }", True),
        ("location / { expires 1h; try_files $uri /index.html; }", False),
        ("location / { expires -1; try_files $uri /index.html; }", False),
        (r"location / { expires 1y; try_files $uri /index.html; } location ~ \.html$ { expires epoch; }", False),
        ("location / { expires 1y; add_header Cache-Control no-cache; try_files $uri /index.html; }", False),
        ("location / { expires 1y; try_files $uri =404; }", False),
    ],
)
def test_index_cached(tmp_path: Path, server: str, told: bool) -> None:
    files = {**nginx("root /srv;", server), "package.json": '{"dependencies": {"vue": "3"}, "devDependencies": {"vite": "6"}}'}
    assert bool(found(tmp_path, "index-cached", files)) is told
