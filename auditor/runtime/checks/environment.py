"""``env-missing``: each required variable taken away, which must stop the start with a message that names it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from auditor.model import Severity
from auditor.runtime.checks.started import tail
from auditor.runtime.ready import wait_until_ready
from auditor.runtime.scene import Scene
from auditor.runtime.seen import Seen, Sign, failed, passed, skipped
from auditor.runtime.target import Variable

_MOST = 20
_DOTENVS = (".env", ".env.local", ".env.production", ".env.production.local")


def env_missing(scene: Scene) -> Iterable[Seen]:
    """Start without each required variable in turn, then without any of them."""
    given = [variable for variable in scene.target.required if variable.name in scene.application.environment]
    if not scene.target.required:
        yield skipped("variables", "no variable of the environment is required")
        return
    removable = []
    for variable in given:
        if (file := _supplied(scene, variable.name)) is not None:
            yield skipped(variable.name, f"cannot be taken away: the application may read it from {file} itself")
        else:
            removable.append(variable)
    if not given:
        yield skipped("variables", f"none of the required variables is given ({', '.join(variable.name for variable in scene.target.required)})")
    for variable in removable[:_MOST]:
        yield _without(scene, [variable])
    if len(removable) > _MOST:
        yield skipped("variables", f"{len(removable) - _MOST} more required variables were not taken away one by one")
    if len(removable) > 1:
        yield _without(scene, removable)


def _without(scene: Scene, variables: Sequence[Variable]) -> Seen:
    names = [variable.name for variable in variables]
    subject = f"without {names[0]}" if len(names) == 1 else "without any of them"
    expected = "it stops, and what it prints names the variable"
    with scene.again(remove=names) as application:
        readiness = wait_until_ready(application, scene.target.start.ready)
        application.drain() if readiness.state == "died" else None
        lines = application.lines
        named = [name for name in names if any(_names(line.text, name) for line in lines)]
        signs = tuple(Sign(kind="check", text=name) for name in names)
        place = variables[0].place if len(names) == 1 else None
        if readiness.state == "ready":
            return failed(
                subject,
                f"it starts without {_listed(names)}: what needs it breaks later, in front of a visitor",
                expected=expected,
                observed=f"listens after {readiness.seconds:.1f} s",
                evidence=tail(lines, 10),
                signs=signs,
                severity=Severity.WARNING,
                place=place,
            )
        if readiness.state != "died":
            return failed(
                subject,
                f"without {_listed(names)} it neither starts nor stops within {readiness.seconds:.1f} s",
                expected=expected,
                observed=readiness.missing,
                evidence=tail(lines, 10),
                signs=signs,
                severity=Severity.WARNING,
                place=place,
            )
        if not named:
            return failed(
                subject,
                f"without {_listed(names)} it stops, and nothing it prints names the variable",
                expected=expected,
                observed=f"exit code {application.code}",
                evidence=tail(lines),
                signs=signs,
                severity=Severity.WARNING,
                place=place,
            )
    return passed(
        subject, f"stops with code {application.code} and names {_listed(named)}", expected=expected, observed=f"exit code {application.code}"
    )


def _names(line: str, name: str) -> bool:
    """Whether a line says the name; settings classes write it in small letters."""
    return re.search(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", line, re.IGNORECASE) is not None


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _supplied(scene: Scene, name: str) -> str | None:
    """The variables file in the folder of the application that would give the variable back."""
    folders = dict.fromkeys((scene.application.folder, scene.root))
    for file in (folder / dotenv for folder in folders for dotenv in _DOTENVS):
        if name in _defined(file.read_bytes()[:200_000].decode("utf-8", "replace") if file.is_file() else ""):
            return file.name
    return None


def _defined(text: str) -> Iterator[str]:
    return (found.group(1) for line in text.splitlines() if (found := re.match(r"\s*(?:export\s+)?(\w+)\s*=", line)))
