"""The ``github`` format: annotations as workflow commands, for the log of a GitHub Actions step.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#setting-an-error-message; characters are escaped as
https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from auditor.model import Outcome, Place, Report, Result, Severity
from auditor.report.findings import below, findings, shown
from auditor.report.tally import plural, summary
from auditor.report.view import View
from auditor.report.visible import visible

MOST = 10
"""How many annotations of a kind GitHub shows for one step; the log has all of them."""

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def render(report: Report, view: View) -> str:
    """Write one annotation for each failure and each place that could not be examined, the most severe first, and a summary.

    The summary leads: behind ten others of its kind it would not be shown.
    """
    annotations = list(_annotations(report, view))
    head = _command("notice", {"title": report.tool.name}, _summary(report, view, Counter(kind for kind, _ in annotations)))
    return "".join(f"{line}\n" for line in (head, *(line for _, line in annotations)))


def _annotations(report: Report, view: View) -> Iterator[tuple[str, str]]:
    """Kind and line of each."""
    for result in report.results:
        if result.outcome is Outcome.ERROR and result.suppression is None:
            place, _ = shown(result, view)
            yield "error", _command("error", _where(place) | {"title": f"{result.check}: not examined"}, _told(result, view))
    kept = [finding for finding in findings(report, view) if finding.result.suppression is None]
    for finding in sorted(kept, key=lambda finding: -finding.result.severity.rank):
        kind = _COMMANDS[finding.result.severity]
        yield kind, _command(kind, _where(finding.place) | {"title": finding.result.check}, _told(finding.result, view))


def _summary(report: Report, view: View, kinds: Counter[str]) -> str:
    lines = [summary(report, fail_on=view.fail_on)]
    for kind, number in kinds.items():
        most = MOST - (kind == "notice")
        if number > most:
            lines.append(f"{number - most} of {plural(number, kind)} are in the log of this step only: GitHub shows {MOST} of a kind")
    return "\n".join(lines)


def _where(place: Place) -> dict[str, str]:
    """The properties of a place. GitHub takes columns for a place on one line alone."""
    where = {"file": str(place.path)}
    if place.span is None:
        return where
    start, end = place.span.start, place.span.end
    where["line"] = str(start.line)
    if end.line > start.line:
        return where | {"endLine": str(end.line)}
    return where | {"endLine": str(end.line), "col": str(start.column), "endColumn": str(max(end.column - 1, start.column))}


def _told(result: Result, view: View) -> str:
    """The message, the trail of values, and where to read more."""
    lines = [result.message]
    places = [below(place, view) for place in result.related if place.path is not None]
    lines += [visible(f"{place.path}:{place.line}  {place.label}" if place.line else f"{place.path}  {place.label}") for place in places]
    lines += [f"likely {gotcha}" for gotcha in result.gotchas]
    return "\n".join(lines)


def _command(name: str, properties: dict[str, str], message: str) -> str:
    told = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{name} {told}::{_data(visible(message, keep=chr(10)))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(visible(text)).replace(":", "%3A").replace(",", "%2C")
