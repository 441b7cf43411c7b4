"""A report cut down to a page."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import PurePosixPath

import jsonschema
import pytest

from auditor.mcp import schemas
from auditor.mcp.page import MAX_PAGE, empty, page
from auditor.model import Change, Evidence, Outcome, Place, Report, Safety, Severity, Suppression
from auditor.model.report import EXIT_ESCALATE, EXIT_INCOMPLETE, EXIT_RESULTS
from auditor.report import RENDERERS, View
from tests.report.made_report import failing, made_report, review

SHOWN = ("fail", "review")


def paged(report: Report, *, code: int = EXIT_RESULTS, show: tuple[str, ...] = SHOWN, limit: int = 20, offset: int = 0) -> dict:
    made = page(json.loads(RENDERERS["json"](report, View())), code=code, show=show, limit=limit, offset=offset)
    jsonschema.validate(made, schemas.record(schemas.REPORT))
    return made


def test_a_result_keeps_what_is_needed_to_mend_it() -> None:
    (one,) = paged(made_report(failing()))["results"]
    assert one["place"] == {"path": "app/web.py", "line": 21, "column": 12, "label": ""}
    assert [(step["path"], step["line"], step["label"]) for step in one["trail"]] == [
        ("app/config.py", 7, 'DIST is "frontend/dist"'),
        ("app/web.py", 21, "passed here"),
    ]
    assert one["works"]["after"] == 'return send_from_directory(os.path.join(app.root_path, "..", DIST), "index.html")'
    assert (one["id"], one["severity"], one["fingerprint"]) == ("flask/relative-send-directory", "error", "f00d")


def test_code_that_stands_in_the_works_form_is_not_told_twice() -> None:
    same = Evidence(kind="code", title="app/web.py:21", body="return before")
    other = Evidence(kind="http", title="GET /", body="404")
    result = replace(failing(), evidence=(same, other), change=Change(title="", safety=Safety.UNSAFE, before="return before", after="return after"))
    (one,) = paged(made_report(result))["results"]
    assert [evidence["title"] for evidence in one["evidence"]] == ["GET /"]


def test_every_result_is_counted_whatever_is_shown() -> None:
    silenced = failing("b.py").suppressed(Suppression(origin="comment", reason="public"))
    report = made_report(failing(), review(), silenced, replace(failing("c.py"), outcome=Outcome.PASS))
    made = paged(report, show=("review",))
    assert made["counts"] == {"fail": 1, "review": 1, "pass": 1, "skip": 0, "error": 0, "suppressed": 1}
    assert ([one["outcome"] for one in made["results"]], made["total"]) == (["review"], 1)


def test_what_was_not_examined_is_on_every_page() -> None:
    wrong = [replace(failing(f"{number}.py"), outcome=Outcome.ERROR, message="a syntax error") for number in range(12)]
    made = paged(made_report(failing(), *wrong), code=EXIT_INCOMPLETE, offset=1)
    assert (made["verdict"], made["results"], made["not_examined_total"], len(made["not_examined"])) == ("incomplete", [], 12, 10)


@pytest.mark.parametrize(("limit", "offset", "paths", "following"), [(2, 0, [0, 1], 2), (2, 2, [2, 3], 4), (2, 4, [4], None), (20, 5, [], None)])
def test_pages_by_number(limit: int, offset: int, paths: list[int], following: int | None) -> None:
    made = paged(made_report(*(failing(f"{number}.py") for number in range(5))), limit=limit, offset=offset)
    assert [one["place"]["path"] for one in made["results"]] == [f"{number}.py" for number in paths]
    assert (made["total"], made["offset"], made["next_offset"]) == (5, offset, following)


def test_a_page_ends_before_it_is_too_long() -> None:
    long = [
        replace(failing(f"{number}.py"), message="m" * 1900, evidence=(Evidence(kind="log", title="log", body="x" * 5000),)) for number in range(100)
    ]
    report = made_report(*long)
    seen, offset, pages = [], 0, 0
    while offset is not None:
        made = paged(report, limit=100, offset=offset)
        assert len(json.dumps(made["results"])) <= MAX_PAGE + 200
        assert made["results"]
        assert made["results"][0]["evidence"][0]["truncated"] is True
        seen += [one["place"]["path"] for one in made["results"]]
        offset, pages = made["next_offset"], pages + 1
    assert seen == [f"{number}.py" for number in range(100)]
    assert pages > 5


def test_one_result_is_given_however_long_it_is() -> None:
    trail = tuple(Place(path=PurePosixPath(f"{number}.py"), label="x" * 1999) for number in range(50))
    made = paged(made_report(replace(failing(), related=trail), failing("b.py")))
    assert (len(made["results"]), made["next_offset"]) == (1, 1)


HOSTILE = ("\x1b]0;owned\x07", "a\u202eyp.exe", "bad\udcff", "a\x00b", "a\n# heading")


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_in_a_text_hides_or_acts(text: str) -> None:
    result = replace(
        failing(),
        message=text,
        related=(Place(path=None, label=text),),
        evidence=(Evidence(kind="code", title=text, body=text),),
        change=Change(title=text, safety=Safety.UNSAFE, before=text, after=text),
        severity=Severity.ERROR,
    )
    (one,) = paged(made_report(result, notes=(text,), skipped={text: 1}))["results"]
    for said in (one["message"], one["trail"][0]["label"]):
        assert said.isprintable()
    for code in (one["works"]["before"], one["works"]["after"]):
        assert code.replace("\n", "").replace("\t", "").isprintable()


def test_a_path_stays_exact() -> None:
    (one,) = paged(made_report(failing("a b\u202ec.py")))["results"]
    assert one["place"]["path"] == "a b\u202ec.py"


def test_a_person_must_decide() -> None:
    made = empty(code=EXIT_ESCALATE, said="three attempts failed\nuntil a person decides")
    jsonschema.validate(made, schemas.record(schemas.REPORT))
    assert (made["verdict"], made["summary"], made["results"]) == ("escalate", "three attempts failed\nuntil a person decides", [])
