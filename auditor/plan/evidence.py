"""Records of what was run for a task, kept beside the plan: one file a run, its whole output in another, each linked to the one before.

`<folder of the plan>/.gotcha-audit/evidence/<stem of the plan>/<task>/<n>-<kind>.json`, its output in `<n>-<kind>.log`, and `head.json`, which names
the last record. A record holds the SHA-256 of the one before it, so that one that was taken away, changed or put between is noticed. Who writes all
of them anew is noticed when they are run again, which `verify` does.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from auditor.errors import GotchaAuditError, UsageError
from auditor.plan.approval import evidence_folder
from auditor.plan.document import Plan, Task
from auditor.plan.parse import identity
from auditor.plan.store import FOLDER, locked

Kind = Literal["red", "green", "suite", "override", "pass"]
FORMAT = 1
_NAME = re.compile(r"(\d{1,6})-(red|green|suite|override|pass)\.json")
_LARGEST = 5_000_000
_MOST_FILES = 2_000
_MOST_RECORDS = 10_000


class AlteredError(GotchaAuditError):
    """Records that are not what was written: the text says which, and what is wrong with it."""

    exit_code = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One record as it was read. ``data`` is its plain content, ``digest`` the SHA-256 of its canonical JSON."""

    path: Path
    number: int
    kind: Kind
    data: Mapping[str, object]
    digest: str

    @property
    def accepted(self) -> bool:
        """Whether the run was what it had to be."""
        return self.data.get("accepted") is True

    @property
    def argv(self) -> tuple[str, ...]:
        """The command."""
        return tuple(self.strings("argv"))

    @property
    def log(self) -> Path:
        """Where its output is kept."""
        return self.path.with_suffix(".log")

    def text(self, key: str) -> str:
        """A text of the record; "" where there is none."""
        value = self.data.get(key)
        return value if isinstance(value, str) else ""

    def strings(self, key: str) -> list[str]:
        """A list of texts of the record."""
        value = self.data.get(key)
        return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []

    def mapping(self, key: str) -> Mapping[str, object]:
        """A mapping of the record."""
        value = self.data.get(key)
        return value if isinstance(value, dict) else {}


def canonical(data: object) -> bytes:
    """Plain data in one spelling, for digests."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def sha256(data: bytes) -> str:
    """The SHA-256 of ``data``, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def folder_of(plan: Plan, task: Task | None = None) -> Path:
    """Where the records of a plan, or of one of its tasks, are."""
    base = evidence_folder(plan.path)
    return base if task is None else base / _folder_name(identity(task.id))


def _folder_name(name: str) -> str:
    """A folder for any id: a plain word as it is, everything else by its digest, so that no two ids share one."""
    if re.fullmatch(r"[a-z0-9_-]{1,60}", name):
        return name
    plain = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-").lower()[:40]
    return f"{plain or 'task'}.{sha256(name.encode('utf-8', 'surrogatepass'))[:8]}"


def task_digest(task: Task) -> str:
    """What a task asks for, in one figure: evidence for another text is no evidence for this one."""
    return sha256(canonical([task.id, task.name, task.description, list(task.dod), list(task.files), list(task.dependencies)]))


def file_digests(files: tuple[str, ...], root: Path) -> dict[str, str | None]:
    """The SHA-256 of each file a task names: None where there is none; a folder counts with all that is in it, a pattern with what it matches."""
    found: dict[str, str | None] = {}
    for name in files:
        found[name] = None
        for path in _expanded(name, root):
            found[path] = digest_of(root / path)
            found.pop(name, None) if path != name else None
            if len(found) > _MOST_FILES:
                return found
    return found


def _expanded(name: str, root: Path) -> Iterator[str]:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\0" in name or not name.strip():
        return
    with contextlib.suppress(OSError, ValueError, NotImplementedError):
        here = root / path
        if here.is_dir():
            yield from sorted(str(inner.relative_to(root).as_posix()) for inner in here.rglob("*") if inner.is_file() and FOLDER not in inner.parts)
        elif here.is_file():
            yield str(path)
        elif any(mark in name for mark in "*?["):
            yield from sorted(str(inner.relative_to(root).as_posix()) for inner in root.glob(name) if inner.is_file())


def digest_of(path: Path) -> str | None:
    """The SHA-256 of a file, None where it cannot be read."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return None


# -- reading -----------------------------------------------------------------------------------------------------------------------------


def records(plan: Plan, task: Task) -> tuple[Record, ...]:
    """Every record of a task in order; raises AlteredError where one is missing, changed, or of another task."""
    folder = folder_of(plan, task)
    found: dict[int, Record] = {}
    try:
        names = sorted(path.name for path in folder.iterdir())[:_MOST_RECORDS] if folder.is_dir() else []
    except OSError as error:
        raise GotchaAuditError(f"{folder} cannot be read: {error.strerror or error}") from error
    for name in names:
        match = _NAME.fullmatch(name)
        if match is None:
            continue
        record = _read(folder / name, int(match.group(1)))
        if record.number in found:
            raise AlteredError(f"{record.path}: there are two records of number {record.number}; {_mend(task)}")
        found[record.number] = record
    ordered = tuple(found[number] for number in sorted(found))
    before = ""
    for number, record in enumerate(ordered, 1):
        if record.number != number:
            raise AlteredError(f"{folder}: record {number} was taken away; {_mend(task)}")
        if record.data.get("task") != task.id or record.data.get("plan") != plan.path.name:
            raise AlteredError(f"{record.path} belongs to another task or plan; {_mend(task)}")
        if record.text("previous") != before:
            raise AlteredError(f"{record.path}: what stands before it is not what it was written after; {_mend(task)}")
        before = record.digest
    _compare_head(folder, ordered, task)
    return ordered


def _compare_head(folder: Path, ordered: tuple[Record, ...], task: Task) -> None:
    """The head may be one record behind: a crash can come between the two writes."""
    head = _json(folder / "head.json") if (folder / "head.json").exists() else {}
    number, digest = head.get("records", 0), head.get("digest", "")
    known = {record.number: record.digest for record in ordered} | {0: ""}
    if not isinstance(number, int) or known.get(number) != digest or number < len(ordered) - 1:
        raise AlteredError(f"{folder / 'head.json'} does not name the last record: one was taken away, changed or added by hand; {_mend(task)}")


def _mend(task: Task) -> str:
    return f"remove the folder of task {task.id} and record its evidence again (plan red, plan green)"


def _read(path: Path, number: int) -> Record:
    data = _json(path)
    kind = path.stem.partition("-")[2]
    if data.get("n") != number or data.get("kind") != kind or data.get("format") != FORMAT:
        raise AlteredError(f"{path} does not say what its name says; remove it and record the evidence again")
    return Record(path=path, number=number, kind=kind, data=data, digest=sha256(canonical(data)))  # type: ignore[arg-type]


def _json(path: Path) -> dict[str, object]:
    try:
        if path.stat().st_size > _LARGEST:
            raise AlteredError(f"{path} is larger than any record")
        data = json.loads(path.read_bytes())
    except OSError as error:
        raise GotchaAuditError(f"{path} cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise AlteredError(f"{path} is no record: {error}") from error
    if not isinstance(data, dict):
        raise AlteredError(f"{path} is no record: it holds no JSON object")
    return data


def log_trouble(record: Record) -> str:
    """What is wrong with the kept output of a record, "" when nothing is."""
    if "output" not in record.data:
        return ""
    digest = digest_of(record.log)
    if digest is None:
        return f"{record.log} is missing"
    return "" if digest == record.text("output") else f"{record.log} is not what was recorded"


def latest(plan: Plan, task: Task, kind: Kind | None = None) -> Record | None:
    """The last accepted record of a task, of one kind where that is given."""
    fitting = [record for record in records(plan, task) if record.accepted and kind in (None, record.kind)]
    return fitting[-1] if fitting else None


def is_stale(record: Record, task: Task, root: Path) -> tuple[str, ...]:
    """Why a record does not speak of the task as it is now: its text, or files that changed since; empty when it does."""
    reasons = []
    if record.text("task_digest") != task_digest(task):
        reasons.append(f"the text of task {task.id} changed since")
    then = {**record.mapping("changed"), **record.mapping("files")}
    now = {**{name: digest_of(root / name) for name in record.mapping("changed")}, **file_digests(task.files, root)}
    reasons += [f"{name} changed since" for name in sorted(then.keys() | now.keys()) if then.get(name) != now.get(name)]
    return tuple(reasons)


# -- writing -----------------------------------------------------------------------------------------------------------------------------


def keep(plan: Plan, task: Task, kind: Kind, content: Mapping[str, object], log: bytes | None = None, *, root: Path) -> Record:
    """Write a record after the others of its task, with its output beside it, each whole or not at all.

    Raises AlteredError when the records that are there are not as they were written, UsageError when nothing can be written.
    """
    folder = folder_of(plan, task)
    try:
        with locked(plan.path, root) as ours:
            folder.mkdir(parents=True, exist_ok=True)
            if not folder.resolve().is_relative_to(ours.resolve()):
                raise UsageError(f"{folder} leads elsewhere: remove the link")
            before = records(plan, task)
            number = len(before) + 1
            data = {
                **content,
                "format": FORMAT,
                "plan": plan.path.name,
                "task": task.id,
                "n": number,
                "kind": kind,
                "previous": before[-1].digest if before else "",
            }
            path = folder / f"{number}-{kind}.json"
            if log is not None:
                data["output"] = sha256(log)
                _write(path.with_suffix(".log"), log)
            _write(path, json.dumps(data, indent=2, ensure_ascii=True).encode() + b"\n")
            record = _read(path, number)
            _write(folder / "head.json", json.dumps({"records": number, "digest": record.digest}).encode() + b"\n")
            return record
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error.strerror or error}; evidence is kept there, so make it writable") from error


def _write(path: Path, data: bytes) -> None:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
