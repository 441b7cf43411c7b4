"""Procfiles: one unit a line (https://devcenter.heroku.com/articles/procfile)."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from auditor.model import Place, span_of
from auditor.project.facts.files.commands import shell
from auditor.project.facts.record import Record
from auditor.project.facts.unit import Unit

_LINE = re.compile(r"^([A-Za-z0-9_-]+):\s*(\S.*)$")


def extract(path: PurePosixPath, text: str) -> Record:
    """The process types of a Procfile; `release` runs once before each deployment. The platform gives variables that no file names."""
    units = []
    for number, line in enumerate(text.split("\n"), 1):
        found = _LINE.match(line.rstrip())
        if found is not None:
            place = Place(path=path, span=span_of(number))
            name = found.group(1)
            command = shell(found.group(2), place)
            units.append(Unit(kind="procfile", name=name, place=place, command=command, opens=True, runs="once" if name == "release" else "service"))
    return Record(units=tuple(units))
