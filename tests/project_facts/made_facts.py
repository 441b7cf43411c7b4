"""Small trees and what their files say."""

from pathlib import PurePosixPath
from textwrap import dedent

from auditor.project.config import Config
from auditor.project.facts.extractors import extract
from auditor.project.files import language_of
from auditor.project.project import open_project


def record(name, text):
    """What one file says."""
    path = PurePosixPath(name)
    return extract(path, language_of(path), dedent(text).lstrip("\n"))


def project(root, files):
    """A project of these files."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).lstrip("\n"), encoding="utf-8")
    return open_project(root, config=Config())


def launches(root, files):
    """The launches of a project of these files."""
    return project(root, files).facts.launches


def commands(root, files):
    """(place, command) of every launch."""
    return [(f"{launch.place.path}:{launch.place.line}", " ".join(launch.words)) for launch in launches(root, files)]
