"""Annotations: one line each, whatever is in them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath

import pytest
from made_report import broken, failing, made_report, passing, place, review, silenced
from made_validation import full

from auditor.model import Report, Severity, span_of
from auditor.report import RENDERERS, View


def lines(report: Report, **view: object) -> list[str]:
    return RENDERERS["github"](report, View(**view)).splitlines()


def test_failures_and_what_was_not_examined_are_annotated() -> None:
    told = lines(made_report(failing(), review(), passing(), silenced(), broken()))
    assert told == [
        "::notice title=gotcha-audit::1 fail, 1 review, 1 pass, 1 not examined, 1 suppressed (1 comment); 12 files in 0.42 s",
        "::error file=app/broken.py,line=3,endLine=3,col=1,endColumn=1,title=scan/syntax%3A not examined::line 3: '(' was never closed",
        "::error file=app/web.py,line=21,endLine=21,col=12,endColumn=44,title=flask/relative-send-directory::"
        + failing().message
        + '%0Aapp/config.py:7  DIST is "frontend/dist"%0Aapp/web.py:21  passed here',
    ]


def test_without_failures_there_is_the_summary_alone() -> None:
    assert lines(made_report(passing())) == ["::notice title=gotcha-audit::0 fail, 0 review, 1 pass, 0 suppressed; 12 files in 0.42 s"]


def test_a_severity_is_a_kind_and_the_most_severe_come_first() -> None:
    results = [replace(failing(f"{one}.py"), severity=one, related=()) for one in (Severity.NOTE, Severity.ERROR, Severity.WARNING)]
    assert [line.split(" ")[0] for line in lines(made_report(*results))[1:]] == ["::error", "::warning", "::notice"]


def test_what_github_does_not_show_is_counted() -> None:
    """Ten of a kind for a step; the summary is a notice itself and leads, or it would be among those not shown."""
    many = [replace(failing(f"{number}.py"), severity=severity) for severity in (Severity.ERROR, Severity.NOTE) for number in range(12)]
    head, *rest = lines(made_report(*many))
    assert head.endswith(
        "%0A2 of 12 errors are in the log of this step only: GitHub shows 10 of a kind"
        "%0A3 of 12 notices are in the log of this step only: GitHub shows 10 of a kind"
    )
    assert len(rest) == 24


@pytest.mark.parametrize(
    ("name", "written"),
    [("a,b.py", "a%2Cb.py"), ("c:d.py", "c%3Ad.py"), ("100%.py", "100%25.py"), ("a\nb.py", "a\\nb.py"), ("%0A::error::x", "%250A%3A%3Aerror%3A%3Ax")],
)
def test_a_name_ends_no_property(name: str, written: str) -> None:
    assert f"::error file={written},line=21," in lines(made_report(failing(name)))[1]


def test_a_message_starts_no_command() -> None:
    told = lines(made_report(replace(failing(), message="x\n::stop-commands::pause\r\n::error::forged %0A")))
    assert len(told) == 2
    assert "::x%0A::stop-commands::pause\\r%0A::error::forged %250A%0A" in told[1]


def test_columns_are_told_of_one_line_only() -> None:
    """Over several lines GitHub takes none: https://docs.github.com/en/rest/checks/runs"""
    spread = replace(failing(), place=replace(place("a.py"), span=span_of(3, 5, 6, 2)))
    assert lines(made_report(spread))[1].startswith("::error file=a.py,line=3,endLine=6,title=")


def test_paths_are_those_of_the_repository() -> None:
    told = lines(made_report(failing()), prefix=PurePosixPath("services/shop"))[1]
    assert told.startswith("::error file=services/shop/app/web.py,")
    assert "%0Aservices/shop/app/config.py:7  DIST is" in told


def test_requests_are_annotated_at_the_file_that_stands_for_the_project() -> None:
    told = lines(full(), anchor=PurePosixPath("Procfile"))
    page = next(line for line in told if "title=runtime/page" in line)
    assert page == (
        "::error file=Procfile,title=runtime/page::GET / is answered 404: visitors see no front end"
        "%0Alikely flask/relative-send-directory%0Alikely flask/static-url-path"
    )
