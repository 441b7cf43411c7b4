"""Which kind of file a path is, and who reads it."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from auditor.project.facts import compose, dockerfile, dotenv, kubernetes, procfile, workflows
from auditor.project.facts.record import EMPTY, Extractor, Record

EXTRACTORS: dict[str, Extractor] = {
    "compose": compose.extract,
    "dockerfile": dockerfile.extract,
    "dotenv": dotenv.extract,
    "github-actions": workflows.extract,
    "helm-values": kubernetes.extract_values,
    "kubernetes": kubernetes.extract,
    "procfile": procfile.extract,
}

_COMPOSE = re.compile(r"(?:docker-)?compose(?:[.\-_][\w.\-]+)?\.ya?ml$|^[\w-]+[.\-](?:docker-)?compose\.ya?ml$", re.IGNORECASE)
_ACTION = re.compile(r"^action\.ya?ml$")
_HELM_VALUES = re.compile(r"^values(?:[.\-_][\w.\-]+)?\.ya?ml$")
_BY_LANGUAGE = {"dockerfile": "dockerfile", "dotenv": "dotenv", "procfile": "procfile"}


def kind_of(path: PurePosixPath, language: str) -> str | None:
    """The kind of a file by its name; None for files that no extractor reads."""
    if language == "yaml" and _COMPOSE.match(path.name):
        return "compose"
    if language == "yaml" and (path.parts[:2] == (".github", "workflows") or _ACTION.match(path.name)):
        return "github-actions"
    if language == "yaml" and _HELM_VALUES.match(path.name):
        return "helm-values"
    if language == "yaml":
        return "kubernetes"  # whatever has an apiVersion: manifests have no names of their own
    return _BY_LANGUAGE.get(language)


def extract(path: PurePosixPath, language: str, text: str) -> Record:
    """Everything a file says; an empty record for one of no known kind."""
    kind = kind_of(path, language)
    return EXTRACTORS[kind](path, text) if kind is not None else EMPTY
