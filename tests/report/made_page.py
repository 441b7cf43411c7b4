"""An HTML report, parsed by the rules of HTML, with what the tests ask of it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import html5lib
from made_report import NOTES, SEND, broken, failing, made_report, passing, review, silenced

from auditor.model import Evidence, Place, Report, Result
from auditor.report import RENDERERS, EntryNote, Observation, ProofNote, View

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPj/HwADAgH/p9FtZQAAAABJRU5ErkJggg=="
PROOF = ProofNote(
    state="proven",
    date="2026-11-24",
    ran="gunicorn -b 127.0.0.1:{port} web:app",
    versions={"flask": "3.1.3"},
    fails=(Observation(what="GET /", seen="404 text/html"),),
    works=(Observation(what="GET /", seen="200 text/html"),),
)


def proven(note: EntryNote, proof: ProofNote = PROOF) -> EntryNote:
    return replace(note, proof=partial(replace, proof))


VIEW = View(entries={**NOTES, SEND: proven(NOTES[SEND])}, project="shop")


def page(report: Report, view: View = VIEW) -> str:
    return RENDERERS["html"](report, view)


def parsed(text: str):
    """The document; a mistake against the rules of HTML is an error, as `strict` of html5lib has it."""
    parser = html5lib.HTMLParser(tree=html5lib.getTreeBuilder("etree"), strict=True, namespaceHTMLElements=False)
    return parser.parse(text)


def articles(text: str) -> list[dict[str, str]]:
    return [dict(each.attrib) for each in parsed(text).iter("article")]


def words(element) -> str:
    return " ".join("".join(element.itertext()).split())


def everything() -> Report:
    """Every outcome, something suppressed, and the same failure at several sites."""
    sites = [replace(failing(f"app/part{number}/web.py"), fingerprint=f"site{number}") for number in range(20)]
    return made_report(failing(), *sites, review(), passing(), broken(), silenced(), notes=("a note with `code`",), skipped={"generated": 2})


def pictured(result: Result, body: str = PIXEL) -> Result:
    return replace(
        result,
        check="runtime/console",
        place=Place(path=None, label="GET /"),
        change=None,
        related=(),
        evidence=(Evidence(kind="image", title="what is seen at http://127.0.0.1:8000/", body=body),),
    )
