"""Under which conditions code runs."""

import ast

import pytest
from made_python import asked, evaluator, module

from auditor.project.python.guards import class_role, classify, function_role


def kinds(test, head=""):
    """The guards of `if test:`, names in it resolved in a module that starts with `head`."""
    files = {"app.py": f"{head}\nif {test}:\n    pass\n"}
    made = evaluator(files)
    found = made.world.module(next(iter(made.world.paths)))
    statement = next(node for node in found.tree.body if isinstance(node, ast.If))
    return [guard.kind for guard in classify(statement.test, made.resolver(found))]


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        # a switch by its name, whatever it hangs on
        ("DEBUG", "development"),
        ("debug", "development"),
        ("settings.DEBUG", "development"),
        ("app.debug", "development"),
        ("app.config['DEBUG']", "development"),
        ("IS_DEV", "development"),
        ("is_development", "development"),
        ("TESTING", "development"),
        ("settings.is_local", "development"),
        ("PRODUCTION", "production"),
        ("is_prod", "production"),
        ("settings.is_production()", "production"),
        ("IS_HEROKU", "production"),
        # names that only look like one
        ("DEVICE", "set"),
        ("product", "set"),
        ("latest", "set"),
        ("local_name", "set"),
        ("reproduction", "set"),
        ("deliver", "set"),
        # negation, and twice
        ("not DEBUG", "production"),
        ("not not DEBUG", "development"),
        ("not PRODUCTION", "development"),
        ("not X", "unset"),
        # the environment
        ("os.environ.get('DEBUG')", "development"),
        ("os.getenv('X')", "set"),
        ("not os.getenv('X')", "unset"),
        ("os.environ['DEBUG']", "development"),
        ("os.getenv('X') is None", "unset"),
        ("os.getenv('X') is not None", "set"),
        ("X is None", "unset"),
        ("X is not None", "set"),
        ("X != ''", "set"),
        # a mode that is compared
        ("os.environ.get('FLASK_ENV') == 'development'", "development"),
        ("os.environ.get('FLASK_ENV') == 'production'", "production"),
        ("os.environ.get('FLASK_ENV') != 'production'", "development"),
        ("'production' == os.environ.get('FLASK_ENV')", "production"),
        ("ENV == 'prod'", "production"),
        ("ENVIRONMENT in ('dev', 'test')", "development"),
        ("ENVIRONMENT not in ('dev', 'test')", "production"),
        ("ENVIRONMENT in ('staging', 'production')", "production"),
        ("ENVIRONMENT in ('dev', 'production')", "production"),
        ("os.environ.get('DEBUG') == '1'", "development"),
        ("os.environ.get('DEBUG') == '0'", "production"),
        ("os.environ.get('DEBUG', '').lower() in ('true', '1')", "development"),
        ("os.environ.get('DEBUG') == 'False'", "production"),
        ("DEBUG is True", "development"),
        ("DEBUG == False", "production"),
        ("str(os.getenv('PRODUCTION')).lower() == 'true'", "production"),
        ("ENV == 'staging'", "other"),
        ("colour == 'production'", "other"),
        # the script itself
        ("__name__ == '__main__'", "main"),
        ("__name__ != '__main__'", "imported"),
        # what is run
        ("'runserver' in sys.argv", "development"),
        ("'pytest' in sys.modules", "development"),
        ("'x' in y", "other"),
        # readers of the environment
        ("config('DEBUG', cast=bool)", "development"),
        ("env.bool('DEBUG')", "development"),
        ("env('X')", "set"),
        # what is not understood
        ("f(x)", "other"),
        ("x > 3", "other"),
        ("lambda: 1", "other"),
        # either of two
        ("DEBUG or TESTING", "development"),
        ("DEBUG or X", "other"),
        ("not (DEBUG or TESTING)", "production"),
    ],
)
def test_a_condition_is_one_of_a_few_kinds(test, expected):
    assert kinds(test) == [expected]


def test_both_sides_of_an_and_hold():
    assert kinds("DEBUG and X") == ["development", "set"]


def test_the_denial_of_an_and_says_nothing():
    assert kinds("not (DEBUG and X)") == ["other"]


@pytest.mark.parametrize(
    ("head", "test", "expected"),
    [
        ("flag = os.getenv('ENV') == 'production'", "flag", "production"),
        ("flag = not DEBUG", "flag", "production"),
        ("mode = os.getenv('APP_ENV')", "mode == 'production'", "production"),
        ("x = os.getenv('APP_ENV')", "x == 'production'", "production"),
        ("x = os.getenv('COLOUR')", "x == 'production'", "other"),
        ("flag = a\nflag = DEBUG", "flag", "set"),
        ("flag = flag2\nflag2 = flag", "flag", "set"),
    ],
)
def test_a_name_stands_for_the_one_expression_it_is_bound_to(head, test, expected):
    assert kinds(test, head) == [expected]


def guards(text):
    found, where, made = asked(text)
    del found
    call = next(call for call in where.calls if isinstance(call.func, ast.Name) and call.func.id == "here")
    return [guard.kind for guard in made.guards(where, call)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("here(1)", []),
        ("if DEBUG: here(1)", ["development"]),
        ("if DEBUG: pass\nelse: here(1)", ["production"]),
        ("if DEBUG: pass\nelif X: here(1)", ["set", "production"]),
        ("x = here(1) if DEBUG else 2", ["development"]),
        ("x = 2 if DEBUG else here(1)", ["production"]),
        ("x = 2 if not DEBUG else here(1)", ["development"]),
        ("DEBUG and here(1)", ["development"]),
        ("if DEBUG:\n    if X: here(1)", ["set", "development"]),
        ("def f():\n    if DEBUG: return\n    here(1)", ["production"]),
        ("def f():\n    if not X: raise E\n    here(1)", ["set"]),
        ("if not X: sys.exit(1)\nhere(1)", ["set"]),
        ("if not X: print(1)\nhere(1)", []),
        ("for a in b:\n    if DEBUG: continue\n    here(1)", ["production"]),
        ("if DEBUG: raise E\nelse: pass\nhere(1)", []),
        ("class DevelopmentConfig:\n    x = here(1)", ["development"]),
        ("class ProductionConfig:\n    x = here(1)", ["production"]),
        ("class Developer:\n    x = here(1)", []),
        ("def run_dev():\n    here(1)", ["development"]),
        ("if __name__ == '__main__': here(1)", ["main"]),
        # The test of an `if` is not guarded by it.
        ("if here(1): pass", []),
        ("while DEBUG: here(1)", []),
        # A guard around the definition guards the body, too.
        ("if DEBUG:\n    def f(): here(1)", ["development"]),
    ],
)
def test_a_place_has_the_guards_around_and_before_it_the_nearest_first(text, expected):
    assert guards(text) == expected


def test_a_guard_says_its_condition_in_the_words_of_the_source():
    _, where, made = asked("if os.getenv('FLASK_ENV') == 'development':\n    here(1)")
    guard = made.guards(where, where.calls[-1])[0]
    assert (guard.kind, guard.text, guard.name) == ("development", "os.getenv('FLASK_ENV') == 'development'", "FLASK_ENV")


def test_the_words_of_a_long_condition_are_cut():
    where = module("if " + " and ".join(["some_name"] * 40) + ": pass")
    assert all(len(guard.text) <= 80 for guard in classify(where.tree.body[0].test, lambda _: None))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("DevelopmentConfig", "development"),
        ("DevConfig", "development"),
        ("TestingConfig", "development"),
        ("ConfigTest", "development"),
        ("LocalSettings", "development"),
        ("ProductionConfig", "production"),
        ("ProdSettings", "production"),
        ("Config", ""),
        ("BaseConfig", ""),
        ("TestCase", ""),
        ("DeviceConfig", ""),
        ("ProductConfig", ""),
    ],
)
def test_a_configuration_class_says_by_its_name_when_it_is_used(name, expected):
    assert class_role(name) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [("run_dev", "development"), ("start_development_server", "development"), ("run_device", ""), ("debug", ""), ("develop", "")],
)
def test_a_function_says_by_its_name_when_it_is_run(name, expected):
    assert function_role(name) == expected
