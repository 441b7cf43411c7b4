"""Runs the Python detectors over the Python files of a project."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import PurePosixPath

from auditor.engines import pool
from auditor.engines.base import Findings, Trouble, Work
from auditor.engines.python.aliases import Aliases, aliases_of, imported_by, renamed, taken
from auditor.engines.python.detectors import Prepared, prepare
from auditor.engines.python.examine import Examined, Examiner
from auditor.model import Place, Site
from auditor.project.project import Project


def run(work: Work, *, jobs: int, timeout: float) -> Findings:
    """Every site of the Python detectors. Raises CatalogueError for a pattern that cannot be compiled."""
    prepared = prepare(work.gotchas)
    paths = [path for path in work.files if (file := work.project.file(path)) is not None and file.language == "python"]
    aliases = aliases_in(work.project, prepared, paths)
    sites: list[Site] = []
    troubles: list[Trouble] = []
    stages: Counter[str] = Counter()
    for path, answer in pool.run(paths, partial(_make, work.project, prepared, aliases), jobs=_jobs(jobs, len(paths)), timeout=timeout):
        if isinstance(answer, pool.Failure):
            check = "scan/timeout" if answer.kind == "timeout" else "scan/crash"
            troubles.append(Trouble(check=check, place=Place(path=path), message=answer.message))
            continue
        sites += answer.sites
        troubles += answer.troubles
        stages[answer.stage] += 1
    return Findings(
        sites=tuple(sites),
        troubles=tuple(troubles),
        counts=tuple((f"python files read as far as {stage}", n) for stage, n in sorted(stages.items())),
    )


def _jobs(jobs: int, files: int) -> int:
    """A second worker pays from about forty files on: each has to parse the modules that values come from for itself."""
    return min(jobs, 1 + files // 40)


def aliases_in(project: Project, prepared: tuple[Prepared, ...], paths: Sequence[PurePosixPath] | None = None) -> Aliases:
    """The other names, anywhere in the project, of what the patterns look up through imports.

    For few ``paths`` only the files are read that these import from, and so on: no other can pass a name on to them.
    """
    gates = [gate for detector in prepared for gate in detector.gates]
    roots = frozenset(root for gate in gates for root, _ in gate.roots)
    names = {name for gate in gates for name in gate.imported} | roots
    world = project.python.world
    sources = world.files.python_paths() if paths is None or len(paths) > _FEW else sorted(imported_by(world, paths))
    texts = [world.files.source(path) or "" for path in sources]
    pairs = (pair for text in texts for pair in renamed(text))
    return aliases_of(sorted(names), pairs, (pair for text in texts for pair in taken(text, roots)))


_FEW = 20


def _make(project: Project, prepared: tuple[Prepared, ...], aliases: Aliases) -> Callable[[PurePosixPath], Examined]:
    return Examiner(project, prepared, aliases).examine
