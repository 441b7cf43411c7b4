"""What is commonly said and is not so: what really happens is run and seen."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.errors import CatalogueError, MissingToolError
from auditor.model import Example
from auditor.prove.run import played
from bench.myths import FOLDER, PAGE, Myth, myth_of, myths, page


@pytest.mark.real
@pytest.mark.parametrize("myth", myths(), ids=lambda myth: myth.slug)
def test_what_is_true_is_seen(myth: Myth) -> None:
    try:
        found = played(myth.plan, myth.plan.works, Example(files={}, marks=frozenset()))
    except MissingToolError as error:
        pytest.skip(str(error))
    assert found
    assert [f"{looked.what}: {looked.seen}" for looked in found if not looked.held] == []


def test_the_page_says_what_the_files_say() -> None:
    assert PAGE.read_text("utf-8") == page()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("title:", "titel:", "a myth says"),
        ("https://", "http://", "a myth says"),
        ("  sees:", "  saw:", "`prove` holds `saw`"),
        ("  run:", "  color: red\n  run:", "`prove` holds `color`"),
        ("exit: 0", "colour: red", "`colour`"),
    ],
)
def test_a_file_that_is_no_myth_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    text = (FOLDER / "httpx-timeout.yaml").read_text("utf-8")
    path = tmp_path / "httpx.yaml"
    path.write_text(text.replace(old, new), "utf-8")
    with pytest.raises((CatalogueError, ValueError), match=said) as raised:
        myth_of(path)
    assert str(path) in str(raised.value)
