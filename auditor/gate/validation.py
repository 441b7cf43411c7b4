"""A validation as its user asks for it: the target found or described, a scan to explain failures with, the application started and observed."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from auditor import __version__
from auditor.catalogue import load
from auditor.errors import ConfigError
from auditor.model import Report, Result, Run, Tool
from auditor.project.config import Config
from auditor.project.project import Project, open_project
from auditor.report.verdict import verdict
from auditor.runtime import attempts
from auditor.runtime.configured import Described, configured, joined, merged, planned
from auditor.runtime.detected import detect
from auditor.runtime.environment import environment
from auditor.runtime.progress import Progress
from auditor.runtime.target import ROOT, Target
from auditor.runtime.validate import Options, validate
from auditor.scan import ScanOptions, scan
from auditor.scan.scanner import applies


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """What is asked for.

    ``plan`` is a plan file whose `validation` block counts besides the configuration, with ``attempt`` the run is counted as an attempt of it.
    ``command`` replaces the command of the start. ``scope`` is the folder of the application in a tree of several. ``caller`` is the environment of
    whoever asks. ``explained`` says whether a scan is made to explain failures with.
    """

    config: Config
    plan: Path | None = None
    validation: Mapping[str, object] = field(default_factory=dict)
    attempt: bool = False
    command: str = ""
    scope: PurePosixPath = ROOT
    caller: Mapping[str, str] = field(default_factory=dict)
    copied: bool = False
    browser: bool = True
    kept: Path | None = None
    explained: bool = True


def validated(root: Path, asked: Validation, *, progress: Progress | None = None) -> Report:
    """Validate the application in ``root``.

    Raises ConfigError when nothing says how it is started, AttemptsExhausted when the plan's attempts are used up, GotchaAuditError when the tree
    cannot be copied or read.
    """
    project = open_project(root, config=asked.config)
    target, described = targeted(root, project, asked)
    given = environment(project, target, root, asked.caller)
    target = replace(target, notes=(*target.notes, *given.notes))
    static, tree = _scanned(root, asked)
    gotchas = tuple(gotcha for gotcha in load(asked.config.catalogues).gotchas if applies(gotcha, project))
    limit = described.attempts or attempts.LIMIT
    number = attempts.begin(asked.plan, tree=tree, commit=_commit(root), limit=limit) if asked.plan is not None and asked.attempt else None
    options = Options(environment=given.variables, copied=asked.copied, browser=asked.browser, kept=asked.kept)
    run = replace(validate(root, project, target, options, gotchas=gotchas, static=static, progress=progress), tree=tree)
    if number is not None and asked.plan is not None:
        failing = dict.fromkeys(result.check for result in run.results if result.outcome == "fail")
        attempts.finish(asked.plan, number, verdict=verdict(run), failed=failing)
    return Report(tool=Tool(name="gotcha-audit", version=__version__), root=str(root), runs=(run,))


def targeted(root: Path, project: Project, asked: Validation) -> tuple[Target, Described]:
    """What to start and what to ask of it; what is written wins over what is detected. Raises ConfigError when nothing says how to start."""
    described = configured(asked.config, root)
    if asked.plan is not None:
        described = joined(described, planned(asked.plan, root, asked.validation))
    if asked.command:
        start = {**described.start, "words": ("/bin/sh", "-c", asked.command), "kind": "command line", "why": "given on the command line"}
        described = replace(described, start=start)
    detected = detect(project, asked.scope)
    if detected.found is None and not described.has_command:
        reasons = "".join(f"\n  {reason}" for reason in detected.why_not)
        raise ConfigError(
            f'{root}: nothing says how the application is started: give `--command "…"`, or write `start-command` below '
            f"`[tool.gotcha-audit.validate]`{reasons}"
        )
    target = merged(detected.found, described)
    passed_over = tuple(f"passed over: {other}" for other in detected.others)
    return replace(target, notes=(*target.notes, *passed_over)), described


def _scanned(root: Path, asked: Validation) -> tuple[tuple[Result, ...], str]:
    """What a scan says of the tree, and the digest of what it looked at."""
    if not asked.explained:
        return (), ""
    run: Run = scan(root, ScanOptions(config=asked.config)).runs[0]
    return run.results, run.tree


def _commit(root: Path) -> str:
    """The commit that is checked out, "" where there is none."""
    try:
        done = subprocess.run(["git", "-C", str(root), "rev-parse", "HEAD"], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
