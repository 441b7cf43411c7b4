"""What people wrote of a target: in the configuration of the project, and in the `validation` block of a plan. One reader for both."""

from __future__ import annotations

import io
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path, PurePosixPath
from typing import Any

from dotenv import dotenv_values

from auditor.errors import ConfigError
from auditor.project.config import Config
from auditor.runtime import steps
from auditor.runtime.block import Block, Source
from auditor.runtime.target import Cors, Endpoint, Flow, Ready, Start, Step, Target, Variable

KEYS = (
    "start-command",
    "cwd",
    "env",
    "env-file",
    "port",
    "ready",
    "start-timeout",
    "grace",
    "before",
    "health-endpoint",
    "frontend-url",
    "pages",
    "critical-endpoints",
    "user-flows",
    "smoke-tests",
    "cors",
    "openapi",
    "deep-links",
    "required-env",
    "host",
    "https",
    "console-allow",
    "secrets",
    "skip",
    "attempts",
)
_NESTED = ("production_validation", "production-validation")
_MOST_ENV_FILE = 200_000
_SHELL = frozenset("|&;<>()$`*?#~\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """A part of a target: the fields of Ready, Start and Target that were written, and nothing else.

    ``attempts`` is for a plan; None: not written.
    """

    ready: Mapping[str, Any]
    start: Mapping[str, Any]
    target: Mapping[str, Any]
    attempts: int | None = None
    notes: tuple[str, ...] = ()

    @property
    def has_command(self) -> bool:
        """Whether it says how to start."""
        return "words" in self.start


def configured(config: Config, root: Path) -> Described:
    """What the configuration says. Raises ConfigError with file:key and the mend; unknown keys are errors."""
    path = config.path or root / "pyproject.toml"
    return _described(Block(Source(path=path, root=root), config.validate, "validate"), "config")


def planned(path: Path, root: Path, validation: Mapping[str, object]) -> Described:
    """What the `validation` block of the plan ``path`` says, or `production_validation` inside it.

    Plans hold much that is for people, so unknown keys are notes; wrong types are a ConfigError with the file and the key.
    """
    source = Source(path=path, root=root, strict=False)
    outer = dict(validation)
    for name in _NESTED:
        if (inner := outer.pop(name, None)) is not None:
            outer |= Block(source, inner, f"validation.{name}").table
    return _described(Block(source, outer, "validation"), "plan")


def merged(detected: Target | None, described: Described) -> Target:
    """The target, where what is written wins over what was detected. Raises ConfigError when nothing says how to start."""
    if detected is None and not described.has_command:
        raise ConfigError("nothing says how the application is started: write `start-command` below `[tool.gotcha-audit.validate]`")
    base = detected or Target(start=Start(words=()))
    # Another command is another start: what was detected of the old one (its port, its place, what runs before it) does not hold for it.
    begun = Start(words=(), ready=base.start.ready, environment=base.start.environment) if described.has_command else base.start
    environment = {**begun.environment, **described.start.get("environment", {})}
    start = replace(begun, **{**described.start, "environment": environment, "ready": replace(begun.ready, **described.ready)})
    notes = (*base.notes, *described.notes)
    return replace(base, **{**described.target, "start": start, "notes": notes, "skip": {**base.skip, **described.target.get("skip", {})}})


def joined(first: Described, second: Described) -> Described:
    """Both, where ``second`` wins: a plan over the configuration, key by key."""
    environment = {**first.start.get("environment", {}), **second.start.get("environment", {})}
    return Described(
        ready={**first.ready, **second.ready},
        start={**first.start, **second.start, **({"environment": environment} if environment else {})},
        target={**first.target, **second.target},
        attempts=second.attempts if second.attempts is not None else first.attempts,
        notes=(*first.notes, *second.notes),
    )


def _described(block: Block, kind: str) -> Described:
    block.known(KEYS)
    ready, start = _ready(block), _start(block, kind)
    target = _target(block)
    assert set(ready) <= {field.name for field in fields(Ready)}
    return Described(
        ready=ready,
        start=start,
        target=target,
        attempts=block.whole("attempts", least=1, most=100),
        notes=tuple(block.source.notes),
    )


def _ready(block: Block) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if block.has("ready"):
        inner = block.inner("ready")
        inner.known(("http", "log", "command"))
        found = {"http": inner.path("http"), "log": inner.pattern("log"), "command": _command(inner, "command")}
    found["timeout"] = block.number("start-timeout", least=0.1, most=3600)
    return _written(found)


def _start(block: Block, kind: str) -> dict[str, Any]:
    words = _command(block, "start-command")
    folder = _inside(block, "cwd", folder=True)
    found: dict[str, Any] = {
        "words": words,
        "folder": None if folder is None else PurePosixPath(folder.relative_to(block.source.root.resolve()).as_posix()),
        "environment": _environment(block),
        "port": block.whole("port", least=1, most=65535),
        "grace": block.number("grace", least=0, most=600),
        "before": None if (items := _commands(block)) is None else tuple(items),
    }
    if words is not None:
        found |= {"kind": kind, "place": block.source.place(f"{block.key}.start-command"), "why": f"written in {block.source.path.name}"}
    return _written(found)


def _target(block: Block) -> dict[str, Any]:
    pages = [_page(block, name, value) for name in ("frontend-url", "pages") for name, value in _listed(block, name)]
    endpoints, more = _endpoints(block)
    flows = [steps.flow_or_text(block, name, value) for key in ("user-flows", "smoke-tests") for name, value in block.items(key) or ()]
    required = block.texts("required-env")
    skip = block.pairs("skip")
    console = block.texts("console-allow")
    links = block.texts("deep-links")
    found: dict[str, Any] = {
        "health": _page(block, "health-endpoint", block.get("health-endpoint")) if block.has("health-endpoint") else None,
        "pages": tuple(pages) or None,
        "endpoints": endpoints,
        "flows": (*more, *flows) or None,
        "cors": None if (items := block.items("cors")) is None else tuple(_cors(block.inner(name, value)) for name, value in items),
        "openapi": block.path("openapi"),
        "deep_links": None if links is None else tuple(block.as_path("deep-links", link) for link in links),
        "required": None
        if required is None
        else tuple(Variable(name=name, place=block.source.place(f"{block.key}.required-env")) for name in dict.fromkeys(required)),
        "host": _host(block),
        "https": block.boolean("https"),
        "allowed_console": None if console is None else tuple(block.as_pattern("console-allow", text) for text in console),
        "secrets": block.texts("secrets"),
        "skip": skip,
    }
    if skip and any(not reason.strip() for reason in skip.values()):
        raise block.fail("skip", "has no reason", 'write `skip = {openapi = "why it is not wanted"}`')
    return _written(found)


def _written(found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in found.items() if value is not None}


def _listed(block: Block, name: str) -> tuple[tuple[str, object], ...]:
    return block.items(name) or ()


def _command(block: Block, name: str) -> tuple[str, ...] | None:
    value = block.get(name)
    if value is None:
        return None
    if isinstance(value, list):
        return _as_words(block, name, value)
    text = block.text(name)
    assert text is not None
    return _as_words(block, name, text)


def _as_words(block: Block, name: str, value: object) -> tuple[str, ...]:
    """A list is executed as it is; a text that is more than words is for a shell."""
    if isinstance(value, list):
        if not value or not all(isinstance(word, str) and "\x00" not in word for word in value) or not value[0]:
            raise block.fail(name, "is no list of words", 'write `["python", "app.py"]`')
        return tuple(value)
    if not isinstance(value, str) or not value.strip() or "\x00" in value or len(value) > 20_000:
        raise block.fail(name, "is no command", "write a text, or a list of words")
    try:
        words = tuple(shlex.split(value))
    except ValueError as error:
        raise block.fail(name, f"cannot be split into words ({error})", "close the quotes") from error
    if not words:
        raise block.fail(name, "is no command", "write a text, or a list of words")
    plain = not (_SHELL & set(value)) and "=" not in words[0]
    return words if plain else ("/bin/sh", "-c", value)


def _commands(block: Block) -> list[tuple[str, ...]] | None:
    value = block.get("before")
    if value is None:
        return None
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list) or len(items) > 50:
        raise block.fail("before", "is no list of commands", 'write `before = ["python manage.py migrate"]`')
    return [_as_words(block, f"before[{number}]", item) for number, item in enumerate(items)]


def _inside(block: Block, name: str, *, folder: bool) -> Path | None:
    """A folder or file of the project: what is written must not make us read or start what lies elsewhere."""
    value = block.text(name)
    if value is None:
        return None
    root = block.source.root.resolve()
    try:
        path = (root / value).resolve()
        there = path.is_dir() if folder else path.is_file()
    except (OSError, ValueError, RuntimeError) as error:
        raise block.fail(name, "is no path", "name one of the project") from error
    if not path.is_relative_to(root):
        raise block.fail(name, "lies outside the project", "name one of the project")
    if not there:
        raise block.fail(name, f"is no {'folder' if folder else 'file'} of the project", "name one that is there")
    return path


def _environment(block: Block) -> dict[str, str] | None:
    """Values of `env-file`, and over them those of `env`. Nothing in the file is replaced by variables of ours."""
    file, given = _inside(block, "env-file", folder=False), block.pairs("env")
    found: dict[str, str] = {}
    if file is not None:
        with file.open("rb") as opened:
            data = opened.read(_MOST_ENV_FILE + 1)
        if len(data) > _MOST_ENV_FILE:
            raise block.fail("env-file", f"is larger than {_MOST_ENV_FILE:,} bytes", "name a file of NAME=value lines")
        values = dotenv_values(stream=io.StringIO(data.decode("utf-8", "replace").replace("\x00", "")), interpolate=False)
        found = {name: value for name, value in values.items() if value is not None}
    for name in given or {}:
        if "=" in name:
            raise block.fail(f"env.{name[:80]}", "is no name of a variable", "write a name without `=`")
    found |= given or {}
    return None if file is None and given is None else found


def _page(block: Block, name: str, value: object) -> Endpoint:
    """A page or the health endpoint: a path, or `{path, expected-status, contains}`."""
    if isinstance(value, str):
        plain = value.removeprefix("GET ").strip()
        return Endpoint(path=block.as_path(name, plain), place=block.source.place(f"{block.key}.{name}"))
    return steps.endpoint(block.inner(name, value))


def _endpoints(block: Block) -> tuple[tuple[Endpoint, ...] | None, tuple[Flow, ...]]:
    """The table of endpoints; sentences that say more than a request and a status become flows of one step."""
    items = block.items("critical-endpoints")
    if items is None:
        return None, ()
    found: list[Endpoint] = []
    more: list[Flow] = []
    for name, value in items:
        made = steps.endpoint_or_text(block, name, value)
        if isinstance(made, Step):
            more.append(Flow(name=made.name, steps=(made,), place=block.source.place(f"{block.key}.critical-endpoints")))
        else:
            found.append(made)
    return tuple(found), tuple(more)


def _cors(block: Block) -> Cors:
    block.known(("path", "method", "headers", "credentials", "allowed", "denied"))
    path = block.path("path")
    if path is None:
        raise block.fail("path", "is missing", "write the path that other origins call")
    method = (block.text("method") or "GET").upper()
    if method not in steps.METHODS:
        raise block.fail("method", "is no method that is sent", f"use one of {', '.join(steps.METHODS)}")
    allowed, denied = block.texts("allowed") or (), block.texts("denied") or ()
    for name, origins in (("allowed", allowed), ("denied", denied)):
        for origin in origins:
            scheme, mark, host = origin.partition("://")
            if origin != "null" and (
                not mark or not scheme.isalpha() or not host or any(char in host for char in "/?#@ \t\r\n") or not host.isascii()
            ):
                raise block.fail(name, f"holds {origin[:100]!r}, which is no origin", "write scheme://host[:port], without a path")
    return Cors(
        path=path,
        method=method,
        headers=block.texts("headers") or (),
        credentials=bool(block.boolean("credentials")),
        allowed=allowed,
        denied=denied,
        place=block.source.place(f"{block.key}.path"),
    )


def _host(block: Block) -> str | None:
    value = block.text("host")
    if value is not None and (not value.isascii() or any(char in value for char in "/?#@\\ \t\r\n")):
        raise block.fail("host", "is no name of a host", "write shop.example.com")
    return value
