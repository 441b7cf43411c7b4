"""The ``junit`` format: XML as Jenkins, GitLab and most other CI systems show tests.

There is no standard. This is valid against the schema of Jenkins' xUnit plugin (junit-4 and later), whose elements all of them read:
https://github.com/jenkinsci/xunit-plugin/tree/master/src/main/resources/org/jenkinsci/plugins/xunit/types/model/xsd
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from auditor.model import Change, Outcome, Report, Result, Run
from auditor.report.findings import below
from auditor.report.observed import causes, facts, pieces, title
from auditor.report.tally import coverage_line
from auditor.report.verdict import subject
from auditor.report.view import View
from auditor.report.visible import code_lines, visible

_MOST_LINES = 40
_OWN = ("runtime/", "plan/", "suite/")
"""Checks that are about what the label of their place says: a request, a task, a command."""
_SCANS = ("scan",)
"""Producers whose results are sites of entries: what passes is told by entry, not by site."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """A test case; ``kind`` is ``failure``, ``error``, ``skipped`` or nothing for one that passes."""

    group: str
    name: str
    kind: str = ""
    type: str = ""
    message: str = ""
    text: str = ""


def render(report: Report, view: View) -> str:
    """Write one suite for each run: each failure, error and skipped check is a case, and so is each entry or check without any of them."""
    suites = [(run, tuple(_cases(run, view))) for run in report.runs]
    cases = [case for _, here in suites for case in here]
    seconds = sum(run.seconds for run in report.runs)
    lines = ['<?xml version="1.0" encoding="UTF-8"?>']
    lines.append(f"<testsuites name={_attribute(report.tool.name)} {_figures(cases)} time={_attribute(f'{seconds:.3f}')}>")
    for run, here in suites:
        lines += _suite(report, run, here)
    lines.append("</testsuites>")
    return "\n".join(lines) + "\n"


def _suite(report: Report, run: Run, cases: Sequence[_Case]) -> Iterator[str]:
    skipped = sum(case.kind == "skipped" for case in cases)
    told = run.started.replace(tzinfo=None).isoformat(timespec="seconds")
    yield (
        f"  <testsuite name={_attribute(f'{report.tool.name} {run.producer}')} {_figures(cases)} skipped={_attribute(str(skipped))}"
        f" time={_attribute(f'{run.seconds:.3f}')} timestamp={_attribute(told)}>"
    )
    values = [("tool", f"{report.tool.name} {report.tool.version}"), ("subject", run.subject)]
    values += [("stack", f"{package.name} {package.version}".strip()) for package in run.stack]
    yield "    <properties>"
    yield from (f"      <property name={_attribute(name)} value={_attribute(value)}/>" for name, value in values)
    yield "    </properties>"
    for case in cases:
        yield from _written(case)
    alone = Report(tool=report.tool, root=report.root, runs=(run,))
    notes = [*run.notes, *([f"coverage: {coverage_line(alone)}"] if run.producer in _SCANS else ())]
    if notes:
        yield f"    <system-out>{_text(chr(10).join(notes))}</system-out>"
    yield "  </testsuite>"


def _figures(cases: Sequence[_Case]) -> str:
    kinds = [case.kind for case in cases]
    return f'tests="{len(kinds)}" failures="{kinds.count("failure")}" errors="{kinds.count("error")}"'


def _written(case: _Case) -> Iterator[str]:
    head = f"    <testcase classname={_attribute(case.group)} name={_attribute(case.name)}"
    if not case.kind:
        yield f"{head}/>"
        return
    yield f"{head}>"
    if case.kind == "skipped":
        yield f"      <skipped>{_text(case.message)}</skipped>"
    else:
        yield f"      <{case.kind} type={_attribute(case.type)} message={_attribute(case.message, keep=chr(10))}>{_text(case.text)}</{case.kind}>"
    yield "    </testcase>"


# -- from results to cases ---------------------------------------------------------------------------------------------------------


def _cases(run: Run, view: View) -> Iterator[_Case]:
    by_entry = run.producer in _SCANS
    for result in run.results:
        if not by_entry or result.outcome in {Outcome.FAIL, Outcome.ERROR}:
            yield _case(result, view)
    if by_entry:
        open_entries = {result.check for result in run.results if result.outcome is Outcome.FAIL and result.suppression is None}
        for checked in run.checked:
            if checked.gotcha in open_entries:
                continue
            if checked.reviews:
                told = f"{checked.reviews} to review: {', '.join(str(below(place, view)) for place in checked.places)}"
                yield _Case(group=checked.gotcha, name=checked.title, kind="skipped", message=told)
            else:
                yield _Case(group=checked.gotcha, name=checked.title)


def _case(result: Result, view: View) -> _Case:
    where = below(result.place, view)
    about = result.place.label if result.check.startswith(_OWN) else ""
    name = about or (str(where) if where.span is not None else subject(result)) or "-"
    if result.suppression is not None:
        return _Case(group=result.check, name=name, kind="skipped", message=f"suppressed ({result.suppression.origin}): {result.suppression.reason}")
    if result.outcome in {Outcome.SKIP, Outcome.REVIEW}:
        told = result.message if result.outcome is Outcome.SKIP else f"to review: {result.message}"
        return _Case(group=result.check, name=name, kind="skipped", message=told)
    if result.outcome is Outcome.PASS:
        return _Case(group=result.check, name=name)
    kind = "failure" if result.outcome is Outcome.FAIL else "error"
    return _Case(group=result.check, name=name, kind=kind, type=result.severity.value, message=result.message, text="\n".join(_details(result, view)))


def _details(result: Result, view: View) -> Iterator[str]:
    yield result.message
    yield from (f"{name}: {value}" for name, value in facts(result))
    yield from (f"likely {gotcha} {where}".rstrip() for gotcha, where in causes(result))
    for place in result.related:
        yield visible(f"{below(place, view)}  {place.label}" if place.path is not None else place.label)
    for evidence in pieces(result):
        rows = code_lines(evidence.body)
        yield ""
        yield visible(title(evidence))
        yield from (f"  {row}" for row in (rows[-_MOST_LINES:] if evidence.kind == "log" else rows[:_MOST_LINES]))
    if result.change is not None:
        yield from _works(result.change)
    note = view.entries.get(result.check)
    if note is not None:
        yield ""
        yield f"gotcha-audit explain {result.check}"
        if note.link:
            yield visible(note.link)


def _works(change: Change) -> Iterator[str]:
    yield ""
    yield visible(f"WORKS: {change.title}".removesuffix(": "))
    yield from (f"- {row}" for row in code_lines(change.before))
    yield from (f"+ {row}" for row in code_lines(change.after))


# -- characters --------------------------------------------------------------------------------------------------------------------


def _attribute(text: str, keep: str = "") -> str:
    return quoteattr(visible(text, keep=keep), {"\n": "&#10;"})


def _text(text: str) -> str:
    """Character data. ``visible`` leaves nothing that XML 1.0 forbids (https://www.w3.org/TR/xml/#charsets)."""
    return escape(visible(text, keep="\n"))
