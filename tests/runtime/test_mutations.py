"""The matrix itself: it fits the bases, and no check is without a fault that it has to find."""

import collections
import shutil
import socket
from pathlib import Path

import pytest

from auditor.prove.bases import base, lay_out
from tests.runtime import made_bases
from tests.runtime.mutations import ALL, HELD, MUTATIONS, Mutation


def test_every_check_is_red_somewhere() -> None:
    assert set().union(*(mutation.red for mutation in MUTATIONS)) == set(ALL)


def test_every_base_has_a_spread_of_faults() -> None:
    counts = collections.Counter(mutation.base for mutation in MUTATIONS)
    assert set(counts) == set(made_bases.NAMES)
    assert min(counts.values()) >= 8
    assert len({str(mutation) for mutation in MUTATIONS}) == len(MUTATIONS)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=str)
def test_fits_its_base(mutation: Mutation, tmp_path: Path) -> None:
    """What is replaced stands there once, what is removed is there, and something changes."""
    assert mutation.red
    root = lay_out(base(mutation.base), tmp_path / "app")
    for name in mutation.remove:
        if Path(name).name in {"dist", "node_modules"}:  # made by builds and installers
            (root / name).mkdir()
    before = _texts(root)
    mutation.apply(root, held=4711)
    assert _texts(root) != before or mutation.remove or mutation.variables or mutation.without
    assert not any((root / name).exists() for name in mutation.remove)
    assert not any(HELD in text for text in _texts(root).values())
    given = made_bases.settings(root)["env"]
    assert {*mutation.variables, *mutation.without} <= set(given)


@pytest.mark.real
def test_faults_before_and_after_the_build(tmp_path: Path) -> None:
    """A change of the front end reaches what is served, unless the fault is that it was not built again."""
    early = next(mutation for mutation in MUTATIONS if mutation.name == "exception after the page is shown" and mutation.base == "vite-nginx")
    late = next(mutation for mutation in MUTATIONS if mutation.name == "changed after it was built")
    served = ["".join(_texts(made_bases.made("vite-nginx", tmp_path / one.name, one).root / "dist").values()) for one in (early, late)]
    assert ["shop.open" in text for text in served] == [True, False]
    assert ["since 1998" in text for text in served] == [True, True]


def test_held_port() -> None:
    with made_bases.held_port() as port, socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) == 0


def test_removing_leaves_linked_packages_alone(tmp_path: Path) -> None:
    packages = tmp_path / "cache"
    packages.mkdir()
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "node_modules").symlink_to(packages)
    Mutation(base="express", name="", red=frozenset(), remove=("node_modules",)).apply(tmp_path / "app")
    assert packages.is_dir()
    assert not (tmp_path / "app" / "node_modules").exists()
    shutil.rmtree(packages)


def _texts(root: Path) -> dict[str, str]:
    return {str(path.relative_to(root)): path.read_text("utf-8") for path in sorted(root.rglob("*")) if path.is_file()}
