"""Which kind of file a path is, and who reads it."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from auditor.project.facts import compose, dockerfile, dotenv, platforms, procfile, servers, supervisor, systemd
from auditor.project.facts.record import EMPTY, Extractor, Record

EXTRACTORS: dict[str, Extractor] = {
    "compose": compose.extract,
    "dockerfile": dockerfile.extract,
    "dotenv": dotenv.extract,
    "gunicorn": servers.gunicorn,
    "platform": platforms.extract,
    "pm2": servers.pm2,
    "procfile": procfile.extract,
    "supervisor": supervisor.extract,
    "systemd": systemd.extract,
    "uwsgi": servers.uwsgi,
}

_COMPOSE = re.compile(r"(?:docker-)?compose(?:[.\-_][\w.\-]+)?\.ya?ml$|^[\w-]+[.\-](?:docker-)?compose\.ya?ml$", re.IGNORECASE)
_PM2 = re.compile(r"^ecosystem(?:[.-][\w-]+)?(?:\.config)?\.c?js$|^pm2(?:\.config)?\.c?js$")
_BY_LANGUAGE = {"dockerfile": "dockerfile", "dotenv": "dotenv", "procfile": "procfile"}


def kind_of(path: PurePosixPath, language: str) -> str | None:
    """The kind of a file by its name; None for files that no extractor reads."""
    if language == "yaml" and _COMPOSE.match(path.name):
        return "compose"
    name = path.name.lower()
    if platforms.platform_of(name) is not None:
        return "platform"
    if path.suffix == ".service":
        return "systemd"
    if language == "ini" and "uwsgi" in name:
        return "uwsgi"
    if path.suffix in (".conf", ".ini") and language in ("text", "ini"):
        return "supervisor"  # a name that many kinds of files have: the extractor looks for its sections
    if language == "python" and servers.GUNICORN.match(name):
        return "gunicorn"
    if language == "javascript" and _PM2.match(name):
        return "pm2"
    return _BY_LANGUAGE.get(language)


def extract(path: PurePosixPath, language: str, text: str) -> Record:
    """Everything a file says; an empty record for one of no known kind."""
    kind = kind_of(path, language)
    return EXTRACTORS[kind](path, text) if kind is not None else EMPTY
