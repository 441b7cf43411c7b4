"""Checks of the start itself: did it start, whose port is it, where does it listen."""

from __future__ import annotations

from collections.abc import Iterable

from auditor.model import Evidence, Severity
from auditor.processes.application import Application, Listener
from auditor.processes.output import Line
from auditor.processes.ports import Holder, is_loopback
from auditor.runtime.ready import Readiness
from auditor.runtime.scene import Scene
from auditor.runtime.seen import Seen, Sign, failed, passed, skipped
from auditor.runtime.target import Start

_LAST_LINES = 40
_CONTAINED = frozenset({"dockerfile", "compose", "kubernetes", "procfile", "heroku", "render", "fly", "railway", "app-engine"})
"""Kinds of files whose platforms end the container or the dyno with the command."""


def tail(lines: Iterable[Line], number: int = _LAST_LINES) -> tuple[Evidence, ...]:
    """The last lines of output as evidence; nothing when it printed nothing."""
    lines = tuple(lines)
    shown = lines[-number:]
    if not shown:
        return ()
    return (Evidence(kind="log", title="the last lines it printed", body="\n".join(line.text for line in shown), truncated=len(lines) > number),)


def log_signs(lines: Iterable[Line]) -> tuple[Sign, ...]:
    """What was printed, as signs of a mistake."""
    return tuple(Sign(kind="log", text=line.text) for line in tuple(lines)[-_LAST_LINES:])


def starts(start: Start, application: Application, readiness: Readiness) -> Seen:
    """Whether it became ready; with its exit code and last lines where it did not."""
    subject, expected = "start", f"it listens within {start.ready.timeout:g} s"
    lines = application.lines
    if readiness.state == "ready":
        assert readiness.listener is not None
        where = f"{readiness.listener.address}:{readiness.listener.port}"
        if readiness.background and start.kind in _CONTAINED:
            return failed(
                subject,
                "the command ends and leaves the server in the background: a container or a dyno stops when its command ends",
                expected="the command runs as long as the server",
                observed=f"it ended with code {application.code} while a process of it listens on {where}",
                evidence=tail(lines),
                signs=(Sign(kind="check", text="background"),),
            )
        return passed(subject, f"listens on {where} after {readiness.seconds:.1f} s", expected=expected, observed=f"listens on {where}")
    if readiness.state == "refused":
        return failed(subject, f"`{application.words[0]}` cannot be executed: {readiness.missing}", expected=expected, observed=readiness.missing)
    if readiness.state == "died":
        return failed(
            subject,
            f"it ends with code {application.code} after {readiness.seconds:.1f} s",
            expected=expected,
            observed=f"exit code {application.code}",
            evidence=tail(lines),
            signs=(*log_signs(lines), Sign(kind="check", text="died")),
        )
    return failed(
        subject,
        f"it is not ready after {readiness.seconds:.1f} s: {readiness.missing}",
        expected=expected,
        observed=readiness.missing,
        evidence=tail(lines),
        signs=(*log_signs(lines), Sign(kind="check", text=readiness.state)),
    )


def port_owner(port: int, foreign: tuple[Holder, ...], ours: tuple[Listener, ...]) -> Seen:
    """Whether the port belongs to the application; whoever else holds it is named, and left alone."""
    subject, expected = f"port {port}", "no other process listens there"
    if foreign:
        names = ", ".join(str(holder) for holder in foreign)
        return failed(
            subject,
            f"port {port} is held by {names}: it was neither asked nor stopped",
            expected=expected,
            observed=f"{names} listens on {foreign[0].address}:{port}",
            signs=(Sign(kind="check", text="foreign"),),
        )
    if not ours:
        return skipped(subject, f"nothing listens on port {port}")
    return passed(subject, f"every socket on port {port} belongs to the application", expected=expected)


def binds_loopback_only(scene: Scene) -> Iterable[Seen]:
    """Whether other machines could reach it, where production has to."""
    listeners = [listener for listener in scene.application.listeners if listener.port == scene.client.port]
    addresses = ", ".join(dict.fromkeys(listener.address for listener in listeners))
    if scene.target.public is None:
        yield skipped("address", f"nothing says whether production reaches it from other machines; it listens on {addresses}")
    elif not scene.target.public:
        yield skipped("address", "it is reached through a proxy on the same machine")
    elif listeners and all(is_loopback(listener.address) for listener in listeners):
        yield failed(
            "address",
            f"it listens on {addresses} alone: outside its container or dyno nobody reaches it",
            expected="0.0.0.0 or ::",
            observed=addresses,
            signs=(Sign(kind="check"),),
            place=scene.target.start.place,
        )
    else:
        yield passed("address", f"listens on {addresses}", expected="0.0.0.0 or ::", observed=addresses)


def ignores_port(scene: Scene) -> Iterable[Seen]:
    """Whether it listens where PORT says, on platforms that say it."""
    told, found = scene.application.port, scene.client.port
    if scene.target.takes_port is None and scene.target.start.port is None and told != found:
        yield skipped("PORT", f"it listens on port {found} whatever PORT says, and nothing says that production tells it")
    elif not scene.target.takes_port:
        yield skipped("PORT", f"the start does not follow PORT: it listens on port {found}")
    elif told != found:
        yield failed(
            "PORT",
            f"PORT was {told}, and it listens on {found}: the platform asks where it told it to listen",
            expected=f"it listens on port {told}",
            observed=f"it listens on port {found}",
            signs=(Sign(kind="check"),),
            place=scene.target.start.place,
        )
    else:
        yield passed("PORT", f"listens on the port that PORT says ({told})", expected=f"port {told}", observed=f"port {found}")


def still_runs(scene: Scene) -> Iterable[Seen]:
    """A crash after the start: everything asked of it later speaks of an application that is gone."""
    if scene.application.alive:
        return
    yield failed(
        "start",
        f"it ended by itself with code {scene.application.code} while it was asked",
        expected="it runs until it is told to stop",
        observed=f"exit code {scene.application.code}",
        evidence=tail(scene.application.lines),
        signs=log_signs(scene.application.lines),
        severity=Severity.ERROR,
    )
