"""Names across the modules of a project."""

from pathlib import PurePosixPath

import pytest
from made_python import marked, world


def qualify(files, path="app.py"):
    made = world(files)
    found = made.module(PurePosixPath(path))
    return made.qualify(found, marked(found))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import flask\nhere(flask.send_file)", "flask.send_file"),
        ("import flask as f\nhere(f.send_file)", "flask.send_file"),
        ("from flask import send_file\nhere(send_file)", "flask.send_file"),
        ("from flask import send_file as sf\nhere(sf)", "flask.send_file"),
        ("import os.path\nhere(os.path.join)", "os.path.join"),
        ("import os.path as p\nhere(p.join)", "os.path.join"),
        ("from os import path\nhere(path.join)", "os.path.join"),
        ("import flask\nsend = flask.send_file\nhere(send)", "flask.send_file"),
        ("def f():\n    from flask import send_file\n    return here(send_file)", "flask.send_file"),
        ("try:\n    import ujson as json\nexcept ImportError:\n    import json\nhere(json.loads)", "ujson.loads"),
        ("try:\n    import redis\nexcept ImportError:\n    redis = None\nhere(redis.Redis)", "redis.Redis"),
        ("from flask import *\nhere(send_file)", "flask.send_file"),
        ("here(str)", "str"),
        ("from flask import *\nhere(str)", "str"),
        ("def str(x): return x\nhere(str)", "app.py:str"),
        ("class A: pass\nhere(A.b)", "app.py:A.b"),
        # A local value is no name of anything.
        ("x = object()\nhere(x.y)", None),
        ("import flask\ndef f(flask):\n    return here(flask.send_file)", None),
        ("import flask\nflask = fake()\nhere(flask.send_file)", None),
        ("here(x().y)", None),
        ("here(nobody)", None),
    ],
)
def test_a_name_is_known_by_where_it_was_imported_from(text, expected):
    assert qualify({"app.py": text}) == expected


@pytest.mark.parametrize(
    ("files", "path", "expected"),
    [
        # import of a neighbour, of a package, of a member, of a submodule
        ({"app.py": "import util\nhere(util.x)", "util.py": "x = 1"}, "app.py", "util.py:x"),
        ({"app.py": "from util import x\nhere(x)", "util.py": "x = 1"}, "app.py", "util.py:x"),
        ({"app.py": "from pkg import mod\nhere(mod.x)", "pkg/__init__.py": "", "pkg/mod.py": "x = 1"}, "app.py", "pkg/mod.py:x"),
        ({"app.py": "from pkg.mod import x as y\nhere(y)", "pkg/__init__.py": "", "pkg/mod.py": "x = 1"}, "app.py", "pkg/mod.py:x"),
        ({"app.py": "import pkg.mod\nhere(pkg.mod.x)", "pkg/__init__.py": "", "pkg/mod.py": "x = 1"}, "app.py", "pkg/mod.py:x"),
        # relative ones
        ({"pkg/a.py": "from .b import x\nhere(x)", "pkg/b.py": "x = 1"}, "pkg/a.py", "pkg/b.py:x"),
        ({"pkg/a.py": "from . import b\nhere(b.x)", "pkg/b.py": "x = 1", "pkg/__init__.py": ""}, "pkg/a.py", "pkg/b.py:x"),
        ({"pkg/sub/a.py": "from ..b import x\nhere(x)", "pkg/b.py": "x = 1"}, "pkg/sub/a.py", "pkg/b.py:x"),
        ({"pkg/sub/a.py": "from .. import b\nhere(b.x)", "pkg/b.py": "x = 1", "pkg/__init__.py": ""}, "pkg/sub/a.py", "pkg/b.py:x"),
        ({"pkg/a.py": "from . import x\nhere(x)", "pkg/__init__.py": "x = 1"}, "pkg/a.py", "pkg/__init__.py:x"),
        # a module of the project hides the installed one of that name, a module never imports itself
        ({"app.py": "import flask\nhere(flask.x)", "flask.py": "x = 1"}, "app.py", "flask.py:x"),
        ({"flask.py": "from flask import send_file\nhere(send_file)"}, "flask.py", "flask.send_file"),
        # from the folder above, and from src/
        ({"web/app.py": "import util\nhere(util.x)", "util.py": "x = 1"}, "web/app.py", "util.py:x"),
        ({"tools/app.py": "import pkg\nhere(pkg.x)", "src/pkg/__init__.py": "x = 1"}, "tools/app.py", "src/pkg/__init__.py:x"),
    ],
)
def test_an_import_of_the_project_leads_to_its_file(files, path, expected):
    assert qualify(files, path) == expected


def test_a_name_is_followed_through_re_exports():
    files = {
        "app.py": "from web import send\nhere(send)",
        "web/__init__.py": "from .files import deliver as send",
        "web/files.py": "from flask import send_from_directory as deliver",
    }
    assert qualify(files) == "flask.send_from_directory"


def test_a_name_is_followed_through_star_imports():
    files = {
        "app.py": "from web import *\nhere(send_file)",
        "web/__init__.py": "from .files import *",
        "web/files.py": "from flask import send_file",
    }
    assert qualify(files) == "flask.send_file"


def test_a_star_import_gives_what_the_other_module_defines():
    assert qualify({"app.py": "from base import *\nhere(DEBUG)", "base.py": "DEBUG = True"}) == "base.py:DEBUG"


def test_the_last_star_import_that_has_the_name_wins():
    files = {"app.py": "from a import *\nfrom b import *\nfrom c import *\nhere(X)", "a.py": "X = 1", "b.py": "X = 2", "c.py": "Y = 3"}
    assert qualify(files) == "b.py:X"


def test_modules_that_import_each_other_in_a_circle_end():
    files = {"a.py": "from b import x\nhere(x)", "b.py": "from c import x", "c.py": "from a import x"}
    # Nobody defines x: whatever it is called, it is no name of another package.
    answer = qualify(files, "a.py")
    assert answer is None or answer.partition(":")[0] in files


def test_star_imports_in_a_circle_end():
    assert qualify({"a.py": "from b import *\nhere(x)", "b.py": "from a import *"}, "a.py") is None


def test_a_file_that_does_not_parse_takes_nothing_down():
    made = world({"app.py": "from broken import x\nhere(x)", "broken.py": "def ("})
    found = made.module(PurePosixPath("app.py"))
    assert made.module(PurePosixPath("broken.py")) is None
    assert made.qualify(found, marked(found)) in (None, "broken.py:x", "broken.x")


def test_a_file_that_cannot_be_read_is_no_module():
    assert world({"app.py": None}).module(PurePosixPath("app.py")) is None


def test_files_are_found_by_all_their_words_in_order():
    made = world({"b.py": "x = one, two", "a.py": "one = two", "c.py": "one"})
    assert [str(path) for path in made.containing("one", "two")] == ["a.py", "b.py"]
    assert made.containing("one", "absent") == ()


def test_the_definition_of_a_project_name_is_its_last_binding():
    made = world({"app.py": "def f(): pass\ndef f(): pass"})
    found, binding = made.definition("app.py:f")
    assert (found.path, binding.line) == (PurePosixPath("app.py"), 2)
    assert made.definition("app.py:g") is None
    assert made.definition("flask.Flask") is None
