"""The form of an entry: what is wrong is named with its line and the mend, all at once."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from auditor.catalogue import load, load_directories, loader, rules_directory
from auditor.catalogue.compiled import dump
from auditor.catalogue.compiled import load as load_compiled
from auditor.catalogue.expressions import danger
from auditor.catalogue.frontmatter import read
from auditor.catalogue.markdown import strip_marks, take_apart
from auditor.catalogue.problems import Problems
from auditor.catalogue.scaffold import new_entry
from auditor.catalogue.schema import COMMON_KEYS, KEYS, PYTHON_KEYS, SEMGREP_KEYS, TEXT_KEYS, parse_entry
from auditor.errors import CatalogueError, UsageError
from auditor.model import Outcome, PythonDetector, TextDetector
from auditor.project.config import load_config
from auditor.scan import ScanOptions, scan

GOOD = """\
---
title: Something breaks
severity: error
confidence: high
category: env
since: 0.1.0
detect:
  - python: pkg.call($X, ...)
    fails: {$X: [relative-path, "true"], "key=": true}
    message: "`$X` breaks"
prove: {unprovable: it is only an example}
sources: [https://example.com/docs]
---
What one sees.

## Fails
`app/a.py`:
```python
import pkg
pkg.call("x", key=True)  # gotcha
```
`app/b.py`:
```python
x = 1
```

## Works
```python
import pkg
```

## Why
Because.

## When it is fine
Never.
"""


def problems_of(text: str, *, origin: str = "rules/pkg/slug.md", name: str = "pkg/slug") -> list[str]:
    with pytest.raises(CatalogueError) as caught:
        parse_entry(text, origin=origin, id=name)
    return str(caught.value).split("\n")


def test_a_good_entry_becomes_a_gotcha() -> None:
    gotcha = parse_entry(GOOD, origin="rules/pkg/slug.md", id="pkg/slug")
    assert gotcha.stack == "pkg"
    assert gotcha.summary == "What one sees."
    assert gotcha.fails.files == {PurePosixPath("app/a.py"): 'import pkg\npkg.call("x", key=True)\n', PurePosixPath("app/b.py"): "x = 1\n"}
    assert gotcha.fails.marks == {(PurePosixPath("app/a.py"), 2)}
    assert gotcha.works.files == {PurePosixPath("example.py"): "import pkg\n"}
    (detector,) = gotcha.detectors
    assert isinstance(detector, PythonDetector)
    assert detector.fails == ({"$X": ("relative-path", "true"), "key=": ("true",)},)
    assert gotcha.proof.unprovable == "it is only an example"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("severity: error", "severty: error", "rules/pkg/slug.md:3: the key `severty` is not known: did you mean `severity`?"),
        ("severity: error", "severity: eror", "rules/pkg/slug.md:3: `severity` is 'eror': did you mean `error`?"),
        ("since: 0.1.0", "since: soon", "rules/pkg/slug.md:6: `since` is 'soon': write the version the entry appeared in, such as 0.1.0"),
        ("    message:", "    mesage:", "rules/pkg/slug.md:10: the key `mesage` is not known: did you mean `message`?"),
        ("{$X: [", "{X: [", "rules/pkg/slug.md:9: `fails` names 'X': name a metavariable such as `$DIR`, or a keyword argument such as `origins=`"),
        ("  # gotcha", "", "no line of Fails is marked"),
        ("## Why\nBecause.\n", "", "the heading `## Why` is missing"),
        (
            "`app/b.py`",
            "`../b.py`",
            "rules/pkg/slug.md:22: the path '../b.py' leaves the example: use a relative path without `..`, such as `app/web.py`",
        ),
        ("`app/b.py`", "`app/a.py`", "the file `app/a.py` stands in this section twice"),
        ("import pkg\n```\n\n## Why", "import pkg  # gotcha\n```\n\n## Why", "line 1 of `example.py` in Works is marked"),
        ("https://example.com/docs", "http://example.com/docs", "the source 'http://example.com/docs' is no https address"),
        ("prove: {unprovable: it is only an example}", "prove: {unprovable: }", "`unprovable` has no reason"),
        ("prove: {unprovable: it is only an example}", "prove: {base: flask}", "`prove` does not say what to observe"),
        ("title: Something breaks", "title: a\ntitle: b", "rules/pkg/slug.md:3: the key `title` stands here twice: keep one of them"),
        ("title: Something breaks", "title: &a x", "YAML anchors and aliases are not allowed"),
        ("title: Something breaks", "title: !!python/object/apply:os.system [x]", "the tag"),
        ("title: Something breaks", "title: 'x", "this is not valid YAML"),
        ("since: 0.1.0", "since: 0.1.0\napplies: flask>>2", "is no version range"),
        ("since: 0.1.0", "since: 0.1.0\nsymptoms: [{http: {status: 404}}]", "rules/pkg/slug.md:7: `http` is no status of a subject"),
        ("since: 0.1.0", "since: 0.1.0\nsymptoms: [{http: {status: 404, on: [pages]}}]", "subjects are page, asset and api"),
        ("since: 0.1.0", "since: 0.1.0\nsymptoms: [{logs: x}]", "a symptom has one kind"),
        ("since: 0.1.0", "since: 0.1.0\nsymptoms: [{log: x, console: y}]", "a symptom has one kind"),
        ("since: 0.1.0", "since: 0.1.0\nsymptoms: [{header: {value: x}}]", "`header` has no name"),
        ("since: 0.1.0", "since: 0.1.0\nsymptoms: [{check: runtime/cwd}]", "`check` is 'runtime/cwd'"),
    ],
)
def test_each_mistake_is_named_with_its_line_and_the_mend(old: str, new: str, expected: str) -> None:
    assert old in GOOD
    assert any(expected in problem for problem in problems_of(GOOD.replace(old, new))), problems_of(GOOD.replace(old, new))


def test_all_problems_come_at_once() -> None:
    found = problems_of(GOOD.replace("severity: error", "severity: bad").replace("since: 0.1.0", "since: soon").replace("## Why\n", "## Reason\n"))
    assert len(found) == 4  # severity, since, Reason is unknown, Why is missing


def test_a_fence_may_hold_headings_and_shorter_fences() -> None:
    text = GOOD.replace("```python\nx = 1\n```", "````markdown\n## Fails\n```python\n```\n````")
    assert parse_entry(text, origin="a.md", id="pkg/slug").fails.files[PurePosixPath("app/b.py")] == "## Fails\n```python\n```\n"


def test_windows_newlines_do_not_matter() -> None:
    assert parse_entry(GOOD.replace("\n", "\r\n"), origin="a.md", id="pkg/slug").fails == parse_entry(GOOD, origin="a.md", id="pkg/slug").fails


def test_a_yaml_entry_carries_the_same_keys() -> None:
    text = """\
title: Something breaks
severity: note
confidence: low
category: env
since: 0.1.0
detect:
  - text: {paths: ["*.conf"], fails: "^bad$"}
    message: bad line
prove: "unprovable: it is only an example"
sources: https://example.com/docs
summary: What one sees.
fails: {"a.conf": "good\\nbad  # gotcha\\n"}
works: {"a.conf": "good\\n"}
why: Because.
fine_when: Never.
"""
    gotcha = parse_entry(text, origin="rules/pkg/slug.yaml", id="pkg/slug")
    assert gotcha.fails.files == {PurePosixPath("a.conf"): "good\nbad\n"}
    assert gotcha.fails.marks == {(PurePosixPath("a.conf"), 2)}
    (detector,) = gotcha.detectors
    assert isinstance(detector, TextDetector)


@given(st.text())
def test_any_text_gives_an_entry_or_named_problems(text: str) -> None:
    for origin in ("a.md", "a.yaml"):
        found = problems_of(text, origin=origin)
        assert found[0].startswith(f"{origin}:")


@given(st.text(alphabet="abc #/-<>!*{}\n"))
def test_stripping_marks_keeps_lines_and_is_stable(code: str) -> None:
    clean, marked = strip_marks(code)
    assert clean.count("\n") == code.count("\n")
    assert all(1 <= line <= code.count("\n") + 1 for line in marked)
    assert strip_marks(clean)[0].count("\n") == clean.count("\n")


@pytest.mark.parametrize("mark", ["# gotcha", "// gotcha", "/* gotcha */", "<!-- gotcha -->", "{# gotcha #}", "-- gotcha"])
def test_every_comment_form_marks_a_line(mark: str) -> None:
    assert strip_marks(f"code\nbad  {mark}\n") == ("code\nbad\n", frozenset({2}))


@pytest.mark.parametrize(
    "expression",
    [
        "(a+)+$",
        "(a*)*b",
        "(?:a|a)*",
        "(?:a|ab)*c",
        r"(\w+\s?)*$",
        "(",
        "a**",
        "(?:x*){2,}",
        "(a?a)*b",
        "(a{1,50}){1,50}b",
        "(?>(a+)+c)",
        "(a)?(?(1)(a+)+c|b)",
        ".*.*.*.*x",
        "[[a]",
    ],
)
def test_expressions_that_can_run_away_or_do_not_compile_are_refused(expression: str) -> None:
    assert danger(expression)


@pytest.mark.parametrize(
    "expression", [r"^(?:\w+\.)*example$", r"[^\]\n]*\"[^\"\n]*\$", r"(?s)location[^{}]*\{[^{}]*?alias", "(?:ENV|ARG)[ \t]+x", "a+b+c+"]
)
def test_ordinary_expressions_are_accepted(expression: str) -> None:
    assert danger(expression) == ""


def test_a_yaml_bomb_is_refused_at_once() -> None:
    problems = Problems("a.md")
    assert read("a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n", 2, problems) is None
    assert "a.md:2: YAML anchors" in problems.found[0]


def test_deep_nesting_is_refused_without_a_traceback() -> None:
    problems = Problems("a.md")
    read("a: " + "[" * 5000 + "]" * 5000, 2, problems)
    assert problems.found


def test_the_published_schema_knows_the_same_keys_and_accepts_every_entry() -> None:
    schema = json.loads((Path(__file__).parents[2] / "auditor/catalogue/schema.json").read_text(encoding="utf-8"))
    kinds = {next(iter(kind["required"])): set(kind["properties"]) for kind in schema["$defs"]["detector"]["oneOf"]}
    assert set(schema["properties"]) == set(KEYS)
    assert kinds["python"] == set(PYTHON_KEYS)
    assert kinds["check"] == set(COMMON_KEYS)
    text, semgrep = schema["$defs"]["detector"]["oneOf"][2], schema["$defs"]["detector"]["oneOf"][1]
    assert set(text["properties"]["text"]["properties"]) == set(TEXT_KEYS)
    assert set(semgrep["properties"]["semgrep"]["properties"]) == set(SEMGREP_KEYS)
    validator = Draft202012Validator(schema)
    for path in sorted(rules_directory().rglob("*.md")):
        if path.name == "README.md":
            continue
        page = take_apart(path.read_text(encoding="utf-8"), Problems(str(path)))
        assert page is not None
        node = read(page.front, page.front_line, Problems(str(path)))
        assert node is not None
        assert [error.message for error in validator.iter_errors(node.plain())] == [], path


def test_a_new_entry_parses_as_it_stands() -> None:
    gotcha = parse_entry(new_entry('A "quoted" title: with a colon'), origin="a.md", id="pkg/slug")
    assert gotcha.title == 'A "quoted" title: with a colon'


def test_the_compiled_form_is_the_catalogue() -> None:
    gotchas = load().gotchas
    assert load_compiled(dump(gotchas)) == gotchas


def test_a_damaged_cache_is_ignored_and_replaced(tmp_path: Path) -> None:
    directory, cache = tmp_path / "rules", tmp_path / "cache"
    (directory / "pkg").mkdir(parents=True)
    (directory / "pkg/slug.md").write_text(GOOD, encoding="utf-8")
    first = load_directories((directory,), cache=cache)
    (kept,) = cache.iterdir()
    for damage in ("", "[]x", '[{"id": 1}]', "null"):
        kept.write_text(damage, encoding="utf-8")
        loader._LOADED.clear()  # as another process
        assert load_directories((directory,), cache=cache) == first
    assert json.loads(kept.read_text(encoding="utf-8"))[0]["id"] == "pkg/slug"


def test_a_cache_that_cannot_be_written_costs_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert load_directories((rules_directory(),), cache=tmp_path / "file" / "below").gotchas


def test_ids_are_found_by_name_alias_glob_and_stack(tmp_path: Path) -> None:
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg/slug.md").write_text(GOOD.replace("since:", "aliases: [old/name]\nsince:"), encoding="utf-8")
    (tmp_path / "pkg/other.md").write_text(GOOD, encoding="utf-8")
    (tmp_path / "loose.md").write_text(GOOD, encoding="utf-8")
    catalogue = load_directories((tmp_path,), cache=None)
    assert [gotcha.id for gotcha in catalogue.gotchas] == ["pkg/other", "pkg/slug", "project/loose"]
    assert catalogue.get("old/name") is catalogue.get("pkg/slug")
    assert [gotcha.id for gotcha in catalogue.select(("pkg/*",), ("old/name",)).gotchas] == ["pkg/other"]
    assert [gotcha.id for gotcha in catalogue.select(("project",), ()).gotchas] == ["project/loose"]
    with pytest.raises(UsageError, match=r"no gotcha is called 'pkg/slog'; did you mean pkg/slug\?"):
        catalogue.select(("pkg/slog",), ())


def test_links_out_of_the_catalogue_are_refused(tmp_path: Path) -> None:
    (tmp_path / "rules/pkg").mkdir(parents=True)
    (tmp_path / "secret.md").write_text(GOOD, encoding="utf-8")
    (tmp_path / "rules/pkg/slug.md").symlink_to(tmp_path / "secret.md")
    with pytest.raises(CatalogueError, match="leads out of the catalogue"):
        load_directories((tmp_path / "rules",), cache=None)


def test_a_teams_own_entry_works_like_a_built_in_one(tmp_path: Path) -> None:
    (tmp_path / "gotchas/house").mkdir(parents=True)
    own = GOOD.replace("pkg.call($X, ...)", "house.connect($X, ...)").replace("since: 0.1.0", "since: 0.1.0\napplies: python")
    (tmp_path / "gotchas/house/connect.md").write_text(own, encoding="utf-8")
    (tmp_path / "gotcha-audit.toml").write_text('catalogues = ["gotchas"]\n', encoding="utf-8")
    (tmp_path / "app.py").write_text('from house import connect as c\nc("data", key=True)\nc("/data", key=True)\n', encoding="utf-8")
    report = scan(tmp_path, ScanOptions(config=load_config(tmp_path), jobs=1))
    failures = {(result.check, str(result.place.path), result.place.line) for result in report.results if result.outcome is Outcome.FAIL}
    assert failures == {("house/connect", "app.py", 2)}
