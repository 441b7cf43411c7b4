"""Service units of systemd."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from auditor.checks import processes
from auditor.checks.processes import (
    SHELLS,
    SINGLE_QUOTED,
    daemonizing,
    judged_shell,
    left,
    name_of,
    records,
    shell_word,
    site,
    started,
)
from auditor.model import CheckDetector, Gotcha, Outcome, Site
from auditor.project.facts.files import systemd
from auditor.project.facts.record import Record, Section, Setting
from auditor.project.project import Project

_SUBSTITUTION = re.compile(r"\$\([A-Za-z]|`[^`]+`")
_PLACEHOLDER = re.compile(r"[<>]|\b(?:your|path[_-]?to|to[_-]path)\b|\byour_|^[-@:+!]*(?-i:[A-Z][A-Z_]*)/", re.IGNORECASE)
_URL_ESCAPE = re.compile(r"://[^\s\"']*%[0-9A-Fa-f]{2}")
_DATE = re.compile(r"\+[^\s]*(?<!%)(?:%%)*%[YmdHMSFTjsy]")
_COMMENTED = frozenset(
    {"EnvironmentFile", "Group", "KillMode", "LimitNOFILE", "Restart", "RestartSec", "TimeoutStartSec", "TimeoutStopSec", "Type", "User"}
    | {"WorkingDirectory"}
)
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


def _settings(project: Project) -> Iterator[tuple[Record, Section, Setting]]:
    for record in records(project, "systemd"):
        for section in record.sections:
            for setting in section.settings:
                yield record, section, setting


def relative_path(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """Programs, WorkingDirectory and EnvironmentFile that are relative: fatal for the first two, ignored for the last."""
    del detector
    for _, section, setting in _settings(project):
        if section.name != "Service" or _PLACEHOLDER.search(setting.value):
            continue
        if setting.name.startswith("Exec"):
            for command in systemd.commands(setting):
                if "/" in command.words[0] and not command.words[0].startswith(("/", "%")):
                    message = f"{command.words[0]} is neither a plain name nor an absolute path: systemd does not start the unit"
                    yield site(gotcha, Outcome.FAIL, message, setting.place)
                elif command.words[0].startswith("/"):
                    yield site(gotcha, Outcome.PASS, "the program is named by its absolute path", setting.place)
        elif setting.name in ("WorkingDirectory", "EnvironmentFile"):
            value = setting.value.removeprefix("-")
            if not value or value.startswith(("/", "%")) or (value == "~" and setting.name == "WorkingDirectory"):
                continue
            effect = "systemd does not start the unit" if setting.name == "WorkingDirectory" else "systemd ignores the file"
            yield site(gotcha, Outcome.FAIL, f"{setting.name} is no absolute path: {effect}", setting.place)


def no_working_directory(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """A relative path in a service without WorkingDirectory: systemd starts it in `/`."""
    for unit, words in started(project, "systemd"):
        assert unit.command is not None
        relative = processes.relative_path(project, unit, words)
        if relative is None or relative == words[0]:
            continue  # a relative program is another entry's
        if unit.folder:
            yield site(gotcha, Outcome.PASS, f"starts in {unit.folder}", unit.command.place)
        else:
            yield site(gotcha, Outcome.FAIL, detector.message.replace("$PATH", relative), unit.command.place)


def unescaped_percent(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """A `%` in Environment or an Exec line begins a specifier: an unknown one drops the assignment, or the whole unit."""
    del detector
    for _, _, setting in _settings(project):
        executes = setting.name.startswith("Exec")
        if (setting.name != "Environment" and not executes) or "%" not in setting.value:
            continue
        unknown = next((found for found in re.findall(r"%(.?)", setting.value) if found.isalnum() and found not in systemd.SPECIFIERS), None)
        if unknown is not None:
            effect = "the unit is not started" if executes else "systemd ignores the assignment"
            yield site(gotcha, Outcome.FAIL, f"`%{unknown}` is no specifier: {effect}; write `%%`", setting.place)
        elif _URL_ESCAPE.search(setting.value.replace("%%", "")):
            yield site(gotcha, Outcome.FAIL, "the escape in the address begins a specifier, which systemd replaces; write `%%`", setting.place)
        elif executes and re.search(r"\bdate\b", setting.value) and _DATE.search(setting.value):
            yield site(gotcha, Outcome.FAIL, "systemd replaces the letters of the date format by its own specifiers; write `%%`", setting.place)
        else:
            yield site(gotcha, Outcome.PASS, "each percent sign is doubled or begins a specifier", setting.place)


def shell_syntax_in_command(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """Exec lines with what only a shell understands; systemd itself expands `$NAME`."""
    for unit, words in started(project, "systemd"):
        assert unit.command is not None
        found = shell_word(words)
        if found is None and not any(name_of(word) in SHELLS for word in words):
            found = next((part.group() for part in [_SUBSTITUTION.search(SINGLE_QUOTED.sub("", unit.command.text))] if part), None)
        yield from judged_shell(gotcha, detector, unit, words, found)


def comment_after_value(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """A comment behind a value: systemd knows comments as lines of their own alone."""
    for _, _, setting in _settings(project):
        behind = re.search(r"\s#", setting.value) is not None if setting.name in _COMMENTED else False
        if setting.name.startswith("Exec"):
            behind = any(written.startswith("#") for _, written in systemd.split(setting.value))
        if behind:
            yield site(gotcha, Outcome.FAIL, detector.message.replace("$KEY", setting.name), setting.place)


def misplaced_key(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """A key in a section that does not know it: systemd says so in its log and goes on without it."""
    for record in records(project, "systemd"):
        wrong = [
            (section, setting)
            for section in record.sections
            if section.name in ("Unit", "Service", "Install")
            for setting in section.settings
            if _HOME.get(setting.name, section.name) != section.name
        ]
        for section, setting in wrong:
            message = detector.message.replace("$KEY", setting.name).replace("$SECTION", section.name).replace("$HOME", _HOME[setting.name])
            yield site(gotcha, Outcome.FAIL, message, setting.place)
        if record.sections and not wrong:
            yield site(gotcha, Outcome.PASS, "each known key stands in its section", record.sections[0].place)


def daemonizes(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """A service that goes to the background without `Type=forking`: its first process is all that systemd waits for."""
    for record in records(project, "systemd"):
        types = [section.get("Type") for section in record.sections if section.name == "Service" and section.get("Type")]
        for unit in record.units:
            if unit.command is None or not unit.command.words or unit.runs == "once":
                continue
            found = daemonizing(project, unit.command.words)
            if found is None:
                continue
            if types and types[-1] == "forking":
                yield site(gotcha, Outcome.PASS, "systemd expects the process to fork", unit.command.place)
            else:
                yield left(gotcha, detector, found, unit.command.place)
