"""A validation made by hand, with every kind of result."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import PurePosixPath

from auditor.model import Confidence, Coverage, Evidence, Outcome, Place, Report, Result, Run, Severity, Suppression, Tool, span_of

SEND = "flask/relative-send-directory"
STARTED = (
    Evidence(kind="start", title="command", body="gunicorn -b 127.0.0.1:{port} web:app"),
    Evidence(kind="start", title="folder", body="backend"),
    Evidence(kind="start", title="from", body="Procfile:1"),
    Evidence(kind="start", title="why", body="the only web process"),
)


def seen(
    name: str,
    outcome: Outcome,
    message: str,
    *evidence: Evidence,
    about: str = "",
    severity: Severity = Severity.ERROR,
    gotchas: tuple[str, ...] = (),
) -> Result:
    return Result(
        check=f"runtime/{name}",
        outcome=outcome,
        message=message,
        place=Place(path=None, label=about),
        severity=severity,
        confidence=Confidence.HIGH,
        evidence=evidence,
        gotchas=gotchas,
    )


def passes(name: str, message: str = "works", about: str = "", *evidence: Evidence) -> Result:
    return seen(name, Outcome.PASS, message, *evidence, about=about)


def fails(name: str, message: str = "breaks", about: str = "", *evidence: Evidence, severity: Severity = Severity.ERROR) -> Result:
    return seen(name, Outcome.FAIL, message, *evidence, about=about, severity=severity)


def skips(name: str, reason: str = "there is nothing to look at") -> Result:
    return seen(name, Outcome.SKIP, reason)


def unattempted(name: str, because: str = "runtime/starts failed") -> Result:
    return seen(name, Outcome.SKIP, f"not attempted because {because}")


def breaks(name: str, reason: str = "the browser could not be started") -> Result:
    return seen(name, Outcome.ERROR, reason)


def starts() -> Result:
    return passes("starts", "listens on 127.0.0.1:40123 after 0.6 s", "gunicorn -b 127.0.0.1:{port} web:app", *STARTED)


def page() -> Result:
    return seen(
        "page",
        Outcome.FAIL,
        "GET / is answered 404: visitors see no front end",
        Evidence(kind="expected", title="", body="200 text/html"),
        Evidence(kind="observed", title="", body="404 text/html"),
        Evidence(kind="response", title="GET /", body="HTTP/1.1 404 NOT FOUND\ncontent-type: text/html\n\n<h1>Not Found</h1>"),
        Evidence(kind="log", title="log, last lines", body="\n".join(f"line {number}" for number in range(1, 31))),
        Evidence(kind="cause", title=f"likely {SEND}", body="web.py:21 (scan: FAILS)"),
        about="GET /",
        gotchas=(SEND, "flask/static-url-path"),
    )


def found(outcome: Outcome, message: str, line: int = 21) -> Result:
    return Result(
        check=SEND,
        outcome=outcome,
        message=message,
        place=Place(path=PurePosixPath("web.py"), span=span_of(line, 12)),
        severity=Severity.ERROR,
        confidence=Confidence.HIGH,
        evidence=(Evidence(kind="runtime", title="runtime/page", body="GET / → 404"),),
    )


def silenced(result: Result) -> Result:
    return result.suppressed(Suppression(origin="config", reason="known"))


def made_validation(*results: Result, notes: tuple[str, ...] = (), producer: str = "validate") -> Report:
    run = Run(
        producer=producer,
        subject="backend",
        started=datetime(2026, 11, 24, 8, 30, tzinfo=UTC),
        seconds=4.2119,
        stack=(),
        tree="abc",
        results=results,
        counts={"not attempted": sum(result.message.startswith("not attempted") for result in results)},
        coverage=Coverage(selected=0, scanned=0),
        notes=notes,
    )
    return Report(tool=Tool(name="gotcha-audit", version="0.1.0"), root="/srv/app", runs=(run,))


def full() -> Report:
    """A run in which the application starts and its front end does not load."""
    return made_validation(
        passes("build", "frontend/dist is newer than its sources", "frontend/dist"),
        passes("environment", "SECRET_KEY is set", "SECRET_KEY"),
        starts(),
        passes("port-owner", "the socket belongs to our own process", "127.0.0.1:40123"),
        skips("health", "no health endpoint is known"),
        page(),
        passes("asset", "GET /assets/index-3f.js is answered 200 text/javascript", "GET /assets/index-3f.js"),
        passes("asset", "GET /assets/index-9a.css is answered 200 text/css", "GET /assets/index-9a.css"),
        passes("api", "GET /api/users is answered 200 application/json", "GET /api/users"),
        fails(
            "cors",
            "the preflight allows any origin",
            "OPTIONS /api/users",
            Evidence(kind="observed", title="", body="access-control-allow-origin: *"),
            severity=Severity.WARNING,
        ),
        unattempted("flow", "step 2 is written in prose that can be read in two ways"),
        breaks("console", "the browser ended with exit code 133"),
        passes("shutdown", "ended 0.4 s after SIGTERM with exit code 0"),
        found(Outcome.FAIL, "confirmed by runtime/page: GET / is answered 404"),
        found(Outcome.PASS, "refuted by runtime/page: GET /help is answered 200", 40),
        notes=("started as Procfile:1 says; start.sh was not chosen, because it builds first",),
    )
