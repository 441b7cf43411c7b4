"""Several applications in one tree."""

from pathlib import PurePosixPath

import pytest

from auditor.model import Requirement
from auditor.project.config import Config
from auditor.project.project import open_project
from auditor.project.scopes import Scopes


def tree(root, *names):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('{"name": "x"}' if path.suffix == ".json" else "flask==3.0\n" if path.suffix == ".txt" else "x = 1\n")
    return open_project(root, config=Config())


@pytest.mark.parametrize(
    ("names", "path", "expected"),
    [
        (["app.py", "requirements.txt"], "app.py", "."),
        (["api/app.py", "api/requirements.txt"], "api/app.py", "api"),
        (["api/app.py", "api/requirements.txt"], "app.py", "."),
        (["api/app.py", "api/requirements/base.txt"], "api/app.py", "api"),
        (["api/a/b/c.py", "api/pyproject.toml"], "api/a/b/c.py", "api"),
        (["web/src/a.js", "web/package.json", "package.json"], "web/src/a.js", "web"),
        # a manifest without code beside it speaks for what is above
        (["src/app.py", "deploy/requirements.txt"], "src/app.py", "."),
        (["src/app.py", "deploy/requirements.txt"], "deploy/requirements.txt", "."),
        (["setup.py", "shop/__init__.py", "shop/setup.py"], "shop/setup.py", "."),
    ],
)
def test_the_application_of_a_file(tmp_path, names, path, expected):
    scopes = Scopes(tree(tmp_path, *names).tree_files)
    assert scopes.of(PurePosixPath(path)) == PurePosixPath(expected)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [(".", "api", True), ("api", "api", True), ("api", "web", False), ("api/a", "api", True), ("api", "api2", False)],
)
def test_siblings_are_not_related(one, other, expected):
    assert Scopes.related(PurePosixPath(one), PurePosixPath(other)) is expected


def test_a_package_of_one_application_is_none_of_its_neighbours(tmp_path):
    (tmp_path / "web").mkdir()
    (tmp_path / "web/requirements.txt").write_text("django==5.0\n")
    (tmp_path / "web/app.py").write_text("import django\n")
    project = tree(tmp_path, "api/app.py", "api/requirements.txt")
    assert set(project.packages(PurePosixPath("api/app.py"))) >= {"flask", "python"}
    assert "django" not in project.packages(PurePosixPath("api/app.py"))
    assert "django" in project.packages(PurePosixPath("web/app.py"))


def test_what_is_declared_at_the_root_holds_below(tmp_path):
    project = tree(tmp_path, "requirements.txt", "app.py", "shop/views.py")
    assert "flask" in project.packages(PurePosixPath("shop/views.py"))


@pytest.mark.parametrize(
    ("requirements", "expected"),
    [
        ("fastapi==0.115.6\n", False),
        ("fastapi==0.135.0\n", True),
        ("fastapi\n", True),
        ("fastapi==0.115.6\nstarlette==1.0.0\n", True),
        ("flask==3.0\n", False),
    ],
)
def test_the_version_that_is_known_decides(tmp_path, requirements, expected):
    wanted = (Requirement(package="starlette", versions=">=1.0"), Requirement(package="fastapi", versions=">=0.135"))
    (tmp_path / "requirements.txt").write_text(requirements)
    (tmp_path / "app.py").write_text("import flask\n" if "flask" in requirements else "import fastapi, starlette\n")
    project = open_project(tmp_path, config=Config())
    assert project.meets(wanted, PurePosixPath("app.py")) is expected
    assert project.meets(wanted) is expected
