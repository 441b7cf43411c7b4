"""GitHub workflows: what a green run does not say (https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from auditor.checks.purposes import purpose
from auditor.model import CheckDetector, Gotcha, Outcome, Place, Severity, Site, span_of
from auditor.project.facts import pipelines
from auditor.project.facts.jobs import Job, Step
from auditor.project.files import normal
from auditor.project.project import Project
from auditor.project.text import Unreadable

_EXPRESSION = re.compile(r"\$\{\{.*?\}\}", re.DOTALL)
_PASSES_ON = frozenset({"tee", "cat", "tail", "head", "ts", "sed", "awk", "sort", "xcpretty"})
"""Programs that show or keep what they are given and end with 0 all the same."""
_FORGIVES = frozenset({"true", ":", "echo", "printf"})
_ENDS_IN_ZERO = re.compile(r"\d+\.[1-9]?0")
_SCRIPT_RUNNERS = ("npm ", "yarn ", "pnpm ", "bun ")
_HOSTED = re.compile(r"^(?:ubuntu|macos|windows)-[\w.\-]+$")
_PRESET = re.compile(
    r"^(?:HOME|USER|PATH|IFS|SHELL|PWD|TERM|LANG|LC_\w+|CI|DEBIAN_FRONTEND|(?:GITHUB|RUNNER|JAVA|ANDROID|GO|CONDA|CHROME|PYTHON|NODE|NVM)\w*)$"
)
"""What the images of the runners, or actions that set up a language, set themselves."""
_SCRIPT_TOOLS = frozenset({"npm", "yarn", "pnpm", "bun", "jest", "vitest"})
_BASH = re.compile(r"^(?:ba|da)?sh\b")
_VERSION_TOOLS = re.compile(r"\bsetuptools[-_]scm\b|\bhatch-vcs\b")
_FALLBACK = re.compile(r"fallback[-_]version|raw-options\.fallback|SETUPTOOLS_SCM_PRETEND_VERSION")
_BUILDS = re.compile(
    r"(?:^|[\s;&])(?:python[\d.]* -m build|uv build|hatch build|pyproject-build|python[\d.]* setup\.py (?:sdist|bdist_wheel)|pip wheel)\b"
)
_PUBLISHES = re.compile(r"\btwine upload\b|\buv publish\b|\bhatch publish\b")
_FETCHES = re.compile(r"git fetch\b[^\n]*(?:--unshallow|--tags|--depth)|git pull\b[^\n]*--unshallow")
_PRODUCTION_BUILD = re.compile(
    r"\bbuild\b|\bdocker(?:-|\s+)compose\b[^\n]*\bup\b|\bvercel\b|\bnetlify\b|\bwrangler\b|\bfirebase\b|\bgenerate\b|\bmake\b|\bturbo\b|\bnx\b"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """A file with jobs that is examined."""

    path: PurePosixPath
    jobs: tuple[Job, ...]
    text: str


def workflows(project: Project) -> Iterator[Workflow]:
    """The workflows and composite actions that are examined, in order."""
    for file in project.files:
        if file.language == "yaml" and file.role == "production":
            jobs = project.facts.record(file.path).jobs
            if jobs:
                yield Workflow(path=file.path, jobs=jobs, text=project.text(file.path))


def _site(gotcha: Gotcha, place: Place, outcome: Outcome, message: str, *related: Place, severity: Severity | None = None) -> Site:
    return Site(gotcha=gotcha.id, outcome=outcome, message=message, place=place, related=related, severity=severity, scope=place.span)


def _line(step: Step, line: int) -> Place:
    """A line of a step's script."""
    return Place(path=step.place.path, span=span_of(step.first + line))


def _is_shell(step: Step, job: Job) -> bool:
    """Whether a script is read by a POSIX shell: the default everywhere but on Windows."""
    return bool(_BASH.match(step.shell)) if step.shell else "windows" not in job.runner.lower()


# -- conditions --------------------------------------------------------------------------------------------------------------------------


def condition_always_true(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """An `if:` with something outside of `${{ }}`, be it a line end only: the whole becomes a text that is not empty."""
    for workflow in workflows(project):
        for job in workflow.jobs:
            for condition in (job.condition, *(step.condition for step in job.steps)):
                if condition is None or "${{" not in condition.text:
                    continue
                outside = _EXPRESSION.sub("", condition.text)
                if outside:
                    yield _site(gotcha, condition.place, Outcome.FAIL, detector.message)
                else:
                    yield _site(gotcha, condition.place, Outcome.PASS, "the whole condition is one expression")


def version_as_number(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """A version without quotes that ends in zero: the number that YAML makes of it has no such end."""
    for workflow in workflows(project):
        seen: set[int] = set()
        for job in workflow.jobs:
            for version in job.versions:
                if _ENDS_IN_ZERO.fullmatch(version.value or "") and version.place.line not in seen:
                    seen.add(version.place.line)
                    yield _site(gotcha, version.place, Outcome.FAIL, detector.message.replace("$VERSION", version.value or ""))


# -- exit codes --------------------------------------------------------------------------------------------------------------------------


def pipe_hides_failure(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#exit-codes-and-error-action-preference."""
    for workflow in workflows(project):
        for job in workflow.jobs:
            for step in job.steps:
                if step.run and "|" in step.run and _is_shell(step, job) and step.forgiven != "true" and job.forgiven != "true":
                    yield from _pipes(gotcha, detector, job, step)


def _pipes(gotcha: Gotcha, detector: CheckDetector, job: Job, step: Step) -> Iterator[Site]:
    script = pipelines.read(step.run)
    for pipeline in script.pipelines:
        hidden = next((" ".join(part) for part in pipeline.parts[:-1] if purpose(part)), None)
        if hidden is None or pipeline.asked or pipeline.forgiven or not _ends_well(pipeline.parts[-1]):
            continue
        place = _line(step, pipeline.line)
        kept = [word for word in pipeline.parts[-1][1:] if pipeline.parts[-1][0] == "tee" and not word.startswith("-")]
        later = step.run.split("\n", pipeline.line + 1)[pipeline.line + 1 :] + [other.run for other in job.steps if other.first > step.first]
        if step.shell == "bash" or "pipefail" in step.shell or re.search(r"set\s+[^\n;]*-\w*o\s+pipefail|shopt[^\n]*pipefail", step.run):
            yield _site(gotcha, place, Outcome.PASS, "pipefail is on")
        elif "PIPESTATUS" in step.run or any(word and any(word in text for text in later) for word in kept):
            yield _site(gotcha, place, Outcome.REVIEW, "what was kept may be looked at later")
        else:
            yield _site(gotcha, place, Outcome.FAIL, detector.message.replace("$COMMAND", hidden[:60]).replace("$LAST", pipeline.parts[-1][0]))


def _ends_well(last: tuple[str, ...]) -> bool:
    return last[0] in _PASSES_ON and not any("exit" in word or "q" in word[1:2] for word in last[1:])


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """One run of the tests in a workflow, and why its failure changes nothing ("" when it does)."""

    place: Place
    command: str
    forgiven: str


def cannot_fail(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """Tests are run, and nowhere so that a failure would be seen."""
    runs = [run for workflow in workflows(project) for job in workflow.jobs for step in job.steps for run in _tests(project, workflow, job, step)]
    strict = [run for run in runs if not run.forgiven]
    elsewhere = any(_may_test(step) for workflow in workflows(project) for job in workflow.jobs for step in job.steps)
    for run in runs:
        if run in strict:
            yield _site(gotcha, run.place, Outcome.PASS, "a failure stops the job")
        elif strict or elsewhere:
            related = (strict[0].place,) if strict else ()
            yield _site(gotcha, run.place, Outcome.REVIEW, f"{run.forgiven}: this run cannot fail, others may", *related, severity=Severity.NOTE)
        else:
            yield _site(gotcha, run.place, Outcome.FAIL, detector.message.replace("$COMMAND", run.command).replace("$WHY", run.forgiven))


def _tests(project: Project, workflow: Workflow, job: Job, step: Step) -> Iterator[Tested]:
    if not step.run or not _is_shell(step, job):
        return
    manifest = project.manifest(normal(step.folder or "."))
    lines = step.run.split("\n")
    looked_at = bool(step.id) and f"steps.{step.id}." in workflow.text
    for pipeline in pipelines.read(step.run).pipelines:
        command = " ".join(pipeline.parts[-1])
        if pipeline.asked or purpose(pipeline.parts[-1]) != "test":
            continue
        if manifest is not None and "test" not in manifest.scripts and command.startswith(_SCRIPT_RUNNERS):
            continue  # there are none
        forgiven = ""
        kept = "GITHUB_" in lines[min(pipeline.line, len(lines) - 1)]  # `|| echo failed=1 >> "$GITHUB_OUTPUT"`
        if pipeline.forgiven and not kept and (pipeline.forgiven[0] in _FORGIVES or pipeline.forgiven[:2] == ("exit", "0")):
            forgiven = f"`|| {' '.join(pipeline.forgiven)[:30]}`"
        elif step.forgiven == "true" and not looked_at:
            forgiven = "`continue-on-error: true`"
        elif job.forgiven == "true":
            forgiven = "`continue-on-error: true` of the job"
        yield Tested(place=_line(step, pipeline.line), command=command[:60], forgiven=forgiven)


def _may_test(step: Step) -> bool:
    """Whether a step may run tests in a way that is not seen through: an action, a script, a container."""
    if step.uses:
        return bool(re.search(r"test|cypress|playwright|pytest|\./", step.uses, re.IGNORECASE))
    calls = re.search(r"\bdocker\b|\bmake\b|\.sh\b|\bjust\b|\btask\b|\binvoke\b|\bturbo\b|\bnx\b", step.run)
    return calls is not None and step.forgiven != "true" and "test" in step.run.lower() and "|| true" not in step.run


# -- state of a step ---------------------------------------------------------------------------------------------------------------------


def step_state_lost(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """Each step is a shell of its own: what one exports, or the folder it changes to, is gone in the next."""
    for workflow in workflows(project):
        for job in workflow.jobs:
            for index, step in enumerate(job.steps):
                later = [other for other in job.steps[index + 1 :] if other.run and _is_shell(other, job)]
                if not step.run or not later or not _is_shell(step, job):
                    continue
                script = pipelines.read(step.run)
                yield from _lost_exports(gotcha, detector, job, step, later)
                folders = [pipeline for pipeline in script.pipelines if pipeline.parts[-1][:1] == ("cd",)]
                alone = folders and len(folders) == len(script.pipelines) and not script.set and not script.used
                if alone and not any(other.folder for other in later):
                    message = f"the next step starts in its own folder again: `cd {' '.join(folders[-1].parts[-1][1:])}` changes nothing"
                    yield _site(gotcha, _line(step, folders[-1].line), Outcome.FAIL, message)


def _lost_exports(gotcha: Gotcha, detector: CheckDetector, job: Job, step: Step, later: list[Step]) -> Iterator[Site]:
    for name in pipelines.read(step.run).set:
        if not name.exported or _PRESET.match(name.name):
            continue
        user = next(((other, use) for other in later if (use := _needs(other, name.name)) is not None), None)
        if user is None:
            continue
        other, use = user
        where = _line(other, use.line)
        label = Place(path=where.path, span=where.span, label=f"{name.name} is empty here")
        written = [before.run for before in job.steps if before.first < other.first and "GITHUB_ENV" in before.run]
        if any(re.search(rf"\b{name.name}\b", text) for text in written if text != step.run or re.search(rf"{name.name}=[^\n]*GITHUB_ENV", text)):
            yield _site(gotcha, _line(step, name.line), Outcome.PASS, "is written to GITHUB_ENV", label)
        elif written:
            yield _site(gotcha, _line(step, name.line), Outcome.REVIEW, f"{name.name} may be among what is written to GITHUB_ENV", label)
        else:
            yield _site(gotcha, _line(step, name.line), Outcome.FAIL, detector.message.replace("$NAME", name.name), label)


def _needs(step: Step, name: str) -> pipelines.Name | None:
    """Where a script uses a variable that it neither sets before nor is given."""
    if any(variable.name == name for variable in step.variables):
        return None
    script = pipelines.read(step.run)
    use = next((use for use in script.used if use.name == name), None)
    if use is None or use.defaulted or any(own.name == name and own.line <= use.line for own in script.set):
        return None
    return None if re.search(r"^\s*(?:source|\.)\s", step.run, re.MULTILINE) else use


def secret_not_mapped(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """A script uses a variable that is a secret of the repository elsewhere, and nobody gives it to this step."""
    found = list(workflows(project))
    names = {name for workflow in found for name in re.findall(r"\bsecrets\.([A-Za-z_]\w*)", workflow.text)} - {"GITHUB_TOKEN"}
    for workflow in found:
        for job in workflow.jobs:
            for index, step in enumerate(job.steps):
                if not step.run or not _is_shell(step, job):
                    continue
                before = [other for other in job.steps[:index] if "GITHUB_ENV" in other.run or (other.uses and not other.uses.startswith("actions/"))]
                for name in sorted(names):
                    use = _needs(step, name)
                    if use is None:
                        continue
                    if before or "GITHUB_ENV" in step.run or not _HOSTED.match(job.runner):
                        yield _site(gotcha, _line(step, use.line), Outcome.REVIEW, f"an earlier step may set {name}")
                    else:
                        yield _site(gotcha, _line(step, use.line), Outcome.FAIL, detector.message.replace("$NAME", name))


# -- what is built and kept --------------------------------------------------------------------------------------------------------------


def shallow_clone_version(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """A version that is made of git tags, built from a checkout that has none."""
    says = _version_from_tags(project)
    if says is None:
        return
    for workflow in workflows(project):
        by_text = re.search(r"^\s+tags:|refs/tags|ref_type", workflow.text, re.MULTILINE) is not None
        for job in workflow.jobs:
            checkout = next((step for step in job.steps if step.uses.startswith("actions/checkout@")), None)
            scripts = "\n".join(step.run for step in job.steps)
            if checkout is None or not _BUILDS.search(scripts):
                continue
            tagged = by_text or bool({"release", "workflow_call", "workflow_dispatch"} & set(job.events))
            given = " ".join(variable.name for step in job.steps for variable in step.variables)
            if checkout.given("fetch-depth") == "0" or checkout.given("fetch-tags") == "true" or _FETCHES.search(scripts) or _FALLBACK.search(given):
                yield _site(gotcha, checkout.place, Outcome.PASS, "the tags are fetched", says)
            elif tagged or checkout.given("fetch-depth") is not None or checkout.given("ref") is not None:
                yield _site(gotcha, checkout.place, Outcome.REVIEW, "right only for a run of a tag itself", says)
            elif _PUBLISHES.search(scripts) or any("pypi-publish" in step.uses for step in job.steps):
                yield _site(gotcha, checkout.place, Outcome.FAIL, detector.message, says)
            else:
                yield _site(gotcha, checkout.place, Outcome.REVIEW, "the package that is built has the version 0.1.dev1", says)


def _version_from_tags(project: Project) -> Place | None:
    for file in project.tree_files:
        if file.path.name not in ("pyproject.toml", "setup.py", "setup.cfg") or file.role != "production":
            continue
        try:
            text = project.text(file.path)
        except Unreadable:
            continue
        found = _VERSION_TOOLS.search(text)
        used = re.search(r"\[tool\.setuptools[_-]scm|source\s*=\s*[\"']vcs[\"']|use_scm_version", text)
        if found and used and not _FALLBACK.search(text):
            return Place(path=file.path, span=span_of(text.count("\n", 0, used.start()) + 1), label="the version is made of git tags")
    return None


def artifact_hidden_files(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """https://github.com/actions/upload-artifact#uploading-hidden-files: paths whose last part begins with a dot are left out."""
    for workflow in workflows(project):
        for job in workflow.jobs:
            for step in job.steps:
                name, _, version = step.uses.partition("@")
                path = next((entry for entry in step.inputs if entry.name == "path"), None)
                if name != "actions/upload-artifact" or path is None or not _leaves_out(version):
                    continue
                hidden = next((line for line in (path.value or "").split("\n") if _is_hidden(line.strip())), None)
                if hidden is None:
                    continue
                if step.given("include-hidden-files") is None:
                    yield _site(gotcha, path.place, Outcome.FAIL, detector.message.replace("$PATH", hidden.strip()))
                else:
                    yield _site(gotcha, path.place, Outcome.PASS, "hidden files are asked for")


def _leaves_out(version: str) -> bool:
    found = re.fullmatch(r"v(\d+)(?:\.(\d+))?(?:\.\d+)?", version)
    return found is not None and (int(found[1]) > 4 or (int(found[1]) == 4 and (found[2] is None or int(found[2]) >= 4)))


def _is_hidden(path: str) -> bool:
    """Whether the search would begin at, or look for, a name with a dot: `.next`, `.next/**`, `cov/.coverage.*`, but not `.next/static`."""
    if not path or path.startswith("!") or "${{" in path.rsplit("/", 1)[-1]:
        return False
    parts = [part for part in path.split("/") if part not in ("", ".", "..")]
    while parts and parts[-1] in ("*", "**"):
        parts.pop()
    return bool(parts) and parts[-1].startswith(".") and parts[-1] not in ("..", ".")


def no_production_build(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """A front end that CI tests and never builds."""
    found = list(workflows(project))
    builds = any(
        _PRODUCTION_BUILD.search(step.run) or (step.uses and not step.uses.startswith("actions/"))
        for workflow in found
        for job in workflow.jobs
        for step in job.steps
    ) or any(job.uses for workflow in found for job in workflow.jobs)
    if builds:
        return
    if any(project.exists(PurePosixPath(name)) for name in ("vercel.json", "netlify.toml", "render.yaml")):
        return  # the platform builds each change by itself
    roots = {client.root for client in project.facts.clients}
    for workflow in found:
        for job in workflow.jobs:
            for step in job.steps:
                for folder, line in _script_tests(step):
                    manifest = project.manifest(folder) if folder in roots else None
                    if manifest is not None and "build" in manifest.scripts:
                        yield _site(gotcha, _line(step, line), Outcome.FAIL, detector.message)


def _script_tests(step: Step) -> Iterator[tuple[PurePosixPath, int]]:
    """Where a step runs tests of JavaScript: the folder, and the line of the script."""
    folder = normal(step.folder or ".")
    for pipeline in pipelines.read(step.run).pipelines:
        words = pipeline.parts[-1]
        if words[:1] == ("cd",) and len(words) == 2:
            folder = normal(str(folder / words[1]))
        elif purpose(words) == "test" and any(word in _SCRIPT_TOOLS for word in words[:3]):
            yield folder, pipeline.line
