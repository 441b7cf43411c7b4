"""The closed vocabularies of the product."""

from __future__ import annotations

from enum import StrEnum


class Severity(StrEnum):
    """How much it hurts (SARIF 2.1.0 ``level``)."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"

    @property
    def rank(self) -> int:
        """0 for a note up to 2 for an error."""
        return ("note", "warning", "error").index(self.value)


class Confidence(StrEnum):
    """How sure the verdict is."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Outcome(StrEnum):
    """What was found at one place; ``error`` means it could not be examined, which is never "clean"."""

    FAIL = "fail"
    PASS = "pass"  # noqa: S105 - a verdict, no password
    REVIEW = "review"
    SKIP = "skip"
    ERROR = "error"


class Safety(StrEnum):
    """Whether a change may be applied unasked."""

    SAFE = "safe"
    UNSAFE = "unsafe"
