"""Starlette and FastAPI: which route answers, which handler runs, which origins are let in."""

import pytest
from made_judged import verdicts

BASE = {"requirements.txt": "fastapi\n"}
HEAD = "import os\nfrom fastapi import FastAPI\nfrom fastapi.middleware.cors import CORSMiddleware\nfrom fastapi.staticfiles import StaticFiles\n"


def outcomes(root, rule, code, files=None):
    found = verdicts(root, rule, {**BASE, "main.py": HEAD + code, **(files or {})})
    return [outcome for _, outcome in found]


def cors(arguments):
    return f"app = FastAPI()\napp.add_middleware(CORSMiddleware, {arguments})\n"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("app = FastAPI()\napp.mount('/', other)\n@app.get('/x')\ndef x(): ...", ["fail"]),
        ("app = FastAPI()\napp.mount('/static', other)\n@app.get('/x')\ndef x(): ...", []),
        ("app = FastAPI()\n@app.get('/x')\ndef x(): ...\napp.mount('/', other)", ["pass"]),
        # another application, another scope, the other branch
        ("app = FastAPI()\napi = FastAPI()\napp.mount('/', other)\n@api.get('/x')\ndef x(): ...", ["pass"]),
        ("app = FastAPI()\nif built:\n    app.mount('/', other)\nelse:\n    @app.get('/')\n    def x(): ...", ["pass"]),
        ("app = FastAPI()\nif built:\n    app.mount('/', other)\n@app.get('/x')\ndef x(): ...", ["fail"]),
        # a catch-all for GET hides GET alone
        ("app = FastAPI()\n@app.get('/{rest:path}')\ndef a(rest): ...\n@app.post('/x')\ndef x(): ...", ["pass"]),
        ("app = FastAPI()\n@app.get('/{rest:path}')\ndef a(rest): ...\n@app.get('/x')\ndef x(): ...", ["fail"]),
        ("app = FastAPI()\n@app.get('/{rest:path}')\ndef a(rest): ...\napp.include_router(api)", ["fail"]),
        ("app = FastAPI()\n@app.get('/files/{rest:path}')\ndef a(rest): ...\napp.include_router(api)", []),
    ],
)
def test_routes_below_one_that_takes_every_path(tmp_path, code, expected):
    assert outcomes(tmp_path, "starlette/mount-hides-routes", code) == expected


@pytest.mark.parametrize(
    ("origins", "as_text", "with_path"),
    [
        ("'https://shop.example'", ["fail"], []),
        ("'*'", [], []),
        ("os.environ['ORIGINS']", ["fail"], []),
        ("os.getenv('ORIGINS', 'https://a.example')", ["fail"], []),
        ("os.getenv('ORIGINS', ['https://a.example'])", [], ["pass"]),
        ("os.environ['ORIGINS'].split(',')", [], []),
        ("['https://shop.example']", ["pass"], ["pass"]),
        ("['https://shop.example/']", ["pass"], ["fail"]),
        ("['shop.example']", ["pass"], ["fail"]),
        ("['https://*.shop.example']", ["pass"], ["fail"]),
        ("['https://a.example,https://b.example']", ["pass"], ["fail"]),
        ("['*', 'shop.example']", ["pass"], []),
        ("settings.origins", [], []),
    ],
)
def test_the_form_of_origins(tmp_path, origins, as_text, with_path):
    code = cors(f"allow_origins={origins}")
    assert outcomes(tmp_path / "a", "fastapi/cors-origins-as-text", code) == as_text
    assert outcomes(tmp_path / "b", "fastapi/cors-origin-with-path", code) == with_path


@pytest.mark.parametrize(
    ("annotation", "origins", "expected"),
    [
        ("list[AnyHttpUrl]", "[str(o) for o in settings.ORIGINS]", ["fail"]),
        ("list[AnyHttpUrl]", "list(map(str, settings.ORIGINS))", ["fail"]),
        ("list[AnyHttpUrl]", "settings.ORIGINS", ["fail"]),
        ("list[AnyHttpUrl]", "[str(o).rstrip('/') for o in settings.ORIGINS]", ["pass"]),
        ("list[str]", "[str(o) for o in settings.ORIGINS]", []),
        ("list[AnyHttpUrl] | str", "[str(o) for o in settings.ORIGINS]", []),
    ],
)
def test_origins_parsed_as_urls(tmp_path, annotation, origins, expected):
    code = f"class Settings(BaseSettings):\n    ORIGINS: {annotation} = []\nsettings = Settings()\n" + cors(f"allow_origins={origins}")
    assert outcomes(tmp_path / "a", "fastapi/cors-origins-of-url-type", code) == expected
    assert outcomes(tmp_path / "b", "fastapi/cors-origins-of-url-type", code, {"requirements.txt": "fastapi\npydantic==1.10.2\n"}) == []


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("allow_origins=['https://a.example']", ["fail"]),
        ("allow_origins=['https://a.example'], allow_methods=['*']", ["pass"]),
        ("**options", []),
    ],
)
def test_methods_that_routes_need(tmp_path, arguments, expected):
    code = cors(arguments) + "@app.put('/x')\ndef x(): ..."
    assert outcomes(tmp_path / "a", "fastapi/cors-methods-not-allowed", code) == expected


def test_reading_alone_needs_no_method_but_a_bearer_token_needs_a_header(tmp_path):
    code = cors("allow_origins=['https://a.example']") + "@app.get('/x')\ndef x(): ...\n"
    bearer = "from fastapi.security import HTTPBearer\nbearer = HTTPBearer()\n"
    assert outcomes(tmp_path / "a", "fastapi/cors-methods-not-allowed", code) == ["pass"]
    assert outcomes(tmp_path / "b", "fastapi/cors-methods-not-allowed", bearer + code) == ["fail"]


@pytest.mark.parametrize(
    ("created", "expected"),
    [("FastAPI(lifespan=run)", ["fail"]), ("FastAPI()", []), ("FastAPI(lifespan=None)", []), ("make()", [])],
)
def test_handlers_beside_a_lifespan(tmp_path, created, expected):
    code = f"app = {created}\n@app.on_event('startup')\ndef start(): ...\n"
    assert outcomes(tmp_path, "fastapi/event-beside-lifespan", code) == expected


@pytest.mark.parametrize(
    ("sub", "extra", "expected"),
    [
        ("FastAPI(lifespan=run)", "", ["fail"]),
        ("FastAPI()", "@sub.on_event('startup')\ndef start(): ...\n", ["fail"]),
        ("FastAPI()", "", ["pass"]),
        ("FastAPI(lifespan=run)", "enter = sub.router.lifespan_context\n", ["pass"]),
        ("StaticFiles(directory='/srv')", "", []),
    ],
)
def test_the_start_of_a_mounted_application(tmp_path, sub, extra, expected):
    code = f"sub = {sub}\n{extra}app = FastAPI()\napp.mount('/sub', sub)\n"
    assert outcomes(tmp_path, "starlette/mounted-lifespan", code) == expected


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"package.json": '{"dependencies": {"vue-router": "4.5.0"}}'}, ["fail"]),
        ({"package.json": '{"dependencies": {"vue": "3.5.0"}}'}, []),
        ({"package.json": '{"dependencies": {"vue-router": "4.5.0"}}', "src/r.js": "createRouter({history: createWebHashHistory()})"}, ["pass"]),
        ({"package.json": '{"dependencies": {"vue-router": "4.5.0"}}', "spa.py": "@app.exception_handler(404)\ndef f(r, e): ..."}, ["pass"]),
    ],
)
def test_routes_of_the_front_end(tmp_path, files, expected):
    code = "app = FastAPI()\napp.mount('/', StaticFiles(directory='/srv/dist', html=True))\n"
    assert outcomes(tmp_path, "starlette/html-mode-without-fallback", code, files) == expected


@pytest.mark.parametrize(
    ("requirements", "expected"),
    [("fastapi\n", ["fail"]), ("fastapi==0.104.1\n", []), ("fastapi==0.165.0\n", ["fail"]), ("starlette==0.40.0\n", []), ("jinja2\n", ["review"])],
)
def test_the_versions_that_take_the_request_first(tmp_path, requirements, expected):
    code = (
        "from fastapi.templating import Jinja2Templates\n"
        "templates = Jinja2Templates(directory='/srv')\n"
        "def page(request):\n    return templates.TemplateResponse('index.html', {'request': request})\n"
    )
    assert outcomes(tmp_path, "starlette/template-name-first", code, {"requirements.txt": requirements}) == expected
