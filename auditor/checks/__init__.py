"""The functions an entry may name, by name."""

from auditor.checks.base import Check, Judge, Match, Verdict

CHECKS: dict[str, Check] = {}
JUDGES: dict[str, Judge] = {}

__all__ = ["CHECKS", "JUDGES", "Check", "Judge", "Match", "Verdict"]
