"""The pages of the site as Markdown, and what Markdown makes of them."""

import re
from dataclasses import replace
from html import unescape
from pathlib import Path, PurePosixPath

import click
import made_site
import markdown
import pytest
from gotcha_site import commands as reference_of_commands
from gotcha_site import documents, indexes, reference
from gotcha_site.entries import Shown, entry_page, parts
from gotcha_site.site import generated, navigation
from gotcha_site.text import block, code, line, prose

from auditor.catalogue import load
from auditor.cli import commands
from auditor.model import Example
from auditor.project.suppression import suppressions

CHECKOUT = Path(__file__).parent.parent.parent
CATALOGUE = load()
WRITTEN = sorted(path.relative_to(CHECKOUT).as_posix() for path in (CHECKOUT / "docs").rglob("*.md"))
SAMPLE = CATALOGUE.get("flask/relative-send-directory")


def rendered(text: str) -> str:
    body = text.partition("\n---\n")[2] if text.startswith("---\n") else text
    return markdown.markdown(body, extensions=["tables", "toc", "pymdownx.highlight", "pymdownx.superfences", "admonition"])


def test_a_tag_in_prose_is_shown_and_one_in_code_stays() -> None:
    html = rendered(prose("a <script>alert(1)</script> and `<b>`"))
    assert html == "<p>a &lt;script&gt;alert(1)&lt;/script&gt; and <code>&lt;b&gt;</code></p>"


def test_a_list_right_below_its_sentence_is_a_list() -> None:
    assert "<li>one</li>" in rendered(prose("These:\n- one\n- two"))


def test_an_address_in_angle_brackets_stays_a_link() -> None:
    assert prose("see <https://example.com/a>") == "see <https://example.com/a>"


@pytest.mark.parametrize("text", ["`", "a`b", "``x``", "`a` | b", "  spaces  ", "a | b"])
def test_a_span_of_code_shows_what_it_was_given(text: str) -> None:
    inside = re.search(r"<code>(.*?)</code>", rendered(code(text)))
    assert inside
    assert inside[1] == " ".join(text.split())


def test_code_with_a_fence_in_it_does_not_end_its_block() -> None:
    html = rendered(block("```python\nprint()\n```\n## no heading", "text", title='a"b'))
    assert "<h2" not in html
    assert html.count("<pre") == 1


@pytest.mark.parametrize("text", ["*a* _b_ `c`", "[a](b)", "<b>", "a|b", "# x", "MEDIA_ROOT is x_y_z", "x>=1", "&amp;"])
def test_a_line_shows_what_it_was_given(text: str) -> None:
    (shown,) = re.findall(r"<h1[^>]*>(.*)</h1>", rendered(f"# {line(text)}"))
    assert unescape(shown) == text


def test_a_hostile_entry_keeps_to_its_page() -> None:
    assert SAMPLE is not None
    hostile = replace(
        SAMPLE,
        title='</title><script>x</script> *a* | {{ b }} "q"',
        summary="</div><script>alert(1)</script> {% raw %} <!-- never closed",
        fails_text="`a`b.py`:\n````text\n```\n## not a heading\n<script>\n````\nsaid <img src=x> between\n```python\nx = 1  # gotcha\n```",
        fails=Example(files={}, marks=frozenset({(PurePosixPath("x.html"), 1)})),
    )
    text = entry_page(hostile)
    html = rendered(text)
    assert "<script" not in html
    assert "<img" not in html
    assert "<!--" not in html
    headings = re.findall(r'<h2 id="([^"]+)"', html)
    assert headings == re.findall(r'<h2 id="([^"]+)"', rendered(entry_page(SAMPLE)))
    front = text.split("\n---\n")[0]
    assert "<" not in front
    assert '\\"' not in front, "the theme writes the title into an attribute"


def test_the_marked_lines_are_set_off_and_their_marks_are_gone() -> None:
    assert SAMPLE is not None
    first = next(part for part in parts(SAMPLE.fails_text) if isinstance(part, Shown))
    assert (first.path, first.language, sorted(first.marked)) == ("app/web.py", "python", [3, 9, 14])
    assert "# gotcha" not in first.text


@pytest.mark.parametrize("gotcha", CATALOGUE.gotchas, ids=lambda gotcha: gotcha.id)
def test_the_files_of_a_page_are_those_of_the_entry(gotcha) -> None:
    for text, example in ((gotcha.fails_text, gotcha.fails), (gotcha.works_text, gotcha.works)):
        shown = [part for part in parts(text) if isinstance(part, Shown)]
        assert [f"{part.text}\n" for part in shown] == list(example.files.values())
        assert [number for part in shown for number in sorted(part.marked)] == [
            number for path in example.files for marked, number in sorted(example.marks) if marked == path
        ]


def test_every_entry_can_be_reached_from_every_index() -> None:
    for index in (indexes.by_stack, indexes.by_category, indexes.by_symptom):
        text = index(CATALOGUE)
        assert [gotcha.id for gotcha in CATALOGUE.gotchas if f"({gotcha.id}.md)" not in text] == []


def test_the_symptoms_lead_to_their_entries() -> None:
    text = indexes.by_symptom(CATALOGUE)
    (page,) = re.findall(r"### A page\n(.*?)\n###", text, re.DOTALL)
    (row,) = [row for row in page.split("\n") if row.startswith("| 404 Not Found")]
    assert "(flask/relative-send-directory.md)" in row
    (row,) = [row for row in text.split("\n") if row.startswith("| `no such table`")]
    assert "(django/sqlite-relative-name.md)" in row


def test_an_entry_without_a_proof_says_why() -> None:
    gotcha = next(gotcha for gotcha in CATALOGUE.gotchas if gotcha.proof.unprovable)
    assert f"Not proven by a run: {gotcha.proof.unprovable}".rstrip(".") in entry_page(gotcha)


def walk(command: click.Command, words: tuple[str, ...]):
    context = click.Context(command, info_name=words[-1])
    yield words, command
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from walk(found, (*words, name))


def test_every_command_and_option_is_described() -> None:
    pages = {name: reference_of_commands.command_page(name) for name in reference_of_commands.names()}
    for words, command in walk(commands, ("gotcha-audit",)):
        if len(words) == 1:
            continue
        text = pages[words[1]]
        (section,) = re.findall(rf"^#+ {' '.join(words)}\n(.*?)(?=^#+ gotcha-audit|\Z)", text, re.DOTALL | re.MULTILINE)
        for parameter in command.params:
            if isinstance(parameter, click.Option) and not parameter.hidden:
                assert parameter.opts[-1] in section, f"{' '.join(words)} {parameter.opts}"


def test_a_key_that_nobody_described_ends_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference.config, "KEYS", (*reference.config.KEYS, "new-key"))
    with pytest.raises(reference.Undescribed, match="new-key"):
        reference.configuration()


def test_the_configuration_that_is_shown_is_accepted(tmp_path: Path) -> None:
    (shown,) = re.findall(r"```toml title[^\n]*\n(.*?)```", reference.configuration(), re.DOTALL)
    (tmp_path / "pyproject.toml").write_text(shown)
    (tmp_path / "gotchas").mkdir()
    found = reference.config.load_config(tmp_path)
    assert (found.jobs, found.file_timeout, found.strict) == (4, 10.0, True)


@pytest.mark.parametrize("path", WRITTEN)
def test_what_a_document_shows_is_there(path: str) -> None:
    """Entries and commands that a document names exist."""
    text = (CHECKOUT / path).read_text("utf-8")
    named = set(re.findall(rf"`(?:{'|'.join(indexes.stacks(CATALOGUE))})/[a-z][a-z-]+`", text))
    assert [name for name in named if CATALOGUE.get(name.strip("`")) is None] == []
    shown = "\n".join(re.findall(r"```(?:sh|console)\n(.*?)```", text, re.DOTALL))
    there = {" ".join(words[1:]) for words, _ in walk(commands, ("gotcha-audit",))}
    used = re.findall(r"\bgotcha-audit ((?:plan |catalogue )?[a-z][a-z-]*)(?= |$)", shown, re.MULTILINE)
    assert [command for command in used if command not in there] == []


@pytest.mark.parametrize("path", WRITTEN)
def test_the_configuration_of_a_document_is_accepted(path: str, tmp_path: Path) -> None:
    for number, shown in enumerate(re.findall(r"```toml[^\n]*\n(.*?)```", (CHECKOUT / path).read_text("utf-8"), re.DOTALL)):
        if "tool.gotcha-audit" in shown:
            folder = tmp_path / str(number)
            (folder / "gotchas").mkdir(parents=True)
            (folder / "pyproject.toml").write_text(shown)
            reference.config.load_config(folder)


def test_the_suppressions_of_the_guide_count() -> None:
    text = (CHECKOUT / "docs/how-to/suppress.md").read_text("utf-8")
    blocks = re.findall(r"```(python|js|html)\n(.*?)```", text, re.DOTALL)
    found = [comment for language, shown in blocks for comment in suppressions(shown, {"js": "javascript"}.get(language, language))]
    assert [(comment.problem, bool(comment.reason), len(comment.ids)) for comment in found] == [("", True, 1)] * 3


@pytest.mark.parametrize(
    ("link", "becomes"),
    [
        ("[a](validate.md#the-checks)", "[a](validate.md#the-checks)"),
        ("[a](https://example.com/x.md)", "[a](https://example.com/x.md)"),
        ("[a](#here)", "[a](#here)"),
        ("[a](../CONTRIBUTING.md)", "[a](how-to/write-an-entry.md)"),
        ("[a](../rules/flask/relative-send-directory.md)", "[a](gotchas/flask/relative-send-directory.md)"),
        ("[a](../README.md)", "[a](index.md)"),
        ("[a](../README.md#try-it)", "[a](https://github.com/gotcha-audit/gotcha-audit/blob/main/README.md#try-it)"),
        ("[a](../bench/matrix.py)", "[a](https://github.com/gotcha-audit/gotcha-audit/blob/main/bench/matrix.py)"),
        ("[a](../nowhere.py)", "[a](../nowhere.py)"),
        ("```\n[a](../bench/matrix.py)\n```", "```\n[a](../bench/matrix.py)\n```"),
    ],
)
def test_a_link_of_the_repository_becomes_one_of_the_site(link: str, becomes: str) -> None:
    assert documents.relinked(link, "docs/ci.md", "ci.md", CHECKOUT) == becomes


def test_a_document_of_the_root_links_from_where_it_is_shown() -> None:
    assert documents.relinked("[a](docs/myths.md)", "CONTRIBUTING.md", "how-to/write-an-entry.md", CHECKOUT) == "[a](../myths.md)"


def test_a_page_that_nobody_placed_is_a_guide_and_one_that_is_not_there_is_left_out() -> None:
    places = navigation(CATALOGUE, {"index.md", "tutorial.md", "validate.md", "brand-new.md"})
    (guides,) = [item["How-to guides"] for item in places if "How-to guides" in item]
    assert guides == [{"Validate an application": "validate.md"}, {"Write an entry": "how-to/write-an-entry.md"}, "brand-new.md"]


def test_the_navigation_names_an_entry_as_it_is_called() -> None:
    """The theme writes these titles as HTML, not as Markdown."""
    assert "{'ALLOWED_HOSTS names no host of production': 'gotchas/django/allowed-hosts-empty.md'}" in str(navigation(CATALOGUE, set()))


@pytest.mark.parametrize(
    "html",
    [
        '<script src="//cdn.example/x.js"></script>',
        '<link rel="stylesheet" href="https://fonts.example/css">',
        '<link rel="preconnect" href="https://fonts.example" crossorigin>',
        '<img srcset="a.png 1x, https://cdn.example/b.png 2x">',
        '<iframe src="http://video.example/"></iframe>',
    ],
)
def test_what_a_browser_would_load_from_elsewhere_is_seen(html: str) -> None:
    assert [link for link in made_site.take_apart(html).loads if made_site.foreign(link)] != []


def test_a_link_that_a_person_follows_is_no_load() -> None:
    taken = made_site.take_apart('<a href="https://e.example/">e</a><img src="data:image/png;base64,AA"><script src="../x.js"></script>')
    assert [link for link in taken.loads if made_site.foreign(link)] == []


def test_every_generated_page_stands_in_the_navigation() -> None:
    written = {path.relative_to(CHECKOUT / "docs").as_posix() for path in (CHECKOUT / "docs").rglob("*.md")}
    places = str(navigation(CATALOGUE, written))
    assert [path for path in [*generated(CATALOGUE, CHECKOUT), *written] if f"'{path}'" not in places] == []
