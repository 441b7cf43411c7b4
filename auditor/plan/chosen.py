"""Which plan a command is about."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from auditor.errors import PlanError
from auditor.plan.document import Plan, Status
from auditor.plan.parse import inspect
from auditor.plan.store import load, locate, read_bytes
from auditor.report.visible import visible

PLANS = Path("docs", "plans")
_MAX_PLANS = 500
_APPROVED: tuple[Status, ...] = ("APPROVED",)


def candidates(root: Path) -> tuple[Path, ...]:
    """Give the plan files in ``docs/plans/`` below ``root``, by name. Hidden files are none."""
    try:
        found = sorted(path for path in (root / PLANS).iterdir() if path.suffix == ".json" and not path.name.startswith("."))
    except OSError:
        return ()
    return tuple(found[:_MAX_PLANS])


def choose(root: Path, named: Path | None, statuses: Collection[Status] = _APPROVED) -> Plan:
    """Give the plan in the file ``named``, or the only one of ``docs/plans/`` with one of ``statuses``.

    Raises PlanError that names the candidates when it is not plain which one is meant.
    """
    if named is not None:
        return load(named, root)
    known = [(path, _state(path, root)) for path in candidates(root)]
    fitting = [path for path, state in known if state in statuses]
    if len(fitting) == 1:
        return load(fitting[0], root)
    wanted = " or ".join(statuses)
    if not known:
        raise PlanError(f"there is no plan in {PLANS}/: name one with --plan FILE")
    if fitting:
        raise PlanError(f"several plans in {PLANS}/ are {wanted}: name one with --plan FILE\n" + _listed(fitting))
    listed = [f"  {visible(path.name)}: {state}" for path, state in known]
    approval = "approve one with gotcha-audit plan approve, or " if "APPROVED" in statuses else ""
    raise PlanError("\n".join([f"no plan in {PLANS}/ is {wanted}: {approval}name one with --plan FILE", *listed]))


def _state(path: Path, root: Path) -> str:
    """The status of a plan, or why it has none."""
    try:
        found = inspect(read_bytes(locate(path, root)), path)
    except PlanError as error:
        return str(error).removeprefix(f"{visible(str(path))}: ").partition(": ")[0]
    return found.status if found.status and found.plan else "is no valid plan (gotcha-audit plan lint says why)"


def _listed(paths: Collection[Path]) -> str:
    return "\n".join(f"  {visible(path.name)}" for path in paths)
