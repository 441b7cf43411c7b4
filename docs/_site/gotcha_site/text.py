"""Text that becomes Markdown: whatever an entry says is shown as it stands, and never becomes markup of the page by accident."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Mapping, Sequence

_CODE = re.compile(
    r"(^(?P<fence>`{3,}|~{3,})[^\n]*\n.*?^(?P=fence)[ \t]*$|(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`)|<https?://[^\s<>]+>)", re.DOTALL | re.MULTILINE
)
_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_LIST = re.compile(r"(?m)(^(?!\s*(?:[-*+]|\d+\.)\s)[^\n]*\S[^\n]*\n)(?=(?:[-*+]|\d+\.)\s)")


def prose(text: str) -> str:
    """Paragraphs of an entry: `<` begins no element outside of code, and a list begins after a blank line, as Python-Markdown wants it."""
    parts: list[str] = []
    end = 0
    for found in _CODE.finditer(text):
        parts += [_plain(text[end : found.start()]), found.group()]
        end = found.end()
    return "".join([*parts, _plain(text[end:])])


def _plain(text: str) -> str:
    return _LIST.sub(r"\1\n", _TAG.sub("&lt;", text))


def line(text: str) -> str:
    """One line without any markup: titles, names, what was seen."""
    escaped = html.escape(" ".join(text.split()), quote=False)
    return re.sub(r"([\\`*_{}\[\]()#+!])", r"\\\1", escaped).replace("|", "&#124;")


def code(text: str) -> str:
    """A span of code, whatever it holds; empty for an empty text."""
    flat = " ".join(text.split())
    if not flat:
        return ""
    ticks = "`" * (max((len(run) for run in re.findall(r"`+", flat)), default=0) + 1)
    gap = " " if flat.startswith("`") or flat.endswith("`") else ""
    return f"{ticks}{gap}{flat}{gap}{ticks}"


def block(text: str, language: str = "text", *, title: str = "", marked: Iterable[int] = ()) -> str:
    """A block of code with its file name above it and the ``marked`` lines set off; its fence is longer than any in it."""
    fence = "`" * max(3, max((len(run) for run in re.findall(r"`+", text)), default=0) + 1)
    head = language
    if title:
        head += f' title="{html.escape(title.replace(chr(34), chr(39)), quote=False)}"'
    if numbers := " ".join(map(str, sorted(marked))):
        head += f' hl_lines="{numbers}"'
    return f"{fence}{head}\n{text.rstrip(chr(10))}\n{fence}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; the cells are Markdown already, except that none may end its row."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(" ".join(cell.split()) for cell in cells) + " |" for cells in lines)


def page(body: Iterable[str], *, title: str, description: str = "", more: Mapping[str, object] | None = None) -> str:
    """A page of the site: its front matter (JSON is YAML) and its parts, a blank line apart.

    The theme writes title and description into HTML as they are, hence the escapes.
    """
    meta = {"title": html.escape(title), "description": html.escape(" ".join(description.split())), **(more or {})}
    front = "\n".join(f"{name}: {json.dumps(value)}" for name, value in meta.items() if value not in ("", None))
    return f"---\n{front}\n---\n\n" + "\n\n".join(part for part in body if part) + "\n"


def anchor(heading: str) -> str:
    """The anchor that the toc extension gives a heading of plain words."""
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", heading).strip().lower())
