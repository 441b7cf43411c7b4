import re
from dataclasses import replace

import pytest
from made_report import failing, made_report
from made_validation import breaks, fails, found, full, made_validation, page, passes, skips, starts
from markdown_it import MarkdownIt

from auditor.model import Evidence, Outcome, Report
from auditor.report import RENDERERS, View


def markdown(report: Report, *show: Outcome) -> str:
    return RENDERERS["markdown"](report, View(show=show or (Outcome.FAIL,)))


def html(report: Report, *show: Outcome) -> str:
    return MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown(report, *show))


def test_the_verdict_is_the_heading_and_the_checklist_a_list() -> None:
    out = markdown(full())
    assert out.startswith("## gotcha-audit validate: FAIL 2 fail, 8 pass, 1 not examined, 1 skipped, 1 not attempted; gotchas: 1 confirmed, ")
    assert "- command: `gunicorn -b 127.0.0.1:{port} web:app`\n- folder: `backend`\n" in out
    rows = out[out.index("### Checklist") :].split("\n\n")[1].splitlines()
    assert [row[:4] for row in rows] == ["- ✓ ", "- – ", "- ✗ ", "- ✓ ", "- ✓ ", "- – ", "- ✗ ", "- – "]
    assert rows[2] == "- ✗ **front end loads**: GET / is answered 404: visitors see no front end"


def test_a_failing_check_has_its_evidence_in_fences() -> None:
    out = markdown(made_validation(starts(), page()))
    assert "### ✗ `runtime/page` `GET /`\n" in out
    assert "- expected: `200 text/html`\n- observed: `404 text/html`\n- likely `flask/relative-send-directory` at web.py\\:21 (scan: FAILS)\n" in out
    assert "response: GET /\n\n```\nHTTP/1.1 404 NOT FOUND\n" in out


def test_passes_are_listed_where_they_are_asked_for() -> None:
    assert "### Passed" not in markdown(full())
    assert "- ✓ `runtime/build` `frontend/dist`: frontend/dist is newer than its sources\n" in markdown(full(), Outcome.PASS)


def test_every_check_is_a_row() -> None:
    assert "<tr>\n<td>runtime/health</td>\n<td>1 skipped</td>\n<td>no health endpoint is known</td>\n</tr>" in html(full())
    assert html(full()).count("<tr>") == 13


def test_a_scan_and_a_validation_in_one_report_both_stand_there() -> None:
    scanned = made_report(failing())
    both = markdown(replace(scanned, runs=(*scanned.runs, *full().runs)))
    assert both == markdown(scanned) + "\n" + markdown(full())


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "![x](http://y)",
        "[x](javascript:y)",
        "```\n<img src=x>\n````",
        "`<b>`",
        "a\n\n# heading\n\n---\n- item",
        "a | b",
        "@octocat",
        "\x1b[2J\u202e\udcff",
    ],
)
def test_nothing_from_the_application_is_markup(hostile: str) -> None:
    evidence = tuple(Evidence(kind=kind, title=hostile, body=hostile) for kind in ("expected", "observed", "response", "log", "cause", "start"))
    tame = tuple(Evidence(kind=kind, title="x", body="x") for kind in ("expected", "observed", "response", "log", "cause", "start"))

    def report(text: str, pieces: tuple[Evidence, ...]) -> Report:
        return made_validation(
            replace(fails("page", text, text, *pieces), gotchas=(text,)),
            replace(fails("page"), check=f"runtime/{text}"),
            passes("page", text, text),
            skips("api", text),
            breaks("console", text),
            replace(found(Outcome.FAIL, text), check=text),
            notes=(text,),
        )

    rendered, plain = html(report(hostile, evidence), Outcome.PASS), html(report("x", tame), Outcome.PASS)
    for tag in ("<script", "<img", "<a ", "<b>", "<hr", "\x1b", "\u202e"):
        assert tag not in rendered
    for tag in ("<h1>", "<h2>", "<h3>", "<li>", "<td>", "<pre>", "<ul>"):
        assert rendered.count(tag) == plain.count(tag)
    assert "@octocat" not in re.sub(r"<code>.*?</code>", "", rendered, flags=re.DOTALL)
    rendered.encode("utf-8")


def test_huge_evidence_is_cut() -> None:
    huge = Evidence(kind="response", title="GET /", body="x" * 1_000_000 + "\ny" * 10_000)
    out = markdown(made_validation(starts(), fails("page", "m" * 1_000_000, "s" * 1_000_000, huge), skips("api", "r" * 1_000_000)))
    assert len(out) < 20_000
    assert "response: GET / (9961 lines are left out)" in out
