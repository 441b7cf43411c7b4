"""Which lines a suppression covers, in which languages, and which comments come near but do not count."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.project.suppression import suppressions

SAID = "gotcha: ignore[a/b] -- why"
LANGUAGES = ["python", "javascript", "typescript", "tsx", "css", "html", "vue", "svelte", "astro", "markdown", "yaml", "toml", "dockerfile", "shell"]
LANGUAGES += ["dotenv", "nginx", "procfile", "ini", "text", "json"]


def covered(text: str, language: str) -> list[tuple[tuple[str, ...], str, str, list[int]]]:
    return [(comment.ids, comment.reason, comment.problem, sorted(comment.lines)) for comment in suppressions(text, language)]


@pytest.mark.parametrize(
    ("language", "text", "lines"),
    [
        ("javascript", f"/* {SAID} */ foo()\nbar()\n", [1]),
        ("javascript", f"/*\n {SAID}\n*/\n\nfoo()\n", [1, 2, 3, 5]),
        ("javascript", f"/** {SAID} */\nfoo()\n", [1, 2]),
        ("javascript", f"// {SAID}\n// more\n/* and\n more */\n}}\n", [1, 5]),
        ("javascript", f"const a = /['\"`]/ // {SAID}\n", [1]),
        ("javascript", f"const a = `x ${{b}} // no` // {SAID}\n", [1]),
        ("javascript", f'const a = "it\'s" // {SAID}\n', [1]),
        ("tsx", f"<p>\n  {{/* {SAID} */}}\n  <img/>\n</p>\n", [2, 3]),
        ("tsx", f"<a>{{/* {SAID} */}}</a>\n<b/>\n", [1]),
        ("css", f"/* {SAID} */\n#main {{}}\n", [1, 2]),
        ("css", f"a {{ color: red; }} // {SAID}\n", [1]),
        ("python", f"# {SAID}\n*a, b = c\n", [1, 2]),
        ("python", f"f(\n    x,  # {SAID}\n)\n", [2]),
        ("python", f"f(  # {SAID}\n", [1]),
        ("python", f"print 'python 2'  # {SAID}\n", [1]),
        ("yaml", f"a: don't  # {SAID}\n", [1]),
        ("yaml", f"# {SAID}\n- x\n", [1, 2]),
        ("toml", f'a = "#"  # {SAID}\n', [1]),
        ("dockerfile", f"# {SAID}\n\nCMD x\n", [1, 3]),
        ("nginx", f"listen 80; # {SAID}\n", [1]),
        ("ini", f"; {SAID}\na=b\n", [1, 2]),
        ("html", f"<script>\n// {SAID}\nfetch()\n</script>\n", [2, 3]),
        ("html", f"{{# {SAID} #}}\n<a>\n", [1, 2]),
        ("vue", f"<!-- {SAID} -->\n<img>\n", [1, 2]),
        ("svelte", f"{{#if x}}\n<!-- {SAID} -->\n<img>\n{{/if}}\n", [2, 3]),
        ("markdown", f"<!-- {SAID} -->\ntext\n", [1, 2]),
        ("python", f"x = 1\n# {SAID}\n", [2]),
    ],
)
def test_a_comment_covers_its_lines_and_alone_the_next_code(language: str, text: str, lines: list[int]) -> None:
    assert covered(text, language) == [(("a/b",), "why", "", lines)]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("html", f'<a href="http://{SAID}">\n'),
        ("css", f'a {{ content: "/* {SAID} */"; }}\n'),
        ("toml", f'a = """\n# {SAID}\n"""\n'),
        ("yaml", f'a: "# {SAID}"\n'),
        ("python", f"s = '''\n# {SAID}\n'''\n"),
        ("python", f"s = '''\n# {SAID}\n'''\nf(\n"),
        ("javascript", f"// about {SAID}\n"),
        ("javascript", f"let a = 'b\\\n// {SAID}'\n"),
        ("python", "# Gotcha: JSON keys are texts\n"),
        ("unknown", f"# {SAID}\n"),
    ],
)
def test_what_is_no_comment_or_only_speaks_of_one_covers_nothing(language: str, text: str) -> None:
    assert suppressions(text, language) == ()


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("gotcha ignore[a/b] -- x", "malformed"),
        ("gotcha-audit: ignore[a/b] -- x", "malformed"),
        ("gotcha: noqa[a/b]", "malformed"),
        ("gotcha: ignore[a/b] reason", "malformed"),
        ("gotcha: ignore(a/b) -- x", "malformed"),
        ("gotcha: ignore[*] -- x", "blanket"),
        ("gotcha: ignore[a/b, ] -- x", ""),
    ],
)
def test_near_misses_are_told(body: str, problem: str) -> None:
    (comment,) = suppressions(f"x = 1  # {body}\n", "python")
    assert comment.problem == problem


@given(st.text(alphabet=f"{SAID}#/*<>!\"'`\n{{}}\\;$(", max_size=60), st.sampled_from(LANGUAGES))
def test_any_text_has_its_comments_in_order_and_inside(text: str, language: str) -> None:
    found = suppressions(f"{text}\n# {SAID}\n// {SAID}\n", language)
    last = text.count("\n") + 4
    assert [comment.place.span for comment in found] == sorted((comment.place.span for comment in found), key=lambda span: span.start)  # type: ignore[union-attr]
    assert all(1 <= min(comment.lines) <= comment.place.line <= max(comment.lines) <= last for comment in found)


@pytest.mark.parametrize("unit", ["/*", "'", "`", "{#", "<!--", "=/[", "(/", '"""', "\\", "`${"])
def test_no_text_takes_long(unit: str) -> None:
    text = f"// {SAID}\n# {SAID}\n" + unit * (100_000 // len(unit))
    for language in LANGUAGES:
        started = time.perf_counter()
        suppressions(text, language)
        assert time.perf_counter() - started < 3
