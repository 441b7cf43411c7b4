"""Judges of CORS policies: which origins does a server accept in production?"""

from __future__ import annotations

import ast

from auditor.checks.base import Match, Verdict
from auditor.checks.origins import is_loopback_only, is_wildcard
from auditor.model import Outcome, Place
from auditor.project.project import Project
from auditor.project.python.frame import Frame
from auditor.project.python.values import Instance, Literal, MappingValue, Option, Sequence, Unknown, Value, options, union

_MISSPELT = ("origin", "allow_origins", "allowed_origins", "allow_origin", "cors_origins")


def flask_any_origin(project: Project, match: Match) -> Verdict | None:
    """FAILS when flask-cors answers every origin: `origins` absent, misspelt or a wildcard, also inside `resources`."""
    del project
    frame = match.frame
    policy = _flask_policy(frame) if frame is not None else None
    if frame is None or policy is None:
        return None
    value, message = policy
    answer = is_wildcard(value)
    related = _trail(value, frame)
    if answer is True:
        return Verdict(outcome=Outcome.FAIL, message=message, related=related)
    if answer is None:
        return Verdict(
            outcome=Outcome.REVIEW, message="which origins are allowed cannot be told, or any is when a variable is unset", related=related
        )
    return Verdict(outcome=Outcome.PASS, message="the allowed origins are listed", related=related)


def flask_localhost_only(project: Project, match: Match) -> Verdict | None:
    """FAILS when no origin but this machine's own can ever be allowed."""
    del project
    frame = match.frame
    policy = _flask_policy(frame) if frame is not None else None
    if frame is None or policy is None:
        return None
    value, _ = policy
    if is_wildcard(value) is True:
        return None
    answer = is_loopback_only(value)
    related = _trail(value, frame)
    if answer is True:
        return Verdict(outcome=Outcome.FAIL, related=related)
    if answer is None:
        return Verdict(outcome=Outcome.REVIEW, message="which origins are allowed cannot be told", related=related)
    return Verdict(outcome=Outcome.PASS, message="an origin other than this machine's own can be allowed", related=related)


def _flask_policy(frame: Frame) -> tuple[Value, str] | None:
    """The origins flask-cors ends up with and what to say of them (https://flask-cors.readthedocs.io/en/latest/configuration.html).

    Looked up in the order of flask-cors: the call's own `origins` or `resources`, those given to the constructor for `init_app`, then `CORS_*` of the
    app's configuration, then "*". None for a `CORS()` that is bound to an app later.
    """
    call = frame.node
    if not isinstance(call, ast.Call):
        return None
    is_init = isinstance(call.func, ast.Attribute) and call.func.attr == "init_app"
    has_app = bool(call.args) or any(keyword.arg == "app" for keyword in call.keywords)
    is_decorator = (frame.evaluator.qualify(frame.module, call.func) or "").endswith("cross_origin")
    own = _own_origins(frame, call)
    if own is not None:
        return own
    if frame.spreads:
        return Unknown(reason="**options"), ""
    if is_init:
        receiver = call.func.value if isinstance(call.func, ast.Attribute) else None
        for option in options(frame.value(receiver)) if receiver is not None else ():
            if isinstance(option.value, Instance) and option.value.call is not None and option.value.module is not None:
                maker = Frame(evaluator=frame.evaluator, module=option.value.module, node=option.value.call, metavariables={})
                made = _own_origins(maker, option.value.call)
                if made is not None:
                    return made
    elif not has_app and not is_decorator:
        return None
    configured = frame.evaluator.app_config("CORS_ORIGINS")
    if not isinstance(configured, Unknown):
        return configured, "CORS_ORIGINS lets any website call this API"
    resources = frame.evaluator.app_config("CORS_RESOURCES")
    if isinstance(resources, MappingValue):
        return _of_resources(resources), "CORS_RESOURCES lets any website call this API"
    for keyword in call.keywords:
        if keyword.arg in _MISSPELT:
            message = (
                f"flask-cors has no option {keyword.arg!r} and ignores it without a word: any website may call this API; the option is `origins`"
            )
            return Literal(value="*"), message
    return Literal(value="*"), "without `origins` flask-cors lets any website call this API"


def _own_origins(frame: Frame, call: ast.Call) -> tuple[Value, str] | None:
    given = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    if "origins" in given:
        return frame.value(given["origins"]), "`origins` lets any website call this API"
    if "resources" in given:
        value = frame.value(given["resources"])
        found = [Option(value=_of_resources(option.value), guards=option.guards) for option in options(value)]
        return union(found), "`resources` lets any website call these paths"
    return None


def _of_resources(value: Value) -> Value:
    """The origins inside `resources`: a mapping of path patterns to options; patterns alone mean any origin."""
    match value:
        case MappingValue(items=items):
            found: list[Value] = []
            for _, inner in items:
                if isinstance(inner, MappingValue):
                    found.append(inner.get("origins") or (Unknown() if inner.open else Literal(value="*")))
                else:
                    found.append(Unknown(reason="options not known"))
            wild = [origin for origin in found if is_wildcard(origin) is True]
            if wild:
                return wild[0]
            return Sequence(items=tuple(found), open=value.open) if len(found) != 1 else found[0]
        case Literal(value=str()):
            return Literal(value="*")
        case _:
            return Unknown(reason="resources not known")


def _trail(value: Value, frame: Frame) -> tuple[Place, ...]:
    steps = [step for option in options(value) for step in option.value.trail if step.label]
    site = frame.place()
    return tuple(dict.fromkeys(step for step in steps if (step.path, step.span) != (site.path, site.span)))[:8]
