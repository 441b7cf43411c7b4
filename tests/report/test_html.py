"""The HTML report as a document: what is in it, and that nothing from the project is markup in it."""

import base64
import hashlib
import json
import re
import time
from dataclasses import replace
from itertools import pairwise

import pytest
from made_page import PIXEL, PROOF, VIEW, articles, everything, page, parsed, pictured, proven, words
from made_report import NOTES, SEND, failing, made_report, note, passing, place
from made_validation import full

from auditor.model import Change, Evidence, Outcome, Package, Report, Result, Safety, Severity, Suppression
from auditor.report import RENDERERS, ProofNote, View
from auditor.report.html.element import Html, h
from auditor.report.html.prose import inline, prose

HOSTILE = "</script><img src=x onerror=alert(1)>\"'`<!--]]>&amp;"


def test_the_page_is_html_by_its_rules() -> None:
    for report in (everything(), full(), made_report(), replace(made_report(), runs=())):
        document = parsed(page(report))
        assert document.get("lang") == "en"
        assert len(list(document.iter("h1"))) == 1
        assert [each.tag for each in document.iter() if each.tag in ("main", "header", "footer")] == ["header", "main", "footer"]


def test_ids_are_unique() -> None:
    for report in (everything(), replace(full(), runs=(*full().runs, *everything().runs))):
        found = [each.get("id") for each in parsed(page(report)).iter() if each.get("id")]
        assert len(found) == len(set(found))


def test_headings_leave_no_level_out() -> None:
    for report in (everything(), full()):
        levels = [int(each.tag[1]) for each in parsed(page(report)).iter() if re.fullmatch("h[1-6]", str(each.tag))]
        assert levels[0] == 1
        assert all(after <= before + 1 for before, after in pairwise(levels))


# -- what is in it -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("report", [everything(), full()], ids=["scan", "validation"])
def test_every_result_is_there_once_as_the_json_report_has_it(report: Report) -> None:
    def key(check: str, outcome: str, fingerprint: str, suppressed: bool) -> tuple:
        return (check, outcome, fingerprint, suppressed)

    (run,) = json.loads(RENDERERS["json"](report, VIEW))["runs"]
    told = [key(each["check"], each["outcome"], each["fingerprint"], each["suppression"] is not None) for each in run["results"]]
    shown = [key(each["data-check"], each["data-outcome"], each["data-fingerprint"], "data-suppressed" in each) for each in articles(page(report))]
    assert sorted(shown) == sorted(told)


def test_the_view_does_not_leave_results_out() -> None:
    assert len(articles(page(everything(), replace(VIEW, show=())))) == len(everything().results)


def test_suppressed_results_stand_apart_with_their_reason() -> None:
    (section,) = [each for each in parsed(page(everything())).iter() if each.get("id") == "suppressed"]
    (article,) = section.iter("article")
    assert article.get("data-outcome") == "fail"
    assert "served by nginx" in words(article)
    assert sum("data-suppressed" in each for each in articles(page(everything()))) == 1


@pytest.mark.parametrize(
    ("results", "said"),
    [
        ((failing(),), "1 site in the code breaks in production"),
        ((failing(), replace(failing(), fingerprint="2")), "2 sites in the code break in production"),
        ((replace(failing(), severity=Severity.NOTE),), "Nothing serious fails; 1 lesser finding"),
        ((passing(),), "No gotcha of the catalogue fails here"),
    ],
)
def test_the_verdict_comes_first(results: tuple[Result, ...], said: str) -> None:
    (title,) = parsed(page(made_report(*results))).iter("h1")
    assert words(title) == said


def test_what_was_not_examined_is_never_told_as_clean() -> None:
    text = page(made_report(replace(failing(), outcome=Outcome.ERROR, check="scan/syntax")))
    assert "INCOMPLETE" in text
    assert "Nothing is known to fail, but 1 thing could not be examined" in text


def test_fail_on_decides_as_it_does_for_the_exit_code() -> None:
    report = made_report(replace(failing(), severity=Severity.WARNING))
    for least in Severity:
        assert ('class="stamp fail"' in page(report, replace(VIEW, fail_on=least))) == (report.exit_status(fail_on=least) == 1)


def test_the_marked_line_and_the_very_part() -> None:
    body = 'DIST = "x"\n\ndef page():\n    return send_from_directory(DIST, "index.html")\n'
    around = Evidence(kind="context", title="app/web.py:18", body=body)
    result = replace(failing(), place=place("app/web.py", 21, 12, 37), evidence=(around,))
    document = parsed(page(made_report(result)))
    (article,) = document.iter("article")
    hits = [each for each in article.iter("span") if "hit" in (each.get("class") or "").split()]
    assert [words(each) for each in hits] == ['21 return send_from_directory(DIST, "index.html")']
    assert "".join("".join(each.itertext()) for each in article.iter("mark")) == "send_from_directory(DIST,"


def test_the_trail_is_an_ordered_list() -> None:
    (article,) = parsed(page(made_report(failing()))).iter("article")
    (trail,) = article.iter("ol")
    assert [words(each) for each in trail] == ['app/config.py:7 DIST is "frontend/dist"', "app/web.py:21 passed here"]


def test_fails_stands_next_to_works_with_the_proof() -> None:
    text = page(made_report(failing()))
    document = parsed(text)
    (entry,) = [each for each in document.iter("details") if each.get("class") == "entry"]
    halves = [each for each in entry.iter("section") if (each.get("class") or "").startswith("half")]
    assert ["FAILS" in words(halves[0]), "wrong()" in words(halves[0])] == [True, True]
    assert ["WORKS" in words(halves[1]), "right()" in words(halves[1])] == [True, True]
    (proof,) = [each for each in entry.iter("section") if each.get("class") == "proof"]
    assert "Proven by running on 2026-11-24" in words(proof)
    rows = [[words(cell) for cell in row] for row in proof.iter("tr")][1:]
    assert rows == [["✗ FAILS", "GET /", "404 text/html"], ["✓ WORKS", "GET /", "200 text/html"]]


@pytest.mark.parametrize(
    ("proof", "said"),
    [
        (ProofNote(state="unproven"), "Not proven by running"),
        (ProofNote(state="unprovable", reason="it takes a platform"), "Cannot be proven by running: it takes a platform"),
        (replace(PROOF, state="stale"), "Proven once; the entry has changed since"),
    ],
)
def test_what_is_not_proven_is_not_said_to_be(proof: ProofNote, said: str) -> None:
    text = page(made_report(failing()), replace(VIEW, entries={SEND: proven(NOTES[SEND], proof)}))
    assert said in text
    assert "Proven by running" not in text


def test_other_formats_do_not_look_for_proofs() -> None:
    def look() -> ProofNote:
        raise AssertionError("looked up")

    view = View(entries={SEND: replace(NOTES[SEND], proof=look)})
    for name in RENDERERS:
        if name != "html":
            RENDERERS[name](made_report(failing()), view)


def test_an_entry_is_told_once_however_many_sites_it_has() -> None:
    document = parsed(page(everything()))
    assert sum(each.get("class") == "entry" for each in document.iter("details")) == 2  # of the failing one, and of the one under review


def test_the_likely_cause_is_told_with_what_fails_and_pointed_to_from_the_code() -> None:
    validation, scan = full(), made_report(failing())
    document = parsed(page(replace(scan, runs=(*scan.runs, *validation.runs))))
    (entry,) = [each for each in document.iter("details") if each.get("class") == "entry"]
    (cause,) = [each for each in document.iter("p") if each.get("class") == "cause"]
    assert words(cause) == "The likely cause: Relative directory"
    links = [each.get("href") for each in document.iter("a") if words(each) == "Why it breaks, and FAILS next to WORKS"]
    assert set(links) == {f"#{entry.get('id')}"}


def test_pictures_are_inside_the_page() -> None:
    (image,) = parsed(page(made_report(pictured(failing())))).iter("img")
    assert image.get("src") == f"data:image/png;base64,{PIXEL}"
    assert image.get("alt") == "Screenshot: GET /"


@pytest.mark.parametrize("body", ["", "PHN2Zz4=", f'{PIXEL}" onload=x', "https://evil.example/x.png", "iVBORw0KGgo=\n,"])
def test_what_is_no_picture_is_not_shown_as_one(body: str) -> None:
    text = page(made_report(pictured(failing(), body)))
    assert list(parsed(text).iter("img")) == []
    assert "This picture cannot be shown." in text


def test_pictures_and_surroundings_stay_out_of_the_other_formats() -> None:
    result = replace(failing(), evidence=(*failing().evidence, *pictured(failing()).evidence, Evidence(kind="context", title="a:1", body="AROUND")))
    for name in ("text", "markdown"):
        said = RENDERERS[name](made_report(result), VIEW)
        assert PIXEL not in said
        assert "AROUND" not in said
    (run,) = json.loads(RENDERERS["json"](made_report(result), VIEW))["runs"]
    told = {each["kind"]: each for each in run["results"][0]["evidence"]}
    assert told["image"] == {"kind": "image", "title": "what is seen at http://127.0.0.1:8000/", "body": "", "truncated": True}
    assert told["context"]["body"] == "AROUND"


def test_a_validation_has_its_start_checklist_and_checks() -> None:
    document = parsed(page(full()))
    text = words(document)
    for said in ("gunicorn -b 127.0.0.1:{port} web:app", "Procfile:1", "server starts", "expected", "200 text/html", "observed"):
        assert said in text
    (checklist,) = [each for each in document.iter("ul") if each.get("class") == "checklist"]
    assert len(checklist) == 8


# -- the policy ------------------------------------------------------------------------------------------------------------------------


def test_the_policy_lets_exactly_this_style_and_script_in() -> None:
    for report in (everything(), full()):
        text = page(report)
        document = parsed(text)
        (policy,) = [each.get("content") for each in document.iter("meta") if each.get("http-equiv") == "Content-Security-Policy"]
        rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
        assert rules["default-src"] == "'none'"
        assert rules["img-src"] == "data:"
        assert rules["base-uri"] == rules["form-action"] == "'none'"
        for name, tag in (("style-src", "style"), ("script-src", "script")):
            (element,) = document.iter(tag)
            digest = base64.b64encode(hashlib.sha256((element.text or "").encode()).digest()).decode()
            assert rules[name] == f"'sha256-{digest}'"


def test_the_policy_stands_before_everything_that_it_is_about() -> None:
    head = parsed(page(everything())).find("head")
    assert [each.tag for each in head][:2] == ["meta", "meta"]
    assert head[1].get("http-equiv") == "Content-Security-Policy"


def test_nothing_needs_what_the_policy_forbids() -> None:
    for report in (everything(), full(), made_report(pictured(failing()))):
        for element in parsed(page(report)).iter():
            assert element.tag not in ("link", "iframe", "object", "embed", "base", "video", "audio")
            assert not [name for name in element.attrib if name == "style" or name.startswith("on")]
            assert all(value.startswith("data:image/") for name, value in element.attrib.items() if name in ("src", "srcset"))
    assert "url(" not in page(everything())
    assert "@import" not in page(everything())


# -- what comes from the project -------------------------------------------------------------------------------------------------------


def hostile(text: str) -> Report:
    result = replace(
        failing(text.replace("/", "")),
        check=text,
        message=text,
        related=(place(text.replace("/", ""), 1, label=text),),
        evidence=tuple(
            Evidence(kind=kind, title=f"{text}:3", body=text) for kind in ("code", "context", "log", "image", "expected", "cause", "start")
        ),
        change=Change(title=text, safety=Safety.UNSAFE, before=text, after=f"{text}x"),
        fingerprint=text,
        gotchas=(text,),
    )
    report = made_report(result, result.suppressed(Suppression(origin=text, reason=text, place=result.place)), notes=(text,), skipped={text: 1})
    (run,) = report.runs
    scan = replace(
        run, stack=(Package(name=text, version=text, evidence=result.place),), checked=tuple(replace(each, title=text) for each in run.checked)
    )
    own = replace(result, check=f"runtime/{text}")
    return replace(report, root=text, runs=(scan, replace(run, producer="validate", results=(own,)), replace(run, producer=text)))


def test_nothing_from_the_project_is_markup() -> None:
    def shape(text: str) -> list:
        proof = ProofNote(state="proven", ran=text, date=text, versions={text: text}, fails=PROOF.fails, works=PROOF.works)
        view = View(entries={text: proven(note(text, text, text, gotcha=text), proof)}, project=text)
        return [(each.tag, sorted(each.attrib)) for each in parsed(page(hostile(text), view)).iter() if each.tag not in ("mark", "span", "code")]

    assert shape(HOSTILE) == shape("harmless")


def test_addresses_that_are_no_web_pages_are_not_linked() -> None:
    for address in ("javascript:alert(1)", "data:text/html,x", "//evil.example", 'https://x" onclick=1', ""):
        text = page(made_report(failing()), View(entries={SEND: note("Title", "", address)}))
        for link in parsed(text).iter("a"):
            assert link.get("href").startswith(("#", "https://example.org/"))


def test_elements_escape_what_is_not_markup_already() -> None:
    assert h("p", "<b>&\"'", h("i", "x"), None, ["y", [Html("<br>")]]) == "<p>&lt;b&gt;&amp;&quot;&#x27;<i>x</i>y<br></p>"
    assert h("input", value='"><script>', checked=True, disabled=False, title=None) == '<input value="&quot;&gt;&lt;script&gt;" checked>'
    assert h("p", "a\nb") == "<p>a\\nb</p>"
    assert h("p", "a\x00b\u202ec") == "<p>a\\x00b\\u202ec</p>"


def test_prose_knows_code_lists_and_links() -> None:
    assert inline("`a<b` and **c** at https://example.org/x.") == (
        '<code>a&lt;b</code> and <strong>c</strong> at <a href="https://example.org/x" rel="noreferrer noopener">https://example.org/x</a>.'
    )
    assert inline("[x](javascript:alert(1)) `open") == "[x](javascript:alert(1)) `open"
    assert prose("One\ntwo.\n\n- a\n- b\n\n```js\nx < 1\n```") == (
        '<p>One two.</p><ul><li>a</li><li>b</li></ul><pre class="plain"><code>x &lt; 1\n</code></pre>'
    )


def test_a_thousand_results_take_no_time_to_write() -> None:
    results = [replace(failing(f"app/part{number % 40}/file{number}.py"), fingerprint=f"{number:x}") for number in range(1000)]
    began = time.perf_counter()
    text = page(made_report(*results))
    assert time.perf_counter() - began < 5  # about a tenth of it where nothing else runs
    assert text.count("<article") == 1000
