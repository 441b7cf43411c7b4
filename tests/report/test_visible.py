import pytest

from auditor.report.visible import code_lines, encodable, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain.py", "plain.py"),
        ("grün/文件.py", "grün/文件.py"),
        ("a\nb", "a\\nb"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("bad\udcff.py", "bad\\udcff.py"),
        ("if\u202e admin", "if\\u202e admin"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("\x00", "\\x00"),
        ("tag\U000e0001", "tag\\U000e0001"),
    ],
)
def test_what_cannot_be_seen_is_written_as_an_escape(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_characters_to_keep_are_kept() -> None:
    assert visible("a\nb\x07", keep="\n") == "a\nb\\x07"


def test_code_keeps_its_lines_expands_tabs_and_drops_blank_ends() -> None:
    assert code_lines("a\r\n\tb\x1b\rc\n\n  \n") == ["a", "    b\\x1b", "c"]


def test_encodable_text_survives_utf8() -> None:
    assert encodable("bad\udcff ü").encode("utf-8").decode("utf-8") == "bad\\udcff ü"
