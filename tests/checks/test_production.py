"""Development servers and reloaders: a fault where production starts them, not where the file says that it is for developers."""

import pytest
from made_scanned import scanned

FLASK = "import os\nfrom flask import Flask\napp = Flask(__name__)\n"
RUN = 'if __name__ == "__main__":\n    {}\n'
DOCKER = 'FROM python:3.12\nCOPY . .\nCMD ["python", "app.py"]\n'


def compose(*lines, file=""):
    build = f"    build: {{context: ., dockerfile: {file}}}\n" if file else "    build: .\n"
    return "services:\n  web:\n" + build + "".join(f"    {line}\n" for line in lines)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"Dockerfile": DOCKER}, ["fail"]),
        ({"Procfile": "web: flask run\n"}, ["fail"]),
        ({"compose.yaml": compose("command: flask run")}, ["fail"]),
        # what says that it is for developers
        # the one start there is is what production uses
        ({"compose.yaml": compose("command: flask run", "volumes: ['.:/app']")}, ["fail"]),
        ({"compose.yaml": compose("command: flask run", "volumes: ['.:/app']"), "Procfile": "web: gunicorn app:app\n"}, ["pass", "review"]),
        ({"compose.yaml": compose("command: flask run", "environment: [FLASK_ENV=development]")}, ["review"]),
        ({"compose.yaml": compose("command: flask run", file="Dockerfile.dev")}, ["review"]),
        ({"Dockerfile": DOCKER, "compose.yaml": compose("command: flask run", "volumes: ['.:/app']")}, ["review", "review"]),
        ({"Dockerfile": DOCKER.replace("FROM python:3.12", "FROM python:3.12 AS dev")}, ["review"]),
        ({"Dockerfile": "# for development\n" + DOCKER}, ["review"]),
        ({"Dockerfile": DOCKER.replace("COPY", "ENV ENVIRONMENT=local\nCOPY")}, ["review"]),
        ({"compose.yaml": compose("command: flask run", "environment: {FLASK_DEBUG: '1'}")}, ["review"]),
        ({"compose.yaml": compose("command: flask run", "image: shop:dev")}, ["review"]),
        # and what does not: data and configuration
        ({"compose.yaml": compose("command: flask run", "volumes: ['./data:/data']"), "data/a.txt": "x"}, ["fail"]),
        ({"compose.yaml": compose("command: flask run", "environment: [FLASK_ENV=production]")}, ["fail"]),
    ],
)
def test_development_server_of_flask(tmp_path, files, expected):
    found = scanned(tmp_path, "flask/dev-server-in-production", {"app.py": FLASK + RUN.format("app.run()"), **files})
    assert sorted(found.values()) == sorted(expected)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("if os.environ.get('FLASK_ENV') == 'development':\n        app.run()\n    else:\n        serve(app)", []),
        ("if os.environ.get('OWN'):\n        app.run()\n    else:\n        serve(app)", ["review"]),
        ("serve(app)", []),
    ],
)
def test_a_run_under_a_condition(tmp_path, code, expected):
    files = {"app.py": FLASK + RUN.format(code), "Dockerfile": DOCKER}
    assert list(scanned(tmp_path, "flask/dev-server-in-production", files).values()) == expected


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"Dockerfile": DOCKER}, "fail"),
        ({"Procfile": "web: python -m gunicorn app:app\n"}, "pass"),
        ({"compose.yaml": compose("command: python app.py", "volumes: ['.:/app']")}, "fail"),
        ({}, "review"),
    ],
)
def test_debug_mode_of_flask(tmp_path, files, expected):
    found = scanned(tmp_path, "flask/debug-in-production", {"app.py": FLASK + RUN.format("app.run(debug=True)"), **files})
    assert list(found.values()) == [expected]


@pytest.mark.parametrize(
    ("files", "reload", "expected"),
    [
        ({"Dockerfile": DOCKER}, "True", {"app.py:5": "fail"}),
        ({"Dockerfile": DOCKER}, "os.environ.get('RELOAD') == '1'", {"app.py:5": "pass"}),
        ({"Dockerfile": DOCKER}, "False", {"app.py:5": "pass"}),
        ({"Procfile": "web: uvicorn app:app\n"}, "True", {"Procfile:1": "pass", "app.py:5": "pass"}),
        ({"Procfile": "web: uvicorn app:app --reload\n"}, "False", {"Procfile:1": "fail", "app.py:5": "pass"}),
        ({"Procfile": "web: fastapi dev app.py\n"}, "False", {"Procfile:1": "fail", "app.py:5": "pass"}),
        (
            {"compose.yaml": compose("command: uvicorn app:app --reload", "volumes: ['.:/app']")},
            "False",
            {"compose.yaml:4": "fail", "app.py:5": "pass"},
        ),
        (
            {"compose.yaml": compose("command: uvicorn app:app --reload", "volumes: ['.:/app']"), "Procfile": "web: uvicorn app:app\n"},
            "False",
            {"Procfile:1": "pass", "compose.yaml:4": "review", "app.py:5": "pass"},
        ),
        ({}, "True", {"app.py:5": "review"}),
    ],
)
def test_the_reloader_of_uvicorn(tmp_path, files, reload, expected):
    code = "import os, uvicorn\nfrom fastapi import FastAPI\napp = FastAPI()\n" + RUN.format(f"uvicorn.run('app:app', reload={reload})")
    assert scanned(tmp_path, "uvicorn/reload-in-production", {"app.py": code, **files}) == expected
