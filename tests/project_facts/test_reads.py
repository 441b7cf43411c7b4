"""Reads of variables, in every spelling."""

from pathlib import PurePosixPath

import pytest
from made_facts import project, record


def reads(root, code, files=None, path="app.py"):
    """(name, need) of the reads of one file, with the whole project at hand."""
    found = project(root, {path: code, **(files or {})}).facts.reads
    return [(read.name, "default" if read.defaulted else "required" if read.required else "optional") for read in found(PurePosixPath(path))]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("import os\nos.environ['AB']", [("AB", "required")]),
        ("import os\nos.environ.get('AB')", [("AB", "optional")]),
        ("import os\nos.getenv('AB', 'x')", [("AB", "default")]),
        ("import os\nos.getenv('AB', None)", [("AB", "optional")]),
        ("from os import environ as e\ne['AB']", [("AB", "required")]),
        ("import os\nos.getenv('AB') or 'x'", [("AB", "default")]),
        ("import os\nif os.getenv('AB'): pass", [("AB", "default")]),
        ("import os\nos.environ['AB'] = '1'", []),
        ("import os\nos.environ['ab']", []),
        ("import os\nNAME = 'AB'\nos.environ[NAME]", [("AB", "required")]),
        ("from decouple import config\nconfig('AB')", [("AB", "required")]),
        ("from decouple import config\nconfig('AB', default='', cast=bool)", [("AB", "default")]),
        ("import environ\nenv = environ.Env()\nenv('AB')\nenv.int('CD', 1)", [("AB", "required"), ("CD", "default")]),
        # a KeyError that is caught
        ("import os\ntry:\n    os.environ['AB']\nexcept KeyError:\n    pass", [("AB", "default")]),
        ("import os\ntry:\n    os.environ['AB']\nexcept KeyError:\n    raise SystemExit", [("AB", "required")]),
        # whatever is caught is no plan for a missing variable, but nothing stops either
        ("import os\ntry:\n    f(os.environ['AB'])\nexcept Exception:\n    pass", [("AB", "optional")]),
        # the project's own helpers
        ("import os\ndef need(name): return os.environ[name]\nneed('AB')", [("AB", "required")]),
        (
            "import os\ndef env(name, default=None): return os.environ.get(name, default)\nenv('AB')\nenv('CD', 1)",
            [("AB", "optional"), ("CD", "default")],
        ),
        ("import os\ndef env(name): return os.environ.get(name, 'x')\nenv('AB')", [("AB", "default")]),
        ("def log(text): print(text)\nlog('AB')", []),
    ],
)
def test_python(tmp_path, code, expected):
    assert reads(tmp_path, code) == expected


def test_helpers_and_readers_of_other_files(tmp_path):
    files = {"core/__init__.py": "", "core/env.py": "import os, environ\ndef need(name): return os.environ[name]\nenv = environ.Env()\n"}
    code = "from core.env import need, env\nneed('AB')\nenv('CD')\nenv.bool('EF', False)\n"
    assert reads(tmp_path, code, files) == [("AB", "required"), ("CD", "required"), ("EF", "default")]


SETTINGS = "from pydantic_settings import BaseSettings\nfrom pydantic import Field\n"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("class S(BaseSettings):\n    ab: str\n    cd: int = 1\n", [("AB", "required"), ("CD", "default")]),
        ("class S(BaseSettings):\n    ab: str | None = None\n", [("AB", "default")]),
        ("class S(BaseSettings):\n    ab: str = Field(...)\n    cd: str = Field(default='')\n", [("AB", "required"), ("CD", "default")]),
        ("class S(BaseSettings):\n    ab: str = Field(alias='XY')\n", [("XY", "required")]),
        ("class S(BaseSettings):\n    model_config = {}\n    _x: int\n", []),
        (
            "from pydantic_settings import SettingsConfigDict\nclass S(BaseSettings):\n    model_config = SettingsConfigDict(env_prefix='shop_')\n    ab: str\n",
            [("SHOP_AB", "required")],
        ),
        ("class S(BaseSettings):\n    ab: str\n    class Config:\n        env_prefix = 'x_'\n", [("X_AB", "required")]),
        # given by the program itself
        ("class S(BaseSettings):\n    ab: str\n    cd: str\nS(ab='1')\n", [("AB", "default"), ("CD", "required")]),
        ("class S(BaseSettings):\n    ab: str\nS(**{})\n", [("AB", "default")]),
        # sources of its own
        ("class S(BaseSettings):\n    ab: str\n    @classmethod\n    def settings_customise_sources(cls, *a): pass\n", []),
        # a class of the project as a field
        ("class D(BaseSettings):\n    ab: str\nclass S(BaseSettings):\n    db: D\n", [("AB", "required")]),
        ("class S:\n    ab: str\n", []),
    ],
)
def test_settings_classes(tmp_path, code, expected):
    assert reads(tmp_path, SETTINGS + code) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("process.env.AB;", [("AB", "optional")]),
        ("process.env['AB'];", [("AB", "optional")]),
        ("process.env.AB || 'x';", [("AB", "default")]),
        ("const a = process.env.AB ?? 1;", [("AB", "default")]),
        ("if (process.env.AB) {}", [("AB", "default")]),
        ("process.env.AB = '1';", []),
        ("process.env.NODE_ENV === 'production';", [("NODE_ENV", "default")]),
        ("import.meta.env.VITE_AB;", []),
    ],
)
def test_scripts(tmp_path, code, expected):
    assert reads(tmp_path, code, path="app.js") == expected


def test_a_client_of_vite_reads_its_own_object(tmp_path):
    files = {"package.json": '{"devDependencies": {"vite": "7"}}', "index.html": '<script type="module" src="/src/a.js"></script>'}
    code = "import.meta.env.VITE_AB; process.env.CD; import.meta.env.DEV;"
    assert reads(tmp_path, code, files, "src/a.js") == [("VITE_AB", "optional")]


def test_what_is_made_of_the_text_and_where_it_stands():
    code = "import os\nif __name__ == '__main__':\n    int(os.environ['AB'])\ndef f():\n    return os.environ['CD']\n"
    assert [(read.name, read.cast, read.guard, read.at_import) for read in record("app.py", code).reads] == [
        ("AB", "int", "main", True),
        ("CD", "text", "", False),
    ]


@pytest.mark.parametrize("text", ["import os\nos.environ[", "\0", "def f(:\n  os.environ['A']", "class S(BaseSettings:"])
def test_code_that_does_not_parse_says_nothing(text):
    assert record("app.py", text).reads == ()
