"""The mutation matrix: every fault turns exactly its checks red, and healthy applications stay green."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from tests.runtime.made_bases import NAMES
from tests.runtime.made_matrix import healthy, mutated, red, run, squatter, told
from tests.runtime.mutations import MUTATIONS, Mutation

pytestmark = pytest.mark.real


@pytest.mark.parametrize("name", NAMES)
def test_a_healthy_application_is_green_three_times_in_a_row(name: str, tmp_path: Path) -> None:
    root = healthy(name, tmp_path / "app")
    for _ in range(3):
        found = run(root)
        assert red(found) == frozenset(), told(found)
        assert found.counts["pass"] > 10
    assert _left(root) == []


@pytest.mark.parametrize("mutation", MUTATIONS, ids=str)
def test_a_fault_turns_exactly_its_checks_red(mutation: Mutation, tmp_path: Path) -> None:
    with squatter() as held:
        root = mutated(mutation, tmp_path / "app", held=held)
        found = run(root, mutation)
    assert red(found) == mutation.red, told(found)
    assert _left(root) == []


def _left(root: Path) -> list[str]:
    """Processes that still work in the tree."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        words = " ".join(process.info["cmdline"] or [])
        if str(root) in words and process.status() != psutil.STATUS_ZOMBIE:
            found.append(words)
    return found
