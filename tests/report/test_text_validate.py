import re
from dataclasses import replace

import pytest
from made_report import failing, made_report, note
from made_validation import SEND, breaks, fails, found, full, made_validation, page, passes, silenced, skips, starts, unattempted

from auditor.model import Evidence, Outcome, Report
from auditor.report import RENDERERS, View

NOTES = {SEND: note("Relative directory", "")}
HOSTILE = "\x1b[2J[red]x[/red]\u202e\udcff\r\n```<script>"


def text(report: Report, *, show: tuple[Outcome, ...] = (Outcome.FAIL,), width: int = 100, colour: bool = False) -> str:
    return RENDERERS["text"](report, View(show=show, width=width, colour=colour, entries=NOTES))


def section(out: str, title: str) -> list[str]:
    rows = out.splitlines()
    start = next(number for number, row in enumerate(rows) if row.startswith(title))
    return rows[start + 1 : rows.index("", start)]


def test_the_header_says_what_was_started_where_and_why() -> None:
    assert text(full()).splitlines()[:5] == [
        "started     gunicorn -b 127.0.0.1:{port} web:app",
        "  folder    backend",
        "  from      Procfile:1",
        "  why       the only web process",
        "",
    ]


def test_where_nothing_was_started_the_header_names_the_subject() -> None:
    assert text(made_validation(skips("starts", "no start command is known"))).splitlines()[0] == "validate  backend"


def test_a_failing_check_says_what_was_expected_what_came_and_the_likely_cause() -> None:
    rows = text(made_validation(starts(), page())).splitlines()
    start = rows.index("✗ runtime/page  GET /")
    assert rows[start : start + 17] == [
        "✗ runtime/page  GET /",
        "  GET / is answered 404: visitors see no front end",
        "  expected  200 text/html",
        "  observed  404 text/html",
        "  likely    flask/relative-send-directory at web.py:21 (scan: FAILS)",
        "  likely    flask/static-url-path",
        "",
        "  response: GET /",
        "    HTTP/1.1 404 NOT FOUND",
        "    content-type: text/html",
        "",
        "    <h1>Not Found</h1>",
        "",
        "  log, last lines",
        "    … 18 earlier",
        "    line 19",
        "    line 20",
    ]
    assert rows[rows.index("    line 30") + 1 :][:3] == ["", f"  gotcha-audit explain {SEND}", ""]


def test_a_cause_the_scan_did_not_see_is_at_no_place() -> None:
    cause = Evidence(kind="cause", title="likely flask/debug-on", body="the scan found no site of it")
    assert "  likely    flask/debug-on (the scan found no site of it)\n" in text(made_validation(starts(), fails("page", "m", "GET /", cause)))


def test_the_sections_come_in_the_promised_order_and_the_verdict_is_last() -> None:
    out = text(full())
    parts = ("started", "✗ runtime/page", "✗ runtime/cors", "! runtime/console", "Findings of the scan", "Checklist", "\nChecks", "Notes", "\nFAIL")
    places = [out.index(part) for part in parts]
    assert places == sorted(places)
    assert out.endswith("gotchas: 1 confirmed, 1 refuted; 4.21 s\n")


def test_each_check_has_one_line_with_its_figures_and_the_reason() -> None:
    assert section(text(full()), "Checks") == [
        "  ✓ build        1 pass",
        "  ✓ environment  1 pass",
        "  ✓ starts       1 pass",
        "  ✓ port-owner   1 pass",
        "  – health       1 skipped  no health endpoint is known",
        "  ✗ page         1 fail",
        "  ✓ asset        2 pass",
        "  ✓ api          1 pass",
        "  ✗ cors         1 fail",
        "  – flow         1 not attempted  because step 2 is written in prose that can be read in two ways",
        "  ! console      1 not examined  the browser ended with exit code 133",
        "  ✓ shutdown     1 pass",
    ]
    mixed = made_validation(starts(), passes("page"), fails("page"), passes("page"), skips("page", "no link"), silenced(fails("page")))
    assert "  ✗ page    1 fail, 2 pass, 1 skipped, 1 suppressed  no link\n" in text(mixed)


def test_static_findings_that_were_decided_stand_with_their_lines() -> None:
    assert section(text(full()), "Findings of the scan") == [
        "  ✗ flask/relative-send-directory  web.py:21",
        "    confirmed by runtime/page: GET / is answered 404",
        "  ✓ flask/relative-send-directory  web.py:40",
        "    refuted by runtime/page: GET /help is answered 200",
    ]


def test_passes_are_listed_where_they_are_asked_for() -> None:
    assert "Passed" not in text(full())
    listed = section(text(full(), show=(Outcome.FAIL, Outcome.PASS)), "Passed")
    assert listed[:2] == ["  ✓ runtime/build  frontend/dist", "    frontend/dist is newer than its sources"]
    assert len([row for row in listed if row.startswith("  ✓ ")]) == 8


@pytest.mark.parametrize(
    ("report", "last"),
    [
        (made_validation(starts()), "PASS  0 fail, 1 pass; 4.21 s"),
        (made_validation(fails("starts"), unattempted("page")), "FAIL  1 fail, 0 pass, 1 not attempted; 4.21 s"),
        (made_validation(unattempted("starts", "no start command is known")), "NOT ATTEMPTED  0 fail, 0 pass, 1 not attempted; 4.21 s"),
        (made_validation(starts(), breaks("console")), "INCOMPLETE  0 fail, 1 pass, 1 not examined; 4.21 s"),
    ],
)
def test_the_last_line_is_the_verdict(report: Report, last: str) -> None:
    out = text(report)
    assert out.splitlines()[-1] == last
    assert "file" not in out.replace("Procfile", "")
    assert "Coverage" not in out
    assert "Gotchas checked" not in out


def test_a_scan_and_a_validation_in_one_report_both_stand_there() -> None:
    scanned = made_report(failing())
    both = text(replace(scanned, runs=(*scanned.runs, *full().runs)))
    assert both.startswith(text(scanned))
    assert both.endswith(text(full()))


def test_nothing_from_the_application_is_interpreted() -> None:
    evidence = tuple(Evidence(kind=kind, title=HOSTILE, body=HOSTILE) for kind in ("expected", "observed", "response", "log", "cause", "start"))
    hostile = fails("page", HOSTILE, HOSTILE, *evidence)
    report = made_validation(
        replace(hostile, check=f"runtime/{HOSTILE}", gotchas=(HOSTILE,)),
        passes("page", HOSTILE, HOSTILE),
        fails("page", HOSTILE, HOSTILE),
        skips("api", HOSTILE),
        breaks("console", HOSTILE),
        replace(found(Outcome.FAIL, HOSTILE), check=HOSTILE),
        notes=(HOSTILE,),
    )
    out = text(report, show=(Outcome.FAIL, Outcome.PASS))
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert "\r" not in out
    assert "[red]x[/red]" in out
    out.encode("utf-8")


def test_huge_evidence_is_cut() -> None:
    huge = Evidence(kind="response", title="GET /", body="x" * 1_000_000 + "\ny" * 10_000)
    out = text(made_validation(starts(), fails("page", "m" * 1_000_000, "s" * 1_000_000, huge), skips("api", "r" * 1_000_000)))
    assert len(out) < 20_000
    assert "    … 9989 more\n" in out


def test_colour_adds_escape_sequences_and_nothing_else() -> None:
    coloured = text(full(), colour=True)
    assert "\x1b[1;31mFAIL" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == text(full())


@pytest.mark.parametrize("width", [60, 80, 120])
def test_lines_keep_to_the_width(width: int) -> None:
    long = " ".join(["word"] * 60)
    out = text(made_validation(starts(), fails("page", long, "GET /"), skips("api", long), notes=(long,)), width=width)
    assert max(map(len, out.splitlines())) <= width
    assert [line for line in out.splitlines() if line != line.rstrip()] == []
