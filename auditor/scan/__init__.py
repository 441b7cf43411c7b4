"""The scan: catalogue and project in, report out."""

from auditor.scan.scanner import ScanOptions, scan

__all__ = ["ScanOptions", "scan"]
