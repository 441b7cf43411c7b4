"""Which files a semgrep language reads, and under which suffix semgrep recognises them."""

from __future__ import annotations

from pathlib import PurePosixPath

_ALIASES = {
    "js": "javascript",
    "jsx": "javascript",
    "ts": "typescript",
    "tsx": "typescript",
    "docker": "dockerfile",
    "py": "python",
    "python3": "python",
    "sh": "bash",
    "none": "generic",
}
_LANGUAGES = {
    "javascript": frozenset({"javascript"}),
    "typescript": frozenset({"typescript", "tsx"}),
    "html": frozenset({"html"}),
    "dockerfile": frozenset({"dockerfile"}),
    "yaml": frozenset({"yaml"}),
    "json": frozenset({"json"}),
    "python": frozenset({"python"}),
    "bash": frozenset({"shell"}),
    "generic": None,
    "regex": None,
}
_SUFFIXES = {
    "javascript": ".js",
    "typescript": ".ts",
    "tsx": ".tsx",
    "html": ".html",
    "dockerfile": ".dockerfile",
    "yaml": ".yaml",
    "json": ".json",
    "python": ".py",
    "shell": ".sh",
}
SCRIPTED = frozenset({"vue", "svelte", "astro", "html"})
"""Languages of the project whose script blocks JavaScript and TypeScript rules read."""


def canonical(language: str) -> str | None:
    """The name under which `LANGUAGES` of a rule are known here (https://semgrep.dev/docs/supported-languages); None for one no file is read as."""
    name = _ALIASES.get(language.lower(), language.lower())
    return name if name in _LANGUAGES else None


def reads_whole(language: str, file_language: str) -> bool:
    """Whether a rule of the (canonical) `language` sees files of `file_language` as they are; `generic` and `regex` see every file."""
    known = _LANGUAGES[language]
    return known is None or file_language in known


def suffix_of(path: PurePosixPath, file_language: str) -> str:
    """The suffix that makes semgrep take a file for what it is: it knows neither `.mts` and `.cts` nor `Dockerfile.web`."""
    if file_language == "javascript" and path.suffix.lower() == ".jsx":
        return ".jsx"
    return _SUFFIXES.get(file_language, ".txt")
