"""An entry of the catalogue: why it breaks, FAILS next to WORKS, when it is fine, and what was seen when both were run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from auditor.model import Example, Gotcha
from auditor.report.html.code import listing, output
from auditor.report.html.element import Html, h, joined
from auditor.report.html.prose import inline, link, prose
from auditor.report.view import EntryNote, Observation, ProofNote

_MOST_LINES = 60
_MOST_VERSIONS = 8


def entry(note: EntryNote, place: str, *, opened: bool) -> Html:
    """The whole entry, to fold away; ``place`` is its id on the page."""
    gotcha = note.gotcha
    pages = [link(note.link, "The entry"), *(link(source, _host(source)) for source in gotcha.sources)]
    content = (
        h("div", prose(gotcha.why), class_="prose"),
        h("div", *_sides(gotcha), class_="sides"),
        h("div", h("h4", "When it is fine"), prose(gotcha.fine_when), class_="prose") if gotcha.fine_when.strip() else None,
        proof(note.proof()),
        h("p", "Read more: ", _listed([page for page in pages if page]), class_="sources"),
    )
    return h(
        "details",
        h("summary", "Why it breaks, and ", h("b", "FAILS next to WORKS")),
        h("div", *content, class_="inside"),
        class_="entry",
        id=place,
        open=opened,
    )


def proof(note: ProofNote) -> Html:
    """What running the examples showed, or that nobody has run them."""
    if note.state not in ("proven", "stale"):
        word = "Not proven by running" if note.state == "unproven" else "Cannot be proven by running"
        return h("p", f"{word}{f': {note.reason}' if note.reason else ''}", class_="proof none")
    head = "Proven by running" if note.state == "proven" else "Proven once; the entry has changed since"
    versions = ", ".join(f"{name} {version}" for name, version in list(note.versions.items())[:_MOST_VERSIONS])
    rows = [*_seen("FAILS", "fail", note.fails), *_seen("WORKS", "pass", note.works)]
    return h(
        "section",
        h("h4", h("span", "✓ ", aria_hidden="true", class_="pass"), head, h("span", f" on {note.date}" if note.date else "", class_="dim")),
        h("p", h("code", note.ran), class_="ran") if note.ran else None,
        h("p", versions, class_="dim") if versions else None,
        h(
            "table",
            h("caption", "What was seen when both examples were run", class_="vh"),
            h("thead", h("tr", h("th", "Example", scope="col"), h("th", "Looked at", scope="col"), h("th", "Seen", scope="col"))),
            h("tbody", rows),
        )
        if rows
        else None,
        class_="proof",
    )


def _seen(word: str, kind: str, looks: Sequence[Observation]) -> Iterator[Html]:
    sign = "✗" if kind == "fail" else "✓"
    for look in looks:
        badge = h("span", h("span", sign, aria_hidden="true"), f" {word}", class_=f"side {kind}")
        yield h("tr", h("td", badge), h("td", h("code", look.what)), h("td", look.seen))


def _sides(gotcha: Gotcha) -> Iterator[Html]:
    same = {path for path, body in gotcha.fails.files.items() if gotcha.works.files.get(path) == body}
    for word, kind, sign, example in (("FAILS", "fail", "✗", gotcha.fails), ("WORKS", "pass", "✓", gotcha.works)):
        yield h(
            "section",
            h("h4", h("span", sign, aria_hidden="true"), f" {word}", class_=f"side {kind}"),
            _files(example, same),
            class_=f"half {kind}",
        )


def _files(example: Example, same: set[PurePosixPath]) -> Iterator[Html]:
    for path, body in example.files.items():
        if path in same:
            continue
        marks = tuple(line for file, line in example.marks if file == path)
        yield h("p", h("code", str(path)), class_="file")
        yield listing(body, str(path), marked=marks, most=_MOST_LINES) if body.strip() else output("(empty)")
    if same:
        yield h("p", "The same in both: ", joined(*_separated([h("code", str(path)) for path in sorted(same)])), class_="dim")


def _separated(items: Sequence[Html]) -> Iterator[Html]:
    for number, item in enumerate(items):
        yield joined(", " if number else "", item)


def _listed(items: Sequence[Html]) -> Html:
    return joined(*_separated(items)) if items else inline("the entry is the project's own")


def _host(address: str) -> str:
    return address.split("/")[2] if address.count("/") >= 2 else address
