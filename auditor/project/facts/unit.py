"""What a deployment file says of one process: the nouns that all kinds of such files share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from auditor.model import Confidence, Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command as it is written. ``form``: a list that is executed as it is, or a text that a shell reads."""

    text: str
    words: tuple[str, ...]
    form: Literal["exec", "shell"]
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One variable that a file gives to a process.

    ``value`` is the text as written, None when it is not told here. ``source``: a literal, the environment of whoever starts (`- NAME`,
    `${NAME}`), or an object with secrets. ``when``: at run time, or only while the image or the front end is built.
    """

    name: str
    value: str | None
    place: Place
    source: Literal["literal", "caller", "secret"] = "literal"
    when: Literal["run", "build"] = "run"
    confidence: Confidence = Confidence.HIGH


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file that is named: a variables file, a context, a script. ``path`` as written; ``required`` when the start fails without it."""

    path: str
    place: Place
    required: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """``inner`` is where the process is expected to listen, ``outer`` what is open to others; None when it is not told or is no number."""

    inner: int | None
    outer: int | None
    place: Place
    address: str = ""
    confidence: Confidence = Confidence.HIGH


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """``source`` is a path of the host (it starts with `.`, `/` or `~`) or the name of a volume, "" for an anonymous one."""

    source: str
    target: str
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """How an image is built: paths as written, below the folder of the file that says so."""

    context: str
    dockerfile: str
    target: str
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One process or container as one file describes it.

    ``kind`` is the kind of file (`dockerfile`, `compose`, `procfile`, `systemd`, `supervisor`, `kubernetes`, `render`, `fly`, `heroku`, …),
    ``name`` what the file calls it. ``folder`` is the working directory as written, "" when it is not said. ``opens`` says that variables come
    from where nobody can see them, so that one that is not named may be given all the same. ``runs`` is "once" for what is run before or beside
    the service (migrations, release tasks, jobs). ``depends`` names other units of the file. ``network`` is "host" for one that shares the host's.
    """

    kind: str
    name: str
    place: Place
    entrypoint: Command | None = None
    command: Command | None = None
    folder: str = ""
    variables: tuple[Variable, ...] = ()
    files: tuple[File, ...] = ()
    opens: bool = False
    ports: tuple[Port, ...] = ()
    mounts: tuple[Mount, ...] = ()
    user: str = ""
    image: str = ""
    build: Build | None = None
    depends: tuple[str, ...] = ()
    runs: Literal["service", "once"] = "service"
    replicas: int | None = None
    network: str = ""
    confidence: Confidence = Confidence.HIGH
