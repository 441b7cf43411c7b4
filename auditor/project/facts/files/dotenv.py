"""Files of variables: `.env.example` tells people what to set, `.env` sets it."""

from __future__ import annotations

import io
from pathlib import PurePosixPath

from dotenv.parser import parse_stream

from auditor.model import Place, span_of
from auditor.project.facts.record import Named, Record


def extract(path: PurePosixPath, text: str) -> Record:
    """The names in a file as python-dotenv reads it; of a value only whether there is one, so that no secret goes any further."""
    named = tuple(
        Named(
            name=binding.key, place=Place(path=path, span=span_of(binding.original.line + _leading(binding.original.string))), empty=not binding.value
        )
        for binding in parse_stream(io.StringIO(text))
        if binding.key is not None and not binding.error
    )
    return Record(named=named)


def _leading(original: str) -> int:
    """How many lines stand before the name in what the parser took for one binding."""
    return original[: len(original) - len(original.lstrip())].count("\n")
