"""Setup under `if __name__ == "__main__"`: missed where a server imports the module, done where production runs the file."""

import pytest
from made_scanned import scanned

RULE = "python/setup-in-main-guard"
HEAD = "from flask import Flask\nfrom shop import shop\napp = Flask(__name__)\n"
GUARD = 'if __name__ == "__main__":\n    app.register_blueprint(shop)\n    app.run()\n'
SHOP = {"shop.py": "from flask import Blueprint\nshop = Blueprint('shop', __name__)\n"}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"Procfile": "web: gunicorn web:app\n"}, "fail"),
        ({"Procfile": "web: python web.py\n"}, "pass"),
        ({"Procfile": "web: gunicorn wsgi:app\n", "wsgi.py": "from web import app\n"}, "fail"),
        ({"Procfile": "web: gunicorn wsgi:app\n", "wsgi.py": "app = object()\n"}, "review"),
        ({"deploy.sh": "gunicorn -w 2 web:app\n"}, "fail"),
        ({"deploy.sh": "python web.py\n"}, "pass"),
        ({"requirements.txt": "flask\ngunicorn\n"}, "fail"),
        # which application the server loads is not said; it belongs to another service
        ({"requirements.txt": "flask\ngunicorn\n", "other.py": HEAD}, "review"),
        ({"other/requirements.txt": "gunicorn\n"}, "review"),
        ({}, "review"),
    ],
)
def test_how_production_starts_decides(tmp_path, files, expected):
    assert scanned(tmp_path, RULE, {"web.py": HEAD + GUARD, **SHOP, **files}) == {"web.py:5": expected}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("app.config['SECRET_KEY'] = 'x'", "fail"),
        ("app.config['UPLOADS'] = '/var/x'", "fail"),
        ("app.config['UNUSED'] = 1", "review"),
        ("app.config['DEBUG'] = True", "pass"),
        ("app.config['SESSION_TYPE'] = 'redis'", "pass"),
        ("toolbar = DebugToolbarExtension(app)", None),
        ("CORS(app, origins=['http://localhost:3000'])", "pass"),
        ("CORS(app, origins=['https://shop.example'])", "fail"),
        ("app.register_blueprint(shop)", "pass"),
    ],
)
def test_what_is_for_development_or_done_elsewhere_is_fine(tmp_path, line, expected):
    head = HEAD + "from flask_cors import CORS\napp.register_blueprint(shop)\napp.config['SESSION_TYPE'] = 'redis'\nprint(app.config['UPLOADS'])\n"
    files = {"web.py": f'{head}if __name__ == "__main__":\n    {line}\n    app.run()\n', "Procfile": "web: gunicorn web:app\n", **SHOP}
    assert scanned(tmp_path, RULE, files) == ({"web.py:9": expected} if expected else {})


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, "fail"),
        ({"requirements.txt": "flask-migrate\n"}, "review"),
        ({"schema.sql": "CREATE TABLE a (id int);\n"}, "review"),
        ({"README.md": "Run `python -c 'from web import db; db.create_all()'` once.\n"}, "review"),
        ({"README.md": "Run `python web.py` first.\n"}, "review"),
    ],
)
def test_tables_may_be_created_by_something_else(tmp_path, files, expected):
    code = (
        "from flask import Flask\nfrom flask_sqlalchemy import SQLAlchemy\napp = Flask(__name__)\ndb = SQLAlchemy(app)\n"
        'if __name__ == "__main__":\n    with app.app_context():\n        db.create_all()\n    app.run()\n'
    )
    assert scanned(tmp_path, RULE, {"web.py": code, "Procfile": "web: gunicorn web:app\n", **files}) == {"web.py:7": expected}


def test_a_script_that_only_creates_tables_is_run_as_one(tmp_path):
    code = "from web import db\nif __name__ == '__main__':\n    db.create_all()\n"
    web = "from flask import Flask\nfrom flask_sqlalchemy import SQLAlchemy\nimport tables\napp = Flask(__name__)\ndb = SQLAlchemy(app)\n"
    assert scanned(tmp_path, RULE, {"tables.py": code, "web.py": web, "Procfile": "web: gunicorn web:app\n"}) == {}


@pytest.mark.parametrize(
    ("handler", "guarded", "expected"),
    [
        ("return prices", "prices = 1", "fail"),
        ("return prices", "import prices", "fail"),
        ("return inner()", "prices = 1", "fail"),
        ("prices = 2; return prices", "prices = 1", None),
        ("return prices or 3", "prices = 1", None),
        ("return 1", "prices = 1", None),
        ("return model.x", "load()", "fail"),
        ("return (model or load()).x", "load()", None),
    ],
)
def test_names_that_only_the_script_binds(tmp_path, handler, guarded, expected):
    code = (
        "from flask import Flask\napp = Flask(__name__)\nmodel = None\ndef load():\n    global model\n    model = object()\n"
        f"def inner():\n    return prices\n@app.get('/')\ndef index():\n    {handler}\n"
        f"if __name__ == '__main__':\n    {guarded}\n    app.run()\n"
    )
    files = {"web.py": code, "Procfile": "web: gunicorn web:app\n"}
    assert scanned(tmp_path, RULE, files) == ({"web.py:13": expected} if expected else {})


def test_a_name_bound_twice_is_there_for_the_server(tmp_path):
    code = HEAD + "prices = 1\n@app.get('/')\ndef index():\n    return prices\nif __name__ == '__main__':\n    prices = 2\n    app.run()\n"
    assert scanned(tmp_path, RULE, {"web.py": code, "Procfile": "web: gunicorn web:app\n"}) == {}


@pytest.mark.parametrize(("started", "expected"), [('"web:app"', "fail"), ("app", "pass")])
def test_uvicorn_imports_a_name_anew(tmp_path, started, expected):
    code = (
        "import uvicorn\nfrom fastapi import FastAPI\nfrom routes import router\napp = FastAPI()\n"
        f"if __name__ == '__main__':\n    app.include_router(router)\n    uvicorn.run({started})\n"
    )
    files = {"web.py": code, "routes.py": "from fastapi import APIRouter\nrouter = APIRouter()\n", "Procfile": "web: python web.py\n"}
    assert scanned(tmp_path, RULE, files) == {"web.py:6": expected}


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        ("log.info('started')", "fail"),
        ("log.warning('started')", "review"),
        ("log.info('started')\nlogging.getLogger().addHandler(logging.StreamHandler())", "pass"),
    ],
)
def test_logging_is_missed_where_something_is_logged(tmp_path, rest, expected):
    code = (
        "import logging\nfrom flask import Flask\napp = Flask(__name__)\nlog = logging.getLogger(__name__)\n"
        f"if __name__ == '__main__':\n    logging.basicConfig(level=logging.INFO)\n    app.run()\n{rest}\n"
    )
    assert scanned(tmp_path, RULE, {"web.py": code, "Procfile": "web: gunicorn web:app\n"}) == {"web.py:6": expected}
