"""No file name, message or line of code can act on whoever reads a report, in any format."""

import json
import unicodedata
from dataclasses import replace

import pytest
from made_report import NOTES, SEND, failing, made_report, note, place
from markdown_it import MarkdownIt

from auditor.model import Change, Checked, Evidence, Outcome, Package, Report, Result, Safety, Suppression
from auditor.report import RENDERERS, View

HOSTILE = {
    "markup": "[red]x[/red].py",
    "link markup": "[link=http://evil.example]x[/link].py",
    "escape sequence": "\x1b]0;owned\x07\x1b[2Jx.py",
    "c1 control": "\x9b31mx.py",
    "newline": "a\n# heading\n| b |.py",
    "carriage return": "a\rb.py",
    "pipe": "a | b || c.py",
    "backticks": "``a`b```.py",
    "html": "<script>alert(1)</script><!-- .py",
    "link": "[x](javascript:alert(1)).py",
    "bidi": "a\u202eyp.exe",
    "surrogate": "bad\udcff.py",
    "null": "a\x00b",
    "quotes": "\"'\\.py",
    "percent": "%s{0}{x!r}.py",
}


def hostile_result(text: str) -> Result:
    return replace(
        failing(text.replace("/", "")),
        message=text,
        related=(place(text.replace("/", ""), 1, label=text), replace(place("x"), path=None, label=text)),
        evidence=(Evidence(kind="code", title=text, body=text), Evidence(kind="command", title=text, body=text)),
        change=Change(title=text, safety=Safety.UNSAFE, before=text, after=text),
    )


def hostile_report(text: str) -> Report:
    result = hostile_result(text)
    checked = Checked(gotcha=SEND, title=text, fails=1, reviews=0, passes=0, places=(result.place,))
    report = made_report(
        result,
        result.suppressed(Suppression(origin="comment", reason=text, place=result.place)),
        notes=(text,),
        checked=(checked,),
        skipped={text: 1},
    )
    stack = (Package(name=text, version=text, scope=text, evidence=result.place),)
    return replace(report, root=text, runs=(replace(report.runs[0], stack=stack, subject=text),))


def rendered(name: str, text: str) -> str:
    entries = {**NOTES, SEND: note(text, text, f"https://example.org/{text}")}
    return RENDERERS[name](hostile_report(text), View(show=(Outcome.FAIL,), entries=entries))


@pytest.mark.parametrize("name", RENDERERS)
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_no_output_holds_a_character_that_acts(name: str, text: str) -> None:
    out = rendered(name, text)
    assert {character for character in out if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"}} <= {"\n"}
    out.encode("utf-8")


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_json_stays_json(text: str) -> None:
    (run,) = json.loads(rendered("json", text))["runs"]
    assert run["results"][0]["message"] == text.encode("utf-8", "backslashreplace").decode()


@pytest.mark.parametrize("text", ["[red]x[/red].py", "[link=http://evil.example]x[/link].py", "a | b || c.py", "%s{0}{x!r}.py"])
def test_text_shows_a_name_as_it_is(text: str) -> None:
    assert rendered("text", text).startswith(f"{text.replace('/', '')}:21:12  error  {SEND}\n  {text}\n")


def test_text_keeps_a_name_with_newlines_on_one_line() -> None:
    assert rendered("text", HOSTILE["newline"]).startswith("a\\n# heading\\n| b |.py:21:12  error")


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_markdown_gains_no_element(text: str) -> None:
    """Rendered with raw HTML allowed, the hostile report has exactly the elements of a harmless one."""

    def elements(content: str) -> list[str]:
        tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(rendered("markdown", content))
        flat = [child for token in tokens for child in (token, *(token.children or ()))]
        return [token.type for token in flat if token.type not in {"text", "text_special", "softbreak"}]

    assert "html_block" not in elements(text)
    assert "html_inline" not in elements(text)
    assert elements(text) == elements("harmless")
