"""What is looked at before the start: ``build``, ``dependencies`` and ``environment``."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from itertools import islice
from pathlib import Path, PurePosixPath

from packaging.markers import UndefinedEnvironmentName
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from auditor.model import Evidence, Place, span_of
from auditor.project.manifests import python_groups
from auditor.project.text import Unreadable
from auditor.runtime.scene import Before
from auditor.runtime.seen import Seen, Sign, broken, failed, passed, skipped
from auditor.runtime.target import Build

_FRESH = 2.0
"""Seconds within which all files of a fresh checkout are written; their order says nothing then."""
_MOST_FILES = 50_000
_MOST_NAMED = 20
_SKIPPED = frozenset({"node_modules", ".git", ".venv", "venv", "__pycache__", ".next", ".cache"})
_RUNS_NODE = re.compile(r"(?:^|[\s/])(?:node|npm|npx|yarn|pnpm|next|nuxt|serve|pm2|tsx|vite|nodemon)(?:\s|$)")


# -- build -----------------------------------------------------------------------------------------------------------------------------


def build(before: Before) -> Iterable[Seen]:
    """Every output that the start needs exists, holds something, and is newer than the newest of its sources."""
    if not before.target.builds:
        yield skipped("builds", "nothing has to be built before the start")
    for one in before.target.builds:
        yield _built(before.root, one)


def _built(root: Path, one: Build) -> Seen:
    subject, todo = str(one.output), f"; run `{one.command}`" if one.command else ""
    signs = (Sign(kind="check", text="missing"),)
    output = root / one.output
    if not output.exists():
        message = f"{one.output} is not there{todo}"
        return failed(subject, message, expected=f"{one.output} is built", observed="it is not there", signs=signs, place=one.place)
    made = list(_files(output))
    if not made:
        message = f"{one.output} is empty{todo}"
        return failed(subject, message, expected=f"{one.output} is built", observed="it is empty", signs=signs, place=one.place)
    read = [file for source in one.sources for file in _files(root / source, without=output)]
    if not read:
        return passed(subject, f"{one.output} is there", expected="it is built", observed=f"{len(made)} files")
    newest, oldest = max(read), min(read)
    last = max(made)
    if max(newest.time, last.time) - min(oldest.time, min(made).time) <= _FRESH:
        return passed(
            subject, f"{one.output} is there; all files were written at once, so that their order says nothing", observed=f"{len(made)} files"
        )
    if newest.time > last.time:
        name = _shown(root, newest.path)
        observed = f"{name} is {_span(newest.time - last.time)} newer than anything in {one.output}"
        return failed(
            subject,
            f"{one.output} is older than its sources: {observed}{todo}",
            expected="the output is newer than its sources",
            observed=observed,
            signs=(Sign(kind="check", text="stale"),),
            place=one.place,
        )
    return passed(subject, f"{one.output} is newer than its sources", expected="newer than its sources", observed=f"{len(made)} files")


@dataclass(frozen=True, slots=True, order=True)
class _File:
    time: float
    path: str


def _files(place: Path, *, without: Path | None = None) -> Iterator[_File]:
    """The regular files at or below a place with their times; what is installed or generated besides is left out."""
    yield from islice(_walked(place, without), _MOST_FILES)


def _walked(place: Path, without: Path | None) -> Iterator[_File]:
    waiting = [str(place)]
    while waiting:
        path = waiting.pop()
        try:
            status = os.lstat(path)
            if stat.S_ISREG(status.st_mode):
                yield _File(status.st_mtime, path)
            elif stat.S_ISDIR(status.st_mode):
                with os.scandir(path) as entries:
                    waiting += [entry.path for entry in entries if entry.name not in _SKIPPED and (without is None or entry.path != str(without))]
        except OSError:
            continue


def _shown(root: Path, path: str) -> str:
    return os.path.relpath(path, root)


def _span(seconds: float) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


# -- dependencies ----------------------------------------------------------------------------------------------------------------------


def dependencies(before: Before) -> Iterable[Seen]:
    """The packages that the manifests of the application declare are installed where it will look for them, in versions they allow.

    Python packages are read from the metadata in site-packages and packages of Node from their package.json; nothing is executed.
    """
    runs_node = _RUNS_NODE.search(" ".join(before.target.start.words)) is not None
    found = list(_node(before)) if runs_node else list(_python(before))
    yield from found or [skipped("packages", "no manifest of the application declares any packages")]


def _python(before: Before) -> Iterator[Seen]:
    wanted = list(_wanted(before))
    if not wanted:
        return
    folders = _site_packages(before)
    if not folders:
        yield broken("Python packages", "no environment of Python was found: neither .venv nor venv, and no python on the PATH")
        return
    installed: dict[str, Distribution] = {}
    for distribution in distributions(path=[str(folder) for folder in folders]):
        name = _name_of(distribution)
        if name:
            installed.setdefault(canonicalize_name(name), distribution)
    wrong: dict[str, tuple[str, Place]] = {}
    for requirement, place in wanted:
        problem = _problem(requirement, installed.get(canonicalize_name(requirement.name)))
        if problem:
            wrong.setdefault(canonicalize_name(requirement.name), (problem, place))
    where = str(folders[0].relative_to(before.root)) if folders[0].is_relative_to(before.root) else "the Python on the PATH"
    yield _judged("Python packages", wrong, len(wanted), where)


def _judged(subject: str, wrong: Mapping[str, tuple[str, Place]], count: int, where: str) -> Seen:
    expected = f"{count} declared packages are installed"
    if not wrong:
        return passed(subject, f"all {count} declared packages are installed in {where}", expected=expected, observed="all of them")
    named = list(wrong.items())[:_MOST_NAMED]
    more = f" and {len(wrong) - len(named)} more" if len(wrong) > len(named) else ""
    observed = "; ".join(f"{name} {problem}" for name, (problem, _) in named) + more
    return failed(
        subject,
        f"{len(wrong)} of {count} declared packages are not as declared in {where}: {observed}",
        expected=expected,
        observed=observed,
        evidence=tuple(Evidence(kind="package", title=name, body=f"{problem} ({place.path}:{place.line})") for name, (problem, place) in named),
        signs=tuple(Sign(kind="check", text=name) for name, _ in named),
        place=named[0][1][1],
    )


def _problem(requirement: Requirement, distribution: Distribution | None) -> str:
    if distribution is None:
        return "is not installed"
    try:
        version = Version(distribution.version)
    except (InvalidVersion, TypeError, KeyError):
        return ""
    if requirement.url is None and not requirement.specifier.contains(version, prereleases=True):
        return f"is installed in version {version}, and {requirement.specifier} is declared"
    return ""


def _name_of(distribution: Distribution) -> str:
    try:
        return str(distribution.metadata["Name"] or "")
    except (KeyError, OSError, ValueError):
        return ""


def _wanted(before: Before) -> Iterator[tuple[Requirement, Place]]:
    """The direct requirements of production in the manifests of the application's scope, with their lines."""
    project, folder = before.project, before.target.start.folder
    for base in (folder, *folder.parents):
        found = [
            (requirement, place)
            for file in project.tree_files
            if file.path.parent in (base, base / "requirements") and _is_production(file.path, project.names(file.path.parent))
            for requirement, place in _declared(before, file.path)
        ]
        if found:
            yield from found
            return


def _is_production(path: PurePosixPath, beside: Iterable[str]) -> bool:
    """Whether a manifest is what production installs; a requirements file that is named for something else counts only where it stands alone."""
    if path.parent.name == "requirements":
        return path.stem in ("base", "common", "main", "production", "prod", "requirements")
    if path.name == "requirements.txt" or path.name in ("pyproject.toml", "Pipfile", "setup.cfg"):
        return True
    return path.name in ("requirements-prod.txt", "requirements_prod.txt", "requirements-production.txt") and "requirements.txt" not in set(beside)


def _declared(before: Before, path: PurePosixPath) -> Iterator[tuple[Requirement, Place]]:
    try:
        text = before.project.text(path)
    except Unreadable:
        return
    lines = text.split("\n")
    groups = python_groups(path, text)
    for declared in groups.production if groups is not None else ():
        line = lines[declared.line - 1] if 0 < declared.line <= len(lines) else ""
        requirement = _parsed(line, declared.name)
        if requirement is not None and _applies(requirement) and not _is_optional(path, lines, declared.line):
            yield requirement, Place(path=path, span=span_of(declared.line), label=f"{declared.name} is declared here")


def _parsed(line: str, name: str) -> Requirement | None:
    """The requirement as it is written, with range and marker; the name alone where a line of TOML is no requirement by itself."""
    clean = re.split(r"(?:^|\s)#|\s--hash", line, maxsplit=1)[0].strip().rstrip("\\").strip()
    quoted = re.findall(r"""["']([^"']+(?:'[^"']*')*[^"']*)["']""", clean)
    for text in (clean, clean.rstrip(",").strip("\"'"), *quoted):
        try:
            found = Requirement(text)
        except InvalidRequirement:
            continue
        if canonicalize_name(found.name) == name:
            return found
    try:
        return Requirement(name)
    except InvalidRequirement:
        return None


def _applies(requirement: Requirement) -> bool:
    try:
        return requirement.marker is None or requirement.marker.evaluate({"extra": ""})
    except UndefinedEnvironmentName:
        return False


def _is_optional(path: PurePosixPath, lines: list[str], line: int) -> bool:
    """Whether a line of a pyproject.toml stands in a table of extras or groups, which are installed only when they are asked for."""
    if path.name != "pyproject.toml":
        return False
    table = next((found.group(1) for one in reversed(lines[:line]) if (found := re.match(r"^\s*\[+([^\]]+)\]", one))), "")
    return "optional-dependencies" in table or "dependency-groups" in table or ".group." in table or table == "build-system"


def _site_packages(before: Before) -> list[Path]:
    """The site-packages of the environment that would be used; virtual environments of the project come first."""
    folder = before.target.start.folder
    for base in (folder, *folder.parents):
        for name in (".venv", "venv"):
            found = _of_environment(before.root / base / name)
            if found:
                return found
    python = next((path for name in ("python3", "python") if (path := shutil.which(name, path=before.environment.get("PATH")))), None)
    if python is None:
        return []
    near = _of_environment(Path(python).parent.parent)
    real = Path(os.path.realpath(python))
    version = re.search(r"(\d+\.\d+)$", real.name)
    system = [Path("/usr/lib/python3/dist-packages"), *(_of_prefix(real.parent.parent, version.group(1) if version else ""))]
    inside_environment = (Path(python).parent.parent / "pyvenv.cfg").is_file()
    return near if inside_environment else [*near, *(path for path in system if path.is_dir() and path not in near)]


def _of_environment(prefix: Path) -> list[Path]:
    return [
        path for pattern in ("lib/python3*/site-packages", "lib/python3*/dist-packages") for path in sorted(prefix.glob(pattern)) if path.is_dir()
    ]


def _of_prefix(prefix: Path, version: str) -> Iterator[Path]:
    for base in (prefix, Path("/usr/local")):
        for name in ("site-packages", "dist-packages"):
            yield from sorted(base.glob(f"lib/python{version or '3*'}/{name}"))


def _node(before: Before) -> Iterator[Seen]:
    manifest = before.project.manifest(before.target.start.folder)
    if manifest is None or not manifest.dependencies:
        return
    path = manifest.dir / "package.json"
    lines = _lines(before, path)
    wrong: dict[str, tuple[str, Place]] = {}
    for name in manifest.dependencies:
        if re.fullmatch(r"(?:@[\w.~-]+/)?[\w.~-]+", name) is None or ".." in name:
            continue
        places = [before.root / base / "node_modules" / name / "package.json" for base in (manifest.dir, *manifest.dir.parents)]
        if not any(_is_package(place) for place in places):
            line = next((number for number, one in enumerate(lines, 1) if f'"{name}"' in one), 1)
            wrong[name] = ("is not installed", Place(path=path, span=span_of(line), label=f"{name} is declared here"))
    yield _judged("Node packages", wrong, len(manifest.dependencies), str(manifest.dir / "node_modules"))


def _is_package(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return isinstance(json.loads(file.read(2_000_000)), dict)
    except (OSError, ValueError, RecursionError):
        return False


def _lines(before: Before, path: PurePosixPath) -> list[str]:
    try:
        return before.project.text(path).split("\n")
    except Unreadable:
        return []


# -- environment -----------------------------------------------------------------------------------------------------------------------


def environment(before: Before) -> Iterable[Seen]:
    """Every variable that the application cannot do without is given."""
    if not before.target.required:
        yield skipped("variables", "no variable of the environment is required")
    for variable in before.target.required:
        place = variable.place
        where = f"{place.path}:{place.line}" if place is not None and place.path is not None else "the code"
        if variable.name in before.environment:
            yield passed(variable.name, f"{variable.name} is given", expected="it is given", observed="it is")
        else:
            yield failed(
                variable.name,
                f"{variable.name} is not given, and {where} cannot do without it",
                expected=f"{variable.name} is given",
                observed="it is not",
                signs=(Sign(kind="check", text=variable.name),),
                place=place,
            )
