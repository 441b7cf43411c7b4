"""Start commands against the code and the manifests they rely on."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from auditor.model import CheckDetector, Gotcha, Outcome, Place, Site
from auditor.project.facts import servers
from auditor.project.facts.launch import Launch
from auditor.project.files import normal
from auditor.project.manifests import python_manifest
from auditor.project.project import Project
from auditor.project.python.module import Module
from auditor.project.python.values import Instance, options
from auditor.project.text import Unreadable

_CONTAINERS = frozenset({"compose", "dockerfile"})
_ASGI = frozenset({"fastapi.FastAPI", "starlette.applications.Starlette", "quart.Quart", "litestar.Litestar"})
_LOOPBACK = re.compile(r"^(?:127\.\d+\.\d+\.\d+|localhost|\[?::1\]?)$")


def _site(gotcha: Gotcha, launch: Launch, outcome: Outcome, message: str, *related: Place) -> Site:
    return Site(gotcha=gotcha.id, outcome=outcome, message=message, place=launch.place, related=(*launch.trail, *related), scope=launch.place.span)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a server is told to load: `module:attribute`, perhaps called. ``module`` is None when the project has no such module there."""

    name: str
    attribute: str
    module: Module | None
    elsewhere: PurePosixPath | None


def target_of(project: Project, launch: Launch) -> Target | None:
    """The target of gunicorn, uvicorn and their like; None when the command names none that can be told."""
    said = launch.target
    if said is None:
        return None
    folder = servers.option(launch.words, "--chdir", "--app-dir")
    moved = [normal(str(base / folder)) for base in launch.bases] if folder and not folder.startswith("/") else []
    return resolved(project, (*moved, *launch.bases), *said)


def resolved(project: Project, bases: tuple[PurePosixPath, ...], name: str, attribute: str) -> Target:
    """The module called ``name`` below one of the bases; else where else in the project one of that name is."""
    world = project.python.world
    stem = name.replace(".", "/")
    for base in bases:
        for candidate in (f"{stem}.py", f"{stem}/__init__.py"):
            module = world.module(PurePosixPath(str(base / candidate).removeprefix("./")))
            if module is not None:
                return Target(name=name, attribute=attribute, module=module, elsewhere=None)
    tail = PurePosixPath(stem).parts
    found = [path for path in sorted(world.paths) if _module_parts(path)[-len(tail) :] == tail]
    return Target(name=name, attribute=attribute, module=None, elsewhere=found[0] if found else None)


def _module_parts(path: PurePosixPath) -> tuple[str, ...]:
    return path.parent.parts if path.name == "__init__.py" else path.with_suffix("").parts


def target_unresolvable(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """A server is told to load a module or a name that the project does not have."""
    del detector
    for launch in project.facts.launches:
        if launch.tool not in ("gunicorn", "uvicorn", "hypercorn", "daphne"):
            continue
        target = target_of(project, launch)
        if target is None:
            continue
        if target.module is None and target.elsewhere is None:
            yield _site(gotcha, launch, Outcome.FAIL, f"there is no module {target.name} in the project: the server stops with ModuleNotFoundError")
        elif target.module is None:
            related = Place(path=target.elsewhere, label="a module of that name is here")
            yield _site(gotcha, launch, Outcome.REVIEW, f"{target.name} is found only when the server starts in the right folder", related)
        elif target.attribute in target.module.root.bindings or "*" in target.module.root.bindings:
            place = Place(path=target.module.path, label=f"{target.attribute} is bound here")
            yield _site(gotcha, launch, Outcome.PASS, "the target is there", place)
        else:
            place = Place(path=target.module.path, label="the module")
            yield _site(
                gotcha,
                launch,
                Outcome.FAIL,
                f"{target.module.path} has no {target.attribute}: the server stops while it loads the application",
                place,
            )


def asgi_on_wsgi_worker(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """Gunicorn with its own workers serves an ASGI application."""
    for launch in project.facts.launches:
        target = target_of(project, launch) if launch.tool == "gunicorn" else None
        if target is None or target.module is None or target.attribute not in target.module.root.bindings:
            continue
        value = project.python.name_in(target.module, target.module.root, target.attribute)
        if not any(isinstance(option.value, Instance) and option.value.qualname in _ASGI for option in options(value)):
            continue
        place = Place(path=target.module.path, label=f"{target.attribute} is an ASGI application")
        line = " ".join(launch.words)
        if re.search(r"(?:-k|--worker-class)[ =]?\S*(?:uvicorn|asgi)", line, re.IGNORECASE):
            yield _site(gotcha, launch, Outcome.PASS, "the worker class speaks ASGI", place)
        elif re.search(r"(?:-c|--config)[ =]?\S+", line) or _configured(project, launch):
            yield _site(gotcha, launch, Outcome.REVIEW, "the worker class may stand in the configuration of gunicorn", place)
        else:
            yield _site(gotcha, launch, Outcome.FAIL, detector.message, place)


def _configured(project: Project, launch: Launch) -> bool:
    return any(project.exists(base / "gunicorn.conf.py") for base in launch.bases)


def binds_loopback(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """A server in a container listens on the container's own loopback interface, by its option or by its default."""
    for launch in project.facts.launches:
        file = project.file(launch.place.path) if launch.place.path is not None else None
        if file is None or launch.kind not in _CONTAINERS or launch.network == "host":
            continue
        bound = launch.bound
        if bound is None:
            continue
        if not _LOOPBACK.match(bound.host):
            yield _site(gotcha, launch, Outcome.PASS, f"listens on {bound}")
        elif not bound.said and launch.tool == "gunicorn":
            # With PORT in its environment gunicorn listens on 0.0.0.0 by default: platforms set it, plain Docker does not.
            yield _site(gotcha, launch, Outcome.REVIEW, "listens on 127.0.0.1 unless the platform sets PORT; say `--bind 0.0.0.0:8000`")
        elif not bound.said and re.search(r"UVICORN_HOST|FLASK_RUN_HOST", _text(project, file.path)):
            yield _site(gotcha, launch, Outcome.REVIEW, "the address may come from the environment")
        else:
            yield _site(gotcha, launch, Outcome.FAIL, detector.message.replace("$ADDRESS", bound.host if bound.said else f"{bound.host} (default)"))


def _text(project: Project, path: PurePosixPath) -> str:
    try:
        return project.text(path)
    except Unreadable:
        return ""


def tool_not_installed(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """Production starts a program that no requirement of the project installs."""
    declared: set[str] = set()
    manifests = 0
    for file in project.tree_files:
        found = python_manifest(file.path, _text(project, file.path)) if file.language in ("text", "toml", "ini", "python", "yaml") else None
        if found:
            manifests += 1
            declared |= {item.name for item in found}
    if not manifests:
        return
    for launch in project.facts.launches:
        server = servers.SERVERS.get(launch.tool)
        if server is None or launch.tool in ("flask", "runserver"):
            continue
        distribution = server.distribution
        text = _text(project, launch.place.path) if launch.place.path is not None else ""
        install = rf"\b(?:pip3?|uv|poetry|pipx|apt-get|apt|apk|conda)\b[^\n]*\b(?:install|add)\b[^\n]*\b{distribution}\b"
        installed = re.search(install, text)
        if distribution in declared or installed is not None:
            yield _site(gotcha, launch, Outcome.PASS, f"{distribution} is a requirement")
        elif distribution == "uvicorn" and "fastapi" in declared:
            yield _site(gotcha, launch, Outcome.REVIEW, "uvicorn comes only with an extra of fastapi")
        else:
            yield _site(gotcha, launch, Outcome.FAIL, detector.message.replace("$TOOL", distribution))
