"""How often a plan was validated: a few failures in a row are what may be tried, then a person decides.

The attempts of ``<folder>/<stem>.json`` are kept in ``<folder>/.gotcha-audit/evidence/<stem>/attempts.json``, oldest first::

    {"plan": "<name of the plan>", "attempts": [{"started", "finished", "verdict", "failed", "tree", "commit"}]}

A pass ends a series: what is limited is the number of attempts since the last pass, whatever kept them from passing, so that a plan that works and is
changed later starts afresh. An attempt is written down before the application is started; one that never came to its end, because the process was
killed or is still at it, stays there as unfinished and counts. Nothing here ever removes an attempt: a file that cannot be read is an error with the
way to mend it, because a count that resets itself limits nothing.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import stat
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from auditor.errors import AttemptsExhausted, GotchaAuditError, UsageError
from auditor.model.codec import build, plain
from auditor.report.tally import plural
from auditor.report.verdict import Verdict
from auditor.report.visible import encodable, visible

LIMIT = 3
"""Attempts since the last pass, unless the configuration says otherwise."""

_LONGEST_FILE = 1_000_000
_MOST_FAILED = 200
_LONGEST_WORD = 200
_PATIENCE = 10.0
_PAUSE = 0.02
_MOST_NAMED = 8
_MOST_TOLD = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One validation of a plan.

    ``started`` and ``finished`` are ISO 8601 times, ``finished`` and ``verdict`` empty as long as it has no end. ``failed`` are ids of checks, each
    once. ``tree`` is the digest of what was validated and ``commit`` the commit it was at, as far as they are known.
    """

    started: str
    finished: str = ""
    verdict: str = ""
    failed: tuple[str, ...] = ()
    tree: str = ""
    commit: str = ""


def file_of(plan: Path) -> Path:
    """Where the attempts of ``plan`` are kept."""
    return plan.absolute().parent / ".gotcha-audit" / "evidence" / plan.stem / "attempts.json"


def attempts(plan: Path) -> tuple[Attempt, ...]:
    """All attempts of ``plan``, oldest first; raises UsageError when they cannot be read."""
    return _read(plan)


def series(found: Sequence[Attempt]) -> tuple[Attempt, ...]:
    """The attempts since the last pass."""
    last = max((number for number, attempt in enumerate(found, start=1) if attempt.verdict == Verdict.PASS), default=0)
    return tuple(found[last:])


def count(plan: Path) -> int:
    """How many attempts were made since the last pass, unfinished ones included; raises UsageError when they cannot be read."""
    return len(series(_read(plan)))


def begin(plan: Path, *, tree: str = "", commit: str = "", limit: int = LIMIT) -> int:
    """Write down that an attempt begins, and give its number for ``finish``.

    Raises AttemptsExhausted when ``limit`` attempts were made since the last pass, UsageError when what is kept cannot be read or there is no such
    plan, and GotchaAuditError when it cannot be written.
    """
    if not plan.is_file():
        raise UsageError(f"{plan}: no such plan")
    with _locked(plan):
        found = _read(plan)
        made = series(found)
        if len(made) >= limit:
            raise AttemptsExhausted(summary(plan, made, limit=limit))
        _write(plan, (*found, Attempt(started=_now(), tree=tree[:_LONGEST_WORD], commit=commit[:_LONGEST_WORD])))
    return len(found) + 1


def finish(plan: Path, number: int, *, verdict: str, failed: Iterable[str] = ()) -> None:
    """Write down how the attempt ``number`` ended; raises UsageError when it is not there or ended before, else as ``begin``."""
    with _locked(plan):
        found = _read(plan)
        if not 1 <= number <= len(found) or found[number - 1].finished:
            raise UsageError(f"{file_of(plan)}: it holds no attempt {number} that has not ended; it was changed while the attempt was made")
        ids = tuple(dict.fromkeys(check[:_LONGEST_WORD] for check in failed))[:_MOST_FAILED]
        ended = replace(found[number - 1], finished=_now(), verdict=verdict, failed=ids)
        _write(plan, (*found[: number - 1], ended, *found[number:]))


# -- what the person who must decide is told ---------------------------------------------------------------------------------------


def summary(plan: Path, made: Sequence[Attempt], *, limit: int = LIMIT) -> str:
    """What failed in each attempt, what stayed the same, what was tried, and what is to be decided."""
    first = max(len(made) - _MOST_TOLD, 0)
    lines = [
        f"{plan}: {plural(len(made), 'attempt')} since the last pass, and {limit} may be made; no further one is made until a person decides.",
        "",
        "Attempts" if not first else f"Attempts (the last {_MOST_TOLD})",
        *(f"  {number}. {_told(attempt)}" for number, attempt in enumerate(made[first:], start=first + 1)),
        "",
        "What stayed the same",
        *(f"  {line}" for line in _constant(made)),
        "",
        "What was tried",
        *(f"  {line}" for line in _tried(made)),
        "",
        "To decide",
        *(f"  - {line}" for line in _questions(plan, made)),
    ]
    return "\n".join(lines)


def _told(attempt: Attempt) -> str:
    if not attempt.finished:
        return f"{visible(attempt.started)}  unfinished: it was killed, or is still running{_state(attempt)}"
    failed = _named(attempt.failed) if attempt.failed else "no check failed"
    return f"{visible(attempt.started)}  {visible(attempt.verdict)}: {failed}{_state(attempt)}"


def _state(attempt: Attempt) -> str:
    commit = f"commit {visible(attempt.commit[:12])}" if attempt.commit else ""
    tree = f"tree {visible(attempt.tree[:12])}" if attempt.tree else ""
    told = ", ".join(part for part in (commit, tree) if part)
    return f" ({told})" if told else ""


def _constant(made: Sequence[Attempt]) -> list[str]:
    ended = [attempt for attempt in made if attempt.finished]
    if not ended:
        return ["no attempt came to its end"]
    always = _always(made)
    times = Counter(check for attempt in ended for check in attempt.failed)
    others = [f"{check} ({number} of {len(ended)})" for check, number in times.most_common() if check not in always]
    lines = [f"failed in every attempt that ended: {_named(always)}" if always else "no check failed in every attempt that ended"]
    return lines + ([f"failed in some: {_named(others)}"] if others else [])


def _always(made: Sequence[Attempt]) -> list[str]:
    """The checks that failed in every attempt that ended."""
    ended = [attempt for attempt in made if attempt.finished]
    return [check for check in (ended[0].failed if ended else ()) if all(check in attempt.failed for attempt in ended)]


def _tried(made: Sequence[Attempt]) -> list[str]:
    known = [attempt for attempt in made if attempt.tree or attempt.commit]
    states = Counter((attempt.tree or attempt.commit) for attempt in known)
    if not states:
        return ["not known: no state of the code was recorded"]
    lines = [f"{len(states)} different states of the code in {len(known)} attempts" if len(states) > 1 else "one state of the code"]
    for state, number in states.items():
        if number > 1:
            which = ", ".join(str(place) for place, attempt in enumerate(made, start=1) if (attempt.tree or attempt.commit) == state)
            lines.append(f"nothing was changed between the attempts {which} ({visible(state[:12])})")
    commits = list(dict.fromkeys(attempt.commit for attempt in made if attempt.commit))
    if len(commits) > 1:
        lines.append(f"compare: git diff {visible(commits[0][:12])} {visible(commits[-1][:12])}")
    return lines


def _questions(plan: Path, made: Sequence[Attempt]) -> list[str]:
    always = _always(made)
    about = f"what {_named(always)} asks for" if always else "what the plan asks for"
    return [
        f"Is {about} right? If not, change the plan or the configuration.",
        "Is the cause known? `gotcha-audit validate` without --attempt shows the evidence and counts nothing.",
        f"Should it be tried again? Raise `attempts` in the configuration, or move {file_of(plan)} away.",
    ]


def _named(checks: Sequence[str]) -> str:
    more = f" and {len(checks) - _MOST_NAMED} more" if len(checks) > _MOST_NAMED else ""
    return ", ".join(visible(check) for check in checks[:_MOST_NAMED]) + more


# -- the file ----------------------------------------------------------------------------------------------------------------------


def _read(plan: Path) -> tuple[Attempt, ...]:
    file = file_of(plan)
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise UsageError(_mend(file, f"it cannot be read ({error.strerror or error})")) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise UsageError(_mend(file, "it is no regular file"))
    with os.fdopen(descriptor, "rb") as stream:
        raw = stream.read(_LONGEST_FILE + 1)
    if len(raw) > _LONGEST_FILE:
        raise UsageError(_mend(file, f"it is longer than {_LONGEST_FILE} bytes"))
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise UsageError(_mend(file, f"it is no JSON ({error})")) from error
    if not isinstance(document, dict) or not isinstance(document.get("plan"), str) or not isinstance(document.get("attempts"), list):
        raise UsageError(_mend(file, "it has not the keys `plan` and `attempts`"))
    if document["plan"] != encodable(plan.name):
        raise UsageError(f"{file}: it belongs to the plan {document['plan'][:_LONGEST_WORD]!r}; two plans in one folder need different stems")
    return tuple(_attempt(file, number, value) for number, value in enumerate(document["attempts"], start=1))


def _attempt(file: Path, number: int, value: object) -> Attempt:
    kept = value if isinstance(value, dict) and isinstance(value.get("failed", []), list) else None
    try:
        found: Attempt = build(Attempt, kept)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(_mend(file, f"attempt {number} has other keys than an attempt has")) from error
    words = (found.started, found.finished, found.verdict, found.tree, found.commit, *found.failed)
    if not all(isinstance(word, str) for word in words) or not found.started:
        raise UsageError(_mend(file, f"attempt {number} holds something else than texts"))
    if bool(found.finished) != bool(found.verdict):
        raise UsageError(_mend(file, f"attempt {number} has an end without a verdict, or a verdict without an end"))
    return found


def _mend(file: Path, why: str) -> str:
    return f"{file}: the attempts of the plan are kept here, and {why}; restore the file, or move it away to start counting anew"


def _write(plan: Path, found: Sequence[Attempt]) -> None:
    """Replace the file as a whole; when this returns, it is on the disk."""
    file = file_of(plan)
    document = {"plan": encodable(plan.name), "attempts": [plain(attempt) for attempt in found]}
    text = json.dumps(document, indent=2) + "\n"
    temporary: Path | None = None
    try:
        with tempfile.NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}.", delete=False) as stream:
            temporary = Path(stream.name)
            stream.write(text.encode("ascii"))
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(0o644)
        temporary.replace(file)
        folder = os.open(file.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise GotchaAuditError(f"{file} cannot be written: {error.strerror or error}") from error


@contextlib.contextmanager
def _locked(plan: Path) -> Iterator[None]:
    """Hold the attempts of ``plan``; the lock is a file of its own, since the other one is replaced. It is free again when its holder dies."""
    folder = file_of(plan).parent
    try:
        if not folder.resolve().is_relative_to(plan.absolute().parent.resolve()):
            raise GotchaAuditError(f"{folder} leads out of the folder of the plan; the attempts are kept beside the plan and nowhere else")
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / "attempts.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o644)
    except (OSError, RuntimeError) as error:
        raise GotchaAuditError(f"{folder} cannot be written: {getattr(error, 'strerror', None) or error}") from error
    try:
        _wait(descriptor, folder)
        yield
    finally:
        os.close(descriptor)


def _wait(descriptor: int, folder: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > deadline:
                raise GotchaAuditError(f"{folder / 'attempts.lock'} has been held by another process for {_PATIENCE:g} s") from error
            time.sleep(_PAUSE)
        else:
            return


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
