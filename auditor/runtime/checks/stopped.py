"""Checks of the end: SIGTERM, what is left after it, and whether a second start works."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from auditor.model import Severity
from auditor.processes.application import Application, Stopped
from auditor.runtime.checks.started import log_signs, tail
from auditor.runtime.client import Client, Exchange
from auditor.runtime.ready import wait_until_ready
from auditor.runtime.scene import Scene
from auditor.runtime.seen import Seen, Sign, failed, passed, skipped
from auditor.runtime.target import Start

_ORDERLY = frozenset({0, -15, 143})
"""Codes after SIGTERM: its own decision, the signal's default action, and the same as a shell tells it."""
_FIRST_PROCESS = frozenset({"dockerfile", "kubernetes"})
_INITS = frozenset({"tini", "dumb-init", "catatonit", "docker-init", "s6-svscan"})
_SIGTERM_BIT = 1 << 14


def catches_sigterm(application: Application) -> bool | None:
    """Whether the command itself has a handler for SIGTERM: proc(5), `SigCgt`; None where the system does not tell."""
    try:
        text = Path(f"/proc/{application.pid}/status").read_text("ascii", "replace")
        mask = next(line.split()[1] for line in text.splitlines() if line.startswith("SigCgt:"))
        return bool(int(mask, 16) & _SIGTERM_BIT)
    except (OSError, StopIteration, ValueError, IndexError):
        return None


def shutdown(start: Start, application: Application, stopped: Stopped, *, catches: bool | None, serving: frozenset[int]) -> Seen:
    """Whether it ended on SIGTERM within the grace period, with a code that says so.

    ``serving`` are the processes that listened: a shell that ends and leaves its server running has not ended.
    """
    subject, expected = "SIGTERM", f"it ends within {start.grace:g} s"
    if stopped.ended:
        return skipped(subject, f"it had ended before, with code {stopped.code}")
    if stopped.code is None or any(left.pid in serving for left in stopped.killed):
        return failed(
            subject,
            f"it does not end on SIGTERM: {start.grace:g} s later it had to be killed, and requests under way with it",
            expected=expected,
            observed=f"still running: {', '.join(map(str, stopped.killed)) or 'the command'}",
            evidence=tail(application.lines, 10),
            signs=(*log_signs(application.lines), Sign(kind="check")),
        )
    if stopped.code not in _ORDERLY:
        return failed(
            subject,
            f"it ends on SIGTERM with code {stopped.code}, which service managers count as a crash",
            expected="exit code 0, or the end by the signal itself",
            observed=f"exit code {stopped.code} after {stopped.seconds:.1f} s",
            evidence=tail(application.lines, 20),
            signs=(*log_signs(application.lines), Sign(kind="check")),
            severity=Severity.WARNING,
        )
    if start.kind in _FIRST_PROCESS and catches is False and Path(start.words[0]).name not in _INITS:
        return failed(
            subject,
            "the command has no handler for SIGTERM: as the first process of a container it does not get the signal's default action, "
            "so a stop waits for the whole grace period and then kills it",
            expected="a handler for SIGTERM, or an init before the command",
            observed="SigCgt of the process lacks SIGTERM (pid_namespaces(7))",
            signs=(Sign(kind="check", text="first process"),),
            severity=Severity.WARNING,
            place=start.place,
        )
    how = "by the signal itself" if stopped.code else "with code 0"
    return passed(
        subject, f"ends {how} after {stopped.seconds:.1f} s", expected=expected, observed=f"code {stopped.code} after {stopped.seconds:.1f} s"
    )


def survivors(stopped: Stopped, *, serving: frozenset[int]) -> Seen:
    """Whether the end of the command was the end of everything it had started; a server that goes on is the business of `shutdown`."""
    subject, expected = "processes", "every process ends with the command"
    if stopped.survivors:
        return failed(subject, f"cannot be stopped: {', '.join(map(str, stopped.survivors))}", expected=expected, observed="still running")
    if stopped.code is not None and stopped.killed and not stopped.ended and not any(left.pid in serving for left in stopped.killed):
        names = ", ".join(map(str, stopped.killed))
        return failed(
            subject,
            f"the command ended on SIGTERM and left {names} running, which had to be killed",
            expected=expected,
            observed=names,
            signs=(Sign(kind="check"),),
            severity=Severity.WARNING,
        )
    return passed(subject, "nothing is left running", expected=expected, observed="nothing is left")


def restart(scene: Scene) -> Iterable[Seen]:
    """Whether a second start, on the same port, works like the first: no stale lock, socket or pid file, no migration that runs once only."""
    port = scene.client.port
    with scene.again(port=port) as application:
        readiness = wait_until_ready(application, scene.target.start.ready)
        if readiness.state != "ready":
            yield failed(
                "second start",
                f"it does not start a second time: {readiness.missing}"
                if readiness.state != "died"
                else f"it does not start a second time: it ends with code {application.code}",
                expected="it starts as it did at first",
                observed=readiness.missing,
                evidence=tail(application.lines),
                signs=(*log_signs(application.lines), Sign(kind="check")),
            )
            return
        client = Client(readiness.address, application.port, host=scene.client.host, https=scene.client.https)
        try:
            differing = [now for before in _asked(scene) if (now := _again(client, before)).status != before.status]
        finally:
            client.close()
    if differing:
        now = differing[0]
        before = next(item for item in _asked(scene) if item.path == now.path)
        yield failed(
            "second start",
            f"after a restart {now} gives {now.answer}; before it was {before.answer}",
            expected=before.answer,
            observed=now.answer,
            evidence=tail(application.lines),
            signs=(Sign(kind="check"),),
        )
    else:
        yield passed("second start", f"starts a second time, after {readiness.seconds:.1f} s", expected="it starts as it did at first")


def _asked(scene: Scene) -> tuple[Exchange, ...]:
    """The pages that were asked for, and the health endpoint: what must be the same after a restart."""
    return tuple(page.exchange for page in scene.pages if not page.exchange.error)


def _again(client: Client, before: Exchange) -> Exchange:
    asked = before.hops[0] if before.hops else before
    return client.send(asked.method, asked.path, follow=True)
