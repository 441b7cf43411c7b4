"""What one file says: the record that an extractor makes of it, a function of its path and its text alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal, Protocol

from auditor.model import Confidence, Place
from auditor.project.facts.jobs import Job
from auditor.project.facts.objects import Object
from auditor.project.facts.unit import Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Why a file cannot be read: the parser's own words, and the line where it gave up."""

    line: int
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A variable that a file tells people of, without giving it to a process: `.env.example`. ``empty`` when there is no value beside it."""

    name: str
    place: Place
    empty: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """One read of a variable in code.

    ``required`` when the code stops without it, ``defaulted`` when it does without. ``cast`` is the type that is made of the text. ``guard`` is
    the condition it stands under (`development`, `main`), ``at_import`` whether it runs as soon as its module is loaded; ``declared`` marks the
    field of a settings class. ``when``: at run time, or while the front end is built. ``through`` is the object a script reads it from.
    """

    name: str
    place: Place
    required: bool = False
    defaulted: bool = False
    cast: str = ""
    guard: str = ""
    at_import: bool = False
    declared: bool = False
    when: Literal["run", "build"] = "run"
    through: str = ""
    confidence: Confidence = Confidence.HIGH


@dataclass(frozen=True, slots=True, kw_only=True)
class Directive:
    """One nginx directive; ``block`` holds those inside its braces (https://nginx.org/en/docs/beginners_guide.html#conf_structure)."""

    name: str
    args: tuple[str, ...]
    place: Place
    block: tuple[Directive, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One `key = value` line of a sectioned file, continued lines joined; ``value`` as written, without blanks around it."""

    name: str
    value: str
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One `[name]` of a unit file or a configuration, with its settings in order: a key may stand there more than once."""

    name: str
    place: Place
    settings: tuple[Setting, ...] = ()

    def get(self, name: str, default: str = "") -> str:
        """The last value of a key, as both configparser and systemd have it for keys that hold one value."""
        return next((setting.value for setting in reversed(self.settings) if setting.name == name), default)


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """One Dockerfile instruction: its word in capitals, the `--flags`, the rest as written with continued lines joined, and here-documents."""

    word: str
    flags: tuple[str, ...]
    rest: str
    place: Place
    documents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One build stage of a Dockerfile: ``image`` as written after FROM, ``name`` after AS ("" without)."""

    name: str
    image: str
    place: Place
    instructions: tuple[Instruction, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Everything a file says that another file may have to agree with.

    ``before`` are the arguments of a Dockerfile that stand before its first stage.
    ``left_out`` says why a file that looks like one of the kind was not read (a template that has to be rendered first). ``open`` says that the
    reads of a module are more when other modules are looked at.
    """

    units: tuple[Unit, ...] = ()
    named: tuple[Named, ...] = ()
    reads: tuple[Read, ...] = ()
    directives: tuple[Directive, ...] = ()
    stages: tuple[Stage, ...] = ()
    before: tuple[Instruction, ...] = ()
    objects: tuple[Object, ...] = ()
    jobs: tuple[Job, ...] = ()
    sections: tuple[Section, ...] = ()
    fault: Fault | None = None
    left_out: str = ""
    open: bool = False


EMPTY = Record()


class Extractor(Protocol):
    """Reads one kind of file."""

    def __call__(self, path: PurePosixPath, text: str) -> Record:
        """Everything the file at ``path`` says; never raises: what cannot be read is the ``fault`` of the record."""
        ...
