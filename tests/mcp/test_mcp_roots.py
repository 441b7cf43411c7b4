"""Where a client may look."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.errors import UsageError
from auditor.mcp.roots import folder, folders, located


def test_roots_are_folders_of_this_machine(tmp_path: Path) -> None:
    here = tmp_path.resolve()
    (here / "a b ü").mkdir()
    (here / "file").touch()
    (here / "link").symlink_to(here / "a b ü")
    uris = [
        (here / "a b ü").as_uri(),
        (here / "file").as_uri(),
        (here / "no").as_uri(),
        f"file://elsewhere{here}",
        f"https://example.org{here}",
        "file:a",
    ]
    assert folders(uris) == (here / "a b ü",)
    assert folders([(here / "link").as_uri(), f"file://localhost{here}"]) == (here / "a b ü", here)


def test_a_relative_path_is_below_the_first_root_an_absolute_one_below_any(tmp_path: Path) -> None:
    one, two = tmp_path.resolve() / "one", tmp_path.resolve() / "two"
    for root in (one, two):
        (root / "app").mkdir(parents=True)
    assert located("app", (one, two)) == one / "app"
    assert located(str(two / "app"), (one, two)) == two / "app"
    assert located(".", (one, two)) == one
    with pytest.raises(UsageError, match="is outside"):
        located(str(tmp_path), (one, two))


def test_the_name_of_a_root_is_no_prefix(tmp_path: Path) -> None:
    root = tmp_path.resolve() / "shop"
    (tmp_path / "shop-secrets").mkdir()
    root.mkdir()
    with pytest.raises(UsageError, match="is outside"):
        located("../shop-secrets", (root,))


def test_outside_nothing_is_told_of_what_is_there(tmp_path: Path) -> None:
    root = tmp_path.resolve() / "root"
    root.mkdir()
    (tmp_path / "there").touch()
    said = []
    for name in ("../there", "../not-there"):
        with pytest.raises(UsageError) as caught:
            folder(name, (root,))
        said.append(str(caught.value).replace(name, "NAME"))
    assert said[0] == said[1]
