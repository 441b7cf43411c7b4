"""What is known of an expression."""

import pytest
from made_python import asked, plain, trail, value

from auditor.project.python.values import EnvRead, Literal, PathValue, Sequence, describe, in_production, join_posix, over


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("here(1)", 1),
        ("here('a')", "a"),
        ("here(None)", None),
        ("here(...)", "Unknown"),
        ("here(not True)", False),
        ("here('a' + 'b')", "ab"),
        ("here(1 + 2)", 3),
        ("here(f'a{1}b')", "Text"),
        ("here(f'a{\"b\"}c')", "abc"),
        ("here(f'')", ""),
        ("here('%s' % x)", "Text"),
        ("here([1, 'a'])", [1, "a"]),
        ("here((1,))", [1]),
        ("here([1] + [2])", [1, 2]),
        ("here([1] + unknown)", [1, "Unknown", ...]),
        ("a = [1]\nhere([0, *a])", [0, 1]),
        ("here([0, *unknown])", [0, "Unknown", ...]),
        ("here({'a': 1})", {"a": 1}),
        ("a = {'a': 1}\nhere({**a, 'b': 2})", {"a": 1, "b": 2}),
        ("here({**unknown, 'b': 2})", {"b": 2, ...: ...}),
        ("here({'a': 1}['a'])", 1),
        ("here(['a', 'b'][-1])", "b"),
        ("here({'a': 1}.get('b'))", None),
        ("here({'a': 1}.get('b', 2))", 2),
        ("here('a,b'.split(','))", ["a", "b"]),
        ("here(' A '.strip().lower())", "a"),
        ("here(str(1))", "1"),
        ("here(list(('a', 'b')))", ["a", "b"]),
        ("here(dict(a=1))", {"a": 1}),
        ("here([s.strip() for s in 'a, b'.split(',')])", ["a", "b"]),
        ("here((x := 3))", 3),
        ("from typing import cast\nhere(cast(str, 'a'))", "a"),
        ("here(x)", "Unknown"),
        ("here(f())", "Unknown"),
        ("here(lambda: 1)", "Unknown"),
    ],
)
def test_constants_and_what_is_put_together_from_them(text, expected):
    assert plain(value(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("X = 1\nhere(X)", 1),
        ("X = Y = 1\nhere(Y)", 1),
        ("X: int = 1\nhere(X)", 1),
        ("A, B = 1, 2\nhere(B)", 2),
        ("P = (1, 2)\nA, B = P\nhere(B)", 2),
        ("A, *B = 1, 2\nhere(B)", "Derived"),
        ("X = 1\nX = 2\nhere(X)", 2),
        ("X = 1\nhere(X)\nX = 2", 1),
        # A function runs once the module has: the last binding counts, wherever the function stands.
        ("X = 1\ndef f(): return here(X)\nX = 2", 2),
        ("def f():\n    X = 1\n    return here(X)\nX = 2", 1),
        ("def f():\n    global X\n    X = 1\nhere(X)", 1),
        ("for X in ['a', 'b']: here(X)", ("any of", ("a",), ("b",))),
        ("def f(x=1): return here(x)", ("any of", (1,), ("Parameter",))),
        ("def f(x): return here(x)\nf(1)", 1),
        ("def f(x): return here(x)\nf(1)\nf(x=2)", ("any of", (1,), (2,))),
        ("def f(x): return here(x)", "Parameter"),
        ("def f(): return 'a'\nhere(f())", "a"),
        ("def f(x): return x + 'b'\nhere(f('a'))", "ab"),
        ("def f(x='z'): return x\nhere(f())", "z"),
        ("def f(): pass\nhere(f())", "Unknown"),
        ("class A:\n    x = 1\nhere(A.x)", 1),
        ("class A:\n    x = 1\nhere(A().x)", 1),
        ("class A:\n    x = 1\na = A()\nhere(a.x)", 1),
        ("class B:\n    x = 1\nclass A(B): pass\nhere(A.x)", 1),
        ("class B:\n    x = 1\nclass A(B):\n    x = 2\nhere(A.x)", 2),
        ("class A:\n    def __init__(self): self.x = 1\nhere(A().x)", 1),
        ("class A:\n    @property\n    def x(self): return 1\nhere(A().x)", 1),
        ("class A:\n    x = 1\n    def f(self): return here(self.x)", 1),
        ("class A:\n    def x(self): return 1\nhere(A().x())", 1),
        ("class B:\n    def x(self): return 1\nclass A(B): pass\nhere(A().x())", 1),
        ("class A:\n    def x(self): return 1\nhere(A().x)", "Unknown"),
        # A method is no function of the module, though it has the name of one.
        ("def x(): return 2\nclass A:\n    def x(self): return 1\nhere(A().x())", 1),
    ],
)
def test_a_name_has_the_value_that_reaches_the_use(text, expected):
    assert plain(value(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("if a: X = 1\nelse: X = 2\nhere(X)", ("any of", (1, "set"), (2, "unset"))),
        ("X = 1\nif a: X = 2\nhere(X)", ("any of", (1,), (2, "set"))),
        ("X = 0\nif a: X = 1\nelse: X = 2\nhere(X)", ("any of", (1, "set"), (2, "unset"))),
        ("if a: X = 1\nelif b: X = 2\nelse: X = 3\nhere(X)", ("any of", (1, "set"), (2, "set", "unset"), (3, "unset"))),
        ("X = 1 if a else 2\nhere(X)", ("any of", (1, "set"), (2, "unset"))),
        ("X = 1 if not a else 2\nhere(X)", ("any of", (1, "unset"), (2, "set"))),
        ("import os\nX = 1 if os.environ.get('ENV') == 'production' else 2\nhere(X)", ("any of", (1, "production"), (2, "development"))),
        ("import os\nX = 2 if os.environ.get('ENV') != 'production' else 1\nhere(X)", ("any of", (2, "development"), (1, "production"))),
        # An early exit guards what comes after it.
        ("def f():\n    if DEBUG:\n        return 1\n    return 2\nhere(f())", ("any of", (1, "development"), (2, "production"))),
        # Inside a branch only that branch's binding is in force.
        ("if a:\n    X = 1\n    here(X)\nelse:\n    X = 2", ("any of", (1, "set"))),
        ("try:\n    X = 1\nexcept E:\n    X = 2\nhere(X)", ("any of", (1,), (2,))),
        ("for y in z: X = 1\nhere(X)", 1),
        ("X = 1\nwhile y: X = 2\nhere(X)", ("any of", (1,), (2,))),
        ("class DevelopmentConfig:\n    X = 1\nhere(DevelopmentConfig.X)", ("any of", (1, "development"))),
        ("class ProductionConfig:\n    X = 1\nhere(ProductionConfig.X)", ("any of", (1, "production"))),
        ("X = a and 'b'\nhere(X)", ("any of", ("b", "set"))),
    ],
)
def test_branches_give_alternatives_each_under_its_guard(text, expected):
    assert plain(value(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("X = [1]\nX.append(2)\nhere(X)", [1, 2]),
        ("X = [1]\nX.extend([2, 3])\nhere(X)", [1, 2, 3]),
        ("X = [1]\nX += [2]\nhere(X)", [1, 2]),
        ("X = {1}\nX.add(2)\nhere(X)", [1, 2]),
        ("X = [1]\nX.insert(0, 2)\nhere(X)", [1, 2]),
        ("X = [1]\nX.extend(other())\nhere(X)", [1, "Unknown", ...]),
        ("X = [1]\nX.remove(1)\nhere(X)", [1, ...]),
        ("X = [1]\nhere(X)\nX.append(2)", [1]),
        ("X = [1]\ndef f(): return here(X)\nX.append(2)", [1, 2]),
        ("X = [1]\ndef f():\n    X = []\n    X.append(2)\nhere(X)", [1]),
        ("X = []\nif DEBUG: X.append(1)\nhere(X)", []),
        ("X = []\nif a: X.append(1)\nhere(X)", [1]),
        ("X = 'a'\nX += 'b'\nhere(X)", "ab"),
        ("X = {}\nX['a'] = 1\nhere(X)", {"a": 1}),
        ("X = {'a': 1}\nX.update({'b': 2})\nhere(X['b'])", 2),
        ("X = {'a': 1}\nX.update(b=2)\nhere(X)", {"a": 1, "b": 2}),
        ("X = {'a': 1}\nX.update(**other)\nhere(X)", {"a": 1, ...: ...}),
        ("X = {'a': 1}\nX.pop('a')\nhere(X)", {"a": 1, ...: ...}),
    ],
)
def test_changes_of_a_list_or_dict_between_binding_and_use_count(text, expected):
    assert plain(value(text)) == expected


ENV = "import os\nfrom os import environ, getenv\nimport decouple\nfrom decouple import config\nimport environ as django_environ\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("here(os.environ.get('A'))", ("env", "A", None)),
        ("here(os.getenv('A'))", ("env", "A", None)),
        ("here(environ.get('A', 'd'))", ("env", "A", "d")),
        ("here(getenv('A', default='d'))", ("env", "A", "d")),
        ("here(os.getenv('A', None))", ("env", "A", None)),
        ("here(os.environ['A'])", ("env", "A", "required")),
        ("here(os.environ[x])", ("env", None, "required")),
        ("here(os.environ.get('A') or 'd')", ("env", "A", "d")),
        ("here(os.environ.get('A', '') or 'd')", ("env", "A", "d")),
        ("here(os.environ.get('A', 'c') or 'd')", ("any of", (("env", "A", "c"),), ("d",))),
        ("here(os.environ['A'] or 'd')", ("any of", (("env", "A", "required"),), ("d",))),
        ("here(os.environ.get('A') or os.environ.get('B'))", ("env", "A", ("env", "B", None))),
        ("here(os.environ.get('A', 'a,b').split(','))", ("env", "A", ["a", "b"])),
        ("here([x.strip() for x in os.environ.get('A', 'a, b').split(',')])", ("env", "A", ["a", "b"])),
        ("here(os.environ.get('A').split(','))", ("env", "A", None)),
        ("NAME = 'A'\nhere(os.getenv(NAME))", ("env", "A", None)),
        # python-decouple raises UndefinedValueError without a default.
        ("here(config('A'))", ("env", "A", "required")),
        ("here(config('A', default='d'))", ("env", "A", "d")),
        ("here(decouple.config('A', default='a,b', cast=decouple.Csv()))", ("env", "A", ["a", "b"])),
        ("here(config('A', default=None))", ("env", "A", None)),
        # django-environ
        ("env = django_environ.Env()\nhere(env('A'))", ("env", "A", "required")),
        ("env = django_environ.Env()\nhere(env('A', default='d'))", ("env", "A", "d")),
        ("env = django_environ.Env()\nhere(env.str('A', 'd'))", ("env", "A", "d")),
        ("env = django_environ.Env()\nhere(env.list('A', default=['x']))", ("env", "A", ["x"])),
        ("env = django_environ.Env()\nhere(env.bool('A', default=False))", ("env", "A", False)),
        ("env = django_environ.Env()\nhere(env['A'])", ("env", "A", "required")),
        ("env = django_environ.Env(A=(bool, False))\nhere(env('A'))", ("env", "A", False)),
        # Starlette
        ("from starlette.config import Config\nc = Config('.env')\nhere(c('A'))", ("env", "A", "required")),
        ("from starlette.config import Config\nc = Config('.env')\nhere(c('A', default='d'))", ("env", "A", "d")),
        ("from starlette.config import Config\nc = Config('.env')\nhere(c('A', cast=bool, default=False))", ("env", "A", False)),
        ("from starlette.config import Config\nc = Config('.env')\nhere(c('A', bool, False))", ("env", "A", False)),
    ],
)
def test_reads_of_the_environment_with_what_comes_when_it_is_unset(text, expected):
    assert plain(value(ENV + text)) == expected


def test_environs_gives_the_default_as_second_argument():
    text = "from environs import Env\nenv = Env()\nhere(env.str('A', 'd'))"
    assert plain(value(text)) == ("env", "A", "d")
    assert plain(value("from environs import Env\nenv = Env()\nhere(env('A', 'd'))")) == ("env", "A", "d")


SETTINGS = """
from pydantic_settings import BaseSettings
from pydantic import Field
class Base(BaseSettings):
    plain: str = "d"
    needed: str
    field: str = Field("f")
    keyword: str = Field(default="k")
    required: str = Field(...)
    maybe: str | None = None
class Settings(Base): pass
settings = Settings()
"""


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("plain", ("env", "PLAIN", "d")),
        ("needed", ("env", "NEEDED", "required")),
        ("field", ("env", "FIELD", "f")),
        ("keyword", ("env", "KEYWORD", "k")),
        ("required", ("env", "REQUIRED", "required")),
        ("maybe", ("env", "MAYBE", None)),
    ],
)
def test_a_field_of_a_settings_class_is_a_read_of_the_environment(name, expected):
    assert plain(value(f"from config import settings\nhere(settings.{name})", files={"config.py": SETTINGS})) == expected
    assert plain(value(f"from config import Settings\nhere(Settings().{name})", files={"config.py": SETTINGS})) == expected


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("app.config['X'] = 'a'", "a"),
        ("app.config.update(X='a')", "a"),
        ("app.config.from_mapping(X='a')", "a"),
        ("class Config:\n    X = 'a'\napp.config.from_object(Config)", "a"),
        ("app.config['X'] = 'a'\nif DEBUG: app.config['X'] = 'b'", ("any of", ("a",), ("b", "development"))),
        ("app.config['Y'] = 'a'", "Reference"),
    ],
)
@pytest.mark.parametrize("read", ["app.config['X']", "app.config.get('X')", "current_app.config['X']"])
def test_app_config_gives_what_the_project_writes_into_it(setting, expected, read):
    text = f"from flask import current_app\nfrom main import app\nhere({read})"
    main = "from flask import Flask\napp = Flask(__name__)\n" + setting
    found = plain(value(text, "views.py", {"main.py": main}))
    if expected == "Reference":
        assert found in ("Reference", "Unknown", "Instance", "Derived")  # set nowhere: anything but a value
    else:
        assert found == expected


def test_a_django_setting_is_what_the_settings_module_binds():
    text = "from django.conf import settings\nhere(settings.API)"
    assert plain(value(text, "shop/views.py", {"project/settings.py": "API = 'a'"})) == "a"
    assert plain(value(text, "shop/views.py", {"project/settings.py": "OTHER = 'a'"})) == "Unknown"


FILE = "web/app.py"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("here(Path('dist'))", ("relative", "dist")),
        ("here(Path('a', 'b'))", ("relative", "a/b")),
        ("here(Path('a') / 'b' / '../c')", ("relative", "a/c")),
        ("here(Path('/srv') / 'a')", ("absolute", "/srv/a")),
        ("here(Path('a') / '/b')", ("absolute", "/b")),
        ("here(os.path.join('a', 'b'))", ("relative", "a/b")),
        ("here(os.path.join('a', x))", ("relative", None)),
        ("here(os.path.join(x, 'a'))", "Derived"),
        ("here('dist')", "dist"),
        ("here(__file__)", ("file", "web/app.py")),
        ("here(os.path.dirname(__file__))", ("file", "web")),
        ("here(os.path.abspath(os.path.dirname(__file__)))", ("file", "web")),
        ("here(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))", ("file", "")),
        ("here(os.path.join(os.path.dirname(__file__), 'dist'))", ("file", "web/dist")),
        ("here(os.path.join(os.path.dirname(__file__), '..', 'dist'))", ("file", "dist")),
        ("here(os.path.join(os.path.dirname(__file__), os.pardir, 'dist'))", ("file", "dist")),
        ("here(Path(__file__).parent / 'dist')", ("file", "web/dist")),
        ("here(Path(__file__).resolve().parent.parent / 'dist')", ("file", "dist")),
        ("here(Path(__file__).parents[1] / 'dist')", ("file", "dist")),
        ("here(Path(__file__).parent.joinpath('a', 'b'))", ("file", "web/a/b")),
        ("here(str(Path(__file__).parent / 'dist'))", ("file", "web/dist")),
        ("here(Path(__file__).with_name('x.html'))", ("file", "web/x.html")),
        ("BASE = Path(__file__).parent\nhere(f'{BASE}/dist')", ("file", "web/dist")),
        ("BASE = os.path.dirname(__file__)\nhere(BASE + '/dist')", ("file", "web/dist")),
        ("BASE = Path(__file__).parent\nhere(f'{BASE}/{x}')", ("file", None)),
        ("here(os.path.join(app.root_path, 'dist'))", ("app-root", "dist")),
        ("here(app.static_folder)", ("app-root", "static")),
        ("here(os.path.abspath('dist'))", ("cwd", "dist")),
        ("here(os.path.realpath('dist'))", ("cwd", "dist")),
        ("here(Path('dist').resolve())", ("cwd", "dist")),
        ("here(Path('dist').absolute() / 'a')", ("cwd", "dist/a")),
        ("here(Path.cwd() / 'dist')", ("cwd", "dist")),
        ("here(os.path.join(os.getcwd(), 'dist'))", ("cwd", "dist")),
        ("here(os.path.abspath('/srv/dist'))", ("absolute", "/srv/dist")),
        ("here(Path(os.environ.get('D', 'dist')))", ("env", "D", ("relative", "dist"))),
        ("here(os.path.join(os.environ['D'], 'a'))", ("env", "D", "required")),
        ("here(Path(__file__).name)", "Derived"),
    ],
)
def test_path_algebra_knows_what_a_path_starts_from(text, expected):
    head = "import os\nfrom pathlib import Path\nfrom flask import Flask\napp = Flask(__name__)\n"
    assert plain(value(head + text, FILE)) == expected


def test_a_path_keeps_the_anchor_of_the_module_it_was_made_in():
    text = "from pkg.config import BASE\nhere(BASE / 'dist')"
    assert plain(value(text, "app.py", {"pkg/config.py": "from pathlib import Path\nBASE = Path(__file__).parent"})) == ("file", "pkg/dist")


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (("a", "b"), "a/b"),
        (("a", "../b"), "b"),
        (("a", "../../b"), "../b"),
        (("..", ".."), "../.."),
        (("a", "/b"), "/b"),
        (("/", ".."), "/"),
        (("a", "."), "a"),
        (("a", ".."), "."),
        (("a\\b",), "a/b"),
        (("",), "."),
    ],
)
def test_joining_normalises_and_keeps_leading_dots(parts, expected):
    assert join_posix(*parts) == expected


# -- across modules, cycles ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "others", "expected"),
    [
        ("from config import X\nhere(X)", {"config.py": "X = 1"}, 1),
        ("from config import X as Y\nhere(Y)", {"config.py": "X = 1"}, 1),
        ("import config\nhere(config.X)", {"config.py": "X = 1"}, 1),
        ("from pkg import X\nhere(X)", {"pkg/__init__.py": "from .inner import X", "pkg/inner.py": "X = 1"}, 1),
        ("from pkg import X\nhere(X)", {"pkg/__init__.py": "from .inner import *", "pkg/inner.py": "X = 1"}, 1),
        ("from config import *\nhere(X)", {"config.py": "X = 1"}, 1),
        ("from config import Config\nhere(Config.X)", {"config.py": "class Config:\n    X = 1"}, 1),
        ("from config import f\nhere(f('a'))", {"config.py": "def f(x): return x + 'b'"}, "ab"),
        ("from config import X\nhere(X)", {"config.py": "X = []\nX.append(1)"}, [1]),
        ("from config import X\nhere(X)", {"other.py": "X = 1"}, "Reference"),
    ],
)
def test_values_come_from_other_modules_of_the_project(text, others, expected):
    assert plain(value(text, files=others)) == expected


@pytest.mark.parametrize(
    ("text", "others"),
    [
        ("a = b\nb = a\nhere(a)", {}),
        ("a = a\nhere(a)", {}),
        ("def f(): return g()\ndef g(): return f()\nhere(f())", {}),
        ("def f(x): return here(x)\nf(f(1))", {}),
        ("class A(A): pass\nhere(A.x)", {}),
        ("class A(B): pass\nclass B(A): pass\nhere(A.x)", {}),
        ("from other import x\nhere(x)", {"other.py": "from app import x"}),
        ("from other import x\ny = x\nhere(y)", {"other.py": "from app import y as x"}),
        ("from other import *\nhere(x)", {"other.py": "from app import *"}),
        ("X = []\nX.append(X)\nhere(X)", {}),
        ("X = []\nX += X\nhere(X)", {}),
        ("app.config['X'] = app.config['X']\nhere(app.config['X'])", {}),
        ("X = {}\nX['a'] = X\nhere(X)", {}),
        ("def f(x): return f(x + 'a')\nhere(f('a'))", {}),
        ("class A:\n    @property\n    def x(self): return self.x\nhere(A().x)", {}),
    ],
)
def test_what_depends_on_itself_ends(text, others):
    assert value(text, files=others) is not None


def test_a_very_long_chain_of_names_ends_in_unknown_and_never_in_an_error():
    chain = "".join(f"x{index} = x{index - 1}\n" for index in range(1, 2000))
    assert plain(value(f"x0 = 1\n{chain}here(x1999)")) == "Unknown"


def test_asking_twice_gives_the_same_and_a_question_inside_a_cycle_does_not_poison_a_later_one():
    found, module, made = asked("a = b or 'x'\nb = a\nhere(a)")
    assert made.evaluate(module, module.calls[0].args[0]) == found


# -- trails ----------------------------------------------------------------------------------------------------------------------------


def test_the_trail_names_every_step_from_the_binding_to_the_use():
    found = value("from config import DIST\nTARGET = DIST\nhere(TARGET)", files={"config.py": "\nDIST = 'frontend/dist'\n"})
    assert trail(found) == [
        ("config.py", 1, 'DIST is "frontend/dist"'),
        ("app.py", 1, "DIST imported from config.py"),
        ("app.py", 2, 'TARGET is "frontend/dist"'),
    ]


def test_the_trail_of_a_returned_value_ends_at_its_return():
    assert trail(value("def f():\n    return 'a'\nhere(f())")) == [("app.py", 2, "returned by f()")]


def test_the_trail_of_an_environment_read_starts_at_the_read():
    found = value("import os\nA = os.getenv('A', 'd')\nhere(A)")
    assert trail(found) == [("app.py", 2, ""), ("app.py", 2, 'A is the environment variable A, or else "d"')]


def test_the_trail_shows_where_a_list_was_changed():
    assert trail(value("X = ['a']\nX.append('b')\nhere(X)")) == [("app.py", 1, 'X is ["a"]'), ("app.py", 2, "changed here")]


def test_each_alternative_has_its_own_trail():
    found = value("if a:\n    X = 1\nelse:\n    X = 2\nhere(X)")
    assert trail(found) == [("app.py", 2, "X is 1"), ("app.py", 4, "X is 2")]


SECRET = "hunter2-hunter2"


@pytest.mark.parametrize(
    "text",
    [
        "SECRET_KEY = 'hunter2-hunter2'\nhere(SECRET_KEY)",
        "import os\nSECRET_KEY = os.getenv('S', 'hunter2-hunter2')\nhere(SECRET_KEY)",
        "import os\nSECRET_KEY = os.getenv('S') or 'hunter2-hunter2'\nhere(SECRET_KEY)",
        "if a:\n    API_TOKEN = 'hunter2-hunter2'\nelse:\n    API_TOKEN = None\nhere(API_TOKEN)",
        "SECRET_KEY = 'hunter2-hunter2' if DEBUG else None\nhere(SECRET_KEY)",
        "class Config:\n    PASSWORD = 'hunter2-hunter2'\nhere(Config.PASSWORD)",
        "class C:\n    def __init__(self): self.password = 'hunter2-hunter2'\nhere(C().password)",
        "app.config['SECRET_KEY'] = 'hunter2-hunter2'\nhere(app.config['SECRET_KEY'])",
        "app.config.update(SECRET_KEY='hunter2-hunter2')\nhere(app.config['SECRET_KEY'])",
        "API_KEYS = ['hunter2-hunter2']\nhere(API_KEYS)",
        "SECRET_KEY = b'hunter2-hunter2'\nhere(SECRET_KEY)",
        "USER, PASSWORD = 'me', 'hunter2-hunter2'\nhere(PASSWORD)",
        "SECRET_KEY = 'hunter2' + '-hunter2'\nhere(SECRET_KEY)",
        "import os\nSECRETS = [os.getenv('S', 'hunter2-hunter2')]\nhere(SECRETS)",
        # The second name no longer says what it holds.
        "SECRET_KEY = 'hunter2-hunter2'\nKEY = SECRET_KEY\nhere(KEY)",
        "import os\nKEY = os.getenv('SECRET_KEY', 'hunter2-hunter2')\nhere(KEY)",
        "DATABASE_URL = 'postgres://me:hunter2-hunter2@db/x'\nhere(DATABASE_URL)",
    ],
)
def test_no_label_quotes_a_secret(text):
    labels = " ".join(label for _, _, label in trail(value(text)))
    assert labels
    assert "hunter2" not in labels


# -- the lattice -----------------------------------------------------------------------------------------------------------------------


def test_a_union_in_production_leaves_development_out():
    found = value("X = 1 if DEBUG else 2\nhere(X)")
    assert [plain(option.value) for option in in_production(found)] == [2]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("X = 1\nhere(X)", True),
        ("X = 2\nhere(X)", False),
        ("X = 1 if a else 1\nhere(X)", True),
        ("X = 2 if a else 3\nhere(X)", False),
        ("X = 1 if a else 2\nhere(X)", None),
        ("X = 2 if DEBUG else 1\nhere(X)", True),
        ("X = 1 if DEBUG else 2\nhere(X)", False),
        ("X = 2\nif PRODUCTION: X = 1\nhere(X)", True),
        ("X = 1\nif PRODUCTION: X = 2\nhere(X)", False),
        ("X = 1\nif PRODUCTION and a: X = 2\nhere(X)", None),
        ("X = 1\nif a: X = 2\nhere(X)", None),
    ],
)
def test_a_predicate_holds_for_what_production_surely_sees(text, expected):
    assert over(value(text), lambda found: found.value == 1 if isinstance(found, Literal) else None) is expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (Literal(value="a\nb"), '"a\\nb"'),
        (Literal(value=3), "3"),
        (EnvRead(name="A"), "the environment variable A, or else None"),
        (EnvRead(name="A", required=True), "the environment variable A"),
        (EnvRead(name=None, required=True), "the environment variable (computed name)"),
        (PathValue(anchor="file", text="web/dist"), "web/dist (anchored to the module's file)"),
        (PathValue(anchor="cwd", text="dist"), "dist below the working directory"),
        (PathValue(anchor="relative", text="dist"), 'the path "dist"'),
        (PathValue(anchor="relative", text=None), "a path"),
        (Sequence(items=(Literal(value=1),), open=True), "[1, …]"),
        (Literal(value="x" * 100), '"' + "x" * 58 + "…"),
    ],
)
def test_a_description_is_short_and_on_one_line(given, expected):
    assert describe(given) == expected
