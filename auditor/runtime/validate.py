"""Start, observe, stop: the sequence of one validation, readable top to bottom."""

from __future__ import annotations

import contextlib
import hashlib
import shlex
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from auditor.model import Confidence, Coverage, Evidence, Gotcha, Outcome, Place, Result, Run
from auditor.processes.application import Application
from auditor.processes.ports import Holder, free_port, holders
from auditor.project.project import Project
from auditor.runtime import diagnosis
from auditor.runtime.checks import AFTERWARDS, BEFORE, CHECKS, names
from auditor.runtime.checks import started as start_checks
from auditor.runtime.checks import stopped as stop_checks
from auditor.runtime.client import Client
from auditor.runtime.described import described
from auditor.runtime.pages import Visit, visit
from auditor.runtime.progress import Progress, Silent
from auditor.runtime.ready import wait_until_ready
from auditor.runtime.scene import Before, Scene
from auditor.runtime.secrets import Masker, cookies
from auditor.runtime.seen import Seen, broken, failed, skipped
from auditor.runtime.target import PORT, Target
from auditor.runtime.workspace import workspace

NOT_ATTEMPTED = "not attempted because"
_BEFORE_SECONDS = 120.0
_SETTLE = 0.2
"""Seconds in which an application that the last request broke may still end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to validate.

    ``environment`` is what the process gets besides PORT, ``kept`` a folder for screenshots; ``seconds`` limit all of it together.
    """

    environment: Mapping[str, str] = field(default_factory=dict)
    copied: bool = False
    browser: bool = True
    kept: Path | None = None
    seconds: float = 600.0


def validate(
    root: Path,
    project: Project,
    target: Target,
    options: Options,
    *,
    gotchas: Sequence[Gotcha] = (),
    static: Sequence[Result] = (),
    progress: Progress | None = None,
) -> Run:
    """Validate the application that ``target`` describes in ``root``.

    ``gotchas`` are those that apply to the project and ``static`` what a scan found in it: failed checks are explained by them. Raises
    GotchaAuditError when the tree cannot be copied; whatever the application does is a result.
    """
    began, clock = datetime.now(UTC), time.perf_counter()
    log = _Log(progress or Silent(), target, deadline=time.monotonic() + options.seconds)
    with workspace(root, copied=options.copied) as folder:
        _observe(folder, project, target, options, log)
    masker = _masker(target, options, log)
    results = tuple(map(masker.masked, (*_results(log.seen, target, gotchas, static), *_decided(log.seen, gotchas, static))))
    not_attempted = sum(result.message.startswith(NOT_ATTEMPTED) for result in results)
    counts = {outcome.value: sum(result.outcome is outcome for result in results) for outcome in Outcome}
    return Run(
        producer="validate",
        subject=str(root),
        started=began,
        seconds=round(time.perf_counter() - clock, 3),
        stack=project.stack,
        tree="",
        results=results,
        counts=counts | {"skip": counts["skip"] - not_attempted, "not attempted": not_attempted},
        coverage=Coverage(selected=0, scanned=0),
        notes=tuple(dict.fromkeys(map(masker, (*target.notes, *log.notes)))),
    )


class _Log:
    """What was seen so far, by check, and who is told of it."""

    def __init__(self, progress: Progress, target: Target, *, deadline: float) -> None:
        self.progress, self.target, self.deadline = progress, target, deadline
        self.seen: dict[str, tuple[Seen, ...]] = {}
        self.notes: list[str] = []
        self.secrets: list[str] = []

    def add(self, name: str, make: Callable[[], Iterable[Seen]]) -> tuple[Seen, ...]:
        """Make one check; a check that is not wanted is skipped, and one that breaks is an error of its own."""
        self.progress.started(name)
        if name in self.target.skip:
            found: tuple[Seen, ...] = (skipped(name, f"switched off: {self.target.skip[name]}"),)
        elif time.monotonic() > self.deadline:
            found = (broken(name, "the time for the whole validation is over"),)
        else:
            found = _made(make)
        self.seen[name] = (*self.seen.get(name, ()), *found)
        self.progress.done(name, [seen.outcome for seen in found])
        return found

    def leave_out(self, cause: str) -> None:
        """Everything that was not made yet cannot be made, because ``cause`` failed."""
        for name in names():
            if name not in self.seen:
                self.seen[name] = (skipped(name, f"{NOT_ATTEMPTED} runtime/{cause} failed"),)


def _made(make: Callable[[], Iterable[Seen]]) -> tuple[Seen, ...]:
    """What a check saw; what it saw before it broke is kept."""
    found: list[Seen] = []
    try:
        found.extend(make())
    except Exception as error:  # noqa: BLE001 - a bug in one check must not cost the others, nor pass for a clean look
        found.append(broken("check", f"the check itself broke, which is a bug in gotcha-audit: {type(error).__name__}: {error}"))
    return tuple(found)


def _observe(root: Path, project: Project, target: Target, options: Options, log: _Log) -> None:
    """The whole sequence: before, start, ask, stop, start again."""
    before = Before(root=root, project=project, target=target, environment=options.environment)
    for name, early in BEFORE.items():
        log.add(name, partial(early, before))
    start = target.start
    foreign = holders(start.port) if start.port is not None else ()
    if foreign:
        assert start.port is not None
        log.add("port-owner", lambda: [start_checks.port_owner(start.port or 0, foreign, ())])
        log.leave_out("port-owner")
        return
    stage = _Stage(root, target, options)
    if (refusal := _prepared(stage)) is not None:
        log.add("starts", lambda: [refusal])
        log.leave_out("starts")
        return
    with stage.start() as application:
        readiness = wait_until_ready(application, start.ready)
        log.add("starts", lambda: [start_checks.starts(start, application, readiness)])
        port = readiness.listener.port if readiness.listener else application.port
        log.add("port-owner", lambda: [start_checks.port_owner(port, _foreign(port, application), application.listeners)])
        if readiness.state != "ready":
            log.leave_out("starts")
            return
        client = Client(readiness.address, port, host=target.host, https=bool(target.https))
        try:
            visited = visit(client, target)
            log.notes += visited.notes
            scene = _scene(root, project, target, options, application, visited, stage)
            for name, check in CHECKS.items():
                log.add(name, partial(check, scene))
            if not readiness.background and application.wait(_SETTLE):
                log.add("starts", lambda: start_checks.still_runs(scene))
        finally:
            log.secrets += [value for exchange in tuple(client.exchanges) for value in cookies(exchange.headers)]
            client.close()
        catches = stop_checks.catches_sigterm(application)
        serving = frozenset(listener.pid for listener in application.listeners)
        stopped = application.stop(grace=start.grace)
        log.add("shutdown", lambda: [stop_checks.shutdown(start, application, stopped, catches=catches, serving=serving)])
        log.add("survivors", lambda: [stop_checks.survivors(stopped, serving=serving)])
    for name, check in AFTERWARDS.items():
        log.add(name, partial(check, scene))


class _Stage:
    """Starts the application, again and again, each time stopped when the context ends."""

    def __init__(self, root: Path, target: Target, options: Options) -> None:
        self.root, self.target, self.options = root, target, options
        self.folder = (root / target.start.folder).resolve()

    @contextlib.contextmanager
    def start(
        self,
        *,
        words: Sequence[str] | None = None,
        remove: Iterable[str] = (),
        folder: Path | None = None,
        port: int | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> Iterator[Application]:
        """Start it; see `scene.Again`."""
        number = self.target.start.port or port or free_port()
        gone = frozenset(remove)
        given = {**self.options.environment, **(environment or {}), "PORT": str(number)}
        with Application(
            [word.replace(PORT, str(number)) for word in words or self.target.start.words],
            folder=folder or self.folder,
            environment={name: value.replace(PORT, str(number)) for name, value in given.items() if name not in gone},
            port=number,
        ) as application:
            yield application


def _prepared(stage: _Stage) -> Seen | None:
    """Run what comes before the start to its end; the failure of it, if it fails."""
    for words in stage.target.start.before:
        shown = shlex.join(words)
        with stage.start(words=words) as application:
            ended = application.wait(_BEFORE_SECONDS)
            application.drain()
            if application.failure:
                return failed(
                    "before the start", f"`{shown}` cannot be executed: {application.failure}", expected="exit code 0", observed=application.failure
                )
            if not ended or application.code != 0:
                observed = f"exit code {application.code}" if ended else f"no end within {_BEFORE_SECONDS:g} s"
                return failed(
                    "before the start",
                    f"`{shown}` fails: {observed}",
                    expected="exit code 0",
                    observed=observed,
                    evidence=start_checks.tail(application.lines),
                    signs=start_checks.log_signs(application.lines),
                )
    return None


def _foreign(port: int, application: Application) -> tuple[Holder, ...]:
    """Who else listens on the port. A server forks and replaces workers meanwhile, so ours are told after the holders, by two looks that agree."""
    found: tuple[Holder, ...] = ()
    for _ in range(2):
        found = holders(port)
        ours = {listener.pid for listener in application.listeners} | {process.pid for process in application.members}
        found = tuple(holder for holder in found if holder.pid is not None and holder.pid not in ours)
        if not found:
            break
    return found


def _scene(root: Path, project: Project, target: Target, options: Options, application: Application, visited: Visit, stage: _Stage) -> Scene:
    """What the checks see."""
    return Scene(
        root=root,
        project=project,
        target=target,
        application=application,
        client=visited.client,
        again=stage.start,
        pages=visited.pages,
        kept=options.kept,
        browser=options.browser,
    )


def _masker(target: Target, options: Options, log: _Log) -> Masker:
    """What must not be shown of all that the process was given and that came up on the way."""
    captured = (secret for items in log.seen.values() for item in items for secret in item.secrets)
    return Masker.of((target.start.environment, options.environment), declared=target.secrets, captured=(*captured, *log.secrets))


# -- results -----------------------------------------------------------------------------------------------------------------------


def _results(seen: Mapping[str, Sequence[Seen]], target: Target, gotchas: Sequence[Gotcha], static: Sequence[Result]) -> tuple[Result, ...]:
    found = []
    for name in names():
        for number, item in enumerate(seen.get(name, ())):
            causes = diagnosis.causes(name, item, gotchas, static) if item.outcome is Outcome.FAIL else ()
            start = (replace(target.start.place, label=target.start.why or "started here"),) if target.start.place is not None else ()
            sites = tuple(replace(cause.place, label=f"likely {cause.gotcha.id}") for cause in causes if cause.place is not None)
            found.append(
                Result(
                    check=f"runtime/{name}",
                    outcome=item.outcome,
                    message=item.message,
                    place=replace(item.place, label=item.subject) if item.place else Place(path=None, label=item.subject),
                    severity=item.severity,
                    confidence=Confidence.HIGH,
                    related=(*sites, *start) if item.outcome is Outcome.FAIL else (),
                    evidence=(*(described(target.start) if name == "starts" else ()), *_claims(item), *item.evidence, *_explained(causes)),
                    gotchas=tuple(cause.gotcha.id for cause in causes),
                    fingerprint=hashlib.sha256(f"runtime/{name}\0{item.subject}\0{number}".encode()).hexdigest()[:32],
                )
            )
    return tuple(found)


def _claims(seen: Seen) -> tuple[Evidence, ...]:
    claims = (("expected", seen.expected), ("observed", seen.observed))
    return tuple(Evidence(kind=kind, title=kind, body=body) for kind, body in claims if body)


def _explained(causes: Iterable[diagnosis.Cause]) -> tuple[Evidence, ...]:
    return tuple(Evidence(kind="cause", title=f"likely {cause.gotcha.id}", body=str(cause)) for cause in causes)


def _decided(seen: Mapping[str, Sequence[Seen]], gotchas: Sequence[Gotcha], static: Sequence[Result]) -> Iterator[Result]:
    """Findings of the scan that a check confirmed or refuted, one result a site."""
    by_id = {gotcha.id: gotcha for gotcha in gotchas}
    verdicts: dict[str, tuple[bool, str]] = {}
    for name, items in seen.items():
        for identifier, confirmed in diagnosis.decided(name, items, by_id, static).items():
            if confirmed or identifier not in verdicts:
                verdicts[identifier] = (confirmed, name)
        for item in items:
            for cause in diagnosis.causes(name, item, gotchas, static) if item.outcome is Outcome.FAIL else ():
                if any(site.outcome is Outcome.FAIL for site in cause.found) and cause.strength > 1:
                    verdicts[cause.gotcha.id] = (True, name)
    for result in static:
        if result.outcome is not Outcome.FAIL or result.suppression is not None or result.check not in verdicts:
            continue
        confirmed, name = verdicts[result.check]
        word = "confirmed" if confirmed else "refuted"
        yield replace(
            result,
            outcome=Outcome.FAIL if confirmed else Outcome.PASS,
            message=f"{word} by runtime/{name}: {result.message}",
            evidence=(*result.evidence, Evidence(kind="runtime", title=word, body=f"runtime/{name}")),
        )
