"""Processes that supervisor or systemd starts: what neither of them does for a command that a terminal does."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from auditor.model import CheckDetector, Gotcha, Outcome, Place, Site, span_of
from auditor.project.facts import systemd
from auditor.project.facts.extractors import kind_of
from auditor.project.facts.record import Record, Section, Setting
from auditor.project.facts.scripts import Ending, endings
from auditor.project.facts.unit import Unit
from auditor.project.project import Project
from auditor.project.text import Unreadable

SHELLS = frozenset({"ash", "bash", "dash", "ksh", "sh", "su", "runuser", "zsh"})
_OPERATOR = re.compile(r"^(?:&&|\|\|?|&|\d?>{1,2}|<|\d?>&\d|&>{1,2}|(?:\d|&)?>{1,2}[\w./&-]+)$")
_BUILTINS = frozenset({".", "cd", "eval", "exec", "export", "source", "ulimit", "umask", "unset"})
_ASSIGNMENT = re.compile(r"^[A-Za-z_]\w*=")
_VARIABLE = re.compile(r"\$(?:[A-Za-z_]|\{)")
_SUBSTITUTION = re.compile(r"\$\([A-Za-z]|`[^`]+`")
_SINGLE_QUOTED = re.compile(r"'[^']*'")
_CODE_OPTIONS = frozenset({"-c", "-e", "-r", "-x", "--eval", "-lc", "-ic"})
_INTERPRETERS = re.compile(r"^(?:python[\d.]*|node|nodejs|php|ruby|perl|deno|bun)$")
_TARGET = re.compile(r"^([A-Za-z_]\w*)(?:\.\w+)*:\w+(?:\(.*\))?$")
_PLACEHOLDER = re.compile(r"[<>]|\b(?:your|path[_-]?to|to[_-]path)\b|\byour_|^[-@:+!]*(?-i:[A-Z][A-Z_]*)/", re.IGNORECASE)
_FILLS = re.compile(r"\b(?:envsubst|perl|sed)\b|\.(?:format|render|replace|substitute)\(")
_SERVERS = frozenset({"gunicorn", "uvicorn", "hypercorn", "daphne"})
_ELSEWHERE = ("--chdir", "--app-dir", "--pythonpath", "--root-path-dir")


def _records(project: Project, kind: str) -> Iterator[Record]:
    """What the production files of a kind say; those that a script of the project fills in first are left out."""
    for file in project.files:
        if file.role == "production" and kind_of(file.path, file.language) == kind and not _filled_in(project, file.path):
            yield project.facts.record(file.path)


def _filled_in(project: Project, path: PurePosixPath) -> bool:
    return any(path.name in line and _FILLS.search(line) for line in _lines(project, path.name))


def _lines(project: Project, word: str) -> Iterator[str]:
    """The lines of scripts and build files of the project that hold a word."""
    for file in project.tree_files:
        if file.language in ("dockerfile", "nginx", "python", "shell", "text", "yaml"):
            text = _text(project, file.path)
            if word in text:
                yield from (line for line in text.split("\n") if word in line)


def _units(project: Project, kind: str) -> Iterator[tuple[Unit, tuple[str, ...]]]:
    """Each unit with the words of its command; those without one are left out."""
    for record in _records(project, kind):
        for unit in record.units:
            if unit.command is not None and unit.command.words:
                yield unit, unit.command.words


def _site(gotcha: Gotcha, outcome: Outcome, message: str, place: Place, *related: Place) -> Site:
    return Site(gotcha=gotcha.id, outcome=outcome, message=message, place=place, related=related, scope=place.span)


def _name(word: str) -> str:
    return PurePosixPath(word).name


# -- words no shell reads ------------------------------------------------------------------------------------------------------------------------


def supervisor_shell_syntax(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """`command=` with what only a shell understands: supervisor splits it into words and executes the first."""
    for unit, words in _units(project, "supervisor"):
        assert unit.command is not None
        found = _shell_word(words)
        if found is None and not any(_name(word) in SHELLS for word in words):
            literal = _SINGLE_QUOTED.sub("", unit.command.text)
            code = {words[at + 1] for at, word in enumerate(words[:-1]) if word in _CODE_OPTIONS}
            found = next((word for word in words if _VARIABLE.search(word) and word not in code and word in literal), None)
        yield from _judged_shell(gotcha, detector, unit, words, found)


def systemd_shell_syntax(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """Exec lines with what only a shell understands; systemd itself expands `$NAME`."""
    for unit, words in _units(project, "systemd"):
        assert unit.command is not None
        found = _shell_word(words)
        if found is None and not any(_name(word) in SHELLS for word in words):
            found = next((part.group() for part in [_SUBSTITUTION.search(_SINGLE_QUOTED.sub("", unit.command.text))] if part), None)
        yield from _judged_shell(gotcha, detector, unit, words, found)


def _shell_word(words: tuple[str, ...]) -> str | None:
    """The first word that only a shell understands; none where a shell is started."""
    if any(_name(word) in SHELLS for word in words):
        return None
    if words[0] in _BUILTINS or _ASSIGNMENT.match(words[0]):
        return words[0]
    return next((word for word in words[1:] if _OPERATOR.match(word)), None)


def _judged_shell(gotcha: Gotcha, detector: CheckDetector, unit: Unit, words: tuple[str, ...], found: str | None) -> Iterator[Site]:
    assert unit.command is not None
    place = unit.command.place
    if found is not None:
        yield _site(gotcha, Outcome.FAIL, detector.message.replace("$WORD", found), place)
    elif _name(words[0]) in SHELLS:
        yield _site(gotcha, Outcome.PASS, "a shell reads the command", place)


# -- percent signs -------------------------------------------------------------------------------------------------------------------------------

_FORMAT = re.compile(r"%%|%\(\w+\)[#0 +-]*\d*(?:\.\d+)?[sdiouxXeEfFgGcra]|(?P<bare>%[#0 +-]*\d*(?:\.\d+)?(?P<kind>.?))", re.DOTALL)
_URL_ESCAPE = re.compile(r"://[^\s\"']*%[0-9A-Fa-f]{2}")
_DATE = re.compile(r"\+[^\s]*(?<!%)(?:%%)*%[YmdHMSFTjsy]")


def supervisor_percent(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """`environment=` and `command=` go through Python's `%` formatting, with a dictionary on the right."""
    del detector
    for record in _records(project, "supervisor"):
        for section in record.sections:
            for setting in section.settings:
                if setting.name not in ("environment", "command") or "%" not in setting.value:
                    continue
                bare = next((found for found in _FORMAT.finditer(setting.value) if found["bare"]), None)
                if bare is None:
                    yield _site(gotcha, Outcome.PASS, "each percent sign is doubled or begins an expansion", setting.place)
                elif bare["kind"] in ("s", "r", "a"):
                    message = (
                        f"`{bare['bare']}` is replaced by all that supervisor can expand, every variable of its environment among it; write `%%`"
                    )
                    yield _site(gotcha, Outcome.FAIL, message, setting.place)
                else:
                    yield _site(gotcha, Outcome.FAIL, f"`{bare['bare'].strip()}` is no format: supervisord does not start; write `%%`", setting.place)


def systemd_percent(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """A `%` in Environment or an Exec line begins a specifier: an unknown one drops the assignment, or the whole unit."""
    del detector
    for _, _, setting in _settings(project):
        executes = setting.name.startswith("Exec")
        if (setting.name != "Environment" and not executes) or "%" not in setting.value:
            continue
        unknown = next((found for found in re.findall(r"%(.?)", setting.value) if found.isalnum() and found not in systemd.SPECIFIERS), None)
        if unknown is not None:
            effect = "the unit is not started" if executes else "systemd ignores the assignment"
            yield _site(gotcha, Outcome.FAIL, f"`%{unknown}` is no specifier: {effect}; write `%%`", setting.place)
        elif _URL_ESCAPE.search(setting.value.replace("%%", "")):
            yield _site(gotcha, Outcome.FAIL, "the escape in the address begins a specifier, which systemd replaces; write `%%`", setting.place)
        elif executes and re.search(r"\bdate\b", setting.value) and _DATE.search(setting.value):
            yield _site(gotcha, Outcome.FAIL, "systemd replaces the letters of the date format by its own specifiers; write `%%`", setting.place)
        else:
            yield _site(gotcha, Outcome.PASS, "each percent sign is doubled or begins a specifier", setting.place)


def _settings(project: Project) -> Iterator[tuple[Record, Section, Setting]]:
    for record in _records(project, "systemd"):
        for section in record.sections:
            for setting in section.settings:
                yield record, section, setting


# -- paths ---------------------------------------------------------------------------------------------------------------------------------------


def systemd_relative_path(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """Programs, WorkingDirectory and EnvironmentFile that are relative: fatal for the first two, ignored for the last."""
    del detector
    for _, section, setting in _settings(project):
        if section.name != "Service" or _PLACEHOLDER.search(setting.value):
            continue
        if setting.name.startswith("Exec"):
            for command in systemd.commands(setting):
                if "/" in command.words[0] and not command.words[0].startswith(("/", "%")):
                    message = f"{command.words[0]} is neither a plain name nor an absolute path: systemd does not start the unit"
                    yield _site(gotcha, Outcome.FAIL, message, setting.place)
                elif command.words[0].startswith("/"):
                    yield _site(gotcha, Outcome.PASS, "the program is named by its absolute path", setting.place)
        elif setting.name in ("WorkingDirectory", "EnvironmentFile"):
            value = setting.value.removeprefix("-")
            if not value or value.startswith(("/", "%")) or (value == "~" and setting.name == "WorkingDirectory"):
                continue
            effect = "systemd does not start the unit" if setting.name == "WorkingDirectory" else "systemd ignores the file"
            yield _site(gotcha, Outcome.FAIL, f"{setting.name} is no absolute path: {effect}", setting.place)


def supervisor_no_directory(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """A relative path in a program without `directory`: it starts from wherever supervisord was started.

    In a container, or where the file configures a supervisord of its own, that folder may be the right one.
    """
    local = _mentions(project, "supervisord")
    for record in _records(project, "supervisor"):
        own = any(section.name == "supervisord" for section in record.sections)
        for unit in record.units:
            words = unit.command.words if unit.command is not None else ()
            if not words or unit.command is None:
                continue
            relative = _relative(project, unit, words)
            if relative is None:
                continue
            if unit.folder and not ("/" in words[0] and relative == words[0]):
                yield _site(gotcha, Outcome.PASS, f"starts in {unit.folder}", unit.command.place)
            elif own or local:
                yield _site(gotcha, Outcome.REVIEW, f"{relative} is found only when supervisord starts in the right folder", unit.command.place)
            else:
                yield _site(gotcha, Outcome.FAIL, detector.message.replace("$PATH", relative), unit.command.place)


def systemd_no_working_directory(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """A relative path in a service without WorkingDirectory: systemd starts it in `/`."""
    for unit, words in _units(project, "systemd"):
        assert unit.command is not None
        relative = _relative(project, unit, words)
        if relative is None or relative == words[0]:
            continue  # a relative program is another entry's
        if unit.folder:
            yield _site(gotcha, Outcome.PASS, f"starts in {unit.folder}", unit.command.place)
        else:
            yield _site(gotcha, Outcome.FAIL, detector.message.replace("$PATH", relative), unit.command.place)


def _relative(project: Project, unit: Unit, words: tuple[str, ...]) -> str | None:
    """What in a command depends on the working directory: a relative program, a script, or a module of the project that is not installed."""
    first = words[0]
    if "/" in first and not first.startswith(("/", "%", "$", "~")):
        return first
    name = _name(first)
    if _INTERPRETERS.match(name):
        rest = words[1:]
        while rest and rest[0] in ("-u", "-O", "-B", "-OO", "--enable-source-maps"):
            rest = rest[1:]
        if rest and not rest[0].startswith(("-", "/", "%", "$", "~")) and re.search(r"\.(?:py|[cm]?js|ts|php|rb|pl)$", rest[0]):
            return rest[0]
        if rest[:1] == ("-m",) and rest[1:2] and rest[1] in _SERVERS:
            name, words = rest[1], rest[1:]
    if (
        name not in _SERVERS
        or any(word.startswith(_ELSEWHERE) for word in words)
        or any(variable.name == "PYTHONPATH" for variable in unit.variables)
    ):
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


def _mentions(project: Project, word: str) -> bool:
    """Whether a Dockerfile, a compose file or a script of the project speaks of ``word``."""
    return next(_lines(project, word), None) is not None


# -- processes that leave ------------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """What sends a server to the background, and whether it surely does: an image may bring a configuration that says otherwise."""

    part: str
    sure: bool = True


def daemonizing(project: Project, words: tuple[str, ...]) -> Leaving | None:
    """The part of a command that sends a known server to the background; None when it stays, or is not known."""
    name = _name(words[0])
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
    if "daemon off" in " ".join(words) or _mentions(project, "daemon off"):
        return None
    images = any(file.language == "dockerfile" for file in project.tree_files)
    own = any(file.language == "nginx" and "events {" in _text(project, file.path) for file in project.tree_files)
    return Leaving(part="nginx without `daemon off;`", sure=own or not images)


def supervisor_daemonizes(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """A program that goes to the background: supervisor takes that for its end."""
    for unit, words in _units(project, "supervisor"):
        assert unit.command is not None
        found = daemonizing(project, words)
        if found is not None:
            yield _left(gotcha, detector, found, unit.command.place)
        elif _name(words[0]) in _SERVERS | {"nginx"}:
            yield _site(gotcha, Outcome.PASS, "stays in the foreground", unit.command.place)


def systemd_daemonizes(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """A service that goes to the background without `Type=forking`: its first process is all that systemd waits for."""
    for record in _records(project, "systemd"):
        types = [section.get("Type") for section in record.sections if section.name == "Service" and section.get("Type")]
        for unit in record.units:
            if unit.command is None or not unit.command.words or unit.runs == "once":
                continue
            found = daemonizing(project, unit.command.words)
            if found is None:
                continue
            if types and types[-1] == "forking":
                yield _site(gotcha, Outcome.PASS, "systemd expects the process to fork", unit.command.place)
            else:
                yield _left(gotcha, detector, found, unit.command.place)


def _left(gotcha: Gotcha, detector: CheckDetector, found: Leaving, place: Place) -> Site:
    message = detector.message.replace("$PART", found.part)
    return _site(gotcha, Outcome.FAIL if found.sure else Outcome.REVIEW, message, place)


# -- processes that are left behind --------------------------------------------------------------------------------------------------------------

_MANAGERS = frozenset({"npm", "pnpm", "yarn"})
_LASTING = _SERVERS | {"nginx", "uwsgi", "waitress-serve"}
_STARTED = re.compile(r"^(?:.*/)?(?:app|index|main|run|server|start|www)(?:\.py|\.[cm]?js)?$")
_DEVELOPMENT = re.compile(r"\b(?:debug|dev|develop|development|nodemon|runserver|watch)\b")


def lasting(end: Ending) -> bool:
    """Whether a script waits, without `exec`, for a server that runs in production until it is told to stop."""
    if not end.words or _DEVELOPMENT.search(" ".join(end.words)):
        return False
    name, rest = _name(end.words[0]), end.words[1:]
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


def supervisor_orphans(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """A script between supervisor and the server: the signal to stop goes to the script alone."""
    for record in _records(project, "supervisor"):
        programs = {section.name.partition(":")[2]: section for section in record.sections if ":" in section.name}
        for unit in record.units:
            script = wrapped(project, unit.command.words) if unit.command is not None else None
            if script is None or unit.command is None or "trap " in script.text:
                continue
            ends = endings(script.text)
            last = next((end for end in ends if lasting(end)), None)
            stops = programs[unit.name].get("stopasgroup").lower() in ("true", "1", "yes", "on", "t", "y")
            if stops and ends:
                yield _site(gotcha, Outcome.PASS, "the whole group is told to stop", unit.command.place)
            elif last is not None and script.path is None:
                yield _site(gotcha, Outcome.REVIEW, "whether the shell replaces itself by the last command depends on the shell", unit.command.place)
            elif last is not None:
                related = Place(path=script.path, span=span_of(last.line), label="the script waits here")
                yield _site(gotcha, Outcome.FAIL, detector.message.replace("$SERVER", _name(last.words[0])), unit.command.place, related)
            elif any(end.words[:1] == ("exec",) for end in ends):
                yield _site(gotcha, Outcome.PASS, "the server takes the place of the script", unit.command.place)


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What a shell is given to run: the text of a file of the project, or of `-c`, which has no path."""

    text: str
    path: PurePosixPath | None = None


def wrapped(project: Project, words: tuple[str, ...]) -> Script | None:
    """The shell script that a command runs; None when it runs something else, or a script that the project does not have, or has twice."""
    shell = _name(words[0]) in SHELLS - {"su", "runuser"}
    rest = words[1:] if shell else words
    if shell and len(rest) > 1 and re.fullmatch(r"-[a-z]*c", rest[0]):
        return Script(text=rest[1])
    while shell and rest and re.fullmatch(r"-[a-z]+", rest[0]):
        rest = rest[1:]
    if not rest:
        return None
    name = _name(rest[0])
    found = [file.path for file in project.tree_files if file.path.name == name and file.language == "shell" and file.role == "production"]
    if len(found) > 1:  # the path as far as it is the same on both sides
        tail = PurePosixPath(rest[0]).parts
        found = [path for path in found if path.parts[-2:] == tail[-2:]]
    return Script(text=_text(project, found[0]), path=found[0]) if len(found) == 1 else None


def _text(project: Project, path: PurePosixPath) -> str:
    try:
        return project.text(path)
    except Unreadable:
        return ""


# -- keys in the wrong section -------------------------------------------------------------------------------------------------------------------

_UNIT = """
    After Before BindsTo Conflicts DefaultDependencies Description Documentation JoinsNamespaceOf OnFailure OnSuccess PartOf PropagatesReloadTo
    RefuseManualStart RefuseManualStop Requires RequiresMountsFor Requisite StartLimitIntervalSec StopWhenUnneeded Upholds Wants
"""
_SERVICE = """
    AmbientCapabilities CPUQuota CapabilityBoundingSet DynamicUser Environment EnvironmentFile ExecReload ExecStart ExecStartPost ExecStartPre
    ExecStop ExecStopPost Group KillMode KillSignal LimitCORE LimitMEMLOCK LimitNOFILE LimitNPROC LogsDirectory MemoryLimit MemoryMax Nice
    NoNewPrivileges NotifyAccess OOMScoreAdjust PIDFile PassEnvironment PrivateDevices PrivateTmp ProtectHome ProtectSystem ReadOnlyPaths
    ReadWritePaths RemainAfterExit Restart RestartPreventExitStatus RestartSec RestrictAddressFamilies RuntimeDirectory SendSIGKILL Slice
    StandardError StandardInput StandardOutput StateDirectory SuccessExitStatus SupplementaryGroups SyslogIdentifier TasksMax TimeoutSec
    TimeoutStartSec TimeoutStopSec Type UMask User WatchdogSec WorkingDirectory
"""
_INSTALL = "Alias Also DefaultInstance RequiredBy WantedBy"
_HOME = {key: section for section, keys in (("Unit", _UNIT), ("Service", _SERVICE), ("Install", _INSTALL)) for key in keys.split()}
"""Common keys that are known in one section of a service unit alone (`systemd --dump-configuration-items`)."""


def systemd_misplaced_key(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """A key in a section that does not know it: systemd says so in its log and goes on without it."""
    for record in _records(project, "systemd"):
        wrong = [
            (section, setting)
            for section in record.sections
            if section.name in ("Unit", "Service", "Install")
            for setting in section.settings
            if _HOME.get(setting.name, section.name) != section.name
        ]
        for section, setting in wrong:
            message = detector.message.replace("$KEY", setting.name).replace("$SECTION", section.name).replace("$HOME", _HOME[setting.name])
            yield _site(gotcha, Outcome.FAIL, message, setting.place)
        if record.sections and not wrong:
            yield _site(gotcha, Outcome.PASS, "each known key stands in its section", record.sections[0].place)


# -- values that are more than they look -----------------------------------------------------------------------------------------------------

_CALLERS = frozenset({"HOME", "LD_LIBRARY_PATH", "LOGNAME", "NODE_PATH", "PATH", "PWD", "PYTHONPATH", "USER"})
_REFERENCE = re.compile(r"\$\{?([A-Za-z_]\w*)\}?")
_COMMENTED = frozenset(
    {"EnvironmentFile", "Group", "KillMode", "LimitNOFILE", "Restart", "RestartSec", "TimeoutStartSec", "TimeoutStopSec", "Type", "User"}
    | {"WorkingDirectory"}
)


def variable_in_environment(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """`$PATH` and its like in the value of a variable, by the kind of file that the options name: neither program expands it.

    A dollar sign in a password is no reference: only names that surely are variables count.
    """
    for record in _records(project, str(detector.options["kind"])):
        seen: set[tuple[str, int]] = set()
        for unit in record.units:
            own = {variable.name for variable in unit.variables}
            for variable in unit.variables:
                key = (variable.name, variable.place.line)
                named = [name for name in _REFERENCE.findall(variable.value or "") if name in _CALLERS | own]
                if not named or key in seen:
                    continue
                seen.add(key)
                yield _site(gotcha, Outcome.FAIL, detector.message.replace("$NAME", variable.name).replace("$WORD", f"${named[0]}"), variable.place)


def systemd_comment_after_value(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """A comment behind a value: systemd knows comments as lines of their own alone."""
    for _, _, setting in _settings(project):
        behind = re.search(r"\s#", setting.value) is not None if setting.name in _COMMENTED else False
        if setting.name.startswith("Exec"):
            behind = any(written.startswith("#") for _, written in systemd.split(setting.value))
        if behind:
            yield _site(gotcha, Outcome.FAIL, detector.message.replace("$KEY", setting.name), setting.place)
