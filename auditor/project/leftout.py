"""What is never examined, and why: other people's code, generated code, binary and over-size files."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import PurePosixPath

SKIPPED_FOLDERS = {
    ".git": "version control",
    ".hg": "version control",
    ".svn": "version control",
    "node_modules": "installed packages",
    "bower_components": "installed packages",
    "jspm_packages": "installed packages",
    "site-packages": "installed packages",
    ".venv": "installed packages",
    "venv": "installed packages",
    ".tox": "installed packages",
    ".nox": "installed packages",
    ".eggs": "installed packages",
    "third_party": "vendored",
    "third-party": "vendored",
    "_vendor": "vendored",
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
    "staticfiles": "generated",
    ".history": "editor history",
    ".idea": "editor settings",
    ".vscode": "editor settings",
}
"""Folder name -> why it is left out, wherever it stands. Other names are decided by what lies in and above them, see Folders."""

_MINIFIED = re.compile(
    r"(?:[.-]min\.(?:[cm]?js|css)|\.bundle\.js|-bundle\.js|\.chunk\.(?:js|css)|[.-](?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{8,20}\.(?:js|css)|\.map|\.lock)$"
)
_LOCKS = frozenset(
    {"package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "yarn.lock", "poetry.lock", "uv.lock", "pipfile.lock", "composer.lock"}
)
_UPLOADS = frozenset({"uploads", "upload", "media", "user_uploads"})
_HASH_NAME = re.compile(r"^[0-9a-f]{16,}$|^[0-9a-f]{8}-[0-9a-f]{4}-", re.IGNORECASE)
_GENERATED = re.compile(
    rb"@generated|DO NOT EDIT|do not edit (?:it )?(?:by hand|manually)|This file (?:is|was) (?:auto-?)?generated|automatically generated",
    re.IGNORECASE,
)
# What a tool wrote once as a start (a workflow, a Dockerfile) is maintained by hand from then on: only plain words count.
_NOT_TO_EDIT = re.compile(rb"@generated\b|DO NOT EDIT")
_STARTED_BY_TOOLS = frozenset({"yaml", "dockerfile", "toml", "json", "ini", "nginx", "shell", "procfile"})
_LICENCE = re.compile(rb"\s*(?:/\*.*?\*/\s*|//[^\n]*\n\s*)*", re.DOTALL)
_LONG_LINE = 5_000
SNIFFED = 8_192
_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
_TOO_SHORT_TO_TELL = 512
_CONTROL = bytes(sorted({*range(32)} - set(b"\t\n\r\f\x1b")))

_VENDOR = frozenset({"vendor", "vendors"})
# A shop has vendors: a Django app or a page of that name is the project's own.
_OWN_MODULES = frozenset({"apps.py", "models.py", "views.py", "urls.py", "routes.py", "router.py", "admin.py"})
_OWN_PARTS = frozenset(
    {"pages", "components", "views", "screens", "features", "controllers", "routes", "routers", "models", "api", "services", "templates", "modules"}
)
_COVERAGE = frozenset({"lcov.info", "lcov-report", "clover.xml", "coverage-final.json", "cobertura-coverage.xml", "index.html", "coverage.xml"})
_MIGRATION = re.compile(r"^(?:\d{3,}[_\-].*|versions|alembic\.ini|__init__\.py)$")
_BUILT = frozenset({"dist", "build", "out", "www"})
_BUILT_ASSET = re.compile(rb"""(?:src|href)=["']?[^"'\s>]*[.-](?=[\w-]*\d|[\w-]*[a-z][A-Z])[\w-]{8,20}\.(?:js|css|mjs)\b""")
_STATIC = frozenset({"static", "staticfiles", "assets", "public", "static_root", "static_collected"})
_COLLECTED = {"admin": "SelectBox", "rest_framework": "csrf", "debug_toolbar": "toolbar", "ckeditor": "ckeditor-init", "tinymce": "init_tinymce"}


BUILT = "built front end"


class Folders:
    """Why whole folders are left out, judged by their names and by what lies in and above them.

    ``paths`` are all files of the tree; ``read`` gives the first bytes of one, b"" when it cannot be read.
    """

    def __init__(self, paths: Iterable[PurePosixPath], read: Callable[[PurePosixPath], bytes]) -> None:
        self._inside: dict[PurePosixPath, set[str]] = defaultdict(set)
        for path in paths:
            here = path
            for parent in path.parents:
                if here.name in self._inside[parent]:
                    break
                self._inside[parent].add(here.name)
                here = parent
        self._read = read
        self._known: dict[PurePosixPath, str] = {PurePosixPath("."): ""}

    def reason(self, folder: PurePosixPath) -> str:
        """Why what lies in ``folder`` is left out; "" if it is not."""
        if folder not in self._known:
            self._known[folder] = self.reason(folder.parent) or self._own(folder)
        return self._known[folder]

    def file_reason(self, path: PurePosixPath) -> str:
        """Why a file is left out by its folder. Of a built front end the page itself stays: it is what production serves."""
        reason = self.reason(path.parent)
        return "" if reason == BUILT and path.name == "index.html" else reason

    def standing(self) -> tuple[PurePosixPath, ...]:
        """Every folder that holds a file and is the project's own or built from it, in order."""
        return tuple(sorted(folder for folder in self._inside if self.reason(folder) in ("", "generated", BUILT)))

    def _own(self, folder: PurePosixPath) -> str:
        name = folder.name
        always = folder_reason(name)
        if always:
            return always
        inside = self._inside.get(folder, set())
        above = {part.lower() for part in folder.parent.parts}
        if "pyvenv.cfg" in inside or (name in ("env", ".env", "virtualenv") and ({"bin", "lib"} <= inside or {"Scripts", "Lib"} <= inside)):
            return "installed packages"
        if name in _VENDOR and not inside & _OWN_MODULES and not above & _OWN_PARTS:
            return "vendored"
        if name in _COLLECTED and above & _STATIC and any(child.startswith(_COLLECTED[name]) for child in self._inside.get(folder / "js", inside)):
            return "vendored"
        if name == "coverage" and inside & _COVERAGE:
            return "generated"
        if name == "migrations" and any(_MIGRATION.match(child) for child in inside):
            return "generated"
        if name in _BUILT and "index.html" in inside and _BUILT_ASSET.search(self._read(folder / "index.html")):
            return BUILT
        if name == "dist" and "package.json" in self._inside.get(folder.parent, set()):
            return "generated"
        return ""


def folder_reason(name: str) -> str:
    """Why files below a folder of this name are left out wherever it stands; "" if they are not."""
    return SKIPPED_FOLDERS.get(name, "generated" if name.endswith(".egg-info") else "")


def name_reason(path: PurePosixPath) -> str:
    """Why a file is left out by its own name; "" if it is not."""
    name = path.name.lower()
    if name in _LOCKS:
        return "lock file"
    if _MINIFIED.search(name):
        return "minified or bundled"
    if _HASH_NAME.match(path.stem) and any(folder.lower() in _UPLOADS for folder in path.parent.parts):
        return "uploaded file"
    return ""


def content_reason(head: bytes, language: str) -> str:
    """Why a file is left out by its first bytes; "" if it is not."""
    if head.startswith(b"\x00\x05\x16\x07"):
        return "binary"  # what macOS keeps beside a file on a foreign disk: `._app.py`
    is_text = len(head) < _TOO_SHORT_TO_TELL or len(head.translate(None, _CONTROL)) >= 0.95 * len(head)
    if language != "python" and not is_text and not head.startswith(_MARKS):
        return "binary"  # a film called x.ts; a stray NUL byte in a source is an error to be told
    if language in ("javascript", "css", "typescript") and len(_LICENCE.sub(b"", head, count=1).split(b"\n", 1)[0]) >= _LONG_LINE:
        return "minified or bundled"
    if language in ("markdown", "text", "dotenv"):
        return ""
    first = b"\n".join(head.split(b"\n", 6)[:5])
    return "generated" if (_NOT_TO_EDIT if language in _STARTED_BY_TOOLS else _GENERATED).search(first) else ""
