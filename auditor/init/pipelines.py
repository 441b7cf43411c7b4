"""Hooks of pre-commit, a workflow of GitHub and a job of GitLab."""

from __future__ import annotations

from pathlib import PurePosixPath

from auditor import __version__
from auditor.init import yamls
from auditor.init.edits import Edit, Kept, Unsafe, appended, read
from auditor.init.found import Found

SOURCE = "https://github.com/gotcha-audit/gotcha-audit"
PRE_COMMIT = PurePosixPath(".pre-commit-config.yaml")
WORKFLOW = PurePosixPath(".github/workflows/gotcha-audit.yml")
GITLAB = PurePosixPath(".gitlab-ci.yml")
_PREK = ("prek.toml", ".pre-commit-config.yml")
_LIKE_TEST = ("test", "tests", "lint", "check", "checks", "quality", "verify", "validate")

HOOKS = f"""- repo: {SOURCE}
  rev: v{__version__}
  hooks:
    - id: gotcha-audit # the changed files, before a commit
    - id: gotcha-audit-project # the whole project, before a push
"""
CHECKOUT = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1"


def pre_commit(found: Found) -> tuple[Edit | Kept, ...]:
    """Two hooks in `.pre-commit-config.yaml`."""
    if elsewhere := _elsewhere(found, PRE_COMMIT, HOOKS):
        return elsewhere
    install = "pre-commit install --hook-type pre-commit --hook-type pre-push"
    other = next((name for name in _PREK if found.has(name)), None)
    if other is not None and not found.has(PRE_COMMIT.name):
        return (Kept(path=PurePosixPath(other), reason="pre-commit does not read it, and prek reads no other file beside it", paste=HOOKS),)
    try:
        before = read(found.root, PRE_COMMIT)
        if before is None:
            lines = "".join(f"  {line}\n" for line in HOOKS.splitlines())
            return (
                Edit(
                    path=PRE_COMMIT,
                    before=None,
                    after=f"default_install_hook_types: [pre-commit, pre-push]\nrepos:\n{lines}",
                    then="pre-commit install",
                ),
            )
        if yamls.mentions(yamls.parsed(before), "gotcha-audit"):
            return (Kept(path=PRE_COMMIT, reason="it runs gotcha-audit already"),)
        return (Edit(path=PRE_COMMIT, before=before, after=yamls.with_item(before, "repos", HOOKS), then=install),)
    except Unsafe as reason:
        return (Kept(path=PRE_COMMIT, reason=str(reason), paste=HOOKS),)


def _elsewhere(found: Found, path: PurePosixPath, paste: str) -> tuple[Kept, ...]:
    """These files are read in the root of a repository alone; nothing when that is where we are, or there is no repository."""
    if found.repository is None or found.is_repository:
        return ()
    return (Kept(path=path, reason=f"it has to stand in the root of the repository, {found.repository}", paste=paste),)


def workflow(branch: str) -> str:
    """A workflow that scans the main branch and pull requests, and may read the repository and nothing else."""
    return f"""name: gotcha-audit

on:
  push:
    branches: [{branch}]
  pull_request:

permissions: {{}}

jobs:
  scan:
    name: Scan
    runs-on: ubuntu-24.04
    timeout-minutes: 15
    permissions:
      contents: read # to check the repository out
    steps:
      - uses: {CHECKOUT}
        with:
          persist-credentials: false
      - uses: gotcha-audit/gotcha-audit@v{__version__}
"""


def github(found: Found) -> tuple[Edit | Kept, ...]:
    """A workflow of its own; those that are there are left alone."""
    if elsewhere := _elsewhere(found, WORKFLOW, workflow(found.branch)):
        return elsewhere
    folder = WORKFLOW.parent
    try:
        here = (found.root / folder).glob("*.y*ml")
        for path in sorted(PurePosixPath(file.relative_to(found.root).as_posix()) for file in here):
            if "gotcha-audit" in (read(found.root, path) or ""):
                return (Kept(path=path, reason="it runs gotcha-audit already"),)
        before = read(found.root, WORKFLOW)
    except Unsafe as reason:
        return (Kept(path=WORKFLOW, reason=str(reason), paste=workflow(found.branch)),)
    if before is not None:
        return (Kept(path=WORKFLOW, reason="it is there, and holds something else", paste=workflow(found.branch)),)
    return (Edit(path=WORKFLOW, before=None, after=workflow(found.branch)),)


def job(stage: str) -> str:
    """A job that scans, and gives its report to the merge request."""
    return f"""gotcha-audit:
  stage: {stage}
  image: python:3.12-slim
  script:
    - pip install --quiet gotcha-audit=={__version__}
    - gotcha-audit scan . --format text --format gitlab:gl-code-quality-report.json
  artifacts:
    when: always
    reports:
      codequality: gl-code-quality-report.json
"""


def gitlab(found: Found) -> tuple[Edit | Kept, ...]:
    """A job at the end of `.gitlab-ci.yml`."""
    if elsewhere := _elsewhere(found, GITLAB, job("test")):
        return elsewhere
    try:
        before = read(found.root, GITLAB)
        if before is None:
            return (Edit(path=GITLAB, before=None, after=job("test")),)
        data = yamls.parsed(before)
        if yamls.mentions(data, "gotcha-audit"):
            return (Kept(path=GITLAB, reason="it runs gotcha-audit already"),)
        stages = data.get("stages", ["test"])
        stage = next((name for name in _LIKE_TEST if isinstance(stages, list) and name in stages), None)
        if stage is None:
            raise Unsafe("none of its stages is one for tests: choose the stage yourself")  # noqa: TRY301 (the end of the same story)
        return (Edit(path=GITLAB, before=before, after=yamls.with_entry(before, appended(before, job(stage)), job(stage))),)
    except Unsafe as reason:
        return (Kept(path=GITLAB, reason=str(reason), paste=job("test")),)
