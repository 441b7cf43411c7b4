"""Dockerfiles as BuildKit reads them."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_facts import record

from auditor.project.facts.files.dockerfile import pairs


def unit(text):
    """The unit of the last stage."""
    found = record("Dockerfile", text)
    assert found.fault is None
    return found.units[-1]


def instructions(text):
    return [(item.place.line, item.word, item.rest) for stage in record("Dockerfile", text).stages for item in stage.instructions]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM x\nRUN a \\\n  b\nUSER u\n", [(2, "RUN", "a b"), (4, "USER", "u")]),
        # comments and empty lines inside a continued line are left out
        ("FROM x\nRUN a \\\n# no\n\n  b\n", [(2, "RUN", "a b")]),
        ("FROM x\n\n# no\n  run a\n", [(4, "RUN", "a")]),
        ("# escape=`\nFROM x\nRUN a `\n b\nRUN c \\\n", [(3, "RUN", "a b"), (5, "RUN", "c \\")]),
        # a directive after the first other line is a comment
        ("FROM x\n# escape=`\nRUN a \\\n b\n", [(3, "RUN", "a b")]),
        ("FROM x\nRUN <<EOF\nCMD no\nEOF\nUSER u\n", [(2, "RUN", "<<EOF"), (5, "USER", "u")]),
        ("FROM x\nCOPY <<-'A' <<B /t/\n1\n\tA\n2\nB\nUSER u\n", [(2, "COPY", "<<-'A' <<B /t/"), (7, "USER", "u")]),
        ("FROM x\nRUN\ta\n", [(2, "RUN", "a")]),
    ],
)
def test_instructions(text, expected):
    assert instructions(text) == expected


def test_flags_stand_before_the_rest():
    (stage,) = record("Dockerfile", "FROM x\nCOPY --from=build --chown=a:b /x /y\nRUN --mount=type=cache,target=/c npm ci\nENV A=--b\n").stages
    assert [(item.flags, item.rest) for item in stage.instructions] == [
        (("--from=build", "--chown=a:b"), "/x /y"),
        (("--mount=type=cache,target=/c",), "npm ci"),
        ((), "A=--b"),
    ]


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        ("A=1", (("A", "1"),)),
        ("A=1 B=2", (("A", "1"), ("B", "2"))),
        ("A=\"x y\" B='z w'", (("A", "x y"), ("B", "z w"))),
        ("A=x\\ y B=", (("A", "x y"), ("B", ""))),
        ("A all the rest", (("A", "all the rest"),)),
        ("A b=c", (("A", "b=c"),)),
        ('A="say \\"hi\\""', (("A", 'say "hi"'),)),
    ],
)
def test_names_and_values_of_env(rest, expected):
    assert pairs(rest) == expected


@pytest.mark.parametrize(
    ("text", "entrypoint", "command", "form"),
    [
        ('FROM x\nCMD ["a", "b c"]\n', None, ("a", "b c"), "exec"),
        ("FROM x\nCMD a 'b c'\n", None, ("a", "b c"), "shell"),
        # single quotes are no JSON: a shell gets the brackets
        ("FROM x\nCMD ['a']\n", None, ("[a]",), "shell"),
        ('FROM x\nCMD ["a"]\nCMD ["b"]\n', None, ("b",), "exec"),
        ('FROM x\nENTRYPOINT ["e"]\nCMD ["b"]\n', ("e",), ("b",), "exec"),
        # an entry point resets what was the command before it
        ('FROM x\nCMD ["b"]\nENTRYPOINT ["e"]\n', ("e",), None, None),
        ('FROM x AS base\nCMD ["a"]\nFROM base\nUSER u\n', None, ("a",), "exec"),
        ('FROM x AS base\nCMD ["a"]\nFROM y\nUSER u\n', None, None, None),
        ('FROM x AS Base\nCMD ["a"]\nFROM base AS other\nFROM other\nCMD ["c"]\n', None, ("c",), "exec"),
    ],
)
def test_what_the_last_stage_starts(text, entrypoint, command, form):
    found = unit(text)
    assert (found.entrypoint.words if found.entrypoint else None) == entrypoint
    assert (found.command.words if found.command else None) == command
    assert (found.command.form if found.command else None) == form


def test_what_holds_at_the_end_of_a_stage():
    found = unit("FROM x\nWORKDIR /a\nWORKDIR b\nENV P=1\nARG Q=2\nEXPOSE 80 443/tcp $PORT\nUSER me\n")
    assert (found.folder, found.user, found.image) == ("/a/b", "me", "x")
    assert [(variable.name, variable.value, variable.when) for variable in found.variables] == [("P", "1", "run"), ("Q", "2", "build")]
    assert [(port.inner, port.confidence.value) for port in found.ports] == [(80, "high"), (443, "high"), (None, "low")]


def test_arguments_end_with_their_stage():
    assert [variable.name for variable in unit("FROM x AS a\nARG Q=1\nENV P=1\nFROM a\n").variables] == ["P"]


@pytest.mark.parametrize(
    ("text", "line"),
    [("", 1), ("RUN a\n", 1), ("FROM x\nRUNN a\n", 2), ("FROM\n", 1), ("FROM a b c\n", 1), ("\0\1\n", 1)],
)
def test_what_is_no_dockerfile_is_a_fault_with_its_line(text, line):
    fault = record("Dockerfile", text).fault
    assert fault is not None
    assert fault.line == line


def test_a_template_is_left_out():
    assert record("Dockerfile", "FROM x\n{% if a %}\nRUN a\n").left_out


@given(st.text(alphabet=st.sampled_from('FROMRUNCOPY \n\\#<EOF"[]`$={}\t'), max_size=200))
def test_no_text_raises(text):
    record("Dockerfile", text)


@pytest.mark.parametrize(
    "text", ["FROM x\nENV " + "A=" * 200_000, "FROM x\nRUN " + "\\\n" * 100_000, "FROM x\nRUN " + "<<A " * 2_000, "FROM x\nCOPY " + "--a " * 20_000]
)
def test_hostile_text_ends_soon(text):
    started = time.perf_counter()
    record("Dockerfile", text)
    assert time.perf_counter() - started < 5
