"""One site in its module."""

import ast

import pytest
from made_python import evaluator, plain

from auditor.model import Place, span_of
from auditor.project.python.frame import Frame
from auditor.project.python.world import PurePosixPath


def frame(text, statement=-1):
    made = evaluator({"app.py": text})
    module = made.world.module(PurePosixPath("app.py"))
    node = module.tree.body[statement]
    node = node.value if isinstance(node, ast.Expr) else node
    return Frame(evaluator=made, module=module, node=node, metavariables={"$X": ast.Constant(value=1)})


@pytest.mark.parametrize(("key", "expected"), [("k=", "2"), ("m=", None), ("$X", "1"), ("$Y", None), ("$SITE", "f(a, k=2)")])
def test_what_may_be_asked_of_a_call(key, expected):
    found = frame("f(a, k=2)").of(key)
    assert (ast.unparse(found) if found is not None else None) == expected


def test_the_site_of_an_assignment_is_its_value_and_it_has_no_keywords():
    site = frame("x = y")
    assert ast.unparse(site.of("$SITE")) == "y"
    assert site.of("k=") is None


@pytest.mark.parametrize(("text", "expected"), [("f(**a)", True), ("f(*a)", False), ("f(k=1)", False), ("x = f(**a)", False)])
def test_a_call_that_spreads_a_dict_may_have_any_keyword(text, expected):
    assert frame(text).spreads is expected


def test_values_guards_and_place_are_those_of_the_module():
    site = frame("A = 'x'\nif DEBUG: f(A)")
    call = site.node.body[0].value
    inner = Frame(evaluator=site.evaluator, module=site.module, node=call, metavariables={})
    assert plain(inner.value(call.args[0])) == "x"
    assert [guard.kind for guard in inner.guards] == ["development"]
    assert inner.place(label="here") == Place(path=PurePosixPath("app.py"), span=span_of(2, 11, 2, 15), label="here")
    assert inner.place(call.args[0]).column == 13
