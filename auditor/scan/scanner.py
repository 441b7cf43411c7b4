"""The pipeline, readable top to bottom."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path, PurePosixPath

from auditor import __version__, engines
from auditor.catalogue import Catalogue, cache_directory, load
from auditor.checks import CHECKS, JUDGES
from auditor.engines import pool
from auditor.engines.base import Findings, Trouble, Work
from auditor.engines.pool import default_jobs
from auditor.errors import CatalogueError
from auditor.model import CheckDetector, Checked, Coverage, Gotcha, Outcome, Place, Report, Requirement, Result, Run, Site, Tool
from auditor.project.config import Config
from auditor.project.files import language_of
from auditor.project.project import Project, open_project
from auditor.project.text import Unreadable
from auditor.scan.gather import gather
from auditor.scan.results import from_sites, from_troubles
from auditor.scan.silence import silence

EXAMINED_ROLES = ("production",)
"""Gotchas are about production: test, example, documentation and development-only files are counted as skipped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanOptions:
    """What to scan and how. Empty ``select``, ``ignore`` mean "as configured".

    ``unsaved`` is text by path below the root that stands for the file on disk, also for one that is not saved yet.
    """

    config: Config
    paths: tuple[Path, ...] = ()
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    jobs: int | None = None
    no_cache: bool = False
    unsaved: Mapping[PurePosixPath, bytes] = field(default_factory=dict)


def scan(root: Path, options: ScanOptions) -> Report:
    """Scans the tree at ``root``.

    Raises UsageError for paths or ids that do not exist, CatalogueError for entries that cannot be used. One bad file raises nothing: it becomes
    an ``error`` result.
    """
    started, clock = datetime.now(UTC), time.perf_counter()
    config = replace(options.config, jobs=options.jobs or options.config.jobs)
    known = load(config.catalogues, cached=not options.no_cache)
    catalogue = known.select(options.select or config.select, (*config.ignore, *options.ignore))
    project = open_project(root, config=config, paths=options.paths, unsaved=options.unsaved)
    gotchas = tuple(gotcha for gotcha in catalogue.gotchas if applies(gotcha, project))
    _assert_checks_exist(gotchas)
    files = tuple(file.path for file in project.files if file.role in EXAMINED_ROLES)
    jobs = config.jobs or default_jobs()
    gathered = gather(project, jobs=jobs, directory=None if options.no_cache else cache_directory())
    if options.paths:
        gotchas = concerning(gotchas, project, files)
    work = Work(project=project, gotchas=gotchas, files=files)
    findings = run_engines(work, jobs=jobs)
    troubles = (
        *findings.troubles,
        *gathered.troubles,
        *(Trouble(check="scan/unreadable", place=Place(path=path), message=reason) for path, reason in project.troubles),
    )
    by_id = {gotcha.id: gotcha for gotcha in gotchas}
    found = from_sites(project, by_id, findings.sites)
    results = silence(project, known, gotchas, (*found, *((result, result.place.span) for result in from_troubles(troubles))))
    run = Run(
        producer="scan",
        subject=str(root),
        started=started,
        seconds=round(time.perf_counter() - clock, 3),
        stack=project.stack,
        tree=_digest(project),
        results=results,
        counts={outcome.value: sum(result.outcome is outcome and result.suppression is None for result in results) for outcome in Outcome}
        | {"suppressed": sum(result.suppression is not None for result in results)}
        | dict(findings.counts)
        | {"files read for facts": gathered.extracted, "facts kept from an earlier scan": gathered.kept},
        coverage=_coverage(project, results, gathered.left_out),
        checked=_checked(gotchas, results),
        notes=findings.notes,
    )
    return Report(tool=Tool(name="gotcha-audit", version=__version__), root=str(root), runs=(run,))


def run_engines(work: Work, *, jobs: int) -> Findings:
    """All engines over one piece of work; semgrep runs beside the others."""
    pending = engines.semgrep_start(work)
    try:
        found = [engines.python_run(work, jobs=jobs, timeout=work.project.config.file_timeout), engines.text_run(work), _run_checks(work, jobs)]
    except BaseException:
        pending.cancel()
        raise
    found.append(pending.finish())
    return Findings(
        sites=tuple(site for part in found for site in part.sites),
        troubles=tuple(dict.fromkeys(trouble for part in found for trouble in part.troubles)),
        notes=tuple(dict.fromkeys(note for part in found for note in part.notes)),
        counts=tuple(count for part in found for count in part.counts),
    )


_CHECK_PATIENCE = 6
"""A check looks at many files: it may take this many times the limit of one."""


def _run_checks(work: Work, jobs: int) -> Findings:
    """The cross-file checks, one worker task a stack, so that the facts of a stack are read once and no check can hang the scan."""
    sites: list[Site] = []
    troubles: list[Trouble] = []
    stacks = sorted({gotcha.stack for gotcha in work.gotchas if any(isinstance(detector, CheckDetector) for detector in gotcha.detectors)})
    timeout = work.project.config.file_timeout * _CHECK_PATIENCE
    for stack, answer in pool.run(stacks, partial(_checker, work), jobs=jobs, timeout=timeout):
        if isinstance(answer, pool.Failure):
            message = f"the checks of {stack}: {answer.message}"
            troubles.append(Trouble(check=f"scan/{answer.kind}", place=Place(path=None, label=stack), message=message))
        else:
            sites += answer
    selected = set(work.files)
    return Findings(sites=tuple(site for site in sites if site.place.path is None or site.place.path in selected), troubles=tuple(troubles))


def _checker(work: Work) -> Callable[[str], tuple[Site, ...]]:
    def check(stack: str) -> tuple[Site, ...]:
        return tuple(
            site
            for gotcha in work.gotchas
            if gotcha.stack == stack
            for detector in gotcha.detectors
            if isinstance(detector, CheckDetector) and detector.check is not None
            for site in CHECKS[detector.check](work.project, gotcha, detector)
        )

    return check


def applies(gotcha: Gotcha, project: Project) -> bool:
    """Whether an entry is about this project's stack: any of its requirements, or the stack named by its folder."""
    wanted = gotcha.applies or (() if gotcha.stack == "project" else (Requirement(package=gotcha.stack),))
    return not wanted or project.meets(wanted)


_CODE = frozenset({"python", "javascript", "typescript", "tsx", "vue", "svelte", "astro", "html", "css"})


def concerning(gotchas: tuple[Gotcha, ...], project: Project, files: Iterable[PurePosixPath]) -> tuple[Gotcha, ...]:
    """The entries that may have a site in ``files``: a check that reports on code does not for a Dockerfile, nor the other way round.

    Which it is, its example tells: a check whose example holds no code reports on files of deployment alone. Detectors with patterns look for their
    files themselves.
    """
    asked = {project.language(path) in _CODE for path in files}
    return tuple(
        gotcha for gotcha in gotchas if not all(isinstance(detector, CheckDetector) for detector in gotcha.detectors) or asked & reported_in(gotcha)
    )


def reported_in(gotcha: Gotcha) -> frozenset[bool]:
    """Whether an entry's checks report on code (True), on other files (False), or on both."""
    return frozenset(language_of(path) in _CODE for example in (gotcha.fails, gotcha.works) for path in example.files)


def _assert_checks_exist(gotchas: tuple[Gotcha, ...]) -> None:
    for gotcha in gotchas:
        for detector in gotcha.detectors:
            known = CHECKS if isinstance(detector, CheckDetector) else JUDGES
            if detector.check is not None and detector.check not in known:
                raise CatalogueError(f"{gotcha.origin}: there is no check {detector.check!r}; known ones: {', '.join(sorted(known))}")


def _digest(project: Project) -> str:
    """Identifies what was examined: names and contents of all selected files."""
    digest = hashlib.sha256()
    for file in project.files:
        digest.update(str(file.path).encode("utf-8", "surrogateescape") + b"\0")
        try:
            digest.update(hashlib.sha256(project.data(file.path)).digest())
        except Unreadable:
            digest.update(b"unreadable")
    return digest.hexdigest()


def _coverage(project: Project, results: Iterable[Result], left_out: Mapping[str, int]) -> Coverage:
    skipped = Counter(dict(project.skipped)) + Counter(left_out)
    for file in project.files:
        if file.role not in EXAMINED_ROLES:
            skipped[f"{file.role} code"] += 1
    failed = {result.place.path for result in results if result.outcome is Outcome.ERROR} - {None}
    examined = {file.path for file in project.files if file.role in EXAMINED_ROLES}
    return Coverage(
        selected=len(project.files),
        scanned=len(examined - failed) - sum(left_out.values()),
        skipped=dict(sorted(skipped.items())),
        failed=len(failed),
    )


def _checked(gotchas: tuple[Gotcha, ...], results: Iterable[Result]) -> tuple[Checked, ...]:
    by_id: dict[str, list[Result]] = {}
    for result in results:
        by_id.setdefault(result.check, []).append(result)
    found = []
    for gotcha in gotchas:
        here = [result for result in by_id.get(gotcha.id, ()) if result.suppression is None]
        counts = Counter(result.outcome for result in here)
        order = (Outcome.FAIL, Outcome.REVIEW, Outcome.PASS)
        places = tuple(result.place for outcome in order for result in here if result.outcome is outcome)
        found.append(
            Checked(
                gotcha=gotcha.id,
                title=gotcha.title,
                fails=counts[Outcome.FAIL],
                reviews=counts[Outcome.REVIEW],
                passes=counts[Outcome.PASS],
                places=places,
            )
        )
    return tuple(found)


__all__ = ["Catalogue", "ScanOptions", "applies", "run_engines", "scan"]
