import json
from dataclasses import replace
from pathlib import PurePosixPath

import jsonschema
import pytest
from made_report import broken, failing, made_report, passing, review, silenced
from made_validation import full

from auditor.model import Edit, Package, Place, Report, span_of
from auditor.report import RENDERERS, View
from auditor.report.json_v1 import schema


def written(report: Report) -> dict[str, object]:
    text = RENDERERS["json"](report, View())
    document: dict[str, object] = json.loads(text)
    jsonschema.validate(document, json.loads(schema()), cls=jsonschema.Draft202012Validator)
    return document


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(schema()))


def test_every_kind_of_result_is_written_in_full_whatever_the_view_shows() -> None:
    document = written(made_report(failing(), review(), passing(), silenced(), broken(), notes=("n",)))
    (run,) = document["runs"]
    assert [(result["check"], result["outcome"], result["suppression"] is not None) for result in run["results"]] == [
        ("flask/relative-send-directory", "fail", False),
        ("flask/cors-any-origin", "review", False),
        ("flask/relative-send-directory", "pass", False),
        ("flask/relative-send-directory", "fail", True),
        ("scan/syntax", "error", False),
    ]
    assert run["results"][3]["suppression"] == {
        "origin": "comment",
        "reason": "served by nginx",
        "place": {"path": "app/old.py", "span": {"start": {"line": 20, "column": 1}, "end": {"line": 20, "column": 2}}, "label": ""},
    }


def test_the_form_is_the_frozen_one() -> None:
    document = written(made_report(failing()))
    assert list(document) == ["version", "tool", "root", "runs"]
    assert document["version"] == "v1"
    assert document["tool"] == {"name": "gotcha-audit", "version": "0.1.0"}
    (run,) = document["runs"]
    assert list(run) == [
        "producer", "subject", "started", "seconds", "stack", "tree", "results", "counts", "coverage", "checked", "notes",
    ]  # fmt: skip
    assert (run["started"], run["seconds"]) == ("2026-11-24T08:30:00+00:00", 0.422)
    assert run["coverage"] == {"selected": 14, "scanned": 12, "skipped": {"generated": 1}, "failed": 1}
    assert list(run["results"][0]) == [
        "check", "outcome", "message", "place", "severity", "confidence", "related", "evidence", "gotchas", "change", "suppression", "fingerprint",
    ]  # fmt: skip
    assert list(run["checked"][0]) == ["gotcha", "title", "fails", "reviews", "passes", "places"]
    assert list(run["stack"][0]) == ["name", "version", "scope", "evidence"]


def test_a_file_as_a_whole_and_a_place_outside_the_tree_have_no_span() -> None:
    document = written(made_report(replace(failing(), place=Place(path=PurePosixPath("a.py")), related=(Place(path=None, label="GET /"),))))
    (result,) = document["runs"][0]["results"]
    assert result["place"] == {"path": "a.py", "span": None, "label": ""}
    assert result["related"] == [{"path": None, "span": None, "label": "GET /"}]


def test_edits_are_written() -> None:
    result = failing()
    edit = Edit(path=PurePosixPath("a.py"), span=span_of(1, 2, 1, 3), text="x")
    document = written(made_report(replace(result, change=replace(result.change, edits=(edit,)))))
    assert document["runs"][0]["results"][0]["change"]["edits"] == [
        {"path": "a.py", "span": {"start": {"line": 1, "column": 2}, "end": {"line": 1, "column": 3}}, "text": "x"}
    ]


def test_undecodable_file_names_leave_the_output_valid_and_ascii() -> None:
    report = made_report(failing("bad\udcff/ü.py"))
    run = replace(report.runs[0], stack=(Package(name="x", scope="\udc80", evidence=Place(path=PurePosixPath("\udc80"))),))
    text = RENDERERS["json"](replace(report, root="/srv/\udcfe", runs=(run,)), View())
    assert text.isascii()
    document = json.loads(text)
    assert document["runs"][0]["results"][0]["place"]["path"] == "bad\\udcff/ü.py"
    json.dumps(document, ensure_ascii=False).encode("utf-8")


@pytest.mark.parametrize("broken_document", [{}, {"version": "v2", "tool": {"name": "x", "version": "1"}, "root": ".", "runs": []}])
def test_the_schema_refuses_other_forms(broken_document: dict[str, object]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken_document, json.loads(schema()))


def test_a_validation_has_the_same_form() -> None:
    (run,) = written(full())["runs"]
    assert (run["producer"], run["counts"]) == ("validate", {"not attempted": 1})
    assert run["coverage"] == {"selected": 0, "scanned": 0, "skipped": {}, "failed": 0}
    results = {result["check"]: result for result in run["results"]}
    assert [results[f"runtime/{name}"]["outcome"] for name in ("starts", "page", "health", "flow", "console")] == [
        "pass",
        "fail",
        "skip",
        "skip",
        "error",
    ]
    assert results["runtime/page"]["place"] == {"path": None, "span": None, "label": "GET /"}
    assert results["runtime/page"]["gotchas"] == ["flask/relative-send-directory", "flask/static-url-path"]
    assert [piece["kind"] for piece in results["runtime/page"]["evidence"]] == ["expected", "observed", "response", "log", "cause"]
