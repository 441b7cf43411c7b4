"""Strict installs of Node packages against the lock files they need."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from auditor.model import CheckDetector, Gotcha, Outcome, Place, Site
from auditor.project.dockerignore import read
from auditor.project.facts.images import in_project
from auditor.project.facts.staged import Copy, Dockerfile, Run, Stage
from auditor.project.facts.steps import Command, simple
from auditor.project.files import normal
from auditor.project.ignored import Ignored
from auditor.project.manifests import PackageJson
from auditor.project.project import Project

_LOCKS = {
    "npm": ("package-lock.json", "npm-shrinkwrap.json"),
    "pnpm": ("pnpm-lock.yaml",),
    "yarn": ("yarn.lock",),
}
_NPM_CI = re.compile(r"^(?:\w+=\S*\s+)*npm\s+(?:--prefix\s+\S+\s+|-(?!-prefix\s)\S+\s+)*(?:ci|clean-install|install-clean)(?=\s|$)")
_FROZEN = re.compile(r"^(?:\w+=\S*\s+)*(pnpm|yarn)\s+(?:i\b|install\b)?.*--(?:frozen-lockfile|immutable)(?!=false)(?=\s|$|=)")
_PREFIX = re.compile(r"(?:--prefix|-C|--cwd|--dir)[= ](\S+)")
_MAKES_LOCK = re.compile(r"package-lock|npm-shrinkwrap|pnpm-lock|yarn\.lock|\bnpm\s+(?:i|install)(?!\s+(?:-g|--global))(?=\s|$)|\bpnpm\s+import\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """A strict install: the package manager, and the folder it runs in as written relative to where the command starts."""

    manager: str
    below: str


def _frozen(command: str) -> Frozen | None:
    """The strict install a simple command is, if it is one."""
    manager = "npm" if _NPM_CI.match(command) else ""
    if not manager and (found := _FROZEN.match(command)) is not None:
        manager = found.group(1)
    if not manager:
        return None
    prefix = _PREFIX.search(command)
    return Frozen(manager=manager, below=prefix.group(1).strip("\"'") if prefix else ".")


def lockfile_missing(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """A strict install runs where there is no lock file for it.

    npm 11 `ci`, pnpm 10 `--frozen-lockfile` and Yarn 4 stop; Yarn 1 installs all the same and is left alone.
    """
    for dockerfile in project.facts.dockerfiles:
        seen: set[int] = set()
        for stage in dockerfile.stages:
            for step in stage.steps:
                if isinstance(step, Run) and step.line not in seen:
                    seen.add(step.line)
                    yield from _in_image(project, gotcha, detector, dockerfile, stage, step)
    for command in project.facts.commands:
        frozen = _frozen(command.text)
        if frozen is None or command.folder is None or command.kind not in ("workflow", "make", "platform") or "$" in frozen.below:
            continue
        folder = normal(str(command.folder / frozen.below))
        if folder / "package.json" in project.listed and not _falls_back(project, command):
            yield _locked(project, gotcha, detector, frozen, folder, command.place)


def _falls_back(project: Project, command: Command) -> bool:
    """Whether another command of the same job or file makes the lock file, asks for it or installs without it."""
    near = (other for other in project.facts.commands if other.place.path == command.place.path and other.block == command.block)
    return any(_MAKES_LOCK.search(other.text) for other in near)


def _locked(project: Project, gotcha: Gotcha, detector: CheckDetector, frozen: Frozen, folder: PurePosixPath, place: Place) -> Site:
    """The verdict for a strict install that runs in a folder of the repository."""
    names = _LOCKS[frozen.manager]
    manifest = project.manifest(folder)
    here = Place(path=folder / "package.json", label="what is installed")
    if any(folder / name in project.listed for name in names):
        return Site(gotcha=gotcha.id, outcome=Outcome.PASS, message="the lock file is there", place=place, scope=place.span)
    if _in_workspace(project, folder, names) or manifest is None or (frozen.manager == "yarn" and not is_berry(project, folder, manifest)):
        message = "the lock file of a workspace or an older Yarn decides"
        return Site(gotcha=gotcha.id, outcome=Outcome.PASS, message=message, place=place, scope=place.span)
    line = Ignored(project).by(folder / names[0])
    message = detector.message.replace("$LOCK", str(folder / names[0])).replace("$MANAGER", frozen.manager)
    message = message.replace("$STATE", "is kept out of the repository by .gitignore" if line is not None else "is not in the repository")
    related = (here, line.place) if line is not None else (here,)
    return Site(gotcha=gotcha.id, outcome=Outcome.FAIL, message=message, place=place, related=related, scope=place.span)


def _in_workspace(project: Project, folder: PurePosixPath, names: tuple[str, ...]) -> bool:
    """Whether a lock file above may be the one: npm, pnpm and Yarn keep one for all packages of a workspace."""
    return any(parent / name in project.listed for parent in folder.parents for name in (*names, "pnpm-workspace.yaml", "lerna.json"))


def is_berry(project: Project, folder: PurePosixPath, manifest: PackageJson) -> bool:
    """Whether a package is installed by Yarn 2 or later."""
    named = str(manifest.data.get("packageManager", ""))
    return bool(re.match(r"yarn@[2-9]", named)) or project.exists(folder / ".yarnrc.yml")


def _in_image(project: Project, gotcha: Gotcha, detector: CheckDetector, dockerfile: Dockerfile, stage: Stage, run: Run) -> Iterator[Site]:
    if run.binds or "||" in run.text or _MAKES_LOCK.search(run.text):
        return
    for _, command, start in simple(run.text, run.folder):
        frozen = _frozen(command)
        if frozen is None or not start or "$" in frozen.below:
            continue
        folder = str(PurePosixPath(start) / frozen.below).rstrip("/")
        package = in_project(project, dockerfile, stage, f"{folder}/package.json", before=run.line)
        if package is None or package not in project.listed or _comes_from_elsewhere(stage, folder, run):
            continue
        place = dockerfile.place(run.line)
        site = _locked(project, gotcha, detector, frozen, package.parent, place)
        if site.outcome is Outcome.PASS and not site.message.startswith("the lock file of"):
            site = _copied(project, dockerfile, stage, run, folder, package.parent, frozen, site, detector)
        yield site


def _comes_from_elsewhere(stage: Stage, folder: str, run: Run) -> bool:
    """Whether another stage, a variable or an earlier command may have brought a lock file."""
    for step in stage.steps:
        if step.line >= run.line:
            break
        if isinstance(step, Copy) and (not step.target or (step.origin and (folder + "/").startswith(step.target.rstrip("/") + "/"))):
            return True
        if isinstance(step, Copy) and any("$" in source for source in step.sources):
            return True
        if isinstance(step, Run) and (step.binds or _MAKES_LOCK.search(step.text)):
            return True
    return False


def _copied(
    project: Project,
    dockerfile: Dockerfile,
    stage: Stage,
    run: Run,
    folder: str,
    source: PurePosixPath,
    frozen: Frozen,
    site: Site,
    detector: CheckDetector,
) -> Site:
    """The verdict when the repository has the lock file: does it get into the image before the install?"""
    ignore = read(project, dockerfile.path, dockerfile.context) if dockerfile.context is not None else None
    state, related = "is not copied before this line", site.related
    for name in _LOCKS[frozen.manager]:
        lock = in_project(project, dockerfile, stage, f"{folder}/{name}", before=run.line)
        if lock is None or lock not in project.listed or dockerfile.context is None:
            continue
        line = ignore.by(str(lock.relative_to(dockerfile.context))) if ignore is not None and lock.is_relative_to(dockerfile.context) else None
        if line is None:
            return site
        state, related = f"is kept out of the build by {line.place.path}", (line.place,)
    lock = next(source / name for name in _LOCKS[frozen.manager] if source / name in project.listed)
    message = detector.message.replace("$LOCK", str(lock)).replace("$MANAGER", frozen.manager).replace("$STATE", state)
    return Site(gotcha=site.gotcha, outcome=Outcome.FAIL, message=message, place=site.place, related=related, scope=site.scope)
