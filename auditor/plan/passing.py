"""When a task passes: a test that failed before, and passes now, in runs of our own.

`red` and `green` run a command and keep what came of it, whatever it was. `mark_passed` lets a task pass when nothing speaks against it, or when a
person says so by name; `verify` runs the evidence again.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from auditor import __version__
from auditor.errors import UsageError
from auditor.plan.changes import Changes, changes, head, is_source, is_test
from auditor.plan.counts import Counts, Unclear, count
from auditor.plan.document import Plan, Task
from auditor.plan.evidence import Kind, Record, file_digests, folder_of, is_stale, keep, log_trouble, records, task_digest
from auditor.plan.leads import Lead, lead
from auditor.plan.parse import identity
from auditor.plan.runner import LIMIT, Ran, run, secret_values

FULL_SUITE_LIMIT = 3
"""How often the full suite may be run for one task."""
LEAST_LINES = 3
SUITE = Task(id="(suite)", name="", description="", dependencies=(), dod=(), files=(), passes=False, line=0)
"""Stands for the plan as a whole, where evidence belongs to no single task."""
_OVERRIDE = "--override --by NAME --reason TEXT"


class RefusedError(UsageError):
    """What was asked for is refused; the text says why and what to do instead, ``reasons`` say it one by one."""

    def __init__(self, message: str, reasons: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.reasons = tuple(reasons) or (message,)


class LimitError(UsageError):
    """The full suite was run as often as it may be: a person must decide."""

    exit_code = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """A person who answers for what the evidence does not show."""

    by: str
    reason: str

    def __post_init__(self) -> None:
        if not self.by.strip() or not self.reason.strip():
            raise UsageError("an override needs the name of a person and a reason: --override --by NAME --reason TEXT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A run and what is to be said of it: ``reasons`` why it is not what it had to be, empty when it is."""

    ran: Ran
    counts: Counts | None
    reasons: tuple[str, ...]
    record: Record | None = None

    @property
    def accepted(self) -> bool:
        """Whether it is evidence."""
        return not self.reasons


def red(plan: Plan, task: Task, argv: Sequence[str], *, root: Path, cwd: Path | None = None, limit: float = LIMIT) -> Judged:
    """Run the test of a task that is not done: it must fail, by the word of its runner. Whatever came of it is recorded."""
    return _recorded(plan, task, argv, "red", root=root, cwd=cwd or root, limit=limit)


def green(
    plan: Plan, task: Task, argv: Sequence[str], *, root: Path, cwd: Path | None = None, limit: float = LIMIT, override: Override | None = None
) -> Judged:
    """Run the test of a task that is done: it must pass, by the word of its runner. Whatever came of it is recorded.

    Raises LimitError when the full suite was run as often as it may be; an ``override`` allows one more.
    """
    return _recorded(plan, task, argv, "green", root=root, cwd=cwd or root, limit=limit, override=override)


def suite(plan: Plan, argv: Sequence[str], *, root: Path, cwd: Path | None = None, limit: float = LIMIT) -> Judged:
    """Run all tests of the project, which must pass, and record it with the plan; it counts for no task."""
    return _recorded(plan, SUITE, argv, "suite", root=root, cwd=cwd or root, limit=limit)


def full_suite_runs(known: Sequence[Record]) -> int:
    """How many of the records are runs of the full suite."""
    return sum(record.data.get("full_suite") is True for record in known)


def _recorded(
    plan: Plan, task: Task, argv: Sequence[str], kind: Kind, *, root: Path, cwd: Path, limit: float, override: Override | None = None
) -> Judged:
    root, cwd = root.resolve(), cwd.resolve()
    if not argv:
        raise UsageError(f"there is no command: write it after --, such as plan {kind} {task.id} -- pytest tests/test_x.py")
    if not cwd.is_relative_to(root):
        raise UsageError(f"{cwd} is outside the project {root}: run from inside it")
    _keep_secrets_out(argv)
    known = records(plan, task)
    leads = lead(argv, cwd, root)
    runs = full_suite_runs(known)
    if kind != "suite" and not leads.picks and runs >= FULL_SUITE_LIMIT and override is None:
        raise LimitError(
            f"task {task.id}: the full suite was run {runs} times, and {FULL_SUITE_LIMIT} are allowed: name the tests of the task, "
            "or let a person decide: --override --by NAME --reason TEXT"
        )
    before = _base(known)
    judged = judge(run(argv, cwd, limit=limit), leads, kind)
    changed = changes(root, before.text("head") if before else head(root), task.files, before.mapping("files") if before else None, argv)
    content = {**_described(judged, leads, root, cwd), **_state(task, root, changed)}
    if override is not None:
        content["override"] = {"by": override.by, "reason": override.reason}
    return replace(judged, record=keep(plan, task, kind, content, judged.ran.log, root=root))


def _keep_secrets_out(argv: Sequence[str]) -> None:
    text = "\0".join(argv)
    if any(value in text for value in secret_values(os.environ) if not Path(value).exists()):
        raise RefusedError("the command holds the value of a secret variable, which would be kept in the record: let the test read it itself")


def _base(known: Sequence[Record]) -> Record | None:
    """The record from which on changes count: the first time the test of the task was seen to fail."""
    return next((record for record in known if record.kind == "red" and record.accepted), None)


def judge(ran: Ran, leads: Lead, kind: Kind) -> Judged:
    """What a run shows: as ``red`` a test that fails, else tests that pass."""
    said = [count(ran.lines, runner) for runner in dict.fromkeys(leads.runners)]
    counted = [one for one in said if isinstance(one, Counts)]
    unclear = [one.reason for one in said if isinstance(one, Unclear)]
    counts = _together(counted) if counted and not unclear else None
    reasons = list(_how_it_ended(ran))
    if not reasons:
        reasons += (_why_not_red if kind == "red" else _why_not_green)(ran, counts, unclear)
    return Judged(ran=ran, counts=counts, reasons=tuple(reasons))


def _how_it_ended(ran: Ran) -> Sequence[str]:
    name = shlex.join(ran.argv)
    if ran.failure:
        return (f"`{name}` could not be started: {ran.failure}",)
    if ran.timed_out:
        return (f"`{name}` did not end within {ran.seconds:.0f} s, and was stopped; a hanging test shows nothing (--limit SECONDS allows more)",)
    if ran.left:
        return (f"`{name}` left processes that could not be ended: {', '.join(ran.left)}",)
    return ()


def _why_not_red(ran: Ran, counts: Counts | None, unclear: Sequence[str]) -> list[str]:
    if ran.code == 0:
        passed = f": {counts.indicator.strip('= ')}" if counts else ""
        return [f"the test passes already{passed}; write a test that fails until the task is done"]
    if counts is None:
        return [f"it ended with exit code {ran.code}, and no test failed: {'; '.join(unclear)}"]
    if counts.failed + counts.errors == 0:
        return [f"it ended with exit code {ran.code}, and no test failed: {counts.indicator.strip('= ')}"]
    return []


def _why_not_green(ran: Ran, counts: Counts | None, unclear: Sequence[str]) -> list[str]:
    reasons = []
    if ran.code != 0:
        reasons.append(f"it ended with exit code {ran.code}")
    if counts is None:
        reasons.append(f"nothing says that tests passed: {'; '.join(unclear)}")
    else:
        said = counts.indicator.strip("= ")
        if counts.failed or counts.errors:
            reasons.append(f"tests failed ({said})" + (", although the exit code is 0" if ran.code == 0 else ""))
        if not counts.passed and not counts.failed and not counts.errors:
            reasons.append(f"no test passed: {'all were skipped' if counts.skipped else 'none was run'} ({said})")
    shown = sum(bool(line.strip()) for line in ran.lines)
    if shown < LEAST_LINES:
        reasons.append(f"it printed {shown} lines, and {LEAST_LINES} are the least that can be judged: run it without -q")
    return reasons


def _together(several: Sequence[Counts]) -> Counts:
    if len(several) == 1:
        return several[0]
    return Counts(
        runner="+".join(one.runner for one in several),
        passed=sum(one.passed for one in several),
        failed=sum(one.failed for one in several),
        skipped=sum(one.skipped for one in several),
        errors=sum(one.errors for one in several),
        collected=sum(one.collected for one in several),
        indicator=" | ".join(one.indicator.strip("= ") for one in several),
    )


def _described(judged: Judged, leads: Lead, root: Path, cwd: Path) -> dict[str, object]:
    ran = judged.ran
    return {
        "tool": {"name": "gotcha-audit", "version": __version__},
        "argv": list(ran.argv),
        "cwd": cwd.relative_to(root).as_posix(),
        "trail": list(leads.trail),
        "full_suite": not leads.picks,
        "code": ran.code,
        "started": ran.started,
        "ended": ran.ended,
        "seconds": ran.seconds,
        "timed_out": ran.timed_out,
        "flooded": ran.flooded,
        "lines": len(ran.lines),
        "tail": list(ran.tail),
        "counts": judged.counts.plain if judged.counts else None,
        "accepted": judged.accepted,
        "reasons": list(judged.reasons),
    }


def _state(task: Task, root: Path, changed: Changes) -> dict[str, object]:
    return {
        "head": head(root),
        "base": changed.base,
        "task_digest": task_digest(task),
        "files": file_digests(task.files, root),
        "changed": changed.tests,
        "sources": changed.sources,
        "others": changed.others,
    }


# -- may it pass? --------------------------------------------------------------------------------------------------------------------------


def may_pass(plan: Plan, task: Task, *, root: Path) -> tuple[str, ...]:
    """Every reason why the task may not pass; none when it may. Raises AlteredError when its records are not as they were written."""
    root = root.resolve()
    reasons = list(plan_reasons(plan, task))
    known = records(plan, task)
    lights = [record for record in known if record.accepted and record.kind in ("red", "green")]
    greens = [record for record in lights if record.kind == "green"]
    if not greens:
        return (*reasons, _why_no_green(task, known))
    last = greens[-1]
    if any(record.kind == "green" and not record.accepted and record.number > last.number for record in known):
        reasons.append(f"its last run failed ({_name(known[-1])}); make it pass: plan green {task.id} -- {shlex.join(last.argv)}")
    reasons += [f"{trouble}; record it again: plan green {task.id} -- {shlex.join(last.argv)}" for trouble in [log_trouble(last)] if trouble]
    stale = is_stale(last, task, root)
    if stale:
        reasons.append(f"its evidence is stale ({'; '.join(stale[:5])}); record it again: plan green {task.id} -- {shlex.join(last.argv)}")
    reds = [record for record in lights if record.kind == "red" and record.number < last.number]
    if not reds:
        return (*reasons, f"no test was seen to fail before it passed; undo the change, and record it: plan red {task.id} -- {shlex.join(last.argv)}")
    before = next((record for record in reversed(reds) if covers(last, record)), None)
    if before is None:
        ran, failed = shlex.join(last.argv), shlex.join(reds[-1].argv)
        reasons.append(f"`{ran}` passed, and what was seen to fail is `{failed}`; run the same: plan green {task.id} -- {failed}")
        before = reds[-1]
    reasons += _change_reasons(plan, task, reds[0], before, root)
    return tuple(reasons)


def plan_reasons(plan: Plan, task: Task) -> list[str]:
    """What in the plan itself speaks against a task: that it is not approved, or a dependency that does not pass. No override helps."""
    reasons = []
    if plan.status != "APPROVED":
        reasons.append(f"the plan is {plan.status}, and tasks pass in an APPROVED plan only; have it approved first")
    by_id = {identity(other.id): other for other in plan.tasks}
    for name in map(identity, task.dependencies):
        other = by_id.get(name)
        if other is None:
            reasons.append(f"it depends on task {name}, which is not in the plan")
        elif not other.passes:
            reasons.append(f"it depends on task {name} ({other.name}), which does not pass yet: plan pass {name}")
    return reasons


def _why_no_green(task: Task, known: Sequence[Record]) -> str:
    tried = [record for record in known if record.kind == "green"]
    if tried:
        return f"its test did not pass: {'; '.join(tried[-1].strings('reasons')) or 'its run was not accepted'} ({_name(tried[-1])})"
    return f"there is no evidence of it; record it: plan red {task.id} -- CMD…, do the work, then plan green {task.id} -- CMD…"


def covers(green: Record, red: Record) -> bool:
    """Whether the one run holds the tests of the other: the same command in the same folder, or the full suite by the same runner."""
    if (green.argv, green.text("cwd")) == (red.argv, red.text("cwd")):
        return True
    return green.data.get("full_suite") is True and bool(_runners(red) & _runners(green))


def _runners(record: Record) -> set[str]:
    return set(str(record.mapping("counts").get("runner", "")).split("+")) - {""}


def _change_reasons(plan: Plan, task: Task, first: Record, before: Record, root: Path) -> list[str]:
    """What speaks against the changes: sources without tests, and tests that alone made red turn green."""
    changed = changes(root, first.text("head"), task.files, first.mapping("files"), before.argv)
    now = file_digests(task.files, root)
    own = set(now) | set(task.files)
    since = _differing({**before.mapping("others"), **before.mapping("sources")}, changed.work)
    since |= {name for name in _differing(before.mapping("files"), now) if not is_test(name)}
    sources = sorted({name for name in changed.sources if name in own} | {name for name in since if is_source(name)})
    reasons = []
    if sources and not _own_tests(plan, task, changed, before):
        named = ", ".join(sources[:10])
        reasons.append(f"sources changed without a test ({named}); change the test that shows it, or let a person answer: {_OVERRIDE}")
    moved = _differing(before.mapping("changed"), changed.tests)
    if moved and not since and (not own or not all(map(is_test, own))):
        named = ", ".join(sorted(moved)[:10])
        reasons.append(f"between red and green nothing but tests changed ({named}), which shows no work: record red again with the test as it is")
    return reasons


def _differing(then: Mapping[str, object], now: Mapping[str, object]) -> set[str]:
    return {name for name in then.keys() | now.keys() if then.get(name, "") != now.get(name, "")}


def _own_tests(plan: Plan, task: Task, changed: Changes, before: Record) -> list[str]:
    """The changed tests that may speak for this task: not those which another task passed with, unless they are what was run here."""
    claimed: set[tuple[str, object]] = set()
    for other in plan.tasks:
        if other.id != task.id and other.passes and folder_of(plan, other).is_dir():
            greens = [record for record in records(plan, other) if record.kind == "green" and record.accepted]
            claimed |= set(greens[-1].mapping("changed").items()) if greens else set()
    ran = " ".join(before.argv)
    return [name for name, digest in changed.tests.items() if (name, digest) not in claimed or name in ran or Path(name).stem in ran]


def mark_passed(plan: Plan, task: Task, *, root: Path, override: Override | None = None) -> Record:
    """Record that the task passes, with the records that show it; raises RefusedError with every reason when it may not.

    An ``override`` stands in for evidence, never for the approval of the plan. The plan itself is not touched.
    """
    root = root.resolve()
    reasons = may_pass(plan, task, root=root)
    hard = plan_reasons(plan, task)
    if hard or (reasons and override is None):
        against = hard if override is not None else reasons
        listed = "".join(f"\n  - {reason}" for reason in against)
        raise RefusedError(f"{plan.path}:{task.line}: task {task.id} ({task.name}) may not pass:{listed}", against)
    known = records(plan, task)
    greens = [record for record in known if record.kind == "green" and record.accepted]
    reds = [record for record in known if record.kind == "red" and record.accepted and greens and record.number < greens[-1].number]
    content: dict[str, object] = {
        "tool": {"name": "gotcha-audit", "version": __version__},
        "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "accepted": True,
        "task_digest": task_digest(task),
        "files": file_digests(task.files, root),
        "head": head(root),
        "full_suite_runs": full_suite_runs(known),
        "full_suite_limit": FULL_SUITE_LIMIT,
        "red": _linked(reds),
        "green": _linked(greens),
    }
    if override is not None and reasons:
        return keep(plan, task, "override", {**content, "by": override.by, "reason": override.reason, "reasons": list(reasons)}, root=root)
    return keep(plan, task, "pass", content, root=root)


def _linked(found: Sequence[Record]) -> Mapping[str, object] | None:
    return {"record": found[-1].path.name, "digest": found[-1].digest} if found else None


def _name(record: Record) -> str:
    return record.path.name
