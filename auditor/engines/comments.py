"""Where the comments of a file are, by a scan that knows strings and nothing else of the language."""

from __future__ import annotations

import re

_QUOTED = r"""(?<!\w)(?:"(?:[^"\\\n]|\\.){0,500}+"|'(?:[^'\\\n]|\\.){0,500}+')"""
_HASH = re.compile(rf"""{_QUOTED}|(?P<comment>(?<![^\s;{{}}\])"',])\#[^\n]*+)""")
_HASH_LINE = re.compile(r"(?P<comment>^[^\S\n]*\#[^\n]*+)", re.MULTILINE)
_INI_LINE = re.compile(r"(?P<comment>^[^\S\n]*[#;][^\n]*+)", re.MULTILINE)
_SLASH = re.compile(rf"{_QUOTED}|`(?:[^`\\]|\\.){{0,2000}}+`|(?P<comment>(?<![\\:])//[^\n]*+|/\*.*?(?:\*/|\Z))", re.DOTALL)
_MARKUP = re.compile(r"(?P<comment><!--.*?(?:-->|\Z))", re.DOTALL)
_COMPONENT = re.compile(r"(?P<comment><!--.*?(?:-->|\Z)|^[^\S\n]*//[^\n]*+|(?<![^\s;{}(,])/\*.*?(?:\*/|\Z))", re.DOTALL | re.MULTILINE)

_COMMENTS = {
    "astro": _COMPONENT,
    "css": _SLASH,
    "dockerfile": _HASH_LINE,
    "dotenv": _HASH,
    "html": _MARKUP,
    "ini": _INI_LINE,
    "javascript": _SLASH,
    "json": _SLASH,
    "markdown": _MARKUP,
    "nginx": _HASH,
    "procfile": _HASH_LINE,
    "python": _HASH,
    "shell": _HASH,
    "svelte": _COMPONENT,
    "text": _HASH,
    "toml": _HASH,
    "tsx": _SLASH,
    "typescript": _SLASH,
    "vue": _COMPONENT,
    "yaml": _HASH,
}


def comment_spans(text: str, language: str) -> tuple[tuple[int, int], ...]:
    """Offsets (start, end) of the comments in order; none for a language without known comments.

    In hash languages a comment starts at the beginning of a line or after a blank or a delimiter, in Dockerfiles
    (https://docs.docker.com/reference/dockerfile/#format), Procfiles and INI files at the beginning of a line only.
    """
    pattern = _COMMENTS.get(language)
    if pattern is None:
        return ()
    return tuple(found.span("comment") for found in pattern.finditer(text) if found["comment"] is not None)
