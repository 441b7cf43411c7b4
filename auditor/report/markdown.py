"""The ``markdown`` format: for a pull request comment or a job summary.

Everything from the project goes through ``_words`` (prose), ``_code`` (a code span) or ``_block`` (a fenced block), so that a file
name cannot become markup: https://github.github.com/gfm/ sections 2.4 (backslash escapes), 6.3 (code spans), 4.5 (fences).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from auditor.model import Change, Checked, Outcome, Place, Report, Result, Run
from auditor.report.tally import coverage_line, summary
from auditor.report.view import View
from auditor.report.visible import code_lines, visible

# Always markup; a colon that may open an autolink or an emoji short code; "www."; what opens a list, a heading or an underline.
_MARKUP = re.compile(r"([\\`*_\[\]|~#$]|:(?=\S)|(?<=www)\.|^[-+=](?=[-+=\s]|$)|(?<=^\d)[.)])", re.IGNORECASE)
# A zero-width space keeps "@name" from calling somebody.
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "&#64;&#8203;"}
_BACKTICKS = re.compile(r"`+")
_OUTCOME_WORDS = {Outcome.REVIEW: "review", Outcome.PASS: "works", Outcome.SKIP: "skipped", Outcome.ERROR: "not examined"}
_MOST_PLACES = 3


def render(report: Report, view: View) -> str:
    """Write the same content as the text format: findings, entries checked, notes, coverage, summary."""
    blocks = [f"## {_words(report.tool.name)}: {_words(summary(report))}"]
    for run in report.runs:
        for result in run.results:
            if result.suppression is None and view.shows(result.outcome):
                blocks.extend(_finding(result, view))
    for run in report.runs:
        blocks.extend(_checked(run))
    notes = [note for run in report.runs for note in run.notes]
    if notes:
        blocks.append("### Notes")
        blocks.append("\n".join(f"- {_words(note)}" for note in notes))
    blocks.append("### Coverage")
    blocks.append(_words(coverage_line(report)))
    return "\n\n".join(blocks) + "\n"


def _finding(result: Result, view: View) -> Iterator[str]:
    word = result.severity.value if result.outcome is Outcome.FAIL else _OUTCOME_WORDS[result.outcome]
    yield f"### {_code(str(result.place) or '-')} {word} {_code(result.check)}"
    yield _words(result.message)
    for evidence in result.evidence:
        yield _block(code_lines(evidence.body))
    if result.related:
        yield "\n".join(f"- {_where(place)} {_words(place.label)}".rstrip() for place in result.related)
    if result.change:
        yield f"**WORKS** {_words(result.change.title)}".rstrip()
        yield _diff(result.change)
    note = view.entries.get(result.check)
    if note:
        page = f": <{_address(note.link)}>" if note.link else ""
        yield f"{_code(f'gotcha-audit explain {result.check}')}{page}"


def _diff(change: Change) -> str:
    before, after = code_lines(change.before), code_lines(change.after)
    if not before:
        return _block(after)
    return _block([row for row in difflib.ndiff(before, after) if not row.startswith("?")], "diff")


def _checked(run: Run) -> Iterator[str]:
    yield "### Gotchas checked"
    if not run.checked:
        yield "No entry of the catalogue applies to this stack."
        return
    if run.stack:
        yield "Stack: " + ", ".join(_words(f"{package.name} {package.version}".strip()) for package in run.stack)
    rows = ["| entry | FAILS | REVIEW | WORKS | places |", "|---|---:|---:|---:|---|"]
    rows += [_row(checked) for checked in run.checked]
    yield "\n".join(rows)


def _row(checked: Checked) -> str:
    shown = ", ".join(_where(place).replace("|", "\\|") for place in checked.places[:_MOST_PLACES])
    more = len(checked.places) - _MOST_PLACES
    places = shown + (f" \\+{more}" if more > 0 else "")
    return f"| {_words(checked.title)} | {checked.fails} | {checked.reviews} | {checked.passes} | {places} |"


def _where(place: Place) -> str:
    text = f"{place.path}:{place.line}" if place.path is not None and place.line else str(place)
    return _code(text) if text else ""


def _words(text: str) -> str:
    """Prose in which nothing is markup: no emphasis, link, HTML, mention, issue reference or table cell border."""
    escaped = _MARKUP.sub(r"\\\1", " ".join(visible(text, keep="\n").split()))
    return "".join(_ENTITIES.get(character, character) for character in escaped)


def _code(text: str) -> str:
    """Make a code span that holds ``text`` whatever backticks are in it."""
    content = visible(text)
    fence = "`" * (max((len(run) for run in _BACKTICKS.findall(content)), default=0) + 1)
    pad = " " if content.startswith(("`", " ")) or content.endswith(("`", " ")) else ""
    return f"{fence}{pad}{content}{pad}{fence}"


def _block(rows: list[str], language: str = "") -> str:
    """Make a fenced block that no line of ``rows`` can close."""
    longest = max((len(run) for row in rows for run in _BACKTICKS.findall(row)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}{language}", *rows, fence])


def _address(link: str) -> str:
    """Make a link that cannot leave its angle brackets."""
    return "".join(character if character.isascii() and character.isprintable() and character not in "<> \\" else "_" for character in visible(link))
