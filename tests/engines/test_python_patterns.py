"""Semgrep's pattern syntax on Python code: what matches where, and what the metavariables stand for."""

import pytest
from made_examined import bound, lines, python, sites, where
from made_work import entry

from auditor.engines.python.detectors import prepare
from auditor.engines.python.pattern import compile_pattern
from auditor.errors import CatalogueError

FLASK = "import flask\nfrom flask import send_file\n"


def matches(pattern, code, head=FLASK):
    """Whether the pattern matches once in code that starts on line 3."""
    found = lines(head + code, pattern)
    assert found in ([], [3])
    return bool(found)


# -- arguments ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "code", "expected"),
    [
        ("flask.send_file()", "send_file()", True),
        ("flask.send_file()", "send_file(1)", False),
        ("flask.send_file(...)", "send_file()", True),
        ("flask.send_file(...)", "send_file(1, *a, k=2, **b)", True),
        ("flask.send_file($X)", "send_file(1)", True),
        ("flask.send_file($X)", "send_file()", False),
        ("flask.send_file($X)", "send_file(1, 2)", False),
        ("flask.send_file($X)", "send_file(1, k=2)", False),
        ("flask.send_file($X)", "send_file(*a)", False),
        ("flask.send_file($X)", "send_file(**a)", False),
        ("flask.send_file($X, ...)", "send_file(1, 2, k=3)", True),
        ("flask.send_file($X, ...)", "send_file(1)", True),
        ("flask.send_file($X, ...)", "send_file(k=3)", False),
        ("flask.send_file(..., $X)", "send_file(1, 2)", True),
        ("flask.send_file(..., 2, ...)", "send_file(1, 2, 3)", True),
        ("flask.send_file(..., 2, ...)", "send_file(1, 3)", False),
        # keywords, in any order
        ("flask.send_file(k=$X)", "send_file(k=1)", True),
        ("flask.send_file(k=$X)", "send_file(1)", False),
        ("flask.send_file(k=$X)", "send_file(k=1, m=2)", False),
        ("flask.send_file(k=$X, m=$Y)", "send_file(m=1, k=2)", True),
        ("flask.send_file(..., k=$X)", "send_file(1, m=2, k=3)", True),
        ("flask.send_file(..., k=$X)", "send_file(k=3, m=2)", True),
        ("flask.send_file(k=$X, ...)", "send_file(1, m=2, k=3)", True),
        ("flask.send_file(..., k=$X, ...)", "send_file(*a, k=3, **b)", True),
        ("flask.send_file(..., k=$X)", "send_file(1, m=2)", False),
        ("flask.send_file(..., k=1)", "send_file(k=2)", False),
        ("flask.send_file(..., k=True)", "send_file(k=True)", True),
        ("flask.send_file(..., k=True)", "send_file(k=1)", False),
    ],
)
def test_arguments(pattern, code, expected):
    assert matches(pattern, code) is expected


@pytest.mark.parametrize(
    ("pattern", "code", "expected"),
    [
        ('f("a")', "f('a')", True),
        ('f("a")', 'f("""a""")', True),
        ('f("ab")', "f('a' 'b')", True),
        ('f("a")', "f('b')", False),
        ('f("a")', "f(b'a')", False),
        ('f("...")', "f('anything')", True),
        ('f("...")', "f(f'any{thing}')", True),
        ('f("...")', "f(anything)", False),
        ("f(1000)", "f(1_000)", True),
        ("f(None)", "f(None)", True),
        ("f([])", "f([])", True),
        ("f([])", "f([1])", False),
        ('f(["*"])', "f(['*'])", True),
        ('f([..., "*", ...])', "f(['a', '*', 'b'])", True),
        ('f([..., "*", ...])', "f(['a', 'b'])", False),
        ('f([$X, "*"])', "f(['a', '*'])", True),
        ("f([$X])", "f([*a])", False),
        ("f(($X, $Y))", "f((1, 2))", True),
        ("f({$X})", "f({1})", True),
        ('f({"a": $X})', "f({'a': 1})", True),
        ('f({"a": $X})', "f({'a': 1, 'b': 2})", False),
        ('f({"a": $X, ...})', "f({'b': 2, 'a': 1})", True),
        ('f({..., "c": $X, ...})', "f({'b': 2, **a})", False),
        ("f($X[$Y])", "f(a[0])", True),
        ('f($X["k"])', "f(a['k'])", True),
        ('f($X["k"])', "f(a['j'])", False),
        ("f($X + $Y)", "f(a + 'b')", True),
        ("f($X + $Y)", "f(a - b)", False),
        ("f($X == 1)", "f(a == 1)", True),
        ("f($X == 1)", "f(a != 1)", False),
        ("f($X.a)", "f(b.c.a)", True),
        ("f($X.$Y)", "f(b.c)", True),
        ("f($X.a)", "f(a)", False),
        ("f($X or $Y)", "f(a or b)", True),
        ("f($X or $Y)", "f(a and b)", False),
        ("f(not $X)", "f(not a)", True),
        ("f(-1)", "f(-1)", True),
        ("f($X if $Y else $Z)", "f(1 if a else 2)", True),
        ("f(g($X))", "f(g(1))", True),
        ("f(g($X), ...)", "f(g(1), 2)", True),
        ("f(g($X))", "f(h(1))", False),
        ("f(lambda: 1)", "f(lambda: 1)", True),
        ("f( a )", "f(a)", True),
        ("f(a)", "f((a))", True),
        ("f($X)", "f( # note\n  a,\n)", True),
    ],
)
def test_values(pattern, code, expected):
    assert matches(pattern, code, head="def f(*a): pass\ndef g(*a): pass\n") is expected


# -- metavariables --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "code", "expected"),
    [
        ("f($X, $X)", "f(a, a)", True),
        ("f($X, $X)", "f(a, b)", False),
        ("f($X, $X)", "f('a', \"a\")", True),
        ("f($X, $X)", "f([1,2], [1, 2])", True),
        ("f($X, k=$X)", "f(a, k=a)", True),
        ("f($X, k=$X)", "f(a, k=b)", False),
        ("f($_, $_)", "f(a, b)", True),
    ],
)
def test_the_same_metavariable_is_the_same_code(pattern, code, expected):
    assert matches(pattern, code, head="def f(*a, **k): pass\n\n") is expected


@pytest.mark.parametrize(
    ("code", "pattern", "shown", "expected"),
    [
        ("import flask\nflask.send_file('a b')", "flask.send_file($X)", "$X", ["'a b'"]),
        ("import flask\nflask.send_file(x  +  1)", "flask.send_file($X)", "$X", ["x  +  1"]),
        ("x.run(k=[1, 2])", "$A.run(k=$V)", "$A / $V", ["x / [1, 2]"]),
        ("x().y.run(1)", "$A.run($V)", "$A", ["x().y"]),
        ("x.go(1)", "$A.$B($V)", "$A $B", ["x go"]),
        ("a.b = 1", "$X = $V", "$X is $V", ["a.b is 1"]),
        ("a: int = 1", "$X = $V", "$X is $V", ["a is 1"]),
        ("a = b = 1", "$X = $V", "$X is $V", ["a is 1"]),
        ("a += 1", "$X += $V", "$X by $V", ["a by 1"]),
    ],
)
def test_a_message_quotes_what_a_metavariable_stands_for(code, pattern, shown, expected):
    assert bound(code, pattern, shown) == expected


# -- names ----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("import flask\nflask.send_file(1)", [2]),
        ("import flask as f\nf.send_file(1)", [2]),
        ("from flask import send_file\nsend_file(1)", [2]),
        ("from flask import send_file as s\ns(1)", [2]),
        ("from flask import *\nsend_file(1)", [2]),
        ("import flask\ns = flask.send_file\ns(1)", [3]),
        ("import flask\ns = t = flask.send_file\ns(1)", [3]),
        ("import flask\ns = (flask.send_file)\ns(1)", [3]),
        ("import flask\nif x: s = flask.send_file\ns(1)", [3]),
        ("import flask\ns = flask.send_file\nt = s\nt(1)", [4]),
        ("def view():\n    from flask import send_file\n    send_file(1)", [3]),
        ("import other\nother.send_file(1)", []),
        ("def send_file(x): pass\nsend_file(1)", []),
        ("send_file(1)", []),
        ("from flask import send_file\ndef f(send_file): send_file(1)", []),
        ("import flask\nclass A:\n    def send_file(self): self.send_file(1)", []),
    ],
)
def test_a_dotted_pattern_means_the_imported_thing(code, expected):
    assert lines(code, "flask.send_file(...)") == expected


@pytest.mark.parametrize(
    "web",
    [
        "from flask import send_file as deliver",
        "import flask\ndeliver = flask.send_file",
        "from flask import send_file as inner\ndeliver = inner",
        "from helpers import deliver",
        "from helpers import *",
    ],
)
@pytest.mark.parametrize(
    "app",
    ["from web import deliver\ndeliver(1)", "import web\nweb.deliver(1)", "from web import *\ndeliver(1)", "from web import deliver as d\nd(1)"],
)
def test_a_re_export_under_another_name_is_the_same_thing(app, web):
    helpers = "from flask import send_file as first\nsecond = first\nfrom flask import send_file as deliver"
    found = sites({"app.py": app, "web.py": web, "helpers.py": helpers}, python("flask.send_file(...)"))
    assert [(str(site.place.path), site.place.line) for site in found] == [("app.py", 2)]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("from flask import Flask\napp = Flask(1)", [2]),
        ("from web import F\napp = F(1)", [2]),
        ("from web import G\napp = G(1)", []),
    ],
)
def test_names_inside_an_assignment_pattern_are_resolved_as_well(code, expected):
    found = sites({"app.py": code, "web.py": "from flask import Flask as F\nG = 1"}, python("$APP = flask.Flask(...)"))
    assert [site.place.line for site in found] == expected


# -- statements -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("DEBUG = True", [1]),
        ("DEBUG: bool = True", [1]),
        ("DEBUG: bool", []),
        ("X = DEBUG = True", [1]),
        ("if a: DEBUG = True", [1]),
        ("x = 1; DEBUG = True", [1]),
        ("class C:\n    DEBUG = True", [2]),
        ("def f():\n    DEBUG = True", [2]),
        ("settings.DEBUG = True", []),
        ("DEBUG = False", []),
        ("DEBUG |= True", []),
        ("f(DEBUG=True)", []),
        ("NOT_DEBUG = True", []),
        ("(DEBUG) = True", [1]),
    ],
)
def test_an_assignment(code, expected):
    assert lines(code, "DEBUG = True") == expected


def test_an_assignment_to_a_member():
    assert lines("a.key = 1\nb.c.key = 1\nkey = 1\na.key.b = 1", "$X.key = $V") == [1, 2]
    assert lines("a['k'] = 1\na['j'] = 1\na.k = 1", '$X["k"] = $V') == [1]


@pytest.mark.parametrize(
    ("target", "regex", "expected"),
    [
        ("SECRET_KEY = 1", "/^SECRET_KEY$/", [1]),
        ("SECRET_KEY: str = 1", "/^SECRET_KEY$/", [1]),
        ("x = SECRET_KEY = 1", "/^x$/", [1]),
        ("if a: SECRET_KEY = 1", "/^SECRET_KEY$/", [1]),
        ("a = 1; SECRET_KEY = 1", "/^SECRET_KEY$/", [1]),
        ("self.secret = 1", "/^self\\.secret$/", [1]),
        ("self.secret = 1", "/secret/", [1]),
        ("config['SECRET'] = 1", "/SECRET/", [1]),
        ("A, SECRET = 1, 2", "/SECRET/", [1]),
        ("OTHER = 1", "/SECRET/", []),
        ("SECRET: Annotated[str, Field(default=1)] = 1", "/^SECRET$/", [1]),
        ("SECRET: Dict[\n    str, str\n] = {}", "/^SECRET$/", [1]),
    ],
)
def test_the_name_that_is_assigned_may_be_asked_for_by_a_regular_expression(target, regex, expected):
    assert lines(target, "$NAME = $V", where={"$NAME": (regex,)}) == expected


SEQUENCE = "$A = flask.Flask(...)\n...\n$A.run(...)"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("a = flask.Flask(1)\na.run()", [3]),
        ("a = flask.Flask(1)\nx()\ny = 1\na.run()", [5]),
        ("a = flask.Flask(1)\nb.run()", []),
        ("a.run()\na = flask.Flask(1)", []),
        ("a = flask.Flask(1)\nif x:\n    a.run()", []),
        ("a = flask.Flask(1)\na.run()\nb = flask.Flask(1)\nb.run()", [3, 5]),
        ("def f():\n    a = flask.Flask(1)\n    a.run()", [4]),
        ("a = flask.Flask(1); a.run()", [2]),
    ],
)
def test_a_sequence_stands_in_one_block_in_order_and_its_site_is_the_last(code, expected):
    assert lines("import flask\n" + code, SEQUENCE) == expected


def test_without_an_ellipsis_the_statements_follow_each_other():
    assert lines("f()\ng()", "f()\ng()") == [2]
    assert lines("f()\nx()\ng()", "f()\ng()") == []


# -- where a match may stand ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("f(f(1))", [(1, 1, 1, 8), (1, 3, 1, 7)]),
        ("@f(1)\ndef g(): pass", [(1, 2, 1, 6)]),
        ("class A(B, k=f(1)): pass", [(1, 14, 1, 18)]),
        ("x = lambda: f(1)", [(1, 13, 1, 17)]),
        ("x = lambda a=f(1): f(2)", [(1, 14, 1, 18), (1, 20, 1, 24)]),
        ("x = [f(1) for a in f(2) if f(3)]", [(1, 6, 1, 10), (1, 20, 1, 24), (1, 28, 1, 32)]),
        ("x = {f(1): f(2) for a in b}", [(1, 6, 1, 10), (1, 12, 1, 16)]),
        ("x = f(1) if f(2) else f(3)", [(1, 5, 1, 9), (1, 13, 1, 17), (1, 23, 1, 27)]),
        ("def g(a=f(1), *, b: f(2) = f(3)) -> f(4): pass", [(1, 9, 1, 13), (1, 21, 1, 25), (1, 28, 1, 32), (1, 37, 1, 41)]),
        ("with f(1) as a, f(2): pass", [(1, 6, 1, 10), (1, 17, 1, 21)]),
        ("async def g():\n    await f(1)", [(2, 11, 2, 15)]),
        ("x = (\n    f(\n        1\n    )\n)", [(2, 5, 4, 6)]),
        ("f(1).a.b(f(2))", [(1, 1, 1, 5), (1, 10, 1, 14)]),
        ("x[f(1)][f(2):f(3)]", [(1, 3, 1, 7), (1, 9, 1, 13), (1, 14, 1, 18)]),
        ("match f(1):\n    case a if f(2): f(3)", [(1, 7, 1, 11), (2, 15, 2, 19), (2, 21, 2, 25)]),
        ("try: f(1)\nexcept f(2): f(3)\nelse: f(4)\nfinally: f(5)", [(1, 6, 1, 10), (2, 8, 2, 12), (2, 14, 2, 18), (3, 7, 3, 11), (4, 10, 4, 14)]),
        ("x = f(1) < f(2) < f(3)", [(1, 5, 1, 9), (1, 12, 1, 16), (1, 19, 1, 23)]),
        ("assert f(1), f(2)", [(1, 8, 1, 12), (1, 14, 1, 18)]),
        ("raise f(1) from f(2)", [(1, 7, 1, 11), (1, 17, 1, 21)]),
        ("del x[f(1)]", [(1, 7, 1, 11)]),
        ("x: f(1) = f(2)", [(1, 4, 1, 8), (1, 11, 1, 15)]),
        ("while f(1): f(2)", [(1, 7, 1, 11), (1, 13, 1, 17)]),
        ("for x in f(1): f(2)\nelse: f(3)", [(1, 10, 1, 14), (1, 16, 1, 20), (2, 7, 2, 11)]),
        ("x = {**f(1), 'a': f(2)}", [(1, 8, 1, 12), (1, 19, 1, 23)]),
        ("print(*f(1), **f(2))", [(1, 8, 1, 12), (1, 16, 1, 20)]),
        ("x = y = f(1)", [(1, 9, 1, 13)]),
        ("if (n := f(1)): pass", [(1, 10, 1, 14)]),
        ("x = 'é🎉'; f(1)", [(1, 11, 1, 15)]),
        ("x = 'é🎉'; y = f('ü')", [(1, 15, 1, 21)]),
        ("ä = f(1)", [(1, 5, 1, 9)]),
    ],
)
def test_the_place_of_a_call_is_exact_wherever_it_stands(code, expected):
    assert where(code, "f($X)") == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("x = f'{f(1)}'", [(1, 8, 1, 12)]),
        ("x = f'a{f(1)}b{f(2)}c'", [(1, 9, 1, 13), (1, 16, 1, 20)]),
        ("x = f'{f(1)!r:>{f(2)}}'", [(1, 8, 1, 12), (1, 17, 1, 21)]),
        ("x = 'é' + f'ü{f(1)}'", [(1, 15, 1, 19)]),
        ("f(f'{f(1)}')", [(1, 1, 1, 13), (1, 6, 1, 10)]),
        ("x = f'''\n{f(1)}\n  {f(2)}'''\nf(3)", [(2, 2, 2, 6), (3, 4, 3, 8), (4, 1, 4, 5)]),
        ("x = 'a' f'{f(1)}' 'b' f'{f(2)}'\nf(3)", [(1, 12, 1, 16), (1, 26, 1, 30), (2, 1, 2, 5)]),
        ("x = f'{f(1)}{f(1)}'; f(1)", [(1, 8, 1, 12), (1, 14, 1, 18), (1, 22, 1, 26)]),
        ("x = f'{[f(a) for a in f(b)]}'", [(1, 9, 1, 13), (1, 23, 1, 27)]),
        ("x = f'{  f(1)  }'", [(1, 10, 1, 14)]),
        ("x = f'{{}} {f(1)}'", [(1, 13, 1, 17)]),
    ],
)
def test_the_place_of_a_call_inside_an_f_string_is_exact(code, expected):
    assert where(code, "f($X)") == expected


# -- not, inside, not-inside ----------------------------------------------------------------------------------------------------------


def test_not_takes_away_what_another_pattern_matches():
    assert lines("f(1)\nf(2)\nf(2, 3)", "f(...)", without=("f(2, ...)",)) == [1]
    assert lines("A = 1\nA = 2", "A = $V", without=("A = 2",)) == [1]


INSIDE = """
class Config(Base):
    x = f(1)
class Other:
    x = f(2)
def view():
    f(3)
@app.route("/")
def page():
    f(4)
with lock:
    f(5)
if switch:
    f(6)
try:
    f(7)
except E:
    pass
for a in b:
    f(8)
while c:
    f(9)
g(f(10))
async def later():
    f(11)
f(12)
"""


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("class $C(Base): ...", [1]),
        ("class $C: ...", [1, 2]),
        ("class $C(...): ...", [1, 2]),
        ("class Config(...): ...", [1]),
        ("class $C(Nothing): ...", []),
        ("def $F(...): ...", [3, 4, 11]),
        ("def view(...): ...", [3]),
        ("@app.route(...)\ndef $F(...): ...", [4]),
        ("@$APP.route(...)\ndef $F(...): ...", [4]),
        ("async def $F(...): ...", [11]),
        ("with lock: ...", [5]),
        ("if switch: ...", [6]),
        ("try: ...\nexcept: ...", [7]),
        ("for $A in $B: ...", [8]),
        ("while $A: ...", [9]),
        ("g(...)", [10]),
    ],
)
def test_inside_asks_for_an_enclosing_form_and_not_inside_for_its_absence(form, expected):
    every = list(range(1, 13))

    def numbers(**more):
        return [int(found) for found in bound(INSIDE, "f($X)", "$X", **more)]

    assert numbers() == every
    assert numbers(inside=(form,)) == expected
    assert numbers(not_inside=(form,)) == [number for number in every if number not in expected]


def test_one_of_several_forms_is_enough():
    assert bound(INSIDE, "f($X)", "$X", inside=("class $C: ...", "with lock: ...")) == ["1", "2", "5"]


def test_the_name_in_a_form_is_resolved_through_imports():
    code = "from pydantic_settings import BaseSettings as B\nclass S(B):\n    x = f(1)\nclass T:\n    x = f(2)\n"
    assert lines(code, "f($X)", inside=("class $C(pydantic_settings.BaseSettings): ...",)) == [3]


# -- names as subject, several patterns -----------------------------------------------------------------------------------------------


def test_a_dotted_name_alone_is_found_where_it_is_imported_or_used():
    code = "import flask\nfrom flask import session\nfrom flask import g\nx = flask.session\nprint(flask.session, flask.session)\n"
    assert lines(code, "flask.session") == [2, 4, 5]


def test_a_site_that_two_patterns_match_is_one_site():
    assert where("import flask\nflask.send_file('a')", "flask.send_file($X)", "flask.send_file(...)") == [(2, 1, 2, 21)]


def test_every_detector_speaks_for_itself():
    found = sites("f(1)\ng(1)", python("f($X)", message="one"), python("g($X)", message="two"))
    assert [(site.gotcha, site.place.line, site.message) for site in found] == [("made/entry-0", 1, "one"), ("made/entry-1", 2, "two")]


# -- patterns that are none -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pattern", ["", "   ", "f(", "f($x)", "def f(:", "$...ARGS", "import"])
def test_a_pattern_that_is_no_python_is_refused_with_the_pattern_in_the_message(pattern):
    with pytest.raises(CatalogueError) as error:
        prepare((entry(python(pattern)),))
    assert "rules/made/entry.md" in str(error.value)
    assert pattern.strip() in str(error.value)


def test_matching_refuses_in_the_same_words():
    with pytest.raises(CatalogueError, match="is not Python with metavariables"):
        compile_pattern("f(")


def test_an_unknown_value_class_is_refused():
    with pytest.raises(CatalogueError, match=r"\$X: 'relativ-path' is no value class"):
        prepare((entry(python("f($X)", fails=({"$X": ("relativ-path",)},))),))
