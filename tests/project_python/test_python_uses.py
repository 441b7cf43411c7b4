"""What becomes of a value that may be None."""

from textwrap import dedent

import pytest
from made_python import asked

from auditor.project.python.uses import Uses

HEAD = "import os, sys, json, logging\nX = here(os.getenv('X'))\n"


def uses(text, files=None, path="app.py"):
    """(kind, path, line) of every end the read inside `here(...)` comes to; `here` itself is left out of the program."""
    _, where, made = asked(text, path, files)
    call = next(call for call in where.calls if getattr(call.func, "id", "") == "here")
    read = call.args[0]
    # `here(...)` only marks the read: its place in the tree is given to the read.
    parent = where.parents[call]
    for name, field in list(vars(parent).items()):
        if field is call:
            setattr(parent, name, read)
        elif isinstance(field, list) and call in field:
            field[field.index(call)] = read
    where.parents[read] = parent
    return [(use.kind, str(use.place.path), use.place.line) for use in Uses(made).of(where, read)]


def kinds(text, files=None):
    return [kind for kind, _, _ in uses(HEAD + text, files)]


@pytest.mark.parametrize(
    "text",
    [
        "X.split(',')",
        "X.lower()",
        "X['a']",
        "d[X]",
        "int(X)",
        "float(X)",
        "X + '/path'",
        "'/path' + X",
        "X += 'a'",
        "-X",
        "X < 3",
        "'a' in X",
        "for a in X: pass",
        "[a for a in X]",
        "f(*X)",
        "url = f'https://{X}/api'",
        "url = 'https://%s' % X",
        "requests_get('x'.join(X))",
        "os.environ['Y'] = X",
        "getattr(a, X)",
        "import stripe\nstripe.api_key = X",
        "import redis\nredis.Redis(X)",
        "import redis\nredis.Redis(host=X)",
        "from sqlalchemy import create_engine\ncreate_engine(X)",
        "Y = X\nY.split(',')",
        "Y = X if a else None\nY.split(',')",
        "def f():\n    return X.split(',')",
        "def f(x): return x.lower()\nf(X)",
        "def f(x=X): return x.lower()",
        "class A:\n    def __init__(self, x): self.x = x\n    def f(self): return self.x.lower()\nA(X)",
        "class A:\n    x = X\n    def f(self): return self.x.lower()",
        "if a or X.lower(): pass",
        "if a:\n    X.lower()",
        "if Y:\n    X.lower()",
        "Y = a and X\nY.lower()",
        "Y: str = X\nY.lower()",
        "def f():\n    return X\nf().lower()",
        "Y, Z = X, 1\nY.lower()",
    ],
)
def test_a_use_that_raises_or_writes_none_into_a_text_breaks(text):
    assert kinds(text) == ["breaks"]


@pytest.mark.parametrize(
    "text",
    [
        # str() hides it: what comes out is true and has a length
        "Y = str(X)",
        "Y = str(X) or 'default'",
        "import redis\nredis.Redis(str(X).strip('/'))",
        "int(str(X))",
        "Y = {'a': str(X)}",
        "def f(y): return y\nf(str(X))",
        "def f(): return str(X)",
    ],
)
def test_the_text_none_breaks(text):
    assert "breaks" in kinds(text)


def test_str_of_a_read_that_is_only_compared_is_tolerated():
    # str(None) == "1" is False, which is what an unset switch means.
    assert kinds("if str(X) == '1': pass") == ["tolerated"]
    assert kinds("if str(X).lower() in ('1', 'true'): pass") == ["tolerated"]


@pytest.mark.parametrize(
    "text",
    [
        "if X: X.lower()",
        "Y = X or 'default'\nY.lower()",
        "Y = X.lower() if X else ''",
        "Y = X and X.lower()",
        "if X is not None: X.lower()",
        "def f():\n    if not X: return\n    X.lower()",
        "if not X: X = 'default'\nX.lower()",
        "if X is None: X = 'default'\nX.lower()",
        "try:\n    int(X)\nexcept TypeError: pass",
        "while X: X.lower()",
        "if all([X, a]): X.lower()",
        "if isinstance(X, str): X.lower()",
        "if X and a: X.lower()",
        "if not X or X.lower(): pass",
        "if X == 'a': X.lower()",
        "if X in ('a', 'b'): X.lower()",
    ],
)
def test_what_is_tested_before_it_is_used_never_breaks(text):
    found = kinds(text)
    assert found
    assert set(found) <= {"checked", "tolerated"}


@pytest.mark.parametrize(
    "text",
    [
        "if not X: raise E",
        "if not X: sys.exit(1)",
        "if X is None: raise E",
        "assert X",
        "assert X is not None, 'X'",
        "if not X:\n    print('X')\n    sys.exit(1)",
        "if X: pass\nelse: raise E",
    ],
)
def test_a_start_that_is_stopped_ensures_every_other_use(text):
    # Wherever it is used after that, there is a value: the first line is all that has to be said.
    assert "ensured" in kinds(text + "\nX.lower()")


def test_a_function_that_returns_early_says_nothing_about_the_next_one():
    text = """
        def f():
            if not X:
                return
            X.lower()
        def g():
            X.lower()
    """
    assert sorted(kinds(dedent(text))) == ["breaks", "checked", "checked"]


@pytest.mark.parametrize(
    "text",
    [
        "if not X: print('no X')\nX.lower()",
        "if X: print(1)\nX.lower()",
        "if not Y: raise E\nX.lower()",
    ],
)
def test_a_test_that_stops_nothing_leaves_the_use_after_it_broken(text):
    assert "breaks" in kinds(text)


@pytest.mark.parametrize(
    "text",
    [
        "print(X)",
        "logging.info('X is %s', X)",
        "log.debug(f'X is {X}')",
        "raise E(f'X is {X}')",
        "bool(X)",
        "X == 'a'",
        "X is None",
        "X in ('a', 'b')",
        "import sentry_sdk\nsentry_sdk.init(dsn=X)",
        "import boto3\nboto3.client('s3', aws_access_key_id=X)",
        "json.dumps(X)",
        "from typing import Optional\nclass S:\n    x: Optional[str] = X",
        "class S:\n    EMAIL_HOST_USER = X",
    ],
)
def test_what_accepts_none_tolerates_it(text):
    assert kinds(text) == ["tolerated"]


def test_a_read_that_is_the_default_of_another_read_goes_where_that_goes():
    assert kinds("Y = os.getenv('Y', X)\nY.lower()") == ["breaks"]
    assert kinds("Y = os.getenv('Y', X)\nif not Y: raise E") == ["ensured"]


@pytest.mark.parametrize(
    "text",
    ["f(X)", "d = {'a': X}", "l = [X]", "l.append(X)", "a.b.c.d(X)", "d['a'] = X", "yield_ = lambda: X", "pass"],
)
def test_what_cannot_be_followed_is_unknown(text):
    found = kinds(text)
    assert found == ["unknown"]


# -- walrus, containers, required lists -----------------------------------------------------------------------------------------------


def test_a_walrus_is_followed_by_its_name():
    assert kinds_of("import os\nif (x := here(os.getenv('X'))):\n    x.lower()") == {"checked"}
    assert kinds_of("import os\nprint(x := here(os.getenv('X')))\nx.lower()") == {"tolerated", "breaks"}


def kinds_of(text, files=None):
    return {kind for kind, _, _ in uses(text, files)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("if not all([X, Y]): raise E", "checked"),
        ("if not any([X, Y]): raise E", "checked"),
        ("required = {'X': X}\nmissing = [k for k, v in required.items() if not v]\nif missing: raise E", "checked"),
        ("required = [X]\nif not all(required): raise E", "checked"),
        ("for name, value in {'X': X}.items():\n    if not value: raise E", "unknown"),
        ("required = {'X': X}\nfor name, value in required.items():\n    if not value: raise E", "checked"),
    ],
)
def test_a_collection_that_is_gone_through_for_gaps_checks_its_members(text, expected):
    assert kinds(text) == [expected]


# -- inside the frameworks ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("app.config['SQLALCHEMY_DATABASE_URI'] = X", {"checked"}),
        ("app.config['SECRET_KEY'] = X", {"unknown"}),
        ("from flask import session\napp.config['SECRET_KEY'] = X", {"breaks"}),
        ("from flask import session\napp.secret_key = X", {"breaks"}),
        ("app.config['API'] = X\nrequest(app.config['API'].lower())", {"breaks"}),
        ("app.config['API'] = X\nif app.config.get('API'): pass", {"checked"}),
        ("app.config['API'] = X", {"unknown"}),
        ("DATABASES = {'default': {'NAME': X}}", {"breaks"}),
        ("from pydantic import BaseModel\nclass M(BaseModel):\n    x: str = X", {"breaks"}),
        ("from pydantic import BaseModel\nclass M(BaseModel):\n    x: str | None = X", {"tolerated"}),
        ("class Config:\n    API = X\nimport redis\nredis.Redis(Config.API)", {"breaks"}),
    ],
)
def test_a_setting_ends_in_what_the_framework_does_with_none(text, expected):
    assert set(kinds(text)) == expected


def test_a_django_setting_is_followed_to_where_the_project_reads_it():
    settings = "import os\nINSTALLED_APPS = []\nAPI = here(os.getenv('API'))\nSECRET_KEY = 'x'"
    views = "from django.conf import settings\nsettings.API.lower()"
    assert uses(settings, {"shop/views.py": views}, "project/settings.py") == [("breaks", "shop/views.py", 2)]


def test_django_refuses_an_empty_secret_key():
    assert uses("import os\nINSTALLED_APPS = []\nSECRET_KEY = here(os.getenv('X'))", path="p/settings.py") == [("checked", "p/settings.py", 3)]


# -- across modules -------------------------------------------------------------------------------------------------------------------

CONFIG = "import os\nX = here(os.getenv('X'))\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from config import X\nX.lower()", [("breaks", "web.py", 2)]),
        ("from config import X as y\ny.lower()", [("breaks", "web.py", 2)]),
        ("import config\nconfig.X.lower()", [("breaks", "web.py", 2)]),
        ("from config import X\nif not X: raise E", [("ensured", "web.py", 2)]),
        ("from config import X\nif X: X.lower()", [("checked", "web.py", 2), ("checked", "web.py", 2)]),
        ("import config\nif config.X: config.X.lower()", [("checked", "web.py", 2), ("checked", "web.py", 2)]),
        ("from config import Y\nY.lower()", [("unknown", "config.py", 2)]),
        ("X = 1\nX.lower()", [("unknown", "config.py", 2)]),
    ],
)
def test_uses_are_found_in_the_modules_that_import_the_name(text, expected):
    assert uses(CONFIG, {"web.py": text}, "config.py") == expected


def test_the_function_that_receives_it_may_stand_in_another_module():
    text = "import os\nfrom util import f\nf(here(os.getenv('X')))"
    assert uses(text, {"util.py": "def f(x):\n    return x.lower()"}) == [("breaks", "util.py", 2)]
    assert uses(text, {"util.py": "def f(x):\n    if not x:\n        raise ValueError\n    return x.lower()"})[0][0] == "ensured"


def test_a_helper_that_returns_it_passes_it_on_to_its_callers():
    text = "import os\ndef f():\n    return here(os.getenv('X'))"
    assert uses(text, {"web.py": "from app import f\nf().lower()"}) == [("breaks", "web.py", 2)]
    assert uses(text, {"web.py": "from app import f\nx = f() or 'd'"}) == [("checked", "web.py", 2)]
    assert uses(text) == [("unknown", "app.py", 3)]


def test_a_helper_that_waits_for_a_key_error_of_get_breaks():
    text = """
        import os
        def f(name):
            try:
                return here(os.environ.get(name))
            except KeyError:
                raise RuntimeError(name)
    """
    assert uses(text) == [("breaks", "app.py", 4)]


def test_functions_that_call_each_other_end():
    text = "import os\ndef f(x): return g(x)\ndef g(x): return f(x)\nf(here(os.getenv('X')))"
    assert uses(text) == [] or kinds_of(text) <= {"unknown"}


def test_a_read_behind_the_same_read_is_known_to_be_set():
    _, where, made = asked("import os\nif os.getenv('X'):\n    here(os.getenv('X'))")
    assert Uses(made).guarded_read(where, where.calls[-1])
    _, where, made = asked("import os\nif os.getenv('Y'):\n    here(os.getenv('X'))")
    assert not Uses(made).guarded_read(where, where.calls[-1])
