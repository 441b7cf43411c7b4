"""The verdict of a gate as Markdown, in the sections that the implement phase of spec-driven work reports in, with real output in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from auditor.model import Outcome, Report, Result, Run
from auditor.report.checklist import NO, OPEN, YES, checklist
from auditor.report.markup import block, code, fitted, where, words
from auditor.report.observed import causes
from auditor.report.tally import by_whom, plural
from auditor.report.verdict import verdict_line
from auditor.report.view import View
from auditor.report.visible import code_lines, cropped

_SECTIONS = (
    ("Unit Tests", ("suite/unit-tests", "suite/integration-tests")),
    ("Type Check", ("suite/types",)),
    ("Linter", ("suite/lint",)),
)
_SIGNS = {Outcome.PASS: YES, Outcome.FAIL: NO, Outcome.ERROR: NO}
_LONGEST = 1000
_MOST_PLACES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """What the report is about besides its runs: the plan, its status now, whether a person let it pass, and what to mend, most urgent first."""

    title: str
    path: str
    status: str
    complete: bool
    overridden: bool
    to_fix: tuple[Result, ...]


def render(report: Report, phase: Phase, view: View) -> str:
    """Write the whole verdict."""
    runs = {run.producer: run for run in report.runs}
    verdict = "PASS" if phase.complete and not phase.overridden else "OVERRIDDEN" if phase.complete else "FAIL"
    blocks = [f"# Gate: {words(phase.title)}: {verdict}"]
    if phase.to_fix:
        blocks.append("## To fix, in this order")
        blocks.append("\n".join(_fixes(phase.to_fix)))
    for title, checks in _SECTIONS:
        blocks.append(f"## {title}")
        blocks += _suite([result for result in _results(runs.get("suite")) if result.check in checks])
    blocks.append("## Production Validation")
    blocks += _validation(runs.get("validate"), runs.get("scan"), view)
    blocks.append("## Plan status")
    blocks.append("\n".join(_plan(phase, runs.get("plan"))))
    return "\n\n".join(fitted(blocks)) + "\n"


def _results(run: Run | None) -> Sequence[Result]:
    return run.results if run is not None else ()


def _fixes(results: Sequence[Result]) -> Iterator[str]:
    for number, result in enumerate(results, start=1):
        place = where(result.place)
        yield f"{number}. {code(result.check)} {place} {words(cropped(result.message, _LONGEST))}".rstrip()
        yield from (f"   - likely {code(gotcha)} {words(found)}" for gotcha, found in causes(result))


def _suite(results: Sequence[Result]) -> Iterator[str]:
    if not results:
        yield "Not set up in this project, and not named by the plan."
    for result in results:
        yield f"{_SIGNS.get(result.outcome, OPEN)} {words(cropped(result.message, _LONGEST))}"
        for evidence in result.evidence:
            yield block([evidence.title, *(cropped(row, _LONGEST) for row in code_lines(evidence.body))])


def _validation(run: Run | None, scan: Run | None, view: View) -> Iterator[str]:
    if run is not None:
        yield words(verdict_line(run, fail_on=view.fail_on)) if run.attempted else "Not attempted: the plan or the suite fails."
        if run.attempted:
            yield "\n".join(f"- {item.sign} **{words(item.title)}**: {words(item.evidence)}" for item in checklist(run))
            flows = [result for result in run.results if result.check in ("runtime/starts", "runtime/api", "runtime/flow", "runtime/health")]
            for result in flows:
                yield f"{_SIGNS.get(result.outcome, OPEN)} {code(result.check)} {words(cropped(result.message, _LONGEST))}"
                for evidence in result.evidence:
                    if evidence.kind in ("step", "response", "log", "output"):
                        yield block([cropped(row, _LONGEST) for row in code_lines(evidence.body)])
    yield "### Framework gotchas checked"
    if scan is None or not scan.checked:
        yield "No entry of the catalogue applies to this stack."
        return
    rows = ["| gotcha | FAILS | REVIEW | WORKS | evidence |", "|---|---:|---:|---:|---|"]
    for checked in scan.checked:
        if checked.fails or checked.reviews or checked.passes:
            places = ", ".join(where(place).replace("|", "\\|") for place in checked.places[:_MOST_PLACES])
            rows.append(f"| {code(checked.gotcha)} | {checked.fails} | {checked.reviews} | {checked.passes} | {places} |")
    untouched = sum(not (checked.fails or checked.reviews or checked.passes) for checked in scan.checked)
    yield "\n".join(rows) if len(rows) > 2 else "No site of any of them occurs."
    yield f"{len(scan.checked)} entries were checked; {untouched} of them have no site here."
    silenced = sum(result.suppression is not None for result in scan.results)
    if silenced:
        yield words(f"{plural(silenced, 'finding')} suppressed{by_whom([scan])}.")


def _plan(phase: Phase, run: Run | None) -> Iterator[str]:
    yield f"- plan: {code(phase.path)}"
    yield f"- status: {code(phase.status)}"
    if run is not None:
        passing, tasks, again = (run.counts.get(name, 0) for name in ("passing", "tasks", "run again"))
        yield f"- tasks: {passing} of {tasks} pass; evidence was run again {again} times"
        for result in run.results:
            yield f"- {_SIGNS.get(result.outcome, OPEN)} {words(cropped(result.message, _LONGEST))}"
        yield from (f"- **{words(note)}**" for note in run.notes)
