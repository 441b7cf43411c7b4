"""How production starts: development servers, and debug mode that is on there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from auditor.checks.base import Match, Verdict
from auditor.checks.settings import is_production_setting, setting_of, settled
from auditor.checks.starts import started_script
from auditor.checks.workshop import development_sign
from auditor.model import CheckDetector, Gotcha, Outcome, Place, Site
from auditor.project.facts.launch import Launch
from auditor.project.project import Project
from auditor.project.python.module import Module
from auditor.project.python.values import EnvRead, Instance, Literal, Reference, Value, options, over

_NODE = re.compile(
    r"^(?:react-scripts start|craco start|react-app-rewired start|vite(?: (?:dev|serve))?|next dev|nuxt(?:i)? dev|vue-cli-service serve|ng serve"
    r"|nodemon|webpack serve|webpack-dev-server|ts-node-dev|tsx watch|node --watch|gatsby develop|astro dev|remix dev|parcel(?: serve)?"
    r"|svelte-kit dev|nest start --watch)(?: |$)"
)
_BUILDS = re.compile(r"^(?:vite build|vite preview|vite optimize|parcel build)(?: |$)")


def _site(gotcha: Gotcha, launch: Launch, outcome: Outcome, message: str, *related: Place) -> Site:
    return Site(gotcha=gotcha.id, outcome=outcome, message=message, place=launch.place, related=(*launch.trail, *related), scope=launch.place.span)


def _development_server(project: Project, gotcha: Gotcha, launch: Launch, message: str, *related: Place) -> Site:
    """A site that fails, unless the command may not run at all, or its file says that it is for developers."""
    if not launch.certain:
        return _site(gotcha, launch, Outcome.REVIEW, "a script starts the development server under a condition", *related)
    sign = development_sign(project, launch)
    if sign:
        return _site(gotcha, launch, Outcome.REVIEW, f"looks like a start for developers ({sign}); in production it would be a fault", *related)
    return _site(gotcha, launch, Outcome.FAIL, message, *related)


def _line(launch: Launch) -> str:
    words = [PurePosixPath(launch.words[0]).name, *launch.words[1:]]
    return " ".join(words)


def node_dev_server(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """A production start command that comes down to a development server of Node."""
    for launch in project.facts.launches:
        line = _line(launch)
        if _NODE.match(line) and not _BUILDS.match(line):
            message = detector.message.replace("$COMMAND", line[:60])
            yield _development_server(project, gotcha, launch, message)
        elif re.match(r"^(?:node|next start|serve|pm2|pm2-runtime|nuxt start|http-server)\b", line):
            yield _site(gotcha, launch, Outcome.PASS, f"starts `{line[:60]}`")


def django_dev_server(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """A production start command that runs `manage.py runserver`."""
    for launch in project.facts.launches:
        if launch.tool == "runserver":
            yield _development_server(project, gotcha, launch, detector.message)
        elif launch.tool in ("gunicorn", "uvicorn", "daphne", "hypercorn", "uwsgi"):
            yield _site(gotcha, launch, Outcome.PASS, f"starts {launch.tool}")


def flask_dev_server(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """A production start command that comes down to `app.run()` or `flask run`."""
    for launch in project.facts.launches:
        line = _line(launch)
        if re.match(r"^(?:python[\d.]* -m )?flask\b.* run\b|^(?:python[\d.]* -m )?flask run\b", line):
            yield _development_server(project, gotcha, launch, detector.message)
            continue
        started = started_script(project, launch)
        if started is not None:
            runs = [call for call in flask_runs(project, started) if not _is_for_developers(project, started, call)]
            if runs and any(not _conditions(project, started, call) for call in runs):
                place = started.place(runs[0], "the development server is started here")
                yield _development_server(project, gotcha, launch, detector.message, place)
            elif runs:
                place = started.place(runs[0], "the development server is started here")
                yield _site(gotcha, launch, Outcome.REVIEW, "the file starts the development server under a condition", place)
        elif launch.tool in ("gunicorn", "waitress-serve", "uwsgi", "hypercorn"):
            yield _site(gotcha, launch, Outcome.PASS, f"starts {launch.tool}")


def _is_for_developers(project: Project, module: Module, call: ast.Call) -> bool:
    return any(guard.kind == "development" for guard in project.python.guards(module, call))


def _conditions(project: Project, module: Module, call: ast.Call) -> bool:
    """Whether more than the guard for scripts, or for production, stands before a call."""
    return any(guard.kind not in ("main", "production") for guard in project.python.guards(module, call))


def uvicorn_reloader(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """A production start command with uvicorn's reloader: `uvicorn … --reload`, or `fastapi dev`, which turns it on."""
    for launch in project.facts.launches:
        if (launch.tool == "uvicorn" and "--reload" in launch.words) or (launch.tool == "fastapi" and launch.words[1:2] == ("dev",)):
            yield _development_server(project, gotcha, launch, detector.message)
        elif launch.tool in ("uvicorn", "fastapi"):
            yield _site(gotcha, launch, Outcome.PASS, "starts without the reloader")


def uvicorn_reload_argument(project: Project, match: Match) -> Verdict | None:
    """`uvicorn.run("module:app", reload=True)`: FAILS where production runs the very file, WORKS where a server imports it."""
    frame = match.frame
    app, node = (frame.of("$APP"), frame.of("reload=")) if frame is not None else (None, None)
    if frame is None or node is None or not (isinstance(app, ast.Constant) and isinstance(app.value, str)):
        return None  # given the application itself, uvicorn exits: another entry
    answer = over(frame.value(node), _truth)
    if answer is False or any(guard.kind == "development" for guard in frame.guards):
        return Verdict(outcome=Outcome.PASS, message="the reloader is off in production")
    for launch in project.facts.launches:
        if _runs_file(project, launch, frame.module):
            sign = "a script starts it under a condition" if not launch.certain else development_sign(project, launch)
            sure = answer is True and not sign and not any(guard.kind not in ("main", "production") for guard in frame.guards)
            message = "" if sure else sign or "whether the reloader is on cannot be told"
            return Verdict(outcome=Outcome.FAIL if sure else Outcome.REVIEW, message=message, related=(launch.place, *launch.trail))
    if any(launch.tool in ("uvicorn", "gunicorn", "hypercorn", "fastapi") for launch in project.facts.launches):
        return Verdict(outcome=Outcome.PASS, message="production imports the module and never gets here")
    return Verdict(outcome=Outcome.REVIEW, message="reloads if production starts this file; how it starts is not said")


def _runs_file(project: Project, launch: Launch, module: Module) -> bool:
    started = started_script(project, launch)
    return started is not None and started.path == module.path


def flask_runs(project: Project, module: Module) -> Iterator[ast.Call]:
    """The calls of `app.run(...)` in a module, app being a Flask application."""
    for call in module.calls:
        if isinstance(call.func, ast.Attribute) and call.func.attr == "run":
            for option in options(project.python.evaluate(module, call.func.value)):
                if isinstance(option.value, (Instance, Reference)) and option.value.qualname in (
                    "flask.Flask",
                    "flask_openapi3.OpenAPI",
                    "connexion.FlaskApp",
                ):
                    yield call
                    break


def flask_debug(project: Project, match: Match) -> Verdict | None:
    """`app.run(debug=True)`: FAILS where production runs the very file, WORKS where a server imports it under a `__main__` guard."""
    frame = match.frame
    if frame is None:
        return None
    node = frame.of("debug=")
    answer = over(frame.value(node), _truth) if node is not None else False
    if answer is False:
        return Verdict(outcome=Outcome.PASS, message="debug mode is off")
    if answer is None:
        return Verdict(outcome=Outcome.REVIEW, message="whether debug mode is on cannot be told")
    guarded = any(guard.kind == "main" for guard in frame.guards)
    for launch in project.facts.launches:
        if _runs_file(project, launch, frame.module):
            sign = "a script starts it under a condition" if not launch.certain else development_sign(project, launch)
            if sign:
                return Verdict(outcome=Outcome.REVIEW, message=f"debug mode; looks like a start for developers ({sign})", related=(launch.place,))
            return Verdict(outcome=Outcome.FAIL, related=(launch.place, *launch.trail))
    servers = ("gunicorn", "uwsgi", "waitress-serve", "uvicorn", "hypercorn", "flask")
    starts = [launch for launch in project.facts.launches if launch.tool in servers]
    if starts and guarded:
        return Verdict(outcome=Outcome.PASS, message="production imports the module and never gets here", related=(starts[0].place,))
    return Verdict(outcome=Outcome.REVIEW, message="runs in debug mode if production starts this file; how it starts is not said")


def django_debug(project: Project, match: Match) -> Verdict | None:
    """DEBUG that is on in production: True, or a text that is never false."""
    del project
    frame = match.frame
    name = setting_of(frame)
    if frame is None or name is None or not is_production_setting(frame):
        return None
    final = frame.evaluator.name_in(frame.module, frame.module.root, name)
    answer = over(final, _truth)
    if answer is False:
        return Verdict(outcome=Outcome.PASS, message="is off, or is parsed from a variable")
    decided = settled(frame, name, platform=False)  # the platform helpers leave DEBUG alone
    if decided is not None:
        return decided
    if answer is None:
        return Verdict(outcome=Outcome.REVIEW, message="is on as long as a variable is unset")
    return Verdict(outcome=Outcome.FAIL)


def _truth(value: Value) -> bool | None:
    """Whether a debug flag is on in production.

    A variable's text is true whatever it says, "False" too: on when the variable must be set or has a text as its default, a maybe when it may be
    unset. A variable that is parsed is a maybe only when its default is true.
    """
    match value:
        case Literal(value=constant):
            return bool(constant)
        case EnvRead(cast=False, reader="os.environ.get" | "os.getenv" | "os.environ[…]" | "decouple.config", default=default, required=required):
            if required:
                return True
            return bool(default.value) or None if isinstance(default, Literal) else None
        case EnvRead(default=Literal(value=constant)):
            return None if constant in (True, "True", "true", "1") else False
        case Instance():
            return None
        case _:
            return False
