"""The `prove:` block of an entry, read: what to run, and what must be seen of FAILS and of WORKS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from auditor.errors import CatalogueError
from auditor.model import Gotcha

METHODS = ("get", "head", "post", "put", "patch", "delete", "options")
SIDES = ("fails", "works")
_PLAN_KEYS = ("base", "needs", "serve", "run", "build", "proxy", "cwd", "env", "before", "files", *SIDES)
_REQUEST_KEYS: tuple[str, ...] = (
    *METHODS,
    "headers",
    "json",
    "form",
    "size",
    "upload",
    "scheme",
    "from",
    "times",
    "together",
    "status",
    "header",
    "body",
    "log",
    "refused",
    "unreachable",
    "session",
    "some",
    "all",
    "during",
    "slower_than",
    "faster_than",
    "first_byte",
)
_KINDS: Mapping[str, tuple[str, ...]] = {
    "page": ("page", "request", "console"),
    "websocket": ("websocket", "status"),
    "process": ("exit", "output", "timeout"),
    "term": ("term", "exit", "output"),
    "log": ("log", "after", "lines"),
    "processes": ("processes",),
    "file": ("file", "contains", "absent"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One thing to look at. ``kind`` `request`, `page` (in a browser), `websocket`, `process` (its end), `term` (SIGTERM, and what follows), `log`,
    `processes` (how many there are) or `file` (of the tree, after a build); ``said`` are the keys as written. A request is sent `times` times; so
    many of them `together` begin before any ends, so that each is answered by another worker, where one after the other all may be answered by one.

    A request with `size` sends so many bytes, with `upload` as a file in the field of that name. What a file contains may hold `{port}` and `{root}`.
    """  # noqa: D205 - the kinds are the summary

    kind: Literal["request", "page", "websocket", "process", "term", "log", "processes", "file"]
    said: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two examples: how it is run, and what must be seen. ``serve`` is a server, ``run`` a program that ends; one of them is "".

    ``before`` are commands that must succeed first; ``environment`` comes on top of what the base gives; ``proxy`` puts nginx in front.
    """

    name: Literal["fails", "works"]
    serve: str
    run: str
    before: tuple[str, ...]
    environment: Mapping[str, str | None]
    proxy: bool
    observations: tuple[Observation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofPlan:
    """The whole block. ``folder`` is where commands start, "" for the root of the example; ``files`` are what both examples leave out.

    ``needs`` are commands that succeed where the proof can be made at all, such as `redis-server --version`: a tool that is missing is no verdict
    about the entry.
    """

    base: str
    folder: str
    fails: Side
    works: Side
    files: Mapping[PurePosixPath, str]
    needs: tuple[str, ...] = ()


def plan_of(gotcha: Gotcha) -> ProofPlan | None:
    """The plan of an entry, None for one that cannot be run. Raises CatalogueError for keys that no runner knows."""
    return plan_from(gotcha.proof.plan, gotcha.origin) if gotcha.proof.plan else None


def plan_from(said: Mapping[str, object], origin: str) -> ProofPlan:
    """The plan that a block says; ``origin`` names the block in what is raised: CatalogueError, for keys that no runner knows."""
    for key in said:
        if key not in _PLAN_KEYS:
            raise CatalogueError(f"{origin}: `prove` holds `{key}`, which nothing reads: known keys are {', '.join(_PLAN_KEYS)}")
    if ("serve" in said) == ("run" in said):
        raise CatalogueError(f"{origin}: `prove` needs one of `serve` (a server) and `run` (a program that ends)")
    files = said.get("files", {})
    if not isinstance(files, Mapping) or any(PurePosixPath(str(path)).is_absolute() or ".." in PurePosixPath(str(path)).parts for path in files):
        raise CatalogueError(f"{origin}: `prove.files` is no mapping of paths below the example to texts")
    return ProofPlan(
        base=str(said.get("base", "")),
        folder=str(said.get("cwd", "")),
        files={PurePosixPath(str(path)): str(text) for path, text in files.items()},
        fails=_side(origin, said, "fails"),
        works=_side(origin, said, "works"),
        needs=_needs(origin, said.get("needs", [])),
    )


def _needs(origin: str, said: object) -> tuple[str, ...]:
    if not isinstance(said, list) or not all(isinstance(command, str) for command in said):
        raise CatalogueError(f"{origin}: `prove.needs` is no list of commands, such as `[redis-server --version]`")
    return tuple(said)


def _side(origin: str, said: Mapping[str, object], name: Literal["fails", "works"]) -> Side:
    observations = said.get(name)
    if not isinstance(observations, list) or not observations:
        raise CatalogueError(f"{origin}: `prove.{name}` observes nothing: write a list of observations")
    environment = _of_side(said.get("env", {}), name)
    if not isinstance(environment, Mapping):
        raise CatalogueError(f"{origin}: `prove.env` is no mapping of names to values")
    before = [command for command in (_of_side(said.get("build"), name), _of_side(said.get("before"), name)) if command]
    return Side(
        name=name,
        serve=str(_of_side(said.get("serve"), name) or ""),
        run=str(_of_side(said.get("run"), name) or ""),
        before=tuple(str(command) for item in before for command in (item if isinstance(item, list) else [item])),
        proxy=_of_side(said.get("proxy"), name) == "nginx",
        environment={str(key): None if value is None else str(value) for key, value in environment.items()},
        observations=tuple(_observation(origin, item) for item in observations),
    )


def _of_side(value: object, name: str) -> object:
    """What is said of one side, where `fails` and `works` are told apart."""
    return value.get(name) if isinstance(value, Mapping) and set(value) <= set(SIDES) and value else value


def _observation(origin: str, said: object) -> Observation:
    if not isinstance(said, Mapping) or not said:
        raise CatalogueError(f"{origin}: an observation of `prove` is no mapping, such as `{{get: /, status: 404}}`")
    if any(method in said for method in METHODS):
        kind, known = "request", tuple(_REQUEST_KEYS)
    else:
        kind = next((kind for kind, keys in _KINDS.items() if keys[0] in said), "process" if {"output", "timeout"} & set(said) else "")
        known = _KINDS.get(kind, ())
    unknown = [str(key) for key in said if key not in known]
    if not kind or unknown:
        raise CatalogueError(f"{origin}: the observation {dict(said)!r} holds `{', '.join(unknown) or 'nothing known'}`, which nothing looks at")
    return Observation(kind=kind, said=said)  # type: ignore[arg-type]
