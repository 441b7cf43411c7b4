"""One catalogue entry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from auditor.model.detector import Detector
from auditor.model.words import Confidence, Safety, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """A package the stack must hold, with a PEP 440 range ("" for any version)."""

    package: str
    versions: str = ""

    def __str__(self) -> str:
        return f"{self.package}{self.versions}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """Files of a Fails or Works section, marks stripped, and the marked lines."""

    files: Mapping[PurePosixPath, str]
    marks: frozenset[tuple[PurePosixPath, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class FixSpec:
    """A codemod by name, and whether it may be applied unasked."""

    codemod: str
    safety: Safety


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofSpec:
    """How to run the examples, kept as written; or why they cannot be run."""

    plan: Mapping[str, object]
    unprovable: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gotcha:
    """A mistake, why it bites, how it looks (FAILS), what to write (WORKS), and how it is recognised.

    ``origin`` is the file it was read from, for messages; ``digest`` identifies its text. ``applies`` is any-of.
    """

    id: str
    title: str
    severity: Severity
    confidence: Confidence
    category: str
    stack: str
    applies: tuple[Requirement, ...]
    since: str
    symptoms: tuple[Mapping[str, object], ...]
    summary: str
    why: str
    fine_when: str
    fails: Example
    works: Example
    detectors: tuple[Detector, ...]
    fix: FixSpec | None
    proof: ProofSpec
    sources: tuple[str, ...]
    aliases: tuple[str, ...]
    digest: str
    origin: str
    fails_text: str = ""
    works_text: str = ""
