"""Web processes of Procfiles and the port that the platform gives them."""

import pytest
from made_scanned import scanned

RULE = "heroku/port-ignored"
FLASK = "import os\nfrom flask import Flask\napp = Flask(__name__)\nif __name__ == '__main__':\n    app.run({})\n"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("web: gunicorn app:app", []),
        ("web: gunicorn -b 0.0.0.0:$PORT app:app", ["pass"]),
        ("web: gunicorn -b 0.0.0.0:8000 app:app", ["fail"]),
        ("web: gunicorn --bind=:8000 app:app", ["fail"]),
        ("web: gunicorn -b unix:/tmp/a.sock app:app", ["pass"]),
        ("web: bin/start-nginx gunicorn -b 127.0.0.1:8000 app:app", []),
        ("web: uvicorn app:app", ["fail"]),
        ("web: uvicorn app:app --port ${PORT:-8000}", ["pass"]),
        ("web: uvicorn app:app --port $LISTEN", []),
        ("web: waitress-serve --port=8080 app:app", ["fail"]),
        ("web: flask run", ["fail"]),
        ("web: python manage.py runserver 0.0.0.0:8000", ["fail"]),
        ("worker: uvicorn app:app", []),
        ("release: uvicorn app:app", []),
    ],
)
def test_servers_by_their_command(tmp_path, line, expected):
    assert list(scanned(tmp_path, RULE, {"Procfile": f"{line}\n", "app.py": "app = 1\n"}).values()) == expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("", ["fail"]),
        ("host='0.0.0.0', port=5000", ["fail"]),
        ("port=int(os.environ.get('PORT', 5000))", []),
        ("port=os.getenv('PORT')", []),
        ("**options", []),
    ],
)
def test_the_development_server_of_flask(tmp_path, arguments, expected):
    assert list(scanned(tmp_path, RULE, {"Procfile": "web: python app.py\n", "app.py": FLASK.format(arguments)}).values()) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("app.listen(3000);", ["fail"]),
        ("const port = 3000;\napp.listen(port);", ["fail"]),
        ("app.listen(process.env.PORT || 3000);", []),
        ("const port = process.env.PORT ?? 3000;\napp.listen(port);", []),
        ("const { port } = require('./config');\napp.listen(port);", []),
        ("app.listen(config.port);", []),
    ],
)
def test_servers_of_node(tmp_path, code, expected):
    files = {"Procfile": "web: node server.js\n", "server.js": f"const app = require('express')();\n{code}\n"}
    assert list(scanned(tmp_path, RULE, files).values()) == expected


def test_a_program_of_the_project_may_run_the_procfile(tmp_path):
    files = {"Procfile": "web: uvicorn app:app\n", "app.py": "app = 1\n", "Dockerfile": 'FROM python\nCMD ["honcho", "start"]\n'}
    assert list(scanned(tmp_path, RULE, files).values()) == ["review"]
