"""What `.dockerignore` keeps out of a build; the cases were held against what buildah copies."""

from __future__ import annotations

import time
from pathlib import PurePosixPath

import pytest

from auditor.project.dockerignore import DockerIgnore


def kept_out(text: str, path: str) -> bool:
    return DockerIgnore(text, PurePosixPath(".dockerignore")).by(path) is not None


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        # every pattern starts at the root of the context
        ("node_modules", "node_modules/a.js", True),
        ("node_modules", "web/node_modules/a.js", False),
        ("**/node_modules", "web/node_modules/a.js", True),
        ("**/node_modules", "node_modules/a.js", True),
        ("/dist/", "dist/a.js", True),
        ("./dist", "dist/a.js", True),
        ("dist/../src", "src/a.js", True),
        ("*.log", "a.log", True),
        ("*.log", "src/a.log", False),
        ("**/*.log", "src/a.log", True),
        ("**.log", "src/a.log", False),  # asks for a file that is called .log
        ("**.log", "src/.log", True),
        ("*", "a/b/c", True),
        ("**", "a/b/c", True),
        ("dist/*", "dist/a/b.js", True),
        ("a/**/b", "a/b", True),
        ("a/**/b", "a/x/y/b", True),
        ("web/**", "web/a", True),
        ("foo**", "foobar/baz", True),
        ("a?", "a1", True),
        ("a?", "a12", False),
        ("a[12]", "a1", True),
        # the last line that matches decides, also inside of a folder
        ("dist\n!dist/a.js", "dist/a.js", False),
        ("dist\n!dist/a.js", "dist/b.js", True),
        ("!dist/a.js\ndist", "dist/a.js", True),
        ("*\n!src\nsrc/*.md", "src/a.js", False),
        ("*\n!src\nsrc/*.md", "src/a.md", True),
        ("*.md\n!README.md", "README.md", False),
        ("! dist\n", "dist", False),
        # what is no pattern
        ("# dist", "dist", False),
        ("  dist  ", "dist", True),
        (".", "dist", False),
        ("/", "dist", False),
        ("../dist", "dist", False),
        ("!", "dist", False),
        ("\ufeffdist\r\n", "dist", True),
        ("dist", "distribution", False),
    ],
)
def test_patterns(text: str, path: str, expected: bool) -> None:
    assert kept_out(text, path) is expected


def test_the_line_is_named() -> None:
    line = DockerIgnore("# a\n\n*.md\ndist\n", PurePosixPath("web/.dockerignore")).by("dist/a")
    assert line is not None
    assert (line.pattern, str(line.place.path), line.place.line) == ("dist", "web/.dockerignore", 4)


@pytest.mark.parametrize("text", ["*a" * 5000 + "b", "**/" * 5000 + "x", "[" * 9999, "\\", "[a-", "\0", "a\n" * 100_000, "!!!!", "[[:alpha:]"])
def test_no_pattern_runs_away(text: str) -> None:
    start = time.monotonic()
    kept_out(text, "a" * 300 + "/" + "a" * 300)
    assert time.monotonic() - start < 5
