"""How gunicorn is configured where it starts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from auditor.checks.processes import daemonizing
from auditor.model import CheckDetector, Gotcha, Outcome, Place, Site
from auditor.project.facts.launch import Launch
from auditor.project.facts.names import kind_of
from auditor.project.facts.record import Record
from auditor.project.files import SourceFile
from auditor.project.project import Project
from auditor.project.text import Unreadable

_OWN_NAME = "gunicorn.conf.py"
_SETTINGS = {
    "accesslog": ("--access-logfile",),
    "bind": ("--bind", "-b"),
    "errorlog": ("--error-logfile", "--log-file"),
    "graceful_timeout": ("--graceful-timeout",),
    "keepalive": ("--keep-alive",),
    "loglevel": ("--log-level",),
    "max_requests": ("--max-requests",),
    "max_requests_jitter": ("--max-requests-jitter",),
    "post_fork": (),
    "preload_app": ("--preload",),
    "threads": ("--threads",),
    "timeout": ("--timeout", "-t"),
    "worker_class": ("--worker-class", "-k"),
    "worker_connections": ("--worker-connections",),
    "worker_tmp_dir": ("--worker-tmp-dir",),
    "workers": ("--workers", "-w"),
}
"""Common settings, and the options that say the same."""


def _configurations(project: Project) -> Iterator[tuple[SourceFile, Record]]:
    for file in project.list("python"):
        record = project.facts.record(file.path) if kind_of(file.path, file.language) == "gunicorn" else None
        if record is not None and any(setting.name in _SETTINGS for section in record.sections for setting in section.settings):
            yield file, record


def _text(project: Project, file: SourceFile) -> str:
    try:
        return project.text(file.path)
    except Unreadable:
        return ""


def _starts(project: Project) -> list[Launch]:
    return [launch for launch in project.facts.launches if launch.words[0].rpartition("/")[2] == "gunicorn"]


def _names_one(launch: Launch) -> bool:
    return any(word in ("-c", "--config") or re.match(r"^(?:-c.|--config=)", word) for word in launch.words)


def config_ignored(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """A configuration that no start command names, and that lies where gunicorn does not look: it takes `./gunicorn.conf.py` alone."""
    starts = _starts(project)
    if not starts:
        return
    for file, record in _configurations(project):
        where = Place(path=file.path, label="the configuration")
        named = any(
            file.path.name in _text(project, other) for other in project.tree_files if other.path != file.path and other.language != "markdown"
        )
        found = file.path.name == _OWN_NAME and any(base == file.path.parent for launch in starts for base in launch.bases)
        for launch in starts:
            if named or found:
                yield _site(gotcha, Outcome.PASS, f"{file.path.name} is read", launch, where)
            elif not _lost(record, launch):
                yield _site(gotcha, Outcome.PASS, "the command says all that the configuration does", launch, where)
            elif _names_one(launch) or _unsure(project, launch, file):
                yield _site(gotcha, Outcome.REVIEW, f"whether {file.path} is read cannot be told", launch, where)
            else:
                yield _site(gotcha, Outcome.FAIL, detector.message.replace("$FILE", str(file.path)), launch, where)


def _lost(record: Record, launch: Launch) -> bool:
    """Whether a configuration says anything that the command does not say too."""
    names = {setting.name for section in record.sections for setting in section.settings} & set(_SETTINGS)
    given = {word.partition("=")[0] for word in launch.words} | {word[:2] for word in launch.words}
    return any(not set(_SETTINGS[name]) & given for name in names)


def _unsure(project: Project, launch: Launch, config: SourceFile) -> bool:
    """Whether gunicorn may start beside the configuration after all, or take its options from the environment."""
    assert launch.place.path is not None
    try:
        text = project.text(launch.place.path)
    except Unreadable:
        return True
    if "GUNICORN_CMD_ARGS" in text:
        return True
    if config.path.name != _OWN_NAME:
        return False  # that name is never looked for
    folder = config.path.parent.name
    moved = re.search(rf"\b{re.escape(folder)}\b", text) is not None if folder else launch.place.path.parent != config.path.parent
    file = project.file(launch.place.path)
    return moved and (file is None or file.language != "procfile" or re.search(r"\bcd\s", text) is not None)


def daemon_in_container(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """Gunicorn goes to the background in a container, which ends with its first process."""
    for launch in _starts(project):
        file = project.file(launch.place.path) if launch.place.path is not None else None
        if file is None or file.language not in ("dockerfile", "yaml"):
            continue
        option = daemonizing(project, launch.words)
        setting = next(
            (
                Place(path=config.path, span=setting.place.span, label="set here")
                for config, record in _configurations(project)
                for setting in record.sections[0].settings
                if (setting.name, setting.value) == ("daemon", "True") and _reads(launch, config)
            ),
            None,
        )
        if option is not None:
            yield _site(gotcha, Outcome.FAIL, detector.message.replace("$PART", option.part), launch)
        elif setting is not None:
            yield _site(gotcha, Outcome.FAIL, detector.message.replace("$PART", "daemon = True"), launch, setting)
        else:
            yield _site(gotcha, Outcome.PASS, "stays in the foreground", launch)


def _reads(launch: Launch, config: SourceFile) -> bool:
    """Whether a start command names a configuration, or finds it where it starts."""
    if _names_one(launch):
        return any(word.removeprefix("--config=").rpartition("/")[2] == config.path.name for word in launch.words)
    return config.path.name == _OWN_NAME and config.path.parent in launch.bases


def _site(gotcha: Gotcha, outcome: Outcome, message: str, launch: Launch, *related: Place) -> Site:
    return Site(gotcha=gotcha.id, outcome=outcome, message=message, place=launch.place, related=(*launch.trail, *related), scope=launch.place.span)
