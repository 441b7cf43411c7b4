"""Signs by which a deployment file says that it is for developers, though its name does not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from auditor.checks.starts import text_of
from auditor.project.facts.launch import Launch
from auditor.project.facts.unit import Unit, Variable
from auditor.project.files import normal
from auditor.project.project import Project
from auditor.project.roles import role_of

_MODES = re.compile(r"^(?:\w+_)?(?:ENV|ENVIRONMENT|MODE|STAGE)$")
_DEVELOPMENT = re.compile(r"^(?:dev|devel|development|local|debug|test)$", re.IGNORECASE)
_POLLING = frozenset({"CHOKIDAR_USEPOLLING", "WATCHPACK_POLLING", "WATCHFILES_FORCE_POLLING"})
_SETTINGS = re.compile(r"settings[=.\w]*[._=](?:dev|development|local)\b")
_STAGE = re.compile(r"(?:^|[-_])(?:dev|devel|development|local|debug|test)(?:$|[-_])", re.IGNORECASE)
_COMMENT = re.compile(r"^#.*\b(?:dev|development|developers?)\b", re.IGNORECASE)
_CODE = frozenset({"javascript", "typescript", "tsx", "vue", "svelte", "python"})


def development_sign(project: Project, launch: Launch) -> str:
    """What says that a start is for developers: a mode, settings, a bind mount of the source, a build for development; "" when nothing does."""
    words = next((word for word in launch.words if _SETTINGS.search(word)), "") or _mode_option(launch.words)
    found = _mode(launch.variables) or words or next(_signs(project, launch), "")
    path = launch.place.path
    if found or path is None or project.language(path) != "dockerfile":
        return found
    return _of_dockerfile(project, path)


def _mode_option(words: tuple[str, ...]) -> str:
    found = re.search(r"--mode[ =]dev\w*", " ".join(words))
    return found.group() if found is not None else ""


def _mode(variables: Iterable[Variable]) -> str:
    """The first variable that sets a mode for development or turns debugging on, or that only a watcher of files reads."""
    for variable in variables:
        value = variable.value or ""
        is_mode = _MODES.match(variable.name) and _DEVELOPMENT.match(value)
        is_debug = re.search(r"(?:^|_)DEBUG$", variable.name) and value.lower() in ("1", "true", "on", "yes")
        if variable.name in _POLLING or is_mode or is_debug:
            return f"{variable.name}={value}"
    return ""


def _signs(project: Project, launch: Launch) -> Iterator[str]:
    """What the compose files say of the services that a launch is of, or whose image it belongs to."""
    for file in project.tree_files:
        if file.language != "yaml" or "compose" not in file.path.name.lower():
            continue
        units = [unit for unit in project.facts.record(file.path).units if unit.kind == "compose"]
        mine = [
            unit for unit in units if (unit.name == launch.name if launch.kind == "compose" else _dockerfile(file.path, unit) == launch.place.path)
        ]
        for unit in mine:
            mounted = next((mount.source for mount in unit.mounts if _is_source(project, file.path, mount.source)), "")
            if mounted and _starts_otherwise(project, launch):
                yield f"{file.path} mounts {mounted} into the container"
            if re.search(r":(?:dev|development|local)\b", unit.image):
                yield f"the image {unit.image} in {file.path}"
            if mode := _mode(unit.variables):
                yield f"{mode} in {file.path}"
        building = next((unit.build.dockerfile for unit in units if unit.build is not None and _is_development(file.path, unit)), "")
        if mine and building:
            yield f"{file.path} builds {building}"


def _starts_otherwise(project: Project, launch: Launch) -> bool:
    """Whether another file starts the same application in another way: else this one is what there is, and production uses it too."""
    scopes = project.facts.scopes
    own = scopes.holds(launch.bases[0])
    return any(
        other.place.path != launch.place.path and other.words != launch.words and scopes.related(scopes.holds(other.bases[0]), own)
        for other in project.facts.launches
        if not {"migrate", "upgrade", "install", "build"} & set(other.words)
    )


def _dockerfile(compose: PurePosixPath, unit: Unit) -> PurePosixPath | None:
    return normal(f"{compose.parent / unit.build.context}/{unit.build.dockerfile}") if unit.build is not None else None


def _is_source(project: Project, compose: PurePosixPath, source: str) -> bool:
    """Whether a bind mount is of a folder of code."""
    if not source.startswith("."):
        return False
    folder = normal(str(compose.parent / source))
    return project.is_dir(folder) and any(file.language in _CODE and folder in file.path.parents for file in project.tree_files)


def _is_development(compose: PurePosixPath, unit: Unit) -> bool:
    if unit.build is None:
        return False
    return role_of(normal(str(compose.parent / unit.build.context / unit.build.dockerfile))) == "development" or bool(
        _STAGE.search(unit.build.target)
    )


def _of_dockerfile(project: Project, path: PurePosixPath) -> str:
    """Its last stage is called so, or a comment at its top."""
    stages = project.facts.record(path).stages
    if stages and _STAGE.search(stages[-1].name):
        return f"its last stage is called {stages[-1].name}"
    comment = next((line for line in text_of(project, path).split("\n")[:3] if _COMMENT.match(line)), "")
    return f"the comment {comment[:60]!r}" if comment else ""
