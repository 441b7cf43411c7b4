"""Scripts as commands: pipes, lists, conditions, variables; and text that is no script."""

import pytest

from auditor.project.facts.pipelines import read


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a -x 'b c' 2>&1 | tee l", [(("a", "-x", "b c"), ("tee", "l"))]),
        ("a && b", [(("a",),), (("b",),)]),
        ("(cd x; a | b)", [(("cd", "x"),), (("a",), ("b",))]),
        ("a | b > c", [(("a",), ("b",))]),
        ("x ${{ github.ref || 'a' }} | b", [(("x", "X" * 24), ("b",))]),
        ("echo 'a | b'", [(("echo", "a | b"),)]),
    ],
)
def test_pipelines(text, expected):
    assert [pipeline.parts for pipeline in read(text).pipelines] == expected


@pytest.mark.parametrize(
    ("text", "forgiven", "asked"),
    [
        ("a || true", ("true",), False),
        ("a && b || exit 0", ("exit", "0"), False),
        ("a", (), False),
        ("if a; then b; fi", (), True),
        ("while a; do b; done", (), True),
        ("! a", (), True),
        ("x=$(a)", (), True),
        ("for i in 1; do a; done", (), False),
    ],
)
def test_what_becomes_of_a_status(text, forgiven, asked):
    first = next(pipeline for pipeline in read(text).pipelines if pipeline.parts == (("a",),))
    assert (first.forgiven, first.asked) == (forgiven, asked)


def test_variables():
    script = read("export A=1 B\nC=$A\nfor i in $D; do echo ${E:-x} '$F'; done\nread -r G\n")
    assert [(name.name, name.line, name.exported) for name in script.set] == [
        ("B", 0, True),
        ("A", 0, True),
        ("C", 1, False),
        ("i", 2, False),
        ("G", 3, False),
    ]
    assert [(name.name, name.defaulted) for name in script.used] == [("A", False), ("D", False), ("E", True)]


@pytest.mark.parametrize(
    "text", ["", "((((", "a | | b", "'", "<<E\n", "\x00", "a" * 300_000, "$(" * 5_000, "if " * 5_000, "a |" * 5_000, "é | ü\n${"]
)
def test_anything_can_be_read(text):
    read(text)
