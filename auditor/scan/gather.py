"""Facts of all files, each taken from an earlier scan as long as its content is the same."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path, PurePosixPath

import auditor
from auditor.engines import pool
from auditor.engines.base import Trouble
from auditor.model import Place, span_of
from auditor.model.codec import build, plain
from auditor.project.facts.extractors import extract, may_say
from auditor.project.facts.names import kind_of
from auditor.project.facts.record import EMPTY, Record
from auditor.project.project import Project
from auditor.project.text import Unreadable

_EXTRACTOR_FOLDERS = ("project/facts", "project/facts/files", "project/python", "model")
_DAYS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """``troubles`` are files that could not be read, ``left_out`` how many were not for which reason; ``extracted`` and ``kept`` count records."""

    troubles: tuple[Trouble, ...]
    left_out: Mapping[str, int]
    extracted: int
    kept: int


def gather(project: Project, *, jobs: int, directory: Path | None) -> Gathered:
    """Give the project the records of all its files. ``directory`` keeps those of earlier scans; None keeps none.

    A file that hangs or crashes its extractor is a trouble of its own, and says nothing.
    """
    digests = _digests(project)
    known = _read(directory, project)
    records = {path: record for path, (digest, record) in known.items() if digests.get(path) == digest}
    todo = tuple(path for path in digests if path not in records)
    kept, troubles = len(records), []
    for path, answer in pool.run(todo, partial(_extractor, project), jobs=jobs, timeout=project.config.file_timeout):
        if isinstance(answer, pool.Failure):
            troubles.append(Trouble(check=f"scan/{answer.kind}", place=Place(path=path), message=f"what it says to other files: {answer.message}"))
        else:
            records[path] = answer
    # What is not saved is nobody's to keep: of such a file the record of what is on disk stays.
    lasting = {path: (digests[path], record) for path, record in records.items() if not project.is_unsaved(path)}
    lasting |= {path: one for path, one in known.items() if project.is_unsaved(path)}
    if set(todo) & set(lasting) or set(known) != set(lasting):
        _write(directory, project, lasting)
    project.facts.preload(records)
    production = {file.path for file in project.files if file.role == "production"}
    left_out: dict[str, int] = {}
    for path, record in sorted(records.items()):
        if path in production and record.fault is not None:
            place = Place(path=path, span=span_of(record.fault.line))
            troubles.append(
                Trouble(
                    check="scan/unparseable",
                    place=place,
                    message=f"cannot be read as {kind_of(path, project.language(path))}: {record.fault.message}",
                )
            )
        if path in production and record.left_out:
            left_out[record.left_out] = left_out.get(record.left_out, 0) + 1
    return Gathered(troubles=tuple(troubles), left_out=left_out, extracted=len(todo), kept=kept)


def _digests(project: Project) -> dict[PurePosixPath, str]:
    """Digests of the contents of all files that say something to others."""
    found = {}
    for file in project.tree_files:
        if kind_of(file.path, file.language) is None:
            continue
        try:
            data = project.data(file.path)
        except Unreadable:
            continue
        if may_say(file.path, file.language, data):
            found[file.path] = hashlib.sha256(data).hexdigest()
    return found


def _extractor(project: Project) -> Callable[[PurePosixPath], Record]:
    def extracted(path: PurePosixPath) -> Record:
        try:
            return extract(path, project.language(path), project.text(path))
        except Unreadable:
            return EMPTY

    return extracted


# -- the cache ---------------------------------------------------------------------------------------------------------------------


@cache
def _engine() -> str:
    """Identifies the extractors: records of other ones are of no use."""
    digest = hashlib.sha256(auditor.__version__.encode())
    root = Path(auditor.__file__).parent
    for folder in _EXTRACTOR_FOLDERS:
        for path in sorted((root / folder).glob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _file(directory: Path, project: Project) -> Path:
    name = hashlib.sha256(os.fsencode(os.path.realpath(project.root))).hexdigest()
    return directory / f"facts-{name[:32]}.json"


def _read(directory: Path | None, project: Project) -> dict[PurePosixPath, tuple[str, Record]]:
    """The records of an earlier scan; none when there are none, or what is there is damaged or of another version."""
    if directory is None:
        return {}
    try:
        data = json.loads(_file(directory, project).read_text(encoding="utf-8"))
        if data["engine"] != _engine():
            return {}
        return {PurePosixPath(path): (digest, build(Record, record) if record else EMPTY) for path, (digest, record) in data["files"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def _write(directory: Path | None, project: Project, files: Mapping[PurePosixPath, tuple[str, Record]]) -> None:
    """Keep the records; a cache that cannot be written costs time and nothing else."""
    if directory is None:
        return
    data = {str(path): [digest, None if record == EMPTY else plain(record)] for path, (digest, record) in files.items()}
    with contextlib.suppress(OSError, RecursionError):
        directory.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=directory, prefix=".facts-")
        try:
            with os.fdopen(handle, "w", encoding="ascii") as stream:
                json.dump({"engine": _engine(), "files": data}, stream, ensure_ascii=True, separators=(",", ":"))
            Path(name).replace(_file(directory, project))
        except OSError:
            Path(name).unlink(missing_ok=True)
        _forget(directory)


def _forget(directory: Path) -> None:
    """Remove the records of trees that nobody has scanned for a month."""
    oldest = time.time() - _DAYS * 86_400
    for path in directory.glob("facts-*.json"):
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < oldest:
                path.unlink()
