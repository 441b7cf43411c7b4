"""What a shell script ends with."""

from __future__ import annotations

import time

import pytest

from auditor.project.facts.endings import endings


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\nb x", [("b x", 2)]),
        ("a && poetry run 'b' \"$@\" > log 2>&1  # c\n# d\n", [("b $@", 1)]),
        ("PORT=1 b --x \\\n  --y\n", [("b --x --y", 1)]),
        ("if a; then b; c; elif d; then e; else f; fi", [("c", 1), ("e", 1), ("f", 1)]),
        ("case $1 in dev) x;; web)\n y;; *) z ;; esac", [("y", 2), ("z", 2)]),
        ('if [ "$ENV" = "development" ]; then a; else b; fi', [("b", 1)]),
        ('if [ "$ENV" != "development" ]; then a; else b; fi', [("a", 1)]),
        ('if [ "$ENV" = production ]; then a; else b; fi', [("a", 1)]),
        ('if [ "$ENV" != production ]; then a; else b; fi', [("b", 1)]),
        ("a\nb &\n", []),
        ("a | b", []),
        ("while a; do b; done", []),
        ("if a; then b & fi", []),
        ("exec b", [("exec b", 1)]),
        ("", []),
        ("if a; then", []),
    ],
)
def test_the_last_command_of_each_branch(text: str, expected: list[tuple[str, int]]) -> None:
    assert [(" ".join(end.words), end.line) for end in endings(text)] == expected


@pytest.mark.parametrize("text", ["if a; then " * 20_000, "(" * 50_000, "a && " * 50_000 + "b", "\0\ud800", "case x in " * 5_000, "a\n" * 200_000])
def test_hostile_scripts_are_read_in_time_and_never_raise(text: str) -> None:
    started = time.monotonic()
    endings(text)
    assert time.monotonic() - started < 5
