"""One file of the audited tree, and the language its name stands for."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from pathlib import PurePosixPath

_BY_SUFFIX = {
    ".astro": "astro",
    ".bash": "shell",
    ".cfg": "ini",
    ".cjs": "javascript",
    ".conf": "text",
    ".css": "css",
    ".cts": "typescript",
    ".dockerfile": "dockerfile",
    ".env": "dotenv",
    ".htm": "html",
    ".html": "html",
    ".ini": "ini",
    ".js": "javascript",
    ".json": "json",
    ".json5": "json",
    ".jsonc": "json",
    ".jsx": "javascript",
    ".less": "css",
    ".markdown": "markdown",
    ".md": "markdown",
    ".mjs": "javascript",
    ".mts": "typescript",
    ".py": "python",
    ".pyi": "python",
    ".pyw": "python",
    ".sass": "css",
    ".scss": "css",
    ".service": "ini",
    ".sh": "shell",
    ".svelte": "svelte",
    ".toml": "toml",
    ".ts": "typescript",
    ".tsx": "tsx",
    ".txt": "text",
    ".vue": "vue",
    ".webmanifest": "json",
    ".yaml": "yaml",
    ".yml": "yaml",
    ".zsh": "shell",
}
_BY_NAME = {
    ".babelrc": "json",
    ".envrc": "shell",
    ".eslintrc": "json",
    "caddyfile": "text",
    "containerfile": "dockerfile",
    "dockerfile": "dockerfile",
    "justfile": "text",
    "makefile": "text",
    "pipfile": "toml",
    "procfile": "procfile",
    "uwsgi.ini": "ini",
}
_ENV_NAME = re.compile(
    r"^(?:\.env(?:\..+|-.+|_.+)?|.+\.env(?:\.(?:example|sample|template|dist|local|production|development|test))?|env\.(?:example|sample))$"
)
_DOCKERFILE_NAME = re.compile(r"^(?:dockerfile|containerfile)(?:[.\-_].+)?$")
_PROCFILE_NAME = re.compile(r"^procfile(?:\.[\w-]+)?$")
_NGINX_DIRECTORIES = frozenset({"nginx", "sites-available", "sites-enabled", "conf.d"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """A selected file: its path below the root, its language, its size in bytes and what it is for (see ``roles``)."""

    path: PurePosixPath
    language: str
    size: int
    role: str


def language_of(path: PurePosixPath) -> str | None:
    """The language of a file by its name alone; None when it is none that the auditor reads."""
    name = path.name.lower()
    if name in _BY_NAME:
        return _BY_NAME[name]
    if name.endswith((".conf", ".nginx", ".vhost", ".conf.template", ".conf.tpl", ".conf.j2")):
        directories = {part.lower() for part in path.parts[:-1]}
        return "nginx" if "nginx" in name or directories & _NGINX_DIRECTORIES else "text"
    suffix = path.suffix.lower()
    if path.parent.name in ("sites-available", "sites-enabled") and not suffix and not name.startswith("."):
        return "nginx"  # Debian's way: `sites-available/shop`
    if _DOCKERFILE_NAME.match(name) and suffix not in {".py", ".js", ".ts", ".md", ".yml", ".yaml", ".json", ".sh", ".dockerignore"}:
        return "dockerfile"
    if _PROCFILE_NAME.match(name):
        return "procfile"
    if suffix not in {".py", ".js", ".ts", ".jsx", ".tsx"} and _ENV_NAME.match(name):
        return "dotenv"
    return _BY_SUFFIX.get(suffix)


def normal(path: str) -> PurePosixPath:
    """A path below the root without `.` and `..`; one that climbs above the root stops there."""
    return PurePosixPath(posixpath.normpath("/" + path.lstrip("/"))[1:])
