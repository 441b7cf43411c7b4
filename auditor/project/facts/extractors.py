"""Which kind of file a path is, and who reads it."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from auditor.project.facts import compose, dockerfile, dotenv, nginx, procfile
from auditor.project.facts.record import EMPTY, Extractor, Record

EXTRACTORS: dict[str, Extractor] = {
    "compose": compose.extract,
    "dockerfile": dockerfile.extract,
    "dotenv": dotenv.extract,
    "nginx": nginx.extract,
    "procfile": procfile.extract,
}

_COMPOSE = re.compile(r"(?:docker-)?compose(?:[.\-_][\w.\-]+)?\.ya?ml$|^[\w-]+[.\-](?:docker-)?compose\.ya?ml$", re.IGNORECASE)
_BY_LANGUAGE = {"dockerfile": "dockerfile", "dotenv": "dotenv", "nginx": "nginx", "procfile": "procfile"}


def kind_of(path: PurePosixPath, language: str) -> str | None:
    """The kind of a file by its name; None for files that no extractor reads."""
    if language == "yaml" and _COMPOSE.match(path.name):
        return "compose"
    return _BY_LANGUAGE.get(language)


def extract(path: PurePosixPath, language: str, text: str) -> Record:
    """Everything a file says; an empty record for one of no known kind."""
    kind = kind_of(path, language)
    return EXTRACTORS[kind](path, text) if kind is not None else EMPTY
