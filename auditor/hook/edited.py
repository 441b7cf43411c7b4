"""What fails in the files that were just written: a scan of exactly those, said in as few lines as an agent needs to mend it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from auditor.errors import GotchaAuditError
from auditor.hook import session
from auditor.hook.events import Answer, Edited, ScanNote
from auditor.hook.written import by_shell, located
from auditor.model import Outcome, Result, Severity
from auditor.report.visible import code_lines, visible

_MOST_RESULTS = 5
_MOST_LINES = 6
_LONGEST_LINE = 200
_LONGEST_MESSAGE = 600


def report(event: Edited, environment: Mapping[str, str]) -> Answer | None:
    """The failures of the edited files, None where there are none; raises ScanNote where the project cannot be scanned."""
    root, paths = located(event.folders, (*event.paths, *by_shell(event.command, event.folders)))
    if root is None:
        return None
    found = failures(root, paths)
    if event.session:
        where = session.folder(event.session, root, environment)
        failing = {str(result.place.path) for result in found}
        for path in paths:
            session.edited(where, path.as_posix(), fails=path.as_posix() in failing)
    return Answer(kind="context", text=_written(found)) if found else None


def failures(root: Path, paths: tuple[Path, ...]) -> tuple[Result, ...]:
    """What fails in these files of a project, as far as it would fail the scan; raises ScanNote."""
    # Only here, so that an event that needs no scan does not pay for one.
    from auditor.project.config import load_config  # noqa: PLC0415
    from auditor.scan import ScanOptions, baseline, scan  # noqa: PLC0415

    try:
        config = load_config(root)
        made = baseline.as_configured(scan(root, ScanOptions(config=config, paths=paths)), config.baseline, root=root, paths=paths)
    except GotchaAuditError as error:
        raise ScanNote(" ".join(str(error).split())[:400]) from error
    names = {path.as_posix() for path in paths}
    return tuple(
        result
        for run in made.runs
        for result in run.results
        if result.outcome is Outcome.FAIL and result.suppression is None and _counts(result, config.fail_on) and str(result.place.path) in names
    )


def _counts(result: Result, least: Severity) -> bool:
    order = list(Severity)
    return order.index(result.severity) <= order.index(least)


def _written(found: tuple[Result, ...]) -> str:
    files = sorted({visible(str(result.place.path)) for result in found})
    sites = "1 site fails" if len(found) == 1 else f"{len(found)} sites fail"
    lines = [f"gotcha-audit: {sites} in {', '.join(files)}. Tests pass with it, and production breaks:"]
    for result in found[:_MOST_RESULTS]:
        lines += ["", *_of(result)]
    if len(found) > _MOST_RESULTS:
        lines += ["", f"and {len(found) - _MOST_RESULTS} more: gotcha-audit scan {' '.join(files)}"]
    lines += ["", "Write the WORKS form. Where a site is meant to be as it is, a comment says so: gotcha: ignore[ID] -- reason"]
    return "\n".join(lines)


def _of(result: Result) -> list[str]:
    place = result.place
    line = f":{place.span.start.line}" if place.span else ""
    lines = [
        f"{visible(str(place.path))}{line} {result.severity.value} {visible(result.check)}",
        f"  {_cut(visible(' '.join(result.message.split())), _LONGEST_MESSAGE)}",
    ]
    if result.change:
        if result.change.before:
            lines += _code("FAILS", result.change.before)
        if result.change.after:
            lines += _code("WORKS", result.change.after)
        elif result.change.title:
            lines.append(f"  WORKS: {_cut(visible(result.change.title), _LONGEST_LINE)}")
    lines.append(f"  why: gotcha-audit explain {visible(result.check)}")
    return lines


def _code(label: str, code: str) -> list[str]:
    rows = code_lines(code)
    shown = [f"    {_cut(row, _LONGEST_LINE)}" for row in rows[:_MOST_LINES]]
    return [f"  {label}:", *shown, *(["    …"] if len(rows) > _MOST_LINES else [])]


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else text[: room - 1] + "…"
