"""A baseline: the findings a project lives with, written down, so that only new ones count.

The file is JSON, described by `baseline-v1.json` beside this module: sorted, one finding a block, without line numbers, so that a diff of it shows
what was accepted and what was mended, and nothing else. Findings are counted, never matched by rule and file alone: a further equal line is new.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from pathlib import Path, PurePosixPath

from auditor.errors import UsageError
from auditor.model import Outcome, Report, Result, Run, Suppression
from auditor.scan.figures import is_open, silenced
from auditor.scan.pairs import Finding, pairs
from auditor.scan.results import what

FILE = "gotcha-audit-baseline.json"
VERSION = 1
_KEYS = ("path", "check", "verdict", "message", "fingerprint")
_TOP = ("version", "findings")
_VERDICTS = {Outcome.FAIL.value: Outcome.FAIL, Outcome.REVIEW.value: Outcome.REVIEW}
_MAX_BYTES = 50_000_000
_LONGEST = 300
_MOST_NAMED = 5
_FINGERPRINT = re.compile(r"[0-9a-f]{24,}")
_FINDINGS = re.compile(r'(?<!\\)"findings"\s*:\s*\[')
_BETWEEN = re.compile(r"[\s,]*")
_ANEW = "`gotcha-audit baseline create --force` writes it anew"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One finding of a baseline; ``path`` is None for one outside any file. ``message`` is for those who read the file, and compared with nothing."""

    path: str | None
    check: str
    verdict: Outcome
    message: str
    fingerprint: str

    def __str__(self) -> str:
        return f"{self.path or '-'}: {self.check}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """The entries of a file; ``path`` names it in messages."""

    path: Path
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a scan was asked to look at, when that was not everything: ``paths`` below the root, and whether entries were ``selected`` by flags."""

    paths: tuple[Path, ...] = ()
    selected: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """What came of holding a baseline against a report: the entries to ``write``, and what became of the old and the new ones.

    ``new`` are findings that no entry covers; they are among those to write only when that was asked for. ``moved`` pairs old paths with new ones.
    """

    write: tuple[Entry, ...]
    kept: int
    gone: tuple[Entry, ...]
    moved: tuple[tuple[str, str], ...]
    new: tuple[Entry, ...]


# -- the file ----------------------------------------------------------------------------------------------------------------------


def render(entries: Iterable[Entry]) -> str:
    """The text of a baseline: ASCII, sorted, the same for the same findings in whatever order they come."""
    ordered = sorted(entries, key=lambda entry: (entry.path or "", entry.check, entry.fingerprint, entry.message))
    findings = [{**{key: getattr(entry, key) for key in _KEYS}, "verdict": entry.verdict.value} for entry in ordered]
    return json.dumps({"version": VERSION, "findings": findings}, indent=2, ensure_ascii=True) + "\n"


def schema() -> str:
    """The JSON Schema (draft 2020-12) of the file."""
    return resources.files("auditor.scan").joinpath("baseline-v1.json").read_text("utf-8")


def read(path: Path) -> Baseline:
    """The baseline in a file. Raises UsageError with file:line and the mend for anything that is not exactly its form."""
    path = _near(path)
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise UsageError(f"{path}: is larger than {_MAX_BYTES:,} bytes, which is no baseline")
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        raise UsageError(f"{path}: there is no such baseline: `gotcha-audit baseline create --file {path}` writes it") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"{path}: cannot be read: {reason}") from error
    return Baseline(path=path, entries=_Reader(path, text).entries())


def _near(path: Path) -> Path:
    """The path as one would type it here."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


class _Reader:
    """Turns the text of a baseline into its entries, or says what is wrong and where."""

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self.text = text

    def entries(self) -> tuple[Entry, ...]:
        try:
            document = json.loads(self.text, object_pairs_hook=self.once)
        except json.JSONDecodeError as error:
            conflict = self.text.split("\n")[error.lineno - 1].startswith(("<<<<<<<", "=======", ">>>>>>>"))
            mend = "this is a conflict of a merge: keep the blocks of both sides, then `gotcha-audit baseline update`" if conflict else _ANEW
            raise UsageError(f"{self.path}:{error.lineno}: this is not valid JSON ({error.msg}): {mend}") from error
        except RecursionError as error:
            raise UsageError(f"{self.path}: is nested deeper than a baseline is: {_ANEW}") from error
        if not isinstance(document, dict):
            raise self.wrong(0, "this is no baseline, which is an object with `version` and `findings`", _ANEW)
        version = document.get("version")
        if version != VERSION or isinstance(version, bool):
            what_is = "no `version` is given" if version is None else f"version {json.dumps(version)[:40]} is not known"
            raise self.wrong(
                self.find('"version"'), f"{what_is}; this gotcha-audit reads version {VERSION}", f"use the one that wrote it, or {_ANEW}"
            )
        for key in document:
            if key not in _TOP:
                raise self.wrong(self.find(json.dumps(key)), f"`{key}` is not known", "remove it")
        findings = document.get("findings")
        if not isinstance(findings, list):
            raise self.wrong(self.find('"findings"'), "`findings` is no list", _ANEW)
        return self.each(len(findings))

    def each(self, number: int) -> tuple[Entry, ...]:
        """The entries, decoded one by one so that each has its place in the text."""
        decoder = json.JSONDecoder()
        start = _FINDINGS.search(self.text)
        position = start.end() if start else 0
        found: dict[str, Entry] = {}
        for _ in range(number):
            between = _BETWEEN.match(self.text, position)
            position = between.end() if between else position
            value, end = decoder.raw_decode(self.text, position)
            entry = self.entry(value, position)
            if entry.fingerprint in found:
                raise self.wrong(position, "this finding is there twice", "remove one of the two blocks")
            found[entry.fingerprint] = entry
            position = end
        return tuple(found.values())

    def entry(self, value: object, position: int) -> Entry:
        if not isinstance(value, dict):
            raise self.wrong(position, "this is no finding, which is an object", "remove it")
        for key in value:
            if key not in _KEYS:
                raise self.wrong(position, f"`{key}` is not known", "remove it")
        for key in _KEYS:
            if not (isinstance(value.get(key), str) or (key == "path" and key in value and value[key] is None)):
                raise self.wrong(position, f"`{key}` is {'no text' if key in value else 'not given'}", f"remove this block, or {_ANEW}")
        if value["verdict"] not in _VERDICTS:
            raise self.wrong(position, f"`verdict` is {value['verdict']!r}", 'write "fail" or "review"')
        if not _FINGERPRINT.fullmatch(value["fingerprint"]):
            raise self.wrong(position, "`fingerprint` is none", f"remove this block, or {_ANEW}")
        path = value["path"]
        if path is not None and not _is_below(path):
            raise self.wrong(position, f"`path` is {path!r}, which is no path below the root", f"remove this block, or {_ANEW}")
        return Entry(**{**value, "verdict": _VERDICTS[value["verdict"]]})

    def once(self, members: list[tuple[str, object]]) -> dict[str, object]:
        twice = next((key for key, number in Counter(key for key, _ in members).items() if number > 1), None)
        if twice is not None:
            raise self.wrong(self.find_twice(twice), f"`{twice}` is there twice in one object", "keep one of them")
        return dict(members)

    def find_twice(self, key: str) -> int:
        """Where a key stands a second time in one block, as well as a search can tell."""
        quoted = re.escape(json.dumps(key))
        both = re.search(rf"{quoted}\s*:[^{{}}]*?({quoted})\s*:", self.text)
        return both.start(1) if both else 0

    def find(self, word: str) -> int:
        return max(self.text.find(word), 0)

    def wrong(self, position: int, message: str, mend: str) -> UsageError:
        line = self.text.count("\n", 0, position) + 1
        return UsageError(f"{self.path}:{line}: {message}: {mend}")


def _is_below(path: str) -> bool:
    parts = PurePosixPath(path).parts
    return bool(parts) and "\0" not in path and not path.startswith("/") and ".." not in parts


# -- findings ----------------------------------------------------------------------------------------------------------------------


def entries_of(run: Run) -> tuple[Entry, ...]:
    """The findings of a scan that count, as entries. What could not be examined is no finding and never one of them."""
    return tuple(_entry(result) for result in run.results if is_open(result))


def _entry(result: Result) -> Entry:
    path = None if result.place.path is None else str(result.place.path)
    message = result.message.split("\n", 1)[0][:_LONGEST]
    return Entry(path=path, check=result.check, verdict=result.outcome, message=message, fingerprint=result.fingerprint)


def apply(report: Report, baseline: Baseline, *, root: Path, limits: Limits | None = None) -> Report:
    """``report`` with the findings of the baseline suppressed (origin "baseline"); notes say what the baseline holds that is no longer there."""
    runs = tuple(_applied(run, baseline, root, limits or Limits()) if run.producer == "scan" else run for run in report.runs)
    return replace(report, runs=runs)


def as_configured(report: Report, path: Path | None, *, root: Path, paths: tuple[Path, ...]) -> Report:
    """``report`` of a scan of ``paths`` after the baseline that the configuration names, if any; raises UsageError when it cannot be used."""
    return report if path is None else apply(report, read(path), root=root, limits=Limits(paths=paths))


def _applied(run: Run, baseline: Baseline, root: Path, limits: Limits) -> Run:
    positions = [position for position, result in enumerate(run.results) if is_open(result)]
    found = [_entry(run.results[position]) for position in positions]
    covered = _covered(found, baseline.entries, root)
    suppression = Suppression(origin="baseline", reason=f"listed in {baseline.path.name}")
    gone = _gone(run, baseline, covered, limits)
    return silenced(run, {positions[position]: suppression for position in covered}, notes=_notes(baseline, found, covered, gone))


def update(run: Run, baseline: Baseline, *, root: Path, add: bool) -> Update:
    """What the baseline is to hold after a whole scan: without what is gone, with what moved where it is now, and with what is new on request."""
    found = entries_of(run)
    covered = _covered(found, baseline.entries, root)
    gone = _gone(run, baseline, covered, Limits())
    uncertain = [entry for number, entry in enumerate(baseline.entries) if number not in covered.values() and entry not in gone]
    kept = [found[position] for position in sorted(covered)]
    new = tuple(entry for position, entry in enumerate(found) if position not in covered)
    taken = {entry.fingerprint for entry in found}
    kept += [entry for entry in uncertain if entry.fingerprint not in taken]
    return Update(write=(*kept, *(new if add else ())), kept=len(kept), gone=gone, moved=_moved(baseline, found, covered), new=new)


def _covered(found: Sequence[Entry], known: Sequence[Entry], root: Path) -> Mapping[int, int]:
    return pairs([_finding(entry) for entry in found], [_finding(entry) for entry in known], moved=_mover(root, known))


def _finding(entry: Entry) -> Finding:
    return Finding(check=entry.check, path=entry.path or "", code=what(entry.fingerprint), verdict=entry.verdict, mark=entry.fingerprint)


def _mover(root: Path, known: Iterable[Entry]) -> Callable[[str, str], bool]:
    """A file was renamed, as far as its findings tell, when it is gone and the other one is not in the baseline under its own name."""
    named = {entry.path for entry in known}

    @cache
    def is_gone(path: str) -> bool:
        return not os.path.lexists(root / path)

    return lambda old, new: bool(old) and bool(new) and new not in named and is_gone(old)


def _gone(run: Run, baseline: Baseline, covered: Mapping[int, int], limits: Limits) -> tuple[Entry, ...]:
    """The entries that this scan would have found again, and did not."""
    failed = {result.place.path and str(result.place.path) for result in run.results if result.outcome is Outcome.ERROR}
    if None in failed:
        return ()
    ran = {checked.gotcha for checked in run.checked}
    taken = set(covered.values())
    return tuple(
        entry
        for number, entry in enumerate(baseline.entries)
        if number not in taken
        and entry.path not in failed
        and (not limits.selected or entry.check in ran)
        and (not limits.paths or (entry.path is not None and _among(PurePosixPath(entry.path), limits.paths)))
    )


def _among(path: PurePosixPath, paths: Iterable[Path]) -> bool:
    return any(PurePosixPath(os.path.normpath(one)) in (path, *path.parents) for one in paths)


def _moved(baseline: Baseline, found: Sequence[Entry], covered: Mapping[int, int]) -> tuple[tuple[str, str], ...]:
    both = ((baseline.entries[number].path, found[position].path) for position, number in covered.items())
    return tuple(dict.fromkeys((old, new) for old, new in both if old and new and old != new))


def _notes(baseline: Baseline, found: Sequence[Entry], covered: Mapping[int, int], gone: Sequence[Entry]) -> list[str]:
    notes = []
    mend = "`gotcha-audit baseline update` writes that down"
    for old, new in _moved(baseline, found, covered):
        notes.append(f"{baseline.path.name}: what it holds of {old} is taken for {new}, because {old} is gone; {mend}")
    if gone:
        named = "; ".join(str(entry) for entry in gone[:_MOST_NAMED])
        more = f"; and {len(gone) - _MOST_NAMED} more" if len(gone) > _MOST_NAMED else ""
        occur = "1 entry no longer occurs" if len(gone) == 1 else f"{len(gone)} entries no longer occur"
        notes.append(f"{baseline.path.name}: {occur} ({named}{more}); {mend}")
    return notes
