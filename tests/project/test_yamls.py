"""YAML scalars: what is written, what is no value, what YAML 1.2 takes for a string."""

from __future__ import annotations

import pytest

from auditor.project.facts.files import yamls


@pytest.mark.parametrize(
    ("written", "text", "is_text"),
    [
        ("8080", "8080", False),
        ('"8080"', "8080", True),
        ("shop", "shop", True),
        ("", None, False),
        ("~", None, False),
        ('"~"', "~", True),
        ("true", "true", False),
    ],
)
def test_a_scalar(written: str, text: str | None, is_text: bool) -> None:
    found = yamls.documents(f"a: {written}\n")
    assert isinstance(found, tuple)
    node = yamls.get(found[0], "a")
    assert yamls.text_of(node) == text
    assert yamls.is_text(node) is is_text
