"""What is wrong with a plan as a plan: tasks that cannot be ordered, states that contradict each other, wrong types."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from auditor import __version__
from auditor.errors import PlanError
from auditor.model import Confidence, Coverage, Outcome, Place, Report, Result, Run, Severity, Tool, span_of
from auditor.plan.document import Task
from auditor.plan.jsontext import Value
from auditor.plan.parse import Inspected, identity, inspect
from auditor.plan.store import locate, read_bytes
from auditor.report.visible import visible


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One mistake of a plan: the check that found it, the line, what is wrong with the mend."""

    check: str
    line: int
    message: str


def mistakes(plan: Inspected) -> tuple[Found, ...]:
    """Give everything that is wrong with a plan, by line. What could not be read is looked at as far as it could be."""
    read = {"plan/syntax": plan.syntax, "plan/type": plan.types, "plan/duplicate": plan.twice}
    found = [Found(check=check, line=problem.line, message=problem.message) for check, problems in read.items() for problem in problems]
    for check in CHECKS:
        found += check(plan)
    return tuple(sorted(found, key=lambda one: (one.line, one.check, one.message)))


def lint(paths: Iterable[Path], root: Path) -> Report:
    """Give the mistakes of several plan files as a report with one run of the producer ``plan``.

    A file that is no JSON, or cannot be read, is an ``error`` result: it was not examined.
    """
    started, clock = datetime.now(UTC), time.monotonic()
    results: list[Result] = []
    failed = 0
    seen = hashlib.sha256()
    paths = tuple(paths)
    for path in paths:
        place = _relative(path, root)
        try:
            real = locate(path, root)
            data = read_bytes(real)
        except PlanError as error:
            failed += 1
            results.append(_result(place, Found(check="plan/syntax", line=0, message=str(error).partition(": ")[2] or str(error)), 0))
            continue
        seen.update(hashlib.sha256(data).digest())
        found = mistakes(inspect(data, real))
        failed += any(one.check == "plan/syntax" for one in found)
        number: Counter[tuple[str, str]] = Counter()
        for one in found:
            results.append(_result(place, one, number[one.check, one.message]))
            number[one.check, one.message] += 1
    run = Run(
        producer="plan",
        subject=", ".join(visible(str(_relative(path, root))) for path in paths),
        started=started,
        seconds=time.monotonic() - clock,
        stack=(),
        tree=seen.hexdigest(),
        results=tuple(results),
        counts=Counter(result.outcome.value for result in results),
        coverage=Coverage(selected=len(paths), scanned=len(paths) - failed, failed=failed),
    )
    return Report(tool=Tool(name="gotcha-audit", version=__version__), root=str(root), runs=(run,))


def _result(path: PurePosixPath, found: Found, number: int) -> Result:
    return Result(
        check=found.check,
        outcome=Outcome.ERROR if found.check == "plan/syntax" else Outcome.FAIL,
        message=found.message,
        place=Place(path=path, span=span_of(found.line) if found.line else None),
        severity=Severity.ERROR,
        confidence=Confidence.HIGH,
        fingerprint=hashlib.sha256(f"{found.check}\0{path}\0{found.message}\0{number}".encode("utf-8", "backslashreplace")).hexdigest()[:32],
    )


def _relative(path: Path, root: Path) -> PurePosixPath:
    try:
        return PurePosixPath(path.absolute().relative_to(root.absolute()).as_posix())
    except ValueError:
        return PurePosixPath(path.as_posix())


# -- checks ------------------------------------------------------------------------------------------------------------------------


def _tasks_there(plan: Inspected) -> Iterator[Found]:
    tasks = plan.document.root.member("tasks") if plan.document.root else None
    if tasks and tasks.value.kind == "array" and not tasks.value.items:
        yield Found(check="plan/empty", line=_line(plan, tasks.value), message="there are no tasks: nothing could ever pass")


def _named(plan: Inspected) -> Iterator[Found]:
    root = plan.document.root
    if root is None or root.kind != "object":
        return
    title = root.member("title")
    if title is None or (title.value.kind == "string" and not title.value.text.strip()):
        line = _line(plan, title.value if title else root)
        yield Found(check="plan/name", line=line, message=f"title is {'empty' if title else 'missing'}: say what the plan is for")
    for task, item in _placed(plan):
        name = item.member("name")
        if name is None or (name.value.kind == "string" and not name.value.text.strip()):
            line = _line(plan, name.value if name else item)
            yield Found(
                check="plan/name", line=line, message=f"the name of task {_id(task)} is {'empty' if name else 'missing'}: say what is to be done"
            )


def _dependencies(plan: Inspected) -> Iterator[Found]:
    known = {identity(task.id) for task in plan.tasks}
    for task, item in _placed(plan):
        seen: set[str] = set()
        for name, line in _named_dependencies(plan, item):
            if name == identity(task.id):
                yield Found(check="plan/self", line=line, message=f"task {_id(task)} depends on itself: remove that")
            elif name in seen:
                yield Found(check="plan/duplicate", line=line, message=f"task {_id(task)} names the dependency {visible(name)} twice: keep one")
            elif name not in known:
                yield Found(
                    check="plan/unknown", line=line, message=f"task {_id(task)} depends on {visible(name)}, and no task has that id: correct it"
                )
            seen.add(name)


def _cycles(plan: Inspected) -> Iterator[Found]:
    """One mistake a knot: the tasks that wait for each other, told at the first of them, with one way round."""
    needs = _needs(plan)
    lines = {identity(task.id): task.line for task in plan.tasks}
    for knot in _knots(needs):
        way = _way_round(knot[0], knot, needs)
        others = [name for name in knot if name not in way]
        told = " -> ".join(visible(name) for name in (*way, way[0]))
        more = f" (in the same knot: {', '.join(map(visible, others))})" if others else ""
        yield Found(check="plan/cycle", line=lines[knot[0]], message=f"tasks wait for each other: {told}{more}; remove one of these dependencies")


def _early(plan: Inspected) -> Iterator[Found]:
    known = {identity(task.id): task for task in plan.tasks}
    for task, item in _placed(plan):
        if not task.passes:
            continue
        names = dict.fromkeys(map(identity, task.dependencies))
        waiting = [visible(name) for name in names if name in known and name != identity(task.id) and not known[name].passes]
        passes = item.member("passes")
        if waiting and passes:
            yield Found(
                check="plan/early",
                line=_line(plan, passes.value),
                message=f"task {_id(task)} passes while what it depends on does not: {', '.join(waiting)}; one of the two is not true",
            )


def _complete(plan: Inspected) -> Iterator[Found]:
    status = plan.document.root.member("status") if plan.document.root else None
    open_tasks = [_id(task) for task in plan.tasks if not task.passes]
    if status and plan.status in {"COMPLETE", "VERIFIED"} and open_tasks:
        shown = ", ".join(open_tasks[:10]) + (f" and {len(open_tasks) - 10} more" if len(open_tasks) > 10 else "")
        verb = "tasks do" if len(open_tasks) > 1 else "a task does"
        message = f"status is {plan.status} while {verb} not pass: {shown}; set it back to APPROVED"
        yield Found(check="plan/complete", line=_line(plan, status.value), message=message)


CHECKS: tuple[Callable[[Inspected], Iterator[Found]], ...] = (_tasks_there, _named, _dependencies, _cycles, _early, _complete)


def _placed(plan: Inspected) -> Iterator[tuple[Task, Value]]:
    return zip(plan.tasks, plan.places, strict=True)


def _line(plan: Inspected, value: Value) -> int:
    return plan.document.lines.line(value.start)


def _id(task: Task) -> str:
    return visible(identity(task.id))


def _named_dependencies(plan: Inspected, item: Value) -> Iterator[tuple[str, int]]:
    """The dependencies of a task as they stand, each with its line; those of a wrong type are told elsewhere."""
    member = item.member("dependencies")
    for one in member.value.items if member else ():
        if one.kind in {"number", "string"}:
            yield one.text, _line(plan, one)


def _needs(plan: Inspected) -> Mapping[str, tuple[str, ...]]:
    """Id -> the ids of other tasks it depends on."""
    known = {identity(task.id) for task in plan.tasks}
    return {
        identity(task.id): tuple(dict.fromkeys(name for name in map(identity, task.dependencies) if name in known and name != identity(task.id)))
        for task in plan.tasks
    }


def _knots(needs: Mapping[str, tuple[str, ...]]) -> list[list[str]]:
    """The strongly connected components of more than one task, each and all in the order of the file.

    Kosaraju's algorithm without recursion: a plan may be one long chain.
    """
    finished: list[str] = []
    seen: set[str] = set()
    for first in needs:
        stack = [(first, iter(needs[first]))] if first not in seen else []
        seen.add(first)
        while stack:
            name, rest = stack[-1]
            following = next((one for one in rest if one not in seen), None)
            if following is None:
                finished.append(name)
                stack.pop()
            else:
                seen.add(following)
                stack.append((following, iter(needs[following])))
    needed_by: dict[str, list[str]] = {name: [] for name in needs}
    for name, others in needs.items():
        for other in others:
            needed_by[other].append(name)
    index = {name: number for number, name in enumerate(needs)}
    knots = []
    taken: set[str] = set()
    for first in reversed(finished):
        knot = []
        waiting = [first] if first not in taken else []
        taken.update(waiting)
        while waiting:
            name = waiting.pop()
            knot.append(name)
            new = [one for one in needed_by[name] if one not in taken]
            taken.update(new)
            waiting += new
        if len(knot) > 1:
            knots.append(sorted(knot, key=index.__getitem__))
    return sorted(knots, key=lambda knot: index[knot[0]])


def _way_round(first: str, knot: Iterable[str], needs: Mapping[str, tuple[str, ...]]) -> list[str]:
    """A shortest way from ``first`` back to it within its knot."""
    inside = set(knot)
    before: dict[str, str] = {}
    waiting = [first]
    for name in waiting:
        for other in needs[name]:
            if other == first:
                way = [name]
                while way[-1] != first:
                    way.append(before[way[-1]])
                return way[::-1]
            if other in inside and other not in before:
                before[other] = name
                waiting.append(other)
    raise AssertionError(first)  # a knot has a way round
