"""From a matched site to its verdict: value classes, clauses, guards, trail, the WORKS form."""

import pytest
from made_examined import python, sites

from auditor.engines.python.classes import CLASSES, known_class
from auditor.model import Outcome

HEAD = "import os, flask\nfrom pathlib import Path\napp = flask.Flask(__name__)\n"


def verdict(code, *, name, key="$X", pattern="f($X)"):
    """True when the class holds at the one site, False when it does not, None when that cannot be told."""
    (site,) = sites(HEAD + code, python(pattern, fails=({key: (name,)},), works=({key: (f"not {name}",)},)))
    return {Outcome.FAIL: True, Outcome.PASS: False, Outcome.REVIEW: None}[site.outcome]


def holding(code, key="$X", pattern="f($X)"):
    """Every value class that surely holds."""
    return {name for name in CLASSES if verdict(code, name=name, key=key, pattern=pattern) is True}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("f('dist')", {"relative-path", "literal", "string"}),
        ("f('/srv')", {"absolute-path", "anchored-path", "literal", "string"}),
        ("f('')", {"empty", "literal", "relative-path"}),
        ("f(1)", {"literal", "number"}),
        ("f(1.5)", {"literal", "number"}),
        ("f(True)", {"literal", "true"}),
        ("f(False)", {"literal", "false"}),
        ("f(None)", {"none"}),
        ("f('*')", {"wildcard", "literal", "string", "relative-path"}),
        ("f(['*'])", {"wildcard", "list", "literal"}),
        ("f([])", {"list", "empty", "literal"}),
        ("f({})", {"dict", "empty"}),
        ("f({'a': 1})", {"dict"}),
        ("f(['http://localhost:3000'])", {"loopback-origin", "list", "literal"}),
        ("f('http://127.0.0.1')", {"loopback-origin", "literal", "string", "relative-path"}),
        ("f(['http://localhost', 'https://a.example'])", {"list", "literal"}),
        ("f(Path(__file__).parent)", {"anchored-path"}),
        ("f(app.root_path)", {"anchored-path"}),
        ("f(Path('dist'))", {"relative-path"}),
        ("f(Path('dist').resolve())", {"cwd-path"}),
        ("f(os.environ['A'])", {"env", "env-required"}),
        ("f(os.getenv('A'))", {"env", "env-optional"}),
        ("f(os.getenv('A', 'x'))", {"env", "env-defaulted"}),
        ("f(os.getenv('A', '').split(','))", {"env", "env-defaulted"}),
        ("f(f'{x}/y')", {"string"}),
        ("f(x)", {"unknown"}),
        ("f(g())", {"unknown"}),
        ("f(flask.Flask)", {"unknown"}),
    ],
)
def test_the_classes_a_value_belongs_to(code, expected):
    assert holding(code) == expected


@pytest.mark.parametrize(
    ("code", "name", "expected"),
    [
        # what cannot be told is neither
        ("f(x)", "relative-path", None),
        ("f(x)", "wildcard", None),
        ("f(x)", "loopback-origin", None),
        ("f(x)", "none", None),
        ("f(x)", "empty", None),
        # an environment variable may hold anything, but nobody sets it to a wildcard or to this machine by accident
        ("f(os.getenv('A'))", "wildcard", False),
        ("f(os.getenv('A', '*'))", "wildcard", None),
        ("f(os.getenv('A', 'http://localhost'))", "loopback-origin", False),
        ("f(os.getenv('A', 'dist'))", "relative-path", None),
        ("f(os.getenv('A', '/srv'))", "relative-path", False),
        ("f([os.getenv('A'), 'http://localhost'])", "loopback-origin", False),
        ("f(['http://localhost'] + x)", "loopback-origin", None),
        ("f(['*'] + x)", "wildcard", True),
        # alternatives
        ("f('*' if app.debug else 'https://a')", "wildcard", False),
        ("f('https://a' if app.debug else '*')", "wildcard", True),
        ("f('*' if x else 'https://a')", "wildcard", None),
        ("f('*' if x else '*')", "wildcard", True),
        ("o = '*'\nif os.getenv('ENV') == 'production': o = 'https://a'\nf(o)", "wildcard", False),
        ("o = 'https://a'\nif os.getenv('ENV') == 'production': o = '*'\nf(o)", "wildcard", True),
    ],
)
def test_a_class_has_three_answers(code, name, expected):
    assert verdict(code, name=name) is expected


@pytest.mark.parametrize(
    ("code", "name", "expected"),
    [
        ("f(1)", "absent", True),
        ("f(1, k=2)", "absent", False),
        ("f(1, **o)", "absent", None),
        ("f(1, k=2)", "present", True),
        ("f(1)", "present", False),
        ("f(1, **o)", "present", None),
        ("f(1, k='*')", "wildcard", True),
        ("f(1)", "wildcard", False),
        ("f(1, **o)", "wildcard", None),
        ("f(1, k=a + 1)", "/a . 1/", True),
        ("f(1, k=b)", "/^a$/", False),
        ("f(1, k='x')", "text x", True),
        ("f(1, k='y')", "text x", False),
        ("f(1, k=z)", "text x", None),
    ],
)
def test_a_keyword_argument_may_be_asked_about_without_being_in_the_pattern(code, name, expected):
    assert verdict(code, name=name, key="k=", pattern="f(...)") is expected


@pytest.mark.parametrize(
    ("code", "wanted", "expected"),
    [
        ("app.run(1)", "flask.Flask", True),
        ("app.run(1)", "django.Django", False),
        ("app.run(1)", "django.Django|flask.Flask", True),
        ("app.run(1)", "flask.*", True),
        ("flask.current_app.run(1)", "flask.Flask", True),
        ("def g(a): a.run(1)", "flask.Flask", None),
        ("def make():\n    return flask.Flask(__name__)\nmake().run(1)", "flask.Flask", True),
        ("class S:\n    def __init__(self): self.app = flask.Flask(1)\n    def go(self): self.app.run(1)", "flask.Flask", True),
        ("(app if x else 1).run(1)", "flask.Flask", True),
    ],
)
def test_instance_asks_what_an_object_was_made_of(code, wanted, expected):
    assert verdict(code, name=f"instance {wanted}", pattern="$X.run(1)") is expected


def outcome(code, **more):
    found = sites(HEAD + code, python("f($X)", **more))
    return [site.outcome.value for site in found]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, ["fail"]),
        ({"fails": ({"$X": ("relative-path",)},)}, ["fail"]),
        ({"fails": ({"$X": ("number",)},)}, ["pass"]),
        ({"fails": ({"$X": ("number",)}, {"$X": ("relative-path",)})}, ["fail"]),
        ({"fails": ({"$X": ("number", "relative-path")},)}, ["fail"]),
        ({"fails": ({"$X": ("relative-path",), "k=": ("present",)},)}, ["pass"]),
        ({"fails": ({"$X": ("relative-path",), "k=": ("absent",)},)}, ["fail"]),
        ({"works": ({"$X": ("relative-path",)},)}, ["pass"]),
        ({"works": ({"$X": ("number",)},)}, ["fail"]),
        ({"review": ({"$X": ("relative-path",)},)}, ["review"]),
        ({"fails": ({"$X": ("relative-path",)},), "works": ({"$X": ("relative-path",)},)}, ["fail"]),
        ({"works": ({"$X": ("relative-path",)},), "review": ({"$X": ("relative-path",)},)}, ["pass"]),
        ({"where": {"$X": ("string",)}}, ["fail"]),
        ({"where": {"$X": ("number",)}}, []),
    ],
)
def test_fails_is_asked_before_works_before_review_and_where_before_all(more, expected):
    assert outcome("f('dist')", **more) == expected


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"fails": ({"$X": ("relative-path",)},)}, ["review"]),
        ({"fails": ({"$X": ("relative-path",)},), "works": ({"$X": ("unknown",)},)}, ["pass"]),
        ({"works": ({"$X": ("relative-path",)},)}, ["review"]),
        ({"where": {"$X": ("string",)}}, []),
    ],
)
def test_a_value_that_cannot_be_told_is_for_review_and_never_a_failure(more, expected):
    assert outcome("f(unknown)", **more) == expected


def test_what_runs_in_development_only_does_not_fail():
    code = "if app.debug:\n    f('dist')\nelse:\n    f('dist')"
    found = sites(HEAD + code, python("f($X)"))
    assert [(site.place.line, site.outcome.value, site.message) for site in found] == [
        (5, "pass", "runs in development only (app.debug)"),
        (7, "fail", "the title"),
    ]


def test_an_entry_about_development_itself_may_say_so():
    assert outcome("if app.debug: f('dist')", options={"development": True}) == ["fail"]


def test_the_trail_of_a_site_leads_from_the_binding_through_the_import_to_the_use():
    files = {"app.py": "from config import DIST\nTARGET = DIST\nf(TARGET)\n", "config.py": "DEBUG = 1\n\nDIST = 'frontend/dist'\n"}
    (site,) = sites(files, python("f($X)", fails=({"$X": ("relative-path",)},)))
    assert [(str(step.path), step.line, step.label) for step in site.related] == [
        ("config.py", 3, 'DIST is "frontend/dist"'),
        ("app.py", 1, "DIST imported from config.py"),
        ("app.py", 2, 'TARGET is "frontend/dist"'),
    ]


def test_a_trail_has_at_most_a_dozen_steps():
    chain = "x0 = 'dist'\n" + "".join(f"x{index} = x{index - 1}\n" for index in range(1, 20))
    (site,) = sites(chain + "f(x19)", python("f($X)", fails=({"$X": ("relative-path",)},)))
    assert len(site.related) <= 12


@pytest.mark.parametrize(
    ("code", "first", "last"),
    [
        ("f(\n    'a',\n)", 4, 6),
        ("x = [\n    f('a'),\n    1,\n]", 4, 7),
        ("if f('a'):\n    pass\n", 4, 4),
        ("def g():\n    return f('a')", 5, 5),
    ],
)
def test_the_scope_of_a_site_is_its_whole_statement_unless_that_holds_others(code, first, last):
    (site,) = sites(HEAD + code, python("f(...)"))
    assert (site.scope.start.line, site.scope.end.line) == (first, last)


# -- the WORKS form -------------------------------------------------------------------------------------------------------------------


def change(code, suggest, pattern="f($X, ...)"):
    (site,) = [site for site in sites(code, python(pattern, suggest=suggest)) if site.outcome is not Outcome.PASS]
    return site.change


@pytest.mark.parametrize(
    ("code", "suggest", "expected"),
    [
        ("f('dist')", {"$X": "join(root, $X)"}, "f(join(root, 'dist'))"),
        ("f( 'dist' , k = 1 )", {"$X": "join($X)"}, "f( join('dist') , k = 1 )"),
        ("f('dist')", {"k=": "True"}, "f('dist', k=True)"),
        ("f('dist', k=False)", {"k=": "True"}, "f('dist', k=True)"),
        ("f('dist', k=$X)".replace("$X", "1"), {"k=": "[$X]"}, "f('dist', k=['dist'])"),
        ("f('dist', *a)", {"k=": "True"}, "f('dist', *a, k=True)"),
        ("f('dist',)", {"k=": "True"}, "f('dist', k=True)"),
        ("f('dist')", {"site": "g($X)"}, "g('dist')"),
        ("f('dist')", {"$X": "a", "k=": "b"}, "f(a, k=b)"),
        ("f(x, x)", {"$X": "y"}, "f(y, x)"),
    ],
)
def test_a_suggestion_rewrites_the_very_site(code, suggest, expected):
    found = change(code, suggest)
    assert (found.before, found.after) == (code, expected)
    (edit,) = found.edits
    assert edit.text == expected
    assert (edit.span.start.line, edit.span.start.column, edit.span.end.column) == (1, 1, len(code) + 1)


def test_a_suggestion_in_the_middle_of_a_line_replaces_the_call_only():
    found = change("x = 'é', f('dist')  # why", {"$X": "y"})
    assert found.after == "f(y)"
    (edit,) = found.edits
    assert (edit.span.start.column, edit.span.end.column) == (10, 19)


def test_nothing_is_suggested_where_nothing_changes_or_nothing_fails():
    assert change("f('dist', k=True)", {"k=": "True"}) is None
    (site,) = sites("f('dist')", python("f($X)", works=({"$X": ("string",)},), suggest={"$X": "y"}))
    assert site.change is None


def test_a_suggestion_that_is_no_expression_is_shown_as_text_without_an_edit():
    found = change("f('dist')", {"$X": "mount $X at /srv"})
    assert (found.before, found.edits) == ("f('dist')", ())
    assert found.after == "mount 'dist' at /srv"


def test_a_statement_is_shown_rewritten_but_not_edited():
    found = change("A = []", {"$V": "['a']"}, pattern="A = $V")
    assert (found.before, found.after, found.edits) == ("A = []", "A = ['a']", ())


def test_a_site_of_several_lines_is_shown_without_its_indentation():
    found = change("if x:\n    f(\n        'dist',\n        k=1,\n    )", {"$X": "y"})
    assert found.after.startswith("f(\n")
    assert found.edits == ()


# -- names of classes -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*CLASSES, "absent", "present", "instance a.B", "text x", "/x/", "not empty", "not not empty", "not instance a.B"])
def test_every_class_may_stand_in_an_entry(name):
    assert known_class(name)


@pytest.mark.parametrize("name", ["", "Empty", "relative path", "//", "/x", "not", "not nothing", "instanceof a"])
def test_anything_else_may_not(name):
    assert not known_class(name)
