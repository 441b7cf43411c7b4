"""Semgrep as an engine: the semgrep detectors of all entries in one process over closed copies of their candidate files."""

from auditor.engines.semgrep.run import Pending, start

__all__ = ["Pending", "start"]
