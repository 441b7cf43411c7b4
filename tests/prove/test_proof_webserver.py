"""The configuration of an example, made to run on this machine."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

import pytest

from auditor.errors import GotchaAuditError
from auditor.prove import webserver
from auditor.prove.webserver import configuration, prepared

SITE = "server {\n    listen 80;\n    location / {\n        proxy_pass http://app:8000;\n    }\n}\n"


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Made:
    monkeypatch.setattr("auditor.prove.webserver.shutil.which", lambda name, **_: f"/usr/sbin/{name}")
    monkeypatch.setattr(webserver, "_certify", lambda _: None)
    return Made(tmp_path)


class Made:
    """What becomes of a configuration."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def __call__(self, text: str, *, upstream: int | None = 8001, **others: str) -> str:
        for name, other in others.items():
            (self.root / f"{name}.yaml").write_text(other, "utf-8")
        (self.root / "nginx").mkdir()
        (self.root / "nginx/app.conf").write_text(text, "utf-8")
        found = configuration(self.root)
        assert found == PurePosixPath("nginx/app.conf")
        prepared(self.root, found, port=8000, upstream=upstream)
        return (self.root / "nginx/.nginx.conf").read_text("utf-8")


def test_names_lead_to_the_application_and_stay_its_host(made: Made) -> None:
    text = made(SITE)
    assert "upstream app { server 127.0.0.1:8001; }" in text
    assert "proxy_pass http://app;" in text
    assert "listen 127.0.0.1:8000;" in text


def test_upstreams_of_the_example_are_kept(made: Made) -> None:
    text = made("upstream app {\n    server web:8000 weight=2;\n}\n" + SITE.replace(":8000", ""))
    assert "server 127.0.0.1:8001 weight=2;" in text
    assert text.count("upstream app") == 1


def test_compose_knows_its_services_alone(made: Made) -> None:
    text = made(SITE, compose="services: {web: {image: nginx}, api: {container_name: backend}}")
    assert "proxy_pass http://app:8000;" in text


def test_without_an_application_its_names_lead_nowhere(made: Made) -> None:
    assert "upstream app { server 127.0.0.1:9; }" in made(SITE, upstream=None)


def test_ports(made: Made) -> None:
    text = made(
        "server { listen 80; listen [::]:80; return 301 https://$host; }\nserver { listen 443 ssl; ssl_certificate /a; ssl_certificate_key /b; }\n"
    )
    assert "listen 127.0.0.1:8000 ssl;" in text
    assert len(re.findall(r"listen 127\.0\.0\.1:(?!8000)\d+;", text)) == 1
    assert f"ssl_certificate {made.root}/.nginx/certificate.pem;" in text


def test_a_server_without_a_port_and_folders_of_the_server(made: Made) -> None:
    text = made("server {\n    location /events {\n        root /srv/www;\n    }\n}\n")
    assert "server { listen 127.0.0.1:8000;" in text
    assert f"root {made.root}/srv/www;" in text
    assert text.index("events {") < text.index("http {")


def test_own_http_block_keeps_what_it_says(made: Made) -> None:
    text = made("user www;\nevents {}\nhttp {\n    server { listen 80; }\n}\n")
    assert "mime.types" not in text
    assert "user www" not in text
    assert text.count("events") == 1


def test_nginx_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auditor.prove.webserver.shutil.which", lambda *_, **__: None)
    with pytest.raises(GotchaAuditError, match="apt install nginx-light"):
        prepared(tmp_path, PurePosixPath("app.conf"), port=8000, upstream=None)


def test_no_configuration(tmp_path: Path) -> None:
    (tmp_path / "gunicorn.conf").write_text("workers = 2\n", "utf-8")
    assert configuration(tmp_path) is None
