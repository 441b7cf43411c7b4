"""Entries by words: what somebody saw, in their own words, becomes a few entries to read.

A word counts for every field of an entry that holds it: more in the id and the title than in the summary, more when few entries hold it, half when
only its beginning is there. An entry that holds all words comes before one that holds a single word often. Nothing is learnt and nothing is random:
the same words give the same order.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from auditor.catalogue.loader import Catalogue
from auditor.model import Gotcha

MAX_WORDS = 40
_WEIGHTS = {"id": 4.0, "title": 4.0, "category": 3.0, "stack": 3.0, "symptoms": 3.0, "summary": 2.0}
_PART = 0.5
"""What a word counts of which only the beginning is there."""
_SHORTEST_PART = 4
_WORD = re.compile(r"[a-z0-9]+")
_BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_EMPTY = frozenset(
    re.findall(
        r"\w+",
        "a an and are as at be but by can do does for from has have how i in is it its my no not of on or our so that the their then there this to "
        "was we what when where which while why will with you your",
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """An entry, how well it fits, and the words that it holds."""

    gotcha: Gotcha
    score: float
    matched: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The entries that hold any of the words, the best first, and the words that no entry holds."""

    hits: tuple[Hit, ...]
    unknown: tuple[str, ...]


def search(catalogue: Catalogue, query: str) -> Found:
    """Look for the entries that the words of ``query`` are about; words such as "the" are left out unless there are no others."""
    words = _asked(query)
    fields = {gotcha.id: _fields(gotcha) for gotcha in catalogue.gotchas}
    matches = {word: {name: _match(stem, of) for name, of in fields.items()} for word, stem in words.items()}
    held = {word: {name: value for name, value in of.items() if value} for word, of in matches.items()}
    rarity = {word: math.log(1 + len(fields) / len(of)) for word, of in held.items() if of}
    hits = []
    for gotcha in catalogue.gotchas:
        matched = tuple(word for word in words if gotcha.id in held[word])
        if matched:
            score = sum(rarity[word] * held[word][gotcha.id] for word in matched) * len(matched) / len(words)
            hits.append(Hit(gotcha=gotcha, score=round(score, 2), matched=matched))
    hits.sort(key=lambda hit: (-hit.score, hit.gotcha.id))
    return Found(hits=tuple(hits), unknown=tuple(word for word in words if not held[word]))


def _asked(query: str) -> Mapping[str, str]:
    """Each word of a query as it was written in lower case, and its stem; the same stem once."""
    written = list(dict.fromkeys(_split(query)))
    telling = [word for word in written if word not in _EMPTY] or written
    by_stem: dict[str, str] = {}
    for word in telling[:MAX_WORDS]:
        by_stem.setdefault(_stem(word), word)
    return {word: stem for stem, word in by_stem.items()}


def _fields(gotcha: Gotcha) -> Mapping[str, frozenset[str]]:
    texts = {
        "id": " ".join((gotcha.id, *gotcha.aliases)),
        "title": gotcha.title,
        "category": gotcha.category,
        "stack": " ".join((gotcha.stack, *(requirement.package for requirement in gotcha.applies))),
        "symptoms": " ".join(text for symptom in gotcha.symptoms for text in _texts(symptom)),
        "summary": gotcha.summary,
    }
    return {name: frozenset(map(_stem, _split(text))) for name, text in texts.items()}


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield str(key)
            yield from _texts(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _texts(inner)
    else:
        yield str(value)


def _match(stem: str, fields: Mapping[str, frozenset[str]]) -> float:
    """How much one word counts for an entry, all fields together."""
    return sum(_WEIGHTS[name] * (1.0 if stem in of else _PART if _begins(stem, of) else 0.0) for name, of in fields.items())


def _begins(stem: str, of: frozenset[str]) -> bool:
    return len(stem) >= _SHORTEST_PART and any(other.startswith(stem) or (len(other) >= _SHORTEST_PART and stem.startswith(other)) for other in of)


def _split(text: str) -> list[str]:
    return _WORD.findall(_BOUNDARY.sub(" ", text).lower())


def _stem(word: str) -> str:
    """``served``, ``serving``, ``serves`` and ``serve`` are one word; numbers stay as they are."""
    if word.endswith("s") and not word.endswith("ss") and len(word) > 3:
        word = word[:-1]
    for ending in ("ing", "ed"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            break
    return word[:-1] if word.endswith("e") and len(word) > 3 else word
