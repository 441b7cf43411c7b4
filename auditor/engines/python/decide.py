"""From a matched site to its verdict: guards, value classes, the judge; and the WORKS form for the very site."""

from __future__ import annotations

from auditor.checks import JUDGES, Match, Verdict
from auditor.engines.python.classes import any_clause, trail_nodes
from auditor.engines.python.detectors import Prepared
from auditor.engines.python.pattern import Bound
from auditor.engines.python.rewrite import rewritten, written
from auditor.engines.templates import fill
from auditor.model import Outcome, Place, PythonDetector, Site
from auditor.project.project import Project
from auditor.project.python.frame import Frame


def decide(project: Project, prepared: Prepared, frame: Frame, bound: Bound) -> Site | None:
    """The site with its verdict, or None when `where` or the judge says that it is no site of this entry."""
    detector = prepared.detector
    if detector.where and any_clause(frame, (detector.where,)) is not True:
        return None
    bindings = {name: written(frame.module, node) for name, node in bound.nodes.items()}
    outcome, reason = _outcome(detector, frame)
    message = fill(detector.message or prepared.gotcha.title, bindings)
    place = frame.place()
    verdict = Verdict(outcome=outcome, related=_trail(frame, detector))
    if detector.check is not None:
        judge = JUDGES[detector.check]
        judged = judge(
            project,
            Match(gotcha=prepared.gotcha, detector=detector, outcome=outcome, place=place, message=message, bindings=bindings, frame=frame),
        )
        if judged is None:
            return None
        verdict = judged
        outcome = verdict.outcome
    if outcome in (Outcome.FAIL, Outcome.REVIEW) and not detector.options.get("development"):
        development = next((guard for guard in frame.guards if guard.kind == "development"), None)
        if development is not None:
            outcome, reason = Outcome.PASS, f"runs in development only ({development.text})"
    text = verdict.message or message
    if reason:
        text = f"{text}; {reason}" if outcome is not Outcome.PASS else reason
    change = verdict.change
    if change is None and outcome in (Outcome.FAIL, Outcome.REVIEW):
        change = rewritten(frame, verdict.suggest or detector.suggest, bindings)
    statement = frame.module.statement_of(frame.node)
    return Site(
        gotcha=prepared.gotcha.id,
        outcome=outcome,
        message=text,
        place=place,
        related=verdict.related or _trail(frame, detector),
        change=change,
        severity=verdict.severity,
        scope=frame.module.span(statement) if statement is not None and not hasattr(statement, "body") else place.span,
    )


def _outcome(detector: PythonDetector, frame: Frame) -> tuple[Outcome, str]:
    if not detector.fails and not detector.works and not detector.review:
        return Outcome.FAIL, ""
    fails = any_clause(frame, detector.fails) if detector.fails else None
    if fails is True:
        return Outcome.FAIL, ""
    works = any_clause(frame, detector.works) if detector.works else False
    if works is True:
        return Outcome.PASS, ""
    review = any_clause(frame, detector.review) if detector.review else False
    if review is True:
        return Outcome.REVIEW, ""
    if not detector.fails:
        return (Outcome.REVIEW, "the value cannot be told") if works is None else (Outcome.FAIL, "")
    if fails is None:
        return Outcome.REVIEW, "the value cannot be told"
    return Outcome.PASS, ""


def _trail(frame: Frame, detector: PythonDetector) -> tuple[Place, ...]:
    """The steps of the values the clauses asked about, each place once, the site itself left out."""
    steps: dict[tuple[object, ...], Place] = {}
    for node in trail_nodes(frame, (*detector.fails, *detector.works, *detector.review)):
        for step in frame.value(node).trail:
            if step.label and not (step.path == frame.module.path and step.span == frame.place().span):
                steps.setdefault((step.path, step.span, step.label), step)
    return tuple(steps.values())[:12]
