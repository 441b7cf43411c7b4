"""The scan from the catalogue to the report."""

import time
from dataclasses import replace
from pathlib import Path

import pytest
from made_work import entry

from auditor.errors import CatalogueError, UsageError
from auditor.model import CheckDetector, Outcome, PythonDetector, Requirement, Severity
from auditor.project.config import Config, PathIgnore
from auditor.project.project import open_project
from auditor.scan import ScanOptions, scan
from auditor.scan import scanner as module
from auditor.scan.scanner import applies

FAILS = "from flask import Flask\nfrom flask_cors import CORS\n\napp = Flask(__name__)\nCORS(app)\n"
WORKS = FAILS.replace("CORS(app)", 'CORS(app, origins=["https://shop.example"])')
CORS = "flask/cors-any-origin"


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def tree(tmp_path, monkeypatch, cache):
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    root = tmp_path / "tree"
    write(root, {"requirements.txt": "flask\nflask-cors\n", "fails.py": FAILS, "works.py": WORKS, "tests/test_web.py": FAILS})
    return root


def write(root, files):
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def run_of(root, *, select=(CORS,), config=None, **more):
    (run,) = scan(root, ScanOptions(config=config or Config(), select=select, jobs=more.pop("jobs", 1), no_cache=False, **more)).runs
    return run


def found(run):
    return [(str(result.place.path), result.place.line, result.check, result.outcome.value) for result in run.results]


def test_a_run_lists_failures_and_passes_of_production_code_in_order(tree):
    run = run_of(tree)
    assert found(run) == [("fails.py", 5, CORS, "fail"), ("works.py", 5, CORS, "pass")]
    assert (run.producer, run.subject) == ("scan", str(tree))


def test_counts_and_checked_say_how_often_each_verdict_was_given(tree):
    run = run_of(tree)
    assert {name: run.counts[name] for name in ("fail", "pass", "review", "error", "suppressed")} == {
        "fail": 1, "pass": 1, "review": 0, "error": 0, "suppressed": 0,
    }  # fmt: skip
    (checked,) = run.checked
    assert (checked.gotcha, checked.fails, checked.reviews, checked.passes) == (CORS, 1, 0, 1)
    assert [str(place) for place in checked.places] == ["fails.py:5:1", "works.py:5:1"]


def test_coverage_counts_what_was_selected_scanned_skipped_and_failed(tree):
    write(tree, {"broken.py": "def (", "nul.py": b"x\0"})
    coverage = run_of(tree).coverage
    # requirements.txt, fails.py, works.py, broken.py, nul.py and the test
    assert (coverage.selected, coverage.scanned, coverage.failed) == (6, 3, 2)
    assert coverage.skipped == {"test code": 1}


def test_a_file_that_cannot_be_examined_is_an_error_and_the_rest_goes_on(tree):
    write(tree, {"broken.py": "def (", "nul.py": b"x\0"})
    run = run_of(tree)
    assert found(run) == [
        ("broken.py", 1, "scan/syntax", "error"),
        ("fails.py", 5, CORS, "fail"),
        ("nul.py", 0, "scan/unreadable", "error"),
        ("works.py", 5, CORS, "pass"),
    ]


@pytest.mark.parametrize(
    ("files", "fail_on", "expected"),
    [
        ({}, Severity.WARNING, 1),
        ({"fails.py": WORKS}, Severity.NOTE, 0),
        ({"fails.py": FAILS.replace("CORS(app)", f"CORS(app)  # gotcha: ignore[{CORS}] -- public data")}, Severity.NOTE, 0),
        ({"fails.py": FAILS.replace("CORS(app)", f"CORS(app)  # gotcha: ignore[{CORS}]")}, Severity.WARNING, 1),
        ({"broken.py": "def ("}, Severity.ERROR, 3),
        ({"fails.py": WORKS, "broken.py": "def ("}, Severity.ERROR, 3),
    ],
)
def test_the_exit_status(tree, files, fail_on, expected):
    write(tree, files)
    report = scan(tree, ScanOptions(config=Config(), select=(CORS,), jobs=1, no_cache=False))
    assert report.exit_status(fail_on=fail_on) == expected


def test_a_suppressed_failure_counts_as_suppressed_and_not_in_the_table(tree):
    write(tree, {"fails.py": FAILS.replace("CORS(app)", f"CORS(app)  # gotcha: ignore[{CORS}] -- public data")})
    run = run_of(tree)
    assert (run.counts["fail"], run.counts["suppressed"]) == (0, 1)
    assert run.checked[0].fails == 0


def test_a_comment_for_an_entry_outside_the_selection_is_no_fault(tree):
    write(tree, {"fails.py": FAILS.replace("CORS(app)", f"CORS(app)  # gotcha: ignore[{CORS}] -- public data")})
    run = run_of(tree, select=("python/env-unchecked",))
    assert [result for result in run.results if result.check.startswith("scan/")] == []


def test_an_entry_outside_the_stack_does_not_run(tree):
    run = run_of(tree, select=(CORS, "django/allowed-hosts-any"))
    assert [checked.gotcha for checked in run.checked] == [CORS]


def test_ignored_entries_do_not_run(tree):
    assert run_of(tree, select=("flask",), ignore=("flask/*",)).checked == ()


def test_only_the_given_paths_are_examined(tree):
    run = run_of(tree, paths=(Path("works.py"),))
    assert found(run) == [("works.py", 5, CORS, "pass")]
    assert run.coverage.selected == 1


def test_an_empty_folder_is_clean(tmp_path):
    run = run_of(tmp_path)
    assert (run.results, run.coverage.selected, run.checked) == ((), 0, ())


@pytest.mark.parametrize("select", [("flask/cors-any-origins",), ("nothing",)])
def test_an_id_that_does_not_exist_is_an_error_of_usage(tree, select):
    with pytest.raises(UsageError):
        run_of(tree, select=select)


def test_the_answer_does_not_depend_on_the_number_of_workers(tree):
    write(tree, {f"m{number:03}.py": FAILS if number % 3 else "def (" for number in range(85)})
    one, many = (run_of(tree, jobs=jobs) for jobs in (1, 4))
    assert one.results == many.results
    assert (one.coverage, one.checked, one.tree) == (many.coverage, many.checked, many.tree)


def test_the_digest_of_the_tree_changes_with_names_and_contents(tree):
    first = run_of(tree).tree
    assert run_of(tree).tree == first
    write(tree, {"works.py": WORKS + "\n"})
    second = run_of(tree).tree
    assert second != first
    (tree / "works.py").rename(tree / "other.py")
    assert run_of(tree).tree not in (first, second)


def test_a_path_may_be_excused_by_the_configuration(tree):
    config = Config(per_path_ignores=(PathIgnore(paths=("fails.py",), ids=(CORS,), reason="a demo"),))
    (failing, _) = run_of(tree, config=config).results
    assert (failing.suppression.origin, failing.suppression.reason) == ("config", "a demo")


def test_a_hostile_path_in_the_configuration_ends_at_once(tree):
    hostile = PathIgnore(paths=("*a" * 40 + "b",), ids=(CORS,), reason="a demo")
    write(tree, {f"{'a' * 120}.py": FAILS})
    started = time.perf_counter()
    run_of(tree, config=Config(per_path_ignores=(hostile,)))
    assert time.perf_counter() - started < 20


# -- which entries apply --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("called", "packages", "expected"),
    [
        ("flask/x", (), True),
        ("django/x", (), False),
        ("project/x", (), True),
        ("made/x", ("flask",), True),
        ("made/x", ("django",), False),
        ("made/x", ("django", "flask-cors"), True),
        ("python/x", (), True),
    ],
)
def test_an_entry_applies_by_its_packages_or_by_its_folder(tree, called, packages, expected):
    gotcha = replace(entry(called=called, applies=packages), stack=called.partition("/")[0])
    assert applies(gotcha, open_project(tree, config=Config())) is expected


@pytest.mark.parametrize(("versions", "expected"), [(">=2", True), ("<2", False), ("", True)])
def test_a_version_range_is_held_against_the_requirement(tree, versions, expected):
    write(tree, {"requirements.txt": "flask==3.0.2\n"})
    gotcha = replace(entry(called="made/x"), applies=(Requirement(package="flask", versions=versions),))
    assert applies(gotcha, open_project(tree, config=Config())) is expected


@pytest.mark.parametrize("detector", [CheckDetector(check="made/nothing"), PythonDetector(patterns=("f()",), check="made/nothing")])
def test_an_entry_that_names_a_check_that_is_not_there_is_refused_by_its_file(detector):
    with pytest.raises(CatalogueError, match=r"rules/made/entry\.md: there is no check 'made/nothing'"):
        module._assert_checks_exist((entry(detector),))


def test_a_check_that_crashes_costs_its_own_stack_only(tree, monkeypatch):
    def crash(*_):
        raise RuntimeError("a defect")

    def clean(*_):
        return ()

    monkeypatch.setattr(module, "CHECKS", {"made/crash": crash, "made/clean": clean})
    one, two = (replace(entry(CheckDetector(check=f"made/{what}")), stack=what) for what in ("crash", "clean"))
    project = open_project(tree, config=Config())
    found = module._run_checks(module.Work(project=project, gotchas=(one, two), files=()), 1)
    (trouble,) = found.troubles
    assert (trouble.check, trouble.place.label) == ("scan/crash", "crash")
    assert "RuntimeError: a defect" in trouble.message


def test_an_error_outside_any_file_is_no_failed_file(tree, monkeypatch):
    def crash(*_):
        raise RuntimeError("a defect")

    monkeypatch.setattr(module, "CHECKS", {"made/crash": crash})
    project = open_project(tree, config=Config())
    troubles = module._run_checks(module.Work(project=project, gotchas=(entry(CheckDetector(check="made/crash")),), files=()), 1).troubles
    results = module.from_troubles(troubles)
    assert [result.outcome for result in results] == [Outcome.ERROR]
    assert module._coverage(project, results, {}).failed == 0
