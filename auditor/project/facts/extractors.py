"""Which kind of file a path is, and who reads it."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from auditor.project.facts.files import (
    compose,
    configured,
    dockerfile,
    dotenv,
    kubernetes,
    nginx,
    platforms,
    procfile,
    supervisor,
    systemd,
    workflows,
)
from auditor.project.facts.record import EMPTY, Extractor, Record


def _python(path: PurePosixPath, text: str) -> Record:
    from auditor.project.facts.reads import extract_python  # noqa: PLC0415 - tree-sitter and the evaluator are loaded when there is code

    return extract_python(path, text)


def _script(path: PurePosixPath, text: str) -> Record:
    from auditor.project.facts.reads import extract_script  # noqa: PLC0415 - as above

    return extract_script(path, text)


EXTRACTORS: dict[str, Extractor] = {
    "compose": compose.extract,
    "dockerfile": dockerfile.extract,
    "dotenv": dotenv.extract,
    "github-actions": workflows.extract,
    "gunicorn": configured.gunicorn,
    "helm-values": kubernetes.extract_values,
    "kubernetes": kubernetes.extract,
    "nginx": nginx.extract,
    "platform": platforms.extract,
    "pm2": configured.pm2,
    "procfile": procfile.extract,
    "python": _python,
    "script": _script,
    "supervisor": supervisor.extract,
    "systemd": systemd.extract,
    "uwsgi": configured.uwsgi,
}

READ_WORDS = {
    "kubernetes": (b"apiVersion",),
    "python": (b"environ", b"getenv", b"decouple", b"starlette.config", b"Settings", b"env(", b"env.", b"env_", b"_env", b"Env("),
    "script": (b"process.env", b"import.meta.env"),
}
"""Code that holds none of these reads no variable, and YAML without a version is no manifest."""
_COMPOSE = re.compile(r"(?:docker-)?compose(?:[.\-_][\w.\-]+)?\.ya?ml$|^[\w-]+[.\-](?:docker-)?compose\.ya?ml$", re.IGNORECASE)
_TEMPLATE = re.compile(r"(?<!\$)\{\{|\{%")
_BY_LANGUAGE = {"dockerfile": "dockerfile", "dotenv": "dotenv", "nginx": "nginx", "procfile": "procfile", "python": "python"} | dict.fromkeys(
    ("javascript", "typescript", "tsx", "vue", "svelte", "astro"), "script"
)
_ACTION = re.compile(r"^action\.ya?ml$")
_HELM_VALUES = re.compile(r"^values(?:[.\-_][\w.\-]+)?\.ya?ml$")
_PM2 = re.compile(r"^ecosystem(?:[.-][\w-]+)?(?:\.config)?\.c?js$|^pm2(?:\.config)?\.c?js$")


def kind_of(path: PurePosixPath, language: str) -> str | None:
    """The kind of a file by its name; None for files that no extractor reads."""
    name = path.name.lower()
    if platforms.platform_of(name) is not None:
        return "platform"
    if language == "yaml":
        return _of_yaml(path)
    if path.suffix == ".service":
        return "systemd"
    if language == "ini" and "uwsgi" in name:
        return "uwsgi"
    if path.suffix in (".conf", ".ini") and language in ("text", "ini"):
        return "supervisor"  # a name that many kinds of files have: the extractor looks for its sections
    if language == "python" and configured.GUNICORN.match(name):
        return "gunicorn"
    if language == "javascript" and _PM2.match(name):
        return "pm2"
    return _BY_LANGUAGE.get(language)


def _of_yaml(path: PurePosixPath) -> str:
    if _COMPOSE.match(path.name):
        return "compose"
    if path.parts[:2] == (".github", "workflows") or _ACTION.match(path.name):
        return "github-actions"
    return "helm-values" if _HELM_VALUES.match(path.name) else "kubernetes"  # whatever has an apiVersion: manifests have no names of their own


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
    record = EXTRACTORS[kind](path, text)
    if record.fault is not None and _TEMPLATE.search(text):
        return Record(left_out="is a template that has to be rendered first")
    return record
