from pathlib import Path, PurePosixPath

import pytest
from made_project import detected, target

FLASK = """
from flask import Flask, jsonify, render_template
app = Flask(__name__)

@app.get("/")
def index():
    return render_template("index.html")

@app.route("/api/items")
def items():
    return jsonify([])

@app.route("/api/items/<int:item>")
def item(item):
    return jsonify(item)

@app.post("/api/orders")
def order():
    return jsonify({})
"""
FASTAPI = """
from fastapi import APIRouter, Depends, FastAPI
app = FastAPI()
router = APIRouter(prefix="/items")

@router.get("/")
def items(): ...

@router.get("/search")
def search(q: str): ...

@router.get("/{item}")
def item(item: int): ...

app.include_router(router, prefix="/api/v1")

@app.get("/healthz")
def healthz(): ...
"""


@pytest.mark.parametrize(
    ("files", "words", "folder", "port", "kind"),
    [
        pytest.param(
            {"Procfile": "web: gunicorn --bind 0.0.0.0:$PORT app:app\nworker: celery -A app worker\n", "app.py": FLASK},
            ("/bin/sh", "-c", "gunicorn --bind 0.0.0.0:$PORT app:app"), ".", None, "procfile",
            id="a Procfile tells PORT",
        ),
        pytest.param(
            {"Procfile": "web: uvicorn main:app --host 0.0.0.0\n", "main.py": FASTAPI},
            ("/bin/sh", "-c", "uvicorn main:app --host 0.0.0.0"), ".", 8000, "procfile",
            id="a server that does not look at PORT has its own",
        ),
        pytest.param(
            {"api/Dockerfile": 'FROM python:3.12\nWORKDIR /app\nCOPY . .\nCMD ["uvicorn", "main:app", "--host", "0.0.0.0", "--port", "8080"]\n', "api/main.py": FASTAPI, "api/requirements.txt": "fastapi\nuvicorn\n"},
            ("uvicorn", "main:app", "--host", "0.0.0.0", "--port", "8080"), "api", 8080, "dockerfile",
            id="the working directory of an image is a folder of the tree",
        ),
        pytest.param(
            {"Dockerfile": 'FROM python:3.12\nWORKDIR /srv\nCOPY api /srv\nENTRYPOINT ["/srv/venv/bin/python", "/srv/serve.py"]\n', "api/serve.py": "from flask import Flask\napp = Flask(__name__)\napp.run(port=9000)\n"},
            ("python", "./serve.py"), "api", 9000, "dockerfile",
            id="paths of the image become paths of the tree",
        ),
        pytest.param(
            {"deploy.service": "[Service]\nWorkingDirectory=/srv/shop\nExecStart=/srv/shop/venv/bin/gunicorn -b 127.0.0.1:8001 app:app\n", "app.py": FLASK},
            ("gunicorn", "-b", "127.0.0.1:8001", "app:app"), ".", 8001, "systemd",
            id="a program of an environment on the server is called by its name",
        ),
        pytest.param(
            {"start.sh": "#!/bin/bash\nset -e\nexec gunicorn -b 0.0.0.0:${PORT:-8000} app:app\n", "app.py": FLASK},
            ("/bin/bash", "start.sh"), ".", None, "script",
            id="a start script",
        ),
        pytest.param(
            {"package.json": '{"scripts": {"dev": "vite", "start": "node server.js"}, "dependencies": {"express": "4"}}', "server.js": "require('express')().listen(process.env.PORT || 3000)\n"},
            ("npm", "start"), ".", None, "package.json",
            id="the start script of a package",
        ),
        pytest.param(
            {"package.json": '{"scripts": {"start": "node server.js"}, "dependencies": {"express": "4"}}', "server.js": "require('express')().listen(3000)\n"},
            ("npm", "start"), ".", 3000, "package.json",
            id="a port that the code fixes",
        ),
        pytest.param(
            {"manage.py": "import django\n", "requirements.txt": "django\ngunicorn\n", "shop/__init__.py": "", "shop/wsgi.py": "application = None\n"},
            ("gunicorn", "shop.wsgi:application", "--bind", "0.0.0.0:{port}"), ".", None, "django",
            id="Django with gunicorn",
        ),
        pytest.param(
            {"manage.py": "import django\n", "requirements.txt": "django\n", "shop/__init__.py": "", "shop/wsgi.py": "application = None\n"},
            ("python", "manage.py", "runserver", "--noreload", "0.0.0.0:{port}"), ".", None, "django",
            id="Django without a server",
        ),
        pytest.param(
            {"api/app.py": FLASK, "requirements.txt": "flask\ngunicorn\n"},
            ("gunicorn", "app:app", "--bind", "0.0.0.0:{port}"), "api", None, "flask",
            id="a Flask object with gunicorn",
        ),
        pytest.param(
            {"app.py": FLASK + "\nif __name__ == '__main__':\n    app.run(port=5050)\n"},
            ("python", "app.py"), ".", 5050, "flask",
            id="a Flask module that runs itself",
        ),
        pytest.param(
            {"shop/__init__.py": "from flask import Flask\ndef create_app():\n    return Flask(__name__)\n"},
            ("flask", "--app", "shop:create_app()", "run", "--host", "0.0.0.0", "--port", "{port}"), ".", None, "flask",
            id="a factory",
        ),
        pytest.param(
            {"backend/app/__init__.py": "", "backend/app/main.py": FASTAPI, "backend/requirements.txt": "fastapi\n"},
            ("uvicorn", "app.main:app", "--host", "0.0.0.0", "--port", "{port}"), "backend", None, "fastapi",
            id="a FastAPI object in a package",
        ),
    ],
)  # fmt: skip
def test_how_production_starts_it(tmp_path, files, words, folder, port, kind):
    start = target(tmp_path, files).start
    assert (start.words, str(start.folder), start.port, start.kind) == (words, folder, port, kind)
    assert start.why


def test_deployment_files_tell_more_than_code_and_the_others_are_named(tmp_path):
    found = detected(tmp_path, {"Procfile": "web: gunicorn app:app\nworker: celery -A app worker\n", "app.py": FLASK})
    assert found.found is not None
    assert found.found.start.why == "web in Procfile:1 starts gunicorn"
    assert (found.found.start.place.path, found.found.start.place.line) == (PurePosixPath("Procfile"), 1)
    assert found.others == ("app of app.py: web in Procfile:1 tells more of production",)


def test_the_service_that_answers_http_is_taken(tmp_path):
    compose = """
    services:
      worker:
        build: .
        command: celery -A app worker
      web:
        build: .
        command: gunicorn -b 0.0.0.0:8000 app:app
        environment:
          GREETING: hello
          DATABASE_URL: ${DATABASE_URL}
        healthcheck:
          test: curl -f http://localhost:8000/alive || exit 1
        ports: ["80:8000"]
      cache:
        image: redis:7
        command: redis-server --appendonly yes
    """
    files = {
        "docker-compose.yml": compose,
        "Dockerfile": "FROM python:3.12\nWORKDIR /app\nCOPY . .\nENV PATH=/opt/bin:$PATH MODE=full\n",
        "app.py": FLASK,
    }
    found = target(tmp_path, files)
    assert found.start.words == ("gunicorn", "-b", "0.0.0.0:8000", "app:app")
    assert (found.start.port, found.public, found.takes_port) == (8000, True, False)
    assert found.start.environment == {"MODE": "full", "GREETING": "hello"}
    assert found.health is not None
    assert found.health.path == "/alive"


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        (
            {"Dockerfile": 'FROM nginx\nCOPY dist /usr/share/nginx/html\nCMD ["nginx", "-g", "daemon off;"]\n', "dist/index.html": "<p>"},
            "nginx needs its configuration below /etc, which only the image has",
        ),
        (
            {"Dockerfile": 'FROM python:3.12\nWORKDIR /app\nCOPY . .\nEXPOSE 80\nENTRYPOINT ["/app/run.py"]\n', "x.py": ""},
            "/app/run.py is a path of the image, and nothing in the repository is known to lie there",
        ),
        (
            {"Dockerfile": 'FROM scratch\nEXPOSE 80\nCMD ["frobnicate-server", "--port", "80"]\n', "x.py": ""},
            "the program frobnicate-server is not installed on this machine",
        ),
        (
            {"package.json": '{"scripts": {"start": "react-scripts start"}, "dependencies": {"react-scripts": "5"}}', "src/index.js": ""},
            "react-scripts is a development server of a front end: production serves what is built",
        ),
        ({"Procfile": "web: gunicorn shop:app\n", "other.py": ""}, "the module shop is not in the repository"),
        (
            {"start.sh": "#!/bin/sh\nkill -9 $(cat pid)\nexec gunicorn app:app\n", "app.txt": ""},
            "start.sh: it also runs kill, which is not for this machine",
        ),
        ({"README.md": "# nothing\n"}, "no deployment file, start script, package.json, manage.py or application object starts a server"),
    ],
)
def test_why_nothing_is_started(tmp_path, files, reason):
    found = detected(tmp_path, files)
    assert found.found is None
    assert any(said.endswith(reason) for said in found.why_not), found.why_not


def test_of_a_script_that_harms_this_machine_only_the_server_is_started(tmp_path):
    files = {
        "Dockerfile": 'FROM python:3.12\nWORKDIR /app\nCOPY . .\nENTRYPOINT ["/app/entry.sh"]\n',
        "entry.sh": "#!/bin/sh\nrm -rf /app/cache\nexec gunicorn -b 0.0.0.0:80 app:app\n",
        "app.py": FLASK,
    }
    found = target(tmp_path, files)
    assert found.start.words == ("gunicorn", "-b", "0.0.0.0:80", "app:app")
    assert found.notes == ("of entry.sh only the server is started: the script works on /app/cache, a path of the image",)


def test_a_command_that_waits_for_another_container_does_not_wait(tmp_path):
    compose = "services:\n  web:\n    build: .\n    command: sh -c 'until nc -z db 5432; do sleep 1; done; gunicorn -b 0.0.0.0:80 app:app'\n"
    files = {"docker-compose.yml": compose, "Dockerfile": "FROM python:3.12\nWORKDIR /app\nCOPY . .\n", "app.py": FLASK}
    found = target(tmp_path, files)
    assert found.start.words == ("gunicorn", "-b", "0.0.0.0:80", "app:app")
    assert found.notes == ("what docker-compose.yml:4 waits for first is not waited for: only gunicorn is started",)


def test_a_scope_is_looked_at_alone(tmp_path):
    files = {
        "one/Procfile": "web: gunicorn one:app\n", "one/one.py": FLASK, "one/requirements.txt": "flask\n",
        "two/main.py": FASTAPI, "two/requirements.txt": "fastapi\n",
    }  # fmt: skip
    assert target(tmp_path, files, "one").start.kind == "procfile"
    assert target(tmp_path, files, "two").start.folder == PurePosixPath("two")


def test_what_is_asked_of_flask(tmp_path):
    found = target(tmp_path, {"Procfile": "web: gunicorn app:app\n", "app.py": FLASK})
    assert [page.path for page in found.pages] == ["/"]
    assert [(str(endpoint), endpoint.status) for endpoint in found.endpoints] == [("GET /api/items", ())]
    assert (found.health, found.public, found.takes_port) == (None, True, True)


def test_what_is_asked_of_fastapi(tmp_path):
    found = target(tmp_path, {"main.py": FASTAPI})
    assert [endpoint.path for endpoint in found.endpoints] == ["/api/v1/items/", "/healthz"]
    assert found.health is not None
    assert found.health.path == "/healthz"
    assert found.pages == ()


def test_blueprints_are_asked_below_their_prefix_and_not_when_nobody_registers_them(tmp_path):
    files = {
        "app.py": """
            from flask import Flask
            from shop import shop
            app = Flask(__name__)
            app.register_blueprint(shop, url_prefix="/api/shop")
        """,
        "shop.py": """
            from flask import Blueprint
            shop = Blueprint("shop", __name__, url_prefix="/shop")
            lost = Blueprint("lost", __name__)

            @shop.get("/goods")
            def goods(): ...

            @lost.get("/lost")
            def nowhere(): ...
        """,
    }
    assert [endpoint.path for endpoint in target(tmp_path, files).endpoints] == ["/api/shop/goods"]


def test_what_is_asked_of_django(tmp_path):
    files = {
        "manage.py": "import django\n",
        "shop/__init__.py": "",
        "shop/settings.py": "ROOT_URLCONF = 'shop.urls'\nALLOWED_HOSTS = ['.example.com', 'www.example.org']\n",
        "shop/urls.py": """
            from django.urls import include, path
            from shop import views
            urlpatterns = [path("", views.home), path("api/", include("goods.urls")), path("post/", views.post)]
        """,
        "shop/views.py": """
            from django.shortcuts import render
            from django.views.decorators.http import require_POST
            def home(request):
                return render(request, "home.html")
            @require_POST
            def post(request): ...
        """,
        "goods/__init__.py": "",
        "goods/urls.py": """
            from django.urls import path
            from goods.views import Goods
            urlpatterns = [path("goods/", Goods.as_view()), path("goods/<int:pk>/", Goods.as_view())]
        """,
        "goods/views.py": """
            from django.views import View
            class Goods(View):
                def get(self, request): ...
        """,
        "requirements.txt": "django\n",
    }
    found = target(tmp_path, files)
    assert [endpoint.path for endpoint in found.endpoints] == ["/api/goods/"]
    assert [page.path for page in found.pages] == ["/"]
    assert found.host == "example.com"


@pytest.mark.parametrize("hosts", ["['*']", "['localhost', 'example.com']", "os.environ['HOSTS'].split(',')", "[]"])
def test_the_host_is_not_told_where_this_machine_is_let_in_or_that_is_unknown(tmp_path, hosts):
    files = {"manage.py": "import django\n", "shop/__init__.py": "", "shop/settings.py": f"import os\nALLOWED_HOSTS = {hosts}\n"}
    assert target(tmp_path, files).host == ""


EXPRESS = """
const express = require("express");
const path = require("path");
const goods = require("./goods");
const app = express();
app.use("/api/goods", goods);
app.get("/ping", (req, res) => res.send("pong"));
app.use(express.static(path.join(__dirname, "client/dist")));
app.get("*", (req, res) => res.sendFile(path.join(__dirname, "client/dist/index.html")));
app.listen(process.env.PORT);
"""


def test_what_is_asked_of_express_and_its_front_end(tmp_path):
    files = {
        "package.json": '{"scripts": {"start": "node server.js"}, "dependencies": {"express": "4"}}',
        "server.js": EXPRESS,
        "goods.js": """
            const router = require("express").Router();
            router.get("/", (req, res) => res.json([]));
            router.get("/:id", (req, res) => res.json({}));
            module.exports = router;
        """,
        "client/package.json": '{"scripts": {"build": "vite build"}, "devDependencies": {"vite": "5"}}',
        "client/index.html": "<div id=root></div>",
        "client/src/app.jsx": """
            import { Route } from "react-router-dom";
            export const app = [<Route path="/about" />, <Route path="/item/:id" />, <Route path="/" />];
        """,
    }
    found = target(tmp_path, files)
    assert [endpoint.path for endpoint in found.endpoints] == ["/api/goods", "/ping"]
    assert [page.path for page in found.pages] == ["/"]
    assert found.deep_links == ("/about",)
    assert found.health is not None
    assert found.health.path == "/ping"
    assert [(str(build.output), build.command) for build in found.builds] == [("client/dist", "npm run build")]
    assert [str(source) for source in found.builds[0].sources] == ["client/package.json", "client/index.html", "client/src"]


def test_origins_that_are_written_out(tmp_path):
    text = FASTAPI + (
        "from fastapi.middleware.cors import CORSMiddleware\n"
        "app.add_middleware(CORSMiddleware, allow_origins=['https://shop.example.com'], allow_credentials=True)\n"
    )
    (found,) = target(tmp_path, {"main.py": text}).cors
    assert (found.path, found.allowed, found.credentials) == ("/api/v1/items/", ("https://shop.example.com",), True)


def test_required_variables_that_the_start_does_not_give(tmp_path):
    files = {
        "Dockerfile": 'FROM python:3.12\nWORKDIR /app\nCOPY . .\nENV MODE=full\nCMD ["gunicorn", "-b", "0.0.0.0:80", "app:app"]\n',
        "app.py": "import os\n" + FLASK + "\nos.environ['TOKEN']\nos.environ['MODE']\nos.environ.get('MAYBE')\n",
        "requirements.txt": "flask\ngunicorn\n",
        "tool.py": "import os\nos.environ['ONLY_FOR_THE_TOOL']\n",
    }
    found = target(tmp_path, files)
    assert [(variable.name, str(variable.place.path)) for variable in found.required] == [("TOKEN", "app.py")]
    assert found.start.environment == {"MODE": "full"}


def test_nothing_hostile_raises(tmp_path: Path):
    files = {
        "Procfile": "web: " + "(" * 5000 + "\n",
        "package.json": '{"scripts": {"start": "' + "a && " * 500 + '"}}',
        "app.py": "app = Flask(",
        "docker-compose.yml": "services: [1, {a: *x}]\n",
    }
    assert detected(tmp_path, files).found is None
