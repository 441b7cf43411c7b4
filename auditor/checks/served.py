"""Judges of directories that are served from: does the path exist where the framework looks for it?"""

from __future__ import annotations

import ast
import os.path
from collections.abc import Callable
from pathlib import PurePosixPath

from auditor.checks.base import Match, Verdict
from auditor.model import Outcome, Place, Severity
from auditor.project.facts.reached import started
from auditor.project.project import Project
from auditor.project.python.evaluate import Evaluator
from auditor.project.python.frame import Frame
from auditor.project.python.module import Module
from auditor.project.python.values import EnvRead, Instance, Literal, Option, PathValue, Value, in_production, join_posix, options


def flask_served_path(project: Project, match: Match) -> Verdict | None:
    """Resolves the path as Flask does: a relative one against `app.root_path`, the folder of the module that creates the app.

    FAILS when it is not there but elsewhere in the project, or exists only relative to the working directory; a relative path that does resolve is
    under review with severity note; anchored, absolute and configured paths WORK. Build outputs count as present where the build puts them.
    Source: https://flask.palletsprojects.com/en/stable/api/#flask.send_from_directory
    """
    return _decide(project, match, _below_app_root)


def started_path(project: Project, match: Match) -> Verdict | None:
    """Resolves the path as Starlette does: a relative one against the directory the server was started in.

    Nobody says where that is. FAILS when the path is at none of the folders from which the module can be imported, but elsewhere in the project; a
    relative path that is there is under review with severity note; anchored and configured paths WORK.
    Source: https://www.starlette.dev/staticfiles/, https://jinja.palletsprojects.com/en/stable/api/#jinja2.FileSystemLoader
    """
    return _decide(project, match, _below_start)


_Resolve = Callable[[Project, Frame, str, tuple[Place, ...], str], Verdict]


def _decide(project: Project, match: Match, resolve: _Resolve) -> Verdict | None:
    """The worst verdict over the values the path may have; ``resolve`` knows what a relative one is joined to."""
    frame = match.frame
    if frame is None:
        return None
    key = str(match.detector.options.get("path", "$DIR"))
    node = frame.of(key)
    if node is None:
        return None
    value = frame.value(node)
    verdicts = [_judge(project, frame, option, key, resolve) for option in in_production(value)]
    if not verdicts:
        return Verdict(outcome=Outcome.PASS, message="is used in development only")
    order = (Outcome.FAIL, Outcome.REVIEW, Outcome.PASS)
    worst = min(verdicts, key=lambda verdict: order.index(verdict.outcome))
    if worst.outcome is Outcome.FAIL and any(verdict.outcome is Outcome.PASS for verdict in verdicts):
        # One of several values fails, under a condition that is not known.
        return Verdict(outcome=Outcome.REVIEW, message=worst.message, related=worst.related)
    return worst


def _judge(project: Project, frame: Frame, option: Option, key: str, resolve: _Resolve) -> Verdict:
    value = option.value
    trail = tuple(step for step in value.trail if step.label)
    match value:
        case Literal(value=str() as text):
            path = PathValue(anchor="absolute" if text.startswith("/") else "relative", text=join_posix(text or "."), trail=value.trail)
            return _judge(project, frame, Option(value=path), key, resolve)
        case PathValue(anchor="relative", text=str() as text):
            return resolve(project, frame, text, trail, key)
        case PathValue(anchor="cwd"):
            message = "is resolved against the working directory: it works only when the server is started from one folder"
            return Verdict(outcome=Outcome.REVIEW, message=message, related=trail, severity=Severity.NOTE)
        case PathValue(anchor="file" | "app-root" | "absolute"):
            return Verdict(outcome=Outcome.PASS, message="anchored to the module", related=trail)
        case EnvRead():
            return Verdict(outcome=Outcome.PASS, message="is configured from the environment", related=trail)
        case Literal(value=None):
            return Verdict(outcome=Outcome.PASS, message="serves no directory", related=trail)
        case Instance(qualname="io.BytesIO" | "io.StringIO"):
            return Verdict(outcome=Outcome.PASS, message="is served from memory", related=trail)
        case _:
            return Verdict(outcome=Outcome.REVIEW, message="the directory cannot be told", related=trail, severity=Severity.NOTE)


def _below_app_root(project: Project, frame: Frame, text: str, trail: tuple[Place, ...], key: str) -> Verdict:
    roots = app_roots(frame)
    if not roots:
        message = f'"{text}" is relative to app.root_path, and the module that creates the app was not found'
        return Verdict(outcome=Outcome.REVIEW, message=message, related=trail, severity=Severity.NOTE)
    created = tuple(place for _, place in roots)
    present = [folder for folder, _ in roots if _present(project, folder, text)]
    if present:
        where = _show(present[0])
        message = f'"{text}" works because app.root_path is {where}; anchor it'
        return Verdict(outcome=Outcome.REVIEW, message=message, related=(*trail, *created), severity=Severity.NOTE)
    folder = roots[0][0]
    looked = _show(PurePosixPath(join_posix(str(folder), text)))
    made = _made_at_run_time(frame.evaluator, text)
    elsewhere = _elsewhere(project, text, folder)
    if elsewhere is not None and made is None:
        message = f'Flask looks for "{text}" in {looked}, which is not there; the project has it at {elsewhere}'
        related = (*trail, *created, Place(path=elsewhere, label="the directory is here"))
        return Verdict(
            outcome=Outcome.FAIL,
            message=f"{message}: every request answers 404",
            related=related,
            suggest={key: _anchored(frame.module.path, elsewhere)},
        )
    if made is not None:
        outcome = Outcome.REVIEW if str(folder) == "." else Outcome.FAIL
        message = f'"{text}" is created below the working directory but served from {looked}'
        if outcome is Outcome.REVIEW:
            message += "; both are the same only when the server is started there"
        return Verdict(outcome=outcome, message=message, related=(*trail, *created, made))
    message = f'"{text}" is looked for in {looked}, which is not in the repository'
    return Verdict(outcome=Outcome.REVIEW, message=message, related=(*trail, *created), severity=Severity.NOTE)


def _below_start(project: Project, frame: Frame, text: str, trail: tuple[Place, ...], key: str) -> Verdict:
    starts = _starts(project, frame)
    present = next((folder for folder in starts if _present(project, folder, text)), None)
    if present is not None:
        message = f'"{text}" is found only when the server is started in {_show(present)}; anchor it'
        return Verdict(outcome=Outcome.REVIEW, message=message, related=trail, severity=Severity.NOTE)
    elsewhere = _elsewhere(project, text, starts[0])
    if elsewhere is None or _made_at_run_time(frame.evaluator, text) is not None:
        message = f'"{text}" is looked for in the directory the server was started in, and is not in the repository'
        return Verdict(outcome=Outcome.REVIEW, message=message, related=trail, severity=Severity.NOTE)
    return Verdict(
        outcome=Outcome.FAIL,
        message=f'started in {_show(starts[0])}, the server looks for "{text}" there; the project has it at {elsewhere}',
        related=(*trail, Place(path=elsewhere, label="the directory is here")),
        suggest={key: _anchored(frame.module.path, elsewhere)},
    )


def _starts(project: Project, frame: Frame) -> tuple[PurePosixPath, ...]:
    """The folders a server may be started in to import a module, nearest first.

    They are those above it that are no package, the root, those that its imports of the project start from, and those where a start command is given
    for it.
    """
    path, world = frame.module.path, frame.evaluator.world
    found = {folder for folder in path.parents if str(folder) == "." or not project.exists(folder / "__init__.py")}
    for node in frame.module.parents:
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and not node.level and node.module:
            names = [node.module]
        for name in names:
            target = world.find(name, path)
            if target is not None:
                depth = len(name.split(".")) + (target.name == "__init__.py")
                found.add(PurePosixPath(*target.parts[:-depth]))
    for launch in project.facts.launches:
        if started(project, launch) == path:
            found.update(launch.bases[:1])
    return tuple(sorted(found, key=lambda folder: (-len(folder.parts), str(folder))))


def _anchored(module: PurePosixPath, target: PurePosixPath) -> str:
    """The expression for ``target`` that starts from the module's own folder."""
    relative = os.path.relpath(str(target), str(module.parent))
    return f'os.path.join(os.path.dirname(os.path.abspath(__file__)), "{relative}")'


def app_roots(frame: Frame) -> tuple[tuple[PurePosixPath, Place], ...]:
    """The folders `app.root_path` may be, nearest first, and where each app is created; for a `Flask(...)` site its own."""
    site = frame.node
    if isinstance(site, ast.Call) and (frame.evaluator.world.qualify(frame.module, site.func) or "") in ("flask.Flask", "flask.Blueprint"):
        root = _root_of(frame.evaluator, frame.module, site)
        return ((root, frame.place(label="the app is created here")),) if root is not None else ()
    found: list[tuple[int, PurePosixPath, Place]] = []
    for module in frame.evaluator.world.modules_containing("Flask("):
        for call in module.calls:
            if frame.evaluator.world.qualify(module, call.func) == "flask.Flask":
                root = _root_of(frame.evaluator, module, call)
                if root is not None:
                    found.append((_distance(frame.module.path, module.path), root, module.place(call, "the app is created here")))
    if not found:
        return ()
    found.sort(key=lambda entry: (entry[0], str(entry[1])))
    nearest = found[0][0]
    return tuple((root, place) for distance, root, place in found if distance == nearest)


def _root_of(evaluator: Evaluator, module: Module, call: ast.Call) -> PurePosixPath | None:
    for keyword in call.keywords:
        if keyword.arg == "root_path":
            value = evaluator.evaluate(module, keyword.value)
            for option in options(value):
                if isinstance(option.value, PathValue) and option.value.anchor == "file" and option.value.text is not None:
                    return PurePosixPath(option.value.text)
            return None
    position = 1 if evaluator.world.qualify(module, call.func) == "flask.Blueprint" else 0
    name = call.args[position] if len(call.args) > position else None
    if name is None:
        name = next((keyword.value for keyword in call.keywords if keyword.arg == "import_name"), None)
    if isinstance(name, ast.Name) and name.id == "__name__":
        return module.path.parent
    if isinstance(name, ast.Constant) and isinstance(name.value, str):
        found = evaluator.world.find(name.value, module.path)
        return found.parent if found is not None else module.path.parent
    if name is not None and ast.unparse(name).startswith("__name__."):
        return PurePosixPath(module.path.parts[0]) if len(module.path.parts) > 1 else module.path.parent
    return module.path.parent if name is not None else None


def _distance(path: PurePosixPath, other: PurePosixPath) -> int:
    """How far two modules are apart in the tree; 0 for the same file."""
    if path == other:
        return 0
    a, b = path.parent.parts, other.parent.parts
    common = 0
    for left, right in zip(a, b, strict=False):
        if left != right:
            break
        common += 1
    return 1 + (len(a) - common) + (len(b) - common)


def _present(project: Project, folder: PurePosixPath, text: str) -> bool:
    target = join_posix(str(folder), text)
    if target.startswith(".."):
        return False
    return project.exists(PurePosixPath(target)) or is_build_output(project, PurePosixPath(target))


def is_build_output(project: Project, target: PurePosixPath) -> bool:
    """Whether a front-end build of the project writes to ``target`` (or to a folder above it), though it may not be committed."""
    return any(target.is_relative_to(output) for build in project.facts.builds for output in build.candidates)


def _elsewhere(project: Project, text: str, folder: PurePosixPath) -> PurePosixPath | None:
    """Where else in the project the path is: relative to the root, to another folder, or as the output of a front-end build."""
    clean = text.lstrip("./")
    if not clean or clean == ".":
        return None
    looked = PurePosixPath(join_posix(str(folder), text))
    parts = PurePosixPath(clean).parts
    folders = sorted(project.folders, key=lambda path: (len(path.parts), str(path)))
    for candidate in folders:
        if candidate.parts[-len(parts) :] == parts and candidate != looked:
            return candidate
    for base in folders:
        target = base.joinpath(*parts)
        if target != looked and is_build_output(project, target) and base != folder:
            return target
    for file in project.files:
        if file.path.parts[-len(parts) :] == parts and file.path != looked:
            return file.path
    return None


def _made_at_run_time(evaluator: Evaluator, text: str) -> Place | None:
    """Where the program creates the relative directory itself: `os.makedirs("uploads")`."""
    last = PurePosixPath(text).name
    for module in (*evaluator.world.modules_containing("mkdir"), *evaluator.world.modules_containing("makedirs")):
        for call in module.calls:
            name = call.func.attr if isinstance(call.func, ast.Attribute) else call.func.id if isinstance(call.func, ast.Name) else ""
            if name not in ("makedirs", "mkdir"):
                continue
            made = _made(evaluator, module, call)
            for option in options(made) if made is not None else ():
                inner = option.value
                known = (
                    inner.value
                    if isinstance(inner, Literal)
                    else inner.text
                    if isinstance(inner, PathValue) and inner.anchor in ("relative", "cwd")
                    else None
                )
                if isinstance(known, str) and (join_posix(known) == join_posix(text) or PurePosixPath(known).parts[:1] == (last,)):
                    return module.place(call, "created here, below the working directory")
    return None


def _made(evaluator: Evaluator, module: Module, call: ast.Call) -> Value | None:
    if call.args:
        return evaluator.evaluate(module, call.args[0])
    return evaluator.evaluate(module, call.func.value) if isinstance(call.func, ast.Attribute) else None


def _show(folder: PurePosixPath) -> str:
    return "the project root" if str(folder) in (".", "") else f"{folder}/"
