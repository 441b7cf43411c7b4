"""What a file is for: production, test, development, example or documentation. Gotchas are about production."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from pathlib import PurePosixPath

from auditor.project.files import SourceFile, language_of

_TEST_FOLDERS = frozenset(
    {
        "test",
        "tests",
        "__test__",
        "__tests__",
        "__mocks__",
        "__fixtures__",
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
# Below these a folder called `docs` or `demo` is a page or a part of the application itself.
_APPLICATION_FOLDERS = frozenset(
    {"app", "components", "controllers", "features", "pages", "routers", "routes", "screens", "static", "templates", "views"}
)
_WORKSHOP_FOLDERS = frozenset({".devcontainer", ".storybook"})
_DEVELOPMENT_FOLDERS = frozenset({"dev", "development", "local"})
_DEPLOYMENT_LANGUAGES = frozenset({"dockerfile", "yaml", "shell", "nginx", "dotenv", "procfile"})
_ENTRY_FILES = frozenset({"manage.py", "wsgi.py", "asgi.py", "app.py", "main.py", "run.py", "server.py", "application.py"})
_CODE_LANGUAGES = frozenset({"python", "javascript", "typescript", "tsx", "vue", "svelte", "astro"})
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
_CONFIG_WORDS = frozenset({"app", "base", "common", "conf", "config", "env", "environment", "rollup", "setting", "settings", "vite", "webpack"})
_TEMPLATE = re.compile(r"\{\{|\{%")
_TEMPLATE_SUFFIXES = (".tpl", "-tpl", ".template", ".j2", ".jinja", ".jinja2", ".tmpl")
_PRODUCTION_ENVIRONMENTS = ("environment.prod.ts", "environment.production.ts")
_SINGULAR = frozenset({"demo", "example", "sample"})
_FORGIVING = (("example", "documentation"), ("development",), ("test",))


def role_of(path: PurePosixPath, own: Collection[PurePosixPath] = ()) -> str:
    """The role of a file by its path below the root; the root's own name plays no part.

    ``own`` are folders that are known to be the application's, whatever they are called.
    """
    folders = [parent.name.lower() for parent in reversed(path.parents) if parent.name and parent not in own]
    name = path.name
    stem = path.stem.lower()
    language = language_of(path)
    if any(folder in _TEST_FOLDERS for folder in folders) or _TEST_FILE.match(name):
        return "test"
    if _TEMPLATE.search(str(path)) or (name.endswith(_TEMPLATE_SUFFIXES) and language != "nginx"):
        return "example"  # nginx alone is given its templates in production, and fills them in when it starts
    if _named(folders, _EXAMPLE_FOLDERS):
        return "example"
    if _named(folders, _DOCUMENT_FOLDERS) or path.suffix.lower() in (".md", ".rst", ".markdown"):
        return "documentation"
    words = set(re.split(r"[._\-]", stem))
    in_settings = any(_CONFIG_STEM.fullmatch(folder) for folder in folders)
    if path.suffix == ".py" and (in_settings or _CONFIG_STEM.search(stem)):
        if words & _TEST_WORDS:
            return "test"
        if words & _DEVELOPMENT_WORDS:
            return "development"
    configures = language in ("javascript", "typescript") and (in_settings or bool(words & _CONFIG_WORDS))
    if configures and words & _DEVELOPMENT_WORDS and words <= _DEVELOPMENT_WORDS | _CONFIG_WORDS:
        return "development"
    if (language == "nginx" or path.suffix == ".conf") and words & (_DEVELOPMENT_WORDS | _TEST_WORDS):
        return "test" if words & _TEST_WORDS else "development"
    if _DEVELOPMENT_DOCKER.search(name) or any(folder in _WORKSHOP_FOLDERS for folder in folders):
        return "development"
    if language in _DEPLOYMENT_LANGUAGES and any(folder in _DEVELOPMENT_FOLDERS for folder in folders):
        return "development"
    if path.suffix in (".conf", ".ini", ".service") and language in ("ini", "text") and words & (_DEVELOPMENT_WORDS - {"local"}):
        return "development"  # `supervisord-dev.conf`; `rc.local` and its like are a machine's own
    if name.lower().startswith(".env") and words & (_DEVELOPMENT_WORDS | _TEST_WORDS | {"example", "sample", "template"}):
        return "development"
    return "production"


def _named(folders: list[str], names: frozenset[str]) -> bool:
    """Whether one of the folders has such a name and does not belong to the application."""
    first = next((index for index, folder in enumerate(folders) if folder in _APPLICATION_FOLDERS), len(folders))
    return any(folder in names for folder in folders[:first])


def with_roles(files: tuple[SourceFile, ...]) -> tuple[SourceFile, ...]:
    """The files of a tree with the roles they have beside each other.

    A package called `demo` beside the script that starts it is the application; `environment.ts` beside `environment.prod.ts` is what developers
    use; and where all code is an example (or documentation, or for development, or a test), that is what the user wants examined.
    """
    paths = {file.path for file in files}
    entries = {path.parent for path in paths if path.name in _ENTRY_FILES}
    own = {path.parent for path in paths if path.name == "__init__.py" and path.parent.name.lower() in _SINGULAR and path.parent.parent in entries}
    if own:
        files = tuple(replace(file, role=role_of(file.path, own)) if own & set(file.path.parents) else file for file in files)
    files = tuple(
        replace(file, role="development")
        if file.path.name == "environment.ts" and any(file.path.with_name(name) in paths for name in _PRODUCTION_ENVIRONMENTS)
        else file
        for file in files
    )
    for forgiven in _FORGIVING:
        code = [file for file in files if file.language in _CODE_LANGUAGES]
        if not code or any(file.role == "production" for file in code):
            break
        files = tuple(replace(file, role="production") if file.role in forgiven and file.language != "markdown" else file for file in files)
    return files
