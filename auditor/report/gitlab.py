"""The ``gitlab`` format: a Code Quality report, https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format.

It is a list of problems and knows nothing else: suppressed results, sites under review and files that could not be examined are not in it.
"""

from __future__ import annotations

import json

from auditor.model import Report, Severity
from auditor.report.findings import Finding, findings
from auditor.report.json_v1 import Json
from auditor.report.view import View
from auditor.report.visible import encodable, visible

_SEVERITIES = {Severity.ERROR: "critical", Severity.WARNING: "major", Severity.NOTE: "minor"}


def render(report: Report, view: View) -> str:
    """Write the failures that are not suppressed as an ASCII-only JSON array; an empty one clears what an earlier report said."""
    issues: Json = [_issue(finding) for finding in findings(report, view) if finding.result.suppression is None]
    return json.dumps(issues, indent=2, ensure_ascii=True) + "\n"


def _issue(finding: Finding) -> Json:
    result = finding.result
    return {
        "description": " ".join(visible(result.message, keep="\n").split()),
        "check_name": visible(result.check),
        "fingerprint": finding.fingerprint,
        "severity": _SEVERITIES[result.severity],
        "location": {"path": encodable(str(finding.place.path)), "lines": {"begin": finding.place.line or 1}},
    }
