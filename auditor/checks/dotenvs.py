"""Variables that only `flask run` takes from a `.env` file.

Source: https://flask.palletsprojects.com/en/stable/cli/#environment-variables-from-dotenv
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from auditor.checks.starts import Served, served, text_of
from auditor.model import CheckDetector, Gotcha, Outcome, Place, Requirement, Site
from auditor.project.project import Project
from auditor.project.python.module import Module

_SERVERS = frozenset({"gunicorn", "hypercorn", "uvicorn", "waitress-serve"})
_FILES = (".env", ".flaskenv", ".env.example", ".env.sample", ".env.template", ".env.dist", "env.example")
_LOADERS = re.compile(r"\b(?:load_dotenv|dotenv_values|read_env|read_envfile|decouple|environs|BaseSettings|pydantic_settings|dynaconf)\b")
_PROVIDES = re.compile(
    r"\benv_file\b|--env-file|\bEnvironmentFile\b|\benvFrom\b|\braw_env\b|(?:^|[\s;&])(?:source|\.)[ \t]+\S*\.env\b|\b(?:cat|grep)\b[^\n]*\.env\b"
    r"|\bdotenv\b[^\n]*\brun\b",
    re.MULTILINE,
)
_DEPLOYMENT = frozenset({"dockerfile", "procfile", "yaml", "shell", "toml", "json", "ini", "text", "nginx"})
_ALWAYS_THERE = frozenset({"PATH", "HOME", "USER", "PWD", "SHELL", "LANG", "TERM", "TZ", "TMPDIR", "PORT", "HOSTNAME", "PYTHONPATH"})


def only_under_flask_run(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """Yield starts of servers for Flask whose code needs a variable of a `.env` file that nothing but Flask's commands reads."""
    if not project.has(Requirement(package="python-dotenv")):
        return
    world = project.python.world
    loads = any(_LOADERS.search(world.files.source(path) or "") for path in sorted(world.paths))
    for server in served(project):
        if server.launch.tool not in _SERVERS:
            continue
        modules = [module for path in sorted(server.paths) if (module := world.module(path)) is not None]
        if not any("Flask(" in module.text for module in modules):
            continue
        site = _passes(gotcha, server) if loads or _provided(project, server) else _missing(project, gotcha, detector, server, modules)
        if site is not None:
            yield site


def _passes(gotcha: Gotcha, server: Served) -> Site:
    place = server.launch.place
    return Site(gotcha=gotcha.id, outcome=Outcome.PASS, message="something besides `flask run` gives the variables", place=place, scope=place.span)


def _provided(project: Project, server: Served) -> bool:
    """Whether a file of the deployment hands a whole file of variables over."""
    return "--env-file" in " ".join(server.launch.words) or any(_PROVIDES.search(text) for _, text in _deployment(project))


def _deployment(project: Project) -> Iterator[tuple[PurePosixPath, str]]:
    for file in project.tree_files:
        is_conf = file.path.name.startswith("gunicorn") and file.language == "python"
        if (file.language in _DEPLOYMENT or is_conf or file.path.suffix == ".service") and file.size < 200_000:
            if not file.path.name.startswith(".env"):
                yield file.path, text_of(project, file.path)


def _missing(project: Project, gotcha: Gotcha, detector: CheckDetector, server: Served, modules: list[Module]) -> Site | None:
    """The first variable that the code needs, a file of variables names and no file of the deployment does."""
    named = {path: text_of(project, path) for path in _files(project, server)}
    said = "\n".join(text for _, text in _deployment(project))
    for module in modules:
        for name, node in _needed(project, module):
            holder = next((path for path, text in named.items() if re.search(rf"^\s*(?:export\s+)?{name}\s*=", text, re.MULTILINE)), None)
            if holder is None or name in server.launch.values or re.search(rf"\b{name}\b", said):
                continue
            closed = _is_closed(server)
            message = detector.message.replace("$NAME", name).replace("$FILE", str(holder))
            return Site(
                gotcha=gotcha.id,
                outcome=Outcome.FAIL if closed else Outcome.REVIEW,
                message=message if closed else f"{message}, unless the platform sets it",
                place=server.launch.place,
                related=(module.place(node, f"{name} is needed here"), Place(path=holder, label=f"names {name}"), *server.launch.trail),
                scope=server.launch.place.span,
            )
    return None


def _files(project: Project, server: Served) -> Iterator[PurePosixPath]:
    folders = dict.fromkeys((*server.launch.bases, *server.module.path.parents))
    for folder in folders:
        yield from (folder / name for name in _FILES if project.exists(folder / name))


def _needed(project: Project, module: Module) -> Iterator[tuple[str, ast.AST]]:
    """The variables a module reads with `os.environ["X"]`, where a missing one raises."""
    for node in module.parents:
        match node:
            case ast.Subscript(value=holder, slice=ast.Constant(value=str() as name), ctx=ast.Load()):
                if project.python.world.qualify(module, holder) == "os.environ" and re.fullmatch(r"\w+", name) and name not in _ALWAYS_THERE:
                    tried = any(isinstance(parent, ast.Try) and child in parent.body for child, parent in module.ancestors(node))
                    if not tried and not project.python.guards(module, node):
                        yield name, node
            case _:
                pass


def _is_closed(server: Served) -> bool:
    """Whether the environment of the process is written down: by a compose file that starts or builds it, or by a unit of systemd."""
    return server.launch.kind in ("compose", "systemd") and not server.launch.opens
