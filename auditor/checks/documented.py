"""Environment variables that the code reads and nobody knows of, or nobody gives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import PurePosixPath

from auditor.model import CheckDetector, Gotcha, Outcome, Severity, Site
from auditor.project.facts.environment import is_set_by_others
from auditor.project.facts.launch import Launch
from auditor.project.facts.reached import reached, settings_module, started
from auditor.project.facts.record import Read
from auditor.project.project import Project


def _first_reads(project: Project) -> Iterator[Read]:
    """The first read in each file of every variable that the code does not do without."""
    seen: set[tuple[PurePosixPath | None, str]] = set()
    for read in project.facts.environment.reads:
        if (read.place.path, read.name) not in seen and not read.defaulted and not is_set_by_others(read.name):
            seen.add((read.place.path, read.name))
            yield read


def undocumented(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """The first read in each file of every variable that has no default and that no document, example or deployment file names."""
    for read in _first_reads(project):
        assert read.place.path is not None
        where = project.facts.environment.mention(read.name, project.facts.scopes.of(read.place.path))
        # Without a required variable nothing starts; without another one a part of the program is missing.
        yield Site(
            gotcha=gotcha.id,
            outcome=Outcome.FAIL if where is None else Outcome.PASS,
            message=detector.message.replace("$NAME", read.name) if where is None else "is documented",
            place=read.place,
            related=() if where is None else (where,),
            severity=Severity.WARNING if read.required else Severity.NOTE,
            scope=read.place.span,
        )


def not_provided(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """A read that stops without its variable, in code that a launch runs which is given others and not this one."""
    for launch in project.facts.launches:
        files = _run_by(project, launch)
        given = {variable.name for variable in launch.variables if variable.when == "run"}
        for read in _first_reads(project):
            if read.place.path is None or read.place.path not in files or not read.required or read.guard:
                continue
            found = Site(gotcha=gotcha.id, outcome=Outcome.PASS, message="", place=read.place, related=(launch.place,), scope=read.place.span)
            message = detector.message.replace("$NAME", read.name).replace("$UNIT", f"{launch.kind} {launch.name}".strip())
            if read.name in given or (read.declared and read.name.lower() in {name.lower() for name in given}):
                yield replace(found, message=f"{launch.kind} gives it to {launch.name}")
            elif launch.opens or not given:
                continue  # who starts it may give more than the files say
            elif file := project.facts.environment.loads_file(project.facts.scopes.of(read.place.path)):
                related = (launch.place, file)
                yield replace(
                    found, outcome=Outcome.REVIEW, message=f"{message}, unless it loads a file that has it", related=related, severity=Severity.NOTE
                )
            else:
                yield replace(found, outcome=Outcome.FAIL, message=message)


def _run_by(project: Project, launch: Launch) -> frozenset[PurePosixPath]:
    """The Python files that a launch surely runs: what it starts, with all imports, and the Django settings it names."""
    start = started(project, launch)
    if start is None:
        return frozenset()
    settings = settings_module(project, start)
    return reached(project, start) | (reached(project, settings) if settings is not None else frozenset())
