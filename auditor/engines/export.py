"""The catalogue as semgrep rules: subjects of Python detectors, raw rules and regular expressions as they are.

What semgrep cannot express (value classes, judges, cross-file checks) is left out, so an exported Python rule finds every site of an entry,
those that WORK too; its message says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from auditor.model import CheckDetector, Detector, Gotcha, PythonDetector, SemgrepDetector, Severity, TextDetector

_SEVERITY = {Severity.ERROR: "ERROR", Severity.WARNING: "WARNING", Severity.NOTE: "INFO"}
Rule = dict[str, object]


def semgrep_rules(gotchas: Iterable[Gotcha]) -> dict[str, list[Rule]]:
    """A semgrep configuration file as a mapping, one rule a detector that can be expressed.

    Source of the form: https://semgrep.dev/docs/writing-rules/rule-syntax
    """
    rules: list[Rule] = []
    for gotcha in gotchas:
        for number, detector in enumerate(gotcha.detectors):
            body = _body(detector)
            if body is not None:
                rules.append({**_head(gotcha, detector, number), **body})
    return {"rules": rules}


def _head(gotcha: Gotcha, detector: Detector, number: int) -> Rule:
    judged = isinstance(detector, PythonDetector) and bool(detector.fails or detector.works or detector.review or detector.check)
    message = (detector.message or gotcha.title) + (
        " (a site of this gotcha; gotcha-audit decides whether it fails)" if judged or detector.check else ""
    )
    return {
        "id": f"{gotcha.id.replace('/', '.')}.{number}",
        "message": message,
        "severity": _SEVERITY[gotcha.severity],
        "metadata": {"gotcha": gotcha.id, "confidence": gotcha.confidence.value.upper(), "references": list(gotcha.sources)},
    }


def _body(detector: Detector) -> Rule | None:
    match detector:
        case PythonDetector():
            return {"languages": ["python"], **subject(detector)}
        case SemgrepDetector(languages=languages, fails=fails, paths=paths):
            return {"languages": list(languages), **fails, **({"paths": {"include": list(paths)}} if paths else {})}
        case TextDetector(paths=paths, fails=fails):
            return {"languages": ["regex"], "pattern-regex": fails, "paths": {"include": list(paths)}}
        case CheckDetector():
            return None


def subject(detector: PythonDetector) -> Rule:
    """The semgrep twin of a Python detector's subject: any of its patterns, minus `not`, within `inside`, names by regular expression."""
    either: Mapping[str, object]
    if len(detector.patterns) == 1:
        either = {"pattern": detector.patterns[0]}
    else:
        either = {"pattern-either": [{"pattern": pattern} for pattern in detector.patterns]}
    conditions: list[Mapping[str, object]] = [
        *({"pattern-not": pattern} for pattern in detector.without),
        *({"pattern-not-inside": pattern} for pattern in detector.not_inside),
    ]
    if detector.inside:
        conditions.append({"pattern-either": [{"pattern-inside": pattern} for pattern in detector.inside]})
    for key, names in detector.where.items():
        expressions = [name[1:-1] for name in names if name.startswith("/")]
        if key.startswith("$") and len(expressions) == 1:
            # semgrep anchors at the start of the text, Python's search does not
            expression = expressions[0] if expressions[0].startswith("^") else f".*(?:{expressions[0]})"
            conditions.append({"metavariable-regex": {"metavariable": key, "regex": expression}})
    return {"patterns": [either, *conditions]} if conditions else dict(either)
