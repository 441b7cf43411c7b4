"""Runs as test suites. The schema is asked in test_official_schemas.py."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import PurePosixPath

import pytest
from made_report import NOTES, broken, failing, made_report, passing, place, review, silenced
from made_validation import fails, full, made_validation, starts
from made_validation import silenced as silenced_check

from auditor.model import Report
from auditor.report import RENDERERS, View


def suites(report: Report, **view: object) -> ET.Element:
    root = ET.fromstring(RENDERERS["junit"](report, View(entries=NOTES, **view)))
    for suite in root:
        cases = suite.findall("testcase")
        told = {name: int(suite.attrib[name]) for name in ("tests", "failures", "errors", "skipped")}
        counted = {name: sum(case.find(kind) is not None for case in cases) for name, kind in KINDS.items()}
        assert told == {"tests": len(cases), **counted}
    for name in ("tests", "failures", "errors"):
        assert int(root.attrib[name]) == sum(int(suite.attrib[name]) for suite in root)
    return root


KINDS = {"failures": "failure", "errors": "error", "skipped": "skipped"}


def cases(report: Report, **view: object) -> list[tuple[str, str, str]]:
    found = []
    for case in suites(report, **view).iter("testcase"):
        (kind,) = [child.tag for child in case] or ["passed"]
        found.append((case.attrib["classname"], case.attrib["name"], kind))
    return found


def test_a_scan_has_a_case_for_each_failure_and_for_each_entry_without_one() -> None:
    assert cases(made_report(failing(), review(), passing(), silenced(), broken())) == [
        ("flask/relative-send-directory", "app/web.py:21:12", "failure"),
        ("flask/relative-send-directory", "app/old.py:21:12", "skipped"),
        ("scan/syntax", "app/broken.py:3:1", "error"),
        ("flask/cors-any-origin", "CORS open to any origin", "skipped"),
        ("flask/ok", "All is well", "passed"),
        ("flask/unseen", "Never met here", "passed"),
    ]


def test_an_entry_whose_failures_are_suppressed_passes() -> None:
    assert ("flask/relative-send-directory", "Relative directory passed to send_from_directory", "passed") in cases(made_report(silenced()))


def test_a_failure_says_everything() -> None:
    failure = suites(made_report(failing())).find(".//failure")
    assert failure is not None
    assert failure.attrib == {"type": "error", "message": failing().message}
    text = failure.text or ""
    for part in (
        'app/config.py:7:1  DIST is "frontend/dist"',
        "+ return send_from_directory(os.path.join",
        "gotcha-audit explain flask/relative-send-directory",
    ):
        assert part in text


def test_why_something_was_skipped_is_told() -> None:
    told = [case.text for case in suites(made_report(silenced(), review())).iter("skipped")]
    assert told == ["suppressed (comment): served by nginx", "1 to review: app/api.py:3:1"]


def test_a_suite_says_what_was_examined() -> None:
    (suite,) = suites(made_report(failing(), notes=("one note",)))
    assert (suite.attrib["name"], suite.attrib["time"], suite.attrib["timestamp"]) == ("gotcha-audit scan", "0.422", "2026-11-24T08:30:00")
    assert [(one.attrib["name"], one.attrib["value"]) for one in suite.iter("property")] == [
        ("tool", "gotcha-audit 0.1.0"),
        ("subject", "."),
        ("stack", "flask 3.1.0"),
    ]
    assert suite.findtext("system-out") == "one note\ncoverage: 14 selected, 12 scanned, 1 skipped (1 generated), 1 failed"


def test_a_validation_has_a_case_for_each_check() -> None:
    found = cases(full())
    assert len(found) == 15
    assert ("runtime/page", "GET /", "failure") in found
    assert ("runtime/flow", "-", "skipped") in found
    assert ("runtime/console", "-", "error") in found
    assert ("runtime/asset", "GET /assets/index-9a.css", "passed") in found
    assert ("flask/relative-send-directory", "web.py:21:12", "failure") in found


def test_a_check_of_a_validation_may_be_suppressed() -> None:
    assert cases(made_validation(starts(), silenced_check(fails("cors", about="OPTIONS /"))))[1] == ("runtime/cors", "OPTIONS /", "skipped")


def test_a_request_that_is_written_somewhere_is_named_for_itself() -> None:
    health = replace(fails("health", "GET /health gives 404"), place=place("pyproject.toml", 6, label="GET /health"))
    assert ("runtime/health", "GET /health", "failure") in cases(made_validation(starts(), health))


def test_each_run_is_a_suite() -> None:
    both = replace(full(), runs=(*made_report(failing()).runs, *full().runs))
    assert [suite.attrib["name"] for suite in suites(both)] == ["gotcha-audit scan", "gotcha-audit validate"]


def test_paths_are_those_of_the_repository() -> None:
    assert cases(made_report(failing()), prefix=PurePosixPath("shop"))[0][1] == "shop/app/web.py:21:12"


@pytest.mark.parametrize("text", ["a\x00b", "\x1b[31m", "\ufffe\uffff", "\ud800", "]]>", "<![CDATA[", "&amp; <b> \"'", "a\r\nb"])
def test_every_text_is_xml(text: str) -> None:
    """Characters that XML 1.0 forbids are shown as escapes; all else is read back as it was."""
    result = replace(failing(), message=text)
    failure = suites(made_report(result)).find(".//failure")
    assert failure is not None
    written = text.encode("unicode_escape").decode() if not text.isprintable() else text
    expected = {"a\r\nb": "a\\r\nb", "\ud800": "\\ud800", "\ufffe\uffff": "\\ufffe\\uffff"}.get(text, written)
    assert failure.attrib["message"] == expected
    assert (failure.text or "").startswith(expected)
