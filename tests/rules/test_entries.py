"""Every entry of the catalogue: Fails is flagged on exactly its marked lines, Works nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import pytest

from auditor.catalogue import load
from auditor.model import Gotcha, Outcome, PythonDetector, Report, SemgrepDetector, TextDetector
from auditor.project.config import load_config
from auditor.scan import ScanOptions, scan

CATALOGUE = load()
IDS = [gotcha.id for gotcha in CATALOGUE.gotchas]


def write(root: Path, files: Mapping[PurePosixPath, str]) -> None:
    for path, text in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


def examine(root: Path, gotcha: Gotcha, files: Mapping[PurePosixPath, str]) -> Report:
    write(root, files)
    return scan(root, ScanOptions(config=load_config(root), select=(gotcha.id,), jobs=1, no_cache=True))


def lines(report: Report, outcome: Outcome) -> set[tuple[PurePosixPath | None, int]]:
    return {(result.place.path, result.place.line) for result in report.results if result.outcome is outcome}


@pytest.mark.parametrize("gotcha", CATALOGUE.gotchas, ids=IDS)
def test_fails_is_flagged_on_exactly_the_marked_lines(gotcha: Gotcha, tmp_path: Path) -> None:
    report = examine(tmp_path, gotcha, gotcha.fails.files)
    assert lines(report, Outcome.ERROR) == set()
    assert {(str(path), line) for path, line in lines(report, Outcome.FAIL)} == {(str(path), line) for path, line in gotcha.fails.marks}
    assert report.exit_status(fail_on=gotcha.severity) == 1


@pytest.mark.parametrize("gotcha", CATALOGUE.gotchas, ids=IDS)
def test_works_is_not_flagged(gotcha: Gotcha, tmp_path: Path) -> None:
    report = examine(tmp_path, gotcha, gotcha.works.files)
    assert lines(report, Outcome.ERROR) == set()
    assert lines(report, Outcome.FAIL) == set()
    assert report.exit_status(fail_on=gotcha.severity) == 0


@pytest.mark.parametrize("gotcha", CATALOGUE.gotchas, ids=IDS)
def test_an_entry_says_which_detector_it_is_about(gotcha: Gotcha) -> None:
    for detector in gotcha.detectors:
        judged = isinstance(detector, (PythonDetector, SemgrepDetector, TextDetector))
        assert detector.message or not judged or detector.check, f"{gotcha.origin}: a detector without a message"
