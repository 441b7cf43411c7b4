from hypothesis import given
from hypothesis import strategies as st
from lsprotocol import types

from auditor.lsp.positions import character_of, column_of, holds, lines_of, range_of
from auditor.model import span_of

LINES = st.text(st.characters(blacklist_characters="\r\n", blacklist_categories=("Cs",)) | st.sampled_from("😀𝄞é\t\u2028\x0cé"))
CODECS = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}


@given(LINES, st.data(), st.sampled_from(sorted(CODECS)))
def test_a_column_is_as_many_units_as_the_codec_writes(line, data, encoding):
    column = data.draw(st.integers(1, len(line) + 1))
    codec, size = CODECS[encoding]
    assert character_of(line, column, encoding) == len(line[: column - 1].encode(codec)) // size
    assert column_of(line, character_of(line, column, encoding), encoding) == column


@given(LINES, st.integers(0, 200), st.sampled_from(sorted(CODECS)))
def test_any_character_is_a_column_of_the_line(line, character, encoding):
    column = column_of(line, character, encoding)
    assert 1 <= column <= len(line) + 1
    assert character_of(line, column, encoding) <= character or column == 1


@given(LINES, st.integers(1, 50))
def test_behind_the_end_is_the_end(line, beyond):
    assert character_of(line, len(line) + 1 + beyond, "utf-16") == character_of(line, len(line) + 1, "utf-16")


@given(st.lists(LINES, min_size=1), st.sampled_from(["\n", "\r\n", "\r"]))
def test_lines_end_as_in_the_protocol_and_nowhere_else(lines, end):
    assert lines_of(end.join(lines)) == lines


def test_an_astral_character_is_two_units_and_a_tab_is_one():
    assert [character_of('\tx = "😀"', column, "utf-16") for column in (1, 2, 7, 8, 9)] == [0, 1, 6, 8, 9]
    assert [column_of('\tx = "😀"', character, "utf-16") for character in (6, 7, 8)] == [7, 7, 8]


def test_a_range_has_its_ends_on_their_own_lines():
    lines = {2: "😀 = f(", 3: '    "é😀")'}
    found = range_of(span_of(2, 5, 3, 9), lines, "utf-16")
    assert found == types.Range(types.Position(1, 5), types.Position(2, 9))


def test_no_span_is_the_start_of_the_file():
    assert range_of(None, {}, "utf-16") == types.Range(types.Position(0, 0), types.Position(0, 0))


def test_a_byte_order_mark_that_the_client_keeps_is_counted_on_its_line_alone():
    lines = {1: "\ufeffx = 1", 2: "y = 1"}
    assert range_of(span_of(1, 1, 2, 2), lines, "utf-16") == types.Range(types.Position(0, 1), types.Position(1, 1))


def test_ranges_that_touch_hold_each_other():
    def one(start, end):
        return types.Range(types.Position(*start), types.Position(*end))

    site = one((4, 0), (4, 9))
    assert all(holds(site, one(at, at)) and holds(one(at, at), site) for at in [(4, 0), (4, 5), (4, 9)])
    assert not any(holds(site, one(at, at)) for at in [(3, 50), (4, 10), (5, 0)])
    assert holds(site, one((0, 0), (9, 0)))
