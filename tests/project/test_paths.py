"""Paths below the root without `.` and `..`."""

from pathlib import PurePosixPath

import pytest

from auditor.project.files import normal


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a/b", "a/b"),
        ("a/./b/../c", "a/c"),
        ("./a//b/", "a/b"),
        ("/a/b", "a/b"),
        ("//a", "a"),
        ("a/..", "."),
        ("", "."),
        (".", "."),
        ("../../a", "a"),
        ("a/../../../b", "b"),
        ("..a/...", "..a/..."),
    ],
)
def test_a_path_stays_below_the_root(path, expected):
    assert normal(path) == PurePosixPath(expected)
