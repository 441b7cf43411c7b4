"""Reading and writing plan files: bounded, locked, whole or not at all."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from auditor.errors import GotchaAuditError, PlanError
from auditor.plan.document import Plan
from auditor.plan.edit import Change, changed, edited_values, wanted_values
from auditor.plan.parse import MAX_BYTES, parse
from auditor.report.visible import visible

FOLDER = ".gotcha-audit"
"""Stands beside a plan: locks, and below ``evidence/`` what was recorded of it."""

LOCK_SECONDS = 30.0

_IGNORED = "*.lock\n*.new\n"
_TRIES = 20


def locate(path: Path, root: Path) -> Path:
    """Give ``path`` with symlinks followed, as a path below ``root``; raises PlanError when it is missing, no file, or outside."""
    try:
        real, top = path.resolve(strict=True), root.resolve(strict=True)
    except FileNotFoundError as error:
        raise PlanError(f"{visible(str(path))}: no such file") from error
    except (OSError, RuntimeError, ValueError) as error:  # a loop of symlinks, a folder that is closed to us, a NUL in the name
        raise PlanError(f"{visible(str(path))}: cannot be read: {_reason(error)}") from error
    if not real.is_relative_to(top):
        led = " (a symbolic link leads there)" if path.is_symlink() else ""
        raise PlanError(f"{visible(str(path))}: is outside the project{led}: run from the root of the project the plan belongs to")
    if not real.is_file():
        raise PlanError(f"{visible(str(path))}: is no file")
    return root / real.relative_to(top)


def read_bytes(path: Path) -> bytes:
    """Give the bytes of a plan file, and no more than a byte above what is allowed; raises PlanError."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as stream:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise PlanError(f"{visible(str(path))}: is no file")
            return stream.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise PlanError(f"{visible(str(path))}: no such file") from error
    except OSError as error:
        raise PlanError(f"{visible(str(path))}: cannot be read: {_reason(error)}") from error


def load(path: Path, root: Path) -> Plan:
    """Give the plan in a file of the project below ``root``; raises PlanError."""
    found = locate(path, root)
    return parse(read_bytes(found), found)


def folder_of(plan: Path, root: Path) -> Path:
    """Give the folder of ours beside a plan, made if need be; raises GotchaAuditError when that is not possible, PlanError when it leads outside."""
    folder = plan.parent / FOLDER
    try:
        folder.mkdir(exist_ok=True)
        if not folder.resolve(strict=True).is_relative_to(root.resolve()):
            raise PlanError(f"{visible(str(folder))}: leads outside the project: remove the link")
        with contextlib.suppress(FileExistsError):
            descriptor = os.open(folder / ".gitignore", os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
            with os.fdopen(descriptor, "w", encoding="ascii") as stream:
                stream.write(_IGNORED)
    except OSError as error:
        raise GotchaAuditError(f"{visible(str(folder))} cannot be written: {_reason(error)}; the plan stays as it was") from error
    return folder


@contextlib.contextmanager
def locked(plan: Path, root: Path, *, seconds: float = LOCK_SECONDS) -> Iterator[Path]:
    """Hold the lock of a plan and give the folder of ours beside it.

    The lock is the kernel's, on a side file: it ends with the process that holds it, however that ends, and replacing the plan does not
    take it away. Not to be taken twice by one process. Raises GotchaAuditError when another process holds it for ``seconds``.
    """
    folder = folder_of(plan, root)
    path = folder / f"{plan.name}.lock"
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise GotchaAuditError(f"{visible(str(path))} cannot be written: {_reason(error)}; the plan stays as it was") from error
    try:
        deadline = time.monotonic() + seconds
        while not _taken(descriptor, path):
            if time.monotonic() > deadline:
                raise GotchaAuditError(f"{visible(str(plan))}: another process has been writing it for {seconds:g} s; try again when it is done")
            time.sleep(0.005)
        yield folder
    finally:
        os.close(descriptor)


def save(plan: Plan, change: Change, root: Path, *, guard: Callable[[Plan], None] | None = None, seconds: float = LOCK_SECONDS) -> Plan:
    """Make ``change`` to the file of ``plan`` and give the plan that is there then.

    ``plan`` is what the caller read and decided upon. When the file says something else by now, the change is merged into what it says,
    if the values to be changed are as they were read (or as they are wanted); otherwise PlanError names them and nothing is written.
    ``guard`` gets the plan as it is under the lock, just before the change, and raises to forbid it. A writer that does not take the lock
    is noticed up to the moment of the replacement.
    """
    with locked(plan.path, root, seconds=seconds) as folder:
        for _ in range(_TRIES):
            path = locate(plan.path, root)
            data = read_bytes(path)
            current = plan if data == plan.data else parse(data, path)
            _merge(plan, current, change)
            if guard:
                guard(current)
            after = changed(current, change)
            if after.data == data or replace_file(path, after.data, folder / f"{path.name}.new", expected=data):
                return after
        raise GotchaAuditError(f"{visible(str(plan.path))}: somebody else keeps writing it; nothing was changed")


def replace_file(path: Path, data: bytes, temporary: Path, *, expected: bytes | None = None) -> bool:
    """Put ``data`` in the place of ``path`` at one stroke, permissions and owner kept; for callers that hold the lock of the plan.

    ``temporary`` is on the same file system and nobody else's: what a killed process left there is replaced. With ``expected`` nothing is
    written, and False given, when the file holds something else. Raises GotchaAuditError when it cannot be written.
    """
    try:
        before = path.stat() if path.exists() else None
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(data)
                if before:
                    if (before.st_uid, before.st_gid) != (os.geteuid(), os.getegid()):
                        with contextlib.suppress(PermissionError):  # only the owner's own files, or root, keep their owner
                            os.fchown(descriptor, before.st_uid, before.st_gid)
                    os.fchmod(descriptor, stat.S_IMODE(before.st_mode))
                stream.flush()
                os.fsync(descriptor)
            if expected is not None and read_bytes(path) != expected:
                return False
            os.replace(temporary, path)  # noqa: PTH105 - the atomic rename is the point
        finally:
            with contextlib.suppress(FileNotFoundError):
                temporary.unlink()
        _sync_folder(path.parent)
    except OSError as error:
        raise GotchaAuditError(f"{visible(str(path))} cannot be written: {_reason(error)}; it stays as it was") from error
    return True


def digest(data: bytes) -> str:
    """Give the SHA-256 of ``data`` as hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def _taken(descriptor: int, path: Path) -> bool:
    """Take the lock if it is free; a lock file that was deleted under us is no lock, for others would make a new one."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise GotchaAuditError(f"{visible(str(path))} cannot be locked: {_reason(error)}; the plan stays as it was") from error
    try:
        named = path.stat()
    except FileNotFoundError as error:
        raise GotchaAuditError(f"{visible(str(path))} was deleted meanwhile; try again") from error
    held = os.fstat(descriptor)
    if (named.st_dev, named.st_ino) != (held.st_dev, held.st_ino):
        raise GotchaAuditError(f"{visible(str(path))} was replaced meanwhile; try again")
    return True


def _merge(read: Plan, current: Plan, change: Change) -> None:
    """Raise PlanError when somebody else changed a value that is to be changed."""
    if current is read:
        return
    was, is_, wanted = edited_values(read, change), edited_values(current, change), wanted_values(change)
    touched = [name for name in wanted if is_[name] not in (was[name], wanted[name])]
    if touched:
        named = "; ".join(f"{visible(name)} was {_shown(was[name])} when it was read and is {_shown(is_[name])} now" for name in touched)
        raise PlanError(f"{visible(str(current.path))}: somebody else changed it meanwhile: {named}; nothing was written, look and try again")


def _shown(value: object) -> str:
    return "absent" if value is None else {True: "true", False: "false"}[value] if isinstance(value, bool) else visible(str(value))


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _reason(error: BaseException) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or visible(str(error))
