"""Python detectors at work on a project that exists in memory only."""

from pathlib import Path, PurePosixPath
from textwrap import dedent

from made_work import entry

from auditor.engines.python.detectors import prepare
from auditor.engines.python.engine import aliases_in
from auditor.engines.python.examine import Examiner
from auditor.model import PythonDetector
from auditor.project.config import Config
from auditor.project.files import SourceFile
from auditor.project.project import Project
from auditor.project.text import Unreadable


class MemoryProject(Project):
    """Python files by name, as text or as bytes."""

    def __init__(self, files):
        self._contents = {
            PurePosixPath(name): content if isinstance(content, bytes) else dedent(content).lstrip("\n").encode() for name, content in files.items()
        }
        listed = tuple(SourceFile(path=path, language="python", size=len(data), role="production") for path, data in sorted(self._contents.items()))
        super().__init__(root=Path("/nowhere"), config=Config(), files=listed, skipped={}, troubles=())

    def data(self, path):
        if path not in self._contents:
            raise Unreadable("cannot be read: No such file or directory")
        return self._contents[path]


def python(*patterns, **more):
    return PythonDetector(patterns=patterns, **more)


def examined(files, *detectors):
    """What each file gave, in order of the files; text alone is the one file app.py."""
    project = MemoryProject({"app.py": files} if isinstance(files, (str, bytes)) else files)
    prepared = prepare(tuple(entry(detector, called=f"made/entry-{index}") for index, detector in enumerate(detectors)))
    examiner = Examiner(project, prepared, aliases_in(project, prepared))
    return [examiner.examine(file.path) for file in project.files]


def sites(files, *detectors):
    """Every site of every file in order; a file that could not be examined fails the test."""
    found = examined(files, *detectors)
    assert [trouble for each in found for trouble in each.troubles] == []
    return sorted((site for each in found for site in each.sites), key=lambda site: (str(site.place.path), site.place.span, site.gotcha))


def where(files, *patterns, **more):
    """(line, column, end line, end column) of each site of a detector with these patterns."""
    return [(s.start.line, s.start.column, s.end.line, s.end.column) for s in (site.place.span for site in sites(files, python(*patterns, **more)))]


def lines(files, *patterns, **more):
    """The line of each site."""
    return [found[0] for found in where(files, *patterns, **more)]


def bound(files, pattern, shown, **more):
    """The text `shown` with the metavariables of each site filled in."""
    return [site.message for site in sites(files, python(pattern, message=shown, **more))]
