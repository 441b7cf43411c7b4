"""Cross-file checks of the catalogue at work on small trees, in this process."""

from auditor.catalogue import load
from auditor.checks import CHECKS
from auditor.project.config import Config
from auditor.project.project import open_project

CATALOGUE = load(cached=False)


def outcomes_of(root, called, files):
    """The outcome of every site of one entry in the files, written below `root` as they are: in order of places."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    gotcha = CATALOGUE.get(called)
    project = open_project(root, config=Config())
    sites = [site for detector in gotcha.detectors for site in CHECKS[detector.check](project, gotcha, detector)]
    return [site.outcome.value for site in sorted(sites, key=lambda site: (str(site.place.path), site.place.line))]
