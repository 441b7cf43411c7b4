"""What a file is for: production, test, development, example or documentation. Gotchas are about production."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

_TEST_FOLDERS = frozenset(
    {
        "test",
        "tests",
        "__tests__",
        "__mocks__",
        "e2e",
        "cypress",
        "playwright",
        "spec",
        "specs",
        "testing",
        "test_utils",
        "testutils",
        "integration_tests",
    }
)
_EXAMPLE_FOLDERS = frozenset({"example", "examples", "sample", "samples", "demo", "demos", "project_template", "template_project", "cookiecutter"})
_DOCUMENT_FOLDERS = frozenset({"docs", "doc", "documentation", "docs_src"})
_TEST_FILE = re.compile(
    r"^(?:conftest\.py|test_[^/]*\.py|[^/]*_tests?\.py|tests\.py|[^/]*\.(?:test|spec|stories|cy|e2e)\.[cm]?[jt]sx?|"
    r"(?:jest|vitest|playwright|cypress|karma)\.(?:config|setup)\.[cm]?[jt]sx?|setupTests\.[jt]sx?|[^/]*(?:-|_)spec\.rb)$"
)
_DEVELOPMENT_WORDS = frozenset({"dev", "develop", "development", "local", "debug"})
_TEST_WORDS = frozenset({"test", "tests", "testing", "ci"})
_CONFIG_STEM = re.compile(r"(?:settings?|config|configuration|conf|env|environment)", re.IGNORECASE)
_DEVELOPMENT_DOCKER = re.compile(
    r"^(?:dockerfile|containerfile|(?:docker-)?compose)(?:[.\-_](?:dev|develop|development|local|test|ci|override|debug))|"
    r"^(?:dev|development|local)\.(?:dockerfile|containerfile)$|(?:compose|docker)[\w.\-]*[.\-_](?:dev|development|local|override|test)\.ya?ml$",
    re.IGNORECASE,
)
_TEMPLATE = re.compile(r"\{\{|\{%")


def role_of(path: PurePosixPath) -> str:
    """The role of a file by its path below the root; the root's own name plays no part."""
    folders = [part.lower() for part in path.parent.parts]
    name = path.name
    stem = path.stem.lower()
    if any(folder in _TEST_FOLDERS for folder in folders) or _TEST_FILE.match(name):
        return "test"
    if _TEMPLATE.search(str(path)) or name.endswith((".tpl", "-tpl", ".template", ".j2", ".jinja", ".jinja2", ".tmpl")):
        return "example"
    if any(folder in _EXAMPLE_FOLDERS for folder in folders):
        return "example"
    if any(folder in _DOCUMENT_FOLDERS for folder in folders) or path.suffix.lower() in (".md", ".rst", ".markdown"):
        return "documentation"
    words = set(re.split(r"[._\-]", stem))
    in_settings = any(_CONFIG_STEM.fullmatch(folder) for folder in folders)
    if path.suffix == ".py" and (in_settings or _CONFIG_STEM.search(stem)):
        if words & _TEST_WORDS:
            return "test"
        if words & _DEVELOPMENT_WORDS:
            return "development"
    if _DEVELOPMENT_DOCKER.search(name):
        return "development"
    if name.lower().startswith(".env") and words & (_DEVELOPMENT_WORDS | _TEST_WORDS | {"example", "sample", "template"}):
        return "development"
    return "production"
