from dataclasses import replace

import pytest
from made_report import NOTES, broken, failing, made_report, passing, place, review, silenced
from markdown_it import MarkdownIt

from auditor.model import Checked, Outcome, Report
from auditor.report import RENDERERS, View


def markdown(report: Report, show: tuple[Outcome, ...] = (Outcome.FAIL,)) -> str:
    return RENDERERS["markdown"](report, View(show=show, entries=NOTES))


def html(report: Report) -> str:
    return MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown(report))


def test_the_content_is_that_of_the_text_format() -> None:
    out = markdown(made_report(failing(), review(), passing(), silenced(), broken(), notes=("one note",)))
    assert out.startswith("## gotcha-audit: 1 fail, 1 review, 1 pass, 1 not examined, 1 suppressed (1 comment); 12 files in 0.42 s\n")
    assert "### `app/web.py:21:12` error `flask/relative-send-directory`" in out
    assert '- `app/config.py:7` DIST is "frontend/dist"' in out
    assert '```diff\n- return send_from_directory(DIST, "index.html")\n+ return send_from_directory(os.path' in out
    assert "`gotcha-audit explain flask/relative-send-directory` · [the whole entry](<https://example.org/flask/relative-send-directory.md>)" in out
    assert "### `app/broken.py:3:1` not examined `scan/syntax`" in out
    assert "### `app/api.py" not in out
    assert "app/old.py" not in out
    assert "- one note" in out
    assert "14 selected, 12 scanned, 1 skipped (1 generated), 1 failed" in out


def test_the_entries_checked_are_a_table() -> None:
    rendered = html(made_report(failing()))
    assert rendered.count("<tr>") == 4
    assert "<td>All is well</td>" in rendered
    assert "<p>1 entry more, of which no site occurs: <code>flask/unseen</code></p>" in rendered


@pytest.mark.parametrize(
    ("message", "rendered"),
    [
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("*a* _b_ `c` ~~d~~", "*a* _b_ `c` ~~d~~"),
        ("[x](javascript:y)", "[x](javascript:y)"),
        ("![x](http://y)", "![x](http://y)"),
        ("# not a heading", "# not a heading"),
        ("- not a list", "- not a list"),
        ("1. not a list", "1. not a list"),
        ("---", "---"),
        ("a\n\n---\nb", "a --- b"),
        ("&copy; \\", "&amp;copy; \\"),
    ],
)
def test_a_message_is_never_markup(message: str, rendered: str) -> None:
    assert f"<p>{rendered}</p>" in html(made_report(replace(failing(), message=message)))


def test_a_name_in_a_message_calls_nobody() -> None:
    assert "@octocat" not in html(made_report(replace(failing(), message="see @octocat")))


def test_code_cannot_close_its_block() -> None:
    result = failing()
    evidence = replace(result.evidence[0], body="```\n<img src=x>\n````")
    rendered = html(made_report(replace(result, evidence=(evidence,))))
    assert "<img" not in rendered
    assert '<code class="language-py">```\n&lt;img src=x&gt;\n````\n</code>' in rendered


def test_a_pipe_in_a_title_or_path_stays_in_its_cell() -> None:
    checked = Checked(gotcha="x", title="a | b", fails=0, reviews=0, passes=1, places=(failing("c|`d`.py").place,))
    rendered = html(made_report(checked=(checked,)))
    assert "<td>a | b</td>" in rendered
    assert "<code>c|`d`.py:21</code>" in rendered


@pytest.mark.parametrize(("name", "fence"), [("a.tsx", "```tsx"), ("Dockerfile", "```"), ("a.p`y", "```"), ("a.py x", "```"), ("a.PY", "```")])
def test_code_is_coloured_by_a_plain_extension(name: str, fence: str) -> None:
    assert fence in markdown(made_report(replace(failing(), place=place(name, 21), change=None))).splitlines()


def test_a_comment_on_github_takes_it() -> None:
    """GitHub refuses a body of more than 65,536 characters."""
    many = [failing(f"app/{number}.py") for number in range(500)]
    out = markdown(made_report(*many, notes=("one note",)))
    assert 60_000 < len(out) < 65_536
    told = out.count("### `app/")
    assert f"**{500 - told} of 500 are left out**" in out
    assert out.endswith("14 selected, 12 scanned, 1 skipped (1 generated), 1 failed\n"), "what follows the findings is kept"


def test_what_is_longer_than_a_comment_without_any_finding_is_cut_too() -> None:
    many = tuple(Checked(gotcha="x", title="t" * 400, fails=0, reviews=0, passes=1, places=(place("a.py", 1),)) for _ in range(200))
    out = markdown(made_report(checked=many))
    assert len(out) < 65_536
    assert out.rstrip().endswith("The formats `text` and `json` leave nothing out.")
