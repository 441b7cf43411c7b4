"""The Code Quality report, held to what GitLab documents of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import PurePosixPath

import pytest
from gitlab_contract import SCHEMA
from jsonschema import Draft202012Validator
from made_report import broken, failing, made_report, passing, place, review, silenced
from made_validation import full

from auditor.model import Report, Severity
from auditor.report import RENDERERS, View


def issues(report: Report, **view: object) -> list[dict]:
    text = RENDERERS["gitlab"](report, View(**view))
    assert text.isascii()
    found = json.loads(text)
    Draft202012Validator(SCHEMA).validate(found)
    fingerprints = [one["fingerprint"] for one in found]
    assert len(set(fingerprints)) == len(fingerprints), "GitLab keeps one problem for each fingerprint"
    return found


def test_a_failure_is_a_problem() -> None:
    assert issues(made_report(failing(), review(), passing(), silenced(), broken())) == [
        {
            "description": "Every page answers 404: `DIST` is joined to app.root_path, not to the directory the server was started in",
            "check_name": "flask/relative-send-directory",
            "fingerprint": "f00d",
            "severity": "critical",
            "location": {"path": "app/web.py", "lines": {"begin": 21}},
        }
    ]


def test_without_failures_the_list_is_empty() -> None:
    assert issues(made_report(passing())) == []


@pytest.mark.parametrize(("severity", "told"), [(Severity.ERROR, "critical"), (Severity.WARNING, "major"), (Severity.NOTE, "minor")])
def test_severities(severity: Severity, told: str) -> None:
    assert issues(made_report(replace(failing(), severity=severity)))[0]["severity"] == told


def test_what_has_no_line_is_shown_at_the_first() -> None:
    assert issues(made_report(replace(failing(), place=place("Dockerfile"))))[0]["location"] == {"path": "Dockerfile", "lines": {"begin": 1}}


def test_paths_are_those_of_the_repository() -> None:
    assert issues(made_report(failing()), prefix=PurePosixPath("services/shop"))[0]["location"]["path"] == "services/shop/app/web.py"


def test_equal_fingerprints_are_told_apart() -> None:
    assert [one["fingerprint"] == "f00d" for one in issues(made_report(failing(), failing("b.py"), failing("c.py")))] == [True, False, False]


def test_requests_are_shown_at_the_file_that_stands_for_the_project() -> None:
    found = issues(full(), anchor=PurePosixPath("Procfile"))
    assert [(one["check_name"], one["location"]["path"]) for one in found] == [
        ("runtime/page", "Procfile"),
        ("runtime/cors", "Procfile"),
        ("flask/relative-send-directory", "web.py"),
    ]


def test_the_contract_can_fail() -> None:
    wrong = {"description": "x", "check_name": "x", "fingerprint": "x", "severity": "error", "location": {"path": "./x", "lines": {"begin": 0}}}
    assert len(list(Draft202012Validator(SCHEMA).iter_errors([wrong]))) == 3
