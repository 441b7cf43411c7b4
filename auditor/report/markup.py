"""Text from the project as Markdown in which it is no markup.

https://github.github.com/gfm/ sections 2.4 (backslash escapes), 6.3 (code spans), 4.5 (fences).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from auditor.model import Place
from auditor.report.visible import visible

# Always markup; a colon that may open an autolink or an emoji short code; "www."; what opens a list, a heading or an underline.
_MARKUP = re.compile(r"([\\`*_\[\]|~#$]|:(?=\S)|(?<=www)\.|^[-+=](?=[-+=\s]|$)|(?<=^\d)[.)])", re.IGNORECASE)
# A zero-width space keeps "@name" from calling somebody.
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "&#64;&#8203;"}
_BACKTICKS = re.compile(r"`+")
_LANGUAGE = re.compile(r"\.([a-z]{1,10})")

LONGEST = 65_000
"""Characters of a comment on GitHub, which takes 65,536, with room for what somebody writes before it."""


def where(place: Place) -> str:
    """A place as a code span."""
    text = f"{place.path}:{place.line}" if place.path is not None and place.line else str(place)
    return code(text) if text else ""


def words(text: str) -> str:
    """Prose in which nothing is markup: no emphasis, link, HTML, mention, issue reference or table cell border."""
    escaped = _MARKUP.sub(r"\\\1", " ".join(visible(text, keep="\n").split()))
    return "".join(_ENTITIES.get(character, character) for character in escaped)


def code(text: str) -> str:
    """Make a code span that holds ``text`` whatever backticks are in it."""
    content = visible(text)
    fence = "`" * (max((len(run) for run in _BACKTICKS.findall(content)), default=0) + 1)
    pad = " " if content.startswith(("`", " ")) or content.endswith(("`", " ")) else ""
    return f"{fence}{pad}{content}{pad}{fence}"


def block(rows: list[str], language: str = "") -> str:
    """Make a fenced block that no line of ``rows`` can close."""
    longest = max((len(run) for row in rows for run in _BACKTICKS.findall(row)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}{language}", *rows, fence])


def language(path: PurePosixPath | None) -> str:
    """The word after a fence by which code of this file is coloured: its extension, where it is a plain one."""
    found = _LANGUAGE.fullmatch(path.suffix) if path is not None else None
    return found.group(1) if found else ""


def fitted(blocks: Sequence[str], room: int = LONGEST) -> list[str]:
    """The blocks that fit into a comment, in order; what is left out at the end is said."""
    if sum(len(one) + 2 for one in blocks) <= room:
        return list(blocks)
    left = room - len(_REST) - 2
    kept: list[str] = []
    for one in blocks:
        left -= len(one) + 2
        if left < 0:
            break
        kept.append(one)
    return [*kept, _REST]


_REST = "**The rest is left out**: a comment on GitHub takes 65,536 characters. The formats `text` and `json` leave nothing out."


def address(link: str) -> str:
    """Make a link that cannot leave its angle brackets."""
    return "".join(character if character.isascii() and character.isprintable() and character not in "<> \\" else "_" for character in visible(link))
