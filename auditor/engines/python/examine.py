"""One file: parse, gates, patterns, verdicts. Runs inside a worker, never raises for a bad file."""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from auditor.engines.base import Trouble
from auditor.engines.python.aliases import Aliases
from auditor.engines.python.detectors import Prepared
from auditor.engines.python.gate import Held, admits, confirms
from auditor.engines.python.matching import Matcher
from auditor.model import Gotcha, Outcome, Place, Site, span_of
from auditor.project.project import Project
from auditor.project.python.evaluate import Evaluator
from auditor.project.python.module import Module, parse
from auditor.project.text import Unreadable


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What one file gave. ``stage`` is how far it went: text, ast or patterns."""

    path: PurePosixPath
    sites: tuple[Site, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    stage: str = "text"


class Examiner:
    """Examines files of one project with prepared detectors."""

    def __init__(self, project: Project, prepared: tuple[Prepared, ...], aliases: Aliases) -> None:
        self.project = project
        self.prepared = prepared
        self.aliases = aliases
        self.evaluator: Evaluator = project.python

    def examine(self, path: PurePosixPath) -> Examined:
        """Every site of every detector in one file."""
        try:
            text = self.project.text(path)
        except Unreadable as error:
            return Examined(path=path, troubles=(Trouble(check="scan/unreadable", place=Place(path=path), message=str(error)),))
        try:
            tree, text = parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            return Examined(path=path, troubles=(_syntax_trouble(path, error),))
        try:
            return self._sites(path, text, tree)
        except RecursionError:
            message = "is nested too deeply to be examined; split the expression"
            return Examined(path=path, troubles=(Trouble(check="scan/syntax", place=Place(path=path), message=message),))

    def _sites(self, path: PurePosixPath, text: str, tree: ast.Module) -> Examined:
        held = Held(text)
        admitted = [
            (prepared, gates)
            for prepared in self.prepared
            if (gates := [gate for gate in prepared.gates if admits(gate, held, self.aliases)]) and self._at_hand(prepared.gotcha, path)
        ]
        if not admitted:
            return Examined(path=path, stage="ast")
        module = Module(path, text, tree)
        self.evaluator.world.adopt(module)
        confirmed = [
            (prepared, kept)
            for prepared, gates in admitted
            if (kept := [gate for gate in gates if confirms(gate, module, self.evaluator, self.aliases)])
        ]
        if not confirmed:
            return Examined(path=path, stage="ast")
        matcher = Matcher(self.evaluator, module, self.aliases)
        found: dict[tuple[str, object], Site] = {}
        for prepared, gates in confirmed:
            for site in matcher.sites(self.project, prepared, gates):
                key = (site.gotcha, site.place.span)
                known = found.get(key)
                if known is None or _rank(site.outcome) > _rank(known.outcome):
                    found[key] = site
        return Examined(path=path, sites=tuple(found.values()), stage="patterns")

    def _at_hand(self, gotcha: Gotcha, path: PurePosixPath) -> bool:
        """Whether what holds for the file is of a version the entry is about; a package that is not declared there may be all the same."""
        names = {requirement.package.lower() for requirement in gotcha.applies}
        return not names & self.project.packages(path).keys() or self.project.meets(gotcha.applies, path)


def _rank(outcome: Outcome) -> int:
    return (Outcome.SKIP, Outcome.PASS, Outcome.REVIEW, Outcome.ERROR, Outcome.FAIL).index(outcome)


def _syntax_trouble(path: PurePosixPath, error: BaseException) -> Trouble:
    place = Place(path=path)
    if isinstance(error, SyntaxError):
        line = error.lineno or 1
        place = replace(place, span=span_of(line, max(error.offset or 1, 1)))
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        message = (
            f"is not valid Python {version} here: {error.msg}; exclude it if it is Python 2 or a template, or run gotcha-audit with a newer Python"
        )
    elif isinstance(error, ValueError):
        message = f"cannot be parsed: {error}"
    else:
        message = "is nested too deeply to be parsed; split the expression or exclude the file"
    return Trouble(check="scan/syntax", place=place, message=message)
