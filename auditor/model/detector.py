"""How an entry is recognised: four kinds of detector, and no more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Clause = Mapping[str, tuple[str, ...]]
"""Metavariable (``$DIR``) or keyword argument (``origins=``) -> the value classes of which one must hold; all keys must hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonDetector:
    """Semgrep-syntax patterns matched on the syntax tree, decided by value classes.

    A site fails when a ``fails`` clause holds, else passes when a ``works`` clause holds, else is under review when a
    ``review`` clause holds. With no ``fails`` at all every match fails unless ``works`` or ``review`` says otherwise.
    """

    patterns: tuple[str, ...]
    without: tuple[str, ...] = ()
    inside: tuple[str, ...] = ()
    not_inside: tuple[str, ...] = ()
    where: Clause = field(default_factory=dict)
    fails: tuple[Clause, ...] = ()
    works: tuple[Clause, ...] = ()
    review: tuple[Clause, ...] = ()
    check: str | None = None
    options: Mapping[str, object] = field(default_factory=dict)
    message: str = ""
    suggest: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SemgrepDetector:
    """A raw semgrep rule body for FAILS, optionally one for WORKS; ``check`` names a function that judges each site."""

    languages: tuple[str, ...]
    fails: Mapping[str, object]
    works: Mapping[str, object] | None = None
    paths: tuple[str, ...] = ()
    check: str | None = None
    options: Mapping[str, object] = field(default_factory=dict)
    message: str = ""
    suggest: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TextDetector:
    """A regular expression over the lines of the files that match ``paths`` (gitignore-style globs)."""

    paths: tuple[str, ...]
    fails: str
    works: str | None = None
    check: str | None = None
    options: Mapping[str, object] = field(default_factory=dict)
    message: str = ""
    suggest: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckDetector:
    """A named cross-file check with its options."""

    check: str
    options: Mapping[str, object] = field(default_factory=dict)
    message: str = ""
    suggest: Mapping[str, str] = field(default_factory=dict)


Detector = PythonDetector | SemgrepDetector | TextDetector | CheckDetector
