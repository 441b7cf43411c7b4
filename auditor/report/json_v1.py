"""The ``json`` format, version ``v1``.

Its form is frozen and written out here key by key, apart from the model, so that the model may change without breaking those
who read it; ``schema-v1.json`` beside this file describes it. A change that is not an addition is a new version in a new module.
"""

from __future__ import annotations

import json
from importlib import resources

from auditor.model import Change, Checked, Edit, Evidence, Package, Place, Position, Report, Result, Run, Suppression
from auditor.report.observed import IMAGE
from auditor.report.view import View
from auditor.report.visible import encodable

VERSION = "v1"

Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None


def render(report: Report, view: View) -> str:  # noqa: ARG001 (the format holds everything, whatever the view shows)
    """Write the whole report as ASCII-only JSON: suppressed, passing and hidden results included."""
    document: Json = {
        "version": VERSION,
        "tool": {"name": _text(report.tool.name), "version": _text(report.tool.version)},
        "root": _text(report.root),
        "runs": [_run(run) for run in report.runs],
    }
    return json.dumps(document, indent=2, ensure_ascii=True, allow_nan=False) + "\n"


def schema() -> str:
    """Give the JSON Schema (draft 2020-12) of this format."""
    return resources.files("auditor.report").joinpath("schema-v1.json").read_text("utf-8")


def _run(run: Run) -> Json:
    return {
        "producer": _text(run.producer),
        "subject": _text(run.subject),
        "started": run.started.isoformat(),
        "seconds": round(run.seconds, 3),
        "stack": [_package(package) for package in run.stack],
        "tree": _text(run.tree),
        "results": [_result(result) for result in run.results],
        "counts": {_text(name): number for name, number in sorted(run.counts.items())},
        "coverage": {
            "selected": run.coverage.selected,
            "scanned": run.coverage.scanned,
            "skipped": {_text(reason): number for reason, number in sorted(run.coverage.skipped.items())},
            "failed": run.coverage.failed,
        },
        "checked": [_checked(checked) for checked in run.checked],
        "notes": [_text(note) for note in run.notes],
    }


def _result(result: Result) -> Json:
    return {
        "check": _text(result.check),
        "outcome": result.outcome.value,
        "message": _text(result.message),
        "place": _place(result.place),
        "severity": result.severity.value,
        "confidence": result.confidence.value,
        "related": [_place(place) for place in result.related],
        "evidence": [_evidence(evidence) for evidence in result.evidence],
        "gotchas": [_text(gotcha) for gotcha in result.gotchas],
        "change": _change(result.change) if result.change else None,
        "suppression": _suppression(result.suppression) if result.suppression else None,
        "fingerprint": _text(result.fingerprint),
    }


def _place(place: Place) -> Json:
    return {
        "path": None if place.path is None else _text(str(place.path)),
        "span": {"start": _position(place.span.start), "end": _position(place.span.end)} if place.span else None,
        "label": _text(place.label),
    }


def _position(position: Position) -> Json:
    return {"line": position.line, "column": position.column}


def _evidence(evidence: Evidence) -> Json:
    """A picture is told, and not carried: programs cannot look at it, and it is larger than all the rest."""
    if evidence.kind == IMAGE:
        return {"kind": IMAGE, "title": _text(evidence.title), "body": "", "truncated": True}
    return {
        "kind": _text(evidence.kind),
        "title": _text(evidence.title),
        "body": _text(evidence.body),
        "truncated": evidence.truncated,
    }


def _change(change: Change) -> Json:
    return {
        "title": _text(change.title),
        "safety": change.safety.value,
        "before": _text(change.before),
        "after": _text(change.after),
        "edits": [_edit(edit) for edit in change.edits],
    }


def _edit(edit: Edit) -> Json:
    return {
        "path": _text(str(edit.path)),
        "span": {"start": _position(edit.span.start), "end": _position(edit.span.end)},
        "text": _text(edit.text),
    }


def _suppression(suppression: Suppression) -> Json:
    return {
        "origin": _text(suppression.origin),
        "reason": _text(suppression.reason),
        "place": _place(suppression.place) if suppression.place else None,
    }


def _checked(checked: Checked) -> Json:
    return {
        "gotcha": _text(checked.gotcha),
        "title": _text(checked.title),
        "fails": checked.fails,
        "reviews": checked.reviews,
        "passes": checked.passes,
        "places": [_place(place) for place in checked.places],
    }


def _package(package: Package) -> Json:
    return {
        "name": _text(package.name),
        "version": _text(package.version),
        "scope": _text(package.scope),
        "evidence": _place(package.evidence),
    }


def _text(text: str) -> str:
    return encodable(text)
