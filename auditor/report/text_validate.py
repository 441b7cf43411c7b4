"""A validation in the ``text`` format: what was started, what fails and the likely cause, the checklist, every check, the verdict."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from rich.cells import cell_len

from auditor.model import Evidence, Outcome, Result, Run, Severity
from auditor.report.checklist import NO, OPEN, YES, checklist
from auditor.report.observed import causes, facts, pieces, start, title
from auditor.report.sheet import Sheet
from auditor.report.verdict import OWN, WORDS, Verdict, subject, tally, unsuppressed, verdict, verdict_line
from auditor.report.visible import code_lines, cropped, visible

_SIGNS = {YES: "bold green", NO: "bold red", OPEN: "dim"}
_VERDICTS = {Verdict.PASS: "bold green", Verdict.FAIL: "bold red", Verdict.INCOMPLETE: "bold yellow", Verdict.NOT_ATTEMPTED: "bold yellow"}
_SEVERITIES = {Severity.WARNING: "bold yellow", Severity.NOTE: "bold cyan"}
_FIGURES = {"fail": "bold red", "pass": "green", "not examined": "bold red"}
_LABEL = 10
_MOST_LINES = 12
_LONGEST = 2000


def validation(sheet: Sheet, run: Run) -> None:
    """Add one run of the producer ``validate``."""
    results = unsuppressed(run.results)
    own = [result for result in results if result.check.startswith(OWN)]
    decided = [result for result in results if not result.check.startswith(OWN)]
    _started(sheet, run)
    for result in own:
        if result.outcome in {Outcome.FAIL, Outcome.ERROR}:
            _trouble(sheet, result)
    _decided(sheet, decided)
    if sheet.view.shows(Outcome.PASS):
        _passed(sheet, [result for result in own if result.outcome is Outcome.PASS])
    _checklist(sheet, run)
    _checks(sheet, [result for result in run.results if result.check.startswith(OWN)])
    if run.notes:
        sheet.heading("Notes")
        for note in run.notes:
            sheet.prose(note, first="  - ", rest="    ")
        sheet.gap()
    head, _, figures = verdict_line(run, fail_on=sheet.view.fail_on).partition("  ")
    sheet.line((head, _VERDICTS[verdict(run, fail_on=sheet.view.fail_on)]), (f"  {figures}", "bold"))


def _started(sheet: Sheet, run: Run) -> None:
    told = start(run)
    if not told:
        sheet.line(("validate", "bold"), (f"  {visible(run.subject)}", "cyan"))
    for number, (name, value) in enumerate(told):
        if number == 0:
            sheet.line(("started", "bold"), (" " * (_LABEL - 5), ""), (visible(value), "bold cyan"))
        else:
            _labelled(sheet, name, value)
    sheet.gap()


def _labelled(sheet: Sheet, name: str, value: str, style: str = "") -> None:
    rows = textwrap.wrap(
        visible(cropped(value, _LONGEST), keep="\n"), max(sheet.width - _LABEL - 2, 30), break_long_words=False, break_on_hyphens=False
    ) or [""]
    for number, row in enumerate(rows):
        label = cropped(visible(name), _LABEL - 1) if number == 0 else ""
        sheet.line((f"  {label:<{_LABEL}}", "dim"), (row, style))


def _trouble(sheet: Sheet, result: Result) -> None:
    fails = result.outcome is Outcome.FAIL
    about = subject(result)
    doubt = "" if not fails or result.severity is Severity.ERROR else f"  {result.severity.value}"
    sheet.line(
        (f"{NO} " if fails else "! ", "bold red"),
        (visible(result.check), "cyan"),
        *([(f"  {cropped(visible(about), _LONGEST)}", "bold")] if about else []),
        (doubt if fails else "  not examined", _SEVERITIES.get(result.severity, "bold red")),
    )
    sheet.prose(cropped(result.message, _LONGEST), first="  ", rest="  ")
    for name, value in facts(result):
        _labelled(sheet, name, value)
    likely = causes(result)
    for gotcha, where in likely:
        sheet.line((f"  {'likely':<{_LABEL}}", "dim"), (visible(gotcha), "bold yellow"), (f" {visible(where)}" if where else "", ""))
    for evidence in pieces(result):
        sheet.gap()
        _piece(sheet, evidence)
    explained = [gotcha for gotcha, _ in likely if gotcha in sheet.view.entries]
    if explained:
        sheet.gap()
        sheet.line((f"  gotcha-audit explain {visible(explained[0])}", "dim"))
    sheet.gap()


def _piece(sheet: Sheet, evidence: Evidence) -> None:
    """A log by its end, where the cause stands, everything else by its beginning."""
    rows = code_lines(evidence.body)
    left = len(rows) - _MOST_LINES
    ending = evidence.kind == "log" and left > 0
    shown = rows[-_MOST_LINES:] if ending else rows[:_MOST_LINES]
    sheet.line((f"  {visible(title(evidence))}", "dim"))
    if ending:
        sheet.line((f"    … {left} earlier", "dim"))
    for row in shown:
        sheet.line((f"    {cropped(row, sheet.width - 4)}", ""))
    if not ending and (left > 0 or evidence.truncated):
        sheet.line((f"    … {left} more" if left > 0 else "    …", "dim"))


def _decided(sheet: Sheet, results: Sequence[Result]) -> None:
    if not results:
        return
    sheet.heading("Findings of the scan", "decided by running")
    for result in results:
        sign = NO if result.outcome is Outcome.FAIL else YES if result.outcome is Outcome.PASS else OPEN
        sheet.line((f"  {sign} ", _SIGNS[sign]), (visible(result.check), "cyan"), (f"  {visible(subject(result))}", ""))
        sheet.prose(result.message, first="    ", rest="    ", style="dim")
    sheet.gap()


def _passed(sheet: Sheet, results: Sequence[Result]) -> None:
    if not results:
        return
    sheet.heading("Passed")
    for result in results:
        sheet.line((f"  {YES} ", _SIGNS[YES]), (visible(result.check), "cyan"), (f"  {visible(subject(result))}", ""))
        sheet.prose(result.message, first="    ", rest="    ", style="dim")
    sheet.gap()


def _checklist(sheet: Sheet, run: Run) -> None:
    items = checklist(run)
    column = max(cell_len(item.title) for item in items) + 2
    sheet.heading("Checklist")
    for item in items:
        rows = textwrap.wrap(visible(item.evidence), max(sheet.width - column - 4, 30), break_long_words=False, break_on_hyphens=False) or [""]
        style = "" if item.sign != OPEN else "dim"
        sheet.line((f"  {item.sign} ", _SIGNS[item.sign]), (f"{item.title:<{column}}", style), (rows[0], "dim"))
        for row in rows[1:]:
            sheet.line((" " * (column + 4) + row, "dim"))
    sheet.gap()


def _checks(sheet: Sheet, results: Sequence[Result]) -> None:
    """One line for each check in the order they were made: its figures, and why something was skipped or could not be done."""
    names = list(dict.fromkeys(result.check for result in results))
    if not names:
        return
    column = max(cell_len(visible(name.removeprefix(OWN))) for name in names) + 2
    sheet.heading("Checks")
    for name in names:
        here = [result for result in results if result.check == name]
        figures = tally(here)
        reason = next((result.message for result in here if result.outcome in {Outcome.SKIP, Outcome.ERROR}), "")
        sign = NO if "fail" in figures else "!" if "not examined" in figures else YES if "pass" in figures else OPEN
        shown = visible(name.removeprefix(OWN))
        line = [(f"  {sign} ", _SIGNS.get(sign, "bold red")), (shown + " " * (column - cell_len(shown)), "dim" if sign == OPEN else "")]
        for number, word in enumerate(word for word in WORDS if word in figures):
            line += [(", " if number else "", "dim"), (f"{figures[word]} {word}", _FIGURES.get(word, "dim"))]
        used = sum(cell_len(text) for text, _ in line)
        reason = " ".join(visible(reason, keep="\n").split()).removeprefix("not attempted ")
        line.append((f"  {cropped(reason, max(sheet.width - used - 2, 20))}" if reason else "", "dim"))
        sheet.line(*line)
    sheet.gap()
