"""nginx against the application behind it: what a proxy has to hand on, and what it must not stand in the way of.

https://nginx.org/en/docs/http/ngx_http_proxy_module.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from auditor.checks import demands
from auditor.checks.demands import Demand, Homes
from auditor.checks.nginx import once, project_text, site
from auditor.model import CheckDetector, Gotcha, Outcome, Site
from auditor.project.facts.record import Directive
from auditor.project.facts.unit import Unit
from auditor.project.facts.webserver import Block, Target
from auditor.project.files import normal
from auditor.project.project import Project

_ENTRANCE = re.compile(r"^/(?:api\b|v\d)")
_SCHEME_HEADERS = ("x-forwarded-proto", "x-forwarded-protocol", "x-forwarded-ssl", "x-forwarded-scheme", "x-scheme", "x-url-scheme", "forwarded")
_NGINX = re.compile(r"(?:^|/)nginx(?:-unprivileged)?(?::([^@]*))?(?:@|$)")
_HTTP = frozenset({"proxy_pass"})
_ANY = frozenset({"proxy_pass", "uwsgi_pass", "fastcgi_pass", "scgi_pass"})
_DEPLOYS = frozenset({"nginx", "text", "yaml", "shell", "dockerfile", "dotenv"})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Door:
    """A location that hands requests to the project's own application, and the folders of that application."""

    server: Block
    block: Block
    directive: Directive
    target: Target
    homes: Homes

    def header(self, *names: str) -> bool | None:
        """Whether one of the headers is handed on; None when that cannot be told."""
        sent = self.block.effective("proxy_set_header")
        return None if sent is None else any(one.args and one.args[0].lower() in names and one.args[1:2] != ("",) for one in sent)


def doors(project: Project, kinds: frozenset[str] = _HTTP) -> Iterator[Door]:
    """Every `proxy_pass`, or other directive of that kind, to an application of this project."""
    web = project.facts.webserver
    for server in web.servers:
        for block in server.walk():
            if block.passes is None or block.passes.name not in kinds:
                continue
            target = web.target(block, block.passes)
            homes = homes_of(project, target) if target is not None else ()
            if target is not None and homes:
                yield Door(server=block.server or server, block=block, directive=block.passes, target=target, homes=homes)


def services(project: Project) -> Iterator[tuple[PurePosixPath, Unit]]:
    """Every service of every compose file, development ones too: they are called alike."""
    for file in project.tree_files:
        if file.language == "yaml" and file.role in ("production", "development"):
            for unit in project.facts.record(file.path).units:
                if unit.kind == "compose":
                    yield file.path, unit


def homes_of(project: Project, target: Target) -> Homes:
    """The folders with the code behind a target: what its compose service builds, else the whole project; () when the code is not here."""
    if not target.is_own:
        return ()
    named = [(path, unit) for path, unit in services(project) if unit.name in target.hosts]
    built = [_home(path, unit) for path, unit in named if unit.build is not None]
    if built:
        return tuple(dict.fromkeys(built))
    return () if named else (PurePosixPath(),)


def _home(path: PurePosixPath, unit: Unit) -> PurePosixPath:
    """The folder of the Dockerfile when it lies below the context, which is then often the whole project."""
    assert unit.build is not None
    context = normal(str(path.parent / unit.build.context))
    folder = normal(str(context / unit.build.dockerfile)).parent
    return folder if context in folder.parents and folder.name.lower() not in ("docker", "deploy", "compose", "production") else context


def _demanded(project: Project, ask: Callable[[Project, Homes], Demand | None], kinds: frozenset[str] = _HTTP) -> Iterator[tuple[Door, Demand]]:
    """The doors to applications that demand something."""
    asked: dict[Homes, Demand | None] = {}
    for door in doors(project, kinds):
        if door.homes not in asked:
            asked[door.homes] = ask(project, door.homes)
        demand = asked[door.homes]
        if demand is not None:
            yield door, demand


# -- what was asked for ------------------------------------------------------------------------------------------------------------


def forwarded_proto_missing(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """TLS ends at this server, and the application is told of it by a header that it does not send."""
    return once(_forwarded_proto_missing(project, gotcha, detector), project)


def _forwarded_proto_missing(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterator[Site]:
    for door, demand in _demanded(project, demands.scheme):
        if not _ends_tls(door.server):
            continue
        names = (demand.detail, *_SCHEME_HEADERS) if demand.detail == "x-forwarded-proto" else (demand.detail,)
        sent = door.header(*names)
        if sent:
            yield site(gotcha, Outcome.PASS, "tells the scheme", door.directive)
        elif sent is False:
            yield site(gotcha, Outcome.FAIL, detector.message.replace("$HEADER", demand.detail.title()), door.directive, demand.place)


def _ends_tls(server: Block) -> bool:
    return any("ssl" in one.args[1:] for one in server.all("listen")) or any(one.args[:1] == ("on",) for one in server.all("ssl"))


def host_header_missing(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """The application gets the name of the upstream as the host that was asked for, and does not bear it."""
    return once(_host_header_missing(project, gotcha, detector), project)


def _host_header_missing(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterator[Site]:
    for door in doors(project):
        sent = door.header("host", "x-forwarded-host")
        if sent:
            yield site(gotcha, Outcome.PASS, "hands on the host", door.directive)
        if sent is not False or "$" in door.target.name:
            continue
        demand = demands.host(project, door.homes, door.target.name)
        if demand is not None:
            message = detector.message.replace("$HOST", door.target.name).replace("$WHY", demand.detail)
            yield site(gotcha, Outcome.FAIL, message, door.directive, demand.place)


# -- what gets through -------------------------------------------------------------------------------------------------------------


def websocket_upgrade_missing(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """The location of a WebSocket does not hand on `Upgrade`, and neither does any other location of the application."""
    return once(_websocket_upgrade_missing(project, gotcha, detector), project)


def _websocket_upgrade_missing(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterator[Site]:
    found = list(_demanded(project, demands.websockets))
    upgraded = {door.homes for door, _ in found if door.header("upgrade") is not False}
    for door, demand in found:
        if door.homes in upgraded:
            if door.header("upgrade"):
                yield site(gotcha, Outcome.PASS, "hands on the upgrade", door.directive)
            continue
        beside = [other for other, _ in found if other.server.directive is door.server.directive and other.homes == door.homes]
        serving = door.server.serving(demand.detail) if demand.detail.startswith("/") else None
        if (serving is not None and serving.directive is door.block.directive) or (serving is None and len(beside) == 1):
            yield site(gotcha, Outcome.FAIL, detector.message, door.directive, demand.place)


def body_size_default(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """The application takes uploads, and nothing raises nginx's limit of one megabyte."""
    return once(_body_size_default(project, gotcha, detector), project)


def _body_size_default(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterator[Site]:
    for file in project.tree_files:
        if file.language in _DEPLOYS and any(
            word in text for text in project_text(project, file.path) for word in ("client_max_body_size", "proxy-body-size")
        ):
            return
    told: set[tuple[int, Homes]] = set()
    for door, demand in sorted(_demanded(project, demands.uploads, _ANY), key=lambda pair: _entrance(pair[0])):
        key = (id(door.server.directive), door.homes)
        if key not in told and door.block.effective("client_max_body_size") == ():
            told.add(key)
            yield site(gotcha, Outcome.FAIL, detector.message, door.directive, demand.place)


def _entrance(door: Door) -> tuple[bool, int]:
    path = door.block.location[1]
    return not _ENTRANCE.match(path), len(path)


def sse_buffered(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """The application sends events, and nginx asks for them in HTTP/1.0 and collects them."""
    return once(_sse_buffered(project, gotcha, detector), project)


def _sse_buffered(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterator[Site]:
    found = list(_demanded(project, demands.streams))
    # A location that has been thought of is the one for the events.
    done = {door.homes for door, _ in found if door.block.effective("proxy_buffering") != () or _speaks(door) not in ("", "1.0")}
    for door, demand in sorted(found, key=lambda pair: _entrance(pair[0])):
        if door.homes in done:
            continue
        done.add(door.homes)
        if _speaks(door) == "1.0" or _is_old(project):
            yield site(gotcha, Outcome.FAIL, detector.message, door.directive, demand.place)
        else:
            yield site(gotcha, Outcome.REVIEW, f"before nginx 1.29.7 {detector.message}", door.directive, demand.place)


def _speaks(door: Door) -> str:
    """The version of HTTP that is set for the upstream, "" when it is left to nginx."""
    found = door.block.effective("proxy_http_version")
    return "?" if found is None else found[0].args[0] if found and found[0].args else ""


def _is_old(project: Project) -> bool:
    """Whether all images of nginx that the project names speak HTTP/1.0 to upstreams by default (until 1.29.7)."""
    images = [unit.image for _, unit in services(project)]
    images += [stage.image for file in project.tree_files if file.language == "dockerfile" for stage in project.facts.record(file.path).stages]
    tags = [found.group(1) or "" for image in images if (found := _NGINX.search(image))]
    versions = [re.match(r"1\.(\d+)(?:\.(\d+))?(?![\d.])", tag) for tag in tags]
    return bool(versions) and all(version is not None and (int(version[1]), int(version[2] or 99)) < (29, 7) for version in versions)
