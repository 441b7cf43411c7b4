"""Processes that something starts for good: what it does not do for a command that a terminal does, and what it waits for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from auditor.model import CheckDetector, Gotcha, Outcome, Place, Site
from auditor.project.facts.endings import Ending
from auditor.project.facts.names import kind_of
from auditor.project.facts.record import Record
from auditor.project.facts.unit import Unit
from auditor.project.project import Project
from auditor.project.text import Unreadable

SHELLS = frozenset({"ash", "bash", "dash", "ksh", "sh", "su", "runuser", "zsh"})
SINGLE_QUOTED = re.compile(r"'[^']*'")
SERVERS = frozenset({"gunicorn", "uvicorn", "hypercorn", "daphne"})
_OPERATOR = re.compile(r"^(?:&&|\|\|?|&|\d?>{1,2}|<|\d?>&\d|&>{1,2}|(?:\d|&)?>{1,2}[\w./&-]+)$")
_BUILTINS = frozenset({".", "cd", "eval", "exec", "export", "source", "ulimit", "umask", "unset"})
_ASSIGNMENT = re.compile(r"^[A-Za-z_]\w*=")
_INTERPRETERS = re.compile(r"^(?:python[\d.]*|node|nodejs|php|ruby|perl|deno|bun)$")
_TARGET = re.compile(r"^([A-Za-z_]\w*)(?:\.\w+)*:\w+(?:\(.*\))?$")
_FILLS = re.compile(r"\b(?:envsubst|perl|sed)\b|\.(?:format|render|replace|substitute)\(")
_ELSEWHERE = ("--chdir", "--app-dir", "--pythonpath")
_MANAGERS = frozenset({"npm", "pnpm", "yarn"})
_LASTING = SERVERS | {"nginx", "uwsgi", "waitress-serve"}
_STARTED = re.compile(r"^(?:.*/)?(?:app|index|main|run|server|start|www)(?:\.py|\.[cm]?js)?$")
_DEVELOPMENT = re.compile(r"\b(?:debug|dev|develop|development|nodemon|runserver|watch)\b")
_CALLERS = frozenset({"HOME", "LD_LIBRARY_PATH", "LOGNAME", "NODE_PATH", "PATH", "PWD", "PYTHONPATH", "USER"})
_REFERENCE = re.compile(r"\$\{?([A-Za-z_]\w*)\}?")


def records(project: Project, kind: str) -> Iterator[Record]:
    """What the production files of a kind say; those that a script of the project fills in first are left out."""
    files = [file for file in project.files if file.role == "production" and kind_of(file.path, file.language) == kind]
    names = {file.path.name for file in files}
    filled = {name for line in _lines(project, *names) if _FILLS.search(line) for name in names if name in line}
    for file in files:
        if file.path.name not in filled:
            yield project.facts.record(file.path)


def _lines(project: Project, *words: str) -> Iterator[str]:
    """The lines of scripts and build files of the project that hold one of the words."""
    for file in project.tree_files if words else ():
        if file.language in ("dockerfile", "nginx", "python", "shell", "text", "yaml"):
            text = text_of(project, file.path)
            if any(word in text for word in words):
                yield from (line for line in text.split("\n") if any(word in line for word in words))


def mentions(project: Project, word: str) -> bool:
    """Whether a Dockerfile, a compose file or a script of the project speaks of ``word``."""
    return next(_lines(project, word), None) is not None


def started(project: Project, kind: str) -> Iterator[tuple[Unit, tuple[str, ...]]]:
    """Each unit with the words of its command; those without one are left out."""
    for record in records(project, kind):
        for unit in record.units:
            if unit.command is not None and unit.command.words:
                yield unit, unit.command.words


def site(gotcha: Gotcha, outcome: Outcome, message: str, place: Place, *related: Place) -> Site:
    """A site of a whole line."""
    return Site(gotcha=gotcha.id, outcome=outcome, message=message, place=place, related=related, scope=place.span)


def name_of(word: str) -> str:
    """The last part of a path: `gunicorn` of `/srv/venv/bin/gunicorn`."""
    return PurePosixPath(word).name


def text_of(project: Project, path: PurePosixPath) -> str:
    """The text of a file, "" for one that cannot be read."""
    try:
        return project.text(path)
    except Unreadable:
        return ""


def shell_word(words: tuple[str, ...]) -> str | None:
    """The first word that only a shell understands; none where a shell is started."""
    if any(name_of(word) in SHELLS for word in words):
        return None
    if words[0] in _BUILTINS or _ASSIGNMENT.match(words[0]):
        return words[0]
    return next((word for word in words[1:] if _OPERATOR.match(word)), None)


def judged_shell(gotcha: Gotcha, detector: CheckDetector, unit: Unit, words: tuple[str, ...], found: str | None) -> Iterator[Site]:
    """The site of a command in which ``found`` is for a shell; one that starts a shell passes."""
    assert unit.command is not None
    place = unit.command.place
    if found is not None:
        yield site(gotcha, Outcome.FAIL, detector.message.replace("$WORD", found), place)
    elif name_of(words[0]) in SHELLS:
        yield site(gotcha, Outcome.PASS, "a shell reads the command", place)


def relative_path(project: Project, unit: Unit, words: tuple[str, ...]) -> str | None:
    """What in a command depends on the working directory: a relative program, a script, or a module of the project that is not installed."""
    first = words[0]
    if "/" in first and not first.startswith(("/", "%", "$", "~")):
        return first
    name = name_of(first)
    if _INTERPRETERS.match(name):
        rest = words[1:]
        while rest and rest[0] in ("-u", "-O", "-B", "-OO", "--enable-source-maps"):
            rest = rest[1:]
        if rest and not rest[0].startswith(("-", "/", "%", "$", "~")) and re.search(r"\.(?:py|[cm]?js|ts|php|rb|pl)$", rest[0]):
            return rest[0]
        if rest[:1] == ("-m",) and rest[1:2] and rest[1] in SERVERS:
            name, words = rest[1], rest[1:]
    if name not in SERVERS or any(word.startswith(_ELSEWHERE) for word in words) or any(variable.name == "PYTHONPATH" for variable in unit.variables):
        return None
    target = next((word for word in words[1:] if _TARGET.match(word)), None)
    found = _TARGET.match(target) if target is not None else None
    return target if found is not None and _own_module(project, found.group(1)) else None


def _own_module(project: Project, name: str) -> bool:
    """Whether a module is a file of a project that nobody installs as a package."""
    names = {file.path.name for file in project.tree_files}
    if names & {"setup.py", "setup.cfg", "pyproject.toml"}:
        return False
    return any(file.path.name == f"{name}.py" or (file.path.name == "__init__.py" and file.path.parent.name == name) for file in project.tree_files)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """What sends a server to the background, and whether it surely does: an image may bring a configuration that says otherwise."""

    part: str
    sure: bool = True


def daemonizing(project: Project, words: tuple[str, ...]) -> Leaving | None:
    """The part of a command that sends a known server to the background; None when it stays, or is not known."""
    name = name_of(words[0])
    if _INTERPRETERS.match(name) and words[1:2] == ("-m",) and len(words) > 2:
        name, words = words[2], words[2:]
    rest = words[1:]
    part = None
    if name == "gunicorn":
        part = next((word for word in rest if word in ("-D", "--daemon")), None)
    elif name == "uwsgi":
        part = next((word for word in rest if word == "-d" or word.startswith("--daemonize")), None)
    elif name == "redis-server" and "--daemonize" in rest:
        part = "--daemonize" if rest[rest.index("--daemonize") + 1 :][:1] == ("yes",) else None
    elif name == "nginx" and not {"-t", "-T", "-v", "-V", "-s"} & set(rest):
        return _nginx(project, words)
    elif name in ("apachectl", "apache2ctl", "httpd", "apache2") and rest in (("start",), ("-k", "start")):
        part = "start"
    elif name == "service" and len(rest) == 2 and rest[1] in ("start", "restart"):
        part = "service … start"
    elif name == "celery":
        part = "--detach" if "--detach" in rest or rest[:2] == ("multi", "start") else None
    return Leaving(part=part) if part is not None else None


def _nginx(project: Project, words: tuple[str, ...]) -> Leaving | None:
    """Nginx stays when `daemon off;` stands in its command or its configuration, which an image may bring or a script may write."""
    if "daemon off" in " ".join(words) or mentions(project, "daemon off"):
        return None
    images = any(file.language == "dockerfile" for file in project.tree_files)
    own = any(file.language == "nginx" and "events {" in text_of(project, file.path) for file in project.tree_files)
    return Leaving(part="nginx without `daemon off;`", sure=own or not images)


def left(gotcha: Gotcha, detector: CheckDetector, found: Leaving, place: Place) -> Site:
    """The site of a command that goes to the background."""
    message = detector.message.replace("$PART", found.part)
    return site(gotcha, Outcome.FAIL if found.sure else Outcome.REVIEW, message, place)


def lasting(end: Ending) -> bool:
    """Whether a script waits, without `exec`, for a server that runs in production until it is told to stop."""
    if not end.words or _DEVELOPMENT.search(" ".join(end.words)):
        return False
    name, rest = name_of(end.words[0]), end.words[1:]
    if name in _MANAGERS:
        return any(word == "start" or word.startswith(("start:prod", "start-prod", "serve")) for word in rest[:2])
    if name == "node" or name.startswith("python"):
        if rest[:1] == ("-m",) and len(rest) > 1:
            name, rest = rest[1], rest[2:]
        else:
            return any(_STARTED.match(word) for word in rest[:1])
    if name == "celery":
        return bool({"beat", "flower", "worker"} & set(rest)) and "--detach" not in rest
    if name in ("flask", "java"):
        return "run" in rest or "-jar" in rest
    return name in _LASTING and not any("daemon" in word and "daemon off" not in word for word in rest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What a shell is given to run: the text of a file of the project, or of `-c`, which has no path."""

    text: str
    path: PurePosixPath | None = None


def wrapped(project: Project, words: tuple[str, ...]) -> Script | None:
    """The shell script that a command runs; None when it runs something else, or a script that the project does not have, or has twice."""
    shell = name_of(words[0]) in SHELLS - {"su", "runuser"}
    rest = words[1:] if shell else words
    if shell and len(rest) > 1 and re.fullmatch(r"-[a-z]*c", rest[0]):
        return Script(text=rest[1])
    while shell and rest and re.fullmatch(r"-[a-z]+", rest[0]):
        rest = rest[1:]
    if not rest:
        return None
    name = name_of(rest[0])
    found = [file.path for file in project.tree_files if file.path.name == name and file.language == "shell" and file.role == "production"]
    if len(found) > 1:  # the path as far as it is the same on both sides
        tail = PurePosixPath(rest[0]).parts
        found = [path for path in found if path.parts[-2:] == tail[-2:]]
    return Script(text=text_of(project, found[0]), path=found[0]) if len(found) == 1 else None


def variable_in_environment(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """`$PATH` and its like in the value of a variable, by the kind of file that the options name: neither program expands it.

    A dollar sign in a password is no reference: only names that surely are variables count.
    """
    for record in records(project, str(detector.options["kind"])):
        seen: set[tuple[str, int]] = set()
        for unit in record.units:
            own = {variable.name for variable in unit.variables}
            for variable in unit.variables:
                key = (variable.name, variable.place.line)
                named = [name for name in _REFERENCE.findall(variable.value or "") if name in _CALLERS | own]
                if not named or key in seen:
                    continue
                seen.add(key)
                yield site(gotcha, Outcome.FAIL, detector.message.replace("$NAME", variable.name).replace("$WORD", f"${named[0]}"), variable.place)
