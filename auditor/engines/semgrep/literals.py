"""Words a file must hold for a rule to match in it, so that most files never reach semgrep.

Only what is certain is required. Identifiers in JavaScript, TypeScript and Python patterns are: an import under another name, `a["b"]` for
`a.b` and a constant passed on all leave the word in the file. String literals are not (semgrep folds `"a" + "b"`), except module names in
imports. Rules for other languages, and whatever is not understood here, admit every file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

_UNDERSTOOD = frozenset({"javascript", "typescript", "python"})
_KEYWORDS = frozenset(
    {
        "False",
        "None",
        "True",
        "abstract",
        "and",
        "any",
        "arguments",
        "as",
        "assert",
        "async",
        "await",
        "bigint",
        "boolean",
        "break",
        "case",
        "catch",
        "class",
        "const",
        "continue",
        "debugger",
        "declare",
        "def",
        "default",
        "del",
        "delete",
        "do",
        "elif",
        "else",
        "enum",
        "except",
        "export",
        "exports",
        "extends",
        "false",
        "finally",
        "for",
        "from",
        "function",
        "get",
        "global",
        "globalThis",
        "if",
        "implements",
        "import",
        "in",
        "instanceof",
        "interface",
        "is",
        "lambda",
        "let",
        "module",
        "namespace",
        "never",
        "new",
        "nonlocal",
        "not",
        "null",
        "number",
        "object",
        "of",
        "or",
        "pass",
        "private",
        "protected",
        "public",
        "raise",
        "readonly",
        "require",
        "return",
        "self",
        "set",
        "static",
        "string",
        "super",
        "switch",
        "symbol",
        "target",
        "this",
        "throw",
        "true",
        "try",
        "type",
        "typeof",
        "undefined",
        "unknown",
        "var",
        "void",
        "while",
        "with",
        "yield",
    }
)
"""Words of the languages themselves: semgrep takes some forms for one another (`require` and `import`, `let` and `const`)."""

_TOKEN = re.compile(
    r"""
      (?P<comment> //[^\n]* | /\*.*?\*/ | \#[^\n]* )
    | (?P<template> `[^`]*` )
    | (?P<triple> \"{3}.*?\"{3} | '{3}.*?'{3} )
    | (?P<string> [rRbBuUfF]{0,2} (?: "(?:[^"\\\n]|\\.)*" | '(?:[^'\\\n]|\\.)*' ) )
    | (?P<typed> \( \s* \$[A-Z_][A-Z0-9_]* \s* : [^()]* \) )
    | (?P<meta> \$(?:\.\.\.)?[A-Za-z0-9_]+ )
    | (?P<number> [0-9][A-Za-z0-9_.]* )
    | (?P<word> [A-Za-z_][A-Za-z0-9_]* )
    | (?P<tag> < /? | /? > )
    | (?P<odd> [/\\"'`] | [^\x00-\x7f] )
    """,
    re.VERBOSE | re.DOTALL,
)
_MODULE = re.compile(r"(?:\bfrom|\brequire\s*\(|\bimport\s*\(?)\s*(['\"])([\w@/.:-]+)\1")
_PLAIN = re.compile(r"[\w /:;,@'\"=<>!~`#%&-]+")


@dataclass(frozen=True, slots=True)
class Need:
    """Which words must occur: all of `words` and, of each group in `choices`, at least one need. The empty need admits everything."""

    words: frozenset[bytes] = frozenset()
    choices: tuple[tuple[Need, ...], ...] = ()

    def admits(self, data: bytes) -> bool:
        """Whether a file that holds `data` may match."""
        return all(word in data for word in self.words) and all(any(need.admits(data) for need in choice) for choice in self.choices)


ANYTHING = Need()


def need_of(body: Mapping[str, object], languages: Iterable[str]) -> Need:
    """What a file must hold for a rule body (https://semgrep.dev/docs/writing-rules/rule-syntax) to match, as far as that is certain."""
    code = set(languages) <= _UNDERSTOOD
    if body.get("mode", "search") == "taint":
        return _all(_either(body.get(key), code=code) for key in ("pattern-sources", "pattern-sinks"))
    if body.get("mode", "search") != "search" or "match" in body:
        return ANYTHING
    return _term(body, code=code)


def _term(term: object, *, code: bool) -> Need:
    if isinstance(term, str):
        return _pattern(term) if code else ANYTHING
    if not isinstance(term, Mapping):
        return ANYTHING
    needs = []
    for key, value in term.items():
        if key in ("pattern", "pattern-inside"):
            needs.append(_term(value, code=code))
        elif key == "pattern-regex" and isinstance(value, str):
            needs.append(_regex(value))
        elif key == "patterns" and isinstance(value, Sequence):
            needs.append(_all(_term(item, code=code) for item in value))
        elif key == "pattern-either":
            needs.append(_either(value, code=code))
    return _all(needs)


def _either(items: object, *, code: bool) -> Need:
    if not isinstance(items, Sequence) or isinstance(items, str) or not items:
        return ANYTHING
    needs = tuple(_term(item, code=code) for item in items)
    if ANYTHING in needs:
        return ANYTHING
    return needs[0] if len(needs) == 1 else Need(choices=(needs,))


def _all(needs: Iterable[Need]) -> Need:
    kept = list(needs)
    return Need(
        words=frozenset(word for need in kept for word in need.words),
        choices=tuple(choice for need in kept for choice in need.choices),
    )


def _regex(pattern: str) -> Need:
    """A regular expression is a word only when it is plain text, perhaps with escaped dots."""
    plain = pattern.replace("\\.", ".")
    if "." in pattern.replace("\\.", "") or not plain or _PLAIN.fullmatch(plain.replace(".", "")) is None:
        return ANYTHING
    return Need(words=frozenset({plain.encode()}))


def _pattern(pattern: str) -> Need:
    code = _TOKEN.sub(lambda token: " " if token.lastgroup == "comment" else token[0], pattern)
    words: set[str] = {found[2] for found in _MODULE.finditer(code) if "..." not in found[2]}
    for token in _TOKEN.finditer(pattern):
        if token.lastgroup == "odd":
            return ANYTHING
        if token.lastgroup == "word" and (token[0] not in _KEYWORDS or _is_property(pattern, token.start(), token[0])):
            words.add(token[0])
    return Need(words=frozenset(word.encode() for word in words))


def _is_property(pattern: str, start: int, word: str) -> bool:
    """Whether a word stands after a dot, where a keyword is a name like any other (but `module.exports` and `.default` have other forms)."""
    return start >= 2 and pattern[start - 1] == "." and pattern[start - 2] != "." and word not in ("default", "exports")
