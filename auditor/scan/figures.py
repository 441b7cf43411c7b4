"""The figures of a run whose results were judged again after the scan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from auditor.model import Checked, Outcome, Result, Run, Suppression


def is_open(result: Result) -> bool:
    """Whether a result is a finding that counts: it fails or is under review, and nothing silences it."""
    return result.suppression is None and result.outcome in (Outcome.FAIL, Outcome.REVIEW)


def judged(run: Run, results: Sequence[Result], *, notes: Iterable[str] = ()) -> Run:
    """``run`` with other ``results``: its counts and its table of entries say what they hold; ``notes`` are added to its own."""
    outcomes = Counter(result.outcome for result in results if result.suppression is None)
    counts = {outcome.value: outcomes[outcome] for outcome in Outcome} | {"suppressed": sum(result.suppression is not None for result in results)}
    by_check: dict[str, list[Result]] = {}
    for result in results:
        if result.suppression is None:
            by_check.setdefault(result.check, []).append(result)
    checked = tuple(_rechecked(one, by_check.get(one.gotcha, [])) for one in run.checked)
    return replace(run, results=tuple(results), counts={**run.counts, **counts}, checked=checked, notes=(*run.notes, *notes))


def silenced(run: Run, by: dict[int, Suppression], *, notes: Iterable[str] = ()) -> Run:
    """``run`` with the results at the positions in ``by`` suppressed, and a count for each origin."""
    results = [result.suppressed(by[position]) if position in by else result for position, result in enumerate(run.results)]
    counted = judged(run, results, notes=notes)
    origins = Counter(suppression.origin for suppression in by.values())
    return replace(counted, counts={**counted.counts, **{f"suppressed by {origin}": number for origin, number in origins.items()}})


def _rechecked(checked: Checked, results: Sequence[Result]) -> Checked:
    outcomes = Counter(result.outcome for result in results)
    places = tuple(result.place for outcome in (Outcome.FAIL, Outcome.REVIEW, Outcome.PASS) for result in results if result.outcome is outcome)
    fails, reviews, passes = outcomes[Outcome.FAIL], outcomes[Outcome.REVIEW], outcomes[Outcome.PASS]
    return replace(checked, fails=fails, reviews=reviews, passes=passes, places=places)
