"""One result, as an article that says in its attributes what the filters need; and results grouped by what they are about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from auditor.model import Evidence, Outcome, Place, Result, Severity
from auditor.report.html.code import difference, listing, output
from auditor.report.html.element import Child, Html, h, joined, lines
from auditor.report.html.entries import entry
from auditor.report.html.prose import inline
from auditor.report.observed import causes, context, facts, pieces, title
from auditor.report.tally import plural
from auditor.report.verdict import NOT_ATTEMPTED, OWN, subject
from auditor.report.view import View
from auditor.report.visible import cropped

SEVERITIES = {Severity.ERROR: ("✗", "error"), Severity.WARNING: ("!", "warning"), Severity.NOTE: ("i", "note")}
OUTCOMES = {
    Outcome.FAIL: ("✗", "fails"),
    Outcome.ERROR: ("!", "not examined"),
    Outcome.REVIEW: ("?", "review"),
    Outcome.PASS: ("✓", "works"),
    Outcome.SKIP: ("–", "skipped"),
}
SHOWN_AT_ONCE = 12
"""Sites of one entry that are shown before the others have to be unfolded."""
_MOST_OPEN = 3
"""Entries that are unfolded from the start, where no change for the site itself says what to write."""
_OPEN = frozenset({"console", "step", "flow", "http", "response"})
_LOGS = frozenset({"log"})
_LONGEST = 2000


class Explained:
    """Which entries were told in full, and where on the page."""

    def __init__(self) -> None:
        self._places: dict[str, str] = {}

    def __contains__(self, gotcha: str) -> bool:
        return gotcha in self._places

    def __len__(self) -> int:
        return len(self._places)

    def tell(self, gotcha: str) -> str:
        """Note that it is told now; the id of the element to tell it in."""
        return self._places.setdefault(gotcha, f"entry-{len(self._places) + 1}")

    def place(self, gotcha: str) -> str:
        """The id of the element in which it was told."""
        return self._places[gotcha]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facets:
    """What a result can be filtered by."""

    outcome: str
    severity: str
    stack: str
    folder: str


def facets(result: Result) -> Facets:
    """The stack is what the id of the check begins with; the folder is "" for what is not in a file, and "." for the root."""
    folder = "" if result.place.path is None else str(result.place.path.parent)
    return Facets(outcome=result.outcome.value, severity=result.severity.value, stack=result.check.split("/", 1)[0], folder=folder)


def badge(result: Result) -> Html:
    """How bad it is, in a word and a sign besides the colour."""
    sign, word = SEVERITIES[result.severity] if result.outcome is Outcome.FAIL else OUTCOMES[result.outcome]
    kind = word if result.outcome is Outcome.FAIL else result.outcome.value
    if result.outcome is Outcome.SKIP and result.message.startswith(NOT_ATTEMPTED):
        word = NOT_ATTEMPTED
    return h(
        "span", h("span", sign, aria_hidden="true"), f" {word}", class_=f"badge {kind}" if result.outcome is not Outcome.ERROR else "badge broken"
    )


def article(result: Result, heading: str, *, plain: bool = False, badged: bool = True, likely: Child = None) -> Html:
    """A result in full; a ``plain`` one is a line, for what works or was skipped.

    Without its badge it stands below one that says the same; ``likely`` is what explains it.
    """
    own = result.check.startswith(OWN)
    about = subject(result) or result.check
    name: Child = h("code", about)
    if own:
        name = joined(h("span", result.check.removeprefix(OWN), class_="check"), " ", h("code", subject(result)) if subject(result) else None)
    doubt = f"{result.confidence.value} confidence" if result.confidence != "high" else None
    found = facets(result)
    content: list[Child] = [
        h(
            "div",
            badge(result) if badged else None,
            h(heading, name, class_="place"),
            h("span", doubt, class_="dim") if doubt else None,
            class_="head",
        ),
        h("p", inline(cropped(result.message, _LONGEST)), class_="message"),
    ]
    if not plain:
        content += [*_body(result), likely]
    if result.suppression:
        where = f" ({result.suppression.place})" if result.suppression.place and str(result.suppression.place) else ""
        content.append(h("p", h("b", "Suppressed"), f" by {result.suppression.origin}{where}: {result.suppression.reason}", class_="reason"))
    return h(
        "article",
        content,
        class_="result line" if plain else "result",
        data_fingerprint=result.fingerprint,
        data_outcome=found.outcome,
        data_check=result.check,
        data_severity=found.severity,
        data_stack=found.stack,
        data_folder=found.folder,
        data_suppressed=result.suppression is not None,
    )


def _body(result: Result) -> Iterator[Child]:
    told = facts(result)
    if told:
        yield h("dl", (joined(h("dt", name), h("dd", h("code", lines(cropped(value, _LONGEST))))) for name, value in told), class_="facts")
    likely = causes(result)
    if likely:
        yield h("ul", (h("li", "likely ", h("code", gotcha), f" {where}".rstrip()) for gotcha, where in likely), class_="causes")
    yield _code(result)
    yield from (_piece(piece) for piece in pieces(result) if piece.kind != "code")
    yield _trail(result.related) if result.related else None
    if result.change:
        head = h("p", h("span", h("span", "✓", aria_hidden="true"), " WORKS", class_="side pass"), " ", inline(result.change.title), class_="file")
        yield h("div", head, difference(result.change), class_="change")


def _code(result: Result) -> Html | None:
    path = str(result.place.path or "")
    span = result.place.span
    around, first = context(result)
    if around is not None and span is not None:
        marked = range(span.start.line, max(span.end.line, span.start.line) + 1)
        return listing(around.body, path, first=first, marked=marked, span=span)
    shown = [piece for piece in result.evidence if piece.kind == "code"]
    if not shown:
        return None
    start = result.place.line or 1
    return joined(*(listing(piece.body, path, first=start, marked=range(start, start + 400) if span else (), span=span, most=24) for piece in shown))


def _piece(piece: Evidence) -> Html:
    """Something that was seen, to unfold; where it is the heart of the matter it is unfolded."""
    cut = " (cut short)" if piece.truncated else ""
    return h("details", h("summary", title(piece), cut), output(piece.body, last=piece.kind in _LOGS), open=piece.kind in _OPEN, class_="seen")


def _trail(places: Sequence[Place]) -> Html:
    """The values that led to the verdict, in order."""
    items = []
    for place in places:
        where = f"{place.path}:{place.line}" if place.path is not None and place.line else str(place)
        label = place.label if place.path is not None else ""
        items.append(h("li", h("code", where), " ", h("span", inline(label)) if label else None))
    return h("div", h("p", "How it comes to this", class_="label"), h("ol", items, class_="trail"), class_="led")


def explanation(result: Result, view: View, explained: Explained) -> Html | None:
    """The entry that is the likeliest cause of what was observed, unless it was shown before."""
    for gotcha, _ in causes(result)[:1]:
        note = view.entries.get(gotcha)
        if note is not None and gotcha not in explained:
            told = entry(note, explained.tell(gotcha), opened=True)
            return h("div", h("p", "The likely cause: ", h("b", note.title), class_="cause"), told, class_="explained")
    return None


def grouped(results: Sequence[Result]) -> Sequence[tuple[str, Sequence[Result]]]:
    """Results by check: the most severe first, then those with most sites."""
    found: dict[str, list[Result]] = {}
    for result in results:
        found.setdefault(result.check, []).append(result)
    return sorted(found.items(), key=lambda item: (-max(result.severity.rank for result in item[1]), -len(item[1]), item[0]))


def group(check: str, results: Sequence[Result], view: View, explained: Explained, *, plain: bool = False) -> Html:
    """Everything about one entry: what it is, its sites, and the entry itself the first time it comes up."""
    note = view.entries.get(check)
    worst = max(results, key=lambda result: result.severity.rank)
    noun = "site" if note else "result"
    head = h(
        "div",
        badge(worst),
        h("h3", note.title if note else check),
        h(
            "p",
            h("code", check, class_="id") if note else None,
            h("span", plural(len(results), noun), class_="dim count", data_noun=noun),
            class_="meta",
        ),
        class_="grouphead",
    )
    about: list[Child] = []
    if note is not None and not plain:
        about.append(h("div", h("p", inline(note.gotcha.summary), class_="summary")))
        if check in explained:
            about.append(
                h("p", h("a", "Why it breaks, and FAILS next to WORKS", href=f"#{explained.place(check)}"), " is told above.", class_="told")
            )
        else:
            advised = any(result.change for result in results)
            about.append(entry(note, explained.tell(check), opened=not advised and len(explained) <= _MOST_OPEN))
    sites = [article(result, "h4", plain=plain, badged=_tone(result) != _tone(worst)) for result in results]
    return h("section", head, about, _unfolded(sites), class_=f"group {_tone(worst)}")


def _unfolded(items: Sequence[Html]) -> Html:
    rest = items[SHOWN_AT_ONCE:]
    if len(rest) < 4:
        return joined(*items)
    return joined(*items[:SHOWN_AT_ONCE], h("details", h("summary", f"{len(rest)} more"), *rest, class_="rest"))


def _tone(result: Result) -> str:
    if result.outcome is Outcome.FAIL:
        return result.severity.value
    return {Outcome.ERROR: "broken"}.get(result.outcome, result.outcome.value)


def counts(results: Sequence[Result]) -> Mapping[str, int]:
    """How many results have each outcome, suppressed ones apart."""
    found = {outcome.value: sum(result.outcome is outcome and result.suppression is None for result in results) for outcome in OUTCOMES}
    return {**found, "suppressed": sum(result.suppression is not None for result in results)}
