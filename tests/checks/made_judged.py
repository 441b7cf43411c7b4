"""Entries of the catalogue at work on small trees, in this process."""

from textwrap import dedent

from auditor.catalogue import load
from auditor.engines.python.detectors import prepare
from auditor.engines.python.engine import aliases_in
from auditor.engines.python.examine import Examiner
from auditor.project.config import Config
from auditor.project.project import open_project

CATALOGUE = load(cached=False)


def judged(root, gotcha, files):
    """Every site of one Python entry in the files, written below `root`: sorted by place."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(content).lstrip("\n"), encoding="utf-8")
    project = open_project(root, config=Config())
    prepared = prepare((CATALOGUE.get(gotcha),))
    examiner = Examiner(project, prepared, aliases_in(project, prepared))
    found = []
    for file in project.files:
        if file.language == "python" and file.role == "production":
            examined = examiner.examine(file.path)
            assert examined.troubles == ()
            found += examined.sites
    return sorted(found, key=lambda site: (str(site.place.path), site.place.span))


def verdicts(root, gotcha, files):
    """(path:line, outcome) of every site."""
    return [(f"{site.place.path}:{site.place.line}", site.outcome.value) for site in judged(root, gotcha, files)]
