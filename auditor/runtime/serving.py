"""What a command would do for the network: serve in production, serve developers, or nothing of the kind; and on which port."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from auditor.checks.starts import gunicorn_settings, text_of
from auditor.project.facts import servers
from auditor.project.facts.launch import Launch
from auditor.project.facts.listening import listening
from auditor.project.facts.reached import started
from auditor.project.facts.servers import SERVERS
from auditor.project.files import normal
from auditor.project.project import Project
from auditor.project.python.values import Literal as Constant
from auditor.project.python.values import options

Role = Literal["server", "development server", "front end of developers", "web server", "static", "unknown", "none"]

_PYTHON = frozenset({"granian", "uwsgi", "fastapi", "hypercorn", "waitress-serve", "daphne", "gunicorn", "uvicorn", "sanic", "chainlit", "streamlit"})
_WEB_SERVERS = frozenset({"nginx", "caddy", "httpd", "apache2", "apache2ctl", "traefik", "haproxy", "supervisord", "envoy"})
_OF_DEVELOPERS = frozenset(
    {"react-scripts", "webpack-dev-server", "vue-cli-service", "ng", "craco", "react-app-rewired", "expo", "parcel", "gulp", "storybook"}
)
_SHELL = frozenset({"break", "cat", "cd", "chown", "cp", "echo", "exit", "export", "ls", "mkdir", "mv", "set", "sleep", "true", "wait"})
_STATIC = frozenset({"serve", "http-server"})
_JOBS = re.compile(r"seed|migrat|worker|cron|scheduler|queue|consumer|backup|create_?(?:database|db|user)|pre_?start|initial", re.IGNORECASE)
_SERVES = re.compile(r"\b\w+\.run\(|\brun_app\(|\bserve\(|serve_forever\(|\bmain\(")
_READS_PORT = re.compile(r"""environ[^\n]{0,24}["']\w*PORT["']|getenv\(\s*["']\w*PORT["']|env\.\w*PORT\b|\$\{?PORT\b""")


def role(project: Project, launch: Launch) -> Role:
    """What ``launch`` starts. Sources: the documentation of each tool, as in `project.facts.servers`."""
    words, tool = launch.words, launch.tool
    if not words or not tool:
        return "none"
    if tool in ("flask", "runserver"):
        return "development server" if tool == "runserver" or "run" in words else "none"
    if tool == "fastapi":
        return "server" if "run" in words else "development server" if "dev" in words else "none"
    if tool in _PYTHON or (tool in SERVERS and SERVERS[tool].host):
        return "server"
    if tool == "nginx" and brings_configuration(words):
        return "server"
    if tool in _WEB_SERVERS:
        return "web server"
    if tool in _OF_DEVELOPERS or (tool in ("webpack", "rspack", "rsbuild") and {"serve", "dev"} & set(words)):
        return "front end of developers" if not {"build", "test", "lint"} & set(words[1:2]) else "none"
    if tool in ("vite", "next", "nuxt", "astro", "nuxi", "remix-serve", "react-router-serve", "gatsby"):
        return _of_framework(tool, words)
    if tool in _STATIC:
        return "static"
    if tool in ("node", "nodemon", "ts-node", "tsx", "bun", "pm2", "pm2-runtime", "babel-node", "ts-node-dev"):
        return _of_node(project, launch, tool)
    if re.match(r"^python[\d.]*$|.*\.py$", tool) or started(project, launch) is not None:
        path = started(project, launch)
        if path is None:
            return "unknown" if tool.endswith(".py") and launch.ports and not _JOBS.search(tool) else "none"
        if path.name == "manage.py" or _JOBS.search(path.stem):
            return "server" if {"run", "serve"} & set(words[1:4]) and path.name == "manage.py" else "none"
        return "server" if _SERVES.search(text_of(project, path)) else "none"
    if launch.trail or tool in _SHELL or re.fullmatch(r"[\w./-]+", tool) is None or any(PurePosixPath(word).name == "supervisord" for word in words):
        return "web server" if "supervisord" in " ".join(words) else "none"
    if launch.whole is None or re.search(r"&&|;|\n|\|", launch.whole.text) or _JOBS.search(" ".join(words)):
        return "none"
    is_own = launch.kind in ("dockerfile", "systemd", "supervisor") or (launch.kind == "compose" and bool(launch.copied))
    return "unknown" if (launch.ports and is_own) or (launch.kind == "procfile" and launch.name == "web") else "none"


def brings_configuration(words: Sequence[str]) -> bool:
    """Whether nginx is given a configuration by a relative path, which is then one of the project: https://nginx.org/en/docs/switches.html."""
    named = next((value for option, value in itertools.pairwise(words) if option == "-c"), "/")
    return not named.startswith("/")


def _of_framework(tool: str, words: Sequence[str]) -> Role:
    second = next((word for word in words[1:] if not word.startswith("-")), "")
    if tool in ("remix-serve", "react-router-serve"):
        return "server"
    if tool in ("vite", "astro", "gatsby"):
        return (
            "static"
            if (second in ("preview", "serve") and tool != "vite") or second == "preview"
            else "none"
            if second in ("build", "check")
            else "front end of developers"
        )
    return "server" if second in ("start", "preview") else "none" if second in ("build", "lint", "export", "generate") else "front end of developers"


def _of_node(project: Project, launch: Launch, tool: str) -> Role:
    script = next(
        (word for word in launch.words[1:] if re.match(r"^[\w./@-]+$", word) and not word.startswith("-") and word not in ("start", "watch", "run")),
        "",
    )
    path = launch.file(project, script) if script else None
    text = text_of(project, path) if path is not None else ""
    if _JOBS.search(PurePosixPath(script).stem) and ".listen(" not in text:
        return "none"
    if re.search(r"webpack-?dev-?server", text, re.IGNORECASE):
        return "front end of developers"
    if tool in ("nodemon", "ts-node-dev") or (tool == "tsx" and "watch" in launch.words):
        return "development server"
    return "server" if script and PurePosixPath(script).suffix in ("", ".js", ".mjs", ".cjs", ".ts", ".mts") else "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """``number`` is the port that a command fixes; None with ``follows`` when it takes the one it is told, and without when it cannot be told."""

    number: int | None
    follows: bool


def port(project: Project, launch: Launch) -> Port:
    """The port on which a launch listens, whatever the platform says."""
    text = " ".join(launch.words)
    if re.search(r"\$\{?PORT\b", text):
        return Port(number=None, follows=True)
    bound = launch.bound
    if launch.tool == "gunicorn":
        configured = _of_gunicorn(project, launch)
        if configured is not None:
            return configured
        if bound is None or not bound.said:
            return Port(number=None, follows=bound is not None)  # https://docs.gunicorn.org/en/stable/settings.html#bind
    if bound is not None:
        return Port(number=bound.port, follows=False)
    if launch.tool == "fastapi":
        said = servers.option(launch.words, "--port")
        return Port(number=int(said) if said and said.isdigit() else None if said else 8000, follows=False)
    found = listening(project, launch) if launch.words[0] == "node" or launch.tool.startswith("python") else None
    path = _file(project, launch)
    source = text_of(project, path) if path is not None else ""
    if _READS_PORT.search(source) and (found is None or found.place.path == path):
        return Port(number=None, follows=True)
    if found is not None:
        return Port(number=found.port, follows=False)
    said = servers.option(launch.words, "--port", "-p")
    return Port(number=int(said) if said and said.isdigit() else None, follows=False)


def _file(project: Project, launch: Launch) -> PurePosixPath | None:
    path = started(project, launch)
    if path is not None:
        return path
    script = next((word for word in launch.words[1:] if re.match(r"^[\w./-]+\.[cm]?[jt]s$", word)), None)
    return launch.file(project, script) if script is not None else None


def _of_gunicorn(project: Project, launch: Launch) -> Port | None:
    """The `bind` of the configuration file, unless the command line says another."""
    if servers.option(launch.words, "-b", "--bind") is not None:
        return None
    settings = gunicorn_settings(project, launch)
    bound = settings.root.bindings.get("bind") if settings is not None else None
    if settings is None or not bound:
        return None
    if "PORT" in settings.source(bound[-1].node):
        return Port(number=None, follows=True)
    for one in options(project.python.name_in(settings, settings.root, "bind")):
        if isinstance(one.value, Constant) and isinstance(one.value.value, str):
            number = one.value.value.rpartition(":")[2]
            return Port(number=int(number) if number.isdigit() else None, follows=False)
    return Port(number=None, follows=bool(_READS_PORT.search(settings.text)))


def folder(project: Project, launch: Launch) -> PurePosixPath:
    """The folder of the tree that a launch works in: of those that are there, the first that has most of the files that its words name."""
    there = [normal(str(base)) for base in dict.fromkeys(launch.bases) if project.is_dir(normal(str(base)))]
    moved = servers.option(launch.words, "--chdir", "--app-dir") or "."
    return max(there, key=lambda base: sum(_is_in(project, base, word, moved) for word in launch.words[1:])) if there else PurePosixPath()


def _is_in(project: Project, base: PurePosixPath, word: str, moved: str) -> bool:
    if re.fullmatch(r"(?:\./)?[\w@-][\w./@-]*\.\w+", word) and project.exists(normal(str(base / word))):
        return True
    module = re.match(r"^([A-Za-z_][\w.]*):\w+", word)
    stem = module.group(1).replace(".", "/") if module is not None else ""
    return bool(stem) and any(normal(str(base / moved / name)) in project.python.world.paths for name in (f"{stem}.py", f"{stem}/__init__.py"))


def is_missing(project: Project, launch: Launch) -> str:
    """The module that a server is told to load and that no file of the project can be; "" when there is one, or none is told."""
    target = launch.target
    if target is None and launch.tool == "granian":
        said = (re.match(r"^([A-Za-z_][\w.]*):[A-Za-z_]\w*$", word) for word in launch.words[1:])
        target = next(((found.group(1), "") for found in said if found is not None), None)
    if target is None or "{{" in " ".join(launch.words):
        return ""
    parts = tuple(target[0].split("."))
    for path in project.python.world.paths:
        found = path.parent.parts if path.name == "__init__.py" else path.with_suffix("").parts
        if found[-len(parts) :] == parts:
            return ""
    return target[0]
