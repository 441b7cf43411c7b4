import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.plan.jsontext import MAX_DEPTH, plain, read_json

DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=3),
    max_leaves=8,
)


@given(data=DATA, ascii_=st.booleans(), indent=st.sampled_from([None, 0, 2, "\t"]))
def test_json_is_read_as_the_standard_library_reads_it(data: object, ascii_: bool, indent: int | str | None) -> None:
    text = json.dumps(data, ensure_ascii=ascii_, indent=indent)
    document = read_json(text)
    assert document.problems == ()
    assert plain(document.root) == data


_PIECES = (*"{}[]\":,\\ \n\r\t01.eE+-tfn'/*#", "true", "null", '"a"', '"b":', "NaN", "\\u12", "\x0c", "\xa0")


@given(text=st.lists(st.sampled_from(_PIECES), max_size=30).map("".join))
def test_what_the_standard_library_refuses_has_a_problem_and_nothing_is_raised(text: str) -> None:
    document = read_json(text)
    try:
        data = json.loads(text, parse_constant=lambda name: json.loads(name + "!"))
    except ValueError:
        assert document.problems
    else:
        doubled = any("twice" in problem.message for problem in document.problems)
        assert document.problems == () or (doubled and all("twice" in problem.message for problem in document.problems))
        assert plain(document.root) == data or doubled


MISTAKES = {
    "": [(1, "is empty: write a JSON object")],
    " \n ": [(1, "is empty: write a JSON object")],
    '{"a": 1,}': [(1, "a comma before }: remove it")],
    "[1,,2]": [(1, "a comma too many: remove it")],
    "{\n// x\n/* y\n*/ # z\n}": [(line, "a comment: JSON has none, remove it") for line in (2, 3, 4)],
    "[NaN, -Infinity]": [(1, f"{name} is no JSON number: write null, or the number as text") for name in ("NaN", "-Infinity")],
    "[01, .5, 1., +1, 0x1f]": [
        (1, f"{name} is no JSON number: write it without leading zeros or +, with digits on both sides of the point")
        for name in ("01", ".5", "1.", "+1", "0x1f")
    ],
    '["\\ud83d"]': [(1, "\\ud83d is half a character: write both halves, or the character itself")],
    '["\\ud83d\\ude00"]': [],
    '["a\tb"]': [(1, "a text holds the control character U+0009: write it as \\u0009")],
    '["a\nb"]': [(1, 'a text is not closed on its line: end it with ", and write \\n for a line end within it')],
    '["\\q"]': [(1, "\\q is no escape of JSON: write a backslash as \\\\, a character as \\u and four digits")],
    "{} {}": [(1, "{ follows the end of the document: a file holds one JSON object and nothing else")],
    '{"a" 1}': [(1, 'a colon is missing after "a"')],
    "{a: yes}": [(1, "the key a is not in double quotes"), (1, "yes is no JSON value: put text in double quotes")],
    '{"a": 1 "b": 2}': [(1, 'a comma is missing before "b"')],
    '{"a": 1,\n"a": 2}': [(2, 'the key "a" is there twice, first on line 1: keep one')],
    '{"a": 1,\n"\\u0061": 2}': [(2, 'the key "a" is there twice, first on line 1: keep one')],
    "[1": [(1, "the array that begins on line 1 is not closed: add ]")],
    "[1}": [(1, "} stands where a comma or ] must")],
    "\ufeff\ufeff{}": [(1, "U+FEFF is no space in JSON: remove it")],
    "{\x0c}": [(1, "U+000C is no space in JSON: remove it")],
    "[" * 5000: [(1, f"is nested more than {MAX_DEPTH} deep: no plan is")],
}


@pytest.mark.parametrize(("text", "expected"), MISTAKES.items(), ids=[repr(text[:20]) for text in MISTAKES])
def test_each_mistake_has_its_line_and_its_mend(text: str, expected: list[tuple[int, str]]) -> None:
    assert [(problem.line, problem.message) for problem in read_json(text).problems] == expected


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_are_counted_whatever_ends_them(end: str) -> None:
    assert [problem.line for problem in read_json(f'{{{end}"a": 1,{end}"b": 02{end}}}').problems] == [3]


def test_a_hundred_mistakes_are_not_told() -> None:
    assert len(read_json("[" + "NaN," * 100 + "1]").problems) == 20
