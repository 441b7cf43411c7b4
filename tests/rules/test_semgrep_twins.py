"""Python entries against their semgrep export: two engines that were written apart must see the same sites."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path, PurePosixPath

import pytest

from auditor.catalogue import load
from auditor.engines.export import subject
from auditor.engines.python.gate import gate_of
from auditor.engines.semgrep.output import parse_output
from auditor.engines.semgrep.process import Process, find_semgrep
from auditor.model import CheckDetector, Gotcha, PythonDetector
from auditor.project.config import load_config
from auditor.scan import ScanOptions, scan

ENTRIES = [gotcha for gotcha in load().gotchas if any(isinstance(detector, PythonDetector) for detector in gotcha.detectors)]
PARTS = ("fails", "works")


def name_of(gotcha: Gotcha, part: str, path: PurePosixPath) -> str:
    return f"{gotcha.id}--{part}--{path}".replace("/", "__")


@cache
def semgrep_sites() -> dict[str, set[tuple[str, int]]]:
    """Id of an entry -> (file name, line) of every match of any of its subjects, from one semgrep process over all examples."""
    rules, files = [], {}
    for index, gotcha in enumerate(ENTRIES):
        for number, detector in enumerate(gotcha.detectors):
            if isinstance(detector, PythonDetector):
                rule = {"id": f"entry.{index}.{number}", "message": "site", "severity": "INFO", "languages": ["python"], **subject(detector)}
                rules.append(rule)
        for part in PARTS:
            for path, text in getattr(gotcha, part).files.items():
                if path.suffix == ".py":
                    files[name_of(gotcha, part, path)] = text
    program = find_semgrep()
    assert program is not None, "semgrep is a dependency: install the project with its requirements"
    process = Process(program, json.dumps({"rules": rules}), files, experimental=True, jobs=1)
    ended = process.wait(120)
    output = parse_output(ended.output)
    assert not output.faults, output.faults[:3]
    found: dict[str, set[tuple[str, int]]] = {gotcha.id: set() for gotcha in ENTRIES}
    for hit in output.hits:
        gotcha_id = ENTRIES[int(hit.rule.split(".")[1])].id
        if hit.file.startswith(gotcha_id.replace("/", "__") + "--"):
            found[gotcha_id].add((hit.file, hit.start[0]))
    return found


def own_sites(gotcha: Gotcha, part: str, root: Path) -> set[tuple[str, int]]:
    for path, text in getattr(gotcha, part).files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    report = scan(root, ScanOptions(config=load_config(root), select=(gotcha.id,), jobs=1, no_cache=True))
    return {
        (name_of(gotcha, part, result.place.path), result.place.line)
        for result in report.results
        if result.check == gotcha.id and result.place.path is not None and result.place.path.suffix == ".py"
    }


def is_exact(gotcha: Gotcha) -> bool:
    """Whether the subject alone makes a site: no judge, no condition on values semgrep does not know, no bare name, no text or rule besides."""
    for detector in gotcha.detectors:
        if not isinstance(detector, PythonDetector) or detector.check:
            return False
        conditions = [name for names in detector.where.values() for name in names]
        if any(not name.startswith("/") for name in conditions):
            return False
        if any(gate_of(pattern).kind in ("name", "sequence") for pattern in detector.patterns):
            return False
    return True


@pytest.mark.semgrep
@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("gotcha", ENTRIES, ids=[gotcha.id for gotcha in ENTRIES])
def test_both_engines_see_the_same_sites(gotcha: Gotcha, part: str, tmp_path: Path) -> None:
    own = own_sites(gotcha, part, tmp_path)
    theirs = {site for site in semgrep_sites()[gotcha.id] if f"--{part}--" in site[0]}
    if is_exact(gotcha):
        assert own == theirs
    elif not any(isinstance(detector, CheckDetector) for detector in gotcha.detectors) and all(
        gate_of(pattern).kind != "name" for detector in gotcha.detectors if isinstance(detector, PythonDetector) for pattern in detector.patterns
    ):
        # A judge or a condition may drop sites, and names may be re-exported across files, which semgrep does not follow.
        assert own <= theirs
