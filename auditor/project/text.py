"""Bytes of the audited tree as text."""

from __future__ import annotations

from auditor.errors import GotchaAuditError


class Unreadable(GotchaAuditError):
    """A file that cannot be read as text; ``reason`` is one line without the path."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def decode(data: bytes, language: str | None) -> str:
    """The text of a file, newlines as ``\\n``; raises Unreadable."""
    if b"\0" in data:
        raise Unreadable("holds NUL bytes, so it is no text")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return text.replace("\r\n", "\n").replace("\r", "\n")
