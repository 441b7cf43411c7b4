"""Plans that were approved, and evidence, are changed by ``gotcha-audit`` alone: everything else is refused, with what to do instead.

A plan is a file of ``docs/plans/`` as `auditor/plan/chosen.py` finds them. One that is being made, or is DRAFT or PENDING, may be written, but not
so that it is approved or passes afterwards. One that cannot be read may be mended unless its approval is on record.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from auditor.hook.events import Answer, Draft, Writing
from auditor.hook.root import inside
from auditor.report.visible import visible

_FOLDER = ".gotcha-audit"
_LARGEST = 5_000_000


def guard(event: Writing) -> Answer | None:
    """A denial where the call would change what is not to be changed by hand, with the reason and the command to use; None otherwise."""
    for draft in event.drafts:
        for path in _forms(draft.path, event.folders):
            reason = _reason(path, draft)
            if reason:
                return Answer(kind="denial", text=reason)
    if event.command and _may_name(event.command):
        from auditor.hook.shell import written  # noqa: PLC0415 - most commands name neither

        folder = Path(event.folders[0]) if event.folders else Path("/")
        for target in written(event.command, folder):
            for path in _forms(str(target.path), event.folders):
                for one in (path, *(_plans_below(path) if target.removes else ())):
                    reason = _reason(one, None)
                    if reason:
                        return Answer(kind="denial", text=reason)
    return None


def _may_name(command: str) -> bool:
    lowered = command.casefold()
    return _FOLDER in lowered or "plans" in lowered or ".json" in lowered or "docs" in lowered


def _forms(path: str, folders: tuple[str, ...]) -> Iterator[Path]:
    """A path as it is written, made absolute, and where it leads."""
    real = inside(path, folders)
    if real is None:
        return
    written = Path(folders[0], path) if folders else Path(path)
    yield written
    if real != written:
        yield real


def _reason(path: Path, draft: Draft | None) -> str:
    if _FOLDER in (part.casefold() for part in path.parts):
        return _of_evidence(path)
    if is_plan(path):
        return _of_plan(path, draft)
    return ""


def is_plan(path: Path) -> bool:
    """Whether a path is where a plan would be."""
    folders = tuple(part.casefold() for part in path.parts[-3:-1])
    return folders == ("docs", "plans") and path.suffix.casefold() == ".json" and not path.name.startswith(".")


def _plans_below(path: Path) -> tuple[Path, ...]:
    """The plans in ``docs/plans`` or ``docs``, for who removes or moves the folder as a whole."""
    from auditor.plan.chosen import candidates  # noqa: PLC0415 - reads folders, for commands that write in them alone

    parts = tuple(part.casefold() for part in path.parts[-2:])
    if parts == ("docs", "plans"):
        return candidates(path.parent.parent)
    return candidates(path.parent) if parts[-1:] == ("docs",) else ()


def _of_plan(path: Path, draft: Draft | None) -> str:
    before = _bytes(path)
    if before is not None and _is_bound(path, before):
        shown = _shown(path)
        return (
            f"{shown} is an approved plan: gotcha-audit alone sets what passes in it, from evidence that it records. Use instead: "
            f"gotcha-audit plan red TASK -- TEST COMMAND, then plan green TASK -- TEST COMMAND, then plan pass TASK; "
            f"gotcha-audit gate {shown} completes it. Where the plan itself must say something else, ask the person it belongs to: "
            f"they change it, and accept the change with gotcha-audit plan approve --plan {shown} --by NAME."
        )
    after = _after(before, draft)
    if after is not None and (_status(path, after) not in {None, "DRAFT", "PENDING"} or _passes(path, after)):
        shown = _shown(path)
        return (
            f"{shown} may be written while it is DRAFT or PENDING, but a plan does not approve itself, and nothing in it passes by hand. "
            f'Write "status": "PENDING" and "passes": false; then gotcha-audit plan lint --plan {shown}, and a person approves it with '
            f"gotcha-audit plan approve --plan {shown}."
        )
    return ""


def _of_evidence(path: Path) -> str:
    return (
        f"{visible(str(path))} is in {_FOLDER}/, where gotcha-audit keeps the evidence of a plan: it alone writes there, and a record that was "
        "written by hand is refused when it is run again. Use instead: gotcha-audit plan red TASK -- TEST COMMAND and gotcha-audit plan green "
        "TASK -- TEST COMMAND, which run the tests and record what they said; gotcha-audit plan verify says whether the records hold."
    )


def _is_bound(path: Path, data: bytes) -> bool:
    """Whether a plan was approved: by what it says, or where that cannot be read, by the record."""
    from auditor.plan.approval import recorded_or_broken  # noqa: PLC0415 - only where a plan is about to be written

    status = _status(path, data)
    return recorded_or_broken(path) if status is None else status not in {"DRAFT", "PENDING"}


def _status(path: Path, data: bytes) -> str | None:
    from auditor.plan.parse import inspect  # noqa: PLC0415 - see above

    return inspect(data, path).status


def _passes(path: Path, data: bytes) -> bool:
    from auditor.plan.parse import inspect  # noqa: PLC0415 - see above

    return any(task.passes for task in inspect(data, path).tasks)


def _after(before: bytes | None, draft: Draft | None) -> bytes | None:
    """What the file will say; None where the client does not tell."""
    if draft is None:
        return None
    if draft.content is not None:
        return draft.content.encode("utf-8", "backslashreplace")
    if before is None or not draft.replacements:
        return None
    try:
        text = before.decode("utf-8")
    except UnicodeDecodeError:
        return None
    for replacement in draft.replacements:
        text = text.replace(replacement.old, replacement.new, -1 if replacement.every else 1)
        if len(text) > _LARGEST:
            return None
    return text.encode("utf-8", "backslashreplace")


def _bytes(path: Path) -> bytes | None:
    from auditor.errors import PlanError  # noqa: PLC0415 - see above
    from auditor.plan.store import read_bytes  # noqa: PLC0415 - see above

    try:
        return read_bytes(path)
    except PlanError:
        return None


def _shown(path: Path) -> str:
    return visible(shlex.quote("/".join(path.parts[-3:])))
