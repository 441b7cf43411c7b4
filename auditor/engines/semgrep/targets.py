"""What semgrep is given to read: copies of the candidate files under names it understands, and the way back to the true places."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from auditor.engines.base import Trouble, Work
from auditor.engines.semgrep.blocks import blocks
from auditor.engines.semgrep.languages import SCRIPTED, reads_whole, suffix_of
from auditor.engines.semgrep.rules import Rule
from auditor.engines.sites import applies_to, globs
from auditor.model import Gotcha, Place, Position, Span
from auditor.project.files import SourceFile
from auditor.project.project import Project
from auditor.project.text import Unreadable

_TEMPLATE = re.compile(r"\{\{|\{%|<%|<\?(?:php|=)|\[%")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_LATIN = re.compile("[\x80-\xff]")
_STAND_INS = re.compile("[\ua580-\ua5ff]")
_SHIFT = 0xA500


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One file for semgrep: its `name` there, where it comes from, and its text, which has the lines and columns of the true one.

    `template` says that template markup stands in it, so that parts which cannot be parsed are no fault of the file.
    """

    name: str
    path: PurePosixPath
    text: str
    shielded: bool = False
    template: bool = False
    lines: tuple[str, ...] = field(default=(), compare=False, repr=False)

    def span(self, start: tuple[int, int], end: tuple[int, int]) -> Span:
        """A span in code points from semgrep's lines and columns, which count bytes of UTF-8 from 1."""
        first, last = self._position(*start), self._position(*end)
        return Span(start=first, end=max(first, last))

    def source(self, span: Span) -> str:
        """The text of a span."""
        lines = list(self.lines[span.start.line - 1 : span.end.line])
        if not lines:
            return ""
        lines[-1] = lines[-1][: span.end.column - 1]
        lines[0] = lines[0][span.start.column - 1 :]
        return "\n".join(lines)

    def restored(self, text: str) -> str:
        """What semgrep quotes from this file, with the stand-ins for Latin-1 letters undone."""
        return _STAND_INS.sub(lambda found: chr(ord(found[0]) - _SHIFT), text) if self.shielded else text

    def _position(self, line: int, column: int) -> Position:
        line = min(max(line, 1), len(self.lines))
        written = shield(self.lines[line - 1]) if self.shielded else self.lines[line - 1]
        before = written.encode("utf-8", "replace")[: max(column - 1, 0)]
        return Position(line=line, column=len(before.decode("utf-8", "ignore")) + 1)

    @property
    def written(self) -> str:
        """The text as semgrep gets it."""
        return shield(self.text) if self.shielded else self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The targets by name, the names each rule may see, and the candidates that could not be read."""

    targets: Mapping[str, Target]
    admitted: Mapping[str, frozenset[str]]
    troubles: tuple[Trouble, ...]


def shield(text: str) -> str:
    """`text` with each Latin-1 letter as a stand-in: semgrep 1.182 calls YAML that has one at the start of a word a syntax error."""
    return _LATIN.sub(lambda found: chr(ord(found[0]) + _SHIFT), text)


def plan_targets(work: Work, rules: Iterable[Rule]) -> Plan:
    """What each rule may look at: production files in its languages and paths, in a package it applies to, that hold its words."""
    maker = _Maker(work.project)
    files = [file for path in work.files if (file := work.project.file(path)) is not None and file.role == "production"]
    admitted: dict[str, frozenset[str]] = {}
    for rule in rules:
        names: set[str] = set()
        for file in files:
            if _may_see(rule, file) and maker.applies(rule.gotcha, file) and maker.holds(rule, file):
                names.update(maker.targets(rule, file))
        if names:
            admitted[rule.id] = frozenset(names)
    used = frozenset(name for names in admitted.values() for name in names)
    targets = {target.name: target for made in maker.made.values() for target in made if target.name in used}
    return Plan(targets=targets, admitted=admitted, troubles=tuple(maker.troubles.values()))


def _may_see(rule: Rule, file: SourceFile) -> bool:
    if rule.detector.paths and not globs(rule.detector.paths).match_file(str(file.path)):
        return False
    return any(reads_whole(language, file.language) for language in rule.languages) or (
        file.language in SCRIPTED and ("javascript" in rule.languages or "typescript" in rule.languages)
    )


class _Maker:
    """Reads candidates once, whatever the number of rules."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.made: dict[tuple[PurePosixPath, bool], tuple[Target, ...]] = {}
        self.troubles: dict[PurePosixPath, Trouble] = {}
        self._data: dict[PurePosixPath, bytes | None] = {}
        self._applies: dict[tuple[str, PurePosixPath, str], bool] = {}
        self._count = 0

    def applies(self, gotcha: Gotcha, file: SourceFile) -> bool:
        """Whether the entry is about the package the file lies in, asked once a directory."""
        key = (gotcha.id, file.path.parent, file.language)
        if key not in self._applies:
            self._applies[key] = applies_to(self.project, gotcha, file)
        return self._applies[key]

    def holds(self, rule: Rule, file: SourceFile) -> bool:
        """Whether the file has the words the rule needs; one that cannot be read has none and is a trouble."""
        data = self._bytes(file.path)
        return data is not None and rule.need.admits(data)

    def targets(self, rule: Rule, file: SourceFile) -> list[str]:
        """The names under which the rule sees the file: as it is, its script blocks, or both."""
        names: list[str] = []
        if any(reads_whole(language, file.language) for language in rule.languages):
            names += [target.name for target in self._make(file, scripts=False)]
        if file.language in SCRIPTED:
            for target in self._make(file, scripts=True):
                language = "typescript" if target.name.endswith((".ts", ".tsx")) else "javascript"
                if language in rule.languages:
                    names.append(target.name)
        return names

    def _bytes(self, path: PurePosixPath) -> bytes | None:
        if path not in self._data:
            try:
                data = self.project.data(path)
                self._data[path] = self.project.text(path).encode("utf-8", "replace") if data.startswith(_UTF16) else data
            except Unreadable as error:
                self._data[path] = None
                self._fail(path, error)
        return self._data[path]

    def _fail(self, path: PurePosixPath, error: Unreadable) -> None:
        self.troubles[path] = Trouble(check="scan/unreadable", place=Place(path=path), message=error.reason)

    def _make(self, file: SourceFile, *, scripts: bool) -> tuple[Target, ...]:
        key = (file.path, scripts)
        if key not in self.made:
            try:
                text = self.project.text(file.path)
            except Unreadable as error:
                self._fail(file.path, error)
                parts: list[tuple[str, str]] = []
            else:
                if scripts:
                    parts = [(block.suffix, block.text) for block in blocks(text, file.language)]
                else:
                    parts = [(suffix_of(file.path, file.language), text)]
            self.made[key] = tuple(self._target(file, suffix, part) for suffix, part in parts)
        return self.made[key]

    def _target(self, file: SourceFile, suffix: str, text: str) -> Target:
        self._count += 1
        return Target(
            name=f"{self._count:05}{suffix}",
            path=file.path,
            text=text,
            shielded=suffix == ".yaml" and _STAND_INS.search(text) is None and _LATIN.search(text) is not None,
            template=file.language in ("html", "yaml") and _TEMPLATE.search(text) is not None,
            lines=tuple(text.split("\n")),
        )
