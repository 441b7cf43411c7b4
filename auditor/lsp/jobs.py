"""What the server asks of its worker: some files of one root, with the text that editors hold. No protocol in here."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from auditor.catalogue import load
from auditor.errors import GotchaAuditError
from auditor.lsp.positions import lines_of
from auditor.model import Gotcha, Outcome, Result, Span
from auditor.project.config import Config, load_config
from auditor.project.files import language_of
from auditor.project.leftout import folder_reason, name_reason
from auditor.project.text import Unreadable, decode
from auditor.scan import ScanOptions, baseline, scan

_SHOWN = (Outcome.FAIL, Outcome.ERROR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Examine ``files`` of the project at ``root``; ``texts`` are those that are open, by path below the root."""

    root: Path
    files: tuple[PurePosixPath, ...]
    texts: Mapping[PurePosixPath, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was found. ``problem`` says why nothing could be: a configuration or a catalogue that cannot be obeyed.

    ``lines`` hold the text of every line on which a span of a result starts or ends; ``entries`` those that the results name.
    """

    results: tuple[Result, ...] = ()
    entries: Mapping[str, Gotcha] = field(default_factory=dict)
    lines: Mapping[PurePosixPath, Mapping[int, str]] = field(default_factory=dict)
    problem: str = ""


def examine(job: Job) -> Answer:
    """Scan as the configuration of the root asks, read anew each time. Nothing is raised: what goes wrong is the ``problem``."""
    try:
        config = load_config(job.root)
        files = tuple(job.root / path for path in job.files if not is_foreign(path))
        if not files:
            return Answer()
        options = ScanOptions(config=config, paths=files, unsaved=dict(_unsaved(job, config)))
        report = baseline.as_configured(scan(job.root, options), config.baseline, root=job.root, paths=files)
    except GotchaAuditError as error:
        return Answer(problem=str(error))
    shown = {*_SHOWN, *(outcome for outcome in config.show if outcome is Outcome.REVIEW)}
    results = tuple(result for result in report.results if result.outcome in shown and result.suppression is None)
    catalogue = load(config.catalogues)
    entries = {result.check: gotcha for result in results if (gotcha := catalogue.get(result.check)) is not None}
    return Answer(results=results, entries=entries, lines=_lines(job, _spans(results)))


def is_foreign(path: PurePosixPath) -> bool:
    """Whether a file is other people's or a tool's by its name: whoever follows a definition into a package asks nothing about it."""
    return any(folder_reason(part) for part in path.parts[:-1]) or bool(name_reason(path))


def _unsaved(job: Job, config: Config) -> Iterator[tuple[PurePosixPath, bytes]]:
    """The texts that differ from what is on disk: of the others everything that is kept by content may be used."""
    for path, text in job.texts.items():
        data = encoded(text, path)
        try:
            target = job.root / path
            if target.stat().st_size <= config.max_file_size and target.read_bytes() == data:
                continue
        except OSError:
            pass
        yield path, data


def encoded(text: str, path: PurePosixPath) -> bytes:
    """The bytes that are read as exactly this text, whatever its coding line says. Half a character, which no file can hold, becomes `?`."""
    data = text.encode("utf-8", "replace")
    try:
        same = decode(data, language_of(path)) == "\n".join(lines_of(data.decode("utf-8").removeprefix("\ufeff")))
    except Unreadable:
        same = False
    return data if same else codecs.BOM_UTF8 + data.removeprefix(codecs.BOM_UTF8)


def _spans(results: Iterable[Result]) -> Iterator[tuple[PurePosixPath, Span | None]]:
    for result in results:
        for place in (result.place, *result.related):
            if place.path is not None:
                yield place.path, place.span
        if result.change is not None:
            yield from ((edit.path, edit.span) for edit in result.change.edits)


def _lines(job: Job, spans: Iterable[tuple[PurePosixPath, Span | None]]) -> dict[PurePosixPath, dict[int, str]]:
    """The lines on which spans start and end; a path that is no readable file is left out."""
    found: dict[PurePosixPath, dict[int, str]] = {}
    texts: dict[PurePosixPath, list[str] | None] = {}
    for path, span in spans:
        if path not in texts:
            texts[path] = _read(job, path)
        lines = texts[path]
        if lines is None:
            continue
        held = found.setdefault(path, {})
        for number in (span.start.line, span.end.line) if span is not None else ():
            if 0 < number <= len(lines):
                held[number] = lines[number - 1]
    return found


def _read(job: Job, path: PurePosixPath) -> list[str] | None:
    if path in job.texts:
        return lines_of(job.texts[path])
    try:
        return decode((job.root / path).read_bytes(), language_of(path)).split("\n")
    except (OSError, Unreadable):
        return None
