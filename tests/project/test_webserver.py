"""The nginx servers of a project: includes, inheritance, which location answers, and where proxy_pass leads."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from auditor.project.config import load_config
from auditor.project.facts.webserver import Block, Webserver
from auditor.project.project import open_project


def webserver(root: Path, files: Mapping[str, str]) -> Webserver:
    for name, text in files.items():
        target = root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    return open_project(root, config=load_config(root)).facts.webserver


def server(root: Path, text: str) -> Block:
    (found,) = webserver(root, {"nginx/app.conf": f"server {{ {text} }}"}).servers
    return found


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", "/"),
        ("/users/42", "/"),
        ("/api/x", "/api/"),
        ("/api/x.png", r"\.png$"),
        ("/static/x.png", "/static/"),
        ("/exact", "/exact"),
        ("/exact/more", "/"),
    ],
)
def test_the_location_that_answers(tmp_path: Path, path: str, expected: str) -> None:
    block = server(tmp_path, r"location / {} location = /exact {} location /api/ {} location ^~ /static/ {} location ~* \.png$ {}").serving(path)
    assert block is not None
    assert block.location[1] == expected


def test_without_a_location_the_server_answers(tmp_path: Path) -> None:
    block = server(tmp_path, "location /api/ {}").serving("/users")
    assert block is not None
    assert block.directive.name == "server"


def test_nested_locations_answer_first(tmp_path: Path) -> None:
    block = server(tmp_path, "location / { location /api/ {} }").serving("/api/x")
    assert block is not None
    assert block.location[1] == "/api/"


@pytest.mark.parametrize("expression", ["(a+)+$", ".*.*.*.*.*.*.*.*x", r"(?P<a", "^(?i)/x{2,(", "a" * 600])
def test_an_expression_that_cannot_be_tried_leaves_open_who_answers(tmp_path: Path, expression: str) -> None:
    started = time.monotonic()
    assert server(tmp_path, f'location / {{}} location ~ "{expression}" {{}}').serving("/" + "a" * 40) is None
    assert time.monotonic() - started < 5


def test_lists_are_inherited_as_a_whole(tmp_path: Path) -> None:
    top = server(tmp_path, "add_header A 1; add_header B 2; location /own { add_header C 3; } location /none {}")
    own, none = top.blocks("location")
    assert [one.args[0] for one in own.effective("add_header") or ()] == ["C"]
    assert [one.args[0] for one in none.effective("add_header") or ()] == ["A", "B"]


@pytest.mark.parametrize(("included", "expected"), [("/etc/nginx/mime.types", ()), ("fastcgi_params", ()), ("/etc/nginx/snippets/own.conf", None)])
def test_an_include_that_is_not_here_leaves_open_what_is_missing(tmp_path: Path, included: str, expected: tuple[()] | None) -> None:
    assert server(tmp_path, f"include {included};").effective("proxy_set_header") == expected


def test_proxy_params_of_debian_are_known(tmp_path: Path) -> None:
    headers = server(tmp_path, "include proxy_params;").effective("proxy_set_header")
    assert [one.args[0] for one in headers or ()] == ["Host", "X-Real-IP", "X-Forwarded-For", "X-Forwarded-Proto"]


@pytest.mark.parametrize("name", ["snippets/x.conf", "/etc/nginx/snippets/x.conf", "snippets/*.conf"])
def test_files_of_the_project_stand_where_they_are_included(tmp_path: Path, name: str) -> None:
    files = {"nginx/app.conf": f"server {{ include {name}; }}", "nginx/snippets/x.conf": "client_max_body_size 1g;"}
    (found,) = webserver(tmp_path, files).servers
    assert [one.args for one in found.all("client_max_body_size")] == [("1g",)]
    assert found.all("client_max_body_size")[0].place.path is not None


def test_what_surrounds_a_fragment_is_the_http_block_of_the_project(tmp_path: Path) -> None:
    files = {
        "nginx/nginx.conf": "events {} http { client_max_body_size 20m; include /etc/nginx/conf.d/*.conf; }",
        "nginx/sites/app.conf": "server { listen 80; }",
    }
    (found,) = webserver(tmp_path, files).servers
    assert [one.args for one in found.effective("client_max_body_size") or ()] == [("20m",)]


def test_a_piece_of_a_server_has_unknown_surroundings(tmp_path: Path) -> None:
    (found,) = webserver(tmp_path, {"nginx/locations.conf": "location / {}"}).servers
    assert found.effective("proxy_set_header") is None


def test_files_that_include_each_other_end(tmp_path: Path) -> None:
    files = {"nginx/a.conf": "gzip on;" + "include b.conf;" * 200, "nginx/b.conf": "gzip on;" + "include a.conf;" * 200}
    started = time.monotonic()
    assert webserver(tmp_path, files).servers == ()
    assert time.monotonic() - started < 20


@pytest.mark.parametrize(
    ("written", "hosts", "name", "uri", "own"),
    [
        ("http://app:8000", ("app",), "app:8000", None, True),
        ("http://app:8000/", ("app",), "app:8000", "/", True),
        ("http://pool/api/", ("one", "two"), "pool", "/api/", True),
        ("http://127.0.0.1:3000", ("127.0.0.1",), "127.0.0.1:3000", None, True),
        ("http://unix:/run/app.sock:/x", (), "localhost", "/x", True),
        ("https://api.example.com/v1", ("api.example.com",), "api.example.com", "/v1", False),
        ("$held", ("app",), "app:1", None, True),
        ("http://${HOST:-web}:80", ("web",), "web:80", None, True),
        ("http://${HOST}", ("${HOST}",), "${HOST}", None, False),
    ],
)
def test_where_proxy_pass_leads(tmp_path: Path, written: str, hosts: tuple[str, ...], name: str, uri: str | None, own: bool) -> None:
    text = f"upstream pool {{ server one:1; server two weight=2; }} server {{ set $held http://app:1; location / {{ proxy_pass {written}; }} }}"
    web = webserver(tmp_path, {"nginx/app.conf": text})
    (block,) = web.servers[0].blocks("location")
    assert block.passes is not None
    target = web.target(block, block.passes)
    assert target is not None
    assert (target.hosts, target.name, target.uri, target.is_own) == (hosts, name, uri, own)


@pytest.mark.parametrize("text", ["$backend", "http://", "nonsense", ""])
def test_a_target_that_cannot_be_told(tmp_path: Path, text: str) -> None:
    web = webserver(tmp_path, {"nginx/app.conf": f"server {{ location / {{ proxy_pass {text}; }} }}"})
    for block in web.servers[0].blocks("location"):
        target = web.target(block, block.passes) if block.passes is not None else None
        assert target is None or not target.is_own


def test_development_files_are_left_out(tmp_path: Path) -> None:
    files = {
        "nginx/nginx.conf": "events {} http { server { listen 1; } }",
        "nginx/nginx.prod.conf": "events {} http { server { listen 2; } }",
        "nginx/app.dev.conf": "server { listen 3; }",
        "front/site.local.conf": "server { listen 5; }",
        "nginx/only.conf": "server { listen 4; }",
        "docker-compose.dev.yml": "services:\n  web:\n    image: nginx\n    volumes:\n      - ./nginx/only.conf:/etc/nginx/conf.d/default.conf\n",
    }
    assert [found.all("listen")[0].args for found in webserver(tmp_path, files).servers] == [("2",)]


def test_a_file_of_any_name_counts_when_it_is_put_below_etc_nginx(tmp_path: Path) -> None:
    files = {
        "web/site.conf": "server { listen 80; }",
        "web/other.conf": "server { listen 81; }",
        "web/Dockerfile": "FROM nginx\nCOPY site.conf /etc/nginx/conf.d/\n",
    }
    assert [found.all("listen")[0].args for found in webserver(tmp_path, files).servers] == [("80",)]


def test_what_no_hand_has_written_is_not_looked_into(tmp_path: Path) -> None:
    assert webserver(tmp_path, {"nginx/app.conf": "server { " + "location /a { proxy_pass http://a; }" * 1500 + " }"}).servers == ()
    assert len(webserver(tmp_path, {"nginx/app.conf": "map $a $b { " + "x y;" * 5000 + " } server { listen 80; }"}).servers) == 1
