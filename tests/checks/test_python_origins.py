"""What origins let in, and what Flask and Django end up with."""

import pytest
from made_judged import judged, verdicts

from auditor.checks.origins import is_loopback_only, is_loopback_origin, is_wildcard
from auditor.project.python.values import Derived, EnvRead, Literal, Parameter, Sequence, Text, Unknown


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        ("http://localhost", True),
        ("http://localhost:3000", True),
        ("https://LOCALHOST:3000/", True),
        ("http://127.0.0.1:8000", True),
        ("http://127.1.2.3", True),
        ("http://[::1]:3000", True),
        ("http://0.0.0.0:3000", True),
        ("http://app.localhost:3000", True),
        ("localhost:3000", True),
        ("localhost", True),
        (" http://localhost ", True),
        ("https://shop.example", False),
        ("https://localhost.example", False),
        ("https://notlocalhost", False),
        ("http://192.168.0.1", False),
        ("http://1270.0.0.1", False),
        ("*", False),
        ("", False),
        ("http://[::1", False),
    ],
)
def test_an_origin_of_this_machine(origin, expected):
    assert is_loopback_origin(origin) is expected


def text(value):
    return Literal(value=value)


def many(*items, is_open=False):
    return Sequence(items=tuple(text(item) if isinstance(item, str) else item for item in items), open=is_open)


READ = EnvRead(name="A")


@pytest.mark.parametrize(
    ("value", "any_origin", "loopback_only"),
    [
        (text("*"), True, False),
        (text("https://a.example"), False, False),
        (text("http://localhost:3000"), False, True),
        (text(""), False, False),
        (text(None), False, False),
        (text(True), False, False),
        (text(".*"), True, False),
        (many(), False, False),
        (many("*"), True, False),
        (many("http://localhost", "*"), True, False),
        (many("http://localhost", "http://127.0.0.1"), False, True),
        (many("http://localhost", "https://a.example"), False, False),
        (many("http://localhost", is_open=True), None, None),
        (many("*", is_open=True), True, None),
        (many("https://a.example", is_open=True), None, False),
        (many("http://localhost", READ), False, False),
        (many("http://localhost", Unknown()), None, None),
        (READ, False, False),
        (EnvRead(name="A", required=True), False, False),
        (EnvRead(name="A", default=text("*")), None, False),
        (EnvRead(name="A", default=text("http://localhost")), False, False),
        (EnvRead(name="A", default=many("*")), None, False),
        (Derived(sources=(READ,), operation="split"), False, False),
        (Text(parts=(text("https://"), READ)), False, False),
        (Text(parts=(text("https://"), Unknown())), None, None),
        (Parameter(name="a"), None, None),
        (Unknown(), None, None),
    ],
)
def test_what_a_value_lets_in(value, any_origin, loopback_only):
    assert is_wildcard(value) is any_origin
    if not (isinstance(value, Sequence) and value.open and value.items[0] == text("*")):
        assert is_loopback_only(value) is loopback_only


# -- flask-cors -----------------------------------------------------------------------------------------------------------------------

FLASK = "from flask import Flask\nfrom flask_cors import CORS, cross_origin\napp = Flask(__name__)\n"


def flask(root, code, rule="flask/cors-any-origin", files=None):
    found = verdicts(root, rule, {"requirements.txt": "flask\nflask-cors\n", "app.py": FLASK + code, **(files or {})})
    return [outcome for place, outcome in found]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("CORS(app)", ["fail"]),
        ("CORS(app, origins='*')", ["fail"]),
        ("CORS(app, origins=['*'])", ["fail"]),
        ("CORS(app, resources={r'/api/*': {'origins': '*'}})", ["fail"]),
        ("CORS(app, resources={r'/api/*': {}})", ["fail"]),
        ("CORS(app, resources=r'/api/*')", ["fail"]),
        ("CORS(app, origin='https://a.example')", ["fail"]),
        ("CORS(app, allow_origins=['https://a.example'])", ["fail"]),
        ("@app.get('/')\n@cross_origin()\ndef index(): pass", ["fail"]),
        ("CORS(app, supports_credentials=True)", ["fail"]),
        ("cors = CORS()\ncors.init_app(app)", ["fail"]),
        ("CORS(app, origins=['https://a.example'])", ["pass"]),
        ("CORS(app, origins='https://a.example')", ["pass"]),
        ("CORS(app, resources={r'/api/*': {'origins': ['https://a.example']}})", ["pass"]),
        ("CORS(app, resources={r'/a': {'origins': 'https://a.example'}, r'/b': {'origins': '*'}})", ["fail"]),
        ("cors = CORS(origins=['https://a.example'])\ncors.init_app(app)", ["pass", "pass"]),
        ("cors = CORS()\ncors.init_app(app, origins=['https://a.example'])", ["pass"]),
        ("app.config['CORS_ORIGINS'] = ['https://a.example']\nCORS(app)", ["pass"]),
        ("app.config['CORS_ORIGINS'] = '*'\nCORS(app)", ["fail"]),
        ("import os\nCORS(app, origins=os.environ['ORIGINS'].split(','))", ["pass"]),
        ("import os\nCORS(app, origins=os.getenv('ORIGINS', '*'))", ["review"]),
        ("CORS(app, origins=unknown)", ["review"]),
        ("CORS(app, **options)", ["review"]),
        ("if app.debug:\n    CORS(app)", ["pass"]),
        ("CORS(app, origins='*' if app.debug else ['https://a.example'])", ["pass"]),
        ("CORS()", []),
    ],
)
def test_flask_cors_any_origin(tmp_path, code, expected):
    assert flask(tmp_path, code) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("CORS(app, origins=['http://localhost:3000'])", ["fail"]),
        ("CORS(app, origins='http://127.0.0.1:5173')", ["fail"]),
        ("ORIGINS = ['http://localhost:3000']\nCORS(app, origins=ORIGINS)", ["fail"]),
        ("CORS(app, resources={r'/*': {'origins': 'http://localhost'}})", ["fail"]),
        ("ORIGINS = ['http://localhost:3000']\nORIGINS.append('https://a.example')\nCORS(app, origins=ORIGINS)", ["pass"]),
        ("ORIGINS = ['http://localhost:3000']\nif app.debug:\n    ORIGINS.append('https://a.example')\nCORS(app, origins=ORIGINS)", ["fail"]),
        ("import os\nCORS(app, origins=['http://localhost', os.environ['O']])", ["pass"]),
        ("import os\nCORS(app, origins=os.getenv('O', 'http://localhost'))", ["pass"]),
        ("CORS(app, origins=['http://localhost', unknown])", ["review"]),
        ("CORS(app, origins='*')", []),
        ("CORS(app)", []),
    ],
)
def test_flask_cors_localhost_only(tmp_path, code, expected):
    assert flask(tmp_path, code, "flask/cors-localhost-only") == expected


def test_the_trail_of_origins_leads_to_the_list(tmp_path):
    files = {
        "requirements.txt": "flask-cors",
        "app.py": FLASK + "from config import O\nCORS(app, origins=O)",
        "config.py": "O = ['http://localhost']\n",
    }
    (site,) = judged(tmp_path, "flask/cors-localhost-only", files)
    assert [(str(step.path), step.line, step.label) for step in site.related] == [
        ("config.py", 1, 'O is ["http://localhost"]'),
        ("app.py", 4, "O imported from config.py"),
    ]


# -- FastAPI --------------------------------------------------------------------------------------------------------------------------

FASTAPI = "from fastapi import FastAPI\nfrom fastapi.middleware.cors import CORSMiddleware\napp = FastAPI()\n"


def fastapi(root, rule, arguments):
    code = FASTAPI + f"app.add_middleware(CORSMiddleware, {arguments})\n"
    return [outcome for _, outcome in verdicts(root, rule, {"requirements.txt": "fastapi", "app.py": code})]


@pytest.mark.parametrize(
    ("arguments", "credentials", "localhost"),
    [
        ("allow_origins=['*'], allow_credentials=True", ["fail"], ["pass"]),
        ("allow_origins=['*']", ["pass"], ["pass"]),
        ("allow_origins=['*'], allow_credentials=False", ["pass"], ["pass"]),
        ("allow_origins=['https://a.example'], allow_credentials=True", ["pass"], ["pass"]),
        ("allow_origins=['http://localhost:3000'], allow_credentials=True", ["pass"], ["fail"]),
        ("allow_origins=['http://localhost:3000'], allow_origin_regex='https://.*[.]a[.]example'", ["pass"], ["pass"]),
        ("allow_origins=settings.ORIGINS, allow_credentials=True", ["review"], ["review"]),
    ],
)
def test_fastapi(tmp_path, arguments, credentials, localhost):
    assert fastapi(tmp_path / "a", "fastapi/cors-credentials-any-origin", arguments) == credentials
    assert fastapi(tmp_path / "b", "fastapi/cors-localhost-only", arguments) == localhost
