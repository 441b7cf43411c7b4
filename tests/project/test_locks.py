"""Lock files: who brings whom, and what only development gets."""

from pathlib import PurePosixPath

import pytest

from auditor.project.locks import closure, npm_development, python_graph

UV = '[[package]]\nname = "A_b"\ndependencies = [{ name = "C" }]\n[package.optional-dependencies]\nx = [{ name = "d" }]\n[[package]]\nname = "c"\n'
POETRY = '[[package]]\nname = "a-b"\n[package.dependencies]\nC = ">=1"\n[package.extras]\nx = ["d (>=2)"]\n[[package]]\nname = "c"\n'
PIPFILE = '{"default": {"a-b": {}, "c": {}}, "develop": {"d": {}}}'


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [("uv.lock", UV, {"a-b", "c", "d"}), ("poetry.lock", POETRY, {"a-b", "c", "d"}), ("Pipfile.lock", PIPFILE, {"a-b"})],
)
def test_what_comes_with_a_package(name, text, expected):
    graph = python_graph(PurePosixPath(name), text)
    assert graph is not None
    assert closure(graph, {"a-b"}) == expected


def test_a_circle_of_packages_ends():
    assert closure({"a": frozenset({"b"}), "b": frozenset({"a"})}, {"a"}) == {"a", "b"}


@pytest.mark.parametrize("text", ["", "[", "[]", '{"default": 1}', "package = 1", "[[package]]\nname = 1\ndependencies = 3\n", "[" * 50_000, "\0"])
@pytest.mark.parametrize("name", ["uv.lock", "poetry.lock", "Pipfile.lock", "package-lock.json"])
def test_broken_locks_say_nothing(name, text):
    assert not python_graph(PurePosixPath(name), text)
    assert not npm_development(text)


def test_npm_packages_inside_others_are_not_at_the_top():
    text = '{"packages": {"": {}, "node_modules/a": {"dev": true}, "node_modules/b": {}, "node_modules/b/node_modules/c": {"dev": true}, "x": 1}}'
    assert npm_development(text) == {"a"}
