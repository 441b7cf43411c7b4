"""Build steps of images against what the install before them left out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from auditor.checks.lockfiles import is_berry
from auditor.model import CheckDetector, Gotcha, Outcome, Place, Site
from auditor.project.facts.images import in_project
from auditor.project.facts.staged import Copy, Dockerfile, Run, Stage
from auditor.project.facts.steps import simple
from auditor.project.manifests import PackageJson
from auditor.project.project import Project
from auditor.project.text import Unreadable

_TOOLS = {
    "astro": "astro", "babel": "@babel/cli", "craco": "@craco/craco", "cross-env": "cross-env", "esbuild": "esbuild", "gatsby": "gatsby",
    "gulp": "gulp", "nest": "@nestjs/cli", "next": "next", "ng": "@angular/cli", "nuxi": "nuxi", "nuxt": "nuxt", "parcel": "parcel",
    "postcss": "postcss-cli", "react-scripts": "react-scripts", "rimraf": "rimraf", "rollup": "rollup", "swc": "@swc/cli",
    "tailwindcss": "tailwindcss", "tsc": "typescript", "tsc-alias": "tsc-alias", "tsup": "tsup", "vite": "vite",
    "vue-cli-service": "@vue/cli-service", "vue-tsc": "vue-tsc", "webpack": "webpack",
}  # fmt: skip
"""Program -> the package that brings it."""
_INSTALLS = re.compile(
    r"^(?:\w+=\S*\s+)*(?:(npm|pnpm)\s+(?:ci|i|install|clean-install|install-clean)(?=\s|$)|(yarn)(?:\s+install)?(?=\s*$|\s+-(?!-?v)))"
)
_OMITS = re.compile(r"--omit[= ]dev\b|--production(?!=false)\b|--only[= ]prod(?:uction)?\b|(?<=\s)(?:--prod|-P)(?=\s|$)")
_KEEPS = re.compile(r"--include[= ]dev\b|--production=false|--prod=false|--dev\b|--only=dev|--also=dev")
_RUNS = re.compile(r"^(?:\w+=\S*\s+)*(?:npm|pnpm|yarn)\s+(?:run(?:-script)?\s+)?([\w:.-]+)")
_OF_THE_MANAGER = frozenset({"ci", "i", "install", "add", "exec", "dlx", "cache", "config", "audit", "prune", "set", "global", "link", "rebuild"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Install:
    """An install in an image, and why it leaves out the dependencies for development: "" when it does not, "$" when a build argument decides."""

    line: int
    manager: str
    why: str


def build_tool_omitted(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """A build step needs a program that the install before it left out."""
    for dockerfile in project.facts.dockerfiles:
        seen: set[int] = set()
        for stage in dockerfile.stages:
            installs: dict[str, Install] = {}
            for run in (step for step in stage.steps if isinstance(step, Run)):
                for _, command, folder in simple(run.text, run.folder):
                    install = _install(command, run)
                    if install is not None:
                        installs[folder] = install
                    elif folder in installs and run.line not in seen:
                        site = _built(project, gotcha, detector, dockerfile, stage, run, command, folder, installs[folder])
                        if site is not None:
                            seen.add(run.line)
                            yield site


def _install(command: str, run: Run) -> Install | None:
    found = _INSTALLS.match(command)
    if found is None or re.search(r"\s(?:-g|--global)\b", command):
        return None
    manager = found.group(1) or found.group(2)
    why = ""
    if not _KEEPS.search(command):
        omitted = _OMITS.search(command)
        inline = re.match(r"(?:\w+=\S*\s+)*NODE_ENV=[\"']?(\w+)", command)
        mode = inline.group(1) if inline else run.variables.get("NODE_ENV", "").strip("\"'")
        config = any(
            run.variables.get(name, "").lower() in ("true", "dev") for name in ("NPM_CONFIG_PRODUCTION", "NPM_CONFIG_OMIT", "npm_config_production")
        )
        if omitted:
            why = omitted.group(0).strip()
        elif "$" in mode:
            why = "$"
        elif manager != "pnpm" and (mode == "production" or config):  # pnpm 10 looks at its own options alone
            why = "NODE_ENV=production" if mode == "production" else "NPM_CONFIG_PRODUCTION"
        if why and len(re.sub(r"--?\S+(?:[= ]\S+)?", "", command[found.end() :]).strip()) > 0 and manager == "npm":
            return None  # single packages are installed by name
    return Install(line=run.line, manager=manager, why=why)


def _built(
    project: Project,
    gotcha: Gotcha,
    detector: CheckDetector,
    dockerfile: Dockerfile,
    stage: Stage,
    run: Run,
    command: str,
    folder: str,
    install: Install,
) -> Site | None:
    """The site of a script that an image runs; None when it is no script, or runs nothing that is known."""
    called = _RUNS.match(command)
    package = in_project(project, dockerfile, stage, f"{folder.rstrip('/')}/package.json", before=run.line)
    manifest = project.manifest(package.parent) if package is not None else None
    if (
        called is None
        or manifest is None
        or package is None
        or PurePosixPath(str(manifest.dir)) != package.parent
        or called.group(1) in _OF_THE_MANAGER
    ):
        return None
    tool = next(_missing_tools(project, manifest, called.group(1)), None)
    place = dockerfile.place(run.line)
    related: tuple[Place, ...] = (dockerfile.place(install.line, "installed here"),)
    if not install.why:
        known = any(word in _TOOLS for word in manifest.scripts.get(called.group(1), "").split())
        message = "the install brings everything"
        return Site(gotcha=gotcha.id, outcome=Outcome.PASS, message=message, place=place, related=related, scope=place.span) if known else None
    if tool is None or install.why == "$" or _is_configured(project, package.parent) or _brought_otherwise(stage, folder, run):
        return None
    if install.manager == "yarn" and "NODE_ENV" in install.why and is_berry(project, package.parent, manifest):
        return None  # Yarn 2 and later do not look at it
    related = (dockerfile.place(install.line, f"{install.why} leaves out what is for development"), Place(path=package, label=f"{tool} is there"))
    message = detector.message.replace("$TOOL", tool).replace("$WHY", install.why).replace("$SCRIPT", called.group(1))
    return Site(gotcha=gotcha.id, outcome=Outcome.FAIL, message=message, place=place, related=related, scope=place.span)


def _missing_tools(project: Project, manifest: PackageJson, script: str) -> Iterator[str]:
    """The packages for development that a script calls by the name of a program, scripts that it runs followed once."""
    text = manifest.scripts.get(script, "")
    parts = [command for _, command, _ in simple(text, "/")]
    for part in list(parts):
        called = _RUNS.match(part)
        if called is not None and called.group(1) in manifest.scripts:
            parts += [command for _, command, _ in simple(manifest.scripts[called.group(1)], "/")]
    for part in parts:
        words = [word for word in part.split() if not re.match(r"\w+=", word)]
        package = _TOOLS.get(words[0], "") if words else ""
        if (
            package
            and package in manifest.dev_dependencies
            and package not in manifest.dependencies
            and not _is_for_production(project, manifest, package)
        ):
            yield package


def _is_for_production(project: Project, manifest: PackageJson, package: str) -> bool:
    """Whether something production needs brings the package along, as the lock file tells; without one, whether it may."""
    for field in ("optionalDependencies", "peerDependencies"):
        listed = manifest.data.get(field)
        if isinstance(listed, dict) and package in listed:
            return True
    try:
        lock = json.loads(project.text(manifest.dir / "package-lock.json"))
        entry = lock["packages"][f"node_modules/{package}"]
        return not (isinstance(entry, dict) and entry.get("dev") is True)
    except (Unreadable, ValueError, KeyError, TypeError, RecursionError):
        stem = package.rsplit("/", 1)[-1].split("-", maxsplit=1)[0]
        return any(stem in name for name in manifest.dependencies)


def _is_configured(project: Project, folder: PurePosixPath) -> bool:
    """Whether an `.npmrc` says which dependencies are installed (https://docs.npmjs.com/cli/v11/using-npm/config#include)."""
    try:
        text = project.text(folder / ".npmrc") if project.exists(folder / ".npmrc") else ""
    except Unreadable:
        return True
    return re.search(r"^\s*(?:include|omit|production|only|also|dev)\s*=", text, re.MULTILINE) is not None


def _brought_otherwise(stage: Stage, folder: str, run: Run) -> bool:
    """Whether packages come from another stage, or single ones were installed by name."""
    for step in stage.steps:
        if isinstance(step, Copy) and step.origin and step.line < run.line and (step.target.rstrip("/") + "/").startswith(folder.rstrip("/") + "/"):
            return True
        if (
            isinstance(step, Run)
            and step.line <= run.line
            and re.search(r"\b(?:npm\s+(?:i|install)|yarn(?:\s+global)?\s+add|pnpm\s+add)\s+(?:-\S+\s+)*[@a-z]", step.text)
        ):
            return True
    return False
