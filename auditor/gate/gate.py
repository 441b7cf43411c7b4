"""The gate of a plan: its evidence, the suite, a scan and a validation, then the plan is COMPLETE; any failure leaves it as it was."""

from __future__ import annotations

import hashlib
import os
import shlex
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from auditor import __version__
from auditor.errors import AttemptsExhausted, GotchaAuditError
from auditor.gate.suite import Command, suite
from auditor.gate.validation import Validation, validated
from auditor.model import Confidence, Coverage, Evidence, Outcome, Place, Report, Result, Run, Severity, Tool
from auditor.model.place import span_of
from auditor.plan import approval, passing
from auditor.plan.document import Plan
from auditor.plan.edit import Change
from auditor.plan.evidence import keep, records
from auditor.plan.passing import Override, RefusedError
from auditor.plan.runner import LIMIT, Ran, run
from auditor.plan.store import save
from auditor.plan.verifying import verify
from auditor.project.config import Config
from auditor.project.project import open_project
from auditor.runtime import attempts
from auditor.runtime.progress import Progress, Silent
from auditor.scan import ScanOptions, baseline, scan

_IDS = {"unit tests": "suite/unit-tests", "integration tests": "suite/integration-tests", "type check": "suite/types", "lint": "suite/lint"}
_TESTS = frozenset({"unit tests", "integration tests"})
_MOST_LINES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the gate is asked for. ``limit`` is in seconds, for each command of the suite; ``override`` is a person who answers for what fails."""

    config: Config
    validation: Validation
    limit: float = LIMIT
    override: Override | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gated:
    """What came of it: the plan as it is now, and whether it is complete. ``overridden`` says that a person let it pass."""

    report: Report
    plan: Plan
    complete: bool
    overridden: bool = False


def gate(root: Path, plan: Plan, asked: Asked, *, progress: Progress | None = None) -> Gated:
    """Hold everything that must hold against ``plan``, and complete it when all does.

    Raises RefusedError when the plan is not APPROVED, PlanError when it is not what was approved, UsageError when the baseline of the configuration
    cannot be used, AttemptsExhausted (exit code 4) when it failed as often as it may.
    """
    told = progress or Silent()
    if plan.status != "APPROVED":
        raise RefusedError(f"{plan.path}: the plan is {plan.status}; the gate is for an APPROVED plan: gotcha-audit plan approve")
    approval.ensure(plan, root)
    made = attempts.series(attempts.attempts(plan.path))
    limit = attempts.LIMIT
    if len(made) >= limit and asked.override is None:
        raise AttemptsExhausted(attempts.summary(plan.path, made, limit=limit))
    known = baseline.read(asked.config.baseline) if asked.config.baseline is not None else None
    runs = [_evidence(root, plan, told), _suite(root, plan, asked, told)]
    runs.append(_scan(root, asked, known, told))
    if any(_stops(result) for one in runs for result in one.results):
        runs.append(_not_validated(root))
    else:
        told.started("validate")
        wanted = replace(asked.validation, plan=plan.path, validation=plan.validation, attempt=asked.override is None)
        runs += validated(root, wanted, progress=told).runs
    report = Report(tool=Tool(name="gotcha-audit", version=__version__), root=str(root), runs=tuple(runs))
    status = report.exit_status(fail_on=asked.config.fail_on)
    if status and asked.override is not None:
        keep(plan, passing.SUITE, "override", _overridden(asked.override, report), root=root)
    report = replace(report, runs=(replace(report.runs[0], notes=(*report.runs[0].notes, *_overrides(plan))), *report.runs[1:]))
    if status and asked.override is None:
        return Gated(report=report, plan=plan, complete=False)
    stamp = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    change = Change(status="COMPLETE", production_validated=True, validation_timestamp=stamp)
    done = save(plan, change, root, guard=approval.check)
    return Gated(report=report, plan=done, complete=True, overridden=bool(status))


def to_fix(report: Report) -> tuple[Result, ...]:
    """What fails, in the order to mend it: evidence, tests, types, lint, findings that a run confirmed, the application, the rest."""
    results = [result for result in report.results if result.outcome in (Outcome.FAIL, Outcome.ERROR) and result.suppression is None]
    return tuple(sorted(results, key=lambda result: (_rank(result), -result.severity.rank)))


def _rank(result: Result) -> int:
    order = ("plan/", *_IDS.values())
    place = next((number for number, prefix in enumerate(order) if result.check.startswith(prefix)), None)
    if place is not None:
        return place
    if any(evidence.kind == "runtime" for evidence in result.evidence):
        return len(order)
    return len(order) + (1 if result.check.startswith("runtime/") else 2)


def _stops(result: Result) -> bool:
    """Whether starting the application would say nothing new: its plan or its suite does not hold."""
    return result.outcome in (Outcome.FAIL, Outcome.ERROR) and result.check.startswith(("plan/", "suite/"))


# -- the parts ---------------------------------------------------------------------------------------------------------------------


def _evidence(root: Path, plan: Plan, told: Progress) -> Run:
    """The evidence of every passing task, run again; and a failure for each task that does not pass."""
    told.started("plan/evidence")
    found = verify(plan, root=root)
    path = PurePosixPath(os.path.relpath(plan.path, root.resolve())) if plan.path.is_absolute() else PurePosixPath(plan.path)
    open_tasks = tuple(
        Result(
            check="plan/task-open",
            outcome=Outcome.FAIL,
            message=f"task {task.id} ({task.name}) does not pass: gotcha-audit plan next",
            place=Place(path=path, span=span_of(task.line), label=f"task {task.id}"),
            severity=Severity.ERROR,
            confidence=Confidence.HIGH,
            fingerprint=_fingerprint("plan/task-open", str(path), repr(task.id)),
        )
        for task in plan.tasks
        if not task.passes
    )
    done = replace(found, results=(*found.results, *open_tasks))
    told.done("plan/evidence", [result.outcome for result in done.results])
    return done


def _suite(root: Path, plan: Plan, asked: Asked, told: Progress) -> Run:
    """Each command of the suite, its whole output kept as evidence."""
    began, clock = datetime.now(UTC), time.monotonic()
    commands = suite(open_project(root, config=asked.config), plan.validation)
    results: list[Result] = []
    for command in commands:
        told.started(_IDS[command.kind])
        result = _checked(root, plan, command, asked)
        results.append(result)
        told.done(_IDS[command.kind], [result.outcome])
    if not any(command.kind in _TESTS for command in commands):
        results.append(_missing_tests())
    return Run(
        producer="suite",
        subject=str(root),
        started=began,
        seconds=round(time.monotonic() - clock, 3),
        stack=(),
        tree="",
        results=tuple(results),
        counts={outcome.value: sum(result.outcome is outcome for result in results) for outcome in Outcome},
        coverage=Coverage(selected=len(commands), scanned=len(commands)),
        notes=tuple(f"{command.kind}: {command} ({command.why})" for command in commands),
    )


def _checked(root: Path, plan: Plan, command: Command, asked: Asked) -> Result:
    words = _found(root, command)
    folder = root / command.folder
    if command.kind in _TESTS:
        try:
            judged = passing.suite(plan, words, root=root, cwd=folder, limit=asked.limit)
        except GotchaAuditError as error:
            return _result(command, Outcome.FAIL, str(error), ())
        said = f"{judged.counts.passed} passed ({judged.counts.runner})" if judged.counts is not None else ""
        message = f"{command}: {said}" if judged.accepted else f"{command}: {'; '.join(judged.reasons)}"
        return _result(command, Outcome.PASS if judged.accepted else Outcome.FAIL, message, _shown(command, judged.ran))
    ran = run(words, folder, limit=asked.limit)
    accepted = ran.code == 0
    content = {"argv": list(ran.argv), "cwd": str(command.folder), "code": ran.code, "started": ran.started, "ended": ran.ended, "accepted": accepted}
    keep(plan, passing.SUITE, "suite", {**content, "of": command.kind}, ran.log, root=root)
    return _result(command, Outcome.PASS if accepted else Outcome.FAIL, f"{command}: {_ended(ran)}", _shown(command, ran))


def _found(root: Path, command: Command) -> tuple[str, ...]:
    """The words with the project's own program, where it brings one."""
    for folder in (".venv/bin", "venv/bin"):
        program = root.resolve() / folder / command.words[0]
        if "/" not in command.words[0] and program.is_file():
            return (str(program), *command.words[1:])
    return command.words


def _ended(ran: Ran) -> str:
    if ran.failure:
        return f"it cannot be executed: {ran.failure}"
    return "it does not end in time" if ran.timed_out else f"exit code {ran.code}"


def _shown(command: Command, ran: Ran) -> tuple[Evidence, ...]:
    lines = ran.lines[-_MOST_LINES:]
    return (Evidence(kind="output", title=f"$ {shlex.join(command.words)}", body="\n".join(lines), truncated=len(ran.lines) > len(lines)),)


def _result(command: Command, outcome: Outcome, message: str, evidence: Sequence[Evidence]) -> Result:
    return Result(
        check=_IDS[command.kind],
        outcome=outcome,
        message=message,
        place=Place(path=None, label=command.kind),
        severity=Severity.ERROR,
        confidence=Confidence.HIGH,
        evidence=tuple(evidence),
        fingerprint=_fingerprint(_IDS[command.kind], str(command.folder), str(command)),
    )


def _fingerprint(*parts: str) -> str:
    """Identifies a result from one gate to the next."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:20]


def _missing_tests() -> Result:
    """No command runs tests: a plan without tests is not complete."""
    return Result(
        check="suite/unit-tests",
        outcome=Outcome.FAIL,
        message="nothing says how the tests are run: write `unit_test_command` into the plan's `validation`, or set a test runner up",
        place=Place(path=None, label="unit tests"),
        severity=Severity.ERROR,
        confidence=Confidence.HIGH,
        fingerprint=_fingerprint("suite/unit-tests"),
    )


def _scan(root: Path, asked: Asked, known: baseline.Baseline | None, told: Progress) -> Run:
    told.started("scan")
    report = scan(root, ScanOptions(config=asked.config))
    (found,) = (baseline.apply(report, known, root=root) if known is not None else report).runs
    told.done("scan", [result.outcome for result in found.results])
    return found


def _not_validated(root: Path) -> Run:
    """The validation that was not made: the attempt is not spent on an application whose own tests fail."""
    result = Result(
        check="runtime/starts",
        outcome=Outcome.SKIP,
        message="not attempted because the plan or the suite fails",
        place=Place(path=None, label="start"),
        severity=Severity.ERROR,
        confidence=Confidence.HIGH,
    )
    return Run(
        producer="validate",
        subject=str(root),
        started=datetime.now(UTC),
        seconds=0.0,
        stack=(),
        tree="",
        results=(result,),
        counts={"not attempted": 1},
        coverage=Coverage(selected=0, scanned=0),
    )


def _overridden(override: Override, report: Report) -> dict[str, object]:
    failing = sorted({result.check for result in to_fix(report)})
    return {"accepted": True, "by": override.by, "reason": override.reason, "failing": failing, "at": datetime.now(UTC).isoformat(timespec="seconds")}


def _overrides(plan: Plan) -> Iterator[str]:
    """Every decision of a person against the gate, for every later report."""
    for record in records(plan, passing.SUITE):
        if record.kind == "override":
            failing = ", ".join(record.strings("failing"))
            yield f"overridden by {record.text('by')} at {record.text('at')}: {record.text('reason')} (failing then: {failing})"
