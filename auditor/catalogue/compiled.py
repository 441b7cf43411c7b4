"""Entries as JSON and back: the compiled form of a catalogue, kept in the cache by digest."""

from __future__ import annotations

import json

from auditor.model import CheckDetector, Gotcha, PythonDetector, SemgrepDetector, TextDetector
from auditor.model.codec import build, plain

_KINDS: dict[str, type] = {"python": PythonDetector, "semgrep": SemgrepDetector, "text": TextDetector, "check": CheckDetector}


def dump(gotchas: tuple[Gotcha, ...]) -> str:
    """The entries as one JSON text."""
    return json.dumps([plain(gotcha, _KINDS) for gotcha in gotchas], ensure_ascii=True, separators=(",", ":"))


def load(text: str) -> tuple[Gotcha, ...]:
    """The entries of `dump`; raises ValueError, KeyError or TypeError when the text is no such thing."""
    return tuple(build(Gotcha, item, _KINDS) for item in json.loads(text))
