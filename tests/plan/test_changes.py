"""What changed for a task, and what of it are tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.plan.changes import changes, head, is_source, is_test
from auditor.plan.evidence import file_digests, sha256
from tests.plan.made_project import git, write


@pytest.mark.parametrize(
    ("path", "test", "source"),
    [
        ("app.py", False, True),
        ("tests/test_app.py", True, False),
        ("src/app.test.ts", True, False),
        ("src/App.vue", False, True),
        ("pkg/x_test.go", True, False),
        ("pkg/x.go", False, True),
        ("src/test/java/FooTest.java", True, False),
        ("app/FooTest.php", True, False),
        ("Contest.java", False, True),
        ("App.Tests/FooTests.cs", True, False),
        ("lib/x_spec.rb", True, False),
        ("README.md", False, False),
        ("docs/plans/plan.json", False, False),
        ("Dockerfile", False, False),
    ],
)
def test_tests_are_told_from_sources(path: str, test: bool, source: bool) -> None:
    assert (is_test(path), is_source(path)) == (test, source)


def test_git_knows_what_changed_committed_or_not(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "1\n", "b.py": "1\n", "c.py": "1\n", ".gitignore": "ignored.py\n", "nginx.conf": ""})
    git(tmp_path, "init", "-q")
    assert head(tmp_path) == ""
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "start")
    base = head(tmp_path)
    write(tmp_path, {"a.py": "2\n"})
    git(tmp_path, "commit", "-qam", "committed")
    write(tmp_path, {"b.py": "2\n", "tests/test_ü x.py": "", "ignored.py": "", "nginx.conf": "x", "README.md": "x", ".gotcha-audit/x.py": ""})
    (tmp_path / "c.py").unlink()
    found = changes(tmp_path, base, ())
    assert set(found.sources) == {"a.py", "b.py", "c.py"}
    assert found.sources["c.py"] is None
    assert found.sources["b.py"] == sha256(b"2\n")
    assert set(found.tests) == {"tests/test_ü x.py"}
    assert set(found.others) == {"nginx.conf"}
    assert set(changes(tmp_path, "0" * 40, ()).sources) == {"b.py", "c.py"}, "a commit that is not known: since the one checked out"


def test_a_project_below_the_repository_sees_its_own_files(tmp_path: Path) -> None:
    write(tmp_path, {"outside.py": "1", "service/app.py": "1"})
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "start")
    write(tmp_path, {"outside.py": "2", "service/app.py": "2"})
    assert set(changes(tmp_path / "service", head(tmp_path), ()).sources) == {"app.py"}


def test_without_git_the_files_of_the_task_are_compared(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "1", "b.py": "1", "tests/test_a.py": ""})
    before = file_digests(("a.py", "b.py"), tmp_path)
    write(tmp_path, {"b.py": "2"})
    found = changes(tmp_path, "", ("a.py", "b.py"), before, ["pytest", "tests/test_a.py::test_x"])
    assert (set(found.sources), set(found.tests)) == ({"b.py"}, {"tests/test_a.py"})
    assert set(changes(tmp_path, "", (), None, ["python", "-m", "unittest", "tests.test_a.T"]).tests) == {"tests/test_a.py"}


def test_rust_keeps_tests_in_the_source(tmp_path: Path) -> None:
    write(tmp_path, {"src/lib.rs": "#[cfg(test)]\nmod tests {}\n", "src/main.rs": "fn main() {}\n"})
    found = changes(tmp_path, "", ("src/lib.rs", "src/main.rs"))
    assert (set(found.sources), set(found.tests)) == ({"src/lib.rs", "src/main.rs"}, {"src/lib.rs"})


def test_a_configured_program_is_not_run(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "1\n"})
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "start")
    git(tmp_path, "config", "diff.external", f"touch {tmp_path}/ran;")
    git(tmp_path, "config", "core.fsmonitor", f"touch {tmp_path}/ran;")
    write(tmp_path, {"a.py": "2\n"})
    assert set(changes(tmp_path, head(tmp_path), ()).sources) == {"a.py"}
    assert not (tmp_path / "ran").exists()


def test_files_of_a_task_may_be_folders_patterns_or_nonsense(tmp_path: Path) -> None:
    write(tmp_path, {"src/a.py": "1", "src/b.js": "2"})
    assert set(file_digests(("src",), tmp_path)) == {"src/a.py", "src/b.js"}
    assert set(file_digests(("src/*.py",), tmp_path)) == {"src/a.py"}
    strange = ("../../etc/passwd", "/etc/passwd", "new.py (to be written)", "", "a\0b", "x" * 5000)
    assert set(file_digests(strange, tmp_path).values()) == {None}
