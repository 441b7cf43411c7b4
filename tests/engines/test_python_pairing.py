"""The libcst tree and the `ast` tree of a file pair node by node, whatever is written."""

import ast
import re

import libcst as cst
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.engines.python.pattern import code
from auditor.engines.python.tree import Tree, walk
from auditor.project.python.module import Module, PurePosixPath


def indented(text):
    return "\n".join("    " + line for line in text.split("\n"))


# `@` stands for a call with a number of its own, so that a pair that is off by one is seen.
expressions = st.recursive(
    st.sampled_from(["@", "a", "1", "'é'", "a.b", "a.@"]),
    lambda inner: st.one_of(
        st.builds("@({}, k={})".format, inner, inner),
        st.builds("@(k={}, *{}, **{})".format, inner, inner, inner),
        st.builds("({})({})".format, inner, inner),
        st.builds("{}.m({})".format, st.sampled_from(["@", "a"]), inner),
        st.builds("({} if {} else {})".format, inner, inner, inner),
        st.builds("(lambda x={}, *, y={}: {})".format, inner, inner, inner),
        st.builds("[{} for x in {} if {} for y in {}]".format, inner, inner, inner, inner),
        st.builds("{{{}: {} for x in {}}}".format, inner, inner, inner),
        st.builds("({} for x in {})".format, inner, inner),
        st.builds("{{{}: {}, **{}}}".format, inner, inner, inner),
        st.builds("{{{}, {}}}".format, inner, inner),
        st.builds("({}, *{})".format, inner, inner),
        st.builds("({} and {} or not {})".format, inner, inner, inner),
        st.builds("({} < {} in {})".format, inner, inner, inner),
        st.builds("({} + {} * {})".format, inner, inner, inner),
        st.builds("a[{}:{}, {}]".format, inner, inner, inner),
        st.builds("(n := {})".format, inner),
        st.builds("-{}".format, inner),
    ),
    max_leaves=6,
)
formatted = st.lists(st.sampled_from(["@", "a.@", "[@ for x in @]", "@(@)", "a"]), min_size=1, max_size=3).map(
    lambda parts: 'f"é' + " ".join("{" + part + "}" for part in parts) + '"'
)
value = st.one_of(expressions, formatted)
statements = st.recursive(
    st.one_of(
        st.builds("{}".format, value),
        st.builds("a = b = {}".format, value),
        st.builds("a[{}] = {}".format, value, value),
        st.builds("a: {} = {}".format, expressions, value),
        st.builds("a[{}] += {}".format, expressions, value),
        st.builds("assert {}, {}".format, value, value),
        st.builds("raise {} from {}".format, expressions, expressions),
        st.builds("del a[{}]".format, expressions),
        st.builds("{}; {}".format, value, value),
        st.just("pass"),
    ),
    lambda inner: st.one_of(
        st.builds("if {}:\n{}\nelif {}:\n{}\nelse:\n{}".format, value, inner.map(indented), value, inner.map(indented), inner.map(indented)),
        st.builds("for a in {}:\n{}\nelse:\n{}".format, value, inner.map(indented), inner.map(indented)),
        st.builds("while {}:\n{}".format, value, inner.map(indented)),
        st.builds("with {} as a, {}:\n{}".format, expressions, expressions, inner.map(indented)),
        st.builds(
            "try:\n{}\nexcept {} as e:\n{}\nelse:\n{}\nfinally:\n{}".format,
            inner.map(indented), expressions, inner.map(indented), inner.map(indented), inner.map(indented),
        ),
        st.builds(
            "@{}\ndef g(a: {} = {}, /, b={}, *c, d={}, **e) -> {}:\n{}".format,
            st.sampled_from(["@", "a.@", "@(@)"]), expressions, expressions, expressions, expressions, expressions, inner.map(indented),
        ),
        st.builds("@{}\nclass G({}, k={}):\n{}".format, st.sampled_from(["@", "a.@"]), expressions, expressions, inner.map(indented)),
        st.builds("match {}:\n    case a if {}:\n{}".format, expressions, expressions, inner.map(indented).map(indented)),
        st.builds("{}\n{}".format, inner, inner),
    ),
    max_leaves=4,
)  # fmt: skip


def numbered(text):
    """Every `@(` or `@` as a call of `f` with a number that no other has."""
    count = iter(range(10_000))
    return re.sub(r"@(\(?)", lambda found: f"f({next(count)}, " if found[1] else f"f({next(count)})", text)


def tree_of(text):
    return Tree(Module(PurePosixPath("app.py"), text))


@settings(max_examples=150, deadline=None, derandomize=True)
@given(statements.map(numbered))
def test_the_nth_call_of_one_tree_is_the_nth_of_the_other(text):
    try:
        ast.parse(text)
    except SyntaxError:
        return  # such as a starred lambda: no Python
    tree = tree_of(text)
    assert len(tree.calls) == sum(isinstance(node, ast.Call) for node in ast.walk(tree.module.tree))
    for node, twin in tree.calls:
        assert ast.dump(ast.parse(code(node), mode="eval").body) == ast.dump(twin)
        assert bare(code(node)) == bare(tree.module.source(twin))


def bare(text):
    """A call without spacing and without the brackets around it, which belong to it in libcst only."""
    text = "".join(text.split())
    return bare(text[1:-1]) if text.startswith("(") and text.endswith(")") and balanced(text[1:-1]) else text


def balanced(text):
    depth = 0
    for char in text:
        depth += (char == "(") - (char == ")")
        if depth < 0:
            return False
    return depth == 0


@settings(max_examples=100, deadline=None, derandomize=True)
@given(statements.map(numbered))
def test_every_assignment_is_paired(text):
    try:
        ast.parse(text)
    except SyntaxError:
        return
    tree = tree_of(text)
    assert len(tree.assignments) == sum(isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)) for node in ast.walk(tree.module.tree))
    for node, twin in tree.assignments:
        assert ast.dump(ast.parse(code(node)).body[0]) == ast.dump(twin)


@pytest.mark.parametrize(
    "text",
    [
        "class A(f(1), k=f(2), **f(3)): pass",
        "f(k=f(1), *f(2), j=f(3), **f(4))",
        "f(1)(f(2))(f(3))",
        "f'{f(1)}' f'{f(2):{f(3)}}' 'x'",
        "f'''{f(1)}\n{f(2)}''' + f(3)",
        "f(f'{f(1)}', f(2))",
        "f'{f(1)}{f(1)}' + f(1)",
        "def g[T: f(1)](a: f(2)): pass" if hasattr(ast, "TypeVar") else "f(1)",
        "x = [f(1), *f(2)]; y = {f(3): f(4), **f(5)}",
        "try:\n    f(1)\nexcept* f(2):\n    f(3)",
        "async def g():\n    async with f(1) as a:\n        async for b in f(2):\n            await f(3)\n    return [f(4) async for c in f(5)]",
        "match f(1):\n    case {'a': 1} if f(2):\n        f(3)\n    case A(b=1) if f(4):\n        f(5)",
        "print(f(1) if f(2) else f(3), sep=f(4))",
        "if f(1): f(2); f(3)",
        "x = f(\n    f(1),  # f(9)\n    k=f(2),\n)",
        "x = \\\n    f(1)",
    ],
)
def test_forms_with_an_order_of_their_own(text):
    tree = tree_of(text)
    assert [ast.dump(ast.parse(code(node), mode="eval").body) for node, _ in tree.calls] == [ast.dump(twin) for _, twin in tree.calls]
    assert len(tree.calls) == sum(isinstance(node, ast.Call) for node in ast.walk(tree.module.tree))


def test_walking_a_deep_tree_does_not_recurse():
    node = cst.parse_expression("a" + ".b" * 2000)
    assert sum(isinstance(found, cst.Attribute) for found in walk(node)) == 2000
