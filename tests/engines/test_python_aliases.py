"""What a file renames, and what it takes from which package: read from text, in time that grows with the text and no faster."""

import time

import pytest

from auditor.engines.python.aliases import _from_imports, aliases_of, renamed, taken

FLASK = frozenset({"flask"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from flask import send_file", [("flask", ["send_file"])]),
        ("from flask.helpers import (\n    a,  # why (b)\n    c as d,\n)\nx = 1", [("flask.helpers", ["a", "c", "as", "d"])]),
        ("from . import a; from .. import b", [(".", ["a"]), ("..", ["b"])]),
        ("from .web import a, \\\n    b\nc = 1", [(".web", ["a", "b"])]),
        ("from flask import *  # all", [("flask", ["*"])]),
        ("xfrom flask import a\nfrom flask importx", []),
    ],
)
def test_imports_are_read(text, expected):
    assert list(_from_imports(text)) == expected


def test_what_is_taken_from_a_package_may_be_passed_on():
    assert set(taken("from flask import send_file\nfrom os import environ\nsend = flask.helpers.send_file\n", FLASK)) == {
        ("flask", "send_file"),
        ("flask", "helpers"),
    }


def test_a_name_is_followed_from_one_to_the_next():
    pairs = [pair for text in ("from flask import send_file as a", "b = web.a", "from app import b as c") for pair in renamed(text)]
    assert aliases_of(["send_file"], pairs).names("send_file") == {"a", "b", "c"}


HOSTILE = {
    "open lists": "from flask import (" * 50_000,
    "lists in comments": "#from flask import (\n" * 45_000,
    "imports in one line": "from flask import b " * 45_000,
    "spaces": "from" + " " * 900_000,
    "dots": "from " + "." * 900_000,
    "dots and spaces": "from " + ". " * 450_000,
    "a long module": "from " + "a" * 900_000,
    "a long name": "x as y\n" + "a" * 900_000,
    "a long value": "x = " + "a" * 900_000 + "(",
    "a long path": "x = " + "a." * 450_000,
    "brackets": "x = " + "(" * 900_000,
    "equals": "a = " * 225_000,
    "as": "a as " * 180_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_takes_no_time(text):
    started = time.process_time()
    renamed(text)
    list(taken(text, FLASK))
    list(_from_imports(text))
    assert time.process_time() - started < 10
