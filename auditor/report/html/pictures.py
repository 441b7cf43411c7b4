"""Screenshots, inside the page itself."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.model import Evidence, Outcome, Run
from auditor.report.html.element import Html, h, joined
from auditor.report.html.prose import inline
from auditor.report.html.results import badge
from auditor.report.observed import pictures
from auditor.report.verdict import subject
from auditor.report.visible import cropped

_LONGEST = 200
_KINDS = (("iVBORw0KGgo", "png"), ("/9j/", "jpeg"))
"""How the files begin, in base64: PNG (https://www.w3.org/TR/png-3/#5PNG-file-signature) and JPEG (its SOI and the next marker)."""
_BASE64 = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")


def gallery(run: Run) -> Html | None:
    """Every page that a browser looked at, those first where something fails."""
    found = list(_figures(run))
    return h("section", h("h3", "Pages as a browser shows them"), h("div", found, class_="pictures"), class_="card") if found else None


def _figures(run: Run) -> Iterator[Html]:
    for result in sorted(run.results, key=lambda result: (result.outcome is not Outcome.FAIL, result.outcome is Outcome.PASS)):
        for piece in pictures(result):
            page = subject(result) or piece.title or "a page"
            mark = joined(badge(result), " ") if result.outcome is not Outcome.SKIP else None
            yield h("figure", _image(piece, page), h("figcaption", mark, h("code", page), " ", inline(cropped(result.message, _LONGEST))))


def _image(piece: Evidence, words: str) -> Html:
    """The picture; what is none is named instead."""
    kind = next((kind for start, kind in _KINDS if piece.body.startswith(start)), "")
    if not kind or not _BASE64.issuperset(piece.body):
        return h("p", "This picture cannot be shown.", class_="dim")
    return h("img", src=f"data:image/{kind};base64,{piece.body}", alt=f"Screenshot: {words}")
