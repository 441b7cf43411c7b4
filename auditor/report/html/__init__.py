"""The ``html`` format: one file for a person who would rather look than read.

The file stands alone: style and script are inside, and its own policy lets it load nothing and send nothing
(https://www.w3.org/TR/CSP3/, delivered as `meta`). Without the script everything is shown; with it, it can be narrowed.
Every result is an `article` with `data-fingerprint`, `data-outcome`, `data-check`, `data-severity`, `data-stack` and `data-folder`; suppressed ones
stand in `#suppressed` and have `data-suppressed` besides.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from functools import cache
from importlib import resources

from auditor.model import Outcome, Report, Result
from auditor.report.html.element import Html, h
from auditor.report.html.filters import form
from auditor.report.html.results import Explained, article, counts
from auditor.report.html.runs import section
from auditor.report.tally import coverage_line, plural, summary
from auditor.report.verdict import Verdict, verdict
from auditor.report.view import View

_ORDER = (Verdict.FAIL, Verdict.INCOMPLETE, Verdict.NOT_ATTEMPTED, Verdict.PASS)
_SIGNS = {Verdict.FAIL: "✗", Verdict.INCOMPLETE: "!", Verdict.NOT_ATTEMPTED: "–", Verdict.PASS: "✓"}
_KINDS = {Verdict.FAIL: "fail", Verdict.INCOMPLETE: "review", Verdict.NOT_ATTEMPTED: "review", Verdict.PASS: "pass"}
_TILES = (("fail", "✗", "fail"), ("review", "?", "review"), ("error", "!", "not examined"), ("pass", "✓", "work"), ("suppressed", "–", "suppressed"))
_MANY = 150
"""From this number on, results out of sight are not laid out until somebody comes near."""
_OURS = frozenset({"runtime", "plan", "suite", "scan"})
"""How checks begin that are no entries of the catalogue."""
_FIRST = ("plan", "suite", "validate", "scan")


def render(report: Report, view: View) -> str:
    """Write the whole report as a page: every result is in it, whatever the view shows; what works is folded."""
    style, script = _resource("style.css"), _resource("script.js")
    policy = f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; img-src data:; base-uri 'none'; form-action 'none'"
    said = _verdict(report, view)
    head = h(
        "head",
        h("meta", charset="utf-8"),
        h("meta", http_equiv="Content-Security-Policy", content=policy),
        h("meta", name="viewport", content="width=device-width, initial-scale=1"),
        h("meta", name="color-scheme", content="light dark"),
        h("meta", name="referrer", content="no-referrer"),
        h("meta", name="robots", content="noindex"),
        h("title", f"{said}: {_name(report, view)} – {report.tool.name}"),
        h("style", style),
    )
    many = len(report.results) > _MANY
    body = h(
        "body",
        h("a", "Skip to the results", href="#main", class_="jump"),
        _header(report, view, said),
        _middle(report, view),
        _footer(report),
        h("script", script),
        class_="many" if many else None,
    )
    return f"<!DOCTYPE html>\n{h('html', head, body, lang='en')}\n"


def _middle(report: Report, view: View) -> Html:
    explained = Explained()
    open_results = [result for result in report.results if result.suppression is None]
    runs = sorted(enumerate(report.runs, 1), key=lambda item: _FIRST.index(item[1].producer) if item[1].producer in _FIRST else len(_FIRST))
    sections = [section(run, number, view, explained) for number, run in runs]
    main = h("main", sections, _suppressed(report), _coverage(report), id="main", tabindex="-1")
    return h("div", form(open_results), main, class_="page")


def _verdict(report: Report, view: View) -> Verdict:
    """The worst verdict of the runs; a report without any has not been attempted."""
    found = [verdict(run, fail_on=view.fail_on) for run in report.runs]
    return min(found, key=_ORDER.index, default=Verdict.NOT_ATTEMPTED)


def _header(report: Report, view: View, said: Verdict) -> Html:
    number = counts(report.results)
    tiles = (
        h(
            "li",
            h("span", h("span", sign, aria_hidden="true"), f" {number[name]}", class_="figure"),
            " ",
            h("span", word),
            class_=f"tile {name}" if number[name] else "tile",
        )
        for name, sign, word in _TILES
        if number[name] or name in ("fail", "pass")
    )
    started = min((run.started for run in report.runs), default=None)
    when = h("time", started.strftime("%Y-%m-%d %H:%M %Z").strip(), datetime=started.isoformat()) if started else None
    return h(
        "header",
        h(
            "div",
            h("p", h("b", report.tool.name), f" {report.tool.version}", class_="brand"),
            h("button", h("span", "◐ ", aria_hidden="true"), "Dark mode", type="button", id="scheme", hidden=True, aria_pressed="false"),
            class_="bar",
        ),
        h(
            "div",
            h("p", h("span", _SIGNS[said], aria_hidden="true"), f" {said}", class_=f"stamp {_KINDS[said]}"),
            h("h1", _headline(report, said)),
            h("p", h("b", _name(report, view)), h("code", report.root) if report.root != "." else None, when, class_="subject"),
            h("ul", tiles, class_="tiles", aria_label="Results"),
            _contents(report, view) if len(report.runs) > 1 else None,
            class_="hero",
        ),
    )


def _name(report: Report, view: View) -> str:
    return view.project or report.root


def _headline(report: Report, said: Verdict) -> str:
    """What it means, in a sentence."""
    results = [result for result in report.results if result.suppression is None]
    failing = [result for result in results if result.outcome is Outcome.FAIL]
    unseen = sum(result.outcome is Outcome.ERROR for result in results)
    if said is Verdict.FAIL:
        return _failing(failing)
    if said is Verdict.INCOMPLETE:
        return f"Nothing is known to fail, but {plural(unseen, 'thing')} could not be examined"
    if said is Verdict.NOT_ATTEMPTED:
        return "Nothing was decided about production"
    if failing:
        return f"Nothing serious fails; {plural(len(failing), 'lesser finding')}"
    return (
        "It works as production would run it" if any(run.producer == "validate" for run in report.runs) else "No gotcha of the catalogue fails here"
    )


def _failing(failing: list[Result]) -> str:
    sites = sum(result.check.split("/", 1)[0] not in _OURS for result in failing)
    others = len(failing) - sites
    parts = []
    if others:
        parts.append(f"{plural(others, 'check')} {'fails' if others == 1 else 'fail'}" + (" in production" if not sites else ""))
    if sites:
        parts.append(f"{plural(sites, 'site')} in the code {'breaks' if sites == 1 else 'break'} in production")
    return ", ".join(parts)


def _contents(report: Report, view: View) -> Html:
    """A way to each run, with its verdict."""
    items = []
    for number, run in enumerate(report.runs, 1):
        said = verdict(run, fail_on=view.fail_on)
        items.append(h("li", h("a", f"{run.producer} ", h("b", f"{_SIGNS[said]} {said}", class_=_KINDS[said]), href=f"#run-{number}")))
    return h("nav", h("ul", items), aria_label="Parts of the report", class_="contents")


def _suppressed(report: Report) -> Html | None:
    found = [result for result in report.results if result.suppression is not None]
    if not found:
        return None
    summary_ = h("summary", h("h2", "Suppressed"), " ", h("span", str(len(found)), class_="number"))
    return h(
        "details", summary_, h("section", (article(result, "h3", plain=True) for result in found), class_="group"), class_="fold", id="suppressed"
    )


def _coverage(report: Report) -> Html | None:
    scans = tuple(run for run in report.runs if run.producer == "scan" and run.coverage.selected)
    if not scans:
        return None
    return h("section", h("h2", "Coverage"), h("p", f"Files: {coverage_line(replace(report, runs=scans))}."), class_="card coverage")


def _footer(report: Report) -> Html:
    return h("footer", h("p", f"{summary(report)}. This file loads nothing and sends nothing."))


@cache
def _resource(name: str) -> Html:
    """A file of this package, which is markup by our own word: `_safe` holds it to what cannot end its element."""
    return _safe(resources.files(__package__).joinpath(name).read_text("utf-8"))


def _safe(text: str) -> Html:
    """https://html.spec.whatwg.org/multipage/scripting.html#restrictions-for-contents-of-script-elements."""
    if "</" in text or "<!--" in text:
        raise ValueError("a style or script inside a page cannot hold `</` or `<!--`")
    return Html(text)


def _digest(text: Html) -> str:
    """The source expression that lets exactly this text run (https://www.w3.org/TR/CSP3/#framework-directive-source-list)."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
