"""Imports against the files they name: upper and lower case, and what never reaches the repository."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from auditor.model import Change, CheckDetector, Edit, Gotcha, Outcome, Place, Safety, Severity, Site, Span
from auditor.project.facts.imports import Import
from auditor.project.ignored import Ignored, IgnoreLine
from auditor.project.project import Project
from auditor.project.python.module import Module


def import_case_mismatch(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """An import names a file in other letters than it has on disk."""
    for one in project.facts.imports.misspelled():
        real = sorted({path for base in one.bases for path in project.facts.imports.in_any_case(base)})
        spelling = _spelled(one, real[0])
        message = detector.message.replace("$WRITTEN", one.written).replace("$REAL", str(real[0]))
        place = one.module.place(one.node)
        related = (Place(path=real[0], label="the file is called so"),)
        if one.is_erased or len(real) > 1 or _is_left_out(project, one.module.path):
            yield Site(
                gotcha=gotcha.id, outcome=Outcome.REVIEW, message=message, place=place, related=related, severity=Severity.NOTE, scope=place.span
            )
            continue
        change = _respelled(one, spelling, place.span) if spelling and place.span is not None else None
        yield Site(gotcha=gotcha.id, outcome=Outcome.FAIL, message=message, place=place, related=related, change=change, scope=place.span)


def _is_left_out(project: Project, path: PurePosixPath) -> bool:
    """Whether no entry of the front end it belongs to reaches a file: nothing breaks where nothing is built."""
    manifest = project.manifest(path)
    root = PurePosixPath(str(manifest.dir)) if manifest is not None else None
    return any(client.root == root and path.is_relative_to(client.root / "src") and path not in client.paths for client in project.facts.clients)


def _spelled(one: Import, real: PurePosixPath) -> str:
    """The import in the letters of the real path; "" when the two cannot be laid side by side."""
    clean = one.path
    tail = [part for part in PurePosixPath(clean).parts if part not in (".", "..", "@")]
    named = real.parts[-len(tail) :] if tail else ()
    spelled = clean
    for written, name in zip(tail, named, strict=False):
        if name[: len(written)].casefold() != written.casefold():
            return ""
        spelled = spelled.replace(written, name[: len(written)], 1) if spelled.count(written) == 1 else ""
    return spelled + one.written[len(clean) :] if spelled else ""


def _respelled(one: Import, spelling: str, span: Span) -> Change:
    before = one.module.of(one.node)
    after = before[0] + spelling + before[-1]
    return Change(title="", safety=Safety.UNSAFE, before=before, after=after, edits=(Edit(path=one.module.path, span=span, text=after),))


# -- what git ignores ----------------------------------------------------------------------------------------------------------------

_FOR_OTHERS = frozenset(
    {
        "lib",
        "lib64",
        "env",
        "ENV",
        "venv",
        "var",
        "parts",
        "downloads",
        "develop-eggs",
        "eggs",
        "sdist",
        "wheels",
        "instance",
        "logs",
        "log",
        "data",
        "media",
    }
)
"""Folders that templates of ignore files mean for virtual environments, packaging and run-time data, and that sources are kept in all the same."""
_OUTPUTS = frozenset(
    {
        "build",
        "dist",
        "out",
        "output",
        "generated",
        "__generated__",
        "_generated",
        "gen",
        "pkg",
        "target",
        "coverage",
        "node_modules",
        "styled-system",
    }
    | {"tmp", "temp", "cache", "public", "wasm", "bin", "obj", "site", "public_html", "staticfiles"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hidden:
    """An import of a file that git does not have, and the paths it may have."""

    path: PurePosixPath
    place: Place
    written: str
    candidates: tuple[PurePosixPath, ...]
    is_erased: bool = False


def gitignore_hides_source(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """A file that is imported never reaches the repository, because a pattern that is meant for something else ignores it."""
    ignored = Ignored(project)
    names = {word for line in ignored.lines() if _verdict(line) is not None for word in re.findall(r"[A-Za-z_]\w*", line.pattern)}
    if not names:
        return
    sites: dict[PurePosixPath, Site] = {}
    for one in (*_script_imports(project, ignored), *_python_imports(project, names)):
        path, line = next(((path, line) for path in one.candidates if (line := ignored.by(path)) is not None), (None, None))
        verdict = _verdict(line) if line is not None else None
        if path is None or line is None or verdict is None:
            continue
        if one.is_erased or _is_left_out(project, one.path):
            verdict = Outcome.REVIEW
        if path not in sites or (verdict is Outcome.FAIL and sites[path].outcome is not Outcome.FAIL):
            sites[path] = _hidden_site(project, gotcha, detector.message, one, path, line, verdict)  # one import of a file stands for all
    yield from sites.values()


def _hidden_site(project: Project, gotcha: Gotcha, message: str, one: Hidden, path: PurePosixPath, line: IgnoreLine, outcome: Outcome) -> Site:
    is_here = project.exists(path)
    state = "is on this disk only" if is_here else "is not in the repository"
    return Site(
        gotcha=gotcha.id,
        outcome=outcome,
        message=message.replace("$WRITTEN", one.written).replace("$PATTERN", line.pattern).replace("$STATE", state),
        place=one.place,
        related=(line.place, *((Place(path=path, label="the file"),) if is_here else ())),
        severity=Severity.NOTE if outcome is Outcome.REVIEW else None,
        scope=one.place.span,
    )


def _verdict(line: IgnoreLine) -> Outcome | None:
    """FAIL for a folder pattern without a path whose name templates use for something else, None for one that names its target or an output."""
    name = line.pattern.removesuffix("/")
    if "/" in name or name.startswith((".", "*.")) or (name in _OUTPUTS) or re.search(r"\.\w+$", name):
        return None
    return Outcome.FAIL if name in _FOR_OTHERS else Outcome.REVIEW


def _script_imports(project: Project, ignored: Ignored) -> Iterator[Hidden]:
    imports = project.facts.imports
    ends = {path.with_suffix("").parts[-2:] for path in project.listed}
    for one in imports.missing(lambda bases: any(ignored.by(base / "index") is not None for base in bases)):
        tail = PurePosixPath(one.path.removeprefix("@/")).parts
        if one.written.startswith("@/") and tail[-2:] in ends:
            continue  # the sign stands for another folder
        yield _hidden(one, tuple(base / "index" for base in one.bases))  # whatever it ends in, its folders and its name are these
    if (project.root / ".git").exists():  # elsewhere, what is on disk may have been added in spite of the pattern
        for one in imports.untracked():
            yield _hidden(one, imports.only_on_disk(one.bases))


def _hidden(one: Import, paths: tuple[PurePosixPath, ...]) -> Hidden:
    return Hidden(path=one.module.path, place=one.module.place(one.node), written=one.written, candidates=paths, is_erased=one.is_erased)


def _python_imports(project: Project, names: Collection[str]) -> Iterator[Hidden]:
    """Imports of modules inside packages of the project that are not there and bear one of the names, outside of `try` and `if TYPE_CHECKING`."""
    world = project.python.world
    named = re.compile(rf"^[ \t]*from[ \t]+[\w.]*\b(?:{'|'.join(sorted(map(re.escape, names)))})\b", re.MULTILINE) if names else None
    for file in project.tree_files:
        if named is None or file.language != "python" or file.role != "production":
            continue
        text = world.files.source(file.path)
        module = world.module(file.path) if text is not None and named.search(text) else None
        if module is None:
            continue
        for node in module.parents:
            if isinstance(node, ast.ImportFrom) and node.module and not _is_guarded(module, node):
                missing = _missing(project, file.path, node)
                if missing:
                    yield Hidden(path=file.path, place=module.place(node), written="." * node.level + node.module, candidates=missing)


def _is_guarded(module: Module, node: ast.AST) -> bool:
    return any(isinstance(parent, (ast.Try, ast.If, ast.FunctionDef, ast.AsyncFunctionDef)) for parent, _ in module.ancestors(node))


def _missing(project: Project, importer: PurePosixPath, node: ast.ImportFrom) -> tuple[PurePosixPath, ...]:
    """The paths of the first part of a dotted name that is not there, when the package before it is the project's."""
    parts = (node.module or "").split(".")
    if node.level:
        if node.level > len(importer.parts):
            return ()
        starts = [importer.parents[node.level - 1]]
    else:
        starts = [folder for folder in importer.parents if any(name.endswith(".py") for name in project.names(folder / parts[0]))]
    for start in starts[:1]:
        here = start
        for index, part in enumerate(parts):
            target = here / part
            if project.exists(target.with_name(f"{part}.py")) or any(name.startswith(f"{part}.") for name in project.names(here)):
                return ()
            if not project.is_dir(target):
                return (target / "__init__.py", target.with_name(f"{part}.py")) if index or node.level else ()
            here = target
    return ()
