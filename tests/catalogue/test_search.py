"""Entries by words."""

from __future__ import annotations

import pytest

from auditor.catalogue import load
from auditor.catalogue.search import MAX_WORDS, search

CATALOGUE = load()


def first(query: str, number: int = 1) -> list[str]:
    return [hit.gotcha.id for hit in search(CATALOGUE, query).hits[:number]]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("CORS origin localhost flask", "flask/cors-localhost-only"),
        ("relative directory that Flask resolves", "flask/relative-send-directory"),
        ("sessions signed with a hardcoded secret key in Flask", "flask/hardcoded-secret"),
        ("websocket nginx upgrade", "nginx/websocket-upgrade-missing"),
        ("process.env in the browser with Vite", "vite/process-env"),
        ("STATIC_ROOT", "django/static-root-missing"),
        ("sessions memory express", "express-session/memory-store"),
    ],
)
def test_the_entry_that_is_meant_comes_first(query: str, wanted: str) -> None:
    assert first(query) == [wanted]


def test_an_id_finds_its_entry_first() -> None:
    missed = [gotcha.id for gotcha in CATALOGUE.gotchas[::8] if gotcha.id not in first(gotcha.id, 3)]
    assert missed == []


def test_endings_case_and_order_make_no_difference() -> None:
    assert first("serving static file", 10) == first("FILES Served Static", 10)


def test_words_that_no_entry_holds_are_named() -> None:
    found = search(CATALOGUE, "zxqv cors")
    assert found.unknown == ("zxqv",)
    assert {hit.matched for hit in found.hits} == {("cors",)}
    assert search(CATALOGUE, "zxqv").hits == ()


def test_an_entry_that_holds_all_words_comes_before_one_that_holds_one() -> None:
    hits = search(CATALOGUE, "static files 404").hits
    assert [len(hit.matched) for hit in hits[:3]] == [3, 3, 3]


def test_empty_words_count_only_when_there_are_no_others() -> None:
    assert first("why is the cors blocked", 20) == first("cors blocked", 20)
    assert first("the") != []


def test_a_novel_costs_no_more_than_a_sentence() -> None:
    many = " ".join(f"word{number}" for number in range(10_000))
    assert len(search(CATALOGUE, many).unknown) <= MAX_WORDS


def test_nothing_is_found_by_nothing() -> None:
    assert search(CATALOGUE, " …! ") == search(CATALOGUE, "")
    assert search(CATALOGUE, "").hits == ()
