"""Files of hosting platforms and process managers: processes, builds, variables and ports, with their lines."""

from __future__ import annotations

import json
import time
from pathlib import PurePosixPath

import pytest

from auditor.project.facts.extractors import extract
from auditor.project.facts.files import jsons, tomls, yamls
from auditor.project.facts.names import kind_of, platform_of
from auditor.project.facts.record import EMPTY, Fault, Record
from auditor.project.facts.unit import Unit
from auditor.project.files import language_of


def read(name: str, text: str) -> Record:
    path = PurePosixPath(name)
    return extract(path, language_of(path) or "", text)


def commands(units: tuple[Unit, ...]) -> list[tuple[str, str, str, int]]:
    return [(unit.name, unit.command.text, unit.runs, unit.command.place.line) for unit in units if unit.command]


def test_render() -> None:
    units = read(
        "render.yaml",
        """\
services:
  - type: web
    name: api
    runtime: python
    rootDir: backend
    buildCommand: pip install -r requirements.txt
    preDeployCommand: python manage.py migrate
    startCommand: gunicorn app:app
    envVars:
      - key: A
        value: "1"
      - key: TOKEN
        sync: false
      - key: KEY
        generateValue: true
      - key: URL
        fromDatabase: {name: db, property: connectionString}
      - fromGroup: shared
  - type: redis
    name: cache
  - type: web
    runtime: static
    name: site
    buildCommand: npm run build
    envVars: [{key: VITE_API, value: x}]
envVarGroups:
  - name: shared
    envVars:
      - key: B
        value: 2
""",
    ).units
    assert commands(units) == [
        ("api", "gunicorn app:app", "service", 8),
        ("api build", "pip install -r requirements.txt", "once", 6),
        ("api before deploy", "python manage.py migrate", "once", 7),
        ("site build", "npm run build", "once", 24),
    ]
    api, site = units[0], units[3]
    assert (api.folder, api.opens, site.command, site.runs) == ("backend", True, None, "once")
    assert [(variable.name, variable.value, variable.source, variable.place.line) for variable in api.variables] == [
        ("A", "1", "literal", 10),
        ("TOKEN", None, "secret", 12),
        ("KEY", None, "secret", 14),
        ("URL", None, "secret", 16),
        ("B", "2", "literal", 29),
    ]
    assert [(variable.name, variable.when) for variable in site.variables] == [("VITE_API", "build")]


def test_fly() -> None:
    units = read(
        "fly.toml",
        """\
app = "x"

[build]
  dockerfile = "deploy/Dockerfile"

[env]
  PORT = "8080"
  "LOG" = 'info'

[processes]
web = "gunicorn app:app"
worker = "celery worker"

[deploy]
release_command = "flask db upgrade"

[http_service]
  internal_port = 8080
  processes = ["web"]

[[services]]
internal_port = 9000
processes = ["worker"]
  [[services.ports]]
  port = 443
  [[services.ports]]
  port = 80
""",
    ).units
    assert commands(units) == [
        ("web", "gunicorn app:app", "service", 11),
        ("worker", "celery worker", "service", 12),
        ("app release", "flask db upgrade", "once", 15),
    ]
    web, worker = units[:2]
    assert [(port.inner, port.outer, port.place.line) for port in web.ports] == [(8080, 443, 18)]
    assert [(port.inner, port.outer, port.place.line) for port in worker.ports] == [(9000, 443, 22)]
    assert [(variable.name, variable.value, variable.place.line) for variable in web.variables] == [("PORT", "8080", 7), ("LOG", "info", 8)]
    assert web.build is not None
    assert web.build.dockerfile == "deploy/Dockerfile"


def test_app_json_of_heroku_and_of_expo() -> None:
    (app,) = read(
        "app.json",
        json.dumps({"env": {"A": "1", "B": {"value": "2"}, "C": {"generator": "secret"}, "D": {"required": False}, "E": {}}}, indent=1),
    ).units
    assert [(variable.name, variable.value, variable.source, str(variable.confidence)) for variable in app.variables] == [
        ("A", "1", "literal", "high"),
        ("B", "2", "literal", "high"),
        ("C", None, "secret", "high"),
        ("D", None, "secret", "low"),
        ("E", None, "secret", "high"),
    ]
    assert read("app.json", '{"expo": {"name": "x"}, "scripts": {}}').units == ()
    assert read("app.json", '{"name": "x", "displayName": "X"}').units == ()


def test_heroku_yml() -> None:
    units = read(
        "heroku.yml",
        """\
setup:
  config: {A: "1"}
build:
  docker: {web: web/Dockerfile, worker: worker/Dockerfile}
  config: {B: "2"}
release:
  image: web
  command:
    - ./migrate
    - ./seed
run:
  web: gunicorn app:app
""",
    ).units
    assert commands(units) == [("web", "gunicorn app:app", "service", 12), ("release", "./migrate && ./seed", "once", 9)]
    assert [(unit.name, unit.build.context if unit.build else None) for unit in units] == [("web", "web"), ("worker", "worker"), ("release", "web")]
    assert [(variable.name, variable.when) for variable in units[0].variables] == [("A", "run"), ("B", "build")]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("railway.json", '{\n"build": {"buildCommand": "make"},\n"deploy": {"startCommand": "./run", "preDeployCommand": ["./migrate"]}\n}'),
        ("railway.toml", '[build]\nbuildCommand = "make"\n[deploy]\nstartCommand = "./run"\npreDeployCommand = ["./migrate"]\n'),
    ],
)
def test_railway_in_both_forms(name: str, text: str) -> None:
    assert [unit[:3] for unit in commands(read(name, text).units)] == [
        ("service", "./run", "service"),
        ("service build", "make", "once"),
        ("service before deploy", "./migrate", "once"),
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("fly.staging.toml", "fly"),
        ("railway.web.json", "railway"),
        ("render.yml", "render"),
        ("fly.json", None),
        ("app.toml", None),
        ("apps.json", None),
    ],
)
def test_names_of_platform_files(name: str, expected: str | None) -> None:
    assert platform_of(name) == expected
    assert (kind_of(PurePosixPath(name), language_of(PurePosixPath(name)) or "") == "platform") == (expected is not None)


def test_vercel_and_netlify_build_and_give_variables() -> None:
    main, build = read("vercel.json", '{"buildCommand": "make", "env": {"A": "1", "B": "@b"}, "build": {"env": {"C": "3"}}}').units
    assert (main.command, build.runs) == (None, "once")
    assert [(variable.name, variable.value, variable.source, variable.when) for variable in main.variables] == [
        ("A", "1", "literal", "run"),
        ("B", None, "secret", "run"),
        ("C", "3", "literal", "build"),
    ]
    (unit,) = read(
        "netlify.toml", '[build]\nbase = "web"\ncommand = "make"\n[build.environment]\nA = "1"\n[context.production]\ncommand = "make all"\n'
    ).units
    assert (unit.folder, unit.command.text if unit.command else "", unit.runs) == ("web", "make all", "once")
    assert [(variable.name, variable.when, variable.place.line) for variable in unit.variables] == [("A", "build", 5)]


def test_app_engine_alone_is_closed() -> None:
    (unit,) = read("app.yaml", "runtime: python312\nentrypoint: gunicorn -b :$PORT main:app\nenv_variables:\n  A: 1\n").units
    assert (unit.opens, unit.command.text if unit.command else "", unit.image) == (False, "gunicorn -b :$PORT main:app", "python312")
    assert [(variable.name, variable.value) for variable in unit.variables] == [("A", "1")]
    assert read("app.yaml", "apiVersion: v1\nkind: Pod\n").units == ()


def test_configuration_of_servers() -> None:
    (unit,) = read("deploy/uwsgi.ini", "[uwsgi]\nchdir = /srv\nhttp-socket = 127.0.0.1:9000\nenv = A=1\nuid = www\n[other]\nchdir=/x\n").units
    assert (unit.folder, unit.user, [(port.inner, port.address) for port in unit.ports]) == ("/srv", "www", [(9000, "127.0.0.1")])
    assert [(variable.name, variable.value) for variable in unit.variables] == [("A", "1")]
    record = read("gunicorn.conf.py", 'import os\nbind = "0.0.0.0:80"\ndaemon = True\nworkers = os.cpu_count()\n')
    assert [(setting.name, setting.value, setting.place.line) for setting in record.sections[0].settings] == [
        ("bind", "0.0.0.0:80", 2),
        ("daemon", "True", 3),
        ("workers", "", 4),
    ]
    assert record.units[0].ports[0].inner == 80


def test_pm2() -> None:
    (unit,) = read(
        "ecosystem.config.js",
        "module.exports = {\n  apps: [{\n    name: 'api', script: './server.js', args: '--a b', cwd: 'api', instances: 2,\n"
        "    env: { A: '1', B: process.env.B },\n    env_production: { A: '2' } }],\n};\n",
    ).units
    assert unit.command is not None
    assert (unit.name, unit.command.words, unit.folder, unit.replicas, unit.command.place.line) == ("api", ("./server.js", "--a", "b"), "api", 2, 3)
    assert [(variable.name, variable.value, variable.source, str(variable.confidence), variable.place.line) for variable in unit.variables] == [
        ("A", "1", "literal", "high", 4),
        ("B", None, "caller", "high", 4),
        ("A", "2", "literal", "low", 5),
    ]


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("vercel.json", '{\n"a": 1,\n}', 3),
        ("vercel.json", "", 1),
        ("fly.toml", "a = 1\nb = \n", 2),
        ("fly.toml", "a = 2020-99-99\n", 1),
        ("render.yaml", "a: 1\n b: 2\n", 2),
        ("gunicorn.conf.py", "bind = 1\nworkers =\n", 2),
    ],
)
def test_what_cannot_be_read_is_a_fault_with_its_line(name: str, text: str, line: int) -> None:
    fault = read(name, text).fault
    assert fault is not None
    assert fault.line == line


def test_templates_are_left_out() -> None:
    assert read("render.yaml", "a: {{ name }}-x\n").left_out == "is a template"
    assert read("render.yaml", "") is EMPTY


def test_json_and_toml_know_the_line_of_each_value() -> None:
    root = jsons.document('\ufeff{\n\t"a": {"b\\/": ["x",\n1.5, null, true, "\\ud83d\\ude00"]},\n "empty": {}, "none": []\n}\n')
    assert not isinstance(root, Fault)
    items = yamls.items(yamls.get(root, "a", "b/"))
    assert [(yamls.text_of(item), item.start_mark.line + 1) for item in items] == [("x", 2), ("1.5", 3), (None, 3), ("true", 3), ("\U0001f600", 3)]
    table = tomls.document('[[a]]\nx = 1\n[[a]]\nx = 2\n[a.b]\ny."z w" = true\n')
    assert not isinstance(table, Fault)
    first, second = yamls.items(yamls.get(table, "a"))
    lines = [yamls.get(first, "x"), yamls.get(second, "x"), yamls.get(second, "b", "y", "z w")]
    assert [(yamls.text_of(node), node.start_mark.line + 1) for node in lines if node is not None] == [("1", 2), ("2", 4), ("true", 6)]


HOSTILE = [
    "[" * 100_000,
    '{"a":' * 100_000,
    "a" * 500_000,
    "a = " + "[" * 50_000,
    "a." * 50_000 + "b = 1",
    "services: &a\n  - envVars: [{fromGroup: g}, *a]\nenvVarGroups:\n- &g {name: g, envVars: [*g, {fromGroup: g}]}\n",
    "a: &a [" + "x, " * 1000 + "]\nservices: [" + "*a, " * 1000 + "]\n",
    '{"env": ' + '{"A":' * 90 + "1" + "}" * 91,
    "[[services]]\n" * 20_000,
    "[processes]\n" + "".join(f"p{number} = 'x'\n" for number in range(3000)),
    "\0\ud800\x1b",
    "[processes]\n" + "".join(f"p{number} = 'x'\n" for number in range(5000)) + "[[services]]\ninternal_port = 1\n" * 5000,
    "services:\n"
    + "- {type: web, envVars: [{fromGroup: g}]}\n" * 3000
    + "envVarGroups:\n- name: g\n  envVars:\n"
    + "  - {key: a, value: b}\n" * 3000,
    "apps = [{script: " * 5_000,
    "(" * 5_000,
    "[env]\n" + "\t" * 200_000 + "x",
    "[" + " " * 200_000 + "x",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize(
    "name",
    [
        "app.json",
        "app.yaml",
        "fly.toml",
        "heroku.yml",
        "netlify.toml",
        "railway.json",
        "render.yaml",
        "vercel.json",
        "uwsgi.ini",
        "gunicorn.conf.py",
        "ecosystem.config.js",
    ],
)
def test_hostile_text_is_read_in_time_and_never_raises(name: str, text: str) -> None:
    started = time.monotonic()
    read(name, text)
    assert time.monotonic() - started < 5
