"""Regular expressions that people write: compiled early, and kept from running for ever."""

from __future__ import annotations

import re
import warnings

_LONGEST = 500
_REPEAT = re.compile(r"[*+]|\{\d*,\d*\}")


def compiled(pattern: str) -> tuple[re.Pattern[str] | None, str]:
    """The expression, or None and why it cannot be used.

    A repeated group that holds a repetition or an alternative takes time that doubles with each character of a text that does not match, so it is
    refused; whoever applies the expression bounds the text besides.
    """
    if len(pattern) > _LONGEST:
        return None, f"is longer than {_LONGEST} characters"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expression = re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        return None, f"is no regular expression: {error}"
    if _explodes(pattern):
        return None, "repeats a group that itself repeats or offers alternatives, which may run for ever"
    return expression, ""


def _explodes(pattern: str) -> bool:
    varied = [False]
    position = 0
    while position < len(pattern):
        char = pattern[position]
        if char == "\\":
            position += 2
            continue
        if char == "[":
            # A class: `]` right after the opening, or after `^`, stands for itself.
            position += 2 if pattern[position + 1 : position + 2] != "^" else 3
            while position < len(pattern) and pattern[position] != "]":
                position += 2 if pattern[position] == "\\" else 1
        elif char == "(":
            varied.append(False)
            if pattern.startswith("(?", position):
                position += 1
        elif char == ")":
            inner = varied.pop() if len(varied) > 1 else False
            if inner and _REPEAT.match(pattern, position + 1):
                return True
            varied[-1] = varied[-1] or inner
        elif char == "|" or _REPEAT.match(pattern, position):
            varied[-1] = True
        position += 1
    return False
