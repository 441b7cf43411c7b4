"""Reads semgrep's JSON (https://semgrep.dev/docs/semgrep-appsec-platform/json-and-sarif) into matches and faults."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

_LINE = re.compile(r" at line [^\n]*?:(\d+):")
_SYNTAX = frozenset({"PartialParsing", "Syntax error", "Other syntax error", "Lexical error", "AST builder error", "ParseError"})
_TIME = frozenset({"Timeout", "Fixpoint timeout", "TimeoutDuringInterfile"})
_RULE = frozenset({"Rule parse error", "Pattern parse error", "PatternParseError", "PatternParseError0", "InvalidYaml", "IncompatibleRule"})


class NoReportError(ValueError):
    """What semgrep wrote is no report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One match: rule, file, start and end as (line, column) with columns counted in bytes from 1, and the filled message."""

    rule: str
    file: str
    start: tuple[int, int]
    end: tuple[int, int]
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that did not work: `kind` is rule, syntax, timeout or other; `rule`, `file` and `start` are there when they are known."""

    kind: str
    message: str
    rule: str = ""
    file: str = ""
    start: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """A parsed report."""

    hits: tuple[Hit, ...]
    faults: tuple[Fault, ...]


def parse_output(text: str) -> Output:
    """Raises NoReportError for anything but a report."""
    try:
        data = json.loads(text)
        return Output(hits=tuple(_hit(item) for item in data["results"]), faults=tuple(_fault(item) for item in data["errors"]))
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise NoReportError(f"{type(error).__name__}: {error}") from error


def _hit(item: Mapping[str, object]) -> Hit:
    extra = item["extra"]
    assert isinstance(extra, dict)
    return Hit(
        rule=str(item["check_id"]),
        file=_name(item["path"]),
        start=_point(item["start"]),
        end=_point(item["end"]),
        message=str(extra["message"]),
    )


def _fault(item: Mapping[str, object]) -> Fault:
    kind = item.get("type", "")
    details = kind[1] if isinstance(kind, list) and len(kind) > 1 else None
    word = str(kind[0]) if isinstance(kind, list) and kind else str(kind)
    message = str(item.get("message") or item.get("long_msg") or item.get("short_msg") or word)
    start = None
    if isinstance(details, list) and details and isinstance(details[0], dict) and "start" in details[0]:
        start = _point(details[0]["start"])
    elif found := _LINE.search(message):
        start = (int(found[1]), 1)
    rule = str(item.get("rule_id") or "")
    name = "syntax" if word in _SYNTAX else "timeout" if word in _TIME else "rule" if word in _RULE else "other"
    return Fault(kind=name, message=_reason(message), rule=rule, file=_name(item.get("path") or ""), start=start)


def _name(path: object) -> str:
    """Targets lie flat in one folder, so the last part of a path names one."""
    return re.split(r"[/\\]", str(path))[-1]


def _point(value: object) -> tuple[int, int]:
    assert isinstance(value, dict)
    return int(value["line"]), int(value["col"])


def _reason(message: str) -> str:
    """The part of an error that says what is wrong, on one line and no longer than one can read."""
    _, _, rest = message.partition(":\n")
    line = " ".join((rest or message).split())
    return line if len(line) <= 200 else f"{line[:200]}…"
