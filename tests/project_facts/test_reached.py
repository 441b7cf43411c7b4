"""Which files of a project a start brings in."""

from pathlib import PurePosixPath

import pytest
from made_facts import project

from auditor.project.facts.reached import reached, started

FILES = {"shop/__init__.py": "", "shop/web.py": "", "shop/pay.py": "", "shop/deep.py": "from . import pay\n", "shop/urls.py": ""}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("import shop.pay", {"shop/__init__.py", "shop/pay.py"}),
        ("from shop import pay", {"shop/__init__.py", "shop/pay.py"}),
        ("from shop.deep import x", {"shop/__init__.py", "shop/deep.py", "shop/pay.py"}),
        ("def f():\n    import shop.pay", {"shop/__init__.py", "shop/pay.py"}),
        # an import of the module never gets there
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import shop.pay", set()),
        ("if __name__ == '__main__':\n    import shop.pay", set()),
        ("from django.urls import include\ninclude('shop.urls')", {"shop/__init__.py", "shop/urls.py"}),
        ("import os", set()),
    ],
)
def test_what_an_import_brings_in(tmp_path, code, expected):
    found = reached(project(tmp_path, {"app.py": code + "\n", **FILES}), PurePosixPath("app.py"))
    assert {str(path) for path in found} == {"app.py", *expected}


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("gunicorn shop.web:app", "shop/web.py"),
        ("gunicorn shop", "shop/__init__.py"),
        ("python app.py", "app.py"),
        ("python -u -m shop.web", "shop/web.py"),
        ("./app.py --port 80", "app.py"),
        ("gunicorn -c conf.py $TARGET", None),
        ("gunicorn nowhere:app", None),
        ("node app.js", None),
    ],
)
def test_the_file_that_is_started(tmp_path, command, expected):
    tree = project(tmp_path, {"Procfile": f"web: {command}\n", "app.py": "", "conf.py": "", **FILES})
    (launch,) = tree.facts.launches
    found = started(tree, launch)
    assert (None if found is None else str(found)) == expected
