"""No exception in the log: one that a visitor does not see is still one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from auditor.model import Evidence, Severity
from auditor.runtime.client import Exchange
from auditor.runtime.scene import Scene
from auditor.runtime.seen import Seen, Sign, failed, passed, skipped
from auditor.runtime.target import Target
from auditor.runtime.traces import Trace, requests, traces

_SETTLE = 0.1
"""Seconds in which the lines of the last request arrive."""
_MOST = 20
_MOST_LINES = 60
_MOST_REQUESTS = 3
_ENDINGS = re.compile(
    r"(?:KeyboardInterrupt|SystemExit|GeneratorExit|(?:asyncio\.(?:exceptions\.)?|concurrent\.futures\.(?:_base\.)?)?CancelledError)\b"
)
"""How a program ends, or work that nobody waits for any more."""
_LEFT = re.compile(r"(?:[\w.]+\.)?(?:BrokenPipeError|ConnectionResetError|ConnectionAbortedError|ClientDisconnect)\b")
"""The visitor went away before the answer was sent."""


@dataclass(slots=True)
class _Event:
    """The same trace, each time that it came, and the requests that it may belong to."""

    trace: Trace
    count: int = 0
    starting: int = 0
    candidates: list[tuple[Exchange, ...]] = field(default_factory=list)


def log_traceback(scene: Scene) -> Iterator[Seen]:
    """One observation for each exception, however often it came, or one that there was none."""
    scene.application.wait(_SETTLE)
    lines = scene.application.lines
    exchanges = tuple(scene.client.exchanges)
    events = list(_events(traces(lines), exchanges, scene.target))
    for event in events[:_MOST]:
        yield _judged(event)
    if len(events) > _MOST:
        yield failed("the log", f"{len(events) - _MOST} more exceptions are not shown", expected="no exception", observed=f"{len(events)} exceptions")
    if not lines:
        yield skipped("the log", "it printed nothing; a log that it writes elsewhere is not read")
    elif not events:
        cut = next((f" ({line.text.strip('… ')})" for line in lines if line.text.startswith("… ") and line.text.endswith(" lines left out …")), "")
        yield passed("the log", f"no exception in the {len(lines)} lines that it printed{cut}", expected="no exception", observed="none")


def _events(found: Iterable[Trace], exchanges: Sequence[Exchange], target: Target) -> Iterator[_Event]:
    """What came, each once, without what is no mistake of the application."""
    first = min((exchange.started for exchange in exchanges), default=float("inf"))
    events: dict[tuple[str, str, str], _Event] = {}
    for trace in found:
        near = requests(trace, exchanges)
        if _ENDINGS.match(trace.headline) or (near and all(_refused(each) or _wanted(each, target) for each in near)):
            continue
        if _LEFT.match(trace.headline) and not any(each.status >= 500 for each in near):
            continue
        event = events.setdefault(trace.key, _Event(trace))
        event.count += 1
        event.starting += trace.begins < first and not near
        if near:
            event.candidates.append(near)
    yield from events.values()


def _refused(exchange: Exchange) -> bool:
    """Answered 4xx: servers that print how they came to refuse a request did refuse it; whether that is right, others judge."""
    return 400 <= exchange.status < 500


def _wanted(exchange: Exchange, target: Target) -> bool:
    """Whether somebody wrote that this request must fail so."""
    return exchange.status >= 500 and any(
        endpoint.method == exchange.method and endpoint.path == exchange.path and exchange.status in endpoint.status for endpoint in target.endpoints
    )


def _judged(event: _Event) -> Seen:
    trace = event.trace
    asked = {str(each): each for near in event.candidates for each in near}
    certain = {str(near[0]) for near in event.candidates if len(near) == 1}
    answered = bool(asked) and all(0 < each.status < 500 for each in asked.values())
    when = _when(event, asked, certain)
    times = f", {event.count} times" if event.count > 1 else ""
    mild = f"; it was answered {next(iter(asked.values())).status} all the same" if answered else ""
    return failed(
        trace.headline,
        f"{trace.kind}: {trace.headline} ({when}{times}){mild}",
        expected="no exception",
        observed=f"{trace.headline}{f' at {trace.where}' if trace.where else ''}",
        evidence=(
            Evidence(
                kind="log",
                title=f"printed by the application, {when}",
                body="\n".join(_shortened(trace.lines)),
                truncated=len(trace.lines) > _MOST_LINES,
            ),
        ),
        signs=tuple(Sign(kind="log", text=text) for text in dict.fromkeys((trace.headline, *reversed(trace.chain)))),
        severity=Severity.WARNING if answered or (event.starting and not asked) else Severity.ERROR,
    )


def _when(event: _Event, asked: dict[str, Exchange], certain: set[str]) -> str:
    about = event.trace.about
    if certain:
        named = list(certain & asked.keys()) if len(certain) == 1 else [name for name in asked if name in certain]
        more = f" and {len(named) - _MOST_REQUESTS} more" if len(named) > _MOST_REQUESTS else ""
        return f"during {', '.join(named[:_MOST_REQUESTS])}{more}"
    if asked:
        return f"during one of {', '.join(list(asked)[:_MOST_REQUESTS])}{' and others' if len(asked) > _MOST_REQUESTS else ''}"
    if event.starting:
        return "while starting"
    if about:
        return f"during {' '.join(part for part in about if part)}, as the log says"
    return "while none of the requests of the checks was under way: by a browser, or by work in the background"


def _shortened(lines: Sequence[str]) -> Sequence[str]:
    """Both ends of a long one: how it was reached, and what happened."""
    if len(lines) <= _MOST_LINES:
        return lines
    half = _MOST_LINES // 2
    return (*lines[:half], f"… {len(lines) - 2 * half} lines …", *lines[-half:])
