"""The HTML report in a real browser: from disk, under its own policy, by keyboard, for a screen reader, in both schemes, wide and narrow."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from made_page import VIEW, everything, page, pictured, proven
from made_report import NOTES, SEND, failing, made_report, note, passing, place
from made_validation import full
from playwright.sync_api import expect, sync_playwright
from test_html import HOSTILE, hostile

from auditor.cli import main
from auditor.model import Change, Report, Result, Safety, Severity
from auditor.report import View
from auditor.runtime.browser import program

pytestmark = pytest.mark.real

SAMPLE = Path(__file__).parent.parent.parent / "fixtures" / "projects" / "sample-flask-react"
SIZES = {"wide": (1280, 900), "narrow": (360, 740)}


@dataclass
class Looked:
    """A page that is open, and what it did that it should not."""

    page: Any
    told: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    chromium = program()
    assert not isinstance(chromium, str), chromium
    with sync_playwright() as player:
        started = player.chromium.launch(executable_path=str(chromium), args=["--no-sandbox", "--disable-gpu"])
        yield started
        started.close()


@pytest.fixture
def look(browser: Any, tmp_path: Path) -> Any:
    @contextmanager
    def opened(text: str, *, scheme: str = "light", size: str = "wide", script: bool = True) -> Iterator[Looked]:
        file = tmp_path / "report.html"
        file.write_text(text, encoding="utf-8")
        width, height = SIZES[size]
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, java_script_enabled=script)
        looked = Looked(page=context.new_page())
        looked.page.on("console", lambda message: looked.told.append(message.text))
        looked.page.on("pageerror", lambda error: looked.told.append(str(error)))
        looked.page.on("dialog", lambda dialog: (looked.told.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        looked.page.on("request", lambda request: looked.asked.append(request.url[:40]))
        looked.page.goto(file.as_uri())
        try:
            yield looked
        finally:
            context.close()
        assert looked.told == []
        assert [each for each in looked.asked if not each.startswith("data:image/")] == [file.as_uri()[:40]]

    return opened


def both() -> Report:
    """A gate: a scan, a validation with a picture, a suite."""
    scan, validation = everything(), full()
    seen = pictured(failing())
    (checks,) = validation.runs
    suite = replace(scan.runs[0], producer="suite", results=(replace(failing(), check="suite/unit-tests"),), checked=())
    return replace(scan, runs=(*scan.runs, suite, replace(checks, results=(*checks.results, seen))))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("unfolded", [False, True])
def test_axe_finds_nothing(look: Any, scheme: str, size: str, unfolded: bool) -> None:
    """Every rule of axe-core, best practices included, with everything folded as it comes and with all of it unfolded."""
    with look(page(both()), scheme=scheme, size=size) as looked:
        if unfolded:
            looked.page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true })")
        found = Axe().run(looked.page)
        said = [
            f"{rule['id']}: {node['html'][:200]} {node['failureSummary'][:300]}" for rule in found.response["violations"] for node in rule["nodes"]
        ]
        assert said == []
        assert len(found.response["passes"]) > 20


def test_axe_finds_nothing_with_a_picture_enlarged(look: Any) -> None:
    with look(page(both())) as looked:
        looked.page.get_by_role("button", name="Screenshot: GET /").focus()
        looked.page.keyboard.press("Enter")
        looked.page.get_by_role("dialog", name="Screenshot: GET /").wait_for()
        assert Axe().run(looked.page).response["violations"] == []
        looked.page.keyboard.press("Escape")
        assert looked.page.get_by_role("dialog").count() == 0
        assert looked.page.evaluate("document.activeElement.querySelector('img') !== null")


@pytest.mark.parametrize("size", SIZES)
def test_nothing_is_wider_than_the_window(look: Any, size: str) -> None:
    long = replace(failing("a" * 180 + "/" + "b" * 180 + ".py"), message="c" * 400)
    for report in (both(), made_report(long, passing())):
        with look(page(report), size=size) as looked:
            looked.page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true })")
            for part in ("html", "#filters", "main"):
                assert looked.page.evaluate(
                    "(part) => { const each = document.querySelector(part); return each.scrollWidth <= each.clientWidth }", part
                )


# -- filters -----------------------------------------------------------------------------------------------------------------------------


def results() -> Report:
    """Two stacks, three severities, three folders."""
    other = [
        replace(failing("web/src/api.js"), check="vite/process-env", severity=Severity.WARNING, fingerprint="w1"),
        replace(failing("web/main.js"), check="vite/process-env", severity=Severity.WARNING, fingerprint="w2"),
        replace(failing("web.py"), check="flask/debug", severity=Severity.NOTE, fingerprint="n1", message="the needle is here"),
    ]
    return made_report(*everything().results, *other)


def left(looked: Looked) -> list[str]:
    """What is not filtered out, suppressed results apart."""
    found: list[str] = looked.page.evaluate(
        "[...document.querySelectorAll('article:not([data-suppressed]):not([hidden])')].map((each) => each.dataset.fingerprint)"
    )
    return found


def test_filters_work_by_keyboard_and_say_how_many_are_left(look: Any) -> None:
    with look(page(results())) as looked:
        keyboard, status = looked.page.keyboard, looked.page.get_by_role("status")
        assert status.inner_text() == "27 results"
        keyboard.press("Tab")
        assert looked.page.evaluate("document.activeElement.textContent") == "Skip to the results"
        looked.page.get_by_label("warning").focus()
        keyboard.press("Space")
        assert left(looked) == ["w1", "w2", ""]  # the last one is the site under review
        assert status.inner_text() == "3 of 27 results"
        looked.page.get_by_label("fails").focus()
        keyboard.press("Space")
        assert left(looked) == ["w1", "w2"]
        looked.page.get_by_label("Folder").focus()
        keyboard.type("web/src")
        assert left(looked) == ["w1"]
        assert status.inner_text() == "1 of 27 results"
        assert looked.page.locator(".group:visible").count() == 1
        looked.page.get_by_role("button", name="Show everything").focus()
        keyboard.press("Enter")
        expect(looked.page.get_by_role("status")).to_have_text("27 results")
        assert len(left(looked)) == 27


def test_words_are_looked_for_everywhere_in_a_result(look: Any) -> None:
    with look(page(results())) as looked:
        looked.page.get_by_label("Search").focus()
        looked.page.keyboard.type("NEEDLE web.py")
        expect(looked.page.get_by_role("status")).to_have_text("1 of 27 results")
        assert left(looked) == ["n1"]


def test_a_result_that_is_folded_away_is_unfolded_by_a_filter_that_asks_for_it(look: Any) -> None:
    with look(page(results())) as looked:
        works = looked.page.locator("article[data-outcome=pass]")
        assert not works.first.is_visible()
        looked.page.get_by_label("works").check()
        assert works.first.is_visible()
        assert looked.page.get_by_role("status").inner_text() == "1 of 27 results"
        looked.page.get_by_label("works").uncheck()
        assert not works.first.is_visible()


def test_suppressed_results_stay_where_they_are(look: Any) -> None:
    with look(page(results())) as looked:
        looked.page.get_by_label("works").check()
        looked.page.locator("#suppressed > summary").click()
        assert looked.page.locator("#suppressed article").is_visible()


# -- without a script, in the dark, on paper ---------------------------------------------------------------------------------------------


def test_without_a_script_everything_is_there(look: Any) -> None:
    with look(page(results()), script=False) as looked:
        assert not looked.page.locator("#filters").is_visible()
        assert not looked.page.locator("#scheme").is_visible()
        assert looked.page.locator("article[data-outcome=fail]").first.is_visible()
        looked.page.locator(".fold > summary").first.click()
        assert looked.page.locator("article[data-outcome=pass]").first.is_visible()


def test_the_scheme_is_the_systems_until_the_button_is_pressed(look: Any) -> None:
    def dark(looked: Looked) -> bool:
        shade = looked.page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
        return max(shade[:3]) < 80

    for scheme in ("light", "dark"):
        with look(page(results()), scheme=scheme) as looked:
            button = looked.page.get_by_role("button", name="Dark mode")
            assert dark(looked) == (scheme == "dark") == (button.get_attribute("aria-pressed") == "true")
            button.focus()
            looked.page.keyboard.press("Enter")
            assert dark(looked) == (scheme == "light") == (button.get_attribute("aria-pressed") == "true")


def test_paper_shows_what_is_folded_and_no_filters(look: Any) -> None:
    with look(page(results())) as looked:
        looked.page.emulate_media(media="print")
        looked.page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert looked.page.locator("article[data-outcome=pass]").first.is_visible()
        assert not looked.page.locator("#filters").is_visible()
        looked.page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert not looked.page.locator("article[data-outcome=pass]").first.is_visible()


# -- what comes from the project ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        HOSTILE,
        "<svg onload=alert(1)>",
        "javascript:alert(1)",
        "\"><script>console.log('owned')</script>",
        "</style><script src=https://evil.example/x.js></script>",
        "<img src=https://evil.example/x.png>",
        "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    ],
)
def test_nothing_from_the_project_runs_or_loads(look: Any, text: str) -> None:
    """The fixture sees to it that nothing was told, asked or opened."""
    view = View(entries={text: proven(note(text, text, text, gotcha=text))}, project=text)
    with look(page(hostile(text), view)) as looked:
        looked.page.get_by_label("Search").fill("x")
        looked.page.wait_for_timeout(300)
        assert looked.page.evaluate("document.scripts.length") == 1


def test_the_policy_holds_where_the_escaping_would_not(look: Any, tmp_path: Path) -> None:
    """A script, a style and a picture that somebody got into the page all the same are refused."""
    got_in = "<script>document.title = 'owned'</script><p style='color: red' onclick='document.title = 1'>x</p><img src='https://evil.example/x.png'>"
    file = tmp_path / "got-in.html"
    file.write_text(page(everything()).replace("<main", f"{got_in}<main"), encoding="utf-8")
    with look(page(everything())) as looked:
        told: list[str] = []
        other = looked.page.context.new_page()
        other.on("console", lambda message: told.append(message.text))
        other.goto(file.as_uri())
        assert other.title() != "owned"
        assert len([each for each in told if "Content Security Policy" in each]) >= 3


# -- from the command line -------------------------------------------------------------------------------------------------------------


def test_a_validation_as_a_page_shows_what_its_visitors_see(look: Any, tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.html").write_text("<!doctype html><title>Teas</title><h1>Teas</h1><p>All of them.</p>")
    (tmp_path / "site" / "gotcha-audit.toml").write_text('[validate]\npages = ["/"]\n')
    start = f"{sys.executable} -m http.server --bind 127.0.0.1 {{port}}"
    main(["validate", str(tmp_path / "site"), "--command", start, "--quiet", "--format", "html", "--output", str(tmp_path / "out.html")])
    with look((tmp_path / "out.html").read_text("utf-8")) as looked:
        button = looked.page.get_by_role("button", name="Screenshot: GET /")
        assert button.locator("img").evaluate("(each) => [each.naturalWidth, each.naturalHeight]") == [1280, 720]
        assert looked.page.locator(".checklist li").count() == 8
        assert looked.page.locator("article[data-check='runtime/console'][data-outcome=pass]").count() == 1


def test_the_sample_is_told_as_json_tells_it(look: Any, capsys: pytest.CaptureFixture[str]) -> None:
    told = {}
    for name in ("json", "html"):
        assert main(["scan", str(SAMPLE), "--format", name]) == 1
        told[name] = capsys.readouterr().out
    (run,) = json.loads(told["json"])["runs"]
    expected = sorted([each["check"], each["outcome"], each["fingerprint"]] for each in run["results"])
    with look(told["html"]) as looked:
        found = looked.page.evaluate(
            "[...document.querySelectorAll('article')].map(({dataset}) => [dataset.check, dataset.outcome, dataset.fingerprint])"
        )
        assert sorted(found) == expected
        proofs = looked.page.locator("section.proof").count()
        assert proofs == len({each["check"] for each in run["results"] if each["outcome"] == "fail"})
        assert Axe().run(looked.page).response["violations"] == []


# -- many --------------------------------------------------------------------------------------------------------------------------------


def many(number: int) -> Report:
    def one(count: int) -> Result:
        change = Change(title="anchor it", safety=Safety.UNSAFE, before="return old(DIST)", after="return new(DIST)")
        check = SEND if count % 3 else f"stack{count % 40}/mistake-{count % 120}"
        return replace(
            failing(f"app/part{count % 60}/file{count}.py"),
            check=check,
            fingerprint=f"{count:x}",
            change=change,
            severity=list(Severity)[count % 3],
            place=place(f"app/part{count % 60}/file{count}.py", 21, 12, 20),
        )

    return made_report(*map(one, range(number)))


def test_five_thousand_results_are_looked_at_without_waiting(look: Any) -> None:
    began = time.perf_counter()
    text = page(many(5000), replace(VIEW, entries=NOTES))
    written = time.perf_counter() - began
    began = time.perf_counter()
    with look(text) as looked:
        looked.page.get_by_role("status").wait_for()
        opened = time.perf_counter() - began
        filtered = looked.page.evaluate(
            """async () => {
                const began = performance.now();
                document.querySelector('input[value="warning"]').click();
                await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
                return performance.now() - began;
            }"""
        )
        assert looked.page.get_by_role("status").inner_text() == "1667 of 5000 results"
        print(f"written in {written:.2f} s, {len(text) / 1e6:.1f} MB, opened in {opened:.2f} s, filtered in {filtered:.0f} ms")  # noqa: T201 - seen with -s
    assert written < 20
    assert opened < 15
    assert filtered < 3000
