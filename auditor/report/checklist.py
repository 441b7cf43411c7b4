"""The eight questions that decide whether production works, answered from the results of a validation."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from auditor.model import Outcome, Result, Run
from auditor.report.verdict import NOT_ATTEMPTED, OWN, subject, unsuppressed
from auditor.report.visible import cropped

_LONGEST = 300
YES, NO, OPEN = "✓", "✗", "–"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One question with its answer: ``sign`` is YES, NO or OPEN, ``evidence`` one line that says why."""

    sign: str
    title: str
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """``first`` is the check without whose pass the answer is never yes; a failure of any of ``others`` makes it no all the same."""

    title: str
    first: str
    others: tuple[str, ...] = ()


_QUESTIONS = (
    _Question(title="server starts", first="starts", others=("port-owner", "binds-loopback-only", "ignores-port")),
    _Question(title="health", first="health"),
    _Question(title="front end loads", first="page", others=("deep-link",)),
    _Question(title="static assets", first="asset", others=("soft-404",)),
    _Question(title="API statuses", first="api", others=("api-html", "openapi")),
    _Question(title="one whole user flow", first="flow"),
)
_CONSOLE = _Question(title="no console errors", first="console")
_ANSWERED = ("health", "page", "asset", "deep-link", "api", "api-html", "openapi", "flow", "cors", "console")
"""The checks that ask the application for something that must be there."""
_UNEXPECTED = re.compile(r"\b(?:404|5\d\d)\b(?!\s?(?:m?s|bytes|kB)\b)")


def checklist(run: Run) -> tuple[Item, ...]:
    """The questions in their order. Nothing is answered yes that nobody looked at, and nothing by what was skipped."""
    results = [result for result in unsuppressed(run.results) if result.check.startswith(OWN)]
    return (*(_answer(question, results) for question in _QUESTIONS), _unexpected(results), _answer(_CONSOLE, results))


def _answer(question: _Question, results: Sequence[Result]) -> Item:
    here = list(_of(results, (question.first, *question.others)))
    first = list(_of(here, (question.first,)))
    failing = [result for result in here if result.outcome is Outcome.FAIL]
    broken = [result for result in here if result.outcome is Outcome.ERROR]
    works = [result for result in first if result.outcome is Outcome.PASS]
    if failing:
        return Item(sign=NO, title=question.title, evidence=_lines(failing))
    if broken:
        return Item(sign=OPEN, title=question.title, evidence=f"not examined: {_lines(broken)}")
    if works:
        return Item(sign=YES, title=question.title, evidence=_lines(works))
    return Item(sign=OPEN, title=question.title, evidence=_lines([*first, *here][:1]) if here else "nothing looked at it")


def _unexpected(results: Sequence[Result]) -> Item:
    """Whether anything was answered 404 or by a server error, or the log shows that a request broke something."""
    title = "no unexpected 404/500"
    asked = list(_of(results, _ANSWERED))
    failing = [result for result in asked if result.outcome is Outcome.FAIL and _UNEXPECTED.search(_observed(result))]
    logged = list(_of(results, ("log-traceback",)))
    failing += [result for result in logged if result.outcome is Outcome.FAIL]
    works = [result for result in asked if result.outcome is Outcome.PASS]
    broken = [result for result in (*asked, *logged) if result.outcome is Outcome.ERROR and not result.check.endswith("/console")]
    if failing:
        return Item(sign=NO, title=title, evidence=_lines(failing))
    if broken:
        return Item(sign=OPEN, title=title, evidence=f"not examined: {_lines(broken)}")
    if works:
        return Item(sign=YES, title=title, evidence=f"none among {len(works)} answers" if len(works) > 1 else f"none: {_lines(works)}")
    why = sorted(asked, key=lambda result: not result.message.startswith(NOT_ATTEMPTED))
    return Item(sign=OPEN, title=title, evidence=_lines(why[:1]) if why else "nothing was asked")


def _of(results: Sequence[Result], names: tuple[str, ...]) -> Iterator[Result]:
    return (result for result in results if result.check.removeprefix(OWN) in names)


def _observed(result: Result) -> str:
    """What was observed, in the words of the check; the sentence where it gives nothing else."""
    return next((evidence.body for evidence in result.evidence if evidence.kind == "observed"), result.message)


def _lines(results: Sequence[Result]) -> str:
    """The first of them in a line, and how many more there are."""
    result = results[0]
    about, message = subject(result), " ".join(result.message.split())
    if result.check == f"{OWN}starts" or about in message:
        about = ""  # what was started is told above the list
    text = f"{about}: {message}" if about else message
    text = cropped(text, _LONGEST)
    return text if len(results) == 1 else f"{text} (and {len(results) - 1} more)"
