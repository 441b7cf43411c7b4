"""Programs of supervisor."""

from __future__ import annotations

import re
from collections.abc import Iterable

from auditor.checks.processes import (
    SERVERS,
    SHELLS,
    SINGLE_QUOTED,
    daemonizing,
    judged_shell,
    lasting,
    left,
    mentions,
    name_of,
    records,
    relative_path,
    shell_word,
    site,
    started,
    wrapped,
)
from auditor.model import CheckDetector, Gotcha, Outcome, Place, Site, span_of
from auditor.project.facts.endings import endings
from auditor.project.project import Project

_VARIABLE = re.compile(r"\$(?:[A-Za-z_]|\{)")
_CODE_OPTIONS = frozenset({"-c", "-e", "-r", "-x", "--eval", "-lc", "-ic"})
_FORMAT = re.compile(r"%%|%\(\w+\)[#0 +-]*\d*(?:\.\d+)?[sdiouxXeEfFgGcra]|(?P<bare>%[#0 +-]*\d*(?:\.\d+)?(?P<kind>.?))", re.DOTALL)


def percent_in_environment(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """`environment=` and `command=` go through Python's `%` formatting, with a dictionary on the right."""
    del detector
    for record in records(project, "supervisor"):
        for section in record.sections:
            for setting in section.settings:
                if setting.name not in ("environment", "command") or "%" not in setting.value:
                    continue
                bare = next((found for found in _FORMAT.finditer(setting.value) if found["bare"]), None)
                if bare is None:
                    yield site(gotcha, Outcome.PASS, "each percent sign is doubled or begins an expansion", setting.place)
                elif bare["kind"] in ("s", "r", "a"):
                    message = (
                        f"`{bare['bare']}` is replaced by all that supervisor can expand, every variable of its environment among it; write `%%`"
                    )
                    yield site(gotcha, Outcome.FAIL, message, setting.place)
                else:
                    yield site(gotcha, Outcome.FAIL, f"`{bare['bare'].strip()}` is no format: supervisord does not start; write `%%`", setting.place)


def shell_syntax_in_command(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """`command=` with what only a shell understands: supervisor splits it into words and executes the first."""
    for unit, words in started(project, "supervisor"):
        assert unit.command is not None
        found = shell_word(words)
        if found is None and not any(name_of(word) in SHELLS for word in words):
            literal = SINGLE_QUOTED.sub("", unit.command.text)
            code = {words[at + 1] for at, word in enumerate(words[:-1]) if word in _CODE_OPTIONS}
            found = next((word for word in words if _VARIABLE.search(word) and word not in code and word in literal), None)
        yield from judged_shell(gotcha, detector, unit, words, found)


def no_directory(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """A relative path in a program without `directory`: it starts from wherever supervisord was started.

    In a container, or where the file configures a supervisord of its own, that folder may be the right one.
    """
    local = mentions(project, "supervisord")
    for record in records(project, "supervisor"):
        own = any(section.name == "supervisord" for section in record.sections)
        for unit in record.units:
            words = unit.command.words if unit.command is not None else ()
            if not words or unit.command is None:
                continue
            relative = relative_path(project, unit, words)
            if relative is None:
                continue
            if unit.folder and not ("/" in words[0] and relative == words[0]):
                yield site(gotcha, Outcome.PASS, f"starts in {unit.folder}", unit.command.place)
            elif own or local:
                yield site(gotcha, Outcome.REVIEW, f"{relative} is found only when supervisord starts in the right folder", unit.command.place)
            else:
                yield site(gotcha, Outcome.FAIL, detector.message.replace("$PATH", relative), unit.command.place)


def daemonizes(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """A program that goes to the background: supervisor takes that for its end."""
    for unit, words in started(project, "supervisor"):
        assert unit.command is not None
        found = daemonizing(project, words)
        if found is not None:
            yield left(gotcha, detector, found, unit.command.place)
        elif name_of(words[0]) in SERVERS | {"nginx"}:
            yield site(gotcha, Outcome.PASS, "stays in the foreground", unit.command.place)


def orphaned_children(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """A script between supervisor and the server: the signal to stop goes to the script alone."""
    for record in records(project, "supervisor"):
        programs = {section.name.partition(":")[2]: section for section in record.sections if ":" in section.name}
        for unit in record.units:
            script = wrapped(project, unit.command.words) if unit.command is not None else None
            if script is None or unit.command is None or "trap " in script.text:
                continue
            ends = endings(script.text)
            last = next((end for end in ends if lasting(end)), None)
            stops = programs[unit.name].get("stopasgroup").lower() in ("true", "1", "yes", "on", "t", "y")
            if stops and ends:
                yield site(gotcha, Outcome.PASS, "the whole group is told to stop", unit.command.place)
            elif last is not None and script.path is None:
                yield site(gotcha, Outcome.REVIEW, "whether the shell replaces itself by the last command depends on the shell", unit.command.place)
            elif last is not None:
                related = Place(path=script.path, span=span_of(last.line), label="the script waits here")
                yield site(gotcha, Outcome.FAIL, detector.message.replace("$SERVER", name_of(last.words[0])), unit.command.place, related)
            elif any(end.words[:1] == ("exec",) for end in ends):
                yield site(gotcha, Outcome.PASS, "the server takes the place of the script", unit.command.place)
