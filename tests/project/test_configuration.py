"""Configuration is obeyed to the letter or refused; suppressions count only when they say what and why."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.errors import ConfigError
from auditor.model import Outcome, Severity
from auditor.project.config import Config, load_config
from auditor.project.suppression import suppressions


def configured(root: Path, text: str, name: str = "gotcha-audit.toml") -> Config:
    (root / name).write_text(text, encoding="utf-8")
    return load_config(root)


def test_no_file_means_defaults(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n", encoding="utf-8")
    assert load_config(tmp_path) == Config()


def test_every_key_is_read(tmp_path: Path) -> None:
    text = """
[tool.gotcha-audit]
select = ["flask/*"]
ignore = ["flask/cors-any-origin"]
catalogues = ["gotchas"]
baseline = "known.json"
exclude = ["legacy/**"]
fail-on = "error"
strict = true
jobs = 3
show = ["fail", "pass"]
max-file-size = 5000
file-timeout = 2
[[tool.gotcha-audit.per-path-ignores]]
paths = ["scripts/**"]
ids = ["python/*"]
reason = "run by hand"
"""
    config = configured(tmp_path, text, "pyproject.toml")
    assert config.select == ("flask/*",)
    assert config.catalogues == (tmp_path / "gotchas",)
    assert config.baseline == tmp_path / "known.json"
    assert config.fail_on is Severity.ERROR
    assert config.show == (Outcome.FAIL, Outcome.PASS)
    assert (config.strict, config.jobs, config.max_file_size, config.file_timeout) == (True, 3, 5000, 2.0)
    assert config.per_path_ignores[0].reason == "run by hand"


def test_yaml_carries_the_same_keys(tmp_path: Path) -> None:
    assert configured(tmp_path, "fail-on: note\nexclude: [a]\n", "gotcha-audit.yaml").fail_on is Severity.NOTE


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\nselct = []\n", "gotcha-audit.toml:2: `selct` is not known: did you mean `select`?"),
        ('fail-on = "fatal"\n', "gotcha-audit.toml:1: `fail-on` is 'fatal': write one of error, warning, note"),
        ("strict = 1\n", "`strict` is 1: write true or false"),
        ("jobs = 0\n", "`jobs` is 0: write a number above 0"),
        ('select = "flask"\n', "`select` is no list of texts"),
        ('show = ["fails"]\n', "`show` holds 'fails': use fail, review, pass"),
        ('[[per-path-ignores]]\npaths = ["a"]\nids = ["b/c"]\n', "`per-path-ignores` has no reason"),
        ('[[per-path-ignores]]\npath = ["a"]\n', "`per-path-ignores.path` is not known: did you mean `paths`?"),
        ("a = [\n", "this is not valid TOML"),
        ("jobs = 1.5\n", "`jobs` is 1.5: write a whole number above 0"),
        ("file-timeout = inf\n", "`file-timeout` is inf: write a number above 0"),
        ("file-timeout = nan\n", "`file-timeout` is nan: write a number above 0"),
        ("file-timeout = true\n", "`file-timeout` is True: write a number above 0"),
        (f"jobs = {'9' * 5000}\n", "this is not valid TOML"),
        ('catalogues = ["../ours"]\n', "`catalogues` holds '../ours', which lies outside the project: name a folder of the project"),
        ("baseline = 1\n", '`baseline` is 1: write `baseline = "a file of the project"`'),
        ('baseline = "../b.json"\n', "`baseline` is '../b.json', which lies outside the project: name a file of the project"),
        ('catalogues = ["/etc"]\n', "`catalogues` holds '/etc', which lies outside the project"),
    ],
)
def test_what_cannot_be_obeyed_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        configured(tmp_path, text)
    assert message in str(caught.value)


def test_two_configurations_are_one_too_many(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.gotcha-audit]\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="keep one of them"):
        configured(tmp_path, "")


def test_a_fraction_of_a_second_is_a_time_limit(tmp_path: Path) -> None:
    assert configured(tmp_path, "file-timeout = 0.5\n").file_timeout == 0.5


def test_a_link_does_not_lead_a_catalogue_out_of_the_project(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    root = tmp_path / "root"
    root.mkdir()
    (root / "ours").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigError, match="lies outside the project"):
        configured(root, 'catalogues = ["ours"]\n')


@pytest.mark.parametrize("text", [b"[project\n{{ name }}\n", b"# caf\xe9\n"])
def test_a_broken_pyproject_that_does_not_speak_of_us_is_not_refused(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "pyproject.toml").write_bytes(text)
    assert load_config(tmp_path) == Config()
    (tmp_path / "pyproject.toml").write_bytes(b"[tool.gotcha-audit]\n" + text)
    with pytest.raises(ConfigError, match=r"pyproject\.toml"):
        load_config(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("select: [a/b]\nselect: [c/d]\n", "gotcha-audit.yaml:2: `select` is there twice"),
        ("a: " + "[" * 50_000, "is nested deeper than 20 levels"),
        ("a: " + "x" * 300_000, "is larger than 200,000 bytes"),
        ("- a\n", "this is no mapping"),
        ("a: !!python/object:os.system x\n", "this is not valid YAML"),
    ],
)
def test_yaml_that_cannot_be_meant_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        configured(tmp_path, text, "gotcha-audit.yaml")
    assert message in str(caught.value)


def test_a_yaml_bomb_in_the_configuration_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="aliases"):
        configured(tmp_path, "a: &a [x]\nb: [*a, *a]\n", "gotcha-audit.yaml")


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("python", "call()  # gotcha: ignore[a/b, c/d] -- fine here"),
        ("javascript", "call()  // gotcha: ignore[a/b, c/d] -- fine here"),
        ("tsx", "<a>{/* gotcha: ignore[a/b, c/d] -- fine here */}</a>"),
        ("html", "<a> <!-- gotcha: ignore[a/b, c/d] -- fine here -->"),
        ("yaml", "a: 1  # gotcha: ignore[a/b, c/d] -- fine here"),
        ("dockerfile", "# gotcha: ignore[a/b, c/d] -- fine here"),
    ],
)
def test_each_language_has_its_comment(language: str, line: str) -> None:
    (comment,) = suppressions(f"first\n{line}\n" if language != "python" else f"first = 1\n{line}\n", language)
    assert (comment.ids, comment.reason, comment.problem, comment.place.line) == (("a/b", "c/d"), "fine here", "", 2)
    assert 2 in comment.lines


def test_alone_on_its_line_a_comment_covers_the_next_code() -> None:
    (comment,) = suppressions("# gotcha: ignore[a/b] -- why\n\n# more\ncall()\nother()\n", "python")
    assert comment.lines == {1, 4}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("# gotcha: ignore\n", "blanket"),
        ("# gotcha: ignore -- all of it\n", "blanket"),
        ("# gotcha: ignore[] -- why\n", "blanket"),
        ("# gotcha: ignore[a/b]\n", "no reason"),
        ("# gotcha: ignore[a/b] --\n", "no reason"),
        ("# gotcha: ignore[a/b why\n", "malformed"),
        ("# gotcha: ignore[not-an-id] -- why\n", "malformed"),
    ],
)
def test_a_comment_that_says_too_little_silences_nothing(text: str, problem: str) -> None:
    (comment,) = suppressions(text, "python")
    assert comment.problem == problem


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("python", 's = "# gotcha: ignore[a/b] -- no"\n'),
        ("python", "# see gotcha: ignore[a/b] -- prose\n"),
        ("javascript", 'let s = "// gotcha: ignore[a/b] -- no"\n'),
        ("javascript", "let s = `\n// gotcha: ignore[a/b] -- no`\n"),
    ],
)
def test_strings_and_prose_are_no_suppressions(language: str, text: str) -> None:
    assert suppressions(text, language) == ()


@given(st.text(alphabet="gotcha: ignore[a/b]--#/*<>!\"'`\n{}\\"), st.sampled_from(["python", "javascript", "html", "yaml", "dockerfile", "markdown"]))
def test_no_text_makes_the_scanner_fail(text: str, language: str) -> None:
    for comment in suppressions(text, language):
        assert 1 <= comment.place.line <= text.count("\n") + 1
