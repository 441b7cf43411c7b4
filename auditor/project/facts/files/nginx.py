"""nginx configuration as a tree of directives (https://nginx.org/en/docs/beginners_guide.html#conf_structure).

crossplane's lexer reads from a stream, so no path is ever opened; its parser does not, and calls itself for every block.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from crossplane.errors import NgxParserBaseException  # type: ignore[import-untyped]
from crossplane.lexer import _balance_braces, _lex_file_object  # type: ignore[import-untyped]

from auditor.model import Place, span_of
from auditor.project.facts.record import Directive, Fault, Record

_DEEPEST = 40
_LUA = "_by_lua_block"
_RENDERED = re.compile(r"\{%|\{\{-?\s*[\w.$\"'(]")
_APACHE = re.compile(r"^\s*<(?:VirtualHost|Directory|IfModule|Location|Proxy)\b", re.MULTILINE)
_INI = re.compile(r"\A(?:\s|[#;][^\n]*\n)*\[[\w:. -]+\]\s*\n")


@dataclass(kw_only=True)
class _Open:
    """A block whose closing brace has not been seen yet."""

    words: tuple[str, ...] = ()
    line: int = 1
    inside: list[Directive] = field(default_factory=list)


def extract(path: PurePosixPath, text: str) -> Record:
    """The directives of a file, those of included files left where they are. What was read before a fault is kept."""
    if _RENDERED.search(text) and _LUA not in text:
        return Record(left_out="is a template that has to be rendered first")
    if _APACHE.search(text):
        return Record(left_out="is a configuration of Apache")
    if _INI.match(text):
        return Record(left_out="is an INI file")
    directives: list[Directive] = []
    fault = None
    try:
        directives.extend(_read(path, text))
    except NgxParserBaseException as error:
        fault = Fault(line=min(error.lineno or 1, text.count("\n") + 1), message=str(error.strerror))
    return Record(directives=tuple(directives), fault=fault)


def _read(path: PurePosixPath, text: str) -> Iterator[Directive]:
    """The directives of the outermost level, each once it is complete; raises crossplane's errors."""
    blocks = [_Open()]
    words: list[str] = []
    start, end = 1, text.count("\n") + 2
    # A semicolon is put behind the text: the lexer says nothing of a quote that is still open there, but then it never gets to it.
    for token, line, quoted in _balance_braces(_lex_file_object(io.StringIO(text + "\n;"))):
        if quoted or token not in ("{", "}", ";"):
            if quoted or not token.startswith("#"):
                start = start if words else line
                words.append(token)
            continue
        if token == "{":  # noqa: S105 - a brace is no password
            if len(blocks) >= _DEEPEST:
                raise NgxParserBaseException("is nested too deeply", None, line)
            blocks.append(_Open(words=tuple(words), line=start))
        elif token == ";":  # noqa: S105 - as above
            if line == end and len(blocks) == 1 and not words:
                return
            if line == end and words:
                break
            blocks[-1].inside.append(_directive(path, tuple(words), start))
        elif words:
            raise NgxParserBaseException('unexpected "}", expecting ";"', None, line)
        else:
            closed = blocks.pop()
            blocks[-1].inside.append(_directive(path, closed.words, closed.line, tuple(closed.inside)))
        words = []
        if len(blocks) == 1:
            yield from blocks[0].inside
            blocks[0].inside.clear()
    raise NgxParserBaseException('unexpected end of file, expecting ";" or "}"', None, start if words else end - 1)


def _directive(path: PurePosixPath, words: tuple[str, ...], line: int, block: tuple[Directive, ...] = ()) -> Directive:
    name = words[0] if words else ""
    return Directive(name=name, args=words[1:], place=Place(path=path, span=span_of(line)), block=block)
