"""The directories that servers serve, images copy and platforms publish, as paths of the project."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from tree_sitter import Node

from auditor.model import Place, span_of
from auditor.project.facts.files import yamls
from auditor.project.facts.images import in_project
from auditor.project.facts.module import Module as Script
from auditor.project.facts.paths import path_of
from auditor.project.facts.staged import Copy, Dockerfile, Stage
from auditor.project.facts.syntax import arguments
from auditor.project.files import normal
from auditor.project.project import Project
from auditor.project.python.module import Module
from auditor.project.python.values import Literal, PathValue, Sequence, Value, in_production
from auditor.project.text import Unreadable

_KEYWORDS = {
    "fastapi.staticfiles.StaticFiles": "directory",
    "fastapi.templating.Jinja2Templates": "directory",
    "flask.send_from_directory": "directory",
    "flask.helpers.send_from_directory": "directory",
    "starlette.staticfiles.StaticFiles": "directory",
    "starlette.templating.Jinja2Templates": "directory",
}
_WORDS = ("send_from_directory", "static_folder", "template_folder", "StaticFiles", "Jinja2Templates")
_FLASK = ("static_folder", "template_folder")


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A directory that is served or copied. ``paths`` are what it may be in the project; more than one when it depends on the working directory.

    ``stage`` is set for a COPY: the stage the directory must be in by then, None for one from the build context. ``is_compiled`` is set for code that
    may run from another folder than it is written in.
    """

    paths: tuple[PurePosixPath, ...]
    place: Place
    how: str
    dockerfile: Dockerfile | None = None
    stage: Stage | None = None
    line: int = 0
    is_published: bool = False
    is_compiled: bool = False


def served(project: Project) -> Iterator[Served]:
    """Everything production serves from, in Python, JavaScript and Dockerfiles."""
    yield from _python(project)
    yield from _django(project)
    yield from _scripts(project)
    for dockerfile in project.facts.dockerfiles:
        yield from _copied(project, dockerfile)
    yield from published(project)


def _python(project: Project) -> Iterator[Served]:
    world = project.python.world
    examined = {file.path for file in project.tree_files if file.role == "production"}
    for path in sorted({path for word in _WORDS for path in world.containing(word)} & examined):
        module = world.module(path)
        for call in module.calls if module is not None else ():
            assert module is not None
            name = world.qualify(module, call.func) or ""
            keywords = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
            if name in ("flask.Flask", "flask.Blueprint"):
                for key in _FLASK:
                    if key in keywords and "root_path" not in keywords:
                        yield from _values(project, module, keywords[key], f"Flask's {key}", (module.path.parent,))
            elif name in _KEYWORDS:
                node = call.args[0] if call.args else keywords.get(_KEYWORDS[name])
                below = tuple(module.path.parents) if not name.startswith("flask") else _app_folders(project, module)
                if node is not None:
                    yield from _values(project, module, node, name.rsplit(".", 1)[-1], below)


def _app_folders(project: Project, module: Module) -> tuple[PurePosixPath, ...]:
    """The folders a relative directory of Flask is below: those of the modules that create an application."""
    world = project.python.world
    modules = [module, *world.modules_containing("Flask(")]
    found = [one.path.parent for one in modules for call in one.calls if world.qualify(one, call.func) == "flask.Flask"]
    return tuple(dict.fromkeys(found))


def _django(project: Project) -> Iterator[Served]:
    examined = {file.path for file in project.tree_files if file.role == "production"}
    for module in project.python.world.modules_containing("INSTALLED_APPS"):
        if module.path in examined:
            for name in ("STATICFILES_DIRS", "TEMPLATES"):
                for binding in module.root.bindings.get(name, ())[:1]:
                    value = getattr(binding.node, "value", None)
                    for node in _listed(value, name) if isinstance(value, ast.expr) else ():
                        yield from _values(project, module, node, name, ())


def _listed(node: ast.expr, name: str) -> Iterator[ast.expr]:
    """The items of STATICFILES_DIRS, or of each DIRS in TEMPLATES."""
    if name == "TEMPLATES":
        for inner in ast.walk(node):
            if isinstance(inner, ast.Dict):
                for key, value in zip(inner.keys, inner.values, strict=True):
                    if isinstance(key, ast.Constant) and key.value == "DIRS":
                        yield from _listed(value, "DIRS")
    elif isinstance(node, (ast.List, ast.Tuple)):
        yield from node.elts


def _values(project: Project, module: Module, node: ast.expr, how: str, bases: tuple[PurePosixPath, ...]) -> Iterator[Served]:
    """One site for all the values the directory may have; none where one of them is not known, or only development gets there."""
    if any(guard.kind == "development" for guard in project.python.guards(module, node)):
        return
    found = [_paths(option.value, bases) for option in in_production(project.python.evaluate(module, node))]
    if found and all(found):
        paths = tuple(dict.fromkeys(path for paths in found for path in paths))
        yield Served(paths=paths, place=module.place(node), how=how)


def _paths(value: Value, bases: tuple[PurePosixPath, ...]) -> tuple[PurePosixPath, ...]:
    match value:
        case PathValue(anchor="file" | "app-root", text=str() as text):
            return (normal(text),)
        case PathValue(anchor="relative" | "cwd", text=str() as text):
            return tuple(normal(str(base / text)) for base in bases if not _climbs(base, text))
        case Literal(value=str() as text) if text and not text.startswith("/"):
            return tuple(normal(str(base / text)) for base in bases if not _climbs(base, text))
        case Sequence(items=items) if len(items) == 1:
            return _paths(items[0], bases)
        case _:
            return ()


def _climbs(base: PurePosixPath, text: str) -> bool:
    """Whether a path leads above the root of the project."""
    return PurePosixPath(text).parts.count("..") > len(base.parts)


def _scripts(project: Project) -> Iterator[Served]:
    for module in project.facts.scripts("express.static", "sendFile", "serveStatic", "serve-static"):
        for node in module.nodes:
            if node.type == "call_expression":
                yield from _script_call(module, node)


def _script_call(module: Script, node: Node) -> Iterator[Served]:
    function, given = node.child_by_field_name("function"), arguments(node)
    name = module.of(function) if function is not None else ""
    if not given:
        return
    target, whole = given[0], True
    if name.endswith(".sendFile"):
        whole = False
        root = _option(module, given[1], "root") if len(given) > 1 else None
        if root is not None:
            target, whole = root, True
    elif name not in ("express.static", "serveStatic"):
        return
    found = path_of(module, target)
    if found is None or found.anchor == "absolute":
        return
    folders = (PurePosixPath(),) if found.anchor == "file" else tuple(module.path.parents)
    paths = [found.below(folder) for folder in folders if found.anchor == "file" or not _climbs(folder, found.text)]
    known = tuple(path if whole else path.parent for path in paths if path is not None)
    if known:
        how = name if "static" in name else name.rsplit(".", 1)[-1]
        compiled = module.language in ("typescript", "tsx")
        yield Served(paths=known, place=module.place(node), how=how, is_compiled=compiled)


def _option(module: Script, node: Node, key: str) -> Node | None:
    for pair in node.named_children if node.type == "object" else ():
        name = pair.child_by_field_name("key") if pair.type == "pair" else None
        if name is not None and module.of(name).strip("'\"") == key:
            return pair.child_by_field_name("value")
    return None


def _copied(project: Project, dockerfile: Dockerfile) -> Iterator[Served]:
    seen: set[int] = set()
    for stage in dockerfile.stages:
        for step in stage.steps:
            if isinstance(step, Copy) and step.line not in seen:
                seen.add(step.line)
                for source in step.sources:
                    if not any(char in source for char in "$*?["):
                        yield from _copy(project, dockerfile, step, source)


def _copy(project: Project, dockerfile: Dockerfile, step: Copy, source: str) -> Iterator[Served]:
    path: PurePosixPath | None
    origin = dockerfile.stage(step.origin) if step.origin else None
    if step.origin:
        if origin is None:
            return
        whole = "/" + source.strip("/")
        path = in_project(project, dockerfile, origin, whole, before=step.line)
    else:
        path = normal(str(dockerfile.context / source.lstrip("/"))) if dockerfile.context is not None and "://" not in source else None
    if path is not None:
        place = dockerfile.place(step.line)
        yield Served(paths=(path,), place=place, how="COPY", dockerfile=dockerfile, stage=origin, line=step.line)


_ACTIONS = {
    "peaceiris/actions-gh-pages": "publish_dir",
    "JamesIves/github-pages-deploy-action": "folder",
    "actions/upload-pages-artifact": "path",
    "crazy-max/ghaction-github-pages": "build_dir",
}
"""Actions that publish a folder of the checkout -> the input that names it."""
_NETLIFY = re.compile(r"^[ \t]*(base|publish)[ \t]*=[ \t]*[\"']([^\"'\n]+)[\"']", re.MULTILINE)
_VERCEL = re.compile(r"\"outputDirectory\"\s*:\s*\"([^\"\\\n]+)\"")
_GH_PAGES = re.compile(r"\bgh-pages\s+(?:\S+\s+){0,8}?(?:-d|--dist)[ =](\S+)")


def published(project: Project) -> Iterator[Served]:
    """What platforms for static pages are told to publish.

    https://docs.netlify.com/build/configure-builds/file-based-configuration/, https://vercel.com/docs/project-configuration,
    https://render.com/docs/blueprint-spec
    """
    for file in project.tree_files:
        name = file.path.name.lower()
        if name not in ("netlify.toml", "vercel.json", "render.yaml", "package.json") and ".github" not in file.path.parts:
            continue
        try:
            text = project.text(file.path)
        except Unreadable:
            continue
        folder = file.path.parent
        if name == "netlify.toml":
            yield from _netlify(file.path, text)
        elif name in ("vercel.json", "package.json"):
            expression, how = (_VERCEL, "outputDirectory") if name == "vercel.json" else (_GH_PAGES, "gh-pages")
            for found in expression.finditer(text):
                yield from _named(
                    found.group(1).strip("\"',"), folder, how, Place(path=file.path, span=span_of(text.count("\n", 0, found.start()) + 1))
                )
        elif name == "render.yaml":
            for service in yamls.items(yamls.get(yamls.root(text), "services")):
                node = yamls.get(service, "staticPublishPath")
                base = yamls.said(yamls.get(service, "rootDir")) or "."
                if node is not None:
                    yield from _named(yamls.said(node), normal(str(folder / base)), "staticPublishPath", Place(path=file.path, span=yamls.span(node)))
        else:
            yield from _actions(file.path, text)


def _netlify(path: PurePosixPath, text: str) -> Iterator[Served]:
    found = {match.group(1): match for match in reversed(list(_NETLIFY.finditer(text)))}
    if "publish" in found:
        base = found["base"].group(2) if "base" in found else "."
        place = Place(path=path, span=span_of(text.count("\n", 0, found["publish"].start()) + 1))
        yield from _named(found["publish"].group(2), normal(str(path.parent / base)), "publish", place)


def _actions(path: PurePosixPath, text: str) -> Iterator[Served]:
    for _, job in yamls.pairs(yamls.get(yamls.root(text), "jobs")):
        for step in yamls.items(yamls.get(job, "steps")):
            key = _ACTIONS.get(yamls.said(yamls.get(step, "uses")).partition("@")[0], "")
            node = yamls.get(step, "with", key) if key else None
            if node is not None:
                yield from _named(yamls.said(node), PurePosixPath(), key, Place(path=path, span=yamls.span(node)))


def _named(text: str, folder: PurePosixPath, how: str, place: Place) -> Iterator[Served]:
    if text and not re.search(r"[$*{~]", text) and not _climbs(folder, text):
        yield Served(paths=(normal(str(folder / text.strip())),), place=place, how=how, is_published=True)
