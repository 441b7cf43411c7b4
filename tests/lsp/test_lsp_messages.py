"""Results as diagnostics and hover text, made by hand."""

import unicodedata
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest
from lsprotocol import types
from markdown_it import MarkdownIt

from auditor.catalogue import load
from auditor.lsp.actions import Able, actions
from auditor.lsp.desk import Document, Found
from auditor.lsp.jobs import Answer
from auditor.lsp.messages import Words, diagnostic, explained, of_document
from auditor.model import Change, Confidence, Edit, Outcome, Place, Result, Safety, Severity, span_of

CHECK = "flask/cors-any-origin"
ROOT = Path("/shop")
WEB = PurePosixPath("web.py")
RESULT = Result(
    check=CHECK,
    outcome=Outcome.FAIL,
    message="any website",
    place=Place(path=WEB, span=span_of(1, 6, 1, 15)),
    severity=Severity.ERROR,
    confidence=Confidence.HIGH,
    fingerprint="f1",
)
HOSTILE = [
    "[link](javascript:alert(1))",
    "<script>alert(1)</script><!--",
    "\x1b]0;owned\x07\x9b31m",
    "a\rb\x00\u202eyp",
    "```\nx\n```",
    "# heading\n| a | b |",
    "bad\udcff",
]


def found(*results, text="x = 😀CORS(app)\n", entries=True):
    document = Document(uri="file:///shop/web.py", version=4, text=text, language="python", path=ROOT / WEB, root=ROOT)
    lines = {WEB: dict(enumerate(text.split("\n"), 1)), PurePosixPath("settings.py"): {3: "ABC = 1"}}
    held = {CHECK: load().get(CHECK)} if entries else {}
    return Found(document=document, answer=Answer(results=results, entries=held, lines=lines), versions={document.uri: 4})


def shown(result, **words):
    return diagnostic(result, found(result), {}, Words(**words))


@pytest.mark.parametrize(
    ("severity", "outcome", "expected"),
    [
        (Severity.ERROR, Outcome.FAIL, types.DiagnosticSeverity.Error),
        (Severity.WARNING, Outcome.FAIL, types.DiagnosticSeverity.Warning),
        (Severity.NOTE, Outcome.FAIL, types.DiagnosticSeverity.Information),
        (Severity.ERROR, Outcome.REVIEW, types.DiagnosticSeverity.Information),
        (Severity.ERROR, Outcome.ERROR, types.DiagnosticSeverity.Information),
    ],
)
def test_severities(severity, outcome, expected):
    assert shown(replace(RESULT, severity=severity, outcome=outcome)).severity == expected


def test_what_is_not_known_to_be_wrong_says_so():
    assert shown(replace(RESULT, outcome=Outcome.REVIEW)).message == "to be reviewed: any website"
    assert shown(replace(RESULT, outcome=Outcome.ERROR)).message == "could not be examined: any website"


def test_the_range_is_in_units_of_the_client():
    assert shown(RESULT).range == types.Range(types.Position(0, 6), types.Position(0, 15))
    assert shown(RESULT, encoding="utf-32").range == types.Range(types.Position(0, 5), types.Position(0, 14))


def test_the_trail_is_related_where_it_is_a_file_and_told_where_it_is_none():
    trail = (
        Place(path=PurePosixPath("settings.py"), span=span_of(3), label="ABC is set here"),
        Place(path=PurePosixPath("dist"), label="the folder is here"),
        Place(path=None, label="nowhere"),
    )
    one = shown(replace(RESULT, related=trail))
    (spot,) = one.related_information
    assert (spot.location.uri, spot.location.range.start, spot.message) == ("file:///shop/settings.py", types.Position(2, 0), "ABC is set here")
    assert one.message == "any website\ndist: the folder is here"


def test_only_results_in_the_document_are_its_own():
    elsewhere = replace(RESULT, place=Place(path=PurePosixPath("other.py"), span=span_of(1)))
    nowhere = replace(RESULT, place=Place(path=None, label="semgrep"))
    assert of_document(found(RESULT, elsewhere, nowhere)) == (RESULT,)


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_from_the_project_acts_in_the_editor(text):
    result = replace(
        RESULT,
        message=text,
        related=(
            Place(path=PurePosixPath("settings.py"), span=span_of(3), label=text),
            Place(path=PurePosixPath(text.replace("\0", "")), label=text),
        ),
        change=Change(title=text, safety=Safety.UNSAFE, before=text, after=text + "x"),
    )
    one = shown(result)
    told = explained(result, load().get(CHECK), "https://example.org/" + text)
    for out in (one.message, one.related_information[0].message, told):
        assert {character for character in out if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"}} <= {"\n"}

    def kinds(markdown):
        tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(markdown)
        flat = [child for token in tokens for child in (token, *(token.children or ()))]
        return [token.type for token in flat if token.type not in {"text", "text_special", "softbreak"}]

    harmless = replace(result, message="harmless", change=Change(title="", safety=Safety.UNSAFE, before="a", after="b"))
    assert kinds(told) == kinds(explained(harmless, load().get(CHECK), "https://example.org/harmless"))


# -- actions -----------------------------------------------------------------------------------------------------------------------


def offered(result, *, documents=None, **able):
    here = found(result)
    held = {here.document.uri: here.document} if documents is None else documents(here)
    return list(actions(result, diagnostic(result, here, {}, Words()), here, held, Able(**able)))


def changed(safety, *edits):
    return replace(RESULT, change=Change(title="", safety=safety, before="CORS(app)", after="CORS(app, origins=ALLOWED)", edits=edits))


EDIT = Edit(path=WEB, span=span_of(1, 6, 1, 15), text="CORS(app, origins=ALLOWED)")


@pytest.mark.parametrize(("safety", "preferred"), [(Safety.SAFE, True), (Safety.UNSAFE, None)])
def test_only_a_safe_change_is_preferred(safety, preferred):
    first = offered(changed(safety, EDIT))[0]
    assert (first.is_preferred, first.kind) == (preferred, types.CodeActionKind.QuickFix)
    (edit,) = first.edit.changes["file:///shop/web.py"]
    assert (edit.range.start.character, edit.new_text) == (6, "CORS(app, origins=ALLOWED)")


def test_advice_without_edits_is_shown_and_not_written():
    titles = [action.title for action in offered(changed(Safety.SAFE))]
    assert titles == [f"Show what works: {CHECK}", f"Silence {CHECK} here: the reason is yours to write"]


def test_an_edit_in_another_file_that_has_changed_is_not_offered():
    other = Document(uri="file:///shop/settings.py", version=2, text="ABC = 1", language="python", path=ROOT / "settings.py", root=ROOT)
    result = changed(Safety.SAFE, EDIT, Edit(path=PurePosixPath("settings.py"), span=span_of(3, 1, 3, 4), text="X"))
    assert set(offered(result)[0].edit.changes) == {"file:///shop/web.py", "file:///shop/settings.py"}  # as it is on disk
    with_it = offered(result, documents=lambda here: {here.document.uri: here.document, other.uri: other})
    assert [action.command is not None for action in with_it] == [True, False]


def test_what_is_no_entry_has_no_actions():
    result = replace(RESULT, check="scan/unparseable", outcome=Outcome.ERROR)
    assert offered(result) == []
