"""Run the evidence of a plan again: what was written by hand, or holds no longer, does not survive it."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from auditor.errors import GotchaAuditError
from auditor.model import Confidence, Coverage, Evidence, Outcome, Place, Result, Run, Severity, span_of
from auditor.plan.document import Plan, Task
from auditor.plan.evidence import AlteredError, Record, folder_of, is_stale, log_trouble, records, sha256
from auditor.plan.leads import Lead, NoRunnerError, lead
from auditor.plan.passing import Judged, judge
from auditor.plan.runner import LIMIT, Ran, run

_MOST_SHOWN = 4000
_Known = dict[tuple[tuple[str, ...], Path], Judged]
_Said = tuple[str, Outcome, str, tuple[Evidence, ...]]


def verify(plan: Plan, *, root: Path, limit: float = LIMIT) -> Run:
    """Look at the evidence of every passing task, and run it again.

    Results: `plan/evidence` passes; `plan/evidence-missing`, `-altered`, `-stale` and `-fails` fail; `plan/override` is for a person to look at.
    """
    started, clock = datetime.now(UTC), time.monotonic()
    root = root.resolve()
    known: _Known = {}
    passing = [task for task in plan.tasks if task.passes]
    results = tuple(result for task in passing for result in _task(plan, task, root, limit, known))
    return Run(
        producer="plan",
        subject=str(plan.path),
        started=started,
        seconds=round(time.monotonic() - clock, 3),
        stack=(),
        tree=plan.digest,
        results=results,
        counts={"tasks": len(plan.tasks), "passing": len(passing), "run again": len(known)},
        coverage=Coverage(selected=len(passing), scanned=len(passing)),
    )


def _task(plan: Plan, task: Task, root: Path, limit: float, known: _Known) -> Iterator[Result]:
    for check, outcome, message, evidence in _found(plan, task, root, limit, known):
        yield _result(plan, task, root, check, outcome, message, evidence)


def _found(plan: Plan, task: Task, root: Path, limit: float, known: _Known) -> Iterator[_Said]:
    again = f"plan red {task.id} -- CMD…, plan green {task.id} -- CMD…"
    try:
        history = records(plan, task)
    except AlteredError as error:
        yield "plan/evidence-altered", Outcome.FAIL, str(error), ()
        return
    except GotchaAuditError as error:
        yield "plan/evidence", Outcome.ERROR, str(error), ()
        return
    passed = [record for record in history if record.kind in ("pass", "override") and record.accepted]
    if not passed:
        what = "no record says that it was let pass" if history else f"no evidence of it was recorded in {folder_of(plan, task)}"
        yield "plan/evidence-missing", Outcome.FAIL, f"task {task.id} passes, and {what}; take `passes` back, and record it: {again}", ()
        return
    for record in (record for record in history if record.kind == "override"):
        why = "; ".join(record.strings("reasons"))
        yield (
            "plan/override",
            Outcome.REVIEW,
            f"task {task.id} passes by the word of {record.text('by')}: {record.text('reason')} (against it: {why})",
            (),
        )
    last = passed[-1]
    trouble = _link_trouble(last, history)
    greens = [record for record in history if record.kind == "green" and record.accepted]
    if trouble:
        yield "plan/evidence-altered", Outcome.FAIL, f"task {task.id}: {trouble}; record it again: {again}", ()
    elif greens and last.kind == "pass":
        yield from _green(task, greens[-1], root, limit, known)


def _link_trouble(last: Record, history: Sequence[Record]) -> str:
    """What is wrong with the records that one names as its evidence; "" when nothing is."""
    by_name = {record.path.name: record for record in history}
    for kind in ("red", "green"):
        link = last.mapping(kind)
        if not link:
            if last.kind == "pass":
                return f"{last.path} names no {kind} record"
            continue
        record = by_name.get(str(link.get("record")))
        if record is None or record.digest != link.get("digest") or record.kind != kind or not record.accepted:
            return f"the {kind} record that {last.path.name} names is not there as it was"
    return ""


def _green(task: Task, record: Record, root: Path, limit: float, known: _Known) -> Iterator[_Said]:
    command = shlex.join(record.argv)
    again = f"plan green {task.id} -- {command}"
    cwd = root / PurePosixPath(record.text("cwd") or ".")
    if not record.argv or not cwd.resolve().is_relative_to(root) or not cwd.is_dir():
        yield "plan/evidence-altered", Outcome.FAIL, f"task {task.id}: {record.path} names no command, or no folder of the project", ()
        return
    trouble = log_trouble(record)
    if trouble:
        check = "plan/evidence-missing" if trouble.endswith("missing") else "plan/evidence-altered"
        yield check, Outcome.FAIL, f"task {task.id}: {trouble}; record it again: {again}", ()
        return
    try:
        leads = lead(record.argv, cwd, root)
    except NoRunnerError as error:
        yield "plan/evidence-fails", Outcome.FAIL, f"task {task.id}: {error}", ()
        return
    contradiction = _contradiction(record, leads)
    if contradiction:
        yield (
            "plan/evidence-altered",
            Outcome.FAIL,
            f"task {task.id}: {record.path} was not written by a run: {contradiction}; record it again: {again}",
            (),
        )
        return
    stale = is_stale(record, task, root)
    if stale:
        yield "plan/evidence-stale", Outcome.FAIL, f"task {task.id}: {'; '.join(stale[:10])}; record it again: {again}", ()
    judged = known.get((record.argv, cwd))
    if judged is None:
        judged = known[record.argv, cwd] = judge(run(record.argv, cwd, limit=limit), leads, "green")
    evidence = (_shown(judged.ran),)
    reasons = list(judged.reasons)
    then = _number(record.mapping("counts").get("passed"))
    if judged.counts is not None and judged.counts.passed < then:
        reasons.append(f"{then} tests passed when it was recorded, and {judged.counts.passed} pass now")
    if reasons:
        yield "plan/evidence-fails", Outcome.FAIL, f"task {task.id}: `{command}` was run again: {'; '.join(reasons)}", evidence
    elif not stale:
        assert judged.counts is not None
        message = f"task {task.id}: `{command}` was run again: {judged.counts.indicator.strip('= ')}"
        yield "plan/evidence", Outcome.PASS, message, evidence


def _contradiction(record: Record, leads: Lead) -> str:
    """Where a record says something else than the output that is kept beside it."""
    try:
        lines = tuple(record.log.read_bytes().decode("utf-8", "replace").split("\n")[:-1])
    except OSError as error:
        return f"{record.log.name} cannot be read: {error.strerror or error}"
    code = record.data.get("code")
    ran = Ran(
        argv=record.argv,
        cwd=record.path.parent,
        code=code if isinstance(code, int) else None,
        started=record.text("started"),
        ended=record.text("ended"),
        seconds=0.0,
        lines=lines,
        timed_out=record.data.get("timed_out") is True,
        flooded=record.data.get("flooded") is True,
    )
    judged = judge(ran, leads, "green")
    if judged.reasons:
        return "; ".join(judged.reasons)
    assert judged.counts is not None
    if judged.counts.plain != record.mapping("counts"):
        return f"it counts other tests than its output, which says {judged.counts.indicator.strip('= ')}"
    if list(ran.tail) != record.strings("tail") or record.data.get("lines") != len(lines):
        return "its last lines are not those of its output"
    return ""


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _shown(ran: Ran) -> Evidence:
    text = "\n".join(ran.tail)
    return Evidence(
        kind="output", title=shlex.join(ran.argv), body=text[-_MOST_SHOWN:], truncated=len(ran.lines) > len(ran.tail) or len(text) > _MOST_SHOWN
    )


def _result(plan: Plan, task: Task, root: Path, check: str, outcome: Outcome, message: str, evidence: tuple[Evidence, ...]) -> Result:
    path = plan.path.resolve()
    below = PurePosixPath(path.relative_to(root).as_posix()) if path.is_relative_to(root) else None
    return Result(
        check=check,
        outcome=outcome,
        message=message,
        place=Place(path=below, span=span_of(task.line) if task.line > 0 else None, label=f"task {task.id}"),
        severity=Severity.ERROR,
        confidence=Confidence.HIGH,
        evidence=evidence,
        fingerprint=sha256(f"{check}\0{below}\0{task.id!r}".encode())[:16],
    )
