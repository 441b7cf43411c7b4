"""Compiles the semgrep detectors of the catalogue into rules of one configuration file.

Semgrep's open engine tells bound metavariables only inside a rule's message, so the compiled message is nothing but a list of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from auditor.engines.semgrep.languages import canonical
from auditor.engines.semgrep.literals import Need, need_of
from auditor.engines.templates import metavariables
from auditor.model import Gotcha, Outcome, SemgrepDetector

NAME_MARK, TEXT_MARK = "\u241e", "\u241f"
"""Control pictures that no sane source holds: what a name, and what its text, begins with."""

_GROUP = re.compile(r"\(\?P?<([A-Z_][A-Z0-9_]*)>")
_KEPT_MODES = frozenset({"search", "taint"})
_OURS = frozenset({"id", "languages", "severity", "message", "paths", "metadata", "fix", "fix-regex", "min-version", "max-version"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of the configuration: what it says about a match, what it looks for, and what a file must hold for it."""

    id: str
    gotcha: Gotcha
    detector: SemgrepDetector
    outcome: Outcome
    languages: tuple[str, ...]
    names: tuple[str, ...]
    need: Need
    body: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A rule that cannot be compiled, and why."""

    gotcha: Gotcha
    reason: str


def compile_rules(gotchas: Iterable[Gotcha]) -> tuple[tuple[Rule, ...], tuple[Refused, ...]]:
    """The rules of every semgrep detector, and those that cannot be: for a language no file is read as, or a mode that reads other files."""
    rules: list[Rule] = []
    refused: list[Refused] = []
    for index, gotcha in enumerate(gotchas):
        for position, detector in enumerate(gotcha.detectors):
            if isinstance(detector, SemgrepDetector):
                for outcome, body in ((Outcome.FAIL, detector.fails), (Outcome.PASS, detector.works)):
                    if body is None:
                        continue
                    made = _compile(f"g{index}-{position}-{outcome.value}", gotcha, detector, outcome, body)
                    if isinstance(made, Rule):
                        rules.append(made)
                    else:
                        refused.append(made)
    return tuple(rules), tuple(refused)


def bindings_in(message: str) -> dict[str, str]:
    """Metavariable (with its dollar sign) -> bound text, from the message of a compiled rule; unbound ones are left out."""
    found: dict[str, str] = {}
    for part in message.split(NAME_MARK)[1:]:
        name, mark, text = part.partition(TEXT_MARK)
        if mark and text != f"${name}":
            found[f"${name}"] = text
    return found


def untangled(bindings: Mapping[str, str], source: str) -> dict[str, str]:
    """The bindings as they stand in `source`.

    Semgrep fills a message name by name, so a `$PORT` in the text bound to one name is replaced by what another is bound to. Where a text
    does not occur in the source but does with that undone, it is undone.
    """
    mended = {}
    for name, text in bindings.items():
        undone = text
        if text not in source:
            for other, inner in bindings.items():
                if other != name and inner and undone not in source:
                    undone = undone.replace(inner, other)
        mended[name] = undone if undone in source else text
    return mended


def _compile(id_: str, gotcha: Gotcha, detector: SemgrepDetector, outcome: Outcome, body: Mapping[str, object]) -> Rule | Refused:
    languages = tuple(dict.fromkeys(name for language in detector.languages if (name := canonical(language)) is not None))
    unknown = [language for language in detector.languages if canonical(language) is None]
    if unknown or not languages:
        return Refused(gotcha=gotcha, reason=f"no file is read as {', '.join(unknown) or 'nothing'}; name languages that are")
    if body.get("mode", "search") not in _KEPT_MODES:
        return Refused(gotcha=gotcha, reason=f"mode {body['mode']!r} needs more than one file; use search or taint")
    names = tuple(sorted({name[1:] for text in _strings(body) for name in _names(text)} - {"_"}))
    rule = {key: _plain(value) for key, value in body.items() if key not in _OURS} | {
        "id": id_,
        "languages": list(languages),
        "severity": "ERROR" if outcome is Outcome.FAIL else "INFO",
        "message": "".join(f"{NAME_MARK}{name}{TEXT_MARK}${name}" for name in names) or NAME_MARK,
    }
    return Rule(
        id=id_,
        gotcha=gotcha,
        detector=detector,
        outcome=outcome,
        languages=languages,
        names=names,
        need=need_of(body, languages),
        body=rule,
    )


def _plain(value: object) -> object:
    """The same in lists and dictionaries, which is what JSON is written from."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    return value


def _names(text: str) -> set[str]:
    return set(metavariables(text)) | {f"${name}" for name in _GROUP.findall(text)}


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _strings(inner)
