"""Which gotchas a failure is explained by."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from auditor.catalogue import load
from auditor.model import Confidence, Outcome, Place, Result, Severity
from auditor.model.place import span_of
from auditor.runtime.checks import names
from auditor.runtime.diagnosis import causes, decided
from auditor.runtime.seen import Sign, failed, passed, skipped

CATALOGUE = {gotcha.id: gotcha for gotcha in load(()).gotchas}
FLASK = tuple(gotcha for gotcha in CATALOGUE.values() if gotcha.stack in ("flask", "python", "gunicorn"))


def site(check: str, outcome: Outcome = Outcome.FAIL, *, path: str = "web.py", line: int = 21, message: str = "it breaks") -> Result:
    return Result(
        check=check,
        outcome=outcome,
        message=message,
        place=Place(path=PurePosixPath(path), span=span_of(line)),
        severity=Severity.ERROR,
        confidence=Confidence.HIGH,
    )


def explained(*signs: Sign, static: tuple[Result, ...], name: str = "page") -> list[tuple[str, str]]:
    found = causes(name, failed("GET /", "GET / gives 404", signs=signs), FLASK, static)
    return [(cause.gotcha.id, str(cause)) for cause in found]


NOT_FOUND = Sign(kind="http", status=404, on="page")


def test_a_failure_names_the_site_that_the_scan_found() -> None:
    found = explained(NOT_FOUND, static=(site("flask/relative-send-directory"),))
    assert found == [("flask/relative-send-directory", "web.py:21 (scan: FAILS)")]


def test_what_surely_fails_comes_before_what_may() -> None:
    static = (site("flask/cwd-send-directory", Outcome.REVIEW), site("flask/relative-send-directory", line=3))
    assert [identifier for identifier, _ in explained(NOT_FOUND, static=static)] == ["flask/relative-send-directory", "flask/cwd-send-directory"]


def test_a_status_alone_accuses_nobody() -> None:
    assert explained(NOT_FOUND, static=()) == []


def test_a_line_of_the_log_is_enough() -> None:
    found = explained(Sign(kind="log", text="ImportError: cannot import name 'Markup' from 'flask'"), static=())
    assert ("flask/removed-name", "the scan found no site of it") in found


def test_what_the_scan_saw_to_work_is_no_cause() -> None:
    static = (site("flask/removed-name", Outcome.PASS),)
    found = explained(Sign(kind="log", text="ImportError: cannot import name 'Markup' from 'flask'"), static=static)
    assert "flask/removed-name" not in dict(found)


@pytest.mark.parametrize(
    ("seen", "verdict"), [([failed("x", "m")], True), ([passed("x", "m")], False), ([passed("x", "m"), skipped("y", "r")], None)]
)
def test_a_check_about_the_very_mistake_decides(seen: list, verdict: bool | None) -> None:
    found = decided("debug-on", seen, CATALOGUE, [site("flask/debug-in-production")])
    assert found == ({} if verdict is None else {"flask/debug-in-production": verdict})


def test_answers_that_are_the_same_refute_nothing() -> None:
    """The page that was asked for need not be the one that reads the file."""
    assert decided("cwd", [passed("x", "m")], CATALOGUE, [site("django/sqlite-relative-name")]) == {}


def test_a_variable_confirms_only_findings_about_it() -> None:
    seen = [failed("without A", "m", signs=(Sign(kind="check", text="SHOP_DATABASE"),))]
    static = [site("python/env-unchecked", message="SHOP_DATABASE may be None"), site("project/env-not-provided", message="SHOP_KEY is not given")]
    assert decided("env-missing", seen, CATALOGUE, static) == {"python/env-unchecked": True}


def test_every_check_that_the_catalogue_names_exists() -> None:
    named = {symptom["check"]: gotcha.id for gotcha in CATALOGUE.values() for symptom in gotcha.symptoms if "check" in symptom}
    assert {name: identifier for name, identifier in named.items() if name not in names()} == {}
