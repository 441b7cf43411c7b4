r"""Judge of the origins given to flask-cors: what can a browser never send, and what lets strangers in?

A browser sends `scheme://host[:port]` without a path
(https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Origin). flask-cors compares texts, and takes one that holds any of
``*\]?$^[()`` for a regular expression that only has to match the start (flask_cors/core.py).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from auditor.checks.base import Match, Verdict
from auditor.checks.origins import is_loopback_origin
from auditor.model import Outcome, Place
from auditor.project.project import Project
from auditor.project.python.frame import Frame
from auditor.project.python.values import EnvRead, Literal, MappingValue, Sequence, Text, Value, in_production

_REGEX = frozenset("*\\]?$^[()")
_ORIGIN = re.compile(r"^[a-z][a-z0-9+.\-]*://[^/\s?#,]+$", re.IGNORECASE)
_EVERYTHING = frozenset({"*", ".*", "^.*$"})


def origin_with_path(project: Project, match: Match) -> Verdict | None:
    """FAILS for an origin that no browser sends: with a slash or path at the end, without a scheme, or two in one text."""
    del project
    frame = match.frame
    if frame is None or not isinstance(frame.node, ast.Call):
        return None
    found = list(_origins(frame, frame.node))
    wrong = [text for text in _texts(found) if not _is_pattern(text) and text not in ("", "null", "*") and not _ORIGIN.match(text)]
    if not wrong:
        return Verdict(outcome=Outcome.PASS, message="every origin is one that browsers send") if found else None
    return Verdict(outcome=Outcome.FAIL, message=_why(wrong[0]), related=_trail(frame, found))


def _why(text: str) -> str:
    if "," in text:
        return f'"{text}" is taken for one origin; no browser sends it, so all of them are blocked'
    if "://" not in text:
        return f'"{text}" has no scheme, and every origin that a browser sends has one: it is never allowed'
    return f'"{text}" has a path, and no origin that a browser sends has one: it is never allowed'


def unanchored_pattern(project: Project, match: Match) -> Verdict | None:
    """FAILS for a pattern without an end, which also lets `https://app.example.com.evil.test` in; and for a glob, which is no pattern at all."""
    del project
    frame = match.frame
    if frame is None or not isinstance(frame.node, ast.Call):
        return None
    found = list(_origins(frame, frame.node))
    patterns = [text for text in _texts(found) if _is_pattern(text) and text not in _EVERYTHING]
    if not patterns:
        return None
    for text in patterns:
        if text.startswith(("*.", "*:")):
            return Verdict(
                outcome=Outcome.FAIL, message=f'"{text}" is no regular expression: flask-cors stops the start', related=_trail(frame, found)
            )
        if re.search(r"://\*\.", text):
            message = f'"{text}" is read as a regular expression, in which `/*` means any number of slashes: no subdomain is ever allowed'
            return Verdict(outcome=Outcome.FAIL, message=message, related=_trail(frame, found))
    loose = [text for text in patterns if not text.rstrip(")").endswith(("$", r"\Z")) and not text.endswith(".*")]
    if loose:
        stranger = "http://localhost.evil.test" if "localhost" in loose[0] or is_loopback_origin(loose[0]) else "a host that goes on with .evil.test"
        message = f'"{loose[0]}" has to match only the start of an origin: {stranger} is allowed too'
        return Verdict(outcome=Outcome.FAIL, message=message, related=_trail(frame, found))
    return Verdict(outcome=Outcome.PASS, message="the patterns have an end")


def unsplit_list(project: Project, match: Match) -> Verdict | None:
    """FAILS when the text of a variable that is named as a list of origins is given to flask-cors in one piece."""
    del project
    frame = match.frame
    if frame is None or not isinstance(frame.node, ast.Call):
        return None
    found = list(_origins(frame, frame.node))
    has_own = any(keyword.arg == "origins" for keyword in frame.node.keywords)
    for value in found:
        for option in in_production(value):
            read = option.value
            if isinstance(read, Sequence) and len(read.items) == 1 and not read.open:
                read = read.items[0]
            if isinstance(read, EnvRead) and read.name and read.reader.startswith("os."):
                if isinstance(read.default, Sequence) or _is_split(frame, read):
                    continue
                if re.search(r"ORIGINS$|HOSTS$|URLS$|DOMAINS$", read.name, re.IGNORECASE):
                    message = f"{read.name} is used in one piece: with two origins in it, both are blocked"
                    suggest = {"origins=": f'[origin.strip() for origin in os.environ["{read.name}"].split(",")]'} if has_own else {}
                    return Verdict(outcome=Outcome.FAIL, message=message, related=_trail(frame, found), suggest=suggest)
                return Verdict(outcome=Outcome.PASS, message=f"{read.name} holds one origin")
    return None


def _is_split(frame: Frame, read: EnvRead) -> bool:
    """Whether the text is taken apart on its way; a required read forgets that, so the lines of its trail are looked at."""
    world = frame.evaluator.world
    lines = [ast.unparse(frame.node)]
    for step in read.trail:
        module = world.module(step.path) if step.path is not None else None
        if module is not None and step.span is not None:
            lines += module.lines[step.span.start.line - 1 : step.span.end.line]
    return any(re.search(r"split\(|loads\(|literal_eval\(|findall\(", line) for line in lines)


def _origins(frame: Frame, call: ast.Call) -> Iterator[Value]:
    """The values of `origins=` and of "origins" inside `resources=`."""
    given = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    if "origins" in given:
        yield frame.value(given["origins"])
    if "resources" in given:
        for option in in_production(frame.value(given["resources"])):
            if isinstance(option.value, MappingValue):
                for _, inner in option.value.items:
                    origins = inner.get("origins") if isinstance(inner, MappingValue) else None
                    if origins is not None:
                        yield origins


def _texts(values: list[Value]) -> Iterator[str]:
    """Every origin that is written in the source, defaults of variables included."""
    for value in values:
        for option in in_production(value):
            match option.value:
                case Literal(value=str() as text):
                    yield text.strip()
                case Sequence(items=items):
                    yield from _texts(list(items))
                case EnvRead(default=Value() as default):
                    yield from _texts([default])
                case Text():
                    continue
                case _:
                    continue


def _is_pattern(text: str) -> bool:
    return any(char in _REGEX for char in text)


def _trail(frame: Frame, values: list[Value]) -> tuple[Place, ...]:
    site = frame.place()
    steps = [step for value in values for option in in_production(value) for step in option.value.trail if step.label]
    return tuple(dict.fromkeys(step for step in steps if (step.path, step.span) != (site.path, site.span)))[:6]
