"""Many entries proven: which of them, several at once, what is written down, and what the run comes to."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path, PurePosixPath

from auditor import __version__
from auditor.catalogue import cache_directory
from auditor.catalogue.proofs import Looked, Proof, as_json, file_of, proof_of, state_of, subject_of
from auditor.errors import UsageError
from auditor.model import Confidence, Coverage, Evidence, Gotcha, Outcome, Place, Report, Result, Run, Severity, Tool
from auditor.prove.bases import Base, base
from auditor.prove.install import files
from auditor.prove.run import Proven, prove

_QUICK = 6.0
"""Seconds up to which a proof is quick enough to be made again in every run of the tests."""
_FOLDER = re.compile(rf"{re.escape(tempfile.gettempdir())}/gotcha-audit-\w+(?:/app\b)?")
_PACKAGE = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;]+)", re.MULTILINE)


def chosen(gotchas: Iterable[Gotcha], *, stale: bool = False, quick: bool = False) -> tuple[Gotcha, ...]:
    """Of ``gotchas`` those to prove: all; with ``stale`` those without a proof of what they say now; with ``quick`` those that took little time."""
    found = []
    for gotcha in gotchas:
        if stale and state_of(gotcha) in ("proven", "unprovable"):
            continue
        proof = proof_of(gotcha) if quick else None
        if quick and (proof is None or proof.seconds > _QUICK):
            continue
        found.append(gotcha)
    return tuple(found)


def prove_all(gotchas: Sequence[Gotcha], *, jobs: int, write: bool, told: Callable[[Gotcha, Proven], None] | None = None) -> Report:
    """Prove entries, ``jobs`` at once; with ``write`` each proof that holds is written beside its entry.

    Results: `pass` proven, `fail` contradicted (the examples do not do what the entry says), `skip` unprovable or a program is missing, `error` it
    could not be run. Raises UsageError when a proof cannot be written.
    """
    began, clock = datetime.now(UTC), time.monotonic()
    runnable = [gotcha for gotcha in gotchas if not gotcha.proof.unprovable and gotcha.proof.plan]
    proven: dict[str, Proven] = {}
    with ThreadPoolExecutor(max_workers=jobs) as workers:
        for gotcha, found in zip(runnable, workers.map(prove, runnable), strict=True):
            proven[gotcha.id] = found
            if told is not None:
                told(gotcha, found)
            if write and found.holds:
                _write(gotcha, found)
    results = tuple(_result(gotcha, proven.get(gotcha.id)) for gotcha in gotchas)
    run = Run(
        producer="prove",
        subject=f"{len(gotchas)} entries",
        started=began,
        seconds=round(time.monotonic() - clock, 3),
        stack=(),
        tree="",
        results=results,
        counts={outcome.value: sum(result.outcome is outcome for result in results) for outcome in Outcome},
        coverage=Coverage(selected=len(gotchas), scanned=len(proven)),
    )
    return Report(tool=Tool(name="gotcha-audit", version=__version__), root=".", runs=(run,))


def base_digest(found: Base) -> str:
    """The digest of everything in a base."""
    digest = hashlib.sha256()
    for path in files(found.folder):
        digest.update(f"{path.relative_to(found.folder)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _write(gotcha: Gotcha, proven: Proven) -> None:
    found = base(str(gotcha.proof.plan.get("base", "")))
    proof = Proof(
        gotcha=gotcha.id,
        subject=subject_of(gotcha),
        base=base_digest(found),
        ran=str(gotcha.proof.plan.get("serve") or gotcha.proof.plan.get("run")),
        date=datetime.now(UTC).date().isoformat(),
        tool=__version__,
        versions=dict(sorted(_versions(gotcha, found).items())),
        fails=tuple(map(_neutral, proven.fails)),
        works=tuple(map(_neutral, proven.works)),
        seconds=round(proven.seconds, 1),
    )
    path = file_of(gotcha)
    temporary = path.with_name(f".{path.name}.new")
    try:
        temporary.write_text(as_json(proof), "utf-8")
        temporary.replace(path)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written: {error.strerror or error}: prove from a checkout of the catalogue, or give --no-write"
        ) from error


def _neutral(looked: Looked) -> Looked:
    """What was seen, without what is of this machine alone: the folder of the run, that of the cache, the search path."""
    seen = looked.seen.replace(os.environ.get("PATH", "\0"), "$PATH").replace(str(cache_directory()), "{cache}")
    return replace(looked, seen=_FOLDER.sub("{root}", seen))


def _versions(gotcha: Gotcha, found: Base) -> Mapping[str, str]:
    """The versions that took part: the interpreter or the server, and the packages that the entry or its command names."""
    said = f"{gotcha.stack} {gotcha.proof.plan} {' '.join(str(requirement.package) for requirement in gotcha.applies)} {gotcha.fails_text}".lower()
    locked = found.folder / "requirements.txt"
    versions = {name.lower(): version for name, version in _PACKAGE.findall(locked.read_text("utf-8"))} if locked.is_file() else {}
    known = {name: version for name, version in versions.items() if re.search(rf"(?<![\w-]){re.escape(name).replace('-', '[-_]')}(?![\w-])", said)}
    if versions:
        known["python"] = platform.python_version()
    if (found.folder / "package-lock.json").is_file():
        known["node"] = _version("node", "--version").lstrip("v")
    if "nginx" in said:
        known["nginx"] = _version("nginx", "-v").rpartition("/")[2]
    return {name: version for name, version in known.items() if version}


@cache
def _version(*words: str) -> str:
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return (done.stdout or done.stderr).strip().split("\n")[0].split(" (")[0]


def _result(gotcha: Gotcha, proven: Proven | None) -> Result:
    outcome, message = _verdict(gotcha, proven)
    path = Path(gotcha.origin)
    return Result(
        check=gotcha.id,
        outcome=outcome,
        message=message,
        place=Place(path=PurePosixPath(*path.parts[-3:]), label=gotcha.id),
        severity=Severity.ERROR,
        confidence=Confidence.HIGH,
        evidence=tuple(_seen(proven)) if proven is not None else (),
        fingerprint=hashlib.sha256(f"prove\0{gotcha.id}".encode()).hexdigest()[:32],
    )


def _verdict(gotcha: Gotcha, proven: Proven | None) -> tuple[Outcome, str]:
    if proven is None:
        return Outcome.SKIP, f"unprovable: {gotcha.proof.unprovable or 'there is no plan'}"
    if proven.missing:
        return Outcome.SKIP, proven.missing
    if proven.trouble:
        return Outcome.ERROR, proven.trouble
    if proven.holds:
        return Outcome.PASS, f"proven: FAILS fails and WORKS works, in {proven.seconds:.1f} s"
    side, looked = next((side, looked) for side, many in (("FAILS", proven.fails), ("WORKS", proven.works)) for looked in many if not looked.held)
    return Outcome.FAIL, f"contradicted: of {side}, {looked.what} was expected as the entry says; seen: {looked.seen}"


def _seen(proven: Proven) -> Iterator[Evidence]:
    for title, many in (("FAILS", proven.fails), ("WORKS", proven.works)):
        body = "\n".join(f"{'as it says' if looked.held else 'NOT as it says'}: {looked.what}: {looked.seen}" for looked in many)
        if body:
            yield Evidence(kind="output", title=title, body=body)
