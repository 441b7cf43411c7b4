"""Starts that no deployment file tells: start scripts, package.json, manage.py, application objects; in this order of trust."""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from auditor.checks.starts import text_of
from auditor.model import Place, Requirement, span_of
from auditor.project.facts.follow import follow
from auditor.project.facts.launch import Launch
from auditor.project.facts.reached import only_for_scripts
from auditor.project.project import Project
from auditor.project.python.module import Module
from auditor.runtime import serving
from auditor.runtime.commands import HARMS
from auditor.runtime.target import PORT, Start

_SCRIPTS = re.compile(r"^(?:(?:scripts/)?(?:start|run)(?:[_-](?:prod|production|server|app))?\.(?:sh|bash)|scripts/start[\w-]*\.sh|bin/start)$")
_FOR_DEVELOPERS = re.compile(r"dev|local|test|debug", re.IGNORECASE)
_PROGRAMS = frozenset({"redis-server", "mongod", "postgres", "nginx", "docker", "docker-compose", "podman", "caddy", "mysqld"})
"""What start scripts run besides and no package of the project brings."""
_ANY = f"0.0.0.0:{PORT}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One way to start that was found. ``refused`` says why it is not taken; ``rank`` is higher for what is more like production."""

    start: Start | None
    said: str
    refused: str = ""
    rank: int = 0
    notes: tuple[str, ...] = ()


def offers(project: Project, scope: PurePosixPath) -> Iterator[Offer]:
    """Every way to start something of ``scope`` that the code itself suggests."""
    yield from _of_scripts(project, scope)
    yield from _of_packages(project, scope)
    yield from _of_django(project, scope)
    yield from _of_objects(project, scope)


def _below(path: PurePosixPath, scope: PurePosixPath) -> bool:
    return path.is_relative_to(scope)


def _launch(words: tuple[str, ...], bases: tuple[PurePosixPath, ...], place: Place) -> Launch:
    return Launch(words=words, place=place, bases=bases, kind="script")


# -- start scripts -----------------------------------------------------------------------------------------------------------------


def _of_scripts(project: Project, scope: PurePosixPath) -> Iterator[Offer]:
    for file in project.tree_files:
        if not _below(file.path, scope) or file.role != "production":
            continue
        parts = file.path.parts
        tail = "/".join(parts[-2:]) if len(parts) > 1 and parts[-2] in ("scripts", "bin") else parts[-1]
        if not _SCRIPTS.match(tail) or _FOR_DEVELOPERS.search(file.path.name):
            continue
        where = PurePosixPath(*parts[: len(parts) - tail.count("/") - 1])
        launched = [
            _launch(step.words, step.bases, Place(path=file.path)) for step in follow(project, (str(file.path.relative_to(where)),), (where,))
        ]
        roles = {role: launch for launch in launched if (role := serving.role(project, launch)) in ("server", "development server")}
        if not roles:
            yield Offer(start=None, said=str(file.path), refused="it starts nothing that is known to serve HTTP")
            continue
        harm = HARMS.search(re.sub(r"^\s*#.*$", "", text_of(project, file.path), flags=re.MULTILINE))
        besides = harm.group().split()[0] if harm is not None else next((launch.tool for launch in launched if launch.tool in _PROGRAMS), "")
        if besides:
            yield Offer(start=None, said=str(file.path), refused=f"it also runs {besides}, which is not for this machine")
            continue
        launch = roles.get("server") or next(iter(roles.values()))
        shell = "/bin/bash" if text_of(project, file.path)[:60].split("\n")[0].endswith("bash") else "/bin/sh"
        start = Start(
            words=(shell, str(file.path.relative_to(where))),
            folder=where,
            port=serving.port(project, launch).number,
            kind="script",
            place=Place(path=file.path, span=span_of(1), label="started here"),
            why=f"{file.path} is a start script, and runs {launch.tool}",
        )
        yield Offer(start=start, said=str(file.path), rank=60 if "server" in roles else 25)


# -- package.json --------------------------------------------------------------------------------------------------------------------


def _of_packages(project: Project, scope: PurePosixPath) -> Iterator[Offer]:
    for file in project.tree_files:
        if file.path.name != "package.json" or not _below(file.path, scope) or "node_modules" in file.path.parts:
            continue
        manifest = project.manifest(file.path.parent)
        if manifest is None or manifest.dir != file.path.parent:
            continue
        if not {"start", "serve", "preview"} & set(manifest.scripts):
            yield from _of_main(project, file.path, manifest.data.get("main"))
        for name in ("start", "serve", "preview"):
            if name in manifest.scripts:
                yield _of_script(project, file.path, name, manifest.scripts[name])


def _of_script(project: Project, path: PurePosixPath, name: str, text: str) -> Offer:
    where = path.parent
    said = f"{name} of {path}"
    followed = list(follow(project, ("npm", "run", name), (where,)))
    texts = [text, *(text_of(project, one.path) for step in followed for one in step.trail if one.path is not None and one.path.suffix == ".sh")]
    harm = next((found for one in texts if (found := HARMS.search(one)) is not None), None)
    if harm is not None:
        return Offer(start=None, said=said, refused=f"it also runs {harm.group().split()[0]}, which is not for this machine")
    steps = [_launch(step.words, step.bases, Place(path=path)) for step in followed]
    roles = [(serving.role(project, launch), launch) for launch in steps]
    served = [(role, launch) for role, launch in roles if role in ("server", "development server", "static", "front end of developers")]
    if len(served) > 1 and re.search(r"\b(?:concurrently|npm-run-all|run-p)\b|[^&]&[^&]", text):
        return Offer(start=None, said=said, refused="it starts several servers at once, as developers do")
    if not served:
        several = re.search(r"\b(?:concurrently|npm-run-all|run-p|lerna|turbo|nx)\b", text)
        return Offer(
            start=None, said=said, refused="it starts several programs at once, as developers do" if several else "it is not known to serve HTTP"
        )
    role, launch = served[-1]
    if role == "front end of developers":
        return Offer(start=None, said=said, refused=f"{launch.tool} is a development server of a front end: production serves what is built")
    line = next((number for number, one in enumerate(text_of(project, path).split("\n"), 1) if re.search(rf'"{re.escape(name)}"\s*:', one)), 1)
    script = next((word for word in launch.words[1:] if re.search(r"\.[cm]?[jt]s$", word)), "")
    notes = (f"{launch.tool} restarts for developers; nothing says how production starts it",) if role == "development server" else ()
    number = serving.port(project, launch).number
    start = Start(
        words=("npm", "start") if name == "start" else ("npm", "run", name),
        folder=where,
        port=number if number is not None or role != "static" else _STATIC_PORTS.get(launch.tool),
        kind="package.json",
        place=Place(path=path, span=span_of(line), label="started here"),
        why=f"the script {name} of {path} runs {' '.join(launch.words)[:80]}",
    )
    missing = script and launch.file(project, script) is None and not re.search(r"(?:^|/)(?:dist|build|out|lib|\.output)/", script)
    if missing:
        return Offer(start=None, said=said, refused=f"{script} is not in the repository")
    rank = 28 if launch.tool in ("next", "nuxt", "nuxi") else {"server": 55, "development server": 45}.get(role, 20)
    return Offer(start=start, said=said, rank=rank, notes=notes)


_STATIC_PORTS = {"vite": 4173, "serve": 3000, "http-server": 8080, "astro": 4321}
"""https://vite.dev/config/preview-options, https://github.com/vercel/serve, https://github.com/http-party/http-server"""


def _of_main(project: Project, path: PurePosixPath, main: object) -> Iterator[Offer]:
    """A package without scripts that start it: its main file, or the usual ones, when they listen."""
    for name in dict.fromkeys((main if isinstance(main, str) else "", "server.js", "index.js", "app.js")):
        script = path.parent / name if name else path
        if project.language(script) not in ("javascript", "typescript") or not re.search(r"\.listen\s*\(", text_of(project, script)):
            continue
        launch = _launch(("node", name), (path.parent,), Place(path=script))
        start = Start(
            words=("node", name),
            folder=path.parent,
            port=serving.port(project, launch).number,
            kind="package.json",
            place=Place(path=script, span=span_of(1), label="started here"),
            why=f"{script} listens, and {path} has no script that starts it",
        )
        yield Offer(start=start, said=str(script), rank=40)
        return


# -- Django ----------------------------------------------------------------------------------------------------------------------------


def _of_django(project: Project, scope: PurePosixPath) -> Iterator[Offer]:
    for path in sorted(project.python.world.paths, key=lambda path: (len(path.parts), str(path))):
        if path.name != "manage.py" or not _below(path, scope) or _role(project, path) != "production" or "django" not in text_of(project, path):
            continue
        where = path.parent
        interfaces = {
            name: next((one for one in sorted(project.python.world.paths) if one.name == f"{name}.py" and one.is_relative_to(where)), None)
            for name in ("wsgi", "asgi")
        }
        place = Place(path=path, span=span_of(1), label="a Django project")
        for name, server in (("wsgi", "gunicorn"), ("asgi", "daphne"), ("asgi", "uvicorn"), ("wsgi", "waitress")):
            module = interfaces[name]
            if module is not None and project.has(Requirement(package=server), path):
                dotted = ".".join(module.relative_to(where).with_suffix("").parts)
                words = {
                    "gunicorn": ("gunicorn", f"{dotted}:application", "--bind", _ANY),
                    "daphne": ("daphne", "-b", "0.0.0.0", "-p", PORT, f"{dotted}:application"),  # noqa: S104 - as platforms need it
                    "uvicorn": ("uvicorn", f"{dotted}:application", "--host", "0.0.0.0", "--port", PORT),  # noqa: S104
                    "waitress": ("waitress-serve", f"--listen={_ANY}", f"{dotted}:application"),
                }[server]
                why = f"{path} is a Django project that declares {server}, and {module} is its application"
                yield Offer(start=Start(words=words, folder=where, kind="django", place=place, why=why), said=str(path), rank=50)
                break
        else:
            note = f"{path} is started by runserver, which is no production server: the project declares none"
            start = Start(
                words=("python", "manage.py", "runserver", "--noreload", _ANY),
                folder=where,
                kind="django",
                place=place,
                why=f"{path} is a Django project, and no production server is declared",
            )
            yield Offer(start=start, said=str(path), rank=35, notes=(note,))


def _role(project: Project, path: PurePosixPath) -> str:
    return next((file.role for file in project.tree_files if file.path == path), "")


# -- application objects ---------------------------------------------------------------------------------------------------------------


def _of_objects(project: Project, scope: PurePosixPath) -> Iterator[Offer]:
    """Applications that a module holds under a name, or that a factory makes."""
    world = project.python.world
    for framework, word, classes in (
        ("fastapi", "FastAPI(", ("fastapi.FastAPI", "fastapi.applications.FastAPI")),
        ("flask", "Flask(", ("flask.Flask",)),
    ):
        for module in world.modules_containing(word):
            if not _below(module.path, scope) or _role(project, module.path) != "production":
                continue
            for call in module.calls:
                if world.qualify(module, call.func) in classes:
                    yield from _of_object(project, module, call, framework)
        for module in world.modules_containing("create_app"):
            if _below(module.path, scope) and _role(project, module.path) == "production" and framework == "flask":
                yield from _of_made(project, module)


def _of_object(project: Project, module: Module, call: ast.Call, framework: str) -> Iterator[Offer]:
    owner = module.scope_of(call)
    if owner is module.root:
        name = next((name for name, bound in module.root.bindings.items() for one in bound if one.value is call), None)
        if name is not None:
            yield from _offered(project, module, name, framework, module.place(call, "the application"))
    elif isinstance(owner.node, (ast.FunctionDef, ast.AsyncFunctionDef)) and owner.parent is module.root:
        needed = len(owner.node.args.args) - len(owner.node.args.defaults)
        if needed <= 0 and re.match(r"(?:create|make|build|get)_?\w*app", owner.node.name):
            yield from _offered(project, module, f"{owner.node.name}()", framework, module.place(call, "the application"), less=1)


def _of_made(project: Project, module: Module) -> Iterator[Offer]:
    """`app = create_app()` at the top of a module, made by a function of another one."""
    for name, bound in module.root.bindings.items():
        for one in bound:
            made = (project.python.world.qualify(module, one.value.func) or "") if isinstance(one.value, ast.Call) else ""
            found = project.python.world.definition(made) if made.endswith(":create_app") else None
            if found is not None:
                framework = "fastapi" if "FastAPI(" in found[0].source(found[1].node) else "flask"
                yield from _offered(project, module, name, framework, module.place(one.node, "the application"))


def _offered(project: Project, module: Module, name: str, framework: str, place: Place, *, less: int = 0) -> Iterator[Offer]:
    path = module.path
    where = _start_folder(project, module)
    dotted = ".".join(path.relative_to(where).with_suffix("").parts).removesuffix(".__init__")
    target = f"{dotted}:{name}"
    notes: tuple[str, ...] = ()
    said = f"{name} of {path}"
    depth = min(len(path.parts), 9) + less
    if not dotted.isidentifier() and not all(part.isidentifier() for part in dotted.split(".")):
        yield Offer(start=None, said=said, refused=f"{dotted} is no name of a module")
        return
    if framework == "fastapi":
        factory = name.endswith("()")
        words = ("uvicorn", *(("--factory",) if factory else ()), target.removesuffix("()"), "--host", "0.0.0.0", "--port", PORT)  # noqa: S104
        why = f"{path} makes a FastAPI application, which uvicorn serves"
        rank = 39
        port = None
    elif project.has(Requirement(package="gunicorn"), path):
        words, why, rank, port = ("gunicorn", target, "--bind", _ANY), f"{path} makes a Flask application, and gunicorn is declared", 39, None
    elif project.has(Requirement(package="waitress"), path) and not name.endswith("()"):
        words, why, rank, port = (
            ("waitress-serve", f"--listen={_ANY}", target),
            f"{path} makes a Flask application, and waitress is declared",
            38,
            None,
        )
    elif _runs_itself(module) and not name.endswith("()"):
        launch = _launch(("python", str(path.relative_to(where))), (where,), place)
        words = launch.words
        why, rank = f"{path} makes a Flask application and runs it itself", 30
        port = serving.port(project, launch).number or (None if "PORT" in module.text else 5000)
        notes = (f"{path} is started by its own development server: the project declares no production server",)
    else:
        words = ("flask", "--app", target, "run", "--host", "0.0.0.0", "--port", PORT)  # noqa: S104
        why, rank, port = f"{path} makes a Flask application", 29, None
        notes = (f"{path} is started by flask run, which is no production server: the project declares none",)
    start = Start(words=words, folder=where, port=port, kind=framework, place=place, why=why)
    yield Offer(start=start, said=said, rank=rank - depth, notes=notes)


def _runs_itself(module: Module) -> bool:
    return any(isinstance(call.func, ast.Attribute) and call.func.attr == "run" and only_for_scripts(module, call) for call in module.calls)


def _start_folder(project: Project, module: Module) -> PurePosixPath:
    """Where a server can import a module: the folder that its imports of the project start from, else the nearest that is no package."""
    votes: Counter[PurePosixPath] = Counter()
    world = project.python.world
    for node in module.parents:
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and not node.level and node.module:
            names = [node.module]
        for name in names:
            target = world.find(name, module.path) if name.partition(".")[0] not in sys.stdlib_module_names else None
            if target is not None:
                depth = len(name.split(".")) + (target.name == "__init__.py")
                base = PurePosixPath(*target.parts[:-depth]) if len(target.parts) > depth else PurePosixPath()
                if module.path.is_relative_to(base):
                    votes[base] += 1
    if votes:
        return votes.most_common(1)[0][0]
    folder = module.path.parent
    relative = any(isinstance(node, ast.ImportFrom) and node.level for node in module.parents)
    if relative or module.path.name == "__init__.py":
        folder = folder.parent
    while folder.parts and project.exists(folder / "__init__.py"):
        folder = folder.parent
    return folder
