"""The ``text`` format: for people at a terminal, or reading a log of one.

Everything is laid out here and printed as ``rich.text.Text``, never as markup, so nothing from the project is interpreted;
``visible`` has already taken the control characters out. How a validation looks is told in ``text_validate``.
"""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import replace

from rich.cells import cell_len

from auditor.model import Change, Checked, Evidence, Outcome, Place, Report, Result, Run
from auditor.report.observed import TO_LOOK_AT
from auditor.report.sheet import Sheet
from auditor.report.tally import count, coverage_line, plural, summary
from auditor.report.text_validate import validation
from auditor.report.view import View
from auditor.report.visible import code_lines, cropped, visible

_SEVERITY_STYLES = {"error": "bold red", "warning": "bold yellow", "note": "bold cyan"}
_OUTCOME_WORDS = {
    Outcome.REVIEW: ("review", "bold magenta"),
    Outcome.PASS: ("works", "bold green"),
    Outcome.SKIP: ("skipped", "dim"),
    Outcome.ERROR: ("not examined", "bold red"),
}
_SIGN_STYLES = {"✗": "bold red", "?": "bold magenta", "✓": "bold green", "·": "dim"}
_LEAST_TITLE = 48
_MOST_CODE_LINES = 12
_MOST_WORKS_LINES = 14
_MOST_PLACES = 3
_MOST_PACKAGES = 8
_LONGEST_CHANGE = 400
_FENCED = re.compile(r"^```[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
_LAST_NUMBER = re.compile(r":(\d+)$")


def render(report: Report, view: View) -> str:
    """Write findings with their trail and their WORKS form, the entries that were checked, coverage, and one line of summary."""
    sheet = Sheet(view)
    scans = replace(report, runs=tuple(run for run in report.runs if run.producer != "validate"))
    validations = [run for run in report.runs if run.producer == "validate"]
    if scans.runs or not validations:
        _scans(sheet, scans, view)
    for run in validations:
        sheet.gap()
        validation(sheet, run)
    return sheet.text()


def _scans(sheet: Sheet, report: Report, view: View) -> None:
    explained: set[str] = set()
    for run in report.runs:
        for result in run.results:
            if result.suppression is None and view.shows(result.outcome):
                _finding(sheet, result, explained)
    for run in report.runs:
        _checked(sheet, run)
    notes = [note for run in report.runs for note in run.notes]
    hidden = _hidden(report, view)
    if notes or hidden:
        sheet.heading("Notes")
        for note in [*notes, *hidden]:
            sheet.prose(note, first="  - ", rest="    ")
        sheet.gap()
    sheet.heading("Coverage")
    sheet.prose(coverage_line(report), first="  ", rest="  ")
    sheet.gap()
    sheet.line((summary(report), _summary_style(report)))


def _finding(sheet: Sheet, result: Result, explained: set[str]) -> None:
    word, style = _verdict(result)
    doubt = "" if result.confidence == "high" else f"  {result.confidence.value} confidence"
    sheet.line((visible(str(result.place)) or "-", "bold"), ("  ", ""), (word, style), ("  ", ""), (visible(result.check), "cyan"), (doubt, "dim"))
    sheet.prose(result.message, first="  ", rest="  ")
    for evidence in (piece for piece in result.evidence if piece.kind not in TO_LOOK_AT):
        sheet.gap()
        _evidence(sheet, result, evidence)
    if result.related:
        sheet.gap()
        _trail(sheet, result.related)
    if result.change:
        sheet.gap()
        _change(sheet, result.change)
    elif result.outcome is not Outcome.PASS and result.check not in explained:
        _works_example(sheet, result.check)
    explained.add(result.check)
    note = sheet.view.entries.get(result.check)
    if note:
        sheet.gap()
        sheet.line((f"  gotcha-audit explain {visible(result.check)}", "dim"))
        if note.link:
            sheet.line((f"  {visible(note.link)}", "dim"))
    sheet.gap()


def _verdict(result: Result) -> tuple[str, str]:
    if result.outcome is Outcome.FAIL:
        return result.severity.value, _SEVERITY_STYLES[result.severity.value]
    return _OUTCOME_WORDS[result.outcome]


def _evidence(sheet: Sheet, result: Result, evidence: Evidence) -> None:
    if evidence.kind != "code":
        sheet.line((f"  {visible(evidence.title)}", "dim"))
        for row in code_lines(evidence.body)[:_MOST_CODE_LINES]:
            sheet.line((f"    {cropped(row, sheet.width - 4)}", ""))
        return
    raw = evidence.body.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    numbered = _LAST_NUMBER.search(evidence.title)
    first = int(numbered.group(1)) if numbered else max(result.place.line, 1)
    rows = list(enumerate(code_lines(evidence.body), start=first))
    indent = min((len(row) - len(row.lstrip()) for _, row in rows if row.strip()), default=0)
    gutter = len(str(rows[-1][0])) if rows else 1
    room = sheet.width - gutter - 5
    for number, row in rows[:_MOST_CODE_LINES]:
        here = number == result.place.line
        marked = _marked(result, raw[number - first], row) if here and number - first < len(raw) else None
        shift = _window(row[indent:], marked[0] - indent if marked else 0, room)
        sheet.line((f"  {number:>{gutter}} │ ", "dim"), (cropped(row[indent:], room, shift), ""))
        if marked:
            start, length = marked[0] - indent - shift, marked[1]
            blank = " " * cell_len(row[indent + shift : marked[0]]) if start > 0 else ""
            carets = "^" * min(max(length, 1), max(room - len(blank), 1))
            sheet.line((f"  {' ' * gutter} │ ", "dim"), (blank + carets, _verdict(result)[1]))
    left = len(rows) - _MOST_CODE_LINES
    if left > 0 or evidence.truncated:
        sheet.line((f"  {' ' * gutter} │ ", "dim"), (f"… {plural(left, 'more line')}" if left > 0 else "…", "dim"))


def _marked(result: Result, raw: str, row: str) -> tuple[int, int] | None:
    """Where the span starts in the printed ``row`` and how many cells of it to underline; None when it is not in there."""
    span = result.place.span
    if span is None or not 1 <= span.start.column <= len(raw):
        return None
    start = len(visible(raw[: span.start.column - 1].expandtabs(4)))
    end = len(visible(raw[: span.end.column - 1].expandtabs(4))) if span.end.line == span.start.line else len(row)
    end = min(max(end, start + 1), len(row))
    return (start, cell_len(row[start:end])) if start < len(row) else None


def _window(row: str, column: int, room: int) -> int:
    """How much of a long line to leave out on the left, so that ``column`` is seen."""
    if len(row) <= room or column < room * 2 // 3:
        return 0
    return column - room // 3


def _trail(sheet: Sheet, places: Sequence[Place]) -> None:
    where = [visible(f"{place.path}:{place.line}" if place.path is not None and place.line else str(place)) for place in places]
    column = min(max(map(cell_len, where)), sheet.width // 2)
    for position, place in zip(where, places, strict=True):
        label = place.label if place.path is not None else ""
        if not label:
            sheet.line((f"  {position}", "dim"))
            continue
        head = f"  {position}{' ' * (column - cell_len(position))}  "
        rows = textwrap.wrap(visible(label), max(sheet.width - len(head), 30), break_long_words=False, break_on_hyphens=False)
        for number, row in enumerate(rows):
            sheet.line((head if number == 0 else " " * len(head), "dim"), (row, ""))


def _change(sheet: Sheet, change: Change) -> None:
    _works(sheet, change.title)
    for sign, style, code in (("-", "red", change.before), ("+", "green", change.after)):
        for row in _dedented(code_lines(code)):
            sheet.line((f"    {sign} {cropped(row, _LONGEST_CHANGE)}", style))


def _works_example(sheet: Sheet, gotcha: str) -> None:
    """Show the entry's own WORKS code, for a site the auditor cannot rewrite."""
    note = sheet.view.entries.get(gotcha)
    blocks = _FENCED.findall(note.works_text) if note else []
    if not blocks:
        return
    rows = code_lines(blocks[0])
    sheet.gap()
    _works(sheet, "as the entry writes it")
    for row in rows[:_MOST_WORKS_LINES]:
        sheet.line((f"    {cropped(row, sheet.width - 4)}", "green"))
    if len(rows) > _MOST_WORKS_LINES or len(blocks) > 1:
        sheet.line(("    … the rest is in the entry", "dim"))


def _works(sheet: Sheet, title: str) -> None:
    sheet.line(("  WORKS", "bold green"), (f"  {visible(title)}" if title else "", "dim"))


def _dedented(rows: list[str]) -> list[str]:
    return textwrap.dedent("\n".join(rows)).split("\n") if rows else []


def _checked(sheet: Sheet, run: Run) -> None:
    sheet.heading("Gotchas checked", _stack(run))
    if not run.checked:
        sheet.prose("No entry of the catalogue applies to this stack.", first="  ", rest="  ")
        sheet.gap()
        return
    rows = sorted(run.checked, key=lambda row: ("✗?✓·".index(_sign(row)), row.gotcha))
    figures = len("  FAILS  REVIEW  WORKS")
    wanted = max(cell_len(visible(row.title)) for row in rows)
    left = sheet.width - 4 - figures
    beside = min(max(_least(row.places) for row in rows), sheet.width // 3) + 2
    if left - beside < min(wanted, _LEAST_TITLE):
        beside = 0  # the places go on a line of their own, below the entry
    title = min(wanted, left - beside)
    room = sheet.width - 4 - title - figures - 2 if beside else sheet.width - 8
    sheet.line((" " * (title + 4) + "  FAILS  REVIEW  WORKS", "dim"))
    for row in rows:
        sign = _sign(row)
        name = cropped(visible(row.title), title)
        places = _places(row.places, room)
        sheet.line(
            (f"  {sign} ", _SIGN_STYLES[sign]),
            (name + " " * (title - cell_len(name)), "dim" if sign == "·" else ""),
            *_figure(row.fails, 7, "bold red"),
            *_figure(row.reviews, 8, "bold magenta"),
            *_figure(row.passes, 7, "green"),
            (f"  {places}" if beside else "", "dim"),
        )
        if places and not beside:
            sheet.line((f"      {places}", "dim"))
    sheet.gap()


def _least(places: Sequence[Place]) -> int:
    """Give the width that shows one place and the number of the others."""
    return cell_len(_places(places[:1], sys.maxsize)) + (len(" +99") if len(places) > 1 else 0)


def _sign(row: Checked) -> str:
    if row.fails:
        return "✗"
    if row.reviews:
        return "?"
    return "✓" if row.passes else "·"


def _figure(number: int, width: int, style: str) -> Iterator[tuple[str, str]]:
    yield (f"{number or '·':>{width}}", style if number else "dim")


def _places(places: Sequence[Place], room: int) -> str:
    """As many of the places as fit, at most three: evidence, not an inventory."""
    shown = [visible(f"{place.path}:{place.line}" if place.line else str(place)) for place in places]
    for number in range(min(len(shown), _MOST_PLACES), 0, -1):
        left = len(shown) - number
        text = ", ".join(shown[:number]) + (f" +{left}" if left else "")
        if cell_len(text) <= room:
            return text
    if not shown:
        return ""
    more = f" +{len(shown) - 1}" if len(shown) > 1 else ""
    keep = max(room - len(more) - 1, 1)
    return "…" + shown[0][-keep:] + more


def _stack(run: Run) -> str:
    """Name the packages that the entries checked are about, which are those a reader looks for; else whatever was detected."""
    subjects = {checked.gotcha.split("/")[0] for checked in run.checked}
    packages = [package for package in run.stack if package.name in subjects] or run.stack
    names = list(dict.fromkeys(visible(f"{package.name} {package.version}".strip()) for package in packages))
    more = len(names) - _MOST_PACKAGES
    return ", ".join(names[:_MOST_PACKAGES]) + (f" and {more} more" if more > 0 else "")


def _hidden(report: Report, view: View) -> list[str]:
    reviews = count(report.results)[Outcome.REVIEW]
    if not reviews or view.shows(Outcome.REVIEW):
        return []
    verb = "is" if reviews == 1 else "are"
    return [f"{plural(reviews, 'site')} under review {verb} not listed: --show fail,review"]


def _summary_style(report: Report) -> str:
    counts = count(report.results)
    if counts[Outcome.FAIL] or counts[Outcome.ERROR]:
        return "bold red"
    return "bold magenta" if counts[Outcome.REVIEW] else "bold green"
