"""Processes of a Procfile that do not listen where the platform sends requests.

Sources: https://devcenter.heroku.com/articles/runtime-principles#web-servers, https://devcenter.heroku.com/articles/error-codes#r10-boot-timeout
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from auditor.checks.production import flask_runs
from auditor.checks.starts import gunicorn_settings, started_script, text_of
from auditor.model import CheckDetector, Gotcha, Outcome, Place, Site
from auditor.project.facts.launch import Launch
from auditor.project.facts.listening import Listening, listening
from auditor.project.facts.reached import reached, started
from auditor.project.project import Project

_DEAF = frozenset({"daphne", "flask", "hypercorn", "runserver", "uvicorn", "waitress-serve"})
"""Servers that never look at PORT by themselves; gunicorn does (https://docs.gunicorn.org/en/stable/settings.html#bind)."""
_READS_PORT = re.compile(r"[\"'`]PORT[\"'`]|\benv\.PORT\b|\$\{?PORT\b|\bport\s*:\s*(?:int|str)\b|--port\b", re.IGNORECASE)
_MANAGERS = re.compile(r"\b(?:honcho|foreman|overmind|goreman|hivemind)\b")


def port_ignored(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """Yield the web process of each Procfile: does it listen on PORT?"""
    for launch in project.facts.launches:
        path = launch.place.path
        if launch.kind != "procfile" or launch.name != "web" or path is None or not launch.certain:
            continue
        line = text_of(project, path).split("\n")[launch.place.line - 1]
        if re.search(r"\bPORT\b", f"{line} {' '.join(launch.words)}") or any(word.startswith("unix:") for word in launch.words):
            yield _site(gotcha, launch, Outcome.PASS, "uses PORT")
            continue
        fixed = _fixed(project, launch)
        if fixed is None:
            continue
        where, related = fixed
        managed = next((file.path for file in project.tree_files if file.language != "python" and _runs_procfile(project, file.path)), None)
        if managed is not None:
            yield _site(gotcha, launch, Outcome.REVIEW, f"listens on {where} whatever PORT says; {managed} runs the Procfile itself", *related)
        else:
            yield _site(gotcha, launch, Outcome.FAIL, detector.message.replace("$WHERE", where), *related)


def _site(gotcha: Gotcha, launch: Launch, outcome: Outcome, message: str, *related: Place) -> Site:
    return Site(gotcha=gotcha.id, outcome=outcome, message=message, place=launch.place, related=(*related, *launch.trail), scope=launch.place.span)


def _runs_procfile(project: Project, path: PurePosixPath) -> bool:
    """Whether a file of the deployment starts the Procfile with a program of its own, which then decides on ports."""
    is_deployment = project.language(path) in ("dockerfile", "yaml", "shell", "json") or path.suffix == ".service"
    return is_deployment and _MANAGERS.search(text_of(project, path)) is not None


def _fixed(project: Project, launch: Launch) -> tuple[str, tuple[Place, ...]] | None:
    """Where the process listens though PORT says otherwise; None when it may follow PORT, or is no server that is known."""
    bound = launch.bound
    if launch.tool == "gunicorn":
        if bound is not None and bound.said and bound.port is not None and gunicorn_settings(project, launch) is None:
            return str(bound), ()
        return None
    if launch.tool in _DEAF:
        return (str(bound), ()) if bound is not None and bound.port is not None else None
    found = listening(project, launch) or _default(project, launch)
    if found is None or any(_READS_PORT.search(text) for text in _code(project, launch)):
        return None
    return f"port {found.port}", (found.place,)


def _default(project: Project, launch: Launch) -> Listening | None:
    """Flask's own port, where the started file calls `app.run()` without one."""
    script = started_script(project, launch)
    runs = list(flask_runs(project, script)) if script is not None else []
    if script is None or len(runs) != 1 or len(runs[0].args) > 1 or any(keyword.arg in (None, "port") for keyword in runs[0].keywords):
        return None
    return Listening(port=5000, place=script.place(runs[0], "listens on 5000 by default")) if "SERVER_NAME" not in script.text else None


def _code(project: Project, launch: Launch) -> Iterable[str]:
    """The texts of all that the started program may read PORT in."""
    if launch.tool == "node":
        return [text_of(project, file.path) for file in project.tree_files if file.language in ("javascript", "typescript", "json")]
    path = started(project, launch)
    return (
        [text_of(project, one) for one in reached(project, path)]
        if path is not None
        else [text_of(project, file.path) for file in project.tree_files]
    )
