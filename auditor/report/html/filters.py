"""The form that narrows what is shown. It is there once the script has started: without it, everything is shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath

from auditor.model import Outcome, Result
from auditor.report.html.element import Html, h
from auditor.report.html.results import OUTCOMES, SEVERITIES, Facets, facets

_MOST_FOLDERS = 300
_DEEPEST = 4


def form(results: Sequence[Result]) -> Html:
    """Outcome, severity, stack, folder and words, each with the number of results that it would leave."""
    found = [facets(result) for result in results]
    outcomes = [(outcome.value, f"{sign} {word}") for outcome, (sign, word) in OUTCOMES.items()]
    severities = [(severity.value, f"{sign} {word}") for severity, (sign, word) in SEVERITIES.items()]
    loud = Counter(facet.severity for facet in found if facet.outcome in (Outcome.FAIL, Outcome.REVIEW))
    stacks = Counter(facet.stack for facet in found)
    return h(
        "form",
        h("details", h("summary", h("h2", "Filter")), h("div", _fields(found, outcomes, severities, loud, stacks), class_="fields"), open=True),
        h("p", f"{len(results)} results", role="status", aria_live="polite", id="shown"),
        id="filters",
        role="search",
        aria_label="Filter the results",
        hidden=True,
    )


def _fields(
    found: Sequence[Facets],
    outcomes: Iterable[tuple[str, str]],
    severities: Iterable[tuple[str, str]],
    loud: Counter[str],
    stacks: Counter[str],
) -> Iterator[Html | None]:
    yield h("div", h("label", "Search", for_="words"), h("input", type="search", id="words", autocomplete="off", spellcheck="false"), class_="field")
    counted = Counter(facet.outcome for facet in found)
    yield _choice("Outcome", "outcome", [(value, name, counted[value]) for value, name in outcomes if counted[value]])
    yield _choice("Severity", "severity", [(value, name, loud[value]) for value, name in severities if loud[value]])
    yield _choice("Stack", "stack", [(name, name, number) for name, number in sorted(stacks.items(), key=lambda item: (-item[1], item[0]))])
    folders = _folders(found)
    if len(folders) > 1:
        options = [h("option", "All folders", value="")]
        options += [h("option", f"{'files in no folder' if name == '.' else name + '/'} ({number})", value=name) for name, number in folders]
        yield h("div", h("label", "Folder", for_="folder"), h("select", options, id="folder", autocomplete="off"), class_="field")
    yield h("button", "Show everything", type="reset")


def _choice(title: str, name: str, values: Sequence[tuple[str, str, int]]) -> Html | None:
    """Boxes; with none of them ticked, nothing is left out."""
    boxes = (
        h(
            "label",
            h("input", type="checkbox", name=name, value=value, autocomplete="off"),
            h("span", words, class_=f"word {value}"),
            h("span", str(number), class_="number"),
        )
        for value, words, number in values
    )
    return h("fieldset", h("legend", title), boxes, class_=name) if len(values) > 1 else None


def _folders(found: Iterable[Facets]) -> Sequence[tuple[str, int]]:
    """Folders with the number of results in and below them; those with the most, when there are too many for a list."""
    counted: Counter[str] = Counter()
    for facet in found:
        if facet.folder == ".":
            counted["."] += 1
        elif facet.folder:
            parts = PurePosixPath(facet.folder).parts[:_DEEPEST]
            counted.update("/".join(parts[: number + 1]) for number in range(len(parts)))
    kept = counted.most_common(_MOST_FOLDERS)
    return sorted(kept, key=lambda item: item[0].split("/"))
