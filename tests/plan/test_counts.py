"""What runners say at their end. `outputs/` holds what they really printed; texts written here follow a runner's documented format."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.plan.counts import READERS, Counts, Unclear, count

OUTPUTS = Path(__file__).parent / "outputs"


def read(name: str) -> Counts | Unclear:
    return count((OUTPUTS / f"{name}.txt").read_text(encoding="utf-8").split("\n"), name.partition("-")[0])


@pytest.mark.parametrize(
    ("name", "passed", "failed", "skipped", "errors"),
    [
        ("pytest-pass", 2, 0, 0, 0),
        ("pytest-colour", 2, 0, 1, 0),
        ("pytest-fail", 1, 1, 0, 0),
        ("pytest-quiet", 1, 1, 0, 0),
        ("pytest-skipped", 0, 0, 1, 0),
        ("pytest-broken", 0, 0, 0, 1),
        ("pytest-prints", 0, 1, 0, 0),
        ("pytest-xdist", 2, 0, 0, 0),
        ("pytest-none", 0, 0, 0, 0),
        ("unittest-pass", 1, 0, 1, 0),
        ("unittest-verbose", 1, 0, 1, 0),
        ("unittest-fail", 0, 1, 0, 1),
        ("unittest-skipped", 0, 0, 1, 0),
        ("jest-pass", 2, 0, 0, 0),
        ("jest-colour", 2, 0, 0, 0),
        ("jest-fail", 1, 1, 0, 0),
        ("jest-skip", 0, 0, 1, 0),
        ("vitest-pass", 2, 0, 0, 0),
        ("vitest-colour", 2, 0, 0, 0),
        ("vitest-fail", 1, 1, 0, 0),
        ("vitest-skip", 0, 0, 1, 0),
        ("node-spec-pass", 2, 0, 0, 0),
        ("node-spec-fail", 1, 1, 0, 0),
        ("node-spec-skip", 0, 0, 1, 0),
        ("node-spec-none", 0, 0, 2, 0),
        ("node-tap-pass", 2, 0, 0, 0),
        ("node-tap-fail", 1, 1, 0, 0),
        ("node-npm", 2, 0, 0, 0),
        ("mocha-pass", 2, 0, 0, 0),
        ("mocha-fail", 1, 1, 0, 0),
        ("mocha-skip", 0, 0, 1, 0),
        ("cargo-pass", 4, 0, 1, 0),
        ("cargo-fail", 2, 1, 1, 0),
        ("cargo-skipped", 0, 0, 1, 0),
    ],
)
def test_what_runners_printed_is_counted(name: str, passed: int, failed: int, skipped: int, errors: int) -> None:
    found = read(name)
    assert isinstance(found, Counts), found
    assert (found.passed, found.failed, found.skipped, found.errors) == (passed, failed, skipped, errors)


@pytest.mark.parametrize(
    "name",
    [
        *("pytest-missing", "unittest-none", "unittest-none-312", "jest-none", "jest-none-allowed", "vitest-none", "vitest-none-allowed"),
        *("node-spec-empty", "node-tap-empty", "mocha-none", "cargo-none"),
    ],
)
def test_a_run_without_tests_counts_nothing(name: str) -> None:
    assert isinstance(read(name), Unclear)


GO = "=== RUN   TestA\n--- PASS: TestA (0.00s)\n=== RUN   TestB\n    x_test.go:5: later\n--- SKIP: TestB (0.00s)\nPASS\nok  \texample.com/x\t0.003s"
GO_JSON = """{"Action":"start","Package":"x"}
{"Action":"pass","Package":"x","Test":"TestA","Elapsed":0}
{"Action":"fail","Package":"x","Test":"TestB","Elapsed":0}
{"Action":"fail","Package":"x","Elapsed":0.1}"""
GRADLE = "> Task :test\n\nFooTest > one() PASSED\n\nFooTest > two() SKIPPED\n\nBUILD SUCCESSFUL in 2s\n3 actionable tasks: 3 executed"
GRADLE_FAILED = (
    "> Task :test FAILED\n\nFooTest > one() FAILED\n    java.lang.AssertionError\n\n3 tests completed, 1 failed, 1 skipped\n\nBUILD FAILED in 2s"
)
MAVEN = """[INFO]  T E S T S
[INFO] Running FooTest
[INFO] Tests run: 3, Failures: 0, Errors: 0, Skipped: 1, Time elapsed: 0.05 s -- in FooTest
[INFO]
[INFO] Results:
[INFO]
[WARNING] Tests run: 3, Failures: 0, Errors: 0, Skipped: 1
[INFO]
[INFO] BUILD SUCCESS"""
DOTNET = "Passed!  - Failed:     0, Passed:     3, Skipped:     1, Total:     4, Duration: 12 ms - App.Tests.dll (net8.0)"
DOTNET_9 = "Test summary: total: 3, failed: 1, succeeded: 2, skipped: 0, duration: 1.2s\nBuild failed with 1 error(s)"
RSPEC = "..F*\n\nFinished in 0.0123 seconds (files took 0.1 seconds to load)\n4 examples, 1 failure, 1 pending"
PHPUNIT = "PHPUnit 11.5.2 by Sebastian Bergmann and contributors.\n\n...  3 / 3 (100%)\n\nTime: 00:00.004\n\nOK (3 tests, 4 assertions)"
PHPUNIT_FAILED = "PHPUnit 11.5.2 by Sebastian Bergmann and contributors.\n\n.FS\n\nFAILURES!\nTests: 3, Assertions: 2, Failures: 1, Skipped: 1."


@pytest.mark.parametrize(
    ("runner", "text", "figures"),
    [
        ("go", GO, (1, 0, 1, 0)),  # https://pkg.go.dev/cmd/go#hdr-Test_packages
        ("go", GO_JSON, (1, 1, 0, 0)),  # https://pkg.go.dev/cmd/test2json
        ("go", "FAIL\texample.com/x [build failed]\nFAIL", (0, 0, 0, 1)),
        ("gradle", GRADLE, (1, 0, 1, 0)),  # https://docs.gradle.org/current/userguide/java_testing.html#sec:test_reporting
        ("gradle", GRADLE_FAILED, (1, 1, 1, 0)),
        ("maven", MAVEN, (2, 0, 1, 0)),  # https://maven.apache.org/surefire/maven-surefire-plugin/examples/single-test.html
        ("dotnet", DOTNET, (3, 0, 1, 0)),  # https://learn.microsoft.com/dotnet/core/testing/unit-testing-with-dotnet-test
        ("dotnet", DOTNET_9, (2, 1, 0, 0)),
        ("rspec", RSPEC, (2, 1, 1, 0)),  # https://rspec.info/features/3-13/rspec-core/formatters/
        ("phpunit", PHPUNIT, (3, 0, 0, 0)),  # https://docs.phpunit.de/en/11.5/textui.html
        ("phpunit", PHPUNIT_FAILED, (1, 1, 1, 0)),
    ],
)
def test_the_documented_formats_are_counted(runner: str, text: str, figures: tuple[int, int, int, int]) -> None:
    found = count(text.split("\n"), runner)
    assert isinstance(found, Counts), found
    assert (found.passed, found.failed, found.skipped, found.errors) == figures


@pytest.mark.parametrize(
    ("runner", "text"),
    [
        ("pytest", "5 passed in 0.10s"),
        ("pytest", "===== 5 passed in 0.10s ====="[6:]),
        ("pytest", "=== test session starts ===\ncollected 1 item\n\n=== 5 passed in 0.10s ==="),
        ("pytest", "=== test session starts ===\n=== 5 passed in 0.10s ==="),
        ("unittest", "Ran 5 tests in 0.001s\n\nOK"),
        ("jest", "Tests:       5 passed, 5 total"),
        ("jest", "Test Suites: 1 passed, 1 total\nTests:       5 passed, 9 total\nSnapshots:   0 total\nTime:        1 s"),
        ("vitest", "      Tests  5 passed (5)"),
        ("node", "# tests 5\n# pass 5\n# fail 0"),
        ("go", "ok  \texample.com/x\t0.003s"),
        ("go", "?   \texample.com/x\t[no test files]"),
        ("cargo", "test result: ok. 5 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out"),
        ("gradle", "> Task :test UP-TO-DATE\n\nBUILD SUCCESSFUL in 1s"),
        ("gradle", "BUILD SUCCESSFUL in 1s"),
        ("maven", "[INFO] Tests run: 5, Failures: 0, Errors: 0, Skipped: 0"),
        ("maven", "[INFO] No tests to run.\n[INFO] BUILD SUCCESS"),
        ("dotnet", "Passed!"),
        ("rspec", "5 examples, 0 failures"),
        ("rspec", "Finished in 0.0 seconds\n0 examples, 0 failures"),
        ("phpunit", "OK (5 tests, 5 assertions)"),
        ("phpunit", "PHPUnit 11.5.2 by Sebastian Bergmann and contributors.\n\nNo tests executed!"),
        ("nose", "OK"),
    ],
)
def test_a_line_that_anybody_could_print_counts_nothing(runner: str, text: str) -> None:
    found = count(text.split("\n"), runner)
    assert isinstance(found, Unclear)
    assert found.reason


@given(st.lists(st.text(max_size=80), max_size=20), st.sampled_from(sorted(READERS)))
def test_no_output_is_too_strange(lines: list[str], runner: str) -> None:
    assert isinstance(count(lines, runner), Counts | Unclear)
