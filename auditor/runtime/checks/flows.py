"""Whole ways through the application, as people wrote them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from auditor.model import Evidence
from auditor.runtime.checks.api import shown
from auditor.runtime.flow import FlowResult, Walked, walk
from auditor.runtime.scene import Scene
from auditor.runtime.seen import Seen, Sign, failed, passed, skipped

_MARKS = {"passed": "✓", "failed": "✗", "refused": "-", "unreached": "-"}


def flow(scene: Scene) -> Iterable[Seen]:
    """Whether each flow comes to its end, each with a visitor of its own. What cannot be attempted is skipped with the reason, never passed."""
    if not scene.target.flows:
        yield skipped("flows", "no flow is configured")
    for item in scene.target.flows:
        client = scene.client.fresh()
        try:
            result = walk(item, client)
        finally:
            client.close()
        yield replace(_judged(result), secrets=result.secrets)


def _judged(result: FlowResult) -> Seen:
    name, steps = result.flow.name, result.steps
    evidence = (Evidence(kind="flow", title=name, body="\n".join(_line(number, walked, result) for number, walked in enumerate(steps, 1))),)
    bad = next(((number, walked) for number, walked in enumerate(steps, 1) if walked.outcome != "passed"), None)
    if bad is None:
        if not steps:
            return skipped(name, "not attempted: it has no steps")
        return passed(name, f"{_count(len(steps))} done", expected=f"{_count(len(steps))} done", observed="all of them work", evidence=evidence)
    number, walked = bad
    if walked.outcome == "refused":
        before = f" ({_count(number - 1)} before it done)" if number > 1 else ""
        reason = f"not attempted: step {number}, {walked.step.name!r}: {_hidden(walked.observed, result)}{before}"
        return replace(skipped(name, reason), evidence=evidence, place=result.flow.place)
    observed = _hidden(walked.observed, result)
    tries = f" after {walked.attempts} attempts" if walked.attempts > 1 else ""
    return failed(
        name,
        f"step {number}, {walked.step.name!r}, gives {observed}{tries}; expected {_hidden(walked.expected, result)}",
        expected=_hidden(walked.expected, result),
        observed=observed,
        evidence=(*evidence, *(shown(walked.exchange, result.secrets) if walked.exchange is not None else ())),
        signs=(Sign(kind="http", status=walked.exchange.status if walked.exchange else 0, on="api"),),
        place=walked.step.request.place if walked.step.request and walked.step.request.place else result.flow.place,
    )


def _line(number: int, walked: Walked, result: FlowResult) -> str:
    # The request as it was written: with placeholders, not with what was captured.
    request = f" [{walked.step.request}]" if walked.step.request is not None and walked.step.name != str(walked.step.request) else ""
    tail = {
        "passed": f"expected {walked.expected}; observed {walked.observed}",
        "failed": f"expected {walked.expected}; observed {walked.observed}",
        "refused": f"not attempted: {walked.observed}",
        "unreached": "not reached",
    }[walked.outcome]
    return _hidden(f"{_MARKS[walked.outcome]} {number}. {walked.step.name}{request}: {tail}", result)


def _hidden(text: str, result: FlowResult) -> str:
    for value in result.secrets:
        text = text.replace(value, "***")
    return text


def _count(number: int) -> str:
    return "1 step" if number == 1 else f"{number} steps"
