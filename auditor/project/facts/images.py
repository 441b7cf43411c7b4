"""The images of a project: which folder each Dockerfile is built in, and what a path in an image stands for in the project."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import yaml

from auditor.project.facts.files import yamls
from auditor.project.facts.record import Record
from auditor.project.facts.staged import Copy, Dockerfile, Stage, parse
from auditor.project.files import normal
from auditor.project.globs import Globs
from auditor.project.text import Unreadable

if TYPE_CHECKING:
    from auditor.project.project import Project

_BUILD = re.compile(r"\b(?:docker|podman|buildah|nerdctl)\s+(?:buildx\s+|image\s+)?(?:build|bud)\b(.*)")
_MANIFESTS = ("package.json", "requirements.txt", "pyproject.toml", "manage.py", "Pipfile", "go.mod", "setup.py")
_VALUED = frozenset({"-t", "--tag", "--build-arg", "--target", "--platform", "--label", "--cache-from", "--cache-to", "--secret", "--network", "-o"})


def dockerfiles(project: Project) -> tuple[Dockerfile, ...]:
    """Every Dockerfile of production. Its context is what compose files, workflows and scripts say, else its own folder or the root of the tree."""
    said: dict[PurePosixPath, set[PurePosixPath | None]] = {}
    for dockerfile, context in _said(project):
        said.setdefault(dockerfile, set()).add(context)
    found = []
    for file in project.tree_files:
        if file.language != "dockerfile" or file.role != "production" or ".devcontainer" in file.path.parts:
            continue
        record = project.facts.record(file.path)
        candidates = said.get(file.path) or {_guessed(project, file.path, record)}
        found.append(parse(file.path, record, candidates.pop() if len(candidates) == 1 else None))
    return tuple(found)


def _guessed(project: Project, path: PurePosixPath, record: Record) -> PurePosixPath | None:
    """The folder that has what is copied: the Dockerfile's own or the root; None when both or neither might be it."""
    if path.parent == PurePosixPath():
        return path.parent
    copied = [
        source.lstrip("/")
        for stage in parse(path, record, None).stages
        for step in stage.steps
        if isinstance(step, Copy) and not step.origin
        for source in step.sources
        if not re.search(r"[$*?\[]|^https?:", source) and source.rstrip("/") not in (".", "")
    ]
    own = sum(project.exists(path.parent / source) for source in copied)
    root = sum(project.exists(PurePosixPath(source)) for source in copied)
    if own == root:
        return path.parent if any(project.exists(path.parent / name) for name in _MANIFESTS) else None
    return PurePosixPath() if root > own else path.parent


def _said(project: Project) -> Iterator[tuple[PurePosixPath, PurePosixPath]]:
    """(Dockerfile, context) of everything that builds an image."""
    for file in project.tree_files:
        if file.language == "yaml":
            try:
                text = project.text(file.path)
            except Unreadable:
                continue
            if re.match(r"(?:docker-)?compose[\w.\-]*\.ya?ml$", file.path.name.lower()):
                yield from _composed(file.path.parent, yamls.root(text))
            elif "build-push-action" in text:
                yield from _pushed(yamls.root(text))
    for command in project.facts.commands:
        called = _BUILD.search(command.text)
        if called and command.folder is not None:
            yield from _called(command.folder, called.group(1))


def _composed(folder: PurePosixPath, root: yaml.Node | None) -> Iterator[tuple[PurePosixPath, PurePosixPath]]:
    """https://docs.docker.com/reference/compose-file/build/"""
    for _, service in yamls.pairs(yamls.get(root, "services")):
        build = yamls.get(service, "build")
        context = yamls.said(build) or yamls.said(yamls.get(build, "context")) or ("." if isinstance(build, yaml.MappingNode) else "")
        if not context or "$" in context or "://" in context:
            continue
        where = normal(str(folder / context))
        name = yamls.said(yamls.get(build, "dockerfile")) or "Dockerfile"
        if "$" not in name:
            yield normal(str(where / name)), where


def _pushed(root: yaml.Node | None) -> Iterator[tuple[PurePosixPath, PurePosixPath]]:
    """https://github.com/docker/build-push-action#inputs"""
    for _, job in yamls.pairs(yamls.get(root, "jobs")):
        for step in yamls.items(yamls.get(job, "steps")):
            if "build-push-action" in yamls.said(yamls.get(step, "uses")):
                context = yamls.said(yamls.get(step, "with", "context")) or "."
                file = yamls.said(yamls.get(step, "with", "file"))
                if not re.search(r"\$|://", context + file):
                    yield normal(file or f"{context}/Dockerfile"), normal(context)


def _called(folder: PurePosixPath, words: str) -> Iterator[tuple[PurePosixPath, PurePosixPath]]:
    """https://docs.docker.com/reference/cli/docker/buildx/build/"""
    file, context, skip = "", "", ""
    for word in words.split():
        if skip:
            file = word if skip in ("-f", "--file") else file
            skip = ""
        elif word.startswith("--file="):
            file = word.partition("=")[2]
        elif word in _VALUED or word in ("-f", "--file"):
            skip = word
        elif not word.startswith("-"):
            context = word
    if context and not re.search(r"[$\"'`{]|://", context + file) and not context.startswith("/"):
        yield normal(str(folder / (file or f"{context}/Dockerfile"))), normal(str(folder / context))


def in_project(project: Project, dockerfile: Dockerfile, stage: Stage, path: str, *, before: int) -> PurePosixPath | None:
    """What an absolute path of a stage stands for in the project, by the last COPY above line ``before`` that put something there."""
    if dockerfile.context is None:
        return None
    for step in reversed(stage.steps):
        if not isinstance(step, Copy) or not step.target or step.line >= before:
            continue
        target = posixpath.normpath(step.target)
        for source in step.sources:
            if "$" in source:
                continue
            if any(char in source for char in "*?["):
                found = None if step.origin else _picked(project, dockerfile.context, source, path, target)
                if found is not None:
                    return found
                continue
            here = normal(str(dockerfile.context / source.lstrip("/")))
            if not step.origin and project.exists(here) and not project.is_dir(here):
                placed = f"{target.rstrip('/')}/{here.name}" if step.into_folder else target
                if path == placed:
                    return here
            elif path == target or path.startswith(target.rstrip("/") + "/"):
                return None if step.origin else normal(str(here / path[len(target) :].lstrip("/")))
    return None


def _picked(project: Project, context: PurePosixPath, source: str, path: str, target: str) -> PurePosixPath | None:
    """The file a pattern such as `package*.json` puts at ``path``."""
    clean = PurePosixPath(source.lstrip("/").removeprefix("./"))
    here = normal(str(context / clean.parent / PurePosixPath(path).name))
    inside = posixpath.dirname(path) == target.rstrip("/") and bool(
        Globs(["/" + str(clean)]).verdict([*clean.parent.parts, here.name], is_folder=False)
    )
    return here if inside and project.exists(here) else None
