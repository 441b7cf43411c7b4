"""What to start and what to ask of it: the nouns that the configuration, a plan and detection all speak in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Literal

from auditor.model import Place

PORT = "{port}"
"""Stands for the port in commands, in values of variables and in conditions."""

ROOT = PurePosixPath()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """When the application counts as started, beyond owning a listening socket. All conditions that are given must hold.

    ``http`` is a path that must answer below 400; without one, any answer to `/` is enough. ``log`` is a regular expression searched in each line of
    output, ``command`` a program that must exit with 0. ``timeout`` is in seconds, for all of it together.
    """

    http: str = ""
    log: str = ""
    command: tuple[str, ...] = ()
    timeout: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """How the application is started.

    ``words`` are executed as they are; a text for a shell is `("/bin/sh", "-c", text)`. ``folder`` is the working directory, relative to the root.
    ``environment`` is given by whoever describes the start. ``port`` is the one that the command itself fixes; None: one is chosen, and told as
    PORT and wherever ``{port}`` stands. ``before`` are run to their end first (migrations). ``kind`` is the kind of file that says so (`procfile`,
    `dockerfile`, `config`, `plan`, `package.json`, …), ``why`` the reason in words.
    """

    words: tuple[str, ...]
    folder: PurePosixPath = ROOT
    environment: Mapping[str, str] = field(default_factory=dict)
    port: int | None = None
    before: tuple[tuple[str, ...], ...] = ()
    ready: Ready = Ready()
    grace: float = 10.0
    kind: str = "config"
    place: Place | None = None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One request and what must come of it.

    ``status``: the codes that are right, empty for any below 400. ``answer``: what the body must be. ``contains`` are texts that must be in the body.
    ``content`` is a body to send, as text; ``headers`` go with the request. ``place`` says where the endpoint is written. ``found``: nobody wrote
    what must come, the code alone says that it exists, so that only a crash of it is wrong.
    """

    path: str
    method: str = "GET"
    status: tuple[int, ...] = ()
    answer: Literal["any", "json", "html"] = "any"
    contains: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    content: str = ""
    place: Place | None = None
    found: bool = False

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """A claim about an answer. ``on``: `body` (the text), `json` (``key`` is a path such as `user.items[0].id`), `header` (``key`` its name).

    ``how``: the value `equals` ``value``, `contains` it, `matches` it as a regular expression, or `exists`.
    """

    on: Literal["body", "json", "header"]
    how: Literal["equals", "contains", "matches", "exists"]
    key: str = ""
    value: object = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """A value to keep under ``name`` for later steps, used as `{{name}}`.

    ``source`` and ``key`` as in an assertion, or `cookie`; ``pattern`` takes its first group out of the text.
    """

    name: str
    source: Literal["body", "json", "header", "cookie"]
    key: str = ""
    pattern: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One request of a flow. `{{name}}` in path, headers and content is replaced by what was captured.

    ``refused`` says why a step that people wrote in prose cannot be executed; such a step is never guessed.
    ``retries`` more attempts are made, ``delay`` seconds apart, until all holds. ``prose``: it was a sentence.
    """

    name: str
    request: Endpoint | None
    assertions: tuple[Assertion, ...] = ()
    captures: tuple[Capture, ...] = ()
    retries: int = 0
    delay: float = 0.5
    refused: str = ""
    prose: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """A way through the application, step by step; cookies and a bearer token captured as `token` are carried on."""

    name: str
    steps: tuple[Step, ...]
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cors:
    """Who may call what from another origin: asked with a preflight and with the real request, for allowed and for denied origins."""

    path: str
    method: str = "GET"
    headers: tuple[str, ...] = ()
    credentials: bool = False
    allowed: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A variable that the application cannot do without, and where it is read."""

    name: str
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """What must have been built before the start: ``output`` from ``sources`` by ``command``; paths relative to the root, ``place`` says so."""

    output: PurePosixPath
    sources: tuple[PurePosixPath, ...]
    command: str = ""
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One application to validate.

    ``pages`` are for people: html, with assets. ``deep_links`` are addresses that only the front end knows. ``openapi`` is the path of a
    description, "" to look for it where frameworks put it. ``public``: production reaches the process from other machines, so it must not listen on
    loopback alone; None when it cannot be told. ``takes_port``: the platform tells the port in PORT and the process must obey. ``host`` is sent as
    Host; ``https`` adds what a TLS-terminating proxy adds. ``allowed_console`` are regular expressions of messages that are fine. ``secrets`` are
    names of variables whose values are masked besides those whose names say it. ``skip`` maps names of checks to the reason they are not wanted.
    """

    start: Start
    health: Endpoint | None = None
    pages: tuple[Endpoint, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()
    deep_links: tuple[str, ...] = ()
    flows: tuple[Flow, ...] = ()
    cors: tuple[Cors, ...] = ()
    openapi: str = ""
    required: tuple[Variable, ...] = ()
    builds: tuple[Build, ...] = ()
    public: bool | None = None
    takes_port: bool | None = None
    host: str = ""
    https: bool | None = None
    allowed_console: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    skip: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
