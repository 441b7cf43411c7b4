"""What a check saw: the line it becomes in a report, and the signs by which its cause is looked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from auditor.model import Evidence, Outcome, Place, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """How production shows a mistake, in the words of `symptoms` in the catalogue.

    ``kind`` `http`: a request of the sort ``on`` (`page`, `asset`, `api`) was answered ``status``. `log` and `console`: ``text`` was printed there.
    `header`: the header ``on`` had the value ``text``. `check`: the check itself, for what its outcome alone decides; ``text`` narrows it down (the
    name of a variable).
    """

    kind: Literal["http", "log", "console", "header", "check"]
    status: int = 0
    on: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One observation. ``subject`` is what was looked at (`GET /`, a variable), ``expected`` and ``observed`` one line each.

    ``message`` says all of it in a sentence. ``place`` is the line of the project that the observation is about, if there is one.
    ``secrets`` are values that came up on the way (tokens) and must not be shown, wherever else they turn up.
    """

    outcome: Outcome
    subject: str
    message: str
    expected: str = ""
    observed: str = ""
    evidence: tuple[Evidence, ...] = ()
    signs: tuple[Sign, ...] = ()
    severity: Severity = Severity.ERROR
    place: Place | None = None
    secrets: tuple[str, ...] = field(default=(), repr=False)


def passed(subject: str, message: str, *, expected: str = "", observed: str = "", evidence: tuple[Evidence, ...] = ()) -> Seen:
    """It was looked at, and it works."""
    return Seen(outcome=Outcome.PASS, subject=subject, message=message, expected=expected, observed=observed, evidence=evidence)


def failed(
    subject: str,
    message: str,
    *,
    expected: str = "",
    observed: str = "",
    evidence: tuple[Evidence, ...] = (),
    signs: tuple[Sign, ...] = (),
    severity: Severity = Severity.ERROR,
    place: Place | None = None,
) -> Seen:
    """It was looked at, and production breaks."""
    return Seen(
        outcome=Outcome.FAIL,
        subject=subject,
        message=message,
        expected=expected,
        observed=observed,
        evidence=evidence,
        signs=signs,
        severity=severity,
        place=place,
    )


def skipped(subject: str, reason: str) -> Seen:
    """There was nothing to look at, and ``reason`` says why; never counted as a pass."""
    return Seen(outcome=Outcome.SKIP, subject=subject, message=reason)


def broken(subject: str, reason: str, *, evidence: tuple[Evidence, ...] = ()) -> Seen:
    """The check itself could not be carried out."""
    return Seen(outcome=Outcome.ERROR, subject=subject, message=reason, evidence=evidence)
