"""Suppression comments and per-path ignores."""

from dataclasses import replace

import pytest
from made_examined import MemoryProject
from made_work import entry

from auditor.catalogue import Catalogue
from auditor.engines.base import Trouble
from auditor.model import Outcome, Place, PythonDetector, Site, span_of
from auditor.project.config import Config, PathIgnore
from auditor.project.files import SourceFile
from auditor.project.project import PurePosixPath
from auditor.scan.results import from_sites, from_troubles
from auditor.scan.silence import silence

DETECTOR = PythonDetector(patterns=("f(...)",))
RULE, OTHER = entry(DETECTOR, called="made/rule"), entry(DETECTOR, called="made/other")
GONE = entry(DETECTOR, called="made/not-of-this-stack")
CATALOGUE = Catalogue(gotchas=(GONE, OTHER, RULE), digest="")
CALL = "f(\n    'a',\n    'b',\n)\n"


def site(line=1, *, end=None, gotcha="made/rule", outcome=Outcome.FAIL, scope=None, path="app.py"):
    return Site(
        gotcha=gotcha,
        outcome=outcome,
        message="m",
        place=Place(path=PurePosixPath(path), span=span_of(line, 1, end, 2)),
        scope=span_of(scope[0], 1, scope[1], 2) if scope else None,
    )


def silenced(text, *sites, config=None, troubles=(), path="app.py", role="production", gotchas=(OTHER, RULE)):
    """Every result of one file: (check, line, reason it is silenced for or None)."""
    project = MemoryProject({path: text})
    project.files = tuple(SourceFile(path=file.path, language="python", size=file.size, role=role) for file in project.files)
    project.config = config or Config()
    found = from_sites(project, {gotcha.id: gotcha for gotcha in gotchas}, sites)
    errors = tuple((result, result.place.span) for result in from_troubles(troubles))
    results = silence(project, CATALOGUE, gotchas, (*found, *errors))
    return [(result.check, result.place.line, result.suppression.reason if result.suppression else None) for result in results]


WHY = "# gotcha: ignore[made/rule] -- why"


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (f"f('a')  {WHY}\n", (1, 1)),
        (f"{WHY}\nf('a')\n", (2, 2)),
        (f"{WHY}\n\n# another comment\n\nf('a')\n", (5, 5)),
        (f"if x:\n    {WHY}\n    f('a')\n", (3, 3)),
        (f"f(  {WHY}\n    'a',\n    'b',\n)\n", (1, 4)),
        (f"f(\n    'a',  {WHY}\n    'b',\n)\n", (1, 4)),
        (f"f(\n    {WHY}\n    'a',\n    'b',\n)\n", (1, 5)),
        (f"f(\n    'a',\n    'b',\n)  {WHY}\n", (1, 4)),
        (f"{WHY}\nf(\n    'a',\n)\n", (2, 4)),
    ],
)
def test_a_comment_on_any_line_of_the_statement_or_alone_before_it_silences_it(text, where):
    assert silenced(text, site(where[0], end=where[1])) == [("made/rule", where[0], "why")]


def test_the_statement_around_the_site_counts_as_a_whole():
    text = f"x = [\n    f('a'),\n    g(),  {WHY}\n]\n"
    assert silenced(text, site(2, scope=(1, 4))) == [("made/rule", 2, "why")]


@pytest.mark.parametrize(
    "text",
    [
        f"x = 1  {WHY}\nf('a')\n",
        f"f('a')\nx = 1  {WHY}\n",
        f"f('a')\n{WHY}\nx = 1\n",
        f"{WHY}\nx = 1\nf('a')\n",
    ],
)
def test_a_comment_elsewhere_silences_nothing_and_is_reported_as_unused(text):
    line = next(number for number, code in enumerate(text.split("\n"), 1) if code.startswith("f("))
    comment = next(number for number, code in enumerate(text.split("\n"), 1) if WHY in code)
    expected = [("made/rule", line, None), ("scan/unused-suppression", comment, None)]
    assert silenced(text, site(line)) == sorted(expected, key=lambda found: found[1])


def test_a_string_that_looks_like_a_comment_is_none():
    assert silenced(f'f("{WHY}")\n', site()) == [("made/rule", 1, None)]


def test_one_comment_may_name_several_entries():
    text = "f('a')  # gotcha: ignore[made/rule, made/other] -- both are fine\n"
    assert silenced(text, site(), site(gotcha="made/other")) == [("made/other", 1, "both are fine"), ("made/rule", 1, "both are fine")]


@pytest.mark.parametrize("spelt", ["# gotcha: ignore[made/rule] -- why", "#gotcha:ignore[made/rule]--why", "# Gotcha:  Ignore [made/rule]  --  why"])
def test_spacing_and_case_do_not_matter(spelt):
    assert silenced(f"f('a')  {spelt}\n", site()) == [("made/rule", 1, "why")]


def test_another_entry_at_the_same_place_is_not_silenced():
    assert silenced(f"f('a')  {WHY}\n", site(gotcha="made/other")) == [("made/other", 1, None), ("scan/unused-suppression", 1, None)]


@pytest.mark.parametrize(
    ("comment", "fault"),
    [
        ("# gotcha: ignore", "scan/blanket-suppression"),
        ("# gotcha: ignore -- everything is fine", "scan/blanket-suppression"),
        ("# gotcha: ignore[]", "scan/blanket-suppression"),
        ("# gotcha: ignore[made/rule]", "scan/suppression-without-reason"),
        ("# gotcha: ignore[made/rule] --", "scan/suppression-without-reason"),
        ("# gotcha: ignore made/rule -- why", "scan/malformed-suppression"),
        ("# gotcha: ignore[made/rule -- why", "scan/malformed-suppression"),
        ("# gotcha: ignore[rule] -- why", "scan/malformed-suppression"),
        ("# gotcha: ignore[made/rule] why", "scan/malformed-suppression"),
        ("# gotcha: ignore[made/rul] -- why", "scan/unknown-suppression"),
        ("# gotcha: ignore[made/*] -- why", "scan/unknown-suppression"),
        ("# gotcha: ignore[*/*] -- why", "scan/unknown-suppression"),
        ("# gotcha-audit: ignore[made/rule] -- why", "scan/malformed-suppression"),
        ("# gotcha: disable[made/rule] -- why", "scan/malformed-suppression"),
        ("# gotcha noqa[made/rule]", "scan/malformed-suppression"),
    ],
)
def test_a_comment_that_does_not_count_silences_nothing_and_is_a_result(comment, fault):
    found = silenced(f"f('a')  {comment}\n", site())
    assert sorted(found) == [("made/rule", 1, None), (fault, 1, None)]


def test_faults_weigh_as_warnings_and_say_the_mend():
    project = MemoryProject({"app.py": "f()  # gotcha: ignore\n"})
    (fault,) = silence(project, CATALOGUE, (RULE,), ())
    assert (fault.outcome, fault.severity.value) == (Outcome.FAIL, "warning")
    assert "gotcha: ignore[stack/id] -- reason" in fault.message


def test_an_alias_of_an_entry_silences_it_too():
    renamed = replace(RULE, aliases=("old/name",))
    project = MemoryProject({"app.py": "f('a')  # gotcha: ignore[old/name] -- why\n"})
    found = from_sites(project, {"made/rule": renamed}, [site()])
    (result,) = silence(project, Catalogue(gotchas=(renamed,), digest=""), (renamed,), found)
    assert result.suppression.reason == "why"


@pytest.mark.parametrize("outcome", [Outcome.FAIL, Outcome.REVIEW])
def test_failures_and_reviews_can_be_silenced(outcome):
    assert silenced(f"f('a')  {WHY}\n", site(outcome=outcome)) == [("made/rule", 1, "why")]


def test_what_works_is_not_silenced_so_the_comment_is_unused():
    assert silenced(f"f('a')  {WHY}\n", site(outcome=Outcome.PASS)) == [("made/rule", 1, None), ("scan/unused-suppression", 1, None)]


def test_a_comment_for_an_entry_that_did_not_run_here_is_no_fault():
    assert silenced("f('a')  # gotcha: ignore[made/not-of-this-stack] -- why\n") == []


def test_in_a_file_that_could_not_be_examined_no_comment_is_called_unused():
    trouble = Trouble(check="scan/syntax", place=Place(path=PurePosixPath("app.py"), span=span_of(2)), message="m")
    assert silenced(f"f('a')  {WHY}\n)\n", troubles=(trouble,)) == [("scan/syntax", 2, None)]


def test_when_an_engine_failed_no_comment_is_called_unused():
    trouble = Trouble(check="engine/semgrep", place=Place(path=None, label="semgrep"), message="m")
    assert silenced(f"f('a')  {WHY}\n", troubles=(trouble,)) == [("engine/semgrep", 0, None)]


@pytest.mark.parametrize("role", ["test", "example", "documentation", "development"])
def test_comments_in_files_that_are_not_examined_are_left_alone(role):
    assert silenced(f"f('a')  {WHY}\ng()  # gotcha: ignore\n", role=role) == []


def test_a_fault_keeps_its_fingerprint_when_lines_move():
    def prints(text):
        return [result.fingerprint for result in silence(MemoryProject({"app.py": text}), CATALOGUE, (RULE,), ())]

    first = prints("f()  # gotcha: ignore\n")
    assert prints("\n\nx = 1\nf()  # gotcha: ignore\n") == first
    assert len(set(prints("f()  # gotcha: ignore\nf()  # gotcha: ignore\n"))) == 2


# -- per-path ignores -----------------------------------------------------------------------------------------------------------------


def ignoring(*paths, ids=("made/rule",)):
    return Config(per_path_ignores=(PathIgnore(paths=paths, ids=ids, reason="generated"),))


@pytest.mark.parametrize(
    ("paths", "path", "expected"),
    [
        (("app.py",), "app.py", "generated"),
        (("*.py",), "app.py", "generated"),
        (("legacy/",), "legacy/deep/app.py", "generated"),
        (("legacy/**",), "legacy/app.py", "generated"),
        (("/app.py",), "sub/app.py", None),
        (("app.py",), "sub/app.py", "generated"),
        (("*.py", "!keep.py"), "keep.py", None),
        (("other.py",), "app.py", None),
    ],
)
def test_a_path_may_be_excused_with_a_reason(paths, path, expected):
    assert silenced("f('a')\n", site(path=path), config=ignoring(*paths), path=path) == [("made/rule", 1, expected)]


@pytest.mark.parametrize(
    ("ids", "expected"), [(("made/rule",), "generated"), (("made/*",), "generated"), (("*",), "generated"), (("made/other",), None), ((), None)]
)
def test_a_path_is_excused_for_the_entries_that_are_named(ids, expected):
    assert silenced("f('a')\n", site(), config=ignoring("app.py", ids=ids)) == [("made/rule", 1, expected)]


def test_a_comment_is_asked_before_the_configuration():
    assert silenced(f"f('a')  {WHY}\n", site(), config=ignoring("app.py")) == [("made/rule", 1, "why")]


def test_a_file_that_could_not_be_examined_is_not_excused_by_its_path():
    trouble = Trouble(check="scan/syntax", place=Place(path=PurePosixPath("app.py")), message="m")
    assert silenced("f(", troubles=(trouble,), config=ignoring("app.py", ids=("*",))) == [("scan/syntax", 0, None)]


def test_the_origin_of_a_suppression_is_kept():
    project = MemoryProject({"app.py": f"f('a')  {WHY}\nf('b')\n"})
    project.config = ignoring("app.py")
    found = from_sites(project, {"made/rule": RULE}, [site(1), site(2)])
    assert [(result.suppression.origin, str(result.suppression.place or "")) for result in silence(project, CATALOGUE, (RULE,), found)] == [
        ("comment", "app.py:1:9"),
        ("config", ""),
    ]
