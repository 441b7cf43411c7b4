"""The one reminder of a session that edited and leaves something open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from auditor.hook import session
from auditor.hook.events import Answer, ScanNote, Stopping
from auditor.hook.root import roots
from auditor.report.visible import visible

_MOST = 5


def remind(event: Stopping, environment: Mapping[str, str]) -> Answer | None:
    """A reminder of failures in files that the session edited and of tasks without evidence; None where there is nothing, or it was said before.

    A session that edited nothing is never reminded, nor is one without an id: it could not be remembered.
    """
    if not event.session:
        return None
    for root in roots(event.folders):
        where = session.folder(event.session, root, environment)
        if session.was_reminded(where) or not (session.has_edited(where) or session.unseen(where, root)):
            continue
        open_ends = [*_failing(root, where), *_tasks(root)]
        if open_ends and session.remind_once(where):
            lines = [
                "gotcha-audit: before you stop:",
                *open_ends,
                "Mend what belongs to what you were asked to do. Where it does not, or is meant to stay, say so and stop. This is said once.",
            ]
            return Answer(kind="reminder", text="\n".join(lines))
    return None


def _failing(root: Path, where: Path) -> Iterator[str]:
    """Files that failed when they were last edited, and fail still: a comment or a change since may have settled it. And those nobody looked at."""
    names = dict.fromkeys((*session.failing(where), *session.unseen(where, root)))
    paths = tuple(Path(name) for name in names if (root / name).is_file())
    if not paths:
        return
    from auditor.hook.edited import failures  # noqa: PLC0415 - a scan, only where something failed

    try:
        found = failures(root, paths)
    except ScanNote:
        return
    for result in found[:_MOST]:
        line = f":{result.place.span.start.line}" if result.place.span else ""
        yield f"- {visible(str(result.place.path))}{line} fails {visible(result.check)} (gotcha-audit explain {visible(result.check)})"
    if len(found) > _MOST:
        yield f"- and {len(found) - _MOST} more: gotcha-audit scan ."


def _tasks(root: Path) -> Iterator[str]:
    from auditor.hook.plans import standings  # noqa: PLC0415 - plans are read where a session edited
    from auditor.plan.parse import identity  # noqa: PLC0415 - see above

    for standing in standings(root):
        if standing.plan.status != "APPROVED":
            continue
        name = visible(str(standing.path))
        if standing.open:
            ids = ", ".join(visible(identity(task.id)) for task in standing.open[:_MOST])
            more = f" and {len(standing.open) - _MOST} more" if len(standing.open) > _MOST else ""
            what = "task" if len(standing.open) == 1 else "tasks"
            yield f"- {name}: {what} {ids}{more} without evidence that it is done (gotcha-audit plan red, green, pass)"
        if standing.unproven:
            ids = ", ".join(visible(identity(task.id)) for task in standing.unproven[:_MOST])
            yield f"- {name}: {ids} marked as passing, with no record of it (gotcha-audit plan verify)"
        if not standing.open and not standing.unproven:
            yield f"- {name}: every task passes, and the plan is not complete (gotcha-audit gate {name})"
