"""A scan of some files finds in them what a scan of the whole project finds there."""

from pathlib import Path, PurePosixPath

import pytest

from auditor.catalogue import load
from auditor.model import CheckDetector
from auditor.project.config import Config, load_config
from auditor.project.files import language_of
from auditor.scan import ScanOptions, scan
from auditor.scan.scanner import _CODE, reported_in

PROJECTS = Path(__file__).parents[2] / "fixtures/projects"
CHECKS = {gotcha.id: gotcha for gotcha in load().gotchas if all(isinstance(detector, CheckDetector) for detector in gotcha.detectors)}


def findings(root, paths=()):
    (run,) = scan(root, ScanOptions(config=load_config(root) if root.is_dir() else Config(), paths=paths, no_cache=True, jobs=1)).runs
    return {(result.check, str(result.place.path), result.place.line, result.outcome) for result in run.results if result.place.path is not None}


@pytest.mark.parametrize("name", ["sample-flask-react", "planned-shop"])
def test_each_file_alone_has_what_it_has_in_the_whole(name, monkeypatch):
    monkeypatch.chdir(PROJECTS / name)
    whole = findings(Path())
    files = {path for _, path, _, _ in whole}
    assert files
    for path in sorted(files):
        assert findings(Path(), (Path(path),)) == {found for found in whole if found[1] == path}


@pytest.mark.parametrize("name", sorted(path.name for path in PROJECTS.iterdir() if path.is_dir()))
def test_checks_report_where_their_examples_say(name):
    for check, path, _, _ in findings(PROJECTS / name):
        if check in CHECKS:
            assert (language_of(PurePosixPath(path)) in _CODE) in reported_in(CHECKS[check]), (check, path)
