"""What code scanning and SARIF viewers are told. The official schema and validator are asked in test_official_schemas.py."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest
from made_report import CORS, NOTES, SEND, broken, failing, made_report, note, passing, place, review, silenced
from made_validation import fails, found, full, made_validation, passes, unattempted

from auditor.model import Change, Edit, Evidence, Outcome, Place, Report, Safety, Severity, Suppression, span_of
from auditor.report import RENDERERS, View, sarif
from auditor.report.own_checks import CHECKS, described
from auditor.runtime.checks import names


def log(report: Report, **view: object) -> dict:
    text = RENDERERS["sarif"](report, View(**{"entries": NOTES, **view}))
    assert text.isascii()
    document = json.loads(text)
    assert (document["version"], document["$schema"]) == ("2.1.0", "https://json.schemastore.org/sarif-2.1.0.json")
    (run,) = document["runs"]
    return run


def only(report: Report, **view: object) -> dict:
    (result,) = log(report, **view)["results"]
    return result


def test_only_failures_are_results() -> None:
    run = log(made_report(failing(), review(), passing(), broken()), show=(Outcome.FAIL, Outcome.REVIEW, Outcome.PASS))
    assert [(result["ruleId"], result["kind"], result["level"]) for result in run["results"]] == [(SEND, "fail", "error")]


def test_without_failures_there_is_a_run_all_the_same() -> None:
    """An empty run closes the alerts of an earlier one; none would leave them open."""
    run = log(made_report(passing()))
    assert run["results"] == []
    assert run["tool"]["driver"]["rules"] == []


def test_a_result_says_where_it_is_and_what_led_there() -> None:
    result = only(made_report(failing()))
    (location,) = result["locations"]
    assert location["physicalLocation"]["artifactLocation"] == {"uri": "app/web.py", "uriBaseId": "%SRCROOT%"}
    assert location["physicalLocation"]["region"] == {
        "startLine": 21,
        "startColumn": 12,
        "endLine": 21,
        "endColumn": 45,
        "snippet": {"text": 'send_from_directory(DIST, "index.'},
    }
    assert location["physicalLocation"]["contextRegion"]["snippet"]["text"] == '    return send_from_directory(DIST, "index.html")'
    assert [(one["id"], one["message"]["text"], one["physicalLocation"]["region"]["startLine"]) for one in result["relatedLocations"]] == [
        (1, 'DIST is "frontend/dist"', 7),
        (2, "passed here", 21),
    ]
    assert result["message"]["text"].endswith('\nSee [DIST is "frontend/dist"](1), [passed here](2).')


def test_every_link_of_a_message_is_a_related_location() -> None:
    result = only(made_report(replace(failing(), message="see [here](1) and [there](http://evil.example) or C:\\temp")))
    assert result["message"]["text"].startswith("see \\[here\\](1) and \\[there\\](http://evil.example) or C:\\\\temp\n")


def test_a_rule_has_what_code_scanning_shows() -> None:
    run = log(made_report(failing(), replace(failing("b.py"), check=CORS, severity=Severity.WARNING)))
    cors, send = run["tool"]["driver"]["rules"]
    assert (cors["id"], send["id"]) == (CORS, SEND)
    assert [run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] for result in run["results"]] == [SEND, CORS]
    assert send["name"] == "FlaskRelativeSendDirectory"
    assert send["shortDescription"] == {"text": "Relative directory."}
    assert send["fullDescription"] == {"text": "Relative directory: what one sees."}
    assert send["helpUri"] == f"https://example.org/{SEND}.md"
    assert send["defaultConfiguration"] == {"level": "error"}
    assert send["properties"] == {"tags": ["production", "static-files", "flask"], "precision": "high", "problem.severity": "error"}
    assert "why it bites" in send["help"]["text"]
    headings = [line for line in send["help"]["markdown"].splitlines() if line.startswith("## ")]
    assert headings == ["## Fails", "## Works", "## Why", "## When it is fine", "## Sources"]
    assert cors["helpUri"] == "https://example.org/source", "an entry without a page of its own sends to its source"


def test_descriptions_end_where_code_scanning_cuts() -> None:
    entry = note("t" * 2000, "")
    (one,) = log(made_report(failing()), entries={SEND: entry})["tool"]["driver"]["rules"]
    assert len(one["shortDescription"]["text"]) == len(one["fullDescription"]["text"]) == 1024


def test_a_suppressed_result_keeps_who_and_why() -> None:
    external = failing("app/b.py").suppressed(Suppression(origin="config", reason="scripts of developers"))
    first, second = log(made_report(silenced(), external))["results"]
    assert first["suppressions"] == [
        {
            "kind": "inSource",
            "status": "accepted",
            "justification": "served by nginx",
            "location": {
                "physicalLocation": {
                    "artifactLocation": {"uri": "app/old.py", "uriBaseId": "%SRCROOT%"},
                    "region": {"startLine": 20, "startColumn": 1, "endLine": 20, "endColumn": 2},
                }
            },
        }
    ]
    assert second["suppressions"] == [{"kind": "external", "status": "accepted", "justification": "scripts of developers"}]
    assert "baselineState" not in first


def test_suppressed_results_can_be_left_out() -> None:
    """Code scanning shows them as open alerts."""
    assert [result["ruleId"] for result in log(made_report(failing(), silenced()), suppressed=False)["results"]] == [SEND]


@pytest.mark.parametrize("origin", ["baseline", "since"])
def test_what_was_there_before_is_unchanged_and_the_rest_new(origin: str) -> None:
    old = failing("app/old.py").suppressed(Suppression(origin=origin, reason="was there"))
    assert [result["baselineState"] for result in log(made_report(failing(), old, silenced()))["results"]] == ["new", "unchanged", "new"]


def test_what_could_not_be_examined_is_a_notification() -> None:
    run = log(made_report(broken(), notes=("one note",)))
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    assert (invocation["startTimeUtc"], invocation["endTimeUtc"]) == ("2026-11-24T08:30:00.000Z", "2026-11-24T08:30:00.421Z")
    error, said = invocation["toolExecutionNotifications"]
    assert (error["descriptor"], error["level"], error["message"]) == ({"id": "scan/syntax"}, "error", {"text": "line 3: '(' was never closed"})
    assert error["locations"][0]["physicalLocation"]["region"]["startLine"] == 3
    assert (said["level"], said["message"]["text"]) == ("note", "one note")
    assert [one["id"] for one in run["tool"]["driver"]["notifications"]] == ["report/note", "scan/syntax"]


def test_a_complete_scan_was_successful() -> None:
    (invocation,) = log(made_report(failing()))["invocations"]
    assert invocation["executionSuccessful"] is True
    assert "toolExecutionNotifications" not in invocation


def test_a_validation_that_never_started_was_not_successful() -> None:
    (invocation,) = log(made_validation(unattempted("starts", "nothing says how"), unattempted("page")))["invocations"]
    assert invocation["executionSuccessful"] is False


def test_all_runs_are_one_with_an_invocation_each() -> None:
    """Code scanning refuses several runs of one tool in a file: https://github.blog/changelog/2024-05-06-code-scanning-will-stop-combining-runs-from-a-single-upload/"""
    run = log(replace(full(), runs=(*made_report(failing()).runs, *full().runs)))
    assert [invocation["properties"]["producer"] for invocation in run["invocations"]] == ["scan", "validate"]
    assert {result["properties"]["producer"] for result in run["results"]} == {"scan", "validate"}


@pytest.mark.parametrize(
    ("name", "uri"),
    [
        ("a b.py", "a%20b.py"),
        ("100%.py", "100%25.py"),
        ("c:d.py", "c%3Ad.py"),
        ("ü.py", "%C3%BC.py"),
        ("bad\udcff.py", "bad%FF.py"),
        ("x#y?z.py", "x%23y%3Fz.py"),
        ("a\nb.py", "a%0Ab.py"),
    ],
)
def test_paths_are_relative_references(name: str, uri: str) -> None:
    location = only(made_report(failing(name)))["locations"][0]["physicalLocation"]["artifactLocation"]
    assert location == {"uri": uri, "uriBaseId": "%SRCROOT%"}


def test_paths_are_those_of_the_repository() -> None:
    edit = Edit(path=PurePosixPath("app/web.py"), span=span_of(21, 12, 21, 45), text="works()")
    change = replace(failing().change, edits=(edit,))
    result = only(made_report(replace(failing(), change=change)), prefix=PurePosixPath("services/shop"))
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "services/shop/app/web.py"
    assert result["relatedLocations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "services/shop/app/config.py"
    assert result["fixes"][0]["artifactChanges"][0]["artifactLocation"]["uri"] == "services/shop/app/web.py"


def test_a_change_with_edits_is_a_fix() -> None:
    edits = (
        Edit(path=PurePosixPath("a.py"), span=span_of(3, 1, 3, 5), text="new"),
        Edit(path=PurePosixPath("b.py"), span=span_of(1, 1, 1, 1), text="import os\n"),
        Edit(path=PurePosixPath("a.py"), span=span_of(9, 2, 9, 4), text=""),
    )
    change = Change(title="", safety=Safety.SAFE, before="x", after="y", edits=edits)
    (fix,) = only(made_report(replace(failing(), change=change)))["fixes"]
    assert fix["description"] == {"text": "Write the form that works (safe)"}
    assert [(one["artifactLocation"]["uri"], len(one["replacements"])) for one in fix["artifactChanges"]] == [("a.py", 2), ("b.py", 1)]
    assert fix["artifactChanges"][0]["replacements"][0] == {
        "deletedRegion": {"startLine": 3, "startColumn": 1, "endLine": 3, "endColumn": 5},
        "insertedContent": {"text": "new"},
    }


def test_advice_without_edits_is_no_fix() -> None:
    assert "fixes" not in only(made_report(failing()))


def test_a_secret_leaves_no_snippet_at_columns_that_are_not_its_own() -> None:
    masked = Evidence(kind="code", title="app/web.py", body='key = "ab***"; send()')
    physical = only(made_report(replace(failing(), evidence=(masked,))))["locations"][0]["physicalLocation"]
    assert "snippet" not in physical["region"]
    assert physical["contextRegion"]["snippet"]["text"] == masked.body


# -- results of other producers ----------------------------------------------------------------------------------------------------


def test_a_request_is_shown_at_its_likely_cause() -> None:
    cause = Place(path=PurePosixPath("web.py"), span=span_of(21), label="likely flask/relative-send-directory")
    start = Place(path=PurePosixPath("Procfile"), span=span_of(1), label="started here")
    result = only(
        made_validation(passes("starts"), replace(fails("page", "GET / is answered 404", "GET /"), related=(cause, start), fingerprint="f00d"))
    )
    (location,) = result["locations"]
    assert location["physicalLocation"] == {"artifactLocation": {"uri": "web.py", "uriBaseId": "%SRCROOT%"}, "region": BEGINNING}
    assert location["logicalLocations"] == [{"name": "GET /", "fullyQualifiedName": "runtime/page GET /", "kind": "resource"}]
    assert result["partialFingerprints"] == {"gotchaAudit/v1": "f00d", "primaryLocationLineHash": "f00d:1"}


def test_a_request_without_a_cause_is_shown_at_the_file_that_stands_for_the_project() -> None:
    report = made_validation(fails("page", about="GET /"))
    result = only(report, anchor=PurePosixPath("pyproject.toml"), prefix=PurePosixPath("shop"))
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "shop/pyproject.toml"
    assert only(report)["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "./"


def test_the_upload_action_computes_the_hash_of_a_line_itself() -> None:
    """It warns about every other value: https://github.com/github/codeql-action/blob/main/src/fingerprints.ts"""
    assert only(made_report(failing()))["partialFingerprints"] == {"gotchaAudit/v1": "f00d"}


def test_results_without_a_fingerprint_get_one_each() -> None:
    run = log(made_validation(*(fails("asset", "the status is 404", f"GET /{number}") for number in range(3))))
    prints = [result["partialFingerprints"]["gotchaAudit/v1"] for result in run["results"]]
    assert len(set(prints)) == 3
    assert all(prints)


def test_a_file_as_a_whole_is_its_beginning() -> None:
    result = only(made_report(replace(failing(), place=place("Dockerfile"), evidence=())))
    assert result["locations"][0]["physicalLocation"]["region"] == BEGINNING
    assert set(result["partialFingerprints"]) == {"gotchaAudit/v1"}


BEGINNING = {"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 1}


def test_what_was_expected_and_observed_is_in_the_message() -> None:
    page = next(result for result in log(full())["results"] if result["ruleId"] == "runtime/page")
    assert page["message"]["text"].splitlines()[1:4] == [
        "expected: 200 text/html",
        "observed: 404 text/html",
        f"likely {SEND} at web.py:21 (scan: FAILS)",
    ]


def test_checks_of_our_own_are_rules_too() -> None:
    (page,) = log(made_validation(fails("page")))["tool"]["driver"]["rules"]
    assert page["shortDescription"] == {"text": "A page is not answered as people need it."}
    assert page["helpUri"].endswith("/docs/validate.md#the-checks")
    assert set(page["help"]) == {"text", "markdown"}


def test_every_check_of_a_validation_is_described() -> None:
    assert [name for name in names() if f"runtime/{name}" not in CHECKS] == []


def test_a_check_nobody_described_is_named() -> None:
    assert described("plan/some-new-check")[0] == "Plan: some new check"
    assert described("odd")[0] == "Check: odd"


def test_the_pages_of_our_own_checks_exist() -> None:
    checkout = Path(__file__).parent.parent.parent
    for check in ("scan/x", "runtime/x", "plan/x", "suite/x", "report/x", "x"):
        path, _, heading = described(check)[1].partition("/blob/main/")[2].partition("#")
        text = (checkout / path).read_text("utf-8")
        anchors = {
            "".join(c for c in line.lstrip("# ").lower() if c.isalnum() or c in " -").replace(" ", "-")
            for line in text.splitlines()
            if line[:1] == "#"
        }
        assert not heading or heading in anchors, (check, heading)


# -- limits ------------------------------------------------------------------------------------------------------------------------


def test_the_least_severe_results_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "MOST_RESULTS", 2)
    results = [
        replace(failing(f"{severity}.py"), severity=severity, fingerprint=severity) for severity in (Severity.NOTE, Severity.ERROR, Severity.WARNING)
    ]
    run = log(made_report(*results))
    assert [result["level"] for result in run["results"]] == ["error", "warning"]
    assert run["properties"]["truncated"].startswith("1 of 3 results are left out")


def test_no_result_has_more_locations_than_are_shown() -> None:
    trail = tuple(place("a.py", line, label=str(line)) for line in range(1, 2000))
    result = only(made_report(replace(failing(), related=trail)))
    assert len(result["relatedLocations"]) == 100
    assert result["message"]["text"].endswith("[100](100).")


def test_confirmed_findings_keep_their_fingerprint() -> None:
    finding = replace(found(Outcome.FAIL, "confirmed by runtime/page: breaks"), fingerprint="same")
    assert only(made_validation(passes("starts"), finding))["partialFingerprints"] == {"gotchaAudit/v1": "same"}
