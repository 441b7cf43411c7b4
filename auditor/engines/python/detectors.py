"""Python detectors made ready: gates at once, patterns when a file is confirmed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from auditor.engines.python.classes import known_class
from auditor.engines.python.gate import Gate, gate_of
from auditor.engines.python.pattern import Pattern, compile_pattern
from auditor.errors import CatalogueError
from auditor.model import Gotcha, PythonDetector


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """One detector of one entry with the gates of its patterns."""

    gotcha: Gotcha
    detector: PythonDetector
    gates: tuple[Gate, ...]

    @cached_property
    def patterns(self) -> tuple[Pattern, ...]:
        """The compiled patterns of the subject."""
        return _compile(self.detector.patterns)

    @cached_property
    def without(self) -> tuple[Pattern, ...]:
        """The compiled `not` patterns."""
        return _compile(self.detector.without)

    @cached_property
    def inside(self) -> tuple[Pattern, ...]:
        """The compiled `inside` patterns."""
        return _compile(self.detector.inside)

    @cached_property
    def not_inside(self) -> tuple[Pattern, ...]:
        """The compiled `not-inside` patterns."""
        return _compile(self.detector.not_inside)


def _compile(sources: tuple[str, ...]) -> tuple[Pattern, ...]:
    return tuple(compile_pattern(source) for source in sources)


def prepare(gotchas: tuple[Gotcha, ...]) -> tuple[Prepared, ...]:
    """Every Python detector of the entries; raises CatalogueError naming the entry of a bad pattern or an unknown value class."""
    found: list[Prepared] = []
    for gotcha in gotchas:
        for detector in gotcha.detectors:
            if not isinstance(detector, PythonDetector):
                continue
            for one in (detector.where, *detector.fails, *detector.works, *detector.review):
                for key, names in one.items():
                    for name in names:
                        if not known_class(name):
                            raise CatalogueError(
                                f"{gotcha.origin}: {key}: {name!r} is no value class; see `gotcha-audit catalogue check` and CONTRIBUTING.md"
                            )
            try:
                gates = tuple(gate_of(source, detector.where) for source in detector.patterns)
            except CatalogueError as error:
                raise CatalogueError(f"{gotcha.origin}: {error}") from error
            found.append(Prepared(gotcha=gotcha, detector=detector, gates=gates))
    return tuple(found)
