"""The ``sarif`` format: SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html), as code scanning takes it.

One run, whatever was run: code scanning refuses a file with several runs of one tool. Results are the failures, suppressed ones with their
suppression; what could not be examined is a notification, and the invocation then was not successful.
https://docs.github.com/en/code-security/reference/code-scanning/sarif-files/sarif-support
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from urllib.parse import quote

from auditor.model import Change, Confidence, Edit, Outcome, Place, Position, Report, Result, Run, Severity, Span, Suppression
from auditor.report.findings import ROOT, Finding, below, findings, shown
from auditor.report.json_v1 import Json
from auditor.report.observed import causes, facts
from auditor.report.sarif_rules import rule
from auditor.report.view import View
from auditor.report.visible import encodable, visible

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
FINGERPRINT = "gotchaAudit/v1"
MOST_RESULTS = 25_000
"""Code scanning refuses a run with more: https://docs.github.com/en/code-security/reference/code-scanning/sarif-files/sarif-support#file-limits"""
MOST_RELATED = 100
"""Code scanning shows no more locations of a result."""

_HOME = "https://github.com/gotcha-audit/gotcha-audit"
_BASE = "%SRCROOT%"
_EARLIER = frozenset({"baseline", "since"})
"""The origins of suppressions that say that a result was there before."""
_WORKS = "Write the form that works"
_LINK = re.compile(r"([\\\[\]])")


def render(report: Report, view: View) -> str:
    """Write the whole log as ASCII-only JSON. A report without failures has a run without results, which closes the alerts of an earlier one."""
    found = findings(report, view)
    kept = _most_severe(found)
    compared = any(_old(finding) for finding in found)
    checks = {finding.result.check: finding.result for finding in reversed(kept)}
    rules = sorted(checks)
    positions = {check: number for number, check in enumerate(rules)}
    run: dict[str, Json] = {
        "tool": {
            "driver": {
                "name": report.tool.name,
                "semanticVersion": report.tool.version,
                "version": report.tool.version,
                "informationUri": _HOME,
                "rules": [rule(check, checks[check].severity, checks[check].confidence, view) for check in rules],
                "notifications": [rule(name, severity, Confidence.HIGH, view) for name, severity in _notified(report)],
            }
        },
        "invocations": [_invocation(one, view) for one in report.runs],
        "originalUriBaseIds": {_BASE: {"description": {"text": "The root of the repository."}}},
        "columnKind": "unicodeCodePoints",
        "redactionTokens": ["***"],
        "results": [{**_result(finding, positions[finding.result.check], view), **_state(finding, compared=compared)} for finding in kept],
    }
    if len(kept) < len(found):
        text = f"{len(found) - len(kept)} of {len(found)} results are left out, the least severe ones: code scanning takes {MOST_RESULTS}."
        run["properties"] = {"truncated": text}
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=True, allow_nan=False) + "\n"


def _most_severe(found: Sequence[Finding]) -> Sequence[Finding]:
    if len(found) <= MOST_RESULTS:
        return found
    ranked = sorted(range(len(found)), key=lambda number: (found[number].result.suppression is not None, -found[number].result.severity.rank, number))
    return [found[number] for number in sorted(ranked[:MOST_RESULTS])]


def _old(finding: Finding) -> bool:
    return finding.result.suppression is not None and finding.result.suppression.origin in _EARLIER


def _state(finding: Finding, *, compared: bool) -> dict[str, Json]:
    """Whether a result was there before: said of all where the report was compared with an earlier state, of none otherwise (§3.27.24)."""
    return {"baselineState": "unchanged" if _old(finding) else "new"} if compared else {}


# -- results -----------------------------------------------------------------------------------------------------------------------


def _result(finding: Finding, rule_index: int, view: View) -> dict[str, Json]:
    result = finding.result
    related = [below(place, view) for place in result.related if place.path is not None][:MOST_RELATED]
    entry: dict[str, Json] = {
        "ruleId": encodable(result.check),
        "ruleIndex": rule_index,
        "kind": "fail",
        "level": result.severity.value,
        "message": {"text": _message(result, related)},
        "locations": [_primary(finding)],
        "partialFingerprints": _fingerprints(finding),
        "properties": _properties(finding),
    }
    if related:
        entry["relatedLocations"] = [{"id": number, **_location(place)} for number, place in enumerate(related, start=1)]
    if result.change is not None and result.change.edits:
        entry["fixes"] = [_fix(result.change, view)]
    if result.suppression is not None:
        entry["suppressions"] = [_suppression(result.suppression, view)]
    return entry


def _message(result: Result, related: Sequence[Place]) -> str:
    """The message, what was expected and observed, likely causes, and the trail.

    The trail is links (§3.11.6): code scanning shows no related location without one.
    """
    lines = [_literal(result.message)]
    lines += [_literal(f"{name}: {' '.join(value.split())}") for name, value in facts(result)]
    lines += [_literal(f"likely {gotcha} {where}".rstrip()) for gotcha, where in causes(result)]
    if related:
        links = (f"[{_literal(' '.join((place.label or str(place)).split()))}]({number})" for number, place in enumerate(related, start=1))
        lines.append(f"See {', '.join(links)}.")
    return "\n".join(lines)


def _literal(text: str) -> str:
    """Text in which nothing is an embedded link (§3.11.6)."""
    return _LINK.sub(r"\\\1", visible(text, keep="\n"))


def _fingerprints(finding: Finding) -> dict[str, Json]:
    """Our own; and the one that code scanning compares, for what is only shown at its file.

    The upload action computes that from the line, and warns where there is another one already. Several failing requests that are shown at one file
    would be one to it.
    """
    own: dict[str, Json] = {FINGERPRINT: finding.fingerprint}
    return own if finding.exact else own | {"primaryLocationLineHash": f"{finding.fingerprint}:1"}


def _properties(finding: Finding) -> dict[str, Json]:
    result = finding.result
    properties: dict[str, Json] = {"producer": encodable(finding.run.producer), "confidence": result.confidence.value}
    if result.gotchas:
        properties["gotchas"] = [encodable(gotcha) for gotcha in result.gotchas]
    return properties


def _primary(finding: Finding) -> Json:
    """Where the result is; of one that is only shown there, the file alone, and what it is about as a logical location.

    Code scanning takes no result without a line: a file as a whole is its beginning.
    """
    place = finding.place if finding.exact else Place(path=finding.place.path)
    start = Position(line=1, column=1)
    location = _location(replace(place, span=place.span or Span(start=start, end=start)), code=_code(finding.result))
    if not finding.exact and finding.place.label:
        name = encodable(finding.place.label)
        location["logicalLocations"] = [{"name": name, "fullyQualifiedName": f"{encodable(finding.result.check)} {name}", "kind": "resource"}]
    return location


def _location(place: Place, code: Sequence[str] = ()) -> dict[str, Json]:
    assert place.path is not None
    physical: dict[str, Json] = {"artifactLocation": _artifact(place.path)}
    if place.span is not None:
        physical["region"] = _region(place.span) | _snippet(place.span, code)
        last = place.span.start.line + len(code) - 1
        if code and last >= place.span.end.line:
            physical["contextRegion"] = {"startLine": place.span.start.line, "endLine": last, "snippet": {"text": "\n".join(code)}}
    location: dict[str, Json] = {"physicalLocation": physical}
    if place.label:
        location["message"] = {"text": _literal(place.label)}
    return location


def _code(result: Result) -> Sequence[str]:
    """The lines of the site as the report shows them, secrets masked."""
    code = next((evidence.body for evidence in result.evidence if evidence.kind == "code"), "")
    return encodable(code).split("\n") if code else ()


def _artifact(path: PurePosixPath) -> dict[str, Json]:
    """A relative reference (RFC 3986 §4.2): percent-encoded bytes of the path, so that undecodable ones survive."""
    uri = quote(str(path).encode("utf-8", "surrogateescape")) if path != ROOT else "./"
    return {"uri": uri, "uriBaseId": _BASE}


def _snippet(span: Span, code: Sequence[str]) -> dict[str, Json]:
    """The code of a region on one line, unless a secret was taken out of that line, so that its columns are others."""
    if not code or span.end.line > span.start.line or "***" in code[0]:
        return {}
    text = code[0][span.start.column - 1 : span.end.column - 1]
    return {"snippet": {"text": text}} if text else {}


def _region(span: Span) -> dict[str, Json]:
    return {"startLine": span.start.line, "startColumn": span.start.column, "endLine": span.end.line, "endColumn": span.end.column}


def _fix(change: Change, view: View) -> Json:
    files: dict[PurePosixPath, list[Edit]] = {}
    for edit in change.edits:
        files.setdefault(edit.path, []).append(edit)
    changes: Json = [
        {
            "artifactLocation": _artifact(view.prefix / path),
            "replacements": [{"deletedRegion": _region(edit.span), "insertedContent": {"text": encodable(edit.text)}} for edit in edits],
        }
        for path, edits in files.items()
    ]
    return {"description": {"text": _literal(f"{change.title or _WORKS} ({change.safety.value})")}, "artifactChanges": changes}


def _suppression(suppression: Suppression, view: View) -> Json:
    kept: dict[str, Json] = {
        "kind": "inSource" if suppression.origin == "comment" else "external",
        "status": "accepted",
        "justification": encodable(suppression.reason),
    }
    if suppression.place is not None and suppression.place.path is not None:
        kept["location"] = _location(below(suppression.place, view))
    return kept


# -- invocations -------------------------------------------------------------------------------------------------------------------


def _invocation(run: Run, view: View) -> Json:
    """One producer's work; it is not successful when something could not be examined (§3.20.14)."""
    errors = _errors(run)
    notifications: list[Json] = [_failure(result, view) for result in errors]
    if not run.attempted:
        notifications.append(_notification(_NOT_ATTEMPTED, "error", "Nothing was decided about the application: it was not started."))
    notifications += [_notification(_NOTE, "note", note) for note in run.notes]
    told: dict[str, Json] = {
        "executionSuccessful": not errors and run.attempted,
        "startTimeUtc": _time(run.started),
        "endTimeUtc": _time(run.started + timedelta(seconds=run.seconds)),
        "properties": {"producer": encodable(run.producer), "selected": run.coverage.selected, "scanned": run.coverage.scanned},
    }
    if notifications:
        told["toolExecutionNotifications"] = notifications
    return told


_NOTE, _NOT_ATTEMPTED = "report/note", "report/not-attempted"


def _notified(report: Report) -> Sequence[tuple[str, Severity]]:
    """The names of everything that is notified, and how severe it is."""
    names = {(result.check, Severity.ERROR) for run in report.runs for result in _errors(run)}
    names |= {(_NOTE, Severity.NOTE) for run in report.runs if run.notes}
    names |= {(_NOT_ATTEMPTED, Severity.ERROR) for run in report.runs if not run.attempted}
    return sorted(names)


def _errors(run: Run) -> Sequence[Result]:
    return [result for result in run.results if result.outcome is Outcome.ERROR and result.suppression is None]


def _failure(result: Result, view: View) -> Json:
    place, exact = shown(result, view)
    told = _notification(result.check, "error", result.message)
    return told | {"locations": [_location(place)]} if exact else told


def _notification(name: str, level: str, text: str) -> dict[str, Json]:
    return {"descriptor": {"id": encodable(name)}, "level": level, "message": {"text": _literal(text)}}


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
