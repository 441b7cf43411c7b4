"""Which gotchas may be behind a failed check, by the symptoms that the catalogue gives them; those that the scan found here come first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from auditor.model import Confidence, Gotcha, Outcome, Place, Result
from auditor.runtime.seen import Seen, Sign

_MOST_CAUSES = 3
_LONGEST_TEXT = 2000
_WHOLE = frozenset({"binds-loopback-only", "ignores-port", "debug-on"})
"""Checks that look at the process as a whole: when they pass, a finding of the very mistake is wrong for this start."""
_ABOUT_VARIABLES = frozenset({"env-missing", "environment"})
_WORDS = 2
"""How much words of a log, a console or a header say: more than a status, less than a check that is about the very mistake."""
_VERDICTS = {Outcome.FAIL: "FAILS", Outcome.REVIEW: "REVIEW", Outcome.PASS: "WORKS"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """A gotcha that may be behind a failure. ``found`` is what the scan said of it in this project, likeliest site first."""

    gotcha: Gotcha
    strength: int
    found: tuple[Result, ...] = ()

    @property
    def place(self) -> Place | None:
        """The site that the scan found, if there is one."""
        return self.found[0].place if self.found else None

    def __str__(self) -> str:
        if not self.found:
            return "the scan found no site of it"
        first = self.found[0]
        where = f"{first.place.path}:{first.place.line}" if first.place.path is not None and first.place.line else str(first.place)
        return f"{where} (scan: {_VERDICTS.get(first.outcome, first.outcome.value)})"


def causes(name: str, seen: Seen, gotchas: Iterable[Gotcha], static: Sequence[Result]) -> tuple[Cause, ...]:
    """The likely causes of a failed check called ``name``, likeliest first.

    A site the scan says fails comes before one it is not sure of, and a symptom that says much (a line of the log, the check itself) before one that
    says little (a status).
    Without any site that fails or is under review, only words count, and checks of the process as a whole: a status alone would accuse half the
    catalogue.
    """
    by_id: dict[str, list[Result]] = {}
    for result in static:
        if result.suppression is None:
            by_id.setdefault(result.check, []).append(result)
    found = []
    for gotcha in gotchas:
        strength = max((_strength(name, seen.signs, symptom) for symptom in gotcha.symptoms), default=0)
        sites = sorted(by_id.get(gotcha.id, ()), key=_weight, reverse=True)
        suspected = tuple(site for site in sites if site.outcome in (Outcome.FAIL, Outcome.REVIEW))
        if strength and (suspected or strength == _WORDS or (strength > _WORDS and name in _WHOLE)):
            if sites and not suspected:
                continue  # every site of it has the form that works
            found.append(Cause(gotcha=gotcha, strength=strength, found=suspected))
    ranked = sorted(found, key=lambda cause: (-max((_weight(site) for site in cause.found), default=0), -cause.strength, cause.gotcha.id))
    return tuple(ranked[:_MOST_CAUSES])


def decided(name: str, results: Sequence[Seen], gotchas: Mapping[str, Gotcha], static: Sequence[Result]) -> dict[str, bool]:
    """Findings of the scan that the check ``name`` decides by itself: gotcha id -> confirmed.

    Only a symptom `check: NAME` decides. A failed check confirms; where it names a variable, findings about that variable alone. A check that was
    made, passed and skipped nothing refutes, if it observes the process as a whole.
    """
    failures = [seen for seen in results if seen.outcome is Outcome.FAIL]
    passes = bool(results) and all(seen.outcome is Outcome.PASS for seen in results)
    found: dict[str, bool] = {}
    for result in static:
        gotcha = gotchas.get(result.check)
        if gotcha is None or result.outcome is not Outcome.FAIL or result.suppression is not None:
            continue
        if not any(symptom.get("check") == name for symptom in gotcha.symptoms):
            continue
        if failures:
            subjects = {sign.text for seen in failures for sign in seen.signs if sign.kind == "check"} - {""}
            if name not in _ABOUT_VARIABLES or any(subject in result.message for subject in subjects):
                found[result.check] = True
        elif passes and name in _WHOLE:
            found[result.check] = False
    return found


def _weight(result: Result) -> int:
    if result.outcome is Outcome.FAIL:
        return 3 if result.confidence is Confidence.HIGH else 2
    return 1 if result.outcome is Outcome.REVIEW else 0


def _strength(name: str, signs: Sequence[Sign], symptom: Mapping[str, object]) -> int:
    """How much a symptom says of what was seen: 0 nothing, 1 a status, 2 words or a header, 3 the check itself."""
    return max((_match(name, sign, symptom) for sign in signs), default=0)


def _match(name: str, sign: Sign, symptom: Mapping[str, object]) -> int:
    if sign.kind == "check" or "check" in symptom:
        return 3 if symptom.get("check") == name and sign.kind == "check" else 0
    if sign.kind in ("log", "console"):
        pattern = symptom.get(sign.kind)
        return _WORDS if isinstance(pattern, str) and _contains(pattern, sign.text) else 0
    if sign.kind == "header":
        header = symptom.get("header")
        if not isinstance(header, Mapping) or str(header.get("name", "")).lower() != sign.on.lower():
            return 0
        return _WORDS if header.get("value") in (None, sign.text) else 0
    http = symptom.get("http")
    if not isinstance(http, Mapping) or http.get("status") != sign.status:
        return 0
    wanted = http.get("on")
    return 1 if not wanted or (isinstance(wanted, Iterable) and sign.on in wanted) else 0


def _contains(pattern: str, text: str) -> bool:
    """Symptoms are texts or regular expressions of the catalogue; a text that is no expression is looked for as it is."""
    if pattern in text:
        return True
    try:
        return re.search(pattern, text[:_LONGEST_TEXT]) is not None
    except re.error:
        return False
