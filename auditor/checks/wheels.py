"""Packages that images install against the files their code needs beside it."""

from __future__ import annotations

import posixpath
import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from auditor.checks.serving import served
from auditor.model import CheckDetector, Gotcha, Outcome, Place, Site
from auditor.project.facts.images import in_project
from auditor.project.facts.staged import Copy, Dockerfile, Run, Stage, Start
from auditor.project.facts.steps import simple
from auditor.project.project import Project
from auditor.project.text import Unreadable

_INSTALL = re.compile(r"^(?:\w+=\S*\s+)*(?:python\S*\s+-m\s+|uv\s+)?pip3?\s+install\s+(.*)$")
_DECLARES = re.compile(r"package[-_]data|data[-_]files|setuptools[-_](?:scm|git|svn|vcs)|\bpbr\b")
_CODE = frozenset({".py", ".pyi", ".pyc"})


def package_data_missing(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """An image installs a package whose templates or static files setuptools leaves out, and runs what was installed.

    Only packages below `src` are judged: others are found in the working directory first, with all their files.
    Source: https://setuptools.pypa.io/en/latest/userguide/datafiles.html
    """
    for dockerfile in project.facts.dockerfiles:
        seen: set[int] = set()
        for stage in dockerfile.stages:
            for step in stage.steps:
                if isinstance(step, Run) and step.line not in seen and (root := _installed(project, dockerfile, stage, step)) is not None:
                    seen.add(step.line)
                    needed = next(_needed(project, root / "src"), None)
                    if needed is not None:
                        yield _site(project, gotcha, detector, dockerfile, stage, step, root, needed)


def _installed(project: Project, dockerfile: Dockerfile, stage: Stage, run: Run) -> PurePosixPath | None:
    """The folder of the setuptools project that a step installs; None when it installs none, or only a link to it."""
    for _, command, folder in simple(run.text, run.folder):
        found = _INSTALL.match(command)
        words = found.group(1).split() if found and folder else []
        if any(word in ("-e", "--editable") for word in words):
            continue
        for word in words:
            if word == "." or word.startswith(("./", "/", ".[")):
                path = posixpath.normpath(posixpath.join(folder, word.split("[", maxsplit=1)[0]))
                for name in ("pyproject.toml", "setup.py"):
                    manifest = in_project(project, dockerfile, stage, f"{path.rstrip('/')}/{name}", before=run.line)
                    if manifest is not None and manifest in project.listed and _is_setuptools(project, manifest.parent):
                        return manifest.parent
    return None


def _text(project: Project, path: PurePosixPath) -> str:
    try:
        return project.text(path) if project.exists(path) else ""
    except Unreadable:
        return ""


def _is_setuptools(project: Project, root: PurePosixPath) -> bool:
    """Whether setuptools builds the package: it is named, or no other is (https://packaging.python.org/en/latest/specifications/pyproject-toml/)."""
    try:
        system = tomllib.loads(_text(project, root / "pyproject.toml")).get("build-system", {})
    except (tomllib.TOMLDecodeError, RecursionError):
        return False
    backend = system.get("build-backend", "setuptools.build_meta") if isinstance(system, dict) else ""
    return isinstance(backend, str) and backend.startswith("setuptools.")


def _needed(project: Project, source: PurePosixPath) -> Iterator[tuple[PurePosixPath, Place]]:
    """The folders of data inside a package that its code serves or renders from, and where it says so."""
    found = [(path, one.place) for one in served(project) if one.dockerfile is None for path in one.paths if len(one.paths) == 1]
    world = project.python.world
    for module in world.modules_containing("render_template", "Flask("):
        calls = (call for call in module.calls if world.qualify(module, call.func) == "flask.Flask")
        plain = (call for call in calls if not any(word.arg == "template_folder" for word in call.keywords))
        found += [(module.path.parent / "templates", module.place(call)) for call in plain]
    for folder, place in found:
        package = folder.parent
        if folder.is_relative_to(source) and project.exists(package / "__init__.py") and _has_data(project, folder):
            yield folder, place


def _has_data(project: Project, folder: PurePosixPath) -> bool:
    return any(path.is_relative_to(folder) and path.suffix not in _CODE for path in project.listed)


def _site(
    project: Project,
    gotcha: Gotcha,
    detector: CheckDetector,
    dockerfile: Dockerfile,
    stage: Stage,
    run: Run,
    root: PurePosixPath,
    needed: tuple[PurePosixPath, Place],
) -> Site:
    folder, place = needed
    here = dockerfile.place(run.line)
    related = (Place(path=place.path, span=place.span, label=f"needs {folder}"),)
    declared = next((name for name in ("pyproject.toml", "setup.cfg", "setup.py") if _DECLARES.search(_text(project, root / name))), "")
    if declared or project.exists(root / "MANIFEST.in"):
        return Site(gotcha=gotcha.id, outcome=Outcome.PASS, message="data files are declared", place=here, related=related, scope=here.span)
    if _runs_from_source(dockerfile, stage):
        return Site(gotcha=gotcha.id, outcome=Outcome.PASS, message="the source itself may be run", place=here, related=related, scope=here.span)
    message = detector.message.replace("$FOLDER", str(folder))
    return Site(gotcha=gotcha.id, outcome=Outcome.FAIL, message=message, place=here, related=related, scope=here.span)


def _runs_from_source(dockerfile: Dockerfile, stage: Stage) -> bool:
    """Whether the image may find the package at its source: by PYTHONPATH, in the folder it starts in, or by an option of the server."""
    for one in (stage, *((dockerfile.last,) if dockerfile.last is not None else ())):
        if "PYTHONPATH" in one.variables:
            return True
        for step in one.steps:
            if isinstance(step, Start) and (PurePosixPath(step.folder).name == "src" or any("src" in word for word in step.words)):
                return True
            if isinstance(step, Copy) and "site-packages" in step.target and not step.origin:
                return True
            if isinstance(step, Run) and re.search(r"pip3?\s+install\s[^&;|\n]*(?:-e|--editable)\s|PYTHONPATH|\.pth\b", step.text):
                return True
    return False
