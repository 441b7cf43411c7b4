"""Documents of the repository that are pages of the site as well, and links that lead out of the documents."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

from auditor.report import ENTRY_PAGES
from gotcha_site.text import page

REPOSITORY = ENTRY_PAGES.partition("/blob/")[0]
_BLOB = ENTRY_PAGES.rpartition("/")[0]
_LINK = re.compile(r"(?P<before>\]\(<?)(?P<target>[^)\s>#]+)(?P<anchor>#[^)\s>]*)?(?P<after>>?(?:\s+\"[^\"]*\")?\))")
_FENCED = re.compile(r"^(?P<fence>`{3,}|~{3,})[^\n]*\n.*?^(?P=fence)[ \t]*$", re.DOTALL | re.MULTILINE)

PAGES = {
    "CONTRIBUTING.md": "how-to/write-an-entry.md",
    "SECURITY.md": "explanation/security.md",
    "CHANGELOG.md": "changelog.md",
    "ARCHITECTURE.md": "explanation/architecture.md",
}
"""Documents of the root -> where they are on the site."""


def from_root(name: str, checkout: Path) -> str:
    """A document of the root as a page; the links of the repository become those of the site."""
    text = (checkout / name).read_text(encoding="utf-8")
    title = next((row[2:] for row in text.split("\n") if row.startswith("# ")), name)
    return page([relinked(text, name, PAGES[name], checkout)], title=title)


def relinked(text: str, source: str, target: str, checkout: Path) -> str:
    """``text`` of the file ``source`` (from the root of the repository) as the page ``target`` (from `docs/`).

    A link to a document stays a link to its page; one to any other file of the repository becomes the address of that file on GitHub.
    """
    parts: list[str] = []
    end = 0
    for fenced in _FENCED.finditer(text):
        parts += [_outside(text[end : fenced.start()], source, target, checkout), fenced.group()]
        end = fenced.end()
    return "".join([*parts, _outside(text[end:], source, target, checkout)])


def _outside(text: str, source: str, target: str, checkout: Path) -> str:
    def changed(found: re.Match[str]) -> str:
        path, at = found["target"], found["anchor"] or ""
        if re.match(r"[a-z][a-z+.-]*:", path) or path.startswith("/"):
            return found.group()
        aim = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
        entry = re.fullmatch(r"rules/(?:([\w.-]+)/([\w.-]+)\.md|README\.md)", aim)
        if entry:
            page_of = f"gotchas/{entry[1]}/{entry[2]}.md" if entry[1] else "gotchas/index.md"
        elif aim in PAGES:
            page_of = PAGES[aim]
        elif aim == "README.md" and not at:
            page_of = "index.md"
        elif aim.startswith("docs/") and not aim.startswith("docs/_site"):
            page_of = aim.removeprefix("docs/")
        elif (checkout / aim).exists():
            return f"{found['before']}{_BLOB}/{aim}{at}{found['after']}"
        else:
            return found.group()
        return f"{found['before']}{posixpath.relpath(page_of, posixpath.dirname(target) or '.')}{at}{found['after']}"

    return _LINK.sub(changed, text)
