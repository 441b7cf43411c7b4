"""The bytes of a plan as a Plan, or every reason why they are none."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from auditor.errors import PlanError
from auditor.plan.document import Plan, Status, Task
from auditor.plan.jsontext import Document, Lines, Problem, Value, plain, read_json
from auditor.report.visible import visible

MAX_BYTES = 5_000_000
STATUSES: tuple[Status, ...] = get_args(Status)

_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,17}")  # one spelling each, so that a name finds its task in the text
_WORDS = {"string": "text", "number": "a number", "object": "an object", "array": "a list", "true": "true", "false": "false", "null": "null"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspected:
    """A plan looked at leniently, with the reasons why it is none: ``syntax``, wrong ``types``, and ids that are there ``twice``.

    ``tasks`` are those that could be told, ``places`` has the JSON of each; ``plan`` is None unless nothing is wrong.
    """

    path: Path
    document: Document
    syntax: tuple[Problem, ...]
    types: tuple[Problem, ...]
    twice: tuple[Problem, ...]
    tasks: tuple[Task, ...]
    places: tuple[Value, ...]
    status: Status | None
    plan: Plan | None


def identity(id_: int | str) -> str:
    """Give what makes an id the same: 1 and "1" mean one task, for that is how it is named on a command line."""
    return str(id_)


def find_task(plan: Plan, name: int | str) -> Task:
    """Give the task with this id; raises PlanError that names those there are."""
    for task in plan.tasks:
        if identity(task.id) == identity(name):
            return task
    known = ", ".join(visible(identity(task.id)) for task in plan.tasks[:20])
    raise PlanError(f"{plan.path}: no task has the id {visible(identity(name))}; there are {known or 'none'}")


def parse(data: bytes, path: Path) -> Plan:
    """Give the plan in ``data``; raises PlanError with file:line of every problem. ``path`` is kept, and named in messages."""
    found = inspect(data, path)
    problems = sorted((*found.syntax, *found.types, *found.twice), key=lambda problem: problem.line)
    if found.plan is None:
        raise PlanError("\n".join(f"{visible(str(path))}:{problem.line}: {problem.message}" for problem in problems))
    return found.plan


def inspect(data: bytes, path: Path) -> Inspected:
    """Look at the bytes of a plan; raises nothing."""
    document = _document(data)
    reading = _Reading(document)
    root = document.root
    plan = None
    status = None
    syntax = document.problems
    if root is not None and root.kind != "object":
        message = f"a plan is a JSON object with title, status and tasks; this is {_WORDS[root.kind]}"
        syntax = (*syntax, Problem(line=document.lines.line(root.start), message=message))
    elif root is not None:
        title = reading.text(root, "title")
        status = reading.status(root)
        description = reading.text(root, "description")
        reading.one_of(root, "production_validated", ("true", "false", "null"), "true or false")
        reading.one_of(root, "validation_timestamp", ("string", "null"), "text")
        strategy = reading.block(root, "test_strategy")
        validation = reading.block(root, "validation")
        gotchas = root.member("framework_gotchas")
        reading.all_tasks(root)
        if status and not syntax and not reading.problems and not reading.twice:
            plan = Plan(
                path=path,
                title=title,
                status=status,
                description=description,
                tasks=tuple(reading.tasks),
                test_strategy=strategy,
                framework_gotchas=plain(gotchas.value) if gotchas else {},
                validation=validation,
                data=data,
                digest=hashlib.sha256(data).hexdigest(),
            )
    return Inspected(
        path=path,
        document=document,
        syntax=syntax,
        types=tuple(sorted(reading.problems, key=lambda problem: problem.line)),
        twice=tuple(reading.twice),
        tasks=tuple(reading.tasks),
        places=tuple(reading.places),
        status=status,
        plan=plan,
    )


def _document(data: bytes) -> Document:
    """The JSON of a plan; what is no text at all is a document without a root."""
    message = ""
    line = 1
    if len(data) > MAX_BYTES:
        message = f"is larger than {MAX_BYTES:,} bytes: that is no plan"
    else:
        try:
            return read_json(data.decode("utf-8"))
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            message = f"is not UTF-8 (byte {error.start}): save it as UTF-8"
    return Document(text="", root=None, problems=(Problem(line=line, message=message),), lines=Lines(""))


class _Reading:
    """Takes the parts of a plan out of its JSON and notes what has the wrong type."""

    def __init__(self, document: Document) -> None:
        self.lines = document.lines
        self.problems: list[Problem] = []
        self.twice: list[Problem] = []
        self.tasks: list[Task] = []
        self.places: list[Value] = []

    def note(self, value: Value, message: str) -> None:
        self.problems.append(Problem(line=self.lines.line(value.start), message=message))

    def text(self, holder: Value, name: str, where: str = "") -> str:
        member = holder.member(name)
        if member is None:
            return ""
        if member.value.kind != "string":
            self.note(member.value, f"{where}{name} is {_WORDS[member.value.kind]}: write text")
        return member.value.text if member.value.kind == "string" else ""

    def one_of(self, holder: Value, name: str, kinds: Iterable[str], wanted: str, where: str = "") -> Value | None:
        member = holder.member(name)
        if member is not None and member.value.kind not in kinds:
            self.note(member.value, f"{where}{name} is {_WORDS[member.value.kind]}: write {wanted}")
            return None
        return member.value if member else None

    def block(self, holder: Value, name: str) -> Mapping[str, object]:
        value = self.one_of(holder, name, ("object",), "an object")
        found = plain(value) if value else {}
        assert isinstance(found, dict)
        return found

    def status(self, root: Value) -> Status | None:
        member = root.member("status")
        if member is None:
            self.note(root, f"status is missing: write one of {', '.join(STATUSES)}")
            return None
        for status in STATUSES:
            if member.value.kind == "string" and member.value.text == status:
                return status
        shown = visible(member.value.text[:40]) if member.value.kind == "string" else _WORDS[member.value.kind]
        self.note(member.value, f"status is {shown or 'empty'}: write one of {', '.join(STATUSES)}")
        return None

    def all_tasks(self, root: Value) -> None:
        if root.member("tasks") is None:
            self.note(root, "tasks is missing: write a list of tasks")
            return
        value = self.one_of(root, "tasks", ("array",), "a list of tasks")
        known: dict[str, int] = {}
        for number, item in enumerate(value.items if value else (), 1):
            if item.kind != "object":
                self.note(item, f"entry {number} of tasks is {_WORDS[item.kind]}: write an object with id, name and dod")
                continue
            task = self._task(item, number)
            if task is None:
                continue
            name = identity(task.id)
            if name in known:
                member = item.member("id")
                message = f"the id {visible(name)} is taken by the task on line {known[name]}: give each its own"
                self.twice.append(Problem(line=self.lines.line(member.value.start if member else item.start), message=message))
                continue
            known[name] = task.line
            self.tasks.append(task)
            self.places.append(item)

    def _task(self, item: Value, number: int) -> Task | None:
        member = item.member("id")
        id_ = self.id(member.value) if member else None
        if member is None:
            self.note(item, f"entry {number} of tasks has no id: write a number or text")
        elif id_ is None:
            self.note(member.value, f"the id of entry {number} of tasks is {self.shown(member.value)}: write a whole number or text")
        where = f"{f'task {visible(identity(id_))}' if id_ is not None else f'entry {number} of tasks'}: "
        passes = self.one_of(item, "passes", ("true", "false"), "true or false", where)
        task = Task(
            id=id_ if id_ is not None else "",
            name=self.text(item, "name", where),
            description=self.text(item, "description", where),
            dependencies=self._dependencies(item, where),
            dod=self._texts(item, "dod", where, alone=True),
            files=self._texts(item, "files", where),
            passes=passes is not None and passes.kind == "true",
            line=self.lines.line(item.start),
        )
        return task if id_ is not None else None

    def id(self, value: Value) -> int | str | None:
        if value.kind == "number" and _INTEGER.fullmatch(value.text):
            return int(value.text)
        return value.text if value.kind == "string" and value.text.strip() else None

    def shown(self, value: Value) -> str:
        """How a value that is no id is named."""
        return value.text[:40] if value.kind == "number" else "empty text" if value.kind == "string" else _WORDS[value.kind]

    def _dependencies(self, item: Value, where: str) -> tuple[int | str, ...]:
        value = self.one_of(item, "dependencies", ("array",), "a list of ids", where)
        found = []
        for one in value.items if value else ():
            id_ = self.id(one)
            if id_ is None:
                self.note(one, f"{where}dependencies holds {self.shown(one)}: write the id of a task")
            else:
                found.append(id_)
        return tuple(found)

    def _texts(self, item: Value, name: str, where: str, *, alone: bool = False) -> tuple[str, ...]:
        wanted = "text or a list of texts" if alone else "a list of texts"
        value = self.one_of(item, name, ("array", "string") if alone else ("array",), wanted, where)
        if value is None or value.kind == "string":
            return (value.text,) if value and value.text else ()
        for one in value.items:
            if one.kind != "string":
                self.note(one, f"{where}{name} holds {_WORDS[one.kind]}: write text")
        return tuple(one.text for one in value.items if one.kind == "string")
