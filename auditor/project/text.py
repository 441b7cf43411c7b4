"""Bytes of the audited tree as text: byte order marks, coding lines, newlines."""

from __future__ import annotations

import codecs
import re
import warnings

from auditor.errors import GotchaAuditError

MAX_LINE = 1_000_000
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CODING = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_PROBE = "# -*- coding: x -*-\n"
_SURROGATE = re.compile("[\ud800-\udfff]")
_BLANK = re.compile(rb"^[ \t\f]*(?:#.*)?$")


class Unreadable(GotchaAuditError):  # noqa: N818 - it names the state of a file
    """A file that cannot be read as text; ``reason`` is one line without the path."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def decode(data: bytes, language: str | None) -> str:
    """The text of a file, newlines as line feeds, without a byte order mark; raises Unreadable.

    Python source is read as the interpreter reads it (https://peps.python.org/pep-0263/): UTF-8 unless a mark or a coding line says otherwise.
    Other files that are not UTF-8 are read as Latin-1, in which every byte is a character.
    """
    for mark, name in _MARKS:
        if data.startswith(mark):
            if language == "python" and name != "utf-8":
                raise Unreadable(f"is {name.upper()}, which Python does not accept as source; save it as UTF-8")
            return _finish(_decode(data[len(mark) :], name))
    if language == "python":
        return _finish(_decode(data, _coding(data) or "utf-8"))
    try:
        return _finish(data.decode("utf-8"))
    except UnicodeDecodeError:
        return _finish(data.decode("latin-1"))


def _coding(data: bytes) -> str | None:
    """The encoding a coding line in the first two lines names; raises Unreadable for one Python does not know."""
    for number, line in enumerate(data.split(b"\n", 2)[:2], 1):
        found = _CODING.match(line)
        if found:
            name = found.group(1).decode("ascii")
            try:
                known = codecs.lookup(name).name
                if _PROBE.encode("ascii").decode(known) == _PROBE:
                    return known
            except (LookupError, ValueError) as error:
                raise Unreadable(f"names the encoding {name!r} on line {number}, which Python does not know") from error
            raise Unreadable(f"names the encoding {name!r} on line {number}, in which no coding line can be written; save it as UTF-8")
        if not _BLANK.match(line.rstrip(b"\r")):
            return None
    return None


def _decode(data: bytes, name: str) -> str:
    try:
        if name == "utf-8":
            return data.decode(name)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a codec, about the file it reads: no matter of the scan
            # Some encodings can spell half a character, which nothing can be printed with.
            return _SURROGATE.sub("\ufffd", data.decode(name))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        if name == "utf-8":
            mend = "save it as UTF-8, or name its encoding in a coding line"
            raise Unreadable(f"is not UTF-8 (line {line}), and no coding line says what it is; {mend}") from error
        raise Unreadable(f"is not {name} as it claims (line {line})") from error
    except (LookupError, ValueError) as error:
        raise Unreadable(f"cannot be decoded as {name}") from error


def _finish(text: str) -> str:
    if "\0" in text:
        raise Unreadable("holds NUL bytes, so it is no text; remove or exclude it")
    if len(text) > MAX_LINE and max(map(len, text.split("\n"))) > MAX_LINE:
        raise Unreadable(f"has a line of more than {MAX_LINE:,} characters; exclude it")
    return text.replace("\r\n", "\n").replace("\r", "\n")
