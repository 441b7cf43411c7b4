"""The nouns of the product: frozen dataclasses over the standard library, no I/O."""

from auditor.model.detector import CheckDetector, Clause, Detector, PythonDetector, SemgrepDetector, TextDetector
from auditor.model.gotcha import Example, FixSpec, Gotcha, ProofSpec, Requirement
from auditor.model.place import Place, Position, Span, span_of
from auditor.model.report import Checked, Coverage, Package, Report, Run, Tool
from auditor.model.result import Change, Edit, Evidence, Result, Site, Suppression
from auditor.model.words import Confidence, Outcome, Safety, Severity

__all__ = [
    "Change",
    "CheckDetector",
    "Checked",
    "Clause",
    "Confidence",
    "Coverage",
    "Detector",
    "Edit",
    "Evidence",
    "Example",
    "FixSpec",
    "Gotcha",
    "Outcome",
    "Package",
    "Place",
    "Position",
    "ProofSpec",
    "PythonDetector",
    "Report",
    "Requirement",
    "Result",
    "Run",
    "Safety",
    "SemgrepDetector",
    "Severity",
    "Site",
    "Span",
    "Suppression",
    "TextDetector",
    "Tool",
    "span_of",
]
