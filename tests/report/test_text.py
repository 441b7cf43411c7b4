from dataclasses import replace

import pytest
from made_report import CORS, NOTES, SEND, broken, failing, made_report, passing, place, review, silenced

from auditor.model import Checked, Evidence, Outcome, Package, Report, Result
from auditor.report import RENDERERS, View


def text(report: Report, *, show: tuple[Outcome, ...] = (Outcome.FAIL,), width: int = 80, colour: bool = False) -> str:
    return RENDERERS["text"](report, View(show=show, width=width, colour=colour, entries=NOTES))


def test_a_finding_says_where_what_why_and_what_to_write_in_that_order() -> None:
    lines = text(made_report(failing()), width=120).splitlines()
    finding = lines[: lines.index("Gotchas checked  flask 3.1.0")]
    assert finding == [
        "app/web.py:21:12  error  flask/relative-send-directory",
        "  Every page answers 404: `DIST` is joined to app.root_path, not to the directory the server was started in",
        "",
        '  21 │ return send_from_directory(DIST, "index.html")',
        "     │        " + "^" * 33,
        "",
        '  app/config.py:7  DIST is "frontend/dist"',
        "  app/web.py:21    passed here",
        "",
        "  WORKS  anchor the directory to the module",
        '    - return send_from_directory(DIST, "index.html")',
        '    + return send_from_directory(os.path.join(app.root_path, "..", DIST), "index.html")',
        "",
        f"  gotcha-audit explain {SEND}",
        f"  https://example.org/{SEND}.md",
        "",
    ]


def test_sections_come_in_the_promised_order_and_the_summary_is_last() -> None:
    out = text(made_report(failing(), notes=("semgrep was not needed",)))
    places = [out.index(part) for part in ("app/web.py:21:12", "Gotchas checked", "Notes\n", "Coverage\n", "1 fail, ")]
    assert places == sorted(places)
    assert out.endswith("1 fail, 0 review, 0 pass, 0 suppressed; 12 files in 0.42 s\n")


def test_only_what_is_asked_for_is_listed_but_errors_always_are() -> None:
    report = made_report(failing(), review(), passing(), broken())
    default = text(report)
    assert "app/broken.py:3:1  not examined  scan/syntax" in default
    assert "app/api.py:3:1  review" not in default
    assert "1 site under review is not listed: --show fail,review" in default
    everything = text(report, show=(Outcome.FAIL, Outcome.REVIEW, Outcome.PASS))
    assert "app/api.py:3:1  review  flask/cors-any-origin  medium confidence" in everything
    assert "app/ok.py:4:1  works  flask/relative-send-directory" in everything
    assert "is not listed" not in everything


def test_suppressed_results_are_counted_and_not_listed() -> None:
    out = text(made_report(silenced()))
    assert "app/old.py" not in out
    assert "0 fail, 0 review, 0 pass, 1 suppressed" in out


def test_a_site_without_a_change_shows_the_works_code_of_the_entry_once() -> None:
    out = text(made_report(review(), review()), show=(Outcome.REVIEW,))
    assert out.count("    CORS(app, origins=[SITE])") == 1
    assert out.count("gotcha-audit explain flask/cors-any-origin") == 2


def test_each_entry_checked_has_one_line_with_its_figures_and_places() -> None:
    lines = text(made_report(failing()), width=120).splitlines()
    start = lines.index("Gotchas checked  flask 3.1.0") + 2
    rows = [" ".join(line.split()) for line in lines[start : start + 4]]
    assert rows == [
        "✗ Relative directory passed to send_from_directory 1 · 1 app/web.py:21, app/ok.py:4",
        "? CORS open to any origin · 1 · app/api.py:3",
        "✓ All is well · · 2 a.py:1, b.py:2",
        "· Never met here · · ·",
    ]


def test_at_most_three_places_stand_as_evidence() -> None:
    checked = Checked(gotcha=CORS, title="t", fails=0, reviews=0, passes=5, places=tuple(place(f"{name}.py", 1) for name in "abcde"))
    assert "a.py:1, b.py:1, c.py:1 +2\n" in text(made_report(checked=(checked,)))


def test_a_stack_without_entries_says_so() -> None:
    assert "No entry of the catalogue applies to this stack." in text(made_report(checked=()))


def test_coverage_names_the_reasons() -> None:
    assert "  14 selected, 12 scanned, 3 skipped (1 generated, 2 minified), 1 failed\n" in text(
        made_report(skipped={"minified": 2, "generated": 1, "vendored": 0})
    )


@pytest.mark.parametrize("width", [60, 80, 120])
def test_prose_and_tables_keep_to_the_width(width: int) -> None:
    out = text(made_report(review(), broken(), notes=("word " * 60,)), show=(Outcome.REVIEW,), width=width)
    prose = out[out.index("Gotchas checked") : out.index("0 fail")]
    assert max(map(len, prose.splitlines())) <= width


def test_nothing_is_padded_with_spaces() -> None:
    assert not [line for line in text(made_report(failing(), review(), broken())).splitlines() if line != line.rstrip()]


def test_colour_adds_escape_sequences_and_nothing_else() -> None:
    report = made_report(failing(), review(), broken())
    plain, coloured = text(report), text(report, colour=True)
    assert "\x1b[" not in plain
    assert "\x1b[1;31m" in coloured
    import re  # noqa: PLC0415 (only here)

    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain


def with_code(body: str, *, line: int, column: int, end: int, first: int | None = None) -> Result:
    title = f"app/web.py:{line if first is None else first}"
    where = place("app/web.py", line, column, end)
    return replace(failing(), place=where, change=None, related=(), evidence=(Evidence(kind="code", title=title, body=body),))


def code_of(result: Result) -> list[str]:
    return [line for line in text(made_report(result)).splitlines() if "│" in line]


def test_several_lines_keep_their_numbers_and_lose_their_common_indent() -> None:
    assert code_of(with_code("    f(\n        DIST,\n    )", line=10, column=9, end=13, first=9)) == [
        "   9 │ f(",
        "  10 │     DIST,",
        "     │     ^^^^",
        "  11 │ )",
    ]


def test_a_mark_stands_under_wide_characters_and_tabs() -> None:
    assert code_of(with_code('\tx = "文件"; y', line=1, column=12, end=13)) == ['  1 │ x = "文件"; y', "    │" + " " * 13 + "^"]


def test_a_very_long_line_is_cut_around_the_mark() -> None:
    row, mark = code_of(with_code("a" * 5000 + "BAD" + "b" * 5000, line=1, column=5001, end=5004))
    assert len(row) <= 80
    assert row[mark.index("^") :].startswith("BAD")
    assert mark.count("^") == 3


def test_many_lines_of_code_are_cut() -> None:
    rows = code_of(with_code("\n".join(f"line{number}" for number in range(1, 31)), line=1, column=1, end=2))
    assert rows[-1] == "     │ … 18 more lines"


def test_a_span_that_is_not_in_the_code_is_no_reason_to_stumble() -> None:
    assert code_of(with_code("short", line=1, column=99, end=120)) == ["  1 │ short"]
    assert code_of(with_code("", line=1, column=1, end=2)) == []


def test_a_long_stack_is_shortened() -> None:
    report = made_report()
    run = replace(report.runs[0], stack=tuple(Package(name=f"p{number}", evidence=place("x")) for number in range(11)))
    assert "Gotchas checked  p0, p1, p2, p3, p4, p5, p6, p7 and 3 more" in text(replace(report, runs=(run,)))


def test_of_a_long_stack_the_packages_the_entries_are_about_are_named() -> None:
    report = made_report()
    others = tuple(Package(name=f"p{number}", evidence=place("x")) for number in range(11))
    run = replace(report.runs[0], stack=(*others, *report.runs[0].stack))
    assert "Gotchas checked  flask 3.1.0\n" in text(replace(report, runs=(run,)))


def test_where_titles_and_places_do_not_fit_side_by_side_the_places_go_below() -> None:
    title = "Relative directory that Flask resolves against the module"
    checked = Checked(gotcha=SEND, title=title, fails=2, reviews=0, passes=0, places=(place("backend/app/web.py", 21), place("b.py", 2)))
    lines = text(made_report(checked=(checked,)), width=80).splitlines()
    start = lines.index("Gotchas checked  flask 3.1.0") + 2
    assert lines[start : start + 2] == [f"  ✗ {title[:53]}…      2       ·      ·", "      backend/app/web.py:21, b.py:2"]
    wide = text(made_report(checked=(checked,)), width=120).splitlines()
    assert wide[start] == f"  ✗ {title}      2       ·      ·  backend/app/web.py:21, b.py:2"
