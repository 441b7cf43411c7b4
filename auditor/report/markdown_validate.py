"""A validation in the ``markdown`` format: the checklist, what fails with its evidence, every check, the notes."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.model import Outcome, Result, Run, Severity
from auditor.report.checklist import NO, OPEN, YES, checklist
from auditor.report.markup import block, code, words
from auditor.report.observed import causes, facts, pieces, start, title
from auditor.report.verdict import OWN, WORDS, subject, tally, unsuppressed, verdict_line
from auditor.report.view import View
from auditor.report.visible import code_lines, cropped

_MOST_LINES = 40
_LONGEST = 1000
_SIGNS = {Outcome.FAIL: NO, Outcome.PASS: YES}


def validation(tool: str, run: Run, view: View) -> Iterator[str]:
    """The blocks of one run of the producer ``validate``."""
    results = unsuppressed(run.results)
    own = [result for result in results if result.check.startswith(OWN)]
    decided = [result for result in results if not result.check.startswith(OWN)]
    yield f"## {words(tool)} validate: {words(verdict_line(run, fail_on=view.fail_on))}"
    told = start(run) or [("subject", run.subject)]
    yield "\n".join(f"- {words(name)}: {_span(value)}" for name, value in told)
    yield "### Checklist"
    yield "\n".join(f"- {item.sign} **{words(item.title)}**: {words(item.evidence)}" for item in checklist(run))
    for result in own:
        if result.outcome in {Outcome.FAIL, Outcome.ERROR}:
            yield from _trouble(result)
    if decided:
        yield "### Findings of the scan, decided by running"
        yield "\n".join(f"- {_SIGNS.get(result.outcome, OPEN)} {_about(result)}: {words(cropped(result.message, _LONGEST))}" for result in decided)
    passed = [result for result in own if result.outcome is Outcome.PASS]
    if passed and view.shows(Outcome.PASS):
        yield "### Passed"
        yield "\n".join(f"- {YES} {_about(result)}: {words(cropped(result.message, _LONGEST))}" for result in passed)
    yield from _checks(run)
    if run.notes:
        yield "### Notes"
        yield "\n".join(f"- {words(note)}" for note in run.notes)


def _trouble(result: Result) -> Iterator[str]:
    fails = result.outcome is Outcome.FAIL
    doubt = "" if fails and result.severity is Severity.ERROR else f" {result.severity.value if fails else 'not examined'}"
    yield f"### {NO if fails else OPEN} {_about(result)}{doubt}"
    yield words(cropped(result.message, _LONGEST))
    rows = [f"- {name}: {_span(value)}" for name, value in facts(result)]
    rows += [f"- likely {_span(gotcha)} {words(where)}".rstrip() for gotcha, where in causes(result)]
    if rows:
        yield "\n".join(rows)
    for evidence in pieces(result):
        lines = code_lines(evidence.body)
        shown = lines[-_MOST_LINES:] if evidence.kind == "log" else lines[:_MOST_LINES]
        left = len(lines) - len(shown)
        more = f" ({left} lines are left out)" if left else ""
        yield f"{words(title(evidence))}{more}"
        yield block([cropped(row, _LONGEST) for row in shown])


def _about(result: Result) -> str:
    about = subject(result)
    return f"{_span(result.check)} {_span(about)}" if about else _span(result.check)


def _span(text: str) -> str:
    """A code span on one line; GitHub has none for nothing."""
    return code(cropped(" ".join(text.split()), _LONGEST)) if text.strip() else "-"


def _checks(run: Run) -> Iterator[str]:
    own = [result for result in run.results if result.check.startswith(OWN)]
    if not own:
        return
    yield "### Checks"
    rows = ["| check | result | reason |", "|---|---|---|"]
    for name in dict.fromkeys(result.check for result in own):
        here = [result for result in own if result.check == name]
        figures = tally(here)
        told = ", ".join(f"{figures[word]} {word}" for word in WORDS if word in figures)
        reason = next((result.message for result in here if result.outcome in {Outcome.SKIP, Outcome.ERROR}), "")
        rows.append(f"| {words(name)} | {told} | {words(cropped(reason, _LONGEST))} |")
    yield "\n".join(rows)
