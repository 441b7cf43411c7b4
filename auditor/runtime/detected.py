"""Find out from a project how production starts it, and what to ask of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from auditor.project.facts.environment import is_set_by_others
from auditor.project.facts.launch import Launch
from auditor.project.files import normal
from auditor.project.project import Project
from auditor.runtime import asked, serving
from auditor.runtime.commands import CONTAINERS, PLATFORMS, Refused, made
from auditor.runtime.target import Build, Start, Target, Variable
from auditor.runtime.unsaid import Offer, offers

_MOST_SAID = 20
_LOCKS = ("package.json", "package-lock.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock", "bun.lockb", "index.html", "src", "public", "static", "app")
_CONFIGS = re.compile(r"^(?:(?:vite|webpack|next|nuxt|astro|vue|tailwind|postcss|svelte|babel)\.config\.\w+|tsconfig[\w.]*\.json|angular\.json)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Detected:
    """What was found: the application, ``others`` that were passed over, and ``why_not`` when nothing is to be started; both in words."""

    found: Target | None
    others: tuple[str, ...] = ()
    why_not: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choice:
    """One way to start, and what is known of it besides."""

    start: Start
    rank: int
    said: str
    notes: tuple[str, ...] = ()
    launch: Launch | None = None
    public: bool | None = None
    takes_port: bool | None = None


def detect(project: Project, scope: PurePosixPath) -> Detected:
    """The application of ``scope`` (the root for all of the tree) as production starts it, by deployment files first, then by the code."""
    choices: list[_Choice] = []
    refused: list[str] = []
    for launch in project.facts.launches:
        if not _concerns(launch, scope):
            continue
        try:
            choice = _of_launch(project, launch)
        except Refused as reason:
            refused.append(f"{_said(launch)}: {reason}")
            continue
        if isinstance(choice, str):
            refused += [f"{_said(launch)}: {choice}"] if choice else []
        else:
            choices.append(choice)
    for offer in offers(project, scope):
        if offer.start is None:
            refused.append(f"{offer.said}: {offer.refused}")
        else:
            choices.append(_of_offer(offer.start, offer))
    refused = list(dict.fromkeys(refused))
    if not choices:
        said = tuple(refused[:_MOST_SAID]) or ("no deployment file, start script, package.json, manage.py or application object starts a server",)
        return Detected(found=None, why_not=said)
    best = max(choices, key=lambda choice: (choice.rank, -len(choice.start.folder.parts)))
    others = dict.fromkeys(
        f"{choice.said}: {_passed_over(best, choice)}" for choice in choices if choice.start.words != best.start.words and choice.said != best.said
    )
    return Detected(found=_target(project, best), others=(*others, *refused)[:_MOST_SAID])


def _passed_over(best: _Choice, other: _Choice) -> str:
    if other.start.folder != best.start.folder:
        return f"another application, in {other.start.folder}" if str(other.start.folder) != "." else "another application, in the root"
    return f"{best.said} tells more of production" if other.rank < best.rank else f"{best.said} was taken"


def _said(launch: Launch) -> str:
    place = launch.place
    return f"{launch.name} in {place.path}:{place.line}" if launch.name and not launch.name.isdigit() else f"{place.path}:{place.line}"


def _concerns(launch: Launch, scope: PurePosixPath) -> bool:
    if scope == PurePosixPath():
        return True
    return any(normal(str(base)).is_relative_to(scope) for base in launch.bases[:1])


_OF_DEVELOPMENT = re.compile(r"--reload|--debug\b|\bdev_?\w*\b|settings[./](?:local|dev)|\.dev\b")
_WEB_SERVER = {
    "nginx": "nginx needs its configuration below /etc, which only the image has",
    "supervisord": "supervisord starts several processes by a configuration of the image; they are looked at one by one",
}
_OF_KIND = {
    "procfile": 12,
    "render": 11,
    "railway": 11,
    "fly": 11,
    "heroku": 11,
    "app-engine": 11,
    "compose": 9,
    "dockerfile": 8,
    "kubernetes": 8,
    "systemd": 7,
    "supervisor": 7,
}


def _of_launch(project: Project, launch: Launch) -> _Choice | str:
    """The choice a launch offers; else why it is none, "" for what nobody would take for a server."""
    role = serving.role(project, launch)
    if role == "none":
        return ""
    if role == "front end of developers":
        return f"{launch.tool} is a development server of a front end: production serves what is built"
    if role == "web server":
        raise Refused(_WEB_SERVER.get(launch.tool, f"{launch.tool} is configured by files that only the image or the server has"))
    if role == "unknown" and launch.name != "web" and launch.kind == "compose" and launch.whole is None:
        return ""
    base = {"server": 80, "unknown": 65, "development server": 65, "static": 15}[role]
    doubt = 0 if launch.certain else 2
    if launch.kind == "procfile" and launch.name not in ("web", "backend", "api", "server"):
        return f"a process of the kind {launch.name}, to which no requests are sent"
    reload = 4 if _OF_DEVELOPMENT.search(" ".join(launch.words)) else 0
    named = 2 if re.search(r"web\b|back|api|app|server", launch.name) else -2 if re.search(r"websocket|socket|worker|front|admin", launch.name) else 0
    depth = min(len(launch.bases[0].parts) if launch.bases else 0, 6)
    why = f"{_said(launch)} starts {launch.tool}"
    if launch.trail:
        why += " by way of " + ", ".join(dict.fromkeys(str(place.path) for place in launch.trail))
    done = made(project, launch, why=why)
    port = serving.port(project, launch)
    platform = launch.kind in PLATFORMS
    return _Choice(
        start=done.start,
        rank=base + _OF_KIND.get(launch.kind, 5) - doubt - reload - depth + named,
        said=_said(launch),
        notes=done.notes + ((f"{launch.tool} is no production server",) if role == "development server" else ()),
        launch=launch,
        public=True if platform or launch.kind in CONTAINERS else None,
        takes_port=True
        if platform or (launch.kind in CONTAINERS and port.follows)
        else False
        if port.number is not None and launch.kind in CONTAINERS
        else None,
    )


def _of_offer(start: Start, offer: Offer) -> _Choice:
    return _Choice(start=start, rank=offer.rank, said=offer.said, notes=offer.notes)


# -- what is asked -----------------------------------------------------------------------------------------------------------------


def _target(project: Project, choice: _Choice) -> Target:
    start = choice.start
    served = asked.served(project, start, choice.launch)
    health = asked.health(project, choice.launch, served)
    return Target(
        start=start,
        health=health,
        pages=asked.pages(served),
        endpoints=served.endpoints,
        deep_links=asked.deep_links(project, served),
        cors=asked.cors(project, served),
        required=tuple(_required(project, start, served)),
        builds=tuple(_builds(project, start, served)),
        public=choice.public,
        takes_port=choice.takes_port,
        host=asked.host(project, served),
        notes=choice.notes,
    )


def _required(project: Project, start: Start, served: asked.Served) -> Iterator[Variable]:
    """The variables that the application stops without, and that its start does not give."""
    scopes = project.facts.scopes
    mine = scopes.holds(start.folder)
    for entry in project.facts.environment.entries:
        if entry.need != "required" or is_set_by_others(entry.name) or entry.name in start.environment:
            continue
        if (
            entry.scope != mine
            and entry.scope not in mine.parents
            and not (mine == PurePosixPath() and _is_python_below(project, entry.scope, start))
        ):
            continue
        reads = [read for read in entry.reads if read.required and not read.defaulted and not read.guard and read.when == "run"]
        read = next((read for read in reads if read.place.path in served.paths or read.place.path in served.scripts), None)
        if read is not None:
            yield Variable(name=entry.name, place=read.place)


def _is_python_below(project: Project, scope: PurePosixPath, start: Start) -> bool:
    """Whether a scope below the root is what a start in the root loads: `gunicorn server.app:app`."""
    first = scope.parts[0] if scope.parts else ""
    del project
    return bool(first) and any(re.match(rf"(?:\./)?{re.escape(first)}[./:]", word) for text in start.words for word in text.split())


def _builds(project: Project, start: Start, served: asked.Served) -> Iterator[Build]:
    """The outputs of front ends that the server's code names, or that belong to the package that is started."""
    found: dict[PurePosixPath, Build] = {}
    for build in project.facts.builds:
        if build.output is None or not build.is_sure:
            continue
        own = build.root == start.folder and (start.kind == "package.json" or "nginx" in start.why.split())
        if not own and not served.names_folder(build.output):
            continue
        sources = tuple(_sources(project, build.root))
        command = f"npm run {build.script}" if build.script else ""
        found.setdefault(
            build.output, Build(output=build.output, sources=sources, command=command, place=replace(build.place, label=build.place.label))
        )
    yield from found.values()


def _sources(project: Project, root: PurePosixPath) -> Iterable[PurePosixPath]:
    names = project.names(root)
    yield from (root / name for name in _LOCKS if name in names)
    yield from (root / name for name in sorted(names) if _CONFIGS.match(name))
