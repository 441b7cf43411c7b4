"""The ``markdown`` format: for a pull request comment or a job summary.

Everything from the project goes through ``words`` (prose), ``code`` (a code span) or ``block`` (a fenced block), so that a file
name cannot become markup. How a validation looks is told in ``markdown_validate``.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import replace

from auditor.model import Change, Checked, Outcome, Report, Result, Run
from auditor.report.markdown_validate import validation
from auditor.report.markup import LONGEST, address, block, code, fitted, language, where, words
from auditor.report.observed import TO_LOOK_AT
from auditor.report.tally import coverage_line, plural, summary
from auditor.report.view import View
from auditor.report.visible import code_lines

_OUTCOME_WORDS = {Outcome.REVIEW: "review", Outcome.PASS: "works", Outcome.SKIP: "skipped", Outcome.ERROR: "not examined"}
_MOST_PLACES = 3
_NOTE = 200
"""Room for the sentence that findings are left out."""


def render(report: Report, view: View) -> str:
    """Write the same content as the text format: findings, entries checked, notes, coverage, summary."""
    scans = replace(report, runs=tuple(run for run in report.runs if run.producer != "validate"))
    validations = [run for run in report.runs if run.producer == "validate"]
    blocks = _scans(scans, view) if scans.runs or not validations else []
    for run in validations:
        blocks.extend(validation(report.tool.name, run, view))
    return "\n\n".join(fitted(blocks)) + "\n"


def _scans(report: Report, view: View) -> list[str]:
    blocks = [f"## {words(report.tool.name)}: {words(summary(report))}"]
    shown = [result for run in report.runs for result in run.results if result.suppression is None and view.shows(result.outcome)]
    rest = list(_rest(report))
    room = LONGEST - sum(len(one) + 2 for one in (*blocks, *rest)) - _NOTE
    for number, result in enumerate(shown):
        finding = list(_finding(result, view))
        room -= sum(len(one) + 2 for one in finding)
        if room < 0:
            left = len(shown) - number
            blocks.append(
                f"**{left} of {len(shown)} are left out**, because a comment on GitHub takes 65,536 characters. `--format text` lists them all."
            )
            break
        blocks += finding
    return blocks + rest


def _rest(report: Report) -> Iterator[str]:
    """What follows the findings: the entries checked, the notes, the coverage."""
    for run in report.runs:
        yield from _checked(run)
    notes = [note for run in report.runs for note in run.notes]
    if notes:
        yield "### Notes"
        yield "\n".join(f"- {words(note)}" for note in notes)
    yield "### Coverage"
    yield words(coverage_line(report))


def _finding(result: Result, view: View) -> Iterator[str]:
    word = result.severity.value if result.outcome is Outcome.FAIL else _OUTCOME_WORDS[result.outcome]
    yield f"### {code(str(result.place) or '-')} {word} {code(result.check)}"
    yield words(result.message)
    for evidence in result.evidence:
        if evidence.kind not in TO_LOOK_AT:
            yield block(code_lines(evidence.body), language(result.place.path) if evidence.kind == "code" else "")
    if result.related:
        yield "\n".join(f"- {where(place)} {words(place.label)}".rstrip() for place in result.related)
    if result.change:
        yield f"**WORKS** {words(result.change.title)}".rstrip()
        yield _diff(result.change)
    note = view.entries.get(result.check)
    if note:
        page = f" · [the whole entry](<{address(note.link)}>)" if note.link else ""
        yield f"{code(f'gotcha-audit explain {result.check}')}{page}"


def _diff(change: Change) -> str:
    before, after = code_lines(change.before), code_lines(change.after)
    if not before:
        return block(after)
    return block([row for row in difflib.ndiff(before, after) if not row.startswith("?")], "diff")


def _checked(run: Run) -> Iterator[str]:
    yield "### Gotchas checked"
    if not run.checked:
        yield "No entry of the catalogue applies to this stack."
        return
    if run.stack:
        yield "Stack: " + ", ".join(words(f"{package.name} {package.version}".strip()) for package in run.stack)
    rows = ["| entry | FAILS | REVIEW | WORKS | places |", "|---|---:|---:|---:|---|"]
    met = [checked for checked in run.checked if checked.fails or checked.reviews or checked.passes]
    rows += [_row(checked) for checked in met]
    if met:
        yield "\n".join(rows)
    others = [checked for checked in run.checked if checked not in met]
    if others:
        yield f"{plural(len(others), 'entry', 'entries')} more, of which no site occurs: {', '.join(code(checked.gotcha) for checked in others)}"


def _row(checked: Checked) -> str:
    shown = ", ".join(where(place).replace("|", "\\|") for place in checked.places[:_MOST_PLACES])
    more = len(checked.places) - _MOST_PLACES
    places = shown + (f" \\+{more}" if more > 0 else "")
    return f"| {words(checked.title)} | {checked.fails} | {checked.reviews} | {checked.passes} | {places} |"
