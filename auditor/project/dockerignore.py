"""What a `.dockerignore` keeps out of a build (https://docs.docker.com/build/concepts/context/#dockerignore-files).

The patterns look like gitignore's and are not: every one starts at the root of the context, a folder that is matched takes along what is in it, and
a later `!` pattern brings single files of it back. A bare `node_modules` speaks of the folder at the top alone.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from auditor.model import Place, span_of
from auditor.project.globs import Globs
from auditor.project.text import Unreadable

if TYPE_CHECKING:
    from auditor.project.project import Project

_MOST_LINES = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One pattern: whether it brings back, its text, where it stands."""

    pattern: str
    brings_back: bool
    place: Place
    globs: Globs


class DockerIgnore:
    """The patterns of one file; ``lines`` in order."""

    def __init__(self, text: str, path: PurePosixPath) -> None:
        self.path = path
        self.lines = tuple(
            Line(
                pattern=pattern,
                brings_back=raw.lstrip().startswith("!"),
                place=Place(path=path, span=span_of(number), label=f"{raw.strip()} keeps it out"),
                globs=Globs(["/" + pattern]),
            )
            for number, raw in enumerate(text.removeprefix("\ufeff").split("\n")[:_MOST_LINES], 1)
            if (pattern := _pattern(raw))
        )

    def by(self, path: str) -> Line | None:
        """The line that keeps a path of the context out; None when it is sent. The last line that matches the path or a folder above it decides."""
        parts = [part for part in posixpath.normpath(path).split("/") if part not in ("", ".")]
        for line in reversed(self.lines):
            if any(line.globs.verdict(parts[:depth], is_folder=True) for depth in range(1, len(parts) + 1)):
                return None if line.brings_back else line
        return None

    def brings_back_below(self, path: str) -> bool:
        """Whether a `!` pattern may bring something back that lies in a folder."""
        first = posixpath.normpath(path).split("/", 1)[0]
        return any(line.brings_back and (line.pattern.startswith(("*", first)) or "*" in line.pattern.split("/", 1)[0]) for line in self.lines)


def _pattern(raw: str) -> str:
    """A line as a pattern that starts at the root; "" for a comment or a line that matches nothing."""
    if raw.startswith("#"):
        return ""
    text = raw.strip()
    text = text.removeprefix("!").strip()
    if not text:
        return ""
    text = posixpath.normpath(text).lstrip("/")
    if text in (".", "") or text.startswith("../"):
        return ""
    # `**` stands for folders wherever it is written: `**.log` asks for a file called `.log`, and a trailing `x**` for all that starts with x.
    parts = []
    for part in text.split("/"):
        rest = re.sub(r"^\*\*+(?=[^*])", "", part)
        parts += ["**", rest] if rest != part else [re.sub(r"(?<=[^*])\*\*+$", "*", part)]
    return "/".join(parts)


def read(project: Project, dockerfile: PurePosixPath, context: PurePosixPath) -> DockerIgnore | None:
    """The ignore file of a Dockerfile: the one with its own name beside it, else that of the context; None when there is neither."""
    for path in (dockerfile.with_name(f"{dockerfile.name}.dockerignore"), context / ".dockerignore"):
        if project.exists(path):
            try:
                return DockerIgnore(project.text(path), path)
            except Unreadable:
                return None
    return None
