"""Projects and entries made for one test."""

from pathlib import PurePosixPath

from auditor.engines.base import Work
from auditor.model import Confidence, Example, Gotcha, ProofSpec, Requirement, SemgrepDetector, Severity, TextDetector
from auditor.project.config import Config
from auditor.project.project import open_project

NOTHING = Example(files={}, marks=frozenset())
BOTH = ("javascript", "typescript")


def entry(*detectors, called="made/entry", title="the title", applies=(), stack="project"):
    """A catalogue entry with these detectors and nothing else of interest."""
    return Gotcha(
        id=called,
        title=title,
        severity=Severity.ERROR,
        confidence=Confidence.HIGH,
        category="made",
        stack=stack,
        applies=tuple(Requirement(package=package) for package in applies),
        since="0.1.0",
        symptoms=(),
        summary="",
        why="",
        fine_when="",
        fails=NOTHING,
        works=NOTHING,
        detectors=detectors,
        fix=None,
        proof=ProofSpec(plan={}),
        sources=(),
        aliases=(),
        digest=called,
        origin=f"rules/{called}.md",
    )


def rule(fails, *, works=None, languages=BOTH, **more):
    """A semgrep detector; a rule body may be given as its pattern alone."""
    bodies = [{"pattern": body} if isinstance(body, str) else body for body in (fails, works)]
    return SemgrepDetector(languages=languages, fails=bodies[0], works=bodies[1], **more)


def regex(fails, *, paths=("*",), **more):
    return TextDetector(paths=paths, fails=fails, **more)


def work_in(root, files, *gotchas, **settings):
    """The files written below `root` (text or bytes), opened as a project, with the entries to look for."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    project = open_project(root, config=Config(**settings))
    return Work(project=project, gotchas=gotchas, files=tuple(file.path for file in project.files if file.role == "production"))


def places(findings, outcome=None):
    """(path, line, column, end line, end column) of the sites, in order."""
    found = [site for site in findings.sites if outcome is None or site.outcome == outcome]
    return [
        (str(site.place.path), site.place.span.start.line, site.place.span.start.column, site.place.span.end.line, site.place.span.end.column)
        for site in found
    ]


def lines(findings, outcome=None):
    """(path, line) of the sites, in order."""
    return [place[:2] for place in places(findings, outcome)]


def troubles(findings):
    """(check, path or label, line) of the troubles, in order."""
    return [(trouble.check, str(trouble.place.path or trouble.place.label), trouble.place.line) for trouble in findings.troubles]


__all__ = ["BOTH", "PurePosixPath", "entry", "lines", "places", "regex", "rule", "troubles", "work_in"]
