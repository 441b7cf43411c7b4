"""Which kind of file a path is, by its name."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

_GUNICORN = re.compile(r"^gunicorn[\w.-]*\.py$")
_PLATFORM = re.compile(
    r"^(?:app\.(?:json|ya?ml)|fly(?:\.[\w-]+)?\.toml|heroku\.yml|netlify\.toml|railway(?:\.[\w-]+)?\.(?:json|toml)|render\.ya?ml|vercel\.json)$",
    re.IGNORECASE,
)
_COMPOSE = re.compile(r"(?:docker-)?compose(?:[.\-_][\w.\-]+)?\.ya?ml$|^[\w-]+[.\-](?:docker-)?compose\.ya?ml$", re.IGNORECASE)
_BY_LANGUAGE = {"dockerfile": "dockerfile", "dotenv": "dotenv", "nginx": "nginx", "procfile": "procfile", "python": "python"} | dict.fromkeys(
    ("javascript", "typescript", "tsx", "vue", "svelte", "astro"), "script"
)
_ACTION = re.compile(r"^action\.ya?ml$")
_HELM_VALUES = re.compile(r"^values(?:[.\-_][\w.\-]+)?\.ya?ml$")
_PM2 = re.compile(r"^ecosystem(?:[.-][\w-]+)?(?:\.config)?\.c?js$|^pm2(?:\.config)?\.c?js$")


def kind_of(path: PurePosixPath, language: str) -> str | None:
    """The kind of a file by its name; None for files that no extractor reads."""
    name = path.name.lower()
    if platform_of(name) is not None:
        return "platform"
    if language == "yaml":
        return _of_yaml(path)
    if path.suffix == ".service":
        return "systemd"
    if language == "ini" and "uwsgi" in name:
        return "uwsgi"
    if path.suffix in (".conf", ".ini") and language in ("text", "ini"):
        return "supervisor"  # a name that many kinds of files have: the extractor looks for its sections
    if language == "python" and _GUNICORN.match(name):
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


def platform_of(name: str) -> str | None:
    """The word that a platform's file is called by: `fly` for `fly.toml` and `fly.staging.toml`; None for other files."""
    return name.partition(".")[0].lower() if _PLATFORM.match(name) else None
