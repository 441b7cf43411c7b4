"""The sections of one run: what a scan found, what a validation saw, what holds of a plan and its suite."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from auditor.model import Checked, Outcome, Place, Result, Run
from auditor.report.checklist import NO, OPEN, YES, Item, checklist
from auditor.report.html.element import Child, Html, h, joined
from auditor.report.html.pictures import gallery
from auditor.report.html.prose import inline
from auditor.report.html.results import Explained, article, explanation, group, grouped
from auditor.report.observed import start
from auditor.report.verdict import OWN, unsuppressed, verdict_line
from auditor.report.view import View

_SIGNS = {YES: ("yes", "pass"), NO: ("no", "fail"), OPEN: ("not looked at", "skip")}
_TITLES = {
    "scan": "Gotchas in the code",
    "validate": "Does it work in production?",
    "plan": "Evidence of the plan",
    "suite": "Tests, types and lint",
    "prove": "Entries, run for real",
}
_MOST_PLACES = 3
_MOST_PACKAGES = 16


def section(run: Run, number: int, view: View, explained: Explained) -> Html:
    """A run under its heading; ``explained`` are the entries that were shown in full already."""
    made: Callable[[Run, View, Explained], Iterator[Child]] = {"scan": _scan, "validate": _validation}.get(run.producer, _plain)
    title = _TITLES.get(run.producer, run.producer)
    return h(
        "section",
        h("h2", title, id=f"run-{number}-title"),
        *made(run, view, explained),
        h("div", h("h3", "Notes"), h("ul", (h("li", inline(note)) for note in run.notes)), class_="card notes") if run.notes else None,
        id=f"run-{number}",
        class_="run",
        aria_labelledby=f"run-{number}-title",
    )


# -- a scan --------------------------------------------------------------------------------------------------------------------------


def _scan(run: Run, view: View, explained: Explained) -> Iterator[Child]:
    results = unsuppressed(run.results)
    of = {outcome: [result for result in results if result.outcome is outcome] for outcome in Outcome}
    if not of[Outcome.FAIL] and not of[Outcome.ERROR] and not of[Outcome.REVIEW]:
        yield h("p", _nothing(run), class_="card calm")
    for outcome, title in ((Outcome.FAIL, ""), (Outcome.ERROR, "Could not be examined"), (Outcome.REVIEW, "Needs a look")):
        if of[outcome]:
            groups = [group(check, found, view, explained) for check, found in grouped(of[outcome])]
            yield h("p", title, class_="between") if title else None
            yield joined(*groups)
    for outcome, title in ((Outcome.PASS, "Works"), (Outcome.SKIP, "Skipped")):
        if of[outcome]:
            yield _folded(title, of[outcome], view, explained)
    yield gallery(run)
    yield _checked(run)


def _nothing(run: Run) -> str:
    if not run.checked:
        return "No entry of the catalogue applies to this stack."
    return f"None of the {len(run.checked)} gotchas that apply to this stack was found."


def _folded(title: str, results: Sequence[Result], view: View, explained: Explained) -> Html:
    groups = [group(check, found, view, explained, plain=True) for check, found in grouped(results)]
    return h("details", h("summary", f"{title} ", h("span", str(len(results)), class_="number")), *groups, class_="fold")


def _checked(run: Run) -> Html | None:
    """Every entry that applied, those with sites first."""
    if not run.checked:
        return None
    met = [row for row in run.checked if row.fails or row.reviews or row.passes]
    unmet = [row for row in run.checked if row not in met]
    met.sort(key=lambda row: (not row.fails, not row.reviews, row.gotcha))
    columns = ("Gotcha", "Fails", "Review", "Works", "Where")
    table = h(
        "table",
        h("caption", "Entries of the catalogue that have sites here", class_="vh"),
        h("thead", h("tr", (h("th", name, scope="col") for name in columns))),
        h("tbody", map(_row, met)),
        class_="checked",
    )
    rest = h(
        "details",
        h("summary", f"{len(unmet)} more were checked and have no site here"),
        h("ul", (h("li", row.title, " ", h("code", row.gotcha, class_="id")) for row in unmet), class_="plainlist"),
    )
    return h("section", h("h3", "Gotchas checked"), _stack(run), table if met else None, rest if unmet else None, class_="card")


def _stack(run: Run) -> Html | None:
    """The packages that the entries checked are about, which are those a reader looks for, and how many others were detected."""
    subjects = {checked.gotcha.split("/")[0] for checked in run.checked}
    names = list(dict.fromkeys(f"{package.name} {package.version}".strip() for package in run.stack))
    near = list(dict.fromkeys(f"{package.name} {package.version}".strip() for package in run.stack if package.name in subjects)) or names
    shown = near[:_MOST_PACKAGES]
    more = len(names) - len(shown)
    items = [*(h("li", name) for name in shown), *([h("li", f"{more} more", class_="dim")] if more else [])]
    return h("ul", items, class_="chips", aria_label="Detected stack") if names else None


def _row(row: Checked) -> Html:
    places = [h("code", _where(place)) for place in row.places[:_MOST_PLACES]]
    more = len(row.places) - len(places)
    return h(
        "tr",
        h("th", row.title, " ", h("code", row.gotcha, class_="id"), scope="row"),
        _figure(row.fails, "fail"),
        _figure(row.reviews, "review"),
        _figure(row.passes, "pass"),
        h(
            "td",
            (joined(" " if number else "", place) for number, place in enumerate(places)),
            h("span", f" +{more}", class_="dim") if more > 0 else None,
        ),
    )


def _figure(number: int, kind: str) -> Html:
    return h("td", str(number), class_=f"num {kind}" if number else "num dim")


def _where(place: Place) -> str:
    return f"{place.path}:{place.line}" if place.path is not None and place.line else str(place)


# -- a validation ----------------------------------------------------------------------------------------------------------------------


def _validation(run: Run, view: View, explained: Explained) -> Iterator[Child]:
    results = unsuppressed(run.results)
    own = [result for result in results if result.check.startswith(OWN)]
    decided = [result for result in results if not result.check.startswith(OWN)]
    line = " ".join(verdict_line(run, fail_on=view.fail_on).split())
    yield h("p", line, class_="line")
    told = start(run)
    items = (joined(h("dt", name), h("dd", h("code", value))) for name, value in told)
    yield h("section", h("h3", "Started as production starts it"), h("dl", items, class_="facts"), class_="card") if told else None
    yield h("section", h("h3", "Checklist"), h("ul", map(_item, checklist(run)), class_="checklist"), class_="card")
    trouble = [result for result in own if result.outcome in (Outcome.FAIL, Outcome.ERROR, Outcome.REVIEW)]
    if trouble:
        yield h(
            "section",
            h("h3", "What fails"),
            [article(result, "h4", likely=explanation(result, view, explained)) for result in trouble],
            class_="group error",
        )
    if decided:
        yield h("p", "Findings of the scan, decided by running", class_="between")
        yield joined(*(group(check, found, view, explained) for check, found in grouped(decided)))
    yield gallery(run)
    for outcome, title in ((Outcome.PASS, "Works"), (Outcome.SKIP, "Skipped")):
        found = [result for result in own if result.outcome is outcome]
        if found:
            summary = h("summary", f"{title} ", h("span", str(len(found)), class_="number"))
            yield h("details", summary, h("section", (article(result, "h3", plain=True) for result in found), class_="group"), class_="fold")


def _item(item: Item) -> Html:
    word, kind = _SIGNS[item.sign]
    return h(
        "li",
        h("span", item.sign, aria_hidden="true", class_=f"sign {kind}"),
        h("span", h("b", item.title), h("span", f": {word}. ", class_="vh"), h("span", inline(item.evidence), class_="dim")),
    )


# -- anything else ---------------------------------------------------------------------------------------------------------------------


def _plain(run: Run, view: View, explained: Explained) -> Iterator[Child]:
    """Results one after the other, what fails first."""
    results = unsuppressed(run.results)
    loud = [result for result in results if result.outcome in (Outcome.FAIL, Outcome.ERROR, Outcome.REVIEW)]
    quiet = [result for result in results if result not in loud]
    if not results:
        yield h("p", "There is nothing to tell.", class_="card calm")
    yield joined(*(group(check, found, view, explained) for check, found in grouped(loud)))
    yield joined(*(group(check, found, view, explained) for check, found in grouped(quiet)))
    yield gallery(run)
