"""One Markdown entry taken apart: front matter, sections, example files, marks. No meaning is given to keys here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from auditor.catalogue.problems import Problems
from auditor.model import Example

HEADINGS = ("Fails", "Works", "Why", "When it is fine")
_MARK = re.compile(r"[ \t]*(?:#|//|--|;|/\*|<!--|\{#)[ \t]*gotcha[ \t]*(?:\*/|-->|#\})?[ \t]*$")
_LABEL = re.compile(r"^`([^`]+)`:?\s*$")
_FENCE = re.compile(r"^(`{3,}|~{3,})\s*([\w+-]*)\s*$")
_DEFAULT_NAMES = {
    "python": "example.py", "py": "example.py", "js": "example.js", "javascript": "example.js", "jsx": "example.jsx", "ts": "example.ts",
    "typescript": "example.ts", "tsx": "example.tsx", "vue": "Example.vue", "svelte": "Example.svelte", "html": "index.html", "css": "example.css",
    "dockerfile": "Dockerfile", "docker": "Dockerfile", "yaml": "example.yaml", "json": "example.json", "toml": "example.toml", "nginx": "nginx.conf",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of the page; ``line`` is that of its first line of text."""

    heading: str
    text: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page taken apart; ``front`` is the text between the `---` lines and ``front_line`` the line it starts at."""

    front: str
    front_line: int
    summary: str
    sections: Mapping[str, Section]


def take_apart(text: str, problems: Problems) -> Page | None:
    """The parts of an entry; what is missing or out of order goes to ``problems``. None when there is no front matter to go on."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if not lines or lines[0].strip() != "---":
        problems.add(1, "the front matter is missing", "start the file with a line `---`, the keys, and another line `---`")
        return None
    end = next((number for number, line in enumerate(lines[1:], 1) if line.strip() == "---"), None)
    if end is None:
        problems.add(1, "the front matter has no end", "close it with a line `---`")
        return None
    sections, summary = _sections(lines, end + 1)
    seen = [section.heading for section in sections]
    for heading in HEADINGS:
        if heading not in seen:
            problems.add(len(lines), f"the heading `## {heading}` is missing", f"add `## {heading}`; the order is {', '.join(HEADINGS)}")
    known = [heading for heading in seen if heading in HEADINGS]
    if known != [heading for heading in HEADINGS if heading in known] or len(set(known)) != len(known):
        where = next((section.line - 1 for section in sections if section.heading in HEADINGS), 1)
        problems.add(where, "the headings are out of order or repeated", f"use each once, in this order: {', '.join(HEADINGS)}")
    for section in sections:
        if section.heading not in HEADINGS:
            problems.add(section.line - 1, f"the heading `## {section.heading}` is not known", f"use only {', '.join(HEADINGS)}")
    if not summary.strip():
        problems.add(end + 2, "the summary is missing", "write one paragraph after the front matter: what one sees in production")
    by_heading = {section.heading: section for section in sections}
    return Page(front="\n".join(lines[1:end]), front_line=2, summary=summary.strip(), sections=by_heading)


def _sections(lines: list[str], start: int) -> tuple[list[Section], str]:
    summary: list[str] = []
    found: list[tuple[str, int, list[str]]] = []
    fence = ""
    for number, line in enumerate(lines[start:], start + 1):
        opened = _FENCE.match(line)
        if fence:
            if line.strip().startswith(fence) and set(line.strip()) == {fence[0]}:
                fence = ""
        elif opened:
            fence = opened.group(1)
        elif line.startswith("## "):
            found.append((line[3:].strip(), number + 1, []))
            continue
        (found[-1][2] if found else summary).append(line)
    return [Section(heading=heading, text="\n".join(body).strip("\n"), line=line) for heading, line, body in found], "\n".join(summary)


def example(section: Section | None, problems: Problems) -> Example:
    """The files of a Fails or Works section, marks stripped, and the marked lines."""
    files: dict[PurePosixPath, str] = {}
    marks: set[tuple[PurePosixPath, int]] = set()
    if section is None:
        return Example(files=files, marks=frozenset())
    label, label_line = "", 0
    fence = ""
    body: list[str] = []
    path = PurePosixPath()
    for number, line in enumerate(section.text.split("\n"), section.line):
        if fence:
            if line.strip().startswith(fence) and set(line.strip()) == {fence[0]}:
                fence = ""
                clean, marked = strip_marks("\n".join(body) + "\n")
                files[path] = clean
                marks |= {(path, mark) for mark in marked}
            else:
                body.append(line)
            continue
        opened = _FENCE.match(line)
        if opened:
            fence, body = opened.group(1), []
            name = label or _DEFAULT_NAMES.get(opened.group(2), "example.txt")
            path = safe_path(name, label_line if label else number, problems)
            if path in files:
                problems.add(
                    number, f"the file `{path}` stands in this section twice", "give each code block its own path line, such as `app/web.py`:"
                )
            label = ""
            continue
        named = _LABEL.match(line)
        if named:
            label, label_line = named.group(1), number
        elif line.strip():
            label = ""
    if fence:
        problems.add(section.line, "a code block has no end", f"close it with {fence}")
    return Example(files=files, marks=frozenset(marks))


def strip_marks(text: str) -> tuple[str, frozenset[int]]:
    """The code without its `# gotcha` marks, and the lines that had one; line numbers do not move."""
    marked: set[int] = set()
    lines = []
    for number, line in enumerate(text.split("\n"), 1):
        clean = _MARK.sub("", line)
        if clean != line:
            marked.add(number)
        lines.append(clean)
    return "\n".join(lines), frozenset(marked)


def safe_path(name: str, line: int, problems: Problems) -> PurePosixPath:
    """An example's path; anything absolute, upwards or odd is a problem."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or not path.parts or any(ord(char) < 32 for char in name):
        problems.add(line, f"the path {name!r} leaves the example", "use a relative path without `..`, such as `app/web.py`")
        return PurePosixPath("example.txt")
    return path
