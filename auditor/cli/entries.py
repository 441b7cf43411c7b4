"""Holds entries to their form and to their own examples."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from auditor.catalogue import load_directories, rules_directory
from auditor.errors import CatalogueError, UsageError
from auditor.model import Example, Gotcha, Outcome
from auditor.project.config import Config
from auditor.scan import ScanOptions, scan


def check_directory(directory: Path, *, examples: bool) -> tuple[int, list[str]]:
    """Give the number of entries in a catalogue directory, and every problem found."""
    try:
        gotchas = load_directories((directory,), cache=None).gotchas
    except CatalogueError as error:
        problems = str(error).splitlines()
        return len({problem.partition(":")[0] for problem in problems}), problems
    if not gotchas:
        raise UsageError(f"{directory} holds no entry: write one with gotcha-audit catalogue new")
    return len(gotchas), list(_examples(gotchas, directory)) if examples else []


def check_file(path: Path, *, examples: bool) -> tuple[int, list[str]]:
    """Give 1, and every problem of the entry in ``path``; its id is its name and that of its folder."""
    with tempfile.TemporaryDirectory(prefix="gotcha-audit-") as name:
        alone = Path(name, path.absolute().parent.name, path.name)
        alone.parent.mkdir()
        try:
            shutil.copyfile(path, alone)
        except OSError as error:
            raise UsageError(f"{path} cannot be read: {error.strerror or error}") from error
        try:
            gotchas = load_directories((Path(name),), cache=None).gotchas
        except CatalogueError as error:
            return 1, [problem.replace(str(alone), str(path)) for problem in str(error).splitlines()]
        if not gotchas:
            raise UsageError(f"{path} is no entry: one is a .md or .yaml file in a folder named for its stack")
        built_in = path.resolve().is_relative_to(rules_directory().resolve())
        gotchas = tuple(replace(gotcha, origin=str(path)) for gotcha in gotchas)
        return 1, list(_examples(gotchas, rules_directory() if built_in else Path(name))) if examples else []


def _examples(gotchas: Iterable[Gotcha], directory: Path) -> Iterator[str]:
    """Scan the examples of each entry as if they were projects. Nothing in them is executed."""
    catalogues = () if directory.resolve() == rules_directory().resolve() else (directory,)
    for gotcha in gotchas:
        for heading, example in (("Fails", gotcha.fails), ("Works", gotcha.works)):
            yield from (f"{gotcha.origin}: {heading}: {problem}" for problem in _example(gotcha, example, catalogues))


def _example(gotcha: Gotcha, example: Example, catalogues: tuple[Path, ...]) -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="gotcha-audit-") as name:
        for path, text in example.files.items():
            target = Path(name, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        report = scan(Path(name), ScanOptions(config=Config(catalogues=catalogues), select=(gotcha.id,), jobs=1, no_cache=True))
    found = {(str(result.place.path), result.place.line) for result in report.results if result.outcome is Outcome.FAIL}
    marked = {(str(path), line) for path, line in example.marks}
    yield from (f"{path}:{line} is marked, and not found to fail" for path, line in sorted(marked - found))
    yield from (f"{path}:{line} is found to fail, and not marked" for path, line in sorted(found - marked))
    yield from (f"{result.place}: {result.message}" for result in report.results if result.outcome is Outcome.ERROR)
    if marked - found and not report.runs[0].checked:
        stack = ", ".join(map(str, gotcha.applies)) or gotcha.stack
        yield f"the entry does not apply to its own example: nothing in it says {stack}"
