"""What a test runner says at its end, read in the frame that the runner prints around it.

A line such as `5 passed` proves nothing by itself: anybody can print it. Each reader below asks for the lines that the runner puts around its
figures, takes the last of several, and holds the figures against each other. What it does not know, it does not count.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_WIDEST = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What a runner counted. ``collected`` is how many tests it had before it, ``indicator`` the line that says the result."""

    runner: str
    passed: int
    failed: int
    skipped: int
    errors: int
    collected: int
    indicator: str

    @property
    def plain(self) -> dict[str, object]:
        """As plain data, for a record."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unclear:
    """Why nothing could be counted."""

    reason: str


Reader = Callable[[Sequence[str]], Counts | Unclear]


def plain(line: str) -> str:
    """A line without colours and other marks for terminals."""
    return _ANSI.sub("", line)[:_WIDEST].rstrip()


def count(lines: Sequence[str], runner: str) -> Counts | Unclear:
    """What ``runner`` (a key of READERS) says in its output; Unclear with the reason where it says nothing that can be relied on."""
    reader = READERS.get(runner)
    if reader is None:
        return Unclear(reason=f"the output of {runner} is not known here")
    return reader([plain(line) for line in lines])


def _last(lines: Sequence[str], pattern: re.Pattern[str], start: int = 0) -> tuple[int, re.Match[str]] | None:
    for index in range(len(lines) - 1, start - 1, -1):
        found = pattern.search(lines[index])
        if found:
            return index, found
    return None


def _number(found: re.Match[str] | None, group: int | str = 1) -> int:
    return int(found.group(group) or 0) if found else 0


def _no_frame(runner: str, mend: str = "") -> Unclear:
    return Unclear(reason=f"the output holds no summary of {runner}{mend and '; ' + mend}")


# -- pytest: https://docs.pytest.org/en/stable/how-to/output.html ---------------------------------------------------------------------------

_PYTEST_START = re.compile(r"^=+ test session starts")
_PYTEST_WORD = r"\d+ (?:failed|passed|skipped|deselected|xfailed|xpassed|warnings?|errors?|rerun|subtests? (?:passed|failed|skipped))"
_PYTEST_END = re.compile(rf"^(?P<bar>=+ )?(?P<said>(?:{_PYTEST_WORD}(?:, )?)+|no tests ran) in [\d.]+s(?: \([\d:]+\))?(?: =+)?$")
_PYTEST_COLLECTED = re.compile(r"^collected (\d+) items?(?:.*?/ (\d+) deselected)?|^\d+ workers? \[(\d+) items?\]")
_PYTEST_DOTS = re.compile(r"^[.FEsxXRuU,-]+(?:\s+\[\s*\d+%\])?$|\[\s*\d+%\]$")


def _pytest(lines: Sequence[str]) -> Counts | Unclear:
    start = _last(lines, _PYTEST_START)
    end = _last(lines, _PYTEST_END, start[0] if start else 0)
    if end is None:
        return _no_frame("pytest", "run it with its usual output (not -qq, not -p no:terminal)")
    index, found = end
    if start and not found["bar"]:
        return Unclear(reason=f"`{lines[index]}` is not how pytest ends a session that begins with `test session starts`")
    if found["said"] == "no tests ran":
        return Unclear(reason="pytest ran no tests")
    said = {word.split(" ", 1)[1].rstrip("s"): int(word.split(" ", 1)[0]) for word in found["said"].rstrip(", ").split(", ")}
    passed = said.get("passed", 0)
    failed, errors, skipped = said.get("failed", 0) + said.get("subtests failed", 0), said.get("error", 0), said.get("skipped", 0)
    expected = said.get("xfailed", 0) + said.get("xpassed", 0)
    collected = passed + failed + skipped + expected
    if start:
        told = _last(lines[:index], _PYTEST_COLLECTED, start[0])
        if told is None:
            return Unclear(reason="pytest's summary stands there without the line that says how many items it collected")
        collected = max(_number(told[1], 1) - _number(told[1], 2), _number(told[1], 3))
        if passed > collected:
            return Unclear(reason=f"`{lines[index].strip('= ')}` contradicts `{lines[told[0]]}`: something else printed one of them")
    elif not any(_PYTEST_DOTS.search(line) for line in lines[:index]):
        return Unclear(reason="`… passed in …` stands there without the progress that pytest prints before it")
    return Counts(
        runner="pytest",
        passed=passed,
        failed=failed,
        skipped=skipped + said.get("xfailed", 0),
        errors=errors,
        collected=collected,
        indicator=lines[index],
    )


# -- unittest: https://docs.python.org/3/library/unittest.html ------------------------------------------------------------------------------

_UNITTEST_RAN = re.compile(r"^Ran (\d+) tests? in [\d.]+s$")
_UNITTEST_END = re.compile(r"^(OK|FAILED|NO TESTS RAN)(?: \((.*)\))?$")


def _unittest(lines: Sequence[str]) -> Counts | Unclear:
    ran = _last(lines, _UNITTEST_RAN)
    if ran is None:
        return _no_frame("unittest")
    index, found = ran
    before = next((line for line in reversed(lines[:index]) if line.strip()), "")
    end = next((number for number in range(index + 1, min(index + 4, len(lines))) if _UNITTEST_END.match(lines[number])), None)
    if not re.fullmatch("-{70}", before) or end is None:
        return Unclear(reason=f"`{lines[index]}` does not stand between the lines that unittest prints around it")
    said = _UNITTEST_END.match(lines[end])
    assert said is not None
    parts = dict(re.findall(r"([a-z ]+?)=(\d+)", said.group(2) or ""))
    number = {key.strip(): int(value) for key, value in parts.items()}
    total = int(found.group(1))
    if total == 0 or said.group(1) == "NO TESTS RAN":
        return Unclear(reason="unittest ran no tests")
    failed = number.get("failures", 0) + number.get("unexpected successes", 0)
    errors, skipped = number.get("errors", 0), number.get("skipped", 0) + number.get("expected failures", 0)
    return Counts(
        runner="unittest",
        passed=max(0, total - failed - errors - skipped),
        failed=failed,
        skipped=skipped,
        errors=errors,
        collected=total,
        indicator=lines[end],
    )


# -- jest: https://jestjs.io/docs/cli, vitest: https://vitest.dev/guide/reporters ------------------------------------------------------------

_JEST_TESTS = re.compile(r"^Tests: +(?:.*, )?(\d+) total$")
_JEST_NONE = re.compile(r"^No tests found")


def _words(text: str) -> Counter[str]:
    return Counter({word: int(number) for number, word in re.findall(r"(\d+) ([a-z]+)", text)})


def _jest(lines: Sequence[str]) -> Counts | Unclear:
    if any(_JEST_NONE.match(line) for line in lines):
        return Unclear(reason="jest found no tests")
    end = _last(lines, _JEST_TESTS)
    if end is None:
        return _no_frame("jest")
    index, found = end
    near = lines[max(0, index - 1) : index + 4]
    if (
        not near[0].startswith("Test Suites:")
        or not any(line.startswith("Snapshots:") for line in near)
        or not any(line.startswith("Time:") for line in near)
    ):
        return Unclear(reason=f"`{lines[index]}` does not stand between jest's `Test Suites:`, `Snapshots:` and `Time:`")
    said, suites = _words(lines[index]), _words(near[0])
    total = int(found.group(1))
    if said["passed"] + said["failed"] + said["skipped"] + said["todo"] != total:
        return Unclear(reason=f"the figures of `{lines[index]}` do not add up")
    return Counts(
        runner="jest",
        passed=said["passed"],
        failed=said["failed"],
        skipped=said["skipped"] + said["todo"],
        errors=suites["failed"] if not said["failed"] else 0,
        collected=total,
        indicator=lines[index],
    )


_VITEST_START = re.compile(r"^\s*(?:RUN|DEV)\s+v\d")
_VITEST_FILES = re.compile(r"^\s*Test Files  ")
_VITEST_TESTS = re.compile(r"^\s*Tests  (.*)\((\d+)\)$")
_VITEST_NONE = re.compile(r"^\s*No test files? found|^\s*Tests  no tests")


def _vitest(lines: Sequence[str]) -> Counts | Unclear:
    if any(_VITEST_NONE.match(line) for line in lines):
        return Unclear(reason="vitest found no tests")
    start, end = _last(lines, _VITEST_START), _last(lines, _VITEST_TESTS)
    if start is None or end is None or end[0] < start[0]:
        return _no_frame("vitest", "run it with a reporter that prints `Test Files` and `Tests`")
    index, found = end
    files = next((line for line in lines[max(start[0], index - 2) : index] if _VITEST_FILES.match(line)), None)
    if files is None or not any("Start at" in line or "Duration" in line for line in lines[index + 1 : index + 5]):
        return Unclear(reason=f"`{lines[index].strip()}` does not stand between vitest's `Test Files` and `Duration`")
    said, total = _words(found.group(1)), int(found.group(2))
    if said["passed"] + said["failed"] + said["skipped"] + said["todo"] != total:
        return Unclear(reason=f"the figures of `{lines[index].strip()}` do not add up")
    return Counts(
        runner="vitest",
        passed=said["passed"],
        failed=said["failed"],
        skipped=said["skipped"] + said["todo"],
        errors=_words(files)["failed"] if not said["failed"] else 0,
        collected=total,
        indicator=lines[index].strip(),
    )


# -- node --test: https://nodejs.org/api/test.html#test-reporters ------------------------------------------------------------------------------

_NODE_KEYS = ("tests", "suites", "pass", "fail", "cancelled", "skipped", "todo", "duration_ms")
_NODE_FIRST = re.compile(r"^[\u2139#] tests (\d+)$")
_NODE_FILE = re.compile(r"^(?:[✔✖] |(?:not )?ok \d+ - )\S*[/\\]\S+\.[cm]?[jt]sx?(?: \([\d.]+ms\))?$")
"""A file that called no test counts as one test of its own name: it passes when the file merely ends."""


def _node(lines: Sequence[str]) -> Counts | Unclear:
    end = _last(lines, _NODE_FIRST)
    if end is None:
        return _no_frame("node --test", "use its spec or tap reporter")
    index = end[0]
    said = {}
    for key, line in zip(_NODE_KEYS, lines[index : index + len(_NODE_KEYS)], strict=False):
        found = re.match(rf"^[\u2139#] {key} ([\d.]+)$", line)
        if not found:
            return Unclear(reason=f"`{lines[index]}` is not followed by `{key}`, as it is in a summary of node --test")
        said[key] = int(float(found.group(1)))
    if len(said) < len(_NODE_KEYS):
        return Unclear(reason="the summary of node --test is cut off")
    files = {line.split(" (")[0] for line in lines[:index] if _NODE_FILE.match(line) and line[0] in "✔o"}
    passed = max(0, said["pass"] - len(files))
    if said["tests"] == 0 or (files and not passed and not said["fail"]):
        return Unclear(reason="node ran no tests" + (f": {min(files)} calls none, and counts as passed when it merely ends" if files else ""))
    return Counts(
        runner="node",
        passed=passed,
        failed=said["fail"] + said["cancelled"],
        skipped=said["skipped"] + said["todo"],
        errors=0,
        collected=said["tests"] - len(files),
        indicator=f"{lines[index]}, {lines[index + 2]}, {lines[index + 3]}",
    )


# -- mocha: https://mochajs.org/#spec --------------------------------------------------------------------------------------------------------

_MOCHA_PASSING = re.compile(r"^  (\d+) passing \(\d+(?:\.\d+)?(?:ms|s|m|h)\)$")


def _mocha(lines: Sequence[str]) -> Counts | Unclear:
    end = _last(lines, _MOCHA_PASSING)
    if end is None:
        return _no_frame("mocha", "use its spec or dot reporter")
    index, found = end
    after = {word: int(number) for number, word in re.findall(r"^  (\d+) (pending|failing)$", "\n".join(lines[index + 1 : index + 4]), re.MULTILINE)}
    passed, failed, skipped = int(found.group(1)), after.get("failing", 0), after.get("pending", 0)
    if passed + failed + skipped == 0:
        return Unclear(reason="mocha ran no tests")
    return Counts(
        runner="mocha", passed=passed, failed=failed, skipped=skipped, errors=0, collected=passed + failed + skipped, indicator=lines[index].strip()
    )


# -- go test: https://pkg.go.dev/cmd/go#hdr-Test_packages, https://pkg.go.dev/cmd/test2json ---------------------------------------------------

_GO_OK = re.compile(r"^(ok  |FAIL)\t(\S+)(?:[\t ](.*))?$")
_GO_TEST = re.compile(r"^\s*--- (PASS|FAIL|SKIP): (\S+) \([\d.]+s\)$")


def _go(lines: Sequence[str]) -> Counts | Unclear:
    events = list(_go_events(lines))
    if events:
        return _go_json(events)
    tests = Counter(found.group(1) for line in lines if (found := _GO_TEST.match(line)))
    packages = [(found, line) for line in lines if (found := _GO_OK.match(line))]
    if not packages:
        return _no_frame("go test")
    broken = [line for found, line in packages if found.group(1) == "FAIL" and ("[build failed]" in line or "[setup failed]" in line)]
    indicator = packages[-1][1].replace("\t", " ")
    if not tests and not broken:
        if all(found.group(1) == "ok  " for found, _ in packages):
            return Unclear(reason="go test tells packages, not tests, so that skipped ones look like passed ones; add -v or -json")
        tests["FAIL"] = sum(found.group(1) == "FAIL" for found, _ in packages)
    return Counts(
        runner="go",
        passed=tests["PASS"],
        failed=tests["FAIL"],
        skipped=tests["SKIP"],
        errors=len(broken),
        collected=sum(tests.values()),
        indicator=indicator,
    )


def _go_events(lines: Sequence[str]) -> Iterator[dict[str, object]]:
    for line in lines:
        if line.startswith('{"') and '"Action"' in line:
            try:
                event = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(event, dict) and "Package" in event:
                yield event


def _go_json(events: Sequence[dict[str, object]]) -> Counts | Unclear:
    ended = {(str(event["Package"]), str(event["Test"])): str(event.get("Action")) for event in events if "Test" in event and _ends(event)}
    packages = {str(event["Package"]): str(event.get("Action")) for event in events if "Test" not in event and _ends(event)}
    if not packages:
        return Unclear(reason="the events of go test -json end before a package does")
    by_action = Counter(ended.values())
    lonely = sum(action == "fail" and not any(key[0] == name and said == "fail" for key, said in ended.items()) for name, action in packages.items())
    if not ended and not lonely:
        return Unclear(reason="go test ran no tests")
    said = Counter(packages.values())
    return Counts(
        runner="go",
        passed=by_action["pass"],
        failed=by_action["fail"],
        skipped=by_action["skip"],
        errors=lonely,
        collected=len(ended),
        indicator=", ".join(f"{number} {'package' if number == 1 else 'packages'}: {action}" for action, number in sorted(said.items())),
    )


def _ends(event: dict[str, object]) -> bool:
    return event.get("Action") in ("pass", "fail", "skip")


# -- cargo test: https://doc.rust-lang.org/rustc/tests/index.html -----------------------------------------------------------------------------

_CARGO_RUNNING = re.compile(r"^running (\d+) tests?$")
_CARGO_END = re.compile(
    r"^test result: (ok|FAILED)\. (\d+) passed; (\d+) failed; (\d+) ignored; (\d+) measured; (\d+) filtered out(?:; finished in .*)?$"
)


def _cargo(lines: Sequence[str]) -> Counts | Unclear:
    running: int | None = None
    total: Counter[str] = Counter()
    indicator = ""
    for line in lines:
        if found := _CARGO_RUNNING.match(line):
            running = int(found.group(1))
        elif found := _CARGO_END.match(line):
            passed, failed, ignored, measured = (int(found.group(group)) for group in range(2, 6))
            if running is None or passed + failed + ignored + measured != running:
                return Unclear(reason=f"`{line}` does not fit the `running … tests` before it")
            running = None
            total += Counter(passed=passed, failed=failed, ignored=ignored, collected=passed + failed + ignored)
            if passed or failed or not indicator:
                indicator = line
    if not indicator:
        return _no_frame("cargo test")
    if not total["collected"]:
        return Unclear(reason="cargo ran no tests")
    return Counts(
        runner="cargo",
        passed=total["passed"],
        failed=total["failed"],
        skipped=total["ignored"],
        errors=0,
        collected=total["collected"],
        indicator=indicator,
    )


# -- gradle: https://docs.gradle.org/current/userguide/java_testing.html, maven: https://maven.apache.org/surefire/maven-surefire-plugin/ ------

_GRADLE_TASK = re.compile(r"^> Task (?::[\w.-]+)*:\w*[tT]est\w*(?: (UP-TO-DATE|NO-SOURCE|SKIPPED|FROM-CACHE|FAILED))?$")
_GRADLE_TEST = re.compile(r"^\S.* > .+ (PASSED|FAILED|SKIPPED)(?: \(.*\))?$")
_GRADLE_DONE = re.compile(r"^(\d+) tests? completed(?:, (\d+) failed)?(?:, (\d+) skipped)?$")
_GRADLE_END = re.compile(r"^BUILD (SUCCESSFUL|FAILED) in ")


def _gradle(lines: Sequence[str]) -> Counts | Unclear:
    end = _last(lines, _GRADLE_END)
    tasks = [found.group(1) for line in lines if (found := _GRADLE_TASK.match(line))]
    if end is None:
        return _no_frame("gradle")
    idle = [said for said in tasks if said in ("UP-TO-DATE", "NO-SOURCE", "SKIPPED", "FROM-CACHE")]
    if tasks and len(idle) == len(tasks):
        return Unclear(reason=f"gradle ran no tests: its test task was {idle[0]} (add --rerun-tasks where it was UP-TO-DATE)")
    tests = Counter(found.group(1) for line in lines if (found := _GRADLE_TEST.match(line)))
    done = _last(lines, _GRADLE_DONE)
    if done is not None:
        completed, failed, skipped = (_number(done[1], group) for group in (1, 2, 3))
        return Counts(
            runner="gradle",
            passed=completed - failed - skipped,
            failed=failed,
            skipped=skipped,
            errors=0,
            collected=completed,
            indicator=lines[done[0]],
        )
    if not tests:
        return Unclear(reason='gradle tells no tests that pass; write testLogging { events("passed", "skipped", "failed") } into the test task')
    return Counts(
        runner="gradle",
        passed=tests["PASSED"],
        failed=tests["FAILED"],
        skipped=tests["SKIPPED"],
        errors=0,
        collected=sum(tests.values()),
        indicator=lines[end[0]],
    )


_MAVEN_TOTAL = re.compile(r"^(?:\[\w+\] )?Tests run: (\d+), Failures: (\d+), Errors: (\d+), Skipped: (\d+)$")
_MAVEN_END = re.compile(r"^(?:\[\w+\] )?BUILD (SUCCESS|FAILURE)$")


def _maven(lines: Sequence[str]) -> Counts | Unclear:
    if _last(lines, _MAVEN_END) is None:
        return _no_frame("maven")
    totals = []
    waiting = False
    for line in lines:
        bare = re.sub(r"^\[\w+\] ?", "", line).strip()
        waiting = waiting or bare in ("Results:", "Results :")
        if (found := _MAVEN_TOTAL.match(line)) and waiting:
            totals.append(tuple(int(group) for group in found.groups()))
            waiting, indicator = False, line
    if not totals:
        return Unclear(reason="maven ran no tests")
    run, failures, errors, skipped = (sum(column) for column in zip(*totals, strict=True))
    if run == 0:
        return Unclear(reason="maven ran no tests")
    return Counts(
        runner="maven",
        passed=run - failures - errors - skipped,
        failed=failures,
        skipped=skipped,
        errors=errors,
        collected=run,
        indicator=indicator,
    )


# -- dotnet test: https://learn.microsoft.com/dotnet/core/tools/dotnet-test --------------------------------------------------------------------

_DOTNET_DLL = re.compile(r"^\s*(?:Passed|Failed|Skipped)!\s+- Failed:\s+(\d+), Passed:\s+(\d+), Skipped:\s+(\d+), Total:\s+(\d+), Duration: .+ - \S+")
_DOTNET_SUMMARY = re.compile(r"^\s*Test summary: total: (\d+), failed: (\d+), succeeded: (\d+), skipped: (\d+), duration: ")


def _dotnet(lines: Sequence[str]) -> Counts | Unclear:
    rows = [(line, tuple(map(int, found.groups()))) for line in lines if (found := _DOTNET_DLL.match(line))]
    if rows:
        failed, passed, skipped, total = (sum(column) for column in zip(*(row for _, row in rows), strict=True))
        indicator = rows[-1][0].strip()
    else:
        end = _last(lines, _DOTNET_SUMMARY)
        if end is None:
            return _no_frame("dotnet test")
        total, failed, passed, skipped = (int(group) for group in end[1].groups())
        indicator = lines[end[0]].strip()
    if failed + passed + skipped != total:
        return Unclear(reason=f"the figures of `{indicator}` do not add up")
    if total == 0:
        return Unclear(reason="dotnet ran no tests")
    return Counts(runner="dotnet", passed=passed, failed=failed, skipped=skipped, errors=0, collected=total, indicator=indicator)


# -- rspec: https://rspec.info/features/3-13/rspec-core/formatters/, phpunit: https://docs.phpunit.de/en/12.0/textui.html -----------------------

_RSPEC_END = re.compile(r"^(\d+) examples?, (\d+) failures?(?:, (\d+) pending)?(?:, (\d+) errors? occurred outside of examples)?$")


def _rspec(lines: Sequence[str]) -> Counts | Unclear:
    end = _last(lines, _RSPEC_END)
    if end is None or not any(line.startswith("Finished in ") for line in lines[max(0, end[0] - 3) : end[0]]):
        return _no_frame("rspec")
    index, found = end
    total, failed, pending, errors = (_number(found, group) for group in (1, 2, 3, 4))
    if total + errors == 0:
        return Unclear(reason="rspec ran no examples")
    return Counts(
        runner="rspec",
        passed=max(0, total - failed - pending),
        failed=failed,
        skipped=pending,
        errors=errors,
        collected=total,
        indicator=lines[index],
    )


_PHPUNIT_START = re.compile(r"^PHPUnit \d+[\w.\-]* by Sebastian Bergmann")
_PHPUNIT_OK = re.compile(r"^OK \((\d+) tests?, \d+ assertions?\)$")
_PHPUNIT_TESTS = re.compile(r"^Tests: (\d+), Assertions: \d+(.*)\.$")


def _phpunit(lines: Sequence[str]) -> Counts | Unclear:
    start = _last(lines, _PHPUNIT_START)
    if start is None:
        return _no_frame("phpunit")
    good, other = _last(lines, _PHPUNIT_OK, start[0]), _last(lines, _PHPUNIT_TESTS, start[0])
    end = max((found for found in (good, other) if found is not None), key=lambda found: found[0], default=None)
    if end is None:
        return Unclear(reason="phpunit ran no tests")
    index, found = end
    total = int(found.group(1))
    said = {name: int(number) for name, number in re.findall(r", ([A-Z][A-Za-z ]+): (\d+)", found.group(2))} if end == other else {}
    failed, errors = said.get("Failures", 0), said.get("Errors", 0)
    skipped = said.get("Skipped", 0) + said.get("Incomplete", 0)
    if total == 0:
        return Unclear(reason="phpunit ran no tests")
    return Counts(
        runner="phpunit",
        passed=max(0, total - failed - errors - skipped),
        failed=failed,
        skipped=skipped,
        errors=errors,
        collected=total,
        indicator=lines[index],
    )


READERS: dict[str, Reader] = {
    "pytest": _pytest,
    "unittest": _unittest,
    "jest": _jest,
    "vitest": _vitest,
    "node": _node,
    "mocha": _mocha,
    "go": _go,
    "cargo": _cargo,
    "gradle": _gradle,
    "maven": _maven,
    "dotnet": _dotnet,
    "rspec": _rspec,
    "phpunit": _phpunit,
}
