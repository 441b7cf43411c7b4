"""What is read of nginx configuration, and that no text can make the reader raise or run on."""

from __future__ import annotations

import random
import time
from pathlib import PurePosixPath

import pytest

from auditor.project.facts.extractors import extract
from auditor.project.facts.names import kind_of
from auditor.project.facts.record import Directive
from auditor.project.files import language_of

PATH = PurePosixPath("nginx/app.conf")


def read(text: str):
    return extract(PATH, "nginx", text)


def shape(directives: tuple[Directive, ...]) -> list[object]:
    return [(one.place.line, one.name, *one.args, *([shape(one.block)] if one.block else [])) for one in directives]


def test_blocks_words_and_lines() -> None:
    record = read('# head\nserver {\n  listen 80; # why\n  location ~ ^/a {\n    add_header A "x; {y"\n      always;\n  }\n}\n')
    assert record.fault is None
    assert shape(record.directives) == [
        (2, "server", [(3, "listen", "80"), (4, "location", "~", "^/a", [(5, "add_header", "A", "x; {y", "always")])])
    ]


@pytest.mark.parametrize("word", ["${PORT}", "http://${HOST}:${PORT}/api", "$host", r"\.php$", "__NAME__", "@name"])
def test_placeholders_are_words(word: str) -> None:
    assert read(f"a {word};").directives[0].args == (word,)


def test_lua_is_one_word() -> None:
    record = read("content_by_lua_block {\n  local a = {{1, 2}}\n}\nlisten 80;")
    assert [one.name for one in record.directives] == ["content_by_lua_block", "listen"]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("server {\n  listen 80;\n", 3, 'unexpected end of file, expecting "}"'),
        ("a;\n}\n", 2, 'unexpected "}"'),
        ("server {\n  listen 80\n}\n", 3, 'unexpected "}", expecting ";"'),
        ("listen 80;\nlisten 81", 2, 'unexpected end of file, expecting ";" or "}"'),
        ('a;\nb "c', 2, 'unexpected end of file, expecting ";" or "}"'),
        ('"never closed', 1, 'unexpected end of file, expecting ";" or "}"'),
        ("a\\", 1, 'unexpected end of file, expecting ";" or "}"'),
        ("location / {\n" * 60, 40, "is nested too deeply"),
    ],
)
def test_what_cannot_be_read_is_a_fault(text: str, line: int, message: str) -> None:
    fault = read(text).fault
    assert fault is not None
    assert (fault.line, fault.message) == (line, message)


def test_what_stands_before_a_fault_is_kept() -> None:
    assert [one.name for one in read("a;\nb {\n c;\n}\nd {").directives] == ["a", "b"]


@pytest.mark.parametrize(
    "text",
    [
        "server { listen {{ port }}; }",
        "{% if tls %}\nlisten 443;\n{% endif %}",
        "{{- range .Servers }}",
        "<VirtualHost *:80>\n</VirtualHost>",
        "; x\n[program:nginx]\ncommand=nginx\n",
    ],
)
def test_what_is_no_plain_nginx_is_left_out(text: str) -> None:
    record = read(text)
    assert record.left_out
    assert (record.fault, record.directives) == (None, ())


def test_json_logs_are_no_template() -> None:
    assert read("""log_format json '{"a": {"b": "$uri"}}';""").left_out == ""


@pytest.mark.parametrize(
    "text",
    [
        "a {" * 100_000,
        "a " * 400_000,
        "x" * 900_000,
        'a "' + "x" * 900_000,
        "}" * 100_000,
        "content_by_lua_block " + "{" * 100_000,
        "${" * 300_000,
        "".join(map(chr, range(1, 256))) * 3_000,
    ],
)
def test_hostile_text_ends(text: str) -> None:
    started = time.monotonic()
    found = read(text)
    assert found.fault is not None or found.left_out
    assert time.monotonic() - started < 20


def test_random_text_never_raises() -> None:
    pick = random.Random(4)
    parts = ["{", "}", ";", '"', "'", "a", " ", "\n", "$", "\\", "#", "content_by_lua_block", "set_by_lua_block", "-", "é"]
    for _ in range(3_000):
        read("".join(pick.choices(parts, k=30)))


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("nginx.conf", "nginx"),
        ("nginx/a.conf.template", "nginx"),
        ("conf.d/a.conf", "nginx"),
        ("redis.conf", "supervisor"),
        ("deploy/sites-available/shop", "nginx"),
        ("sites-available/README.md", None),
    ],
)
def test_which_files_are_read(path: str, kind: str | None) -> None:
    assert kind_of(PurePosixPath(path), language_of(PurePosixPath(path)) or "") == kind
