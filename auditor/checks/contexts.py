"""Build contexts of images: what `.dockerignore` keeps out against what the Dockerfile needs, and what comes in without one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from auditor.model import CheckDetector, Gotcha, Outcome, Place, Severity, Site
from auditor.project.dockerignore import DockerIgnore, Line, read
from auditor.project.facts.images import in_project
from auditor.project.facts.staged import Copy, Dockerfile, Run, Stage, Start
from auditor.project.globs import Globs
from auditor.project.project import Project
from auditor.project.text import Unreadable

_PROGRAM = re.compile(r"^[\w./-]+\.(?:[cm]?js|[cm]?ts|py|sh|json|toml|ini|conf|cfg|jar|txt)$")
_WILD = re.compile(r"[*?\[]")


def ignored_file_copied(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """The Dockerfile copies, or the image starts, what never gets into the build context."""
    del detector
    for dockerfile in project.facts.dockerfiles:
        context = dockerfile.context
        ignore = read(project, dockerfile.path, context) if context is not None else None
        if ignore is None or context is None:
            continue
        seen: set[int] = set()
        for stage in dockerfile.stages:
            for step in stage.steps:
                if step.line in seen:
                    continue
                seen.add(step.line)
                for message, line in _kept_out(project, dockerfile, stage, step, ignore, context):
                    place = dockerfile.place(step.line)
                    yield Site(gotcha=gotcha.id, outcome=Outcome.FAIL, message=message, place=place, related=(line.place,), scope=place.span)


def _kept_out(
    project: Project, dockerfile: Dockerfile, stage: Stage, step: Copy | Run | Start, ignore: DockerIgnore, context: PurePosixPath
) -> Iterator[tuple[str, Line]]:
    """What a step needs and does not get, and the line that is to blame."""
    match step:
        case Copy(origin="", sources=sources):
            for source in sources:
                line = _source_kept_out(project, source, ignore, context)
                if line is not None:
                    yield f"{source} is not sent to the build: `{line.pattern}` in {ignore.path.name} keeps it out, and COPY does not find it", line
        case Copy():
            return
        case Run(text=text, folder=folder):
            for name in re.findall(r"\bpip3?\s+install\b[^&;|\n]*?\s(?:-r\s*|--requirement[ =])([\w./-]+)", text):
                yield from _program(project, dockerfile, stage, step, f"{folder.rstrip('/')}/{name}", ignore, context)
        case Start(words=words, folder=folder):
            for word in words:
                if _PROGRAM.match(word):
                    path = word if word.startswith("/") else f"{folder.rstrip('/')}/{word.removeprefix('./')}"
                    yield from _program(project, dockerfile, stage, step, path, ignore, context)


def _source_kept_out(project: Project, source: str, ignore: DockerIgnore, context: PurePosixPath) -> Line | None:
    if "$" in source or "://" in source or source.startswith(("git@", "<<")):
        return None
    clean = source.lstrip("/").removeprefix("./").rstrip("/")
    if clean in ("", "."):
        return None
    if _WILD.search(clean):
        globs = Globs(["/" + clean])
        files = [str(path.relative_to(context)) for path in project.listed if path.is_relative_to(context)]
        copied = [path for path in files if globs.match_file(path)]
        lines = [ignore.by(path) for path in copied]
        return lines[0] if copied and all(lines) else None
    line = ignore.by(clean)
    return line if line is not None and not ignore.brings_back_below(clean) else None


def _program(
    project: Project, dockerfile: Dockerfile, stage: Stage, step: Run | Start, path: str, ignore: DockerIgnore, context: PurePosixPath
) -> Iterator[tuple[str, Line]]:
    """A file of the project that a step runs, and that only a COPY of the folder around it could bring."""
    here = in_project(project, dockerfile, stage, path, before=step.line)
    if here is None or here not in project.listed or not here.is_relative_to(context):
        return
    line = ignore.by(str(here.relative_to(context)))
    made = any(isinstance(other, Run) and here.name in other.text and other.line < step.line for other in stage.steps)
    if line is not None and not made:
        yield f"{here} is not in the image: `{line.pattern}` in {ignore.path.name} keeps it out of the build", line


_INSTALL = re.compile(r"\b(?:npm\s+(?:ci|i|install|clean-install)|yarn(?:\s+install)?(?=\s|$)|pnpm\s+(?:i|install)|bun\s+install)\b")


def dockerignore_missing(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """The whole context is copied over installed packages, and no ignore file keeps the packages of the host out of it."""
    for dockerfile in project.facts.dockerfiles:
        if dockerfile.context is None:
            continue
        ignore = read(project, dockerfile.path, dockerfile.context)
        seen: set[int] = set()
        for stage in dockerfile.stages:
            for installed, copied in _copied_over(stage):
                if copied.line in seen:
                    continue
                seen.add(copied.line)
                yield _host_packages(project, gotcha, detector, dockerfile, installed, copied, ignore)


def _copied_over(stage: Stage) -> Iterator[tuple[Run, Copy]]:
    """Every install and the COPY of a folder over where it was made."""
    installs: list[Run] = []
    for step in stage.steps:
        if isinstance(step, Run) and _INSTALL.search(step.text) and not re.search(r"\s(?:-g|--global|--prefix)\b|\bcd\s", step.text):
            installs.append(step)
        elif isinstance(step, Copy) and not step.origin:
            for run in installs:
                if len(step.sources) == 1 and step.target.rstrip("/") == run.folder.rstrip("/"):
                    yield run, step


def _host_packages(
    project: Project, gotcha: Gotcha, detector: CheckDetector, dockerfile: Dockerfile, installed: Run, copied: Copy, ignore: DockerIgnore | None
) -> Site:
    place = dockerfile.place(copied.line)
    related: tuple[Place, ...] = (dockerfile.place(installed.line, "the packages are installed here"),)
    top = ignore.by("node_modules") if ignore is not None else None
    if top is not None:
        related = (*related, Place(path=top.place.path, span=top.place.span, label="keeps out the folder at the top alone"))
    folder = copied.sources[0].lstrip("/").removeprefix("./").rstrip("/")
    packages = f"{folder}/node_modules" if folder not in ("", ".") else "node_modules"
    line = ignore.by(packages) if ignore is not None else None
    if line is not None:
        return Site(gotcha=gotcha.id, outcome=Outcome.PASS, message="is kept out", place=place, related=(line.place,), scope=place.span)
    source = dockerfile.context / folder if dockerfile.context is not None else PurePosixPath(folder)
    if "$" in folder or _WILD.search(folder) or not project.exists(source / "package.json"):
        message = "what is copied over the installed packages cannot be told"
        return Site(gotcha=gotcha.id, outcome=Outcome.REVIEW, message=message, place=place, related=related, severity=Severity.NOTE, scope=place.span)
    message = detector.message.replace("$FOLDER", packages)
    beside = dockerfile.path.with_name(".dockerignore")
    if dockerfile.context != dockerfile.path.parent and project.exists(beside):
        message = f"{message}; {beside} is not read, the context is another folder"
    checkout = built_from_checkout(project)
    if checkout is not None:
        message = f"{message}; here a fresh checkout is built, which has none"
        return Site(
            gotcha=gotcha.id,
            outcome=Outcome.REVIEW,
            message=message,
            place=place,
            related=(*related, checkout),
            severity=Severity.NOTE,
            scope=place.span,
        )
    return Site(gotcha=gotcha.id, outcome=Outcome.FAIL, message=message, place=place, related=related, scope=place.span)


def built_from_checkout(project: Project) -> Place | None:
    """The workflow or platform that builds the image where nothing has been installed before."""
    for file in project.tree_files:
        name = file.path.name.lower()
        if name in ("render.yaml", "railway.json", "railway.toml", "cloudbuild.yaml", "heroku.yml"):
            return Place(path=file.path, label="builds from a checkout")
        if ".github" in file.path.parts and file.language == "yaml":
            try:
                text = project.text(file.path)
            except Unreadable:
                continue
            if re.search(r"build-push-action|\bdocker\s+(?:buildx\s+)?build\b|compose\s+(?:-\S+\s+\S+\s+)*(?:build|up)\b", text):
                return Place(path=file.path, label="builds from a checkout")
    return None
