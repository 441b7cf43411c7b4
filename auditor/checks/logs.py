"""Judge of logging configurations that silence loggers made before."""

from __future__ import annotations

import ast
import re

from auditor.checks.base import Match, Verdict
from auditor.model import Outcome
from auditor.project.project import Project
from auditor.project.python.values import Literal, MappingValue, in_production


def loggers_disabled(project: Project, match: Match) -> Verdict | None:
    """FAILS when `disable_existing_loggers` keeps its default, True, and some module of the project makes its logger at import.

    Source: https://docs.python.org/3/library/logging.config.html#dictionary-schema-details
    """
    del project
    frame = match.frame
    call = frame.node if frame is not None else None
    if frame is None or not isinstance(call, ast.Call):
        return None
    if re.search(r"(?:^|/)(?:alembic|migrations?)/env\.py$", str(frame.module.path)):
        return None  # run by a command of its own
    config = frame.of("$CONFIG")
    if config is not None and match.detector.options.get("dict"):
        answers = [_keeps(option.value) for option in in_production(frame.value(config))]
        if not answers or None in answers or all(answers):
            return Verdict(outcome=Outcome.PASS, message="loggers that exist stay on") if answers and all(answers) else None
    elif any(keyword.arg == "disable_existing_loggers" for keyword in call.keywords):
        return Verdict(outcome=Outcome.PASS, message="the argument is given")
    world = frame.evaluator.world
    for module in world.modules_containing("getLogger"):
        for made in module.calls:
            if (
                world.qualify(module, made.func) == "logging.getLogger"
                and made.args
                and module.scope_of(made) is module.root
                and module is not frame.module
            ):
                related = (module.place(made, "this logger goes silent when its module was imported before"),)
                return Verdict(outcome=Outcome.FAIL, message=match.message, related=related)
    return None


def _keeps(value: object) -> bool | None:
    if not isinstance(value, MappingValue):
        return None
    found = value.get("disable_existing_loggers")
    if found is None:
        incremental = value.get("incremental")
        if isinstance(incremental, Literal) and incremental.value is True:
            return True
        return None if value.open else False
    return not found.value if isinstance(found, Literal) else None
