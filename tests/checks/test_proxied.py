"""Servers behind a proxy in another container."""

import pytest
from made_scanned import scanned

RULE = "uvicorn/proxy-headers-untrusted"
CODE = "from fastapi import FastAPI, Request\napp = FastAPI()\n@app.get('/')\ndef index(request: Request):\n    return {}\n"
NGINX = """server {{
    listen 443 ssl;
    location / {{
        proxy_pass http://{};
        proxy_set_header X-Forwarded-Proto $scheme;
    }}
}}
"""


def compose(command="uvicorn main:app --host 0.0.0.0", *more):
    return f"services:\n  web:\n    build: .\n    command: {command}\n" + "".join(f"    {line}\n" for line in more)


def outcomes(root, files, used="str(request.url_for('index'))"):
    base = {"main.py": CODE.format(used), "compose.yaml": compose(), "nginx.conf": NGINX.format("web:8000")}
    return list(scanned(root, RULE, {**base, **files}).values())


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, ["fail"]),
        ({"nginx.conf": NGINX.format("app") + "upstream app {\n  server web:8000;\n}\n"}, ["fail"]),
        ({"compose.yaml": compose("gunicorn -k uvicorn.workers.UvicornWorker main:app")}, ["fail"]),
        ({"compose.yaml": compose("uvicorn main:app --forwarded-allow-ips '*'")}, ["pass"]),
        ({"compose.yaml": compose("uvicorn main:app --forwarded-allow-ips=10.0.0.0/8")}, ["pass"]),
        ({"compose.yaml": compose("uvicorn main:app", "environment: {FORWARDED_ALLOW_IPS: '*'}")}, ["pass"]),
        ({"compose.yaml": compose("gunicorn main:app"), "gunicorn.conf.py": "forwarded_allow_ips = '*'\n"}, ["pass"]),
        # another service, this machine, no HTTPS, a header that nobody sends
        ({"nginx.conf": NGINX.format("other:8000")}, []),
        ({"nginx.conf": NGINX.format("127.0.0.1:8000")}, []),
        ({"nginx.conf": NGINX.format("web:8000").replace("listen 443 ssl", "listen 80")}, []),
        ({"nginx.conf": NGINX.format("web:8000").replace("X-Forwarded-Proto", "X-Real-IP")}, []),
        ({"compose.yaml": "services: {}\n", "Procfile": "web: uvicorn main:app\n"}, []),
        # variables that nobody can see
        ({"compose.yaml": compose("uvicorn main:app", "env_file: absent.env")}, ["review"]),
    ],
)
def test_who_is_trusted(tmp_path, files, expected):
    assert outcomes(tmp_path, files) == expected


@pytest.mark.parametrize(
    ("used", "expected"),
    [("str(request.base_url)", ["fail"]), ("request.url.path", []), ("app.url_path_for('index')", [])],
)
def test_only_absolute_addresses_matter(tmp_path, used, expected):
    assert outcomes(tmp_path, {}, used) == expected


def test_a_middleware_that_reads_the_header_itself(tmp_path):
    code = "from flask import Flask, url_for\nfrom werkzeug.middleware.proxy_fix import ProxyFix\napp = Flask(__name__)\n{}\nurl_for('x', _external=True)\n"
    flask = compose("gunicorn main:app")
    assert outcomes(tmp_path / "a", {"main.py": code.format("app.wsgi_app = ProxyFix(app.wsgi_app)"), "compose.yaml": flask}) == ["pass"]
    plain = "from flask import Flask, url_for\napp = Flask(__name__)\ndef a():\n    return url_for('x', _external=True)\n"
    assert outcomes(tmp_path / "b", {"main.py": plain, "compose.yaml": flask}) == ["fail"]


def test_traefik_and_its_labels(tmp_path):
    labels = 'labels: ["traefik.http.routers.web.entrypoints=websecure"]'
    proxy = "  traefik:\n    image: traefik:v3\n    ports: ['443:443']\n"
    assert outcomes(tmp_path / "a", {"nginx.conf": "", "compose.yaml": compose("uvicorn main:app", labels) + proxy}) == ["fail"]
    assert outcomes(tmp_path / "b", {"nginx.conf": "", "compose.yaml": compose("uvicorn main:app") + proxy}) == []
