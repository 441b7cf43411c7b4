"""Imports that production needs and does not install: their package is declared for development only.

Sources: https://docs.astral.sh/uv/concepts/projects/dependencies/#development-dependencies,
https://python-poetry.org/docs/managing-dependencies/#group-dependencies, https://docs.npmjs.com/cli/commands/npm-ci
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from packaging.utils import canonicalize_name
from tree_sitter import Node

from auditor.checks.starts import server_target, started_script, text_of
from auditor.model import CheckDetector, Gotcha, Outcome, Place, Site, span_of
from auditor.project.facts.launch import Launch
from auditor.project.facts.module import Module as Script
from auditor.project.facts.reached import imported
from auditor.project.facts.syntax import FUNCTIONS, arguments, parents
from auditor.project.files import normal
from auditor.project.locks import LOCKS, closure, npm_development, python_graph
from auditor.project.manifests import Declared, Grouped, python_groups
from auditor.project.project import Project
from auditor.project.python.module import Module
from auditor.project.stack import DISTRIBUTIONS

_TOOLS = frozenset(
    {
        "bandit", "black", "coverage", "django-debug-toolbar", "factory-boy", "faker", "flake8", "flask-debugtoolbar", "freezegun", "icecream",
        "ipdb", "isort", "locust", "model-bakery", "moto", "mypy", "nox", "pdbpp", "pre-commit", "pudb", "pylint", "pytest", "pytest-asyncio",
        "pytest-django", "requests-mock", "respx", "responses", "ruff", "snakeviz", "tox", "vcrpy", "line-profiler", "memory-profiler",
    }
)  # fmt: skip
"""Tools of developers that no library for production depends on."""
_MODULES = {
    "attr": "attrs", "Crypto": "pycryptodome", "cv2": "opencv-python", "dateutil": "python-dateutil", "debug_toolbar": "django-debug-toolbar",
    "django_extensions": "django-extensions", "docx": "python-docx", "factory": "factory-boy", "fitz": "pymupdf", "git": "gitpython",
    "google": "", "jwt": "pyjwt", "magic": "python-magic", "memory_profiler": "memory-profiler", "MySQLdb": "mysqlclient", "OpenSSL": "pyopenssl",
    "PIL": "pillow", "pkg_resources": "setuptools", "serial": "pyserial", "sklearn": "scikit-learn", "slugify": "python-slugify",
    "multipart": "python-multipart", "telegram": "python-telegram-bot", "zmq": "pyzmq",
}  # fmt: skip
_PYTHON_INSTALL = re.compile(r"\b(?:pip3?|uv|poetry|pipenv|pdm|hatch)\b[^\n;&|]*\b(?:install|sync|export)\b[^\n;&|]*")
_NODE_INSTALL = re.compile(r"\b(?:npm|pnpm|yarn|bun)\b[^\n;&|]*\b(?:ci|i|install)\b[^\n;&|]*|\byarn(?=\s*(?:$|[;&|]))[^\n;&|]*", re.MULTILINE)
_WITHOUT = re.compile(
    r"--no-dev\b|--no-default-groups\b|--only[ =](?:main|prod\w*)\b|--without[ =]\S*dev\b|--omit[ =]dev\b|--production\b(?!=false)|--prod\b"
)
_MAX_MODULES = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class _Import:
    """A module of another package that a file of the project needs as soon as it is loaded."""

    name: str
    place: Place
    path: PurePosixPath


def development_imports(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """Yield imports of packages that only development installs, in files that production loads while it starts."""
    seen: set[tuple[PurePosixPath, str]] = set()
    for launch in project.facts.launches:
        for site in (*_python(project, gotcha, detector, launch), *_node(project, gotcha, detector, launch)):
            key = (site.place.path or PurePosixPath(), site.message)
            if key not in seen:
                seen.add(key)
                yield site


def _site(gotcha: Gotcha, detector: CheckDetector, one: _Import, package: str, declared: Place, launch: Launch, doubt: str) -> Site:
    message = detector.message.replace("$PACKAGE", package).replace("$MANIFEST", str(declared.path))
    return Site(
        gotcha=gotcha.id,
        outcome=Outcome.REVIEW if doubt else Outcome.FAIL,
        message=f"{message}, unless {doubt}" if doubt else message,
        place=one.place,
        related=(declared, launch.place, *launch.trail),
        scope=one.place.span,
    )


def _dockerfile(project: Project, launch: Launch) -> str | None:
    """The text of the Dockerfile whose image a launch starts in; None when there is none, or it cannot be told."""
    path = launch.place.path
    if path is not None and project.language(path) == "dockerfile":
        return text_of(project, path)
    found = next((base / "Dockerfile" for base in launch.bases if project.exists(base / "Dockerfile")), None)
    return text_of(project, found) if found is not None else None


# -- Python ------------------------------------------------------------------------------------------------------------------------


def _python(project: Project, gotcha: Gotcha, detector: CheckDetector, launch: Launch) -> Iterator[Site]:
    target = server_target(project, launch)
    module = target.module if target is not None else started_script(project, launch)
    if module is None:
        return
    folder = next((folder for folder in module.path.parents if any(parent == folder for parent, _, _ in _manifests(project))), None)
    if folder is None:
        return
    manifests = [(path, groups) for parent, path, groups in _manifests(project) if parent == folder]
    production = {item.name for _, groups in manifests for item in groups.production}
    development = {item.name: (path, item) for path, groups in manifests for item in groups.development if item.name not in production}
    files = {path.name for path, groups in manifests if groups.development}
    if not production or not development or not _leaves_out(project, launch, files, set(development)):
        return
    if any(re.search(rf"^-r\s*\S*{re.escape(name)}", text_of(project, path), re.MULTILINE) for path, groups in manifests for name in files):
        return
    for one in _needed(project, module):
        package = _distribution(one.name, development)
        if package is None:
            continue
        path, item = development[package]
        declared = Place(path=path, span=span_of(item.line), label=f"{item.name} is declared for development")
        known = _installed(project, folder, manifests, production)
        if known is not None and package in known:
            continue
        doubt = "" if known is not None or package in _TOOLS else "another package brings it"
        yield _site(gotcha, detector, one, package, declared, launch, doubt)


def _manifests(project: Project) -> Iterator[tuple[PurePosixPath, PurePosixPath, Grouped]]:
    """(folder it is for, path, groups) of every Python manifest; `requirements/dev.txt` is for the folder above."""
    for file in project.tree_files:
        if file.language in ("text", "toml", "ini", "python", "yaml") and file.size < 1_000_000:
            if file.path.suffix == ".py" and file.path.name != "setup.py":
                continue
            groups = python_groups(file.path, text_of(project, file.path))
            if groups is not None:
                parent = file.path.parent
                yield (parent.parent if parent.name == "requirements" else parent), file.path, groups


def _leaves_out(project: Project, launch: Launch, files: set[str], names: set[str]) -> bool:
    """Whether production surely installs nothing that is for development.

    Heroku does (https://devcenter.heroku.com/articles/python-support); a Dockerfile when each of its installs says so, or names files of requirements
    that are for production.
    """
    path = launch.place.path
    if path is not None and project.language(path) == "procfile":
        return True
    text = _dockerfile(project, launch)
    installs = [found.group(0) for found in _PYTHON_INSTALL.finditer(re.sub(r"\\\n", " ", text))] if text is not None else []
    return bool(installs) and all(_install_leaves_out(install, files, names) for install in installs)


def _install_leaves_out(install: str, files: set[str], names: set[str]) -> bool:
    """Whether one command installs nothing for development, neither by a group nor by a file of requirements nor by name."""
    if _WITHOUT.search(install):
        return True
    words = install.split()
    if words[0] in ("pip", "pip3") or words[:2] == ["uv", "pip"]:
        named = {PurePosixPath(word).name for word in words}
        asked = {canonicalize_name(re.split(r"[<>=~\[;]", word, maxsplit=1)[0]) for word in words if re.match(r"[A-Za-z]", word)}
        return "$" not in install and not named & files and not asked & names and re.search(r"\[[^\]]*dev", install) is None
    return words[0] == "pipenv" and "install" in words and "--dev" not in words and "-d" not in words


def _needed(project: Project, module: Module) -> Iterator[_Import]:
    """The foreign packages that are imported while ``module`` is loaded: by no function, under no condition, in no `try`."""
    world = project.python.world
    seen, waiting = {module.path}, [module]
    while waiting and len(seen) < _MAX_MODULES:
        current = waiting.pop()
        for node in current.tree.body:
            if not isinstance(node, (ast.Import, ast.ImportFrom)):
                continue
            inner = list(imported(world, current, node))
            for path in inner:
                found = world.module(path) if path not in seen else None
                if found is not None:
                    seen.add(path)
                    waiting.append(found)
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""] if not node.level else []
            for name in names if not inner else ():
                yield _Import(name=name, place=current.place(node), path=current.path)


def _distribution(name: str, development: dict[str, tuple[PurePosixPath, Declared]]) -> str | None:
    """The package declared for development that an import stands for."""
    top = name.partition(".")[0]
    if not top or top in sys.stdlib_module_names:
        return None
    package = DISTRIBUTIONS.get(top) or _MODULES.get(top, canonicalize_name(top))
    return package if package in development else None


def _installed(
    project: Project, folder: PurePosixPath, manifests: list[tuple[PurePosixPath, Grouped]], production: set[str]
) -> frozenset[str] | None:
    """All that production gets, where a lock or a list of every package says so; None where it is not known."""
    for parent in (folder, *folder.parents):
        for name in LOCKS:
            graph = python_graph(parent / name, text_of(project, parent / name)) if project.exists(parent / name) else None
            if graph is not None and (name != "Pipfile.lock" or parent == folder):
                return closure(graph, set(graph) if name == "Pipfile.lock" else production)
    for path, groups in manifests:
        if path.suffix == ".txt" and groups.production and all(item.version for item in groups.production) and _is_full(groups):
            return frozenset(production)
    return None


_CHILDREN = {"flask": ("werkzeug", "jinja2", "itsdangerous", "click", "markupsafe"), "fastapi": ("starlette", "pydantic-core", "anyio", "idna"),
             "django": ("asgiref", "sqlparse")}  # fmt: skip
"""What the frameworks always bring: a list that names these too was written by `pip freeze` or a compiler of requirements."""


def _is_full(groups: Grouped) -> bool:
    names = {item.name for item in groups.production}
    frameworks = names & set(_CHILDREN)
    return bool(frameworks) and all(child in names for framework in frameworks for child in _CHILDREN[framework])


# -- Node --------------------------------------------------------------------------------------------------------------------------


def _node(project: Project, gotcha: Gotcha, detector: CheckDetector, launch: Launch) -> Iterator[Site]:
    words = launch.words
    if PurePosixPath(words[0]).name not in ("node", "nodejs") or not _omits(project, launch):
        return
    name = next((word for word in words[1:] if re.search(r"\.[cm]?js$", word)), next((word for word in words[1:] if not word.startswith("-")), ""))
    candidates = (normal(str(base / (name + suffix))) for base in launch.bases for suffix in ("", ".js", "/index.js")) if name else ()
    start = next((path for path in candidates if project.language(path) == "javascript"), None)
    script = project.facts.script(start) if start is not None else None
    for one in _required(project, script) if script is not None else ():
        manifest = project.manifest(one.path.parent)
        if manifest is None or one.name not in manifest.dev_dependencies or one.name in manifest.dependencies:
            continue
        if any(isinstance(more := manifest.data.get(key), dict) and one.name in more for key in ("optionalDependencies", "peerDependencies")):
            continue
        lock = npm_development(text_of(project, manifest.dir / "package-lock.json")) if project.exists(manifest.dir / "package-lock.json") else None
        if lock is not None and one.name not in lock:
            continue
        declared = Place(path=manifest.dir / "package.json", label=f"{one.name} is declared for development")
        yield _site(gotcha, detector, one, one.name, declared, launch, "" if lock is not None else "another package brings it")


def _omits(project: Project, launch: Launch) -> bool:
    """Whether production surely installs no devDependencies: Heroku prunes them, a Dockerfile says so by an option or by NODE_ENV before."""
    path = launch.place.path
    if path is not None and project.language(path) == "procfile":
        return True
    text = _dockerfile(project, launch)
    if text is None:
        return False
    text = re.sub(r"\\\n", " ", text)
    stage = text[max((found.start() for found in re.finditer(r"^FROM\b", text, re.MULTILINE)), default=0) :]
    installs = list(_NODE_INSTALL.finditer(stage))
    mode = re.search(r"^ENV[ \t]+NODE_ENV[ =][\"']?production", stage, re.MULTILINE)
    if not installs or re.search(r"^COPY\b[^\n]*--from=[^\n]*node_modules", stage, re.MULTILINE):
        return False
    return all(
        (_WITHOUT.search(found.group(0)) or (mode is not None and mode.start() < found.start())) and "include=dev" not in found.group(0)
        for found in installs
    )


def _required(project: Project, script: Script) -> Iterator[_Import]:
    """The packages that are loaded while a script of Node starts, in it and in the scripts of the project that it loads so."""
    seen, waiting = {script.path}, [script]
    while waiting and len(seen) < _MAX_MODULES:
        current = waiting.pop()
        for node, specifier in _loads(current):
            if specifier.startswith("."):
                base = str(normal(str(current.path.parent / specifier)))
                paths = (PurePosixPath(base + suffix) for suffix in ("", ".js", ".mjs", ".cjs", "/index.js"))
                found = next((path for path in paths if project.language(path) == "javascript"), None)
                inner = project.facts.script(found) if found is not None and found not in seen else None
                if inner is not None and found is not None:
                    seen.add(found)
                    waiting.append(inner)
            elif re.match(r"^@?[a-z0-9]", specifier) and not specifier.startswith("node:"):
                parts = specifier.split("/")
                name = "/".join(parts[:2]) if specifier.startswith("@") else parts[0]
                yield _Import(name=name, place=current.place(node), path=current.path)


def _loads(script: Script) -> Iterator[tuple[Node, str]]:
    """(node, specifier) of every import and every `require` that runs in any case when the script is loaded."""
    for node in script.nodes:
        if node.type == "import_statement" and (source := node.child_by_field_name("source")) is not None:
            yield node, script.of(source)[1:-1]
        elif node.type == "call_expression" and (function := node.child_by_field_name("function")) is not None and script.of(function) == "require":
            given = arguments(node)
            conditional = any(parent.type in FUNCTIONS or parent.type in _CONDITIONS for parent in parents(node))
            if given and given[0].type == "string" and not conditional:
                yield node, script.of(given[0])[1:-1]


_CONDITIONS = frozenset(
    {"binary_expression", "catch_clause", "class_body", "if_statement", "switch_statement", "ternary_expression", "try_statement"}
)
