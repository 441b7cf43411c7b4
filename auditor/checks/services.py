"""Services of a compose file against each other, their images and the code they run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import PurePosixPath

from auditor.checks.images import site
from auditor.model import CheckDetector, Gotcha, Outcome, Place, Severity, Site
from auditor.project.facts.files.dockerfile import copied
from auditor.project.facts.launch import Launch
from auditor.project.facts.listening import listening
from auditor.project.facts.record import Record
from auditor.project.facts.unit import Port, Unit, Variable
from auditor.project.files import normal
from auditor.project.project import Project, Unreadable

_LOCAL_URL = re.compile(
    r"^(?P<scheme>[a-z][a-z0-9+.-]*)://(?:[^@/\s]*@)?(?:localhost|127\.0\.0\.1|\[::1\])(?::(?P<port>\d+))?(?:[/?]|$)", re.IGNORECASE
)
_LOCAL_HOST = re.compile(r"^(?:localhost|127\.0\.0\.1)(?::(?P<port>\d+))?$", re.IGNORECASE)
_FOR_BROWSERS = re.compile(
    r"^(?:VITE|NEXT|NUXT|REACT_APP|PUBLIC|EXPO|VUE_APP|GATSBY)_|ORIGIN|CORS|ALLOWED|PUBLIC|FRONT|CLIENT|CALLBACK|REDIRECT|EXTERNAL|BROWSER|WEB_?URL|SITE|DOMAIN|APP_URL|(?<![A-Z])BASE_URL|AUTH_URL"
)
_PORTS = {
    "elasticsearch": 9200, "mariadb": 3306, "memcached": 11211, "minio": 9000, "mongo": 27017, "mysql": 3306, "nats": 4222, "opensearch": 9200,
    "postgis": 5432, "postgres": 5432, "pgvector": 5432, "rabbitmq": 5672, "redis": 6379, "valkey": 6379,
}  # fmt: skip
"""Images whose servers listen on a port that everybody knows."""
_BUILDS = re.compile(r"\b(?:npm|pnpm|yarn|bun)\b[^&|;]*\bbuild\b|\b(?:vite|next|react-scripts|nuxt|astro|ng|vue-cli-service)\s+(?:build|generate)\b")
_INSTALLS = re.compile(r"\b(?:npm\s+(?:ci|install|i)|yarn(?:\s+install)?|pnpm\s+(?:i|install)|bun\s+install)\b")
_PUBLIC = re.compile(r"^(?:VITE|NEXT_PUBLIC|REACT_APP|NUXT_PUBLIC|VUE_APP|GATSBY|EXPO_PUBLIC)_")


def services(project: Project) -> Iterator[tuple[PurePosixPath, tuple[Unit, ...]]]:
    """The compose files of production and their services."""
    for path in project.facts.deployment_files:
        units = tuple(unit for unit in project.facts.record(path).units if unit.kind == "compose")
        if units:
            yield path, units


def image_of(project: Project, path: PurePosixPath, unit: Unit) -> Record | None:
    """What the Dockerfile that a service builds says, up to the stage that is built, which is then the last."""
    if unit.build is None:
        return None
    record = project.facts.record(normal(str(path.parent / unit.build.context / unit.build.dockerfile)))
    target = unit.build.target.lower()
    last = next((number for number, stage in enumerate(record.stages) if stage.name.lower() == target), None) if target else len(record.stages) - 1
    if last is None or not record.stages:
        return None
    return replace(record, stages=record.stages[: last + 1], units=record.units[: last + 1])


def port_mismatch(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """A port of a service that is published and on which nothing inside listens."""
    for path, units in services(project):
        for unit in units:
            for port, opened, place in image_port_mismatch(project, path, unit):
                right = port.inner in opened
                message = "is where the server listens" if right else detector.message
                message = message.replace("$PORT", str(port.inner)).replace("$BOUND", ", ".join(map(str, sorted(opened))))
                if right or (port.inner is not None and not any(one.inner in opened for one in unit.ports)):
                    yield site(gotcha, port.place, Outcome.PASS if right else Outcome.FAIL, message, place)
    for launch in project.facts.launches:
        published = [port for port in launch.ports if port.inner is not None and port.place.path is not None and launch.kind == "compose"]
        published = [port for port in published if project.language(port.place.path or PurePosixPath()) == "yaml"]
        bound = listening(project, launch)
        if bound is None or not published or launch.network == "host" or not launch.certain or _several(project, launch):
            continue
        matching = [port for port in published if port.inner == bound.port]
        for port in matching or published:
            message = f"{bound.port} is where the server listens" if matching else detector.message
            message = message.replace("$PORT", str(port.inner)).replace("$BOUND", str(bound.port))
            yield site(gotcha, port.place, Outcome.PASS if matching else Outcome.FAIL, message, bound.place)


def image_port_mismatch(project: Project, path: PurePosixPath, unit: Unit) -> Iterator[tuple[Port, frozenset[int], Place]]:
    """The published ports of an nginx or httpd service with the ports that its configuration opens, and where it says so."""
    image = image_of(project, path, unit)
    name = image.units[-1].image if image is not None else unit.image
    if not re.match(r"^(?:docker\.io/)?(?:library/)?(?:nginx|httpd)(?::|$)", name) or unit.command is not None or unit.entrypoint is not None:
        return
    files = [normal(str(path.parent / mount.source)) for mount in unit.mounts if "/etc/nginx" in mount.target]
    place = unit.place
    if image is not None:
        place = image.stages[-1].place
        if image.units[-1].command is not None or image.units[-1].entrypoint is not None:
            return
        context = path.parent / (unit.build.context if unit.build is not None else ".")
        for instruction in image.stages[-1].instructions:
            parts = copied(instruction)
            if parts is not None and "/etc/nginx" in parts[1]:
                files += [normal(str(context / source)) for source in parts[0]]
            elif instruction.word == "RUN" and re.search(r"/etc/nginx|conf\.d", " ".join((instruction.rest, *instruction.documents))):
                return  # the configuration is written while the image is built
    found: set[int] = set() if files else {80}
    for file in files:
        try:
            text = project.text(file)
        except Unreadable:
            return
        found |= {int(number) for number in re.findall(r"^\s*listen\s+(?:\S*:)?(\d+)\b", text, re.MULTILINE)}
        if re.search(r"^\s*(?:include\s+(?!\S*(?:mime|params))|listen\s+\S*\$)", text, re.MULTILINE) or not re.search(
            r"^\s*listen\b", text, re.MULTILINE
        ):
            return
    yield from ((port, frozenset(found), place) for port in unit.ports)


def _several(project: Project, launch: Launch) -> bool:
    """Whether a service starts more than one server, of which any may be the one meant."""
    same = [other for other in project.facts.launches if (other.kind, other.name) == (launch.kind, launch.name)]
    return sum(listening(project, other) is not None for other in same) > 1


def localhost_between_services(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """A variable that sends one service to its own loopback interface for what another service of the file offers."""
    for _, units in services(project):
        for unit in units:
            for variable in unit.variables:
                other = _meant(unit, variable, units) if variable.when == "run" and unit.network != "host" else None
                if other is not None:
                    message = detector.message.replace("$NAME", variable.name).replace("$SERVICE", other.name)
                    yield site(gotcha, variable.place, Outcome.FAIL, message, other.place)
                elif _names_service(unit, variable, units):
                    yield site(gotcha, variable.place, Outcome.PASS, "another service is reached by its name")


def _meant(unit: Unit, variable: Variable, units: tuple[Unit, ...]) -> Unit | None:
    """The other service that an address of this machine is meant for: the one that offers the port."""
    text = variable.value or ""
    url, host = _LOCAL_URL.match(text), _LOCAL_HOST.match(text)
    if _FOR_BROWSERS.search(variable.name) or (url is None and host is None):
        return None
    if url is not None and url["scheme"].lower() in ("http", "https", "ws", "wss"):
        return None  # who follows it, a browser or the service, cannot be told
    said = (url or host)["port"] if (url or host) else None  # type: ignore[index]
    port = int(said) if said else _default(variable, url["scheme"].lower() if url else "")
    others = [other for other in units if other is not unit and port in _offered(other)]
    return others[0] if port is not None and others and port not in _offered(unit) else None


def _default(variable: Variable, scheme: str) -> int | None:
    """The port that goes without saying: by the scheme of the URL, or by the name of the variable (`DB_HOST`, `REDIS_HOST`)."""
    known = {"postgresql": 5432, "postgres": 5432, "mysql": 3306, "redis": 6379, "mongodb": 27017, "amqp": 5672}
    base = scheme.partition("+")[0]
    if base in known:
        return known[base]
    words = {"POSTGRES": 5432, "PG": 5432, "MYSQL": 3306, "REDIS": 6379, "MONGO": 27017, "RABBITMQ": 5672, "AMQP": 5672}
    return next((number for word, number in words.items() if variable.name.startswith(word) and variable.name.endswith("HOST")), None)


def _offered(unit: Unit) -> set[int]:
    """The ports of a service: published ones, and the known one of its image."""
    name = unit.image.rpartition("/")[2].partition(":")[0]
    return {number for port in unit.ports for number in (port.inner, port.outer) if number is not None} | (
        {_PORTS[name]} if name in _PORTS else set()
    )


def _names_service(unit: Unit, variable: Variable, units: tuple[Unit, ...]) -> bool:
    text = variable.value or ""
    return any(other is not unit and re.search(rf"(?:^|[/@]){re.escape(other.name)}(?::\d+)?(?:[/?]|$)", text) for other in units)


def public_variable_at_run_time(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """A variable that the bundler writes into the front end, given to the container when the front end is built already."""
    read = {entry.name: entry for entry in project.facts.environment.entries if _PUBLIC.match(entry.name)}
    for path, units in services(project):
        for unit in units:
            image = image_of(project, path, unit)
            for variable in unit.variables if image is not None else ():
                if variable.when != "run" or variable.name not in read or image is None:
                    continue
                place = _built_without(image, variable.name)
                early = {given.name for given in unit.variables if given.when == "build"}
                if place is None or variable.name in early or _in_file(project, path, unit, variable.name):
                    yield site(gotcha, variable.place, Outcome.PASS, "is there when the front end is built")
                else:
                    yield site(
                        gotcha,
                        variable.place,
                        Outcome.FAIL,
                        detector.message.replace("$NAME", variable.name),
                        place,
                        read[variable.name].reads[0].place,
                    )


def _built_without(record: Record, name: str) -> Place | None:
    """Where an image builds the front end in a stage that has no such variable; None when it builds none, or has it."""
    for stage in record.stages:
        for instruction in stage.instructions:
            if instruction.word in ("ARG", "ENV") and re.search(rf"(?:^|\s){name}\b", instruction.rest):
                return None
            if instruction.word == "RUN" and _BUILDS.search(instruction.rest):
                return None if name in instruction.rest else instruction.place
    return None


def _in_file(project: Project, path: PurePosixPath, unit: Unit, name: str) -> bool:
    """Whether a file of variables that is copied into the image has it."""
    context = normal(str(path.parent / unit.build.context)) if unit.build is not None else path.parent
    return any(
        named.name == name for named in project.facts.environment.named if named.place.path is not None and context in named.place.path.parents
    )


def mount_hides_packages(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """A folder of the host mounted over the one in which the image has installed its packages."""
    for path, units in services(project):
        for unit in units:
            image = image_of(project, path, unit)
            if image is None:
                continue
            folder = image.units[-1].folder.rstrip("/")
            installed = next((one for one in image.stages[-1].instructions if one.word == "RUN" and _INSTALLS.search(one.rest)), None)
            for mount in unit.mounts:
                host = normal(str(path.parent / mount.source))
                if (
                    not mount.source.startswith(".")
                    or mount.target.rstrip("/") != folder
                    or installed is None
                    or not project.exists(host / "package.json")
                ):
                    continue
                kept = any(other.target.rstrip("/") == f"{folder}/node_modules" for other in unit.mounts)
                message = "the packages of the image are kept by a volume of their own" if kept else detector.message
                yield site(gotcha, mount.place, Outcome.PASS if kept else Outcome.FAIL, message, installed.place)


def volume_keeps_assets(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """A named volume over a folder that the image fills: Docker fills an empty volume once, and never again."""
    for path, units in services(project):
        for unit in units:
            image = image_of(project, path, unit)
            if image is None:
                continue
            filled = [one for one in image.stages[-1].instructions if one.word == "RUN" and "collectstatic" in one.rest]
            again = any("collectstatic" in launch.words for launch in project.facts.launches if launch.name == unit.name)
            for mount in unit.mounts:
                if filled and mount.source and not mount.source.startswith((".", "/", "~", "$")) and "static" in mount.target:
                    message = "is filled again at each start" if again else detector.message
                    yield site(gotcha, mount.place, Outcome.PASS if again else Outcome.FAIL, message, filled[0].place)


def database_published(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """A database of a file for production that is open on every interface of the host: Docker's rules come before those of the firewall."""
    for path, units in services(project):
        deployed = re.search(r"prod|deploy|release", path.name) is not None
        for unit in units:
            known = _PORTS.get(unit.image.rpartition("/")[2].partition(":")[0])
            for port in unit.ports:
                if known is None or port.inner != known:
                    continue
                if port.address in ("127.0.0.1", "[::1]", "localhost") or port.outer is None:
                    yield site(gotcha, port.place, Outcome.PASS, "is open to this machine alone")
                elif deployed:
                    yield site(gotcha, port.place, Outcome.FAIL, detector.message)
                else:
                    message = f"{detector.message}, if this file is what production uses"
                    place = port.place
                    yield Site(gotcha=gotcha.id, outcome=Outcome.REVIEW, message=message, place=place, severity=Severity.NOTE, scope=place.span)


def dollar_in_value(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """A dollar sign inside a value that compose takes for a variable (https://docs.docker.com/reference/compose-file/interpolation/)."""
    known = {named.name for named in project.facts.environment.named}
    for _, units in services(project):
        for unit in units:
            for variable in unit.variables:
                found = re.search(r"(?<=[A-Za-z0-9!@#%^&*+])(?<!\$)\$([A-Za-z_]\w*)", variable.value or "")
                if found is not None and found.group(1) not in known and "://" not in (variable.value or ""):
                    message = detector.message.replace("$NAME", variable.name).replace("$EATEN", found.group())
                    yield site(gotcha, variable.place, Outcome.FAIL, message)
                elif "$$" in (variable.value or ""):
                    yield site(gotcha, variable.place, Outcome.PASS, "the dollar sign is doubled")
