"""What is never examined, and why: other people's code, generated code, binary and over-size files."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

SKIPPED_FOLDERS = {
    ".git": "version control",
    ".hg": "version control",
    ".svn": "version control",
    "node_modules": "installed packages",
    "bower_components": "installed packages",
    "site-packages": "installed packages",
    ".venv": "installed packages",
    "venv": "installed packages",
    ".tox": "installed packages",
    ".nox": "installed packages",
    ".eggs": "installed packages",
    "vendor": "vendored",
    "vendors": "vendored",
    "third_party": "vendored",
    "third-party": "vendored",
    "__pycache__": "generated",
    ".mypy_cache": "generated",
    ".pytest_cache": "generated",
    ".ruff_cache": "generated",
    ".ipynb_checkpoints": "generated",
    ".next": "generated",
    ".nuxt": "generated",
    ".output": "generated",
    ".svelte-kit": "generated",
    ".parcel-cache": "generated",
    ".turbo": "generated",
    ".angular": "generated",
    ".gradle": "generated",
    "htmlcov": "generated",
    "coverage": "generated",
    "staticfiles": "generated",
    "migrations": "generated",
    ".history": "editor history",
    ".idea": "editor settings",
    ".vscode": "editor settings",
    ".github": "",
}
"""Folder name -> why it is left out; "" for one that looks as if it were but is not."""

_MINIFIED = re.compile(r"(?:\.min\.(?:js|css)|\.bundle\.js|-bundle\.js|\.chunk\.(?:js|css)|[.-][0-9a-f]{8,20}\.(?:js|css)|\.map|\.lock)$")
_LOCKS = frozenset(
    {"package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "yarn.lock", "poetry.lock", "uv.lock", "pipfile.lock", "composer.lock"}
)
_UPLOADS = frozenset({"uploads", "upload", "media", "user_uploads"})
_HASH_NAME = re.compile(r"^[0-9a-f]{16,}$|^[0-9a-f]{8}-[0-9a-f]{4}-", re.IGNORECASE)
_GENERATED = re.compile(
    rb"@generated|DO NOT EDIT|do not edit (?:it )?(?:by hand|manually)|This file (?:is|was) (?:auto-?)?generated|automatically generated",
    re.IGNORECASE,
)
_LONG_LINE = 5_000
SNIFFED = 8_192


def folder_reason(name: str) -> str:
    """Why files below a folder of this name are left out; "" if they are not."""
    return SKIPPED_FOLDERS.get(name, "generated" if name.endswith(".egg-info") else "")


def name_reason(path: PurePosixPath) -> str:
    """Why a file is left out by its path; "" if it is not."""
    for folder in path.parent.parts:
        reason = folder_reason(folder)
        if reason:
            return reason
    if path.name.lower() in _LOCKS or _MINIFIED.search(path.name.lower()):
        return "minified or bundled" if path.name.lower() not in _LOCKS else "lock file"
    if _HASH_NAME.match(path.stem) and any(folder.lower() in _UPLOADS for folder in path.parent.parts):
        return "uploaded file"
    return ""


def content_reason(head: bytes, language: str) -> str:
    """Why a file is left out by its first bytes; "" if it is not."""
    if language in ("javascript", "css", "typescript") and len(head) >= _LONG_LINE and b"\n" not in head[:_LONG_LINE]:
        return "minified or bundled"
    first = b"\n".join(head.split(b"\n", 6)[:5])
    return "generated" if language not in ("markdown", "text", "dotenv") and _GENERATED.search(first) else ""
