"""A report, cut down to what a model can read at once.

The form follows the JSON format ``v1`` of the command line, without what only programs need (spans, passing places, digests of files). A page ends
after so many results, or characters: how many there are in all is always told, and so is what was not examined.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from auditor.model.report import EXIT_CLEAN, EXIT_ESCALATE, EXIT_INCOMPLETE, EXIT_RESULTS
from auditor.report.visible import visible

MAX_PAGE = 24_000
"""Characters of the results of a page; one result is always given."""
_MAX_CODE = 1500
_MAX_BODY = 800
_MAX_TEXT = 2000
_MAX_TRAIL = 12
_MAX_EVIDENCE = 4
_MAX_REMARKS = 10
_MAX_NOTES = 20
_MAX_STACK = 40
_VERDICTS = {EXIT_CLEAN: "clean", EXIT_RESULTS: "failing", EXIT_INCOMPLETE: "incomplete", EXIT_ESCALATE: "escalate"}

Json = Mapping[str, object]


def page(document: object, *, code: int, show: Sequence[str], limit: int, offset: int) -> dict[str, object]:
    """One page of a report in the format ``v1`` that a command ended with exit code ``code``; fits ``schemas.REPORT``."""
    runs = _items(_record(document).get("runs"))
    results = [(run, result) for run in runs for result in _items(run.get("results"))]
    counting = [(run, result) for run, result in results if not result.get("suppression")]
    counts = Counter(str(result.get("outcome")) for _, result in counting)
    shown = [_result(run, result) for run, result in counting if result.get("outcome") in show]
    part = _fitting(shown[offset : offset + limit])
    following = offset + len(part)
    wrong = [_remark(result) for _, result in counting if result.get("outcome") == "error"]
    left_out = [_remark(result) for _, result in counting if result.get("outcome") == "skip"]
    figures = {name: counts[name] for name in ("fail", "review", "pass", "skip", "error")} | {"suppressed": len(results) - len(counting)}
    stack = list(dict.fromkeys(_package(package) for run in runs for package in _items(run.get("stack"))))
    return {
        "verdict": _VERDICTS[code],
        "exit_code": code,
        "summary": _summary(figures, runs),
        "counts": figures,
        "coverage": _coverage(runs),
        "not_examined": wrong[:_MAX_REMARKS],
        "not_examined_total": len(wrong),
        "skipped_checks": left_out[:_MAX_REMARKS],
        "skipped_checks_total": len(left_out),
        "results": part,
        "total": len(shown),
        "offset": offset,
        "next_offset": following if following < len(shown) else None,
        "stack": stack[:_MAX_STACK],
        "stack_total": len(stack),
        "notes": [_text(note) for run in runs for note in _texts(run.get("notes"))][:_MAX_NOTES],
        "tree": next((tree for run in runs if isinstance(tree := run.get("tree"), str) and tree), ""),
    }


def empty(*, code: int, said: str) -> dict[str, object]:
    """The page of a command that ended without a report, on purpose: what it ``said`` is the summary."""
    return {**page({}, code=code, show=(), limit=1, offset=0), "summary": visible(said, keep="\n")}


def _fitting(results: Sequence[dict[str, object]]) -> list[dict[str, object]]:
    part: list[dict[str, object]] = []
    size = 0
    for result in results:
        size += len(json.dumps(result))
        if part and size > MAX_PAGE:
            break
        part.append(result)
    return part


def _result(run: Json, result: Json) -> dict[str, object]:
    change = _record(result.get("change"))
    return {
        "id": _text(result.get("check")),
        "title": _titles(run).get(str(result.get("check")), ""),
        "producer": _text(run.get("producer")),
        "outcome": result.get("outcome"),
        "severity": result.get("severity"),
        "confidence": result.get("confidence"),
        "message": _cut(_text(result.get("message")), _MAX_TEXT),
        "place": _place(result.get("place")),
        "trail": [_place(place) for place in _items(result.get("related"))[:_MAX_TRAIL]],
        "works": {"before": _code(change.get("before")), "after": _code(change.get("after"))} if change.get("after") else None,
        "evidence": [_evidence(evidence) for evidence in _items(result.get("evidence")) if evidence.get("body") != change.get("before")][
            :_MAX_EVIDENCE
        ],
        "gotchas": [_text(gotcha) for gotcha in _texts(result.get("gotchas"))],
        "fingerprint": _text(result.get("fingerprint")),
    }


def _remark(result: Json) -> dict[str, object]:
    return {"id": _text(result.get("check")), "message": _cut(_text(result.get("message")), _MAX_TEXT), "place": _place(result.get("place"))}


def _evidence(evidence: Json) -> dict[str, object]:
    body = visible(str(evidence.get("body") or ""), keep="\n\t")
    return {
        "kind": _text(evidence.get("kind")),
        "title": _text(evidence.get("title")),
        "body": _cut(body, _MAX_BODY),
        "truncated": evidence.get("truncated") is True or len(body) > _MAX_BODY,
    }


def _place(value: object) -> dict[str, object]:
    """A place: its path is exact, so that it can be opened; what is there is made visible."""
    place = _record(value)
    start = _record(_record(place.get("span")).get("start"))
    path = place.get("path")
    return {
        "path": path if isinstance(path, str) else None,
        "line": start.get("line"),
        "column": start.get("column"),
        "label": _cut(_text(place.get("label")), _MAX_TEXT),
    }


def _titles(run: Json) -> Mapping[str, str]:
    return {str(checked.get("gotcha")): _text(checked.get("title")) for checked in _items(run.get("checked"))}


def _package(package: Json) -> str:
    version, scope = _text(package.get("version")), _text(package.get("scope"))
    return _text(package.get("name")) + (f" {version}" if version else "") + (f" in {scope}" if scope not in ("", ".") else "")


def _coverage(runs: Sequence[Json]) -> dict[str, object]:
    """The files of all runs together; a check of a running application selects none."""
    coverages = [_record(run.get("coverage")) for run in runs]
    skipped: Counter[str] = Counter()
    for coverage in coverages:
        skipped.update({visible(reason): number for reason, number in _record(coverage.get("skipped")).items() if isinstance(number, int)})
    totals = {
        name: sum(number for coverage in coverages if isinstance(number := coverage.get(name), int)) for name in ("selected", "scanned", "failed")
    }
    return {"selected": totals["selected"], "scanned": totals["scanned"], "skipped": dict(sorted(skipped.items())), "failed": totals["failed"]}


def _summary(figures: Mapping[str, int], runs: Sequence[Json]) -> str:
    words = {"fail": "fail", "review": "to review", "pass": "pass", "skip": "skipped", "error": "not examined", "suppressed": "suppressed"}
    told = ", ".join(f"{figures[name]} {word}" for name, word in words.items() if figures[name] or name in ("fail", "pass"))
    seconds = sum(float(number) for run in runs if isinstance(number := run.get("seconds"), (int, float)))
    return f"{told}; {seconds:.2f} s"


# -- reading JSON whose form is known -----------------------------------------------------------------------------------------------------


def _record(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _items(value: object) -> Sequence[Json]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _texts(value: object) -> Iterable[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _text(value: object) -> str:
    return visible(value) if isinstance(value, str) else ""


def _code(value: object) -> str:
    return _cut(visible(str(value or ""), keep="\n\t"), _MAX_CODE)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
