"""Who reads which kind of file; the reader of a kind is imported when there is a file of it."""

from __future__ import annotations

import importlib
import re
from pathlib import PurePosixPath

from auditor.project.facts.names import kind_of
from auditor.project.facts.record import EMPTY, Extractor, Record

EXTRACTORS: dict[str, str] = {
    "compose": "files.compose.extract",
    "dockerfile": "files.dockerfile.extract",
    "dotenv": "files.dotenv.extract",
    "github-actions": "files.workflows.extract",
    "gunicorn": "files.configured.gunicorn",
    "helm-values": "files.kubernetes.extract_values",
    "kubernetes": "files.kubernetes.extract",
    "nginx": "files.nginx.extract",
    "platform": "files.platforms.extract",
    "pm2": "files.configured.pm2",
    "procfile": "files.procfile.extract",
    "python": "reads.extract_python",
    "script": "reads.extract_script",
    "supervisor": "files.supervisor.extract",
    "systemd": "files.systemd.extract",
    "uwsgi": "files.configured.uwsgi",
}

READ_WORDS = {
    "kubernetes": (b"apiVersion",),
    "python": (b"environ", b"getenv", b"decouple", b"starlette.config", b"Settings", b"env(", b"env.", b"env_", b"_env", b"Env("),
    "script": (b"process.env", b"import.meta.env"),
}
"""Code that holds none of these reads no variable, and YAML without a version is no manifest."""
_TEMPLATE = re.compile(r"(?<!\$)\{\{|\{%")


def may_say(path: PurePosixPath, language: str, data: bytes) -> bool:
    """Whether a file may say something to others; of code, whether it holds a word that every read of a variable holds."""
    kind = kind_of(path, language)
    words = READ_WORDS.get(kind or "")
    return kind is not None and (words is None or data[:2] in (b"\xff\xfe", b"\xfe\xff") or any(word in data for word in words))


def extract(path: PurePosixPath, language: str, text: str) -> Record:
    """Everything a file says; an empty record for one of no known kind."""
    kind = kind_of(path, language)
    if kind is None:
        return EMPTY
    record = extractor_of(kind)(path, text)
    if record.fault is not None and _TEMPLATE.search(text):
        return Record(left_out="is a template that has to be rendered first")
    return record


def extractor_of(kind: str) -> Extractor:
    """The function that reads files of a kind; raises KeyError, ImportError or AttributeError when there is none."""
    module, _, name = EXTRACTORS[kind].rpartition(".")
    found: Extractor = getattr(importlib.import_module(f"auditor.project.facts.{module}"), name)
    return found
