"""Results as the protocol's diagnostics, and entries as hover text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from lsprotocol import types

from auditor.lsp.desk import Found
from auditor.lsp.folders import uri_of
from auditor.lsp.positions import range_of
from auditor.model import Gotcha, Outcome, Result, Severity
from auditor.report.markup import address, block, code, words
from auditor.report.visible import code_lines, visible

SOURCE = "gotcha-audit"
_SEVERITIES = {
    Severity.ERROR: types.DiagnosticSeverity.Error,
    Severity.WARNING: types.DiagnosticSeverity.Warning,
    Severity.NOTE: types.DiagnosticSeverity.Information,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What is agreed with the client, and where the page of an entry is."""

    encoding: str = "utf-16"
    related: bool = True
    page: Callable[[Gotcha], str] = lambda _: ""


def of_document(found: Found) -> tuple[Result, ...]:
    """The results that lie in the document itself."""
    return tuple(result for result in found.answer.results if result.place.path == found.document.name)


def diagnostic(result: Result, found: Found, uris: Mapping[Path, str], words_: Words) -> types.Diagnostic:
    """One result. What is under review, and what could not be examined, informs: neither is known to be wrong."""
    gotcha = found.answer.entries.get(result.check)
    link = words_.page(gotcha) if gotcha is not None else ""
    message = visible(result.message, keep="\n")
    if result.outcome is Outcome.REVIEW:
        message = f"to be reviewed: {message}"
    if result.outcome is Outcome.ERROR:
        message = f"could not be examined: {message}"
    related = tuple(_related(result, found, uris, words_))
    folded = [place for place in result.related if not words_.related or place.path is None or place.path not in found.answer.lines]
    message += "".join(f"\n{visible(str(place))}: {visible(place.label)}" for place in folded if place.path is not None and place.label)
    return types.Diagnostic(
        range=_range(result.place.path, result, found, words_),
        message=message,
        severity=_SEVERITIES[result.severity] if result.outcome is Outcome.FAIL else types.DiagnosticSeverity.Information,
        code=result.check,
        code_description=types.CodeDescription(href=link) if link else None,
        source=SOURCE,
        related_information=list(related) or None,
        data={"fingerprint": result.fingerprint},
    )


def _range(path: PurePosixPath | None, result: Result, found: Found, words_: Words) -> types.Range:
    lines = found.answer.lines.get(path, {}) if path is not None else {}
    return range_of(result.place.span, lines, words_.encoding)


def _related(result: Result, found: Found, uris: Mapping[Path, str], words_: Words) -> Iterator[types.DiagnosticRelatedInformation]:
    """The trail of values that led to the verdict, as far as it lies in files."""
    root = found.document.root
    for place in result.related if words_.related and root is not None else ():
        if place.path is not None and root is not None and place.path in found.answer.lines:
            path = root / place.path
            spot = types.Location(uri=uris.get(path) or uri_of(path), range=range_of(place.span, found.answer.lines[place.path], words_.encoding))
            yield types.DiagnosticRelatedInformation(location=spot, message=visible(place.label) or visible(str(place)))


def explained(result: Result, gotcha: Gotcha | None, link: str) -> str:
    """One result with its entry, as Markdown. The entry's own text is Markdown; what comes from the project is escaped."""
    parts = [f"**{words(gotcha.title if gotcha else result.message)}** · {result.severity.value} · {code(result.check)}"]
    if gotcha is not None:
        parts += [words(result.message), gotcha.summary]
    change = result.change
    if change is not None and change.after:
        rows = [*(f"- {line}" for line in code_lines(change.before)), *(f"+ {line}" for line in code_lines(change.after))]
        parts += ["**WORKS**", block(rows, "diff")]
    elif gotcha is not None and gotcha.works_text.strip():
        parts += ["**WORKS**", gotcha.works_text.strip()]
    if gotcha is not None and gotcha.why:
        parts += ["**Why**", gotcha.why]
    if link:
        parts.append(f"[{gotcha.id if gotcha else result.check}](<{address(link)}>)")
    return "\n\n".join(part for part in parts if part)
