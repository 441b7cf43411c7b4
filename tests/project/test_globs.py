"""Patterns mean what they mean to git, whatever they are made of, and none of them takes long."""

from __future__ import annotations

import subprocess
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pathspec import GitIgnoreSpec

from auditor.project.globs import Globs


@pytest.mark.parametrize(
    ("patterns", "path", "matched"),
    [
        ("*.log", "a/b/x.log", True),
        ("/x.log", "a/x.log", False),
        ("a/x.log", "b/a/x.log", False),
        ("**/a/x.log", "b/a/x.log", True),
        ("build/", "web/build/index.js", True),
        ("build/", "build", False),
        ("a/**", "a", False),
        ("a/**", "a/b/c", True),
        ("a/**/c", "a/c", True),
        ("a/**/c", "a/x/y/c", True),
        ("a/**/c/**/e", "a/c/x/c/d/e", True),
        ("**", "a/b", True),
        ("a**c", "abbc", True),
        ("a*c", "a/c", False),
        ("?.py", "ab.py", False),
        ("[!a-c].py", "d.py", True),
        ("[!a-c].py", "b.py", False),
        ("[]x].py", "].py", True),
        ("[[:digit:]]x", "7x", True),
        ("[z-a]", "b", False),
        ("[ab", "[ab", False),
        ("\\#x", "#x", True),
        ("# x", "# x", False),
        ("\\!x", "!x", True),
        ("x\\", "x\\", False),
        ("x  ", "x", True),
        ("x\\ ", "x ", True),
        ("x\r", "x", True),
        ("!", "x", False),
        ("/", "x", False),
        ("*\n!keep.py", "keep.py", False),
        ("*.py\n!keep.py\n", "keep.py", False),
        ("lib/\n!lib/keep.py", "lib/keep.py", True),
    ],
)
def test_a_pattern_matches_as_the_manual_says(patterns: str, path: str, matched: bool) -> None:
    assert Globs(patterns.split("\n")).match_file(path) is matched


# A slash inside brackets is the one thing read differently.
PATTERN = st.text(alphabet="ab*?/!.[]-\\ ", min_size=1, max_size=8).filter(lambda text: "[" not in text or "/" not in text[text.index("[") :])
NAME = st.text(alphabet="ab.-", min_size=1, max_size=4).filter(lambda name: name.strip(".") != "")


@given(st.lists(PATTERN, min_size=1, max_size=3), st.lists(st.lists(NAME, min_size=1, max_size=3).map("/".join), min_size=1, max_size=8, unique=True))
@settings(max_examples=60, deadline=None)
def test_git_itself_decides_the_same(tmp_path_factory: pytest.TempPathFactory, patterns: list[str], paths: list[str]) -> None:
    root = tmp_path_factory.getbasetemp() / "globs"
    if not root.exists():
        subprocess.run(["git", "init", "-q", str(root)], check=True)
    (root / ".git/info/exclude").write_text("\n".join(patterns) + "\n", encoding="utf-8")
    command = ["git", "-C", str(root), "-c", "core.excludesFile=/dev/null", "check-ignore", "--no-index", "--stdin", "-z"]
    done = subprocess.run(command, input="\0".join(paths) + "\0", capture_output=True, text=True, check=False)
    ignored = set(done.stdout.split("\0")) - {""}
    globs = Globs(patterns)
    assert {path for path in paths if globs.match_file(path)} == ignored


@given(st.lists(st.sampled_from(["*.log", "build/", "/a", "a/**/b", "**/b", "b/*", "a.b", "?a"]), max_size=3), st.lists(NAME, min_size=1, max_size=4))
def test_a_library_for_it_decides_the_same(patterns: list[str], parts: list[str]) -> None:
    path = "/".join(parts)
    assert Globs(patterns).match_file(path) is GitIgnoreSpec.from_lines(patterns).match_file(path)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("*a" * 40 + "*b", "a" * 250),
        ("?*" * 40 + "b", "a" * 250),
        ("**/a/" * 40 + "b", "a/" * 500 + "x"),
        ("a/**/*a*a*a*a*a*b", "a/" + ("a" * 250 + "/") * 15 + "x"),
    ],
)
def test_no_pattern_runs_away(pattern: str, path: str) -> None:
    started = time.perf_counter()
    assert not Globs([pattern]).match_file(path)
    assert time.perf_counter() - started < 2


@given(st.text(max_size=20), st.text(min_size=1, max_size=20))
def test_any_text_is_a_pattern(pattern: str, path: str) -> None:
    assert Globs([pattern]).match_file(path) in (True, False)
