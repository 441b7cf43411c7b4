"""Secret keys: is the one that production runs with written in the source?"""

import pytest
from made_judged import judged, verdicts

KEY = "hunter2hunter2"
DEFAULT = "python/insecure-secret-default"


def outcomes(root, rule, files):
    return [outcome for _, outcome in verdicts(root, rule, files)]


def both(root, code, *, requirements="", path="app.py", files=None):
    """The outcomes of the hardcoded-secret entries (all three owners) and of the insecure default."""
    tree = {"requirements.txt": requirements + "\n", path: code, **(files or {})}
    hard = {owner: outcomes(root, f"{owner}/hardcoded-secret", tree) for owner in ("python", "flask", "django")}
    return {owner: found for owner, found in hard.items() if found}, outcomes(root, DEFAULT, tree)


@pytest.mark.parametrize(
    ("code", "hardcoded", "default"),
    [
        (f"SECRET_KEY = '{KEY}'", ["fail"], []),
        (f"SECRET_KEY = b'{KEY}'", ["fail"], []),
        (f"JWT_SECRET = '{KEY}'", ["fail"], []),
        (f"SECRET_KEY: str = '{KEY}'", ["fail"], []),
        (f"VALUE = '{KEY}'\nSECRET_KEY = VALUE", ["fail"], []),
        (f"SECRET_KEY = '{KEY}'.encode()", ["fail"], []),
        ("import os\nSECRET_KEY = os.environ['S']", ["pass"], ["pass"]),
        ("import os\nSECRET_KEY = os.environ.get('S')", ["pass"], ["pass"]),
        ("import os\nSECRET_KEY = os.getenv('S', '')", ["pass"], ["pass"]),
        (f"import os\nSECRET_KEY = os.getenv('S', '{KEY}')", [], ["fail"]),
        (f"import os\nSECRET_KEY = os.getenv('S') or '{KEY}'", [], ["fail"]),
        (f"from decouple import config\nSECRET_KEY = config('S', default='{KEY}')", [], ["fail"]),
        ("from decouple import config\nSECRET_KEY = config('S')", ["pass"], ["pass"]),
        ("SECRET_KEY = ''", ["pass"], []),
        ("SECRET_KEY = None", ["pass"], []),
        ("SECRET_KEY = '{{ secret }}'", ["pass"], []),
        ("SECRET_KEY = '<your key>'", ["pass"], []),
        ("import secrets\nSECRET_KEY = secrets.token_hex()", ["pass"], []),
        # development
        (
            f"import os\nif os.getenv('ENV') == 'development':\n    SECRET_KEY = '{KEY}'\nelse:\n    SECRET_KEY = os.environ['S']",
            ["pass", "pass"],
            ["pass"],
        ),
        (f"import os\nSECRET_KEY = '{KEY}' if os.getenv('ENV') == 'development' else os.environ['S']", ["pass"], ["pass"]),
        (f"import os\nSECRET_KEY = '{KEY}' if x else os.environ['S']", ["review"], ["pass"]),
        # refused at the start
        (f"SECRET_KEY = '{KEY}'\nif SECRET_KEY == '{KEY}': raise SystemExit", ["pass"], []),
        (f"import os\nSECRET_KEY = os.getenv('S', '{KEY}')\nif SECRET_KEY == '{KEY}' and x: raise SystemExit", [], ["pass"]),
        # replaced
        (f"import os\nSECRET_KEY = '{KEY}'\nSECRET_KEY = os.environ['S']", ["pass", "pass"], ["pass"]),
    ],
)
def test_a_plain_module(tmp_path, code, hardcoded, default):
    hard, soft = both(tmp_path, code)
    assert hard == ({"python": hardcoded} if hardcoded else {})
    assert soft == default


@pytest.mark.parametrize(
    ("code", "hardcoded"),
    [
        (f"from flask import Flask\napp = Flask(__name__)\napp.secret_key = '{KEY}'", ["fail"]),
        (f"from flask import Flask\napp = Flask(__name__)\napp.config['SECRET_KEY'] = '{KEY}'", ["fail"]),
        (f"from flask import Flask\napp = Flask(__name__)\napp.config.update(SECRET_KEY='{KEY}')", ["fail"]),
        ("from flask import Flask\nimport os\napp = Flask(__name__)\napp.secret_key = os.environ['S']", ["pass"]),
        (f"class Config:\n    SECRET_KEY = '{KEY}'", ["fail"]),
        (f"class DevelopmentConfig:\n    SECRET_KEY = '{KEY}'", ["pass"]),
        (f"import os\nclass Config:\n    SECRET_KEY = '{KEY}'\nclass ProductionConfig(Config):\n    SECRET_KEY = os.environ['S']", ["pass", "pass"]),
    ],
)
def test_flask(tmp_path, code, hardcoded):
    hard, _ = both(tmp_path, code, requirements="flask")
    assert hard == {"flask": hardcoded}


def test_django(tmp_path):
    hard, _ = both(tmp_path, f"INSTALLED_APPS = []\nSECRET_KEY = '{KEY}'", requirements="django", path="shop/settings.py")
    assert hard == {"django": ["fail"]}


def test_a_secret_bound_to_another_name_first_is_one_failure(tmp_path):
    code = f"from flask import Flask\nJWT_SECRET = '{KEY}'\napp = Flask(__name__)\napp.secret_key = JWT_SECRET"
    assert both(tmp_path, code, requirements="flask")[0] == {"python": ["fail"]}


SETTINGS = "from pydantic_settings import BaseSettings\nfrom pydantic import field_validator\nclass Settings(BaseSettings):\n"


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        (f"    SECRET_KEY: str = '{KEY}'", ["fail"]),
        (f"    secret_key: str = '{KEY}'", ["fail"]),
        ("    SECRET_KEY: str", []),
        ("    SECRET_KEY: str = ''", ["pass"]),
        (
            f"    SECRET_KEY: str = '{KEY}'\n    @field_validator('SECRET_KEY')\n    def check(cls, v):\n        if v == '{KEY}': raise ValueError\n        return v",
            ["pass"],
        ),
    ],
)
def test_a_field_of_a_settings_class_is_a_default(tmp_path, field, expected):
    hard, soft = both(tmp_path, SETTINGS + field, requirements="fastapi")
    assert hard in ({}, {"python": ["pass"]})
    assert soft == expected


def test_no_result_quotes_the_secret(tmp_path):
    code = f"import os\nBASE = '{KEY}'\nSECRET_KEY = BASE\nJWT_SECRET = os.getenv('J', '{KEY}')\nclass Config:\n    JWT_SECRET_KEY = SECRET_KEY\n"
    tree = {"requirements.txt": "flask", "app.py": code}
    sites = [site for rule in ("python/hardcoded-secret", "flask/hardcoded-secret", DEFAULT) for site in judged(tmp_path, rule, tree)]
    assert any(site.outcome.value == "fail" for site in sites)
    for site in sites:
        words = [site.message, *(step.label for step in site.related if not step.label.startswith("BASE is"))]
        assert not any(KEY in word for word in words)
