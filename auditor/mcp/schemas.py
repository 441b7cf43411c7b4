"""Pieces of the JSON Schemas of tools (draft 2020-12)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Schema = Mapping[str, object]

TEXT: Schema = {"type": "string"}
COUNT: Schema = {"type": "integer", "minimum": 0}
MAYBE_COUNT: Schema = {"type": ["integer", "null"], "minimum": 0}
FLAG: Schema = {"type": "boolean"}
TEXTS: Schema = {"type": "array", "items": TEXT}
FIGURES: Schema = {"type": "object", "additionalProperties": COUNT}

PATH: Schema = {"type": "string", "default": ".", "maxLength": 4096, "description": "The folder of the project, relative to the root."}
PLAN: Schema = {
    "type": "string",
    "maxLength": 4096,
    "description": "The plan file, relative to `path`. Left out: the only APPROVED plan in docs/plans/.",
}


def record(required: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None, **more: object) -> Schema:
    """An object with these properties and no others."""
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
        **more,
    }


def several(item: Schema, **more: object) -> Schema:
    """A list."""
    return {"type": "array", "items": item, **more}


def one_of(values: Sequence[str], **more: object) -> Schema:
    """One of these texts."""
    return {"type": "string", "enum": list(values), **more}


def limit(default: int, most: int, what: str) -> Schema:
    """A whole number from 1 on."""
    return {"type": "integer", "minimum": 1, "maximum": most, "default": default, "description": what}


def time_limit(default: int) -> Schema:
    """How long a call may take."""
    return limit(default, 3600, "Seconds after which the call is stopped, with everything that it started.")


PLACE: Schema = record(
    {
        "path": {"type": ["string", "null"], "description": "Relative to the examined folder; null outside it."},
        "line": {"type": ["integer", "null"], "minimum": 1},
        "column": {"type": ["integer", "null"], "minimum": 1},
        "label": TEXT,
    }
)
WORKS: Schema = record({"before": TEXT, "after": TEXT}, description="The code as it is, and the form that works at this very place.")
EVIDENCE: Schema = record({"kind": TEXT, "title": TEXT, "body": TEXT, "truncated": FLAG})
RESULT: Schema = record(
    {
        "id": {"type": "string", "description": "A gotcha, which `explain` tells of, or another check such as scan/syntax."},
        "title": TEXT,
        "producer": {"type": "string", "description": "scan, validate, plan …"},
        "outcome": one_of(("fail", "review", "pass", "skip", "error")),
        "severity": one_of(("error", "warning", "note")),
        "confidence": one_of(("high", "medium", "low")),
        "message": TEXT,
        "place": PLACE,
        "trail": several(PLACE, description="The values that led to the verdict, step by step."),
        "works": {"anyOf": [WORKS, {"type": "null"}]},
        "evidence": several(EVIDENCE),
        "gotchas": {**TEXTS, "description": "Likely causes, as ids."},
        "fingerprint": TEXT,
    }
)
REMARK: Schema = record({"id": TEXT, "message": TEXT, "place": PLACE})
COVERAGE: Schema = record({"selected": COUNT, "scanned": COUNT, "skipped": FIGURES, "failed": COUNT})
REPORT: Mapping[str, Schema] = {
    "verdict": one_of(
        ("clean", "failing", "incomplete", "escalate"),
        description="clean: nothing at or above fail_on; incomplete: something could not be examined, whatever else was found; "
        "escalate: the attempts are used up, and a person must decide.",
    ),
    "exit_code": COUNT,
    "summary": TEXT,
    "counts": {**FIGURES, "description": "Results by outcome, those on other pages included; suppressed ones apart."},
    "coverage": COVERAGE,
    "not_examined": several(REMARK, description="What could not be examined, and why: nothing is known of it."),
    "not_examined_total": COUNT,
    "skipped_checks": several(REMARK, description="What was left out, and why."),
    "skipped_checks_total": COUNT,
    "results": several(RESULT),
    "total": {**COUNT, "description": "Results with the outcomes that were asked for."},
    "offset": COUNT,
    "next_offset": {**MAYBE_COUNT, "description": "Where the next page begins; null on the last one."},
    "stack": {**TEXTS, "description": "What was detected; only the gotchas of these are checked."},
    "stack_total": COUNT,
    "notes": TEXTS,
    "tree": {"type": "string", "description": "Digest of what was examined: two pages belong together when it is the same."},
}
SHOW: Schema = several(
    one_of(("fail", "review", "pass")),
    default=["fail", "review"],
    minItems=1,
    uniqueItems=True,
    description="Which results to list.",
)
PAGE: Mapping[str, Schema] = {
    "show": SHOW,
    "limit": limit(20, 100, "Results on a page; fewer come where they are long."),
    "offset": {**COUNT, "default": 0, "description": "Where the page begins: next_offset of the page before."},
}
