"""Regular expressions that can run away: refused before they ever meet a file."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from itertools import pairwise
from re import _constants as constants  # type: ignore[attr-defined]  # the standard library has no public parser for its expressions
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

Tree = Iterable[tuple[Any, Any]]

MAX_LENGTH = 1000
_REPEATS = (constants.MAX_REPEAT, constants.MIN_REPEAT, constants.POSSESSIVE_REPEAT)
_MANY = 5
"""A repeat whose bounds lie further apart than this counts as open inside another one."""
_IN_A_ROW = 3
"""This many open repeats side by side can share the text in too many ways."""


def danger(expression: str) -> str:
    """Why an expression is refused: it does not compile, is too long, or repeats something that can itself match in many ways; "" if it is fine.

    Nested unbounded repetition, such as ``(a+)+``, and repeated alternatives that start alike, such as ``(a|ab)*``, make Python's matcher take
    exponential time (https://owasp.org/www-community/attacks/Regular_expression_Denial_of_Service_-_ReDoS).
    """
    if len(expression) > MAX_LENGTH:
        return f"is longer than {MAX_LENGTH} characters"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            re.compile(expression)
        tree = parser.parse(expression)
    except (re.error, OverflowError, RecursionError, Warning) as error:
        return f"does not compile ({error})"
    return "repeats what already repeats, which can take for ever" if _nested(tree) else ""


def _nested(tree: Tree) -> bool:
    items = list(tree)
    row = 0
    for operator, argument in items:
        row = row + 1 if _is_unbounded(operator, argument) and _is_broad(list(argument[2])) else 0
        if row >= _IN_A_ROW:
            return True
    for operator, argument in items:
        if operator in _REPEATS:
            body = list(argument[2])
            if _is_unbounded(operator, argument) and (_runs_away(body) or _ambiguous(body)):
                return True
            if _nested(body):
                return True
        elif any(_nested(part) for part in _parts(operator, argument)):
            return True
    return False


def _parts(operator: Any, argument: Any) -> list[list[tuple[Any, Any]]]:
    """The sub-expressions of a group, an alternative or a look-around."""
    if operator is constants.SUBPATTERN:
        return [list(argument[-1])]
    if operator is constants.BRANCH:
        return [list(branch) for branch in argument[1]]
    if operator in (constants.ASSERT, constants.ASSERT_NOT):
        return [list(argument[1])]
    if operator is constants.ATOMIC_GROUP:
        return [list(argument)]
    if operator is constants.GROUPREF_EXISTS:
        return [list(part) for part in argument[1:] if part is not None]
    return []


def _is_unbounded(operator: Any, argument: Any) -> bool:
    if operator not in _REPEATS:
        return False
    low, high, _ = argument
    return high is constants.MAXREPEAT or int(high) - int(low) > _MANY


def _is_broad(body: list[tuple[Any, Any]]) -> bool:
    """Whether a repeated body takes nearly any character, so that neighbours like it share the text."""
    return len(body) == 1 and body[0][0] in (constants.ANY, constants.NOT_LITERAL)


def _runs_away(body: list[tuple[Any, Any]]) -> bool:
    """Whether a repeated body may be nothing but another repetition: then the two share the text in ever so many ways."""
    if len(body) == 1 and body[0][0] is constants.SUBPATTERN:
        return _runs_away(list(body[0][1][-1]))
    if len(body) == 1 and body[0][0] is constants.BRANCH:
        return any(_runs_away(branch) for branch in _parts(*body[0]))
    for first, second in pairwise(body):
        if first[0] in _REPEATS and first[1][0] == 0 and repr(list(first[1][2])) == repr([second]):
            return True  # `(a?a)*`: the optional part and what follows want the same text
    inner = [_is_unbounded(*item) for item in body]
    return any(inner) and all(repeats or _nullable(*item) for repeats, item in zip(inner, body, strict=True))


def _nullable(operator: Any, argument: Any) -> bool:
    if operator in _REPEATS:
        return bool(argument[0] == 0)
    if operator in (constants.AT, constants.ASSERT, constants.ASSERT_NOT):
        return True
    parts = _parts(operator, argument)
    if operator is constants.BRANCH:
        return any(all(_nullable(*item) for item in part) for part in parts)
    return bool(parts) and all(_nullable(*item) for item in parts[0])


def _ambiguous(body: Tree) -> bool:
    """Whether a repeated group has alternatives of which two start with the same literal."""
    for operator, argument in body:
        if operator is constants.SUBPATTERN and _ambiguous(argument[-1]):
            return True
        if operator is constants.BRANCH:
            starts = [branch[0] if len(branch) else None for branch in argument[1]]
            if None in starts or len({repr(start) for start in starts}) != len(starts):
                return True
    return False
