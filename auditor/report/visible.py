"""Text from the audited project, made harmless to look at."""

from __future__ import annotations

import unicodedata

# Cc control, Cf format (bidirectional overrides, zero-width), Cs lone surrogates, Zl/Zp line separators, Co private use, Cn unassigned.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp", "Co", "Cn"})


def visible(text: str, *, keep: str = "") -> str:
    """``text`` with everything that a terminal or a reader cannot see written as an escape, except the characters in ``keep``.

    That covers escape sequences, newlines in file names, undecodable bytes of paths (lone surrogates) and the bidirectional
    overrides of CVE-2021-42574 ("Trojan Source", https://trojansource.codes/).
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(character) if _hidden(character) and character not in keep else character for character in text)


def code_lines(text: str) -> list[str]:
    """Source text as lines to print: tabs become four spaces, other control characters become visible."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    return [visible(line.expandtabs(4)) for line in lines]


def encodable(text: str) -> str:
    r"""``text`` with lone surrogates written as ``\udcff``, so that it can be encoded as UTF-8 and parsed by strict readers."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def cropped(row: str, room: int, shift: int = 0) -> str:
    """``row`` cut to ``room`` characters, without its first ``shift``; what was cut is an ellipsis."""
    part = row[shift:]
    if shift:
        part = "…" + part[1:]
    return part if len(part) <= room else part[: room - 1] + "…"


def _hidden(character: str) -> bool:
    return unicodedata.category(character) in _HIDDEN


def _shown(character: str) -> str:
    named = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(character)
    if named:
        return named
    number = ord(character)
    if number <= 0xFF:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"
