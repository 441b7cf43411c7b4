"""What the checks that are no entries of the catalogue look at, in a line each, for formats that describe every rule they name."""

from __future__ import annotations

from collections.abc import Mapping

_PROJECT = "https://github.com/gotcha-audit/gotcha-audit/blob/main"

_FAMILIES: Mapping[str, tuple[str, str]] = {
    "scan": ("Scan", f"{_PROJECT}/README.md#suppression"),
    "runtime": ("Validation", f"{_PROJECT}/docs/validate.md#the-checks"),
    "plan": ("Plan", f"{_PROJECT}/README.md#nothing-is-done-without-evidence"),
    "report": ("Report", f"{_PROJECT}/README.md#what-a-scan-says"),
    "suite": ("Suite", f"{_PROJECT}/README.md#nothing-is-done-without-evidence"),
}

CHECKS: Mapping[str, str] = {
    "scan/blanket-suppression": "A suppression that names no gotcha",
    "scan/malformed-suppression": "A suppression that is not understood",
    "scan/suppression-without-reason": "A suppression without a reason",
    "scan/unknown-suppression": "A suppression of a gotcha that does not exist",
    "scan/unused-suppression": "A suppression of something that does not fail",
    "scan/crash": "A file at which the scan broke",
    "scan/syntax": "A file with a syntax error",
    "scan/timeout": "A file that could not be examined in time",
    "scan/unparseable": "A file that could not be parsed",
    "scan/unreadable": "A file that could not be read",
    "runtime/build": "What a build makes is missing, or older than its sources",
    "runtime/dependencies": "A declared package is not installed",
    "runtime/environment": "A required variable is not set",
    "runtime/starts": "The application does not start",
    "runtime/port-owner": "Another process listens on the port",
    "runtime/binds-loopback-only": "The application listens on loopback alone",
    "runtime/ignores-port": "The application ignores the port it is told",
    "runtime/health": "The health endpoint is not answered as it should be",
    "runtime/page": "A page is not answered as people need it",
    "runtime/asset": "A script, style, image or font of a page does not load",
    "runtime/soft-404": "What does not exist is answered with a success",
    "runtime/deep-link": "An address of the front end cannot be opened directly",
    "runtime/api": "An endpoint is answered with another status than expected",
    "runtime/api-html": "An endpoint is answered with HTML instead of JSON",
    "runtime/openapi": "An endpoint of the application's own description is a server error",
    "runtime/flow": "A user flow does not hold",
    "runtime/cors": "A browser would not do across origins what was meant",
    "runtime/console": "A page has errors in the browser's console",
    "runtime/log-traceback": "A request leaves a traceback in the log",
    "runtime/env-missing": "The start does not say which variable is missing",
    "runtime/cwd": "The application works from one directory only",
    "runtime/debug-on": "A debugger or development mode answers",
    "runtime/shutdown": "The application does not end when it is told to",
    "runtime/survivors": "Processes are left when the application has ended",
    "runtime/restart": "The application does not start a second time",
    "plan/task-open": "A task of the plan does not pass",
    "plan/evidence": "Evidence of a task, run again",
    "plan/evidence-altered": "Evidence of a task was altered",
    "plan/evidence-fails": "Evidence of a task does not hold any more",
    "plan/evidence-missing": "A passing task has no evidence",
    "plan/evidence-stale": "Something changed since the evidence of a task",
    "report/note": "What else is to be said",
    "report/not-attempted": "Nothing was decided about the application",
    "suite/unit-tests": "The project's own unit tests",
    "suite/integration-tests": "The project's own integration tests",
    "suite/types": "The project's own type check",
    "suite/lint": "The project's own linter",
}


def described(check: str) -> tuple[str, str]:
    """A title and the address of a page for a check by name; one that is not known is described by its name."""
    family, _, name = check.partition("/")
    kind, page = _FAMILIES.get(family, ("Check", f"{_PROJECT}/README.md"))
    return CHECKS.get(check, f"{kind}: {name.replace('-', ' ') or family}"), page
