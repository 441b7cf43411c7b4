"""One parsed file: positions, scopes, bindings, calls."""

import ast

import pytest
from made_python import marked, module

from auditor.model import span_of


def bindings(text, name, scope=None):
    found = module(text)
    where = found.root
    if scope is not None:
        where = next(each for node, each in found.scopes.items() if getattr(node, "name", "") == scope)
    return [(binding.kind, binding.line) for binding in where.bindings.get(name, [])]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = 1", [("assign", 1)]),
        ("x: int = 1", [("assign", 1)]),
        ("x: int", []),
        ("x = y = 1", [("assign", 1)]),
        ("y = x = 1", [("assign", 1)]),
        ("x += 1", [("augment", 1)]),
        ("x, y = 1, 2", [("unpack", 1)]),
        ("[y, *x] = z", [("unpack", 1)]),
        ("if (x := f()): pass", [("assign", 1)]),
        ("import x", [("import", 1)]),
        ("import x.y", [("import", 1)]),
        ("import y as x", [("import", 1)]),
        ("from y import z as x", [("import", 1)]),
        ("def x(): pass", [("function", 1)]),
        ("async def x(): pass", [("function", 1)]),
        ("class x: pass", [("class", 1)]),
        ("for x in y: pass", [("loop", 1)]),
        ("for (a, x) in y: pass", [("loop", 1)]),
        ("with open(y) as x: pass", [("with", 1)]),
        ("try: pass\nexcept E as x: pass", [("other", 2)]),
        ("x = 1\ndel x", [("assign", 1), ("delete", 2)]),
        ("def f():\n    global x\n    x = 1", [("assign", 3)]),
        ("def f():\n    x = 1", []),
        ("lambda x: x", []),
        ("x.y = 1", []),
        ("x[0] = 1", []),
    ],
)
def test_every_form_that_gives_a_module_level_name_a_value_is_a_binding(text, expected):
    assert bindings(text, "x") == expected


def test_parameters_belong_to_the_function_with_their_defaults():
    found = module("def f(a, /, b=1, *c, d, e=2, **g): pass")
    scope = found.scopes[found.tree.body[0]]
    assert {name: [(each.kind, ast.unparse(each.value) if each.value else None) for each in made] for name, made in scope.bindings.items()} == {
        "a": [("parameter", None)],
        "b": [("parameter", "1")],
        "c": [("parameter", None)],
        "d": [("parameter", None)],
        "e": [("parameter", "2")],
        "g": [("parameter", None)],
    }


def test_the_target_of_an_import_keeps_its_dots():
    found = module("import a.b\nimport a.b as c\nfrom . import d\nfrom .e import f\nfrom ..g import h as i\nfrom j import k\nfrom l import *")
    assert {name: made[0].target for name, made in found.root.bindings.items()} == {
        "a": "a",
        "c": "a.b",
        "d": ".d",
        "f": ".e.f",
        "i": "..g.h",
        "k": "j.k",
        "*": "l.*",
    }


def test_a_class_body_cannot_be_seen_from_its_methods():
    found = module(
        """
        class A:
            x = 1
            y = x
            def m(self):
                return here(x)
        """
    )
    owner = found.scope_of(marked(found)).lookup("x")
    assert owner is None
    inside = found.scope_of(found.tree.body[0].body[1].value).lookup("x")
    assert inside.node is found.tree.body[0]


@pytest.mark.parametrize("text", ["def f(a=here(x)): pass", "@here(x)\ndef f(): pass", "class C(here(x)): pass", "lambda a=here(x): a"])
def test_decorators_defaults_and_bases_are_evaluated_outside(text):
    found = module(text)
    assert found.scope_of(marked(found)) is found.root


def test_columns_count_code_points():
    found = module('naïve = "ümläut"; here("🎉é")')
    node = marked(found)
    # 25 characters stand before the argument, three of which take two bytes.
    assert found.text[23] == '"'
    assert found.span(node) == span_of(1, 24, 1, 28)


def test_calls_are_in_source_order_the_outer_one_first():
    found = module("a(b(1), c)(d())\ne()")
    assert [ast.unparse(call) for call in found.calls] == ["a(b(1), c)(d())", "a(b(1), c)", "b(1)", "d()", "e()"]


def test_deep_nesting_does_not_recurse():
    depth = 90
    text = "x = " + "(" * depth + "f(" * depth + "1" + ")" * depth + ")" * depth
    assert len(module(text).calls) == depth


@pytest.mark.parametrize("text", ["x = (", "print 'hello'", "x = 1\n  y = 2", "\0"])
def test_text_that_is_no_python_is_none_in_the_world(text):
    assert module(text) is None


def test_exception_types_without_parentheses_are_read_on_every_interpreter() -> None:
    made = module("try:\n    x = 1\nexcept ValueError, OSError:\n    x = 2\n")
    handler = next(node for node in made.parents if isinstance(node, ast.ExceptHandler))
    assert isinstance(handler.type, ast.Tuple)
    assert [ast.unparse(element) for element in handler.type.elts] == ["ValueError", "OSError"]
