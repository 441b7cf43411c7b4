"""Django settings: which binding production ends up with."""

from pathlib import PurePosixPath

import pytest
from made_judged import judged, verdicts

from auditor.checks.settings import is_development_file, is_settings_module
from auditor.project.python.module import Module

HEAD = "import os\nINSTALLED_APPS = ['shop']\nROOT_URLCONF = 'shop.urls'\n"
BASE = {"requirements.txt": "django\n"}
ANY, EMPTY, STATIC = "django/allowed-hosts-any", "django/allowed-hosts-empty", "django/static-root-missing"


def settings(root, rule, code, files=None, path="shop/settings.py"):
    """The outcomes in the settings module, whose lines come after three of the head."""
    found = verdicts(root, rule, {**BASE, path: HEAD + code, **(files or {})})
    return [outcome for place, outcome in found if place.startswith(path)]


@pytest.mark.parametrize(
    ("code", "hosts_any", "hosts_empty"),
    [
        ("ALLOWED_HOSTS = ['*']", ["fail"], []),
        ("ALLOWED_HOSTS = []", ["pass"], ["fail"]),
        ("ALLOWED_HOSTS = ['localhost', '127.0.0.1']", ["pass"], ["fail"]),
        ("ALLOWED_HOSTS = ['localhost', 'testserver']", ["pass"], ["fail"]),
        ("ALLOWED_HOSTS = ['shop.example']", ["pass"], ["pass"]),
        ("ALLOWED_HOSTS = ['localhost', 'shop.example']", ["pass"], ["pass"]),
        ("ALLOWED_HOSTS: list[str] = ['*']", ["fail"], []),
        ("ALLOWED_HOSTS = os.environ['HOSTS'].split(',')", ["pass"], ["pass"]),
        ("ALLOWED_HOSTS = os.environ.get('HOSTS', '*').split(',')", ["review"], ["pass"]),
        ("ALLOWED_HOSTS = os.environ.get('HOSTS', '').split(',')", ["pass"], ["pass"]),
        ("ALLOWED_HOSTS = [os.environ.get('HOST')]", ["pass"], ["pass"]),
        ("ALLOWED_HOSTS = unknown()", ["review"], ["review"]),
        # changed later
        ("ALLOWED_HOSTS = []\nALLOWED_HOSTS.append('shop.example')", ["pass"], ["pass"]),
        ("ALLOWED_HOSTS = []\nALLOWED_HOSTS += os.environ['HOSTS'].split(',')", ["pass"], ["pass"]),
        ("ALLOWED_HOSTS = []\nif DEBUG:\n    ALLOWED_HOSTS.append('shop.example')", ["pass"], ["fail"]),
        ("ALLOWED_HOSTS = ['*'] if DEBUG else ['shop.example']", ["pass"], ["pass"]),
        ("ALLOWED_HOSTS = ['shop.example'] if DEBUG else ['*']", ["fail"], []),
        ("if DEBUG:\n    ALLOWED_HOSTS = ['*']\nelse:\n    ALLOWED_HOSTS = ['shop.example']", ["pass", "pass"], ["pass", "pass"]),
        ("DEBUG = False\nALLOWED_HOSTS = []\nimport django_heroku\ndjango_heroku.settings(locals())", ["pass"], ["pass"]),
        # not a setting
        ("def f():\n    ALLOWED_HOSTS = ['*']", [], []),
        ("class A:\n    ALLOWED_HOSTS = ['*']", [], []),
    ],
)
def test_allowed_hosts(tmp_path, code, hosts_any, hosts_empty):
    assert settings(tmp_path / "a", ANY, code) == hosts_any
    with_hosts = settings(tmp_path / "b", EMPTY, code)
    # INSTALLED_APPS is a site of its own where ALLOWED_HOSTS is set nowhere at the top level.
    assert with_hosts == (hosts_empty or (["fail"] if code.startswith(("def", "class")) else []))


def test_hosts_that_are_set_nowhere_fail_where_the_applications_are_listed(tmp_path):
    assert verdicts(tmp_path, EMPTY, {**BASE, "shop/settings.py": HEAD}) == [("shop/settings.py:2", "fail")]


@pytest.mark.parametrize("path", ["shop/local_settings.py", "shop/settings/dev.py", "shop/settings/local.py", "config/settings_test.py"])
def test_a_settings_file_for_development_is_not_about_production(tmp_path, path):
    assert settings(tmp_path, ANY, "ALLOWED_HOSTS = ['*']", path=path) == []


@pytest.mark.parametrize(
    ("base", "production", "expected"),
    [
        ("ALLOWED_HOSTS = ['*']", "from .base import *\nALLOWED_HOSTS = ['shop.example']", [("base.py:4", "pass"), ("production.py:2", "pass")]),
        ("ALLOWED_HOSTS = ['*']", "from .base import *", [("base.py:4", "fail")]),
        (
            "ALLOWED_HOSTS = ['*']",
            "from shop.settings.base import *\nALLOWED_HOSTS = ['a.example']",
            [("base.py:4", "pass"), ("production.py:2", "pass")],
        ),
        ("X = 1", "from .base import *\nALLOWED_HOSTS = ['*']", [("production.py:2", "fail")]),
    ],
)
def test_what_a_settings_module_that_builds_on_another_binds_again_counts(tmp_path, base, production, expected):
    files = {**BASE, "shop/settings/__init__.py": "", "shop/settings/base.py": HEAD + base, "shop/settings/production.py": production}
    assert verdicts(tmp_path, ANY, files) == [(f"shop/settings/{place}", outcome) for place, outcome in expected]


def test_what_only_the_development_settings_bind_again_does_not(tmp_path):
    files = {
        **BASE,
        "shop/settings/base.py": HEAD + "ALLOWED_HOSTS = ['*']",
        "shop/settings/dev.py": "from .base import *\nALLOWED_HOSTS = ['x.example']",
    }
    assert verdicts(tmp_path, ANY, files) == [("shop/settings/base.py:4", "fail")]


def test_a_file_outside_the_repository_that_may_replace_it_leaves_doubt(tmp_path):
    code = "ALLOWED_HOSTS = ['*']\ntry:\n    from .local_settings import *\nexcept ImportError:\n    pass"
    (site,) = judged(tmp_path, ANY, {**BASE, "shop/settings.py": HEAD + code})
    assert site.outcome.value == "review"
    assert [(str(step.path), step.line) for step in site.related] == [("shop/settings.py", 6)]


@pytest.mark.parametrize(
    ("code", "files", "expected"),
    [
        ("STATIC_URL = '/static/'", {}, ["fail"]),
        ("STATIC_URL = '/static/'\nSTATIC_ROOT = 'static'", {}, ["pass"]),
        ("STATIC_URL = '/static/'\nimport django_heroku\ndjango_heroku.settings(locals())", {}, ["pass"]),
        ("STATIC_URL = '/static/'", {"shop/production.py": "from shop.settings import *\nSTATIC_ROOT = '/srv'"}, ["pass"]),
        ("from .base import *\nSTATIC_URL = '/static/'", {"shop/base.py": "STATIC_ROOT = '/srv'"}, ["pass"]),
    ],
)
def test_static_root(tmp_path, code, files, expected):
    assert settings(tmp_path, STATIC, code, files) == expected


@pytest.mark.parametrize(
    ("code", "localhost", "everyone"),
    [
        ("CORS_ALLOWED_ORIGINS = ['http://localhost:3000']", ["fail"], []),
        ("CORS_ORIGIN_WHITELIST = ('http://127.0.0.1:3000',)", ["fail"], []),
        ("CORS_ALLOWED_ORIGINS = ['http://localhost:3000', 'https://a.example']", ["pass"], []),
        ("CORS_ALLOWED_ORIGINS = os.environ['O'].split(',')", ["pass"], []),
        ("CORS_ALLOWED_ORIGINS = ['http://localhost']\nCORS_ALLOW_ALL_ORIGINS = True", ["pass"], ["fail"]),
        ("CORS_ALLOWED_ORIGINS = ['http://localhost']\nCORS_ALLOW_ALL_ORIGINS = False", ["fail"], ["pass"]),
        ("CORS_ALLOWED_ORIGINS = ['http://localhost']\nCORS_ALLOWED_ORIGIN_REGEXES = ['.*']", ["pass"], []),
        ("CORS_ORIGIN_ALLOW_ALL = DEBUG", [], ["review"]),
        ("CORS_ORIGIN_ALLOW_ALL = os.getenv('X') == '1'", [], ["review"]),
        ("if DEBUG:\n    CORS_ALLOW_ALL_ORIGINS = True", [], ["pass"]),
        ("CORS_ALLOW_ALL_ORIGINS = True\nif not DEBUG:\n    CORS_ALLOW_ALL_ORIGINS = False", [], ["pass", "pass"]),
    ],
)
def test_django_cors(tmp_path, code, localhost, everyone):
    assert settings(tmp_path / "a", "django/cors-localhost-only", code) == localhost
    assert settings(tmp_path / "b", "django/cors-any-origin", code) == everyone


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("shop/settings.py", "INSTALLED_APPS = []", True),
        ("anything.py", "INSTALLED_APPS = []", True),
        ("anything.py", "MIDDLEWARE = []", True),
        ("shop/settings/production.py", "from .base import *", True),
        ("shop/settings_prod.py", "from .base import *", True),
        ("app/settings.py", "class Config:\n    SECRET_KEY = 'x'\nSECRET_KEY = 'y'", False),
        ("app/settings.py", "DEBUG = 1", False),
        ("app/config.py", "SECRET_KEY = 'x'", False),
    ],
)
def test_what_a_settings_module_is(path, text, expected):
    assert is_settings_module(Module(PurePosixPath(path), text)) is expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("dev.py", True),
        ("settings_local.py", True),
        ("local-settings.py", True),
        ("test.py", True),
        ("prod.py", False),
        ("device.py", False),
        ("base.py", False),
    ],
)
def test_what_a_development_file_is(path, expected):
    assert is_development_file(PurePosixPath("shop") / path) is expected
