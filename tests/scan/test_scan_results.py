"""Sites and troubles become results."""

from pathlib import PurePosixPath

import pytest
from made_examined import MemoryProject
from made_work import entry

from auditor.engines.base import Trouble
from auditor.model import Change, Confidence, Edit, Outcome, Place, Safety, Severity, Site, span_of
from auditor.report.masking import mask
from auditor.scan.results import fingerprint, from_sites, from_troubles, what

APP = PurePosixPath("app.py")


def site(line=1, *, gotcha="made/entry", outcome=Outcome.FAIL, path=APP, column=1, end_line=None, **more):
    place = Place(path=path, span=span_of(line, column, end_line, 9))
    return Site(gotcha=gotcha, outcome=outcome, message=more.pop("message", "a message"), place=place, **more)


def results(text, *sites):
    files = text if isinstance(text, dict) else {"app.py": text}
    gotchas = {name: entry(called=name) for name in {each.gotcha for each in sites}}
    return [result for result, _ in from_sites(MemoryProject(files), gotchas, sites)]


def test_a_result_carries_what_the_site_and_its_entry_say():
    trail = (Place(path=APP, span=span_of(1), label="X is 1"),)
    (found,) = results("X = 1\nf(X)\n", site(2, related=trail))
    assert (found.check, found.outcome, found.message, found.place.line) == ("made/entry", Outcome.FAIL, "a message", 2)
    assert (found.severity, found.confidence, found.related) == (Severity.ERROR, Confidence.HIGH, trail)
    assert (found.suppression, found.gotchas) == (None, ())


def test_a_site_may_weigh_differently_from_its_entry():
    (found,) = results("f()", site(severity=Severity.NOTE))
    assert found.severity is Severity.NOTE


def test_the_lines_of_the_site_are_the_evidence():
    (found,) = results("a\nf(\n    1,\n)\nb\n", site(2, end_line=4))
    assert (found.evidence[0].kind, found.evidence[0].title, found.evidence[0].body) == ("code", "app.py", "f(\n    1,\n)")


def test_the_lines_around_are_there_for_those_who_look():
    text = "\n".join(f"line{number}()" for number in range(1, 100))
    for line, first, last in ((50, 48, 52), (1, 1, 3), (2, 1, 4), (99, 97, 99), (62, 60, 64)):
        (found,) = results(text, site(line))
        around = found.evidence[1]
        assert (around.kind, around.title) == ("context", f"app.py:{first}")
        assert around.body.split("\n") == [f"line{number}()" for number in range(first, last + 1)]


def test_the_lines_around_show_no_secret_that_is_named_further_up():
    text = "SECRET = (\n" + "    'aaaaaaaaaaaa'\n" * 20 + ")\nf()\n"
    (found,) = results(text, site(23))
    assert found.evidence[1].body == "    'aa***'\n)\nf()\n"


@pytest.mark.parametrize("path", ["compose.yaml", ".env", "settings.toml", "Dockerfile"])
def test_nothing_around_is_shown_where_the_next_line_is_another_value(path):
    (found,) = results({path: "A: b\nC: hunter2\n"}, site(1, path=PurePosixPath(path)))
    assert [each.kind for each in found.evidence] == ["code"]


def test_a_secret_that_is_cut_is_masked_all_the_same():
    (found,) = results(f"SECRET = '{'x' * 500}'\n", site(1))
    assert all("xxx" not in each.body for each in found.evidence)


def test_evidence_is_short_whatever_the_site_is():
    (long,) = results("f(\n" + "    1,\n" * 100 + ")", site(1, end_line=102))
    assert long.evidence[0].body.count("\n") == 5
    (wide,) = results("x" * 10_000, site())
    assert len(wide.evidence[0].body) == 400


def test_what_works_needs_no_evidence():
    (found,) = results("f()", site(outcome=Outcome.PASS))
    assert found.evidence == ()


def test_a_site_without_a_file_or_in_one_that_cannot_be_read_has_no_evidence():
    (nowhere,) = results("", Site(gotcha="made/entry", outcome=Outcome.FAIL, message="m", place=Place(path=None, label="the project")))
    assert (nowhere.evidence, str(nowhere.place)) == ((), "the project")
    (gone,) = results("", site(path=PurePosixPath("gone.py")))
    assert gone.evidence == ()


def test_the_same_entry_at_the_same_place_counts_once_with_its_worst_verdict():
    found = results("f()", site(outcome=Outcome.PASS), site(outcome=Outcome.FAIL, message="bad"), site(outcome=Outcome.REVIEW))
    assert [(each.outcome, each.message) for each in found] == [(Outcome.FAIL, "bad")]


def test_results_are_in_the_order_of_path_line_column_and_id():
    sites = [
        site(2, gotcha="made/b"), site(2, gotcha="made/a"), site(10, gotcha="made/a"), site(2, column=5, gotcha="made/a"),
        site(1, path=PurePosixPath("b.py"), gotcha="made/a"), site(3, path=PurePosixPath("a/z.py"), gotcha="made/a"),
    ]  # fmt: skip
    expected = [
        ("a/z.py", 3, 1, "made/a"), ("app.py", 2, 1, "made/a"), ("app.py", 2, 1, "made/b"), ("app.py", 2, 5, "made/a"),
        ("app.py", 10, 1, "made/a"), ("b.py", 1, 1, "made/a"),
    ]  # fmt: skip
    for order in (sites, sites[::-1]):
        found = results({"app.py": "", "b.py": "", "a/z.py": ""}, *order)
        assert [(str(each.place.path), each.place.line, each.place.column, each.check) for each in found] == expected


# -- fingerprints ---------------------------------------------------------------------------------------------------------------------


def prints(text, *lines, **more):
    return [found.fingerprint for found in results(text, *(site(line, **more) for line in lines))]


def test_a_fingerprint_survives_moved_lines_and_other_spacing():
    (before,) = prints("f(1)\n", 1)
    assert prints("import x\n\n\nf(1)\n", 4) == [before]
    assert prints("if y:\n        f(1)  \n", 2) == [before]


def test_a_fingerprint_changes_with_the_line_the_file_and_the_entry():
    (one,) = prints("f(1)", 1)
    assert prints("f(2)", 1) != [one]
    assert prints("f(1)", 1, gotcha="made/other") != [one]
    assert [found.fingerprint for found in results({"b.py": "f(1)"}, site(path=PurePosixPath("b.py")))] != [one]


def test_equal_lines_differ_by_their_ordinal_and_keep_it():
    first, second = prints("f(1)\nf(1)\n", 1, 2)
    assert first != second
    assert prints("x\nf(1)\ny\nf(1)\n", 2, 4) == [first, second]
    assert prints("f(1)\n", 1) == [first]


def test_an_equal_line_that_works_makes_a_failure_no_other():
    (before,) = prints("f(1)", 1)
    works, fails = results("f(1)\nf(1)", site(1, outcome=Outcome.PASS), site(2))
    assert (fails.fingerprint, works.fingerprint == before) == (before, False)


def test_a_fingerprint_knows_all_lines_that_are_shown():
    (one,) = prints("f(\n    1,\n)", 1, end_line=3)
    assert prints("f(\n1, )", 1, end_line=2) == [one]
    assert prints("f(\n    2,\n)", 1, end_line=3) != [one]


def test_what_a_fingerprint_stands_for_is_the_same_in_another_file():
    (here,), (there,) = prints("f(1)", 1), [found.fingerprint for found in results({"b.py": "f(1)"}, site(path=PurePosixPath("b.py")))]
    assert (what(here) == what(there), here == there) == (True, False)


def test_two_sites_on_one_line_differ():
    found = results("f(1); f(1)", site(column=1), site(column=7))
    assert len({each.fingerprint for each in found}) == 2


def test_a_fingerprint_depends_on_no_order_of_arrival():
    sites = [site(1), site(2), site(3)]
    assert [each.fingerprint for each in results("f\nf\nf", *sites)] == [each.fingerprint for each in results("f\nf\nf", *reversed(sites))]


def test_a_fingerprint_is_short_hexadecimal_even_for_broken_names():
    assert len(fingerprint("a", "\udcff.py", "x", 1)) == 24
    assert int(fingerprint("a", "b", "c", 1), 16) >= 0


# -- secrets --------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("SECRET_KEY = 'hunter2hunter2'", "SECRET_KEY = 'hu***'"),
        ('app.config["SECRET_KEY"] = "hunter2hunter2"', 'app.config["SECRET_KEY"] = "hu***"'),
        ("password: 'hunter2hunter2',", "password: 'hu***',"),
        ("API_KEYS = ['hunter2hunter2', 'hunter3hunter3']", "API_KEYS = ['hu***', 'hu***']"),
        ("SECRET_KEY = os.environ.get('SECRET_KEY', 'hunter2hunter2')", "SECRET_KEY = os.environ.get('SECRET_KEY', 'hu***')"),
        ("token = jwt.encode(payload, 'hunter2hunter2')", "token = jwt.encode(payload, 'hu***')"),
        ("user.set_password('hunter2hunter2')", "user.set_password('hu***')"),
        ("SECRET_KEY = r'hunter2\\'hunter2'", "SECRET_KEY = r'hu***'"),
        ('SECRET_KEY = "it\'s hunter2"', 'SECRET_KEY = "it***"'),
        ("const apiKey = `hunter2hunter2`", "const apiKey = `hu***`"),
        ("ENV SECRET_KEY=hunter2hunter2", "ENV SECRET_KEY=***"),
        ("ENV SECRET_KEY hunter2hunter2", "ENV SECRET_KEY ***"),
        ("  - JWT_SECRET=hunter2hunter2", "  - JWT_SECRET=***"),
        ("export API_KEY=hunter2", "export API_KEY=***"),
        ("url = 'postgres://me:hunter2@db/x'", "url = 'postgres://me:***@db/x'"),
        ("url = 'redis://:hunter2@db/0'", "url = 'redis://:***@db/0'"),
        ("DATABASE_URL=mysql://me:hunter2@db", "DATABASE_URL=mysql://me:***@db"),
        # nothing to hide
        ("name = 'hunter2hunter2'", "name = 'hunter2hunter2'"),
        ("SECRET_KEY = os.environ['SECRET_KEY']", "SECRET_KEY = os.environ['SECRET_KEY']"),
        ("SECRET_KEY = os.getenv('DJANGO_SECRET')", "SECRET_KEY = os.getenv('DJANGO_SECRET')"),
        ("secret = config('app-secret')", "secret = config('app-secret')"),
        ("{'password': password}", "{'password': password}"),
        ("url = 'http://localhost:3000/api'", "url = 'http://localhost:3000/api'"),
        ("token_url = 'https://a.example/token'", "token_url = 'https://a.example/token'"),
        ("credentials: 'include',", "credentials: 'include',"),
        ("credentials: 'hunter2hunter2',", "credentials: 'hu***',"),
        ("", ""),
    ],
)
def test_secrets_on_a_line_are_masked_and_names_stay(line, expected):
    assert mask(line) == expected


@pytest.mark.parametrize(
    "text",
    [
        "SECRET_KEY = (\n    'hunter2'\n    'hunter2'\n)",
        "SECRET_KEY = \\\n    'hunter2hunter2'",
        'PRIVATE_KEY = """-----BEGIN KEY-----\nhunter2hunter2\nhunter2\n-----END KEY-----"""',
        "PRIVATE_KEY = '''hunter2\nhunter2'''",
        'PRIVATE_KEY = """\nhunter2hunter2\n"""',
        "API_KEYS = [\n    'hunter2hunter2',\n    'hunter2hunter3',\n]",
        "SECRET_KEY = os.getenv(\n    'SECRET_KEY',\n    'hunter2hunter2',\n)",
        "const apiKey =\n  'hunter2hunter2';",
    ],
)
def test_a_secret_that_goes_on_over_several_lines_is_masked_on_all(text):
    shown = mask(text)
    assert "hunter2" not in shown
    assert shown.count("\n") == text.count("\n")


def test_a_line_after_a_secret_that_has_a_name_of_its_own_stays():
    text = "connect(\n    password='hunter2hunter2',\n    host='db.example',\n    'positional',\n)"
    assert "host='db.example'" in mask(text)


def test_evidence_and_change_are_masked_in_a_result():
    text = "DB_PASSWORD = (\n    'hunter2hunter2'\n)"
    change = Change(title="", safety=Safety.UNSAFE, before=text, after="DB_PASSWORD = os.getenv('DB_PASSWORD', 'hunter2hunter2')", edits=())
    (found,) = results(text, site(end_line=3, change=change))
    assert "hunter2" not in repr((found.evidence, found.change))


def test_a_change_whose_text_holds_a_secret_is_advice_only():
    edit = Edit(path=APP, span=span_of(1), text="connect(password='hunter2hunter2', ssl=True)")
    change = Change(title="", safety=Safety.UNSAFE, before="connect(password='hunter2hunter2')", after=edit.text, edits=(edit,))
    (found,) = results("connect(password='hunter2hunter2')", site(change=change))
    assert found.change.after == "connect(password='hu***', ssl=True)"
    assert found.change.edits == ()


def test_a_change_without_a_secret_keeps_its_edits():
    edit = Edit(path=APP, span=span_of(1), text="f(2)")
    (found,) = results("f(1)", site(change=Change(title="", safety=Safety.SAFE, before="f(1)", after="f(2)", edits=(edit,))))
    assert found.change.edits == (edit,)


def test_a_password_inside_a_url_is_masked_in_the_message():
    (found,) = results("x", site(message="`postgres://me:hunter2@db` stands in the source"))
    assert found.message == "`postgres://me:***@db` stands in the source"


# -- troubles -------------------------------------------------------------------------------------------------------------------------


def test_a_trouble_is_an_error_of_highest_weight():
    (found,) = from_troubles([Trouble(check="scan/syntax", place=Place(path=APP, span=span_of(3, 2)), message="is not valid Python")])
    assert (found.check, found.outcome, found.severity, found.message) == ("scan/syntax", Outcome.ERROR, Severity.ERROR, "is not valid Python")
    assert (found.place.line, found.place.column) == (3, 2)


def test_troubles_are_sorted_and_each_has_a_fingerprint_of_its_own():
    troubles = [
        Trouble(check="scan/syntax", place=Place(path=PurePosixPath(path), span=span_of(line)), message="m")
        for path, line in [("b.py", 1), ("a.py", 9), ("a.py", 2)]
    ]
    found = from_troubles(troubles)
    assert [(str(each.place.path), each.place.line) for each in found] == [("a.py", 2), ("a.py", 9), ("b.py", 1)]
    assert len({each.fingerprint for each in found}) == 3
    assert found == from_troubles(reversed(troubles))
