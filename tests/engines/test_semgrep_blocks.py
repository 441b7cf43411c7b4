"""Scripts inside other files: found, in place, and nothing else."""

import time

import pytest
from made_work import entry, places, rule, work_in

from auditor.engines.semgrep import start
from auditor.engines.semgrep.blocks import blocks


def cut(text, language):
    return [(block.suffix, block.text.split()) for block in blocks(text, language)]


def test_a_script_keeps_its_lines_and_columns():
    (block,) = blocks("<p>é</p>\n<b/><script>f(1)</script>\n<p/>", "vue")
    assert block.text == " " * 8 + "\n" + " " * 12 + "f(1)"


def test_scripts_of_one_component_are_read_together():
    text = "<script>\nimport a\n</script>\n<script setup>\nb()\n</script>"
    assert cut(text, "vue") == [(".js", ["import", "a", "b()"])]


def test_scripts_on_one_line_stay_apart():
    assert cut("<script>a()</script><script>b()</script>", "html") == [(".js", ["a()"]), (".js", ["b()"])]


@pytest.mark.parametrize(
    ("attributes", "suffix"),
    [
        ("", ".js"),
        (' lang="ts"', ".ts"),
        (" setup lang='tsx'", ".tsx"),
        (" lang=jsx", ".jsx"),
        ('\n  setup\n  lang="ts"\n  generic="T extends Record<string, unknown>"', ".ts"),
        (' type="module"', ".js"),
        (' TYPE="text/javascript"', ".js"),
    ],
)
def test_the_language_of_a_script(attributes, suffix):
    assert cut(f"<script{attributes}>a()</script>", "vue") == [(suffix, ["a()"])]


@pytest.mark.parametrize(
    "text",
    [
        '<script src="x.js">a()</script>',
        '<script type="application/json">{"a": 1}</script>',
        '<script type="text/x-template"><p></p></script>',
        '<script lang="coffee">a()</script>',
        "<!-- <script>a()</script> -->",
        "<!-- <script>a()</script>",
        "<scripts>a()</scripts>",
        "<script>  \n </script>",
        "<p>a()</p>",
    ],
)
def test_what_is_no_script_of_the_page(text):
    assert cut(text, "html") == []


def test_a_script_that_is_not_closed_goes_on_to_the_end():
    assert cut("<script>a()", "html") == [(".js", ["a()"])]


def test_astro_has_front_matter_and_scripts_of_their_own():
    text = "---\nconst a: T = 1;\n---\n<p>---</p>\n<script>b()</script>\n<script is:inline>c()</script>\n"
    assert cut(text, "astro") == [(".ts", ["const", "a:", "T", "=", "1;"]), (".ts", ["b()"]), (".js", ["c()"])]
    assert cut("<p/>\n---\na\n---\n", "astro") == []


@pytest.mark.parametrize("text", ["<script" * 100_000, "<!--" * 200_000, '<script "' * 80_000, "<script>" * 100_000, "<script ''" * 80_000])
def test_hostile_markup_takes_no_time(text):
    begin = time.monotonic()
    blocks(text, "html")
    assert time.monotonic() - begin < 3


@pytest.mark.semgrep
def test_matches_in_scripts_are_where_they_are_in_the_file(tmp_path):
    files = {
        "A.vue": '<template>\n<p title="é">f(0)</p></template>\n<script setup lang="ts">const é: number = 1; f(1)</script>\n',
        "B.svelte": "<script context='module'>\n  f(2)\n</script>\n<p>{f(0)}</p>",
        "C.astro": "---\nf(3)\n---\n<script>\n f(4)</script>",
        "d.html": "<p>f(0)</p><script>f(5)</script><script src='x.js'>f(0)</script>",
        "e.htm": "<script type='module'>\nf(6)</script>",
    }
    found = start(work_in(tmp_path, files, entry(rule("f($X)", message="$X")))).finish()
    assert found.troubles == ()
    assert [(*place, site.message) for place, site in zip(places(found), found.sites, strict=True)] == [
        ("A.vue", 3, 46, 3, 50, "1"),
        ("B.svelte", 2, 3, 2, 7, "2"),
        ("C.astro", 2, 1, 2, 5, "3"),
        ("C.astro", 5, 2, 5, 6, "4"),
        ("d.html", 1, 20, 1, 24, "5"),
        ("e.htm", 2, 1, 2, 5, "6"),
    ]
