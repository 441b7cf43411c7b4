"""What front ends are built to against what is served and copied."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from auditor.checks.contexts import built_from_checkout
from auditor.checks.serving import Served, served
from auditor.model import CheckDetector, Gotcha, Outcome, Place, Severity, Site
from auditor.project.facts.builds import BUILT, DEFAULTS, Build
from auditor.project.facts.staged import Copy, Run
from auditor.project.ignored import Ignored
from auditor.project.project import Project
from auditor.project.text import Unreadable

_MAKES = re.compile(
    r"\b(?:mv|cp|rsync|ln|copy|xcopy|robocopy|ncp|cpx|cpy|copyfiles|move|mkdir|unzip|tar|rename|outDir|out-dir|dist-dir|dest|output)\b|BUILD_PATH|-o\s|-d\s"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """A front end with everything it builds to, and the folder of it that is asked for."""

    root: PurePosixPath
    builds: tuple[Build, ...]
    asked: PurePosixPath

    @property
    def is_sure(self) -> bool:
        """Whether all of its builds are known."""
        return all(build.is_sure for build in self.builds)

    @property
    def written(self) -> bool:
        """Whether a build writes the folder, something above it or something in it."""
        return any(_related(build.output, self.asked) for build in self.builds if build.output is not None)

    @property
    def exact(self) -> Build | None:
        """The build that surely writes the folder or one above it."""
        return next((build for build in self.builds if build.is_sure and build.output is not None and self.asked.is_relative_to(build.output)), None)


def _related(output: PurePosixPath, asked: PurePosixPath) -> bool:
    return asked.is_relative_to(output) or output.is_relative_to(asked)


def _fronts(project: Project, paths: Iterable[PurePosixPath]) -> Iterator[Front]:
    """The front ends that one of the paths is a build folder of, by its name or by what they build to."""
    by_root: dict[PurePosixPath, list[Build]] = {}
    for build in project.facts.builds:
        by_root.setdefault(build.root, []).append(build)
    for path in paths:
        for root, builds in by_root.items():
            inside = path.is_relative_to(root) and path != root and path.relative_to(root).parts[0] in BUILT
            if inside or any(build.output is not None and path.is_relative_to(build.output) for build in builds):
                yield Front(root=root, builds=tuple(builds), asked=path)


def build_output_mismatch(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """A build folder of a front end is served or copied, and the front end builds to another one."""
    del detector
    for one in served(project):
        fronts = list(_fronts(project, one.paths))
        if not fronts:
            continue
        if not any(build.tool in DEFAULTS for front in fronts for build in front.builds):
            continue  # a task runner alone says nothing of folders
        written = next((front for front in fronts if front.written), None)
        front = written or fronts[0]
        if written is not None:
            outcome, message = Outcome.PASS, f"the build of {_show(front.root)} writes it"
        elif not front.is_sure or len(fronts) > 1 or one.is_compiled:
            outcome, message = Outcome.REVIEW, f"whether the build of {_show(front.root)} writes {front.asked} cannot be told"
        elif any(path in project.folders for path in one.paths):
            outcome, message = Outcome.PASS, "is in the repository"
        elif (made := _made(project, one, front.asked)) is not None:
            outcome, message = Outcome.PASS, f"{front.asked} is made by another step"
            yield _site(gotcha, one, outcome, message, made, severity=Severity.NOTE)
            continue
        else:
            output = front.builds[0].output
            outcome = Outcome.FAIL
            effect = "the image cannot be built" if one.how == "COPY" else "nothing is there"
            message = f"{one.how} takes {front.asked}, and the build of {_show(front.root)} writes to {output}: {effect}"
        severity = Severity.NOTE if outcome is Outcome.REVIEW else None
        yield _site(gotcha, one, outcome, message, *(build.place for build in front.builds), severity=severity)


def _site(gotcha: Gotcha, one: Served, outcome: Outcome, message: str, *related: Place, severity: Severity | None = None) -> Site:
    unique = tuple(dict.fromkeys(related))[:4]
    return Site(gotcha=gotcha.id, outcome=outcome, message=message, place=one.place, related=unique, severity=severity, scope=one.place.span)


def _show(folder: PurePosixPath) -> str:
    return "the front end" if folder == PurePosixPath() else str(folder)


def _made(project: Project, one: Served, asked: PurePosixPath) -> Place | None:
    """A step that makes the folder by other means: a copy, a move, an option of the build."""
    name = next((part for part in reversed(asked.parts) if part in BUILT), asked.name)
    word = re.compile(rf"(?<![\w.-]){re.escape(name)}(?![\w-])")
    for text, place in _texts(project):
        for command in re.split(r"&&|\|\||;|\n", text):
            found = _MAKES.search(command)
            if found and "gh-pages" not in command and word.search(command, found.start()):
                return place
    for dockerfile in project.facts.dockerfiles:
        for stage in dockerfile.stages:
            for step in stage.steps:
                if isinstance(step, Copy) and step.line != one.line and word.search(step.target):
                    return dockerfile.place(step.line)
                if isinstance(step, Run) and any(word.search(value) for value in step.variables.values()):
                    return dockerfile.place(step.line)
    return None


def _texts(project: Project) -> Iterator[tuple[str, Place]]:
    """Every command of the project."""
    for file in project.tree_files:
        manifest = project.manifest(file.path.parent) if file.path.name == "package.json" else None
        for script in manifest.scripts.values() if manifest is not None else ():
            yield script, Place(path=file.path)
    for command in project.facts.commands:
        yield command.text, command.place
    for dockerfile in project.facts.dockerfiles:
        for stage in dockerfile.stages:
            for step in stage.steps:
                if isinstance(step, Run):
                    yield step.text, dockerfile.place(step.line)


_AUTOMATIC = (
    "postinstall",
    "install",
    "prepare",
    "preinstall",
    "heroku-postbuild",
    "heroku-prebuild",
    "gcp-build",
    "prestart",
    "start",
    "vercel-build",
)
_BUILDING = re.compile(
    r"\b(?:npm|yarn|pnpm|bun)\s+(?:(?:--(?:prefix|cwd|dir|workspace|filter)|-[CwF])(?:=|\s+)\S+\s+|-(?!-(?:prefix|cwd|dir|workspace|filter)\b|[CwF]\s)[\w-]+(?:=\S*)?\s+)*(?:run\s+)?(?:[\w:-]*build[\w:-]*|export|generate|compile|bundle)\b|"
    r"\b(?:vite|react-scripts|craco|ng|next|vue-cli-service|parcel|astro|gatsby|nuxt\w*|webpack)\s+(?:build|generate)\b|\bwebpack\b|\bmake\b[^\n]*\b(?:build|frontend|client|ui|web|assets|static)\b"
)


def build_output_missing(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """The output of a build is served, git keeps none of it, and no step on the way to production builds it."""
    ignored = Ignored(project)
    procfile = next((file.path for file in project.tree_files if file.language == "procfile" and file.role == "production"), None)
    for one in served(project):
        front = next((front for front in _fronts(project, one.paths) if front.exact is not None), None)
        if front is None or front.exact is None or front.exact.output is None or one.stage is not None or one.is_published:
            continue
        output = front.exact.output
        if output in project.folders:
            yield _site(gotcha, one, Outcome.PASS, "the output is in the repository")
            continue
        built = _built(project, front)
        if built is not None:
            yield _site(gotcha, one, Outcome.PASS, "a step builds it", built)
            continue
        line = ignored.by(output, is_folder=True)
        related = [front.exact.place, *((line.place,) if line is not None else ())]
        message = detector.message.replace("$FOLDER", str(output))
        if line is not None and procfile is not None and procfile.parent in (PurePosixPath(), *output.parents) and one.how != "COPY":
            yield _site(gotcha, one, Outcome.FAIL, message, Place(path=procfile, label="deployed by git"), *related)
        elif line is not None and one.how == "COPY" and (pushed := built_from_checkout(project)) is not None:
            yield _site(gotcha, one, Outcome.FAIL, message, pushed, *related)
        elif procfile is not None or project.facts.dockerfiles or project.facts.commands:
            text = f"{output} is built by no step that the project names"
            yield _site(gotcha, one, Outcome.REVIEW, text, *related, severity=Severity.NOTE)


def _built(project: Project, front: Front) -> Place | None:
    """The step that builds the front end on the way to production: any that builds at all counts."""
    for command in project.facts.commands:
        if _BUILDING.search(command.text):
            return command.place
    for dockerfile in project.facts.dockerfiles:
        for stage in dockerfile.stages:
            for step in stage.steps:
                if isinstance(step, Run) and _BUILDING.search(step.text):
                    return dockerfile.place(step.line)
    for folder in (PurePosixPath(), front.root):
        manifest = project.manifest(folder)
        if manifest is None or PurePosixPath(str(manifest.dir)) != folder:
            continue
        # Heroku and its like run `build` of the root by themselves: https://devcenter.heroku.com/articles/nodejs-support
        names = (*_AUTOMATIC, "build") if folder == PurePosixPath() else _AUTOMATIC
        for name in names:
            text = manifest.scripts.get(name, "")
            if _BUILDING.search(text) or (text and name in ("build", "heroku-postbuild")):
                return Place(path=folder / "package.json", label=f"{name} builds it")
    for file in project.tree_files:
        if ".github" in file.path.parts and file.language == "yaml" and "download-artifact" in _text(project, file.path):
            return Place(path=file.path, label="brings what another job has built")
    for name in ("vercel.json", "netlify.toml", "app.json", "heroku.yml", "captain-definition", "project.toml"):
        if project.exists(PurePosixPath(name)):
            return Place(path=PurePosixPath(name), label="the platform may build it")
    return None


def _text(project: Project, path: PurePosixPath) -> str:
    try:
        return project.text(path)
    except Unreadable:
        return ""
