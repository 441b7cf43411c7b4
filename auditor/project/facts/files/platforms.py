"""Platform files: what Render, Fly, Heroku, Railway, Vercel, Netlify and App Engine are told to build and start, one unit a process."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Literal

import yaml

from auditor.model import Confidence
from auditor.project.facts.files import jsons, tomls, yamls
from auditor.project.facts.files.commands import exec_form, shell
from auditor.project.facts.names import platform_of
from auditor.project.facts.record import EMPTY, Fault, Record
from auditor.project.facts.unit import Build, Command, Mount, Port, Unit, Variable

_TEMPLATE = re.compile(r"\{\{|\{%|<%")
_NO_PROCESS = frozenset({"keyvalue", "redis", "static"})
When = Literal["run", "build"]
_HTTPS = 443
_MOST = 300  # nobody writes more variables of one service, or processes, and each costs time for each of the others


def extract(path: PurePosixPath, text: str) -> Record:
    """The processes and builds of a platform file; what the platform's own pages add cannot be seen, so that all but App Engine's are open."""
    reader = _READERS[platform_of(path.name) or ""]
    found = _document(path, text)
    if found is None:
        return EMPTY
    if isinstance(found, Fault):
        return Record(left_out="is a template") if _TEMPLATE.search(text) else Record(fault=found)
    return Record(units=tuple(reader(path, found)))


def _document(path: PurePosixPath, text: str) -> yaml.Node | Fault | None:
    if path.suffix == ".json":
        return jsons.document(text)
    if path.suffix == ".toml":
        return tomls.document(text)
    found = yamls.documents(text)
    return found if isinstance(found, Fault) else next(iter(found), None)


def _shell(path: PurePosixPath, node: yaml.Node | None) -> Command | None:
    """A command that a shell reads; of a list, which is run item by item, one text with `&&`."""
    if node is None:
        return None
    said = [text for item in yamls.items(node) if (text := yamls.text_of(item))] if isinstance(node, yaml.SequenceNode) else [yamls.text_of(node)]
    text = " && ".join(part for part in said if part)
    return shell(text, yamls.place_of(path, node)) if text.strip() else None


def _number(node: yaml.Node | None) -> int | None:
    text = yamls.text_of(node) or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _literals(path: PurePosixPath, node: yaml.Node | None, when: Literal["run", "build"] = "run") -> Iterator[Variable]:
    """The variables of a plain mapping."""
    for name, value in yamls.pairs(node):
        if isinstance(value, yaml.ScalarNode):
            yield Variable(name=name, value=yamls.text_of(value) or "", place=yamls.place_of(path, value), when=when)


def _builds(main: Unit, command: Command | None, name: str = "build") -> Iterator[Unit]:
    """The unit that runs ``command`` once, beside ``main``, in its folder and with its variables."""
    if command is not None:
        yield replace(main, name=f"{main.name} {name}", place=command.place, command=command, ports=(), mounts=(), replicas=None, runs="once")


# -- Render (https://render.com/docs/blueprint-spec) --------------------------------------------------------------------------------------------


def _render(path: PurePosixPath, root: yaml.Node) -> Iterator[Unit]:
    whens: tuple[When, ...] = ("run", "build")
    groups = {
        (yamls.text_of(yamls.get(group, "name")) or "", when): tuple(_keyed(path, group, when))
        for group in yamls.items(yamls.get(root, "envVarGroups"))
        for when in whens
    }
    services = list(yamls.items(yamls.get(root, "services")))
    for project in yamls.items(yamls.get(root, "projects")):
        for environment in yamls.items(yamls.get(project, "environments")):
            services += yamls.items(yamls.get(environment, "services"))
    for service in services:
        if not isinstance(service, yaml.MappingNode):
            continue
        kind = yamls.text_of(yamls.get(service, "type")) or ""
        runtime = yamls.text_of(yamls.get(service, "runtime")) or yamls.text_of(yamls.get(service, "env")) or ""
        static = kind == "static" or runtime == "static"
        if kind in _NO_PROCESS and not static:
            continue
        dockerfile = yamls.text_of(yamls.get(service, "dockerfilePath")) or "./Dockerfile"
        context = yamls.text_of(yamls.get(service, "dockerContext")) or "."
        place = yamls.place_of(path, service)
        main = Unit(
            kind="render",
            name=yamls.text_of(yamls.get(service, "name")) or kind,
            place=place,
            command=_shell(path, yamls.get(service, "startCommand")) or _shell(path, yamls.get(service, "dockerCommand")),
            folder=yamls.text_of(yamls.get(service, "rootDir")) or "",
            variables=tuple(_render_variables(path, service, groups, "build" if static else "run")),
            opens=True,
            image=yamls.text_of(yamls.get(service, "image", "url")) or "",
            build=Build(context=context, dockerfile=dockerfile, target="", place=place) if runtime == "docker" else None,
            mounts=tuple(
                Mount(source=yamls.text_of(yamls.get(disk, "name")) or "", target=target, place=yamls.place_of(path, disk))
                for disk in filter(None, [yamls.get(service, "disk")])
                if (target := yamls.text_of(yamls.get(disk, "mountPath")))
            ),
            runs="once" if kind == "cron" or static else "service",
            replicas=_number(yamls.get(service, "numInstances")),
        )
        yield main
        yield from _builds(main, _shell(path, yamls.get(service, "buildCommand")))
        yield from _builds(main, _shell(path, yamls.get(service, "preDeployCommand")), "before deploy")


def _render_variables(
    path: PurePosixPath, service: yaml.Node, groups: dict[tuple[str, When], tuple[Variable, ...]], when: When
) -> Iterator[Variable]:
    """The variables of a service and of the groups it names, after its own."""
    yield from _keyed(path, service, when)
    for item in yamls.items(yamls.get(service, "envVars"))[:_MOST]:
        yield from groups.get((yamls.text_of(yamls.get(item, "fromGroup")) or "", when), ())


def _keyed(path: PurePosixPath, holder: yaml.Node, when: When) -> Iterator[Variable]:
    for item in yamls.items(yamls.get(holder, "envVars"))[:_MOST]:
        name = yamls.text_of(yamls.get(item, "key"))
        if name:
            value = yamls.text_of(yamls.get(item, "value"))
            source: Literal["literal", "secret"] = "secret" if value is None else "literal"
            yield Variable(name=name, value=value, place=yamls.place_of(path, item), source=source, when=when)


# -- Fly (https://fly.io/docs/reference/configuration/) -----------------------------------------------------------------------------------------


def _fly(path: PurePosixPath, root: yaml.Node) -> Iterator[Unit]:
    processes: list[tuple[str, yaml.Node | None]] = [
        (name, value) for name, value in yamls.pairs(yamls.get(root, "processes")) if isinstance(value, yaml.ScalarNode)
    ]
    build = yamls.get(root, "build")
    dockerfile = yamls.text_of(yamls.get(build, "dockerfile")) or "Dockerfile"
    variables = (*_literals(path, yamls.get(root, "env")), *_literals(path, yamls.get(build, "args"), "build"))
    image = yamls.text_of(yamls.get(build, "image")) or ""
    built = Build(
        context=".",
        dockerfile=dockerfile,
        target=yamls.text_of(yamls.get(build, "build-target")) or "",
        place=yamls.place_of(path, build if build is not None else root),
    )
    mounts = yamls.get(root, "mounts")
    main = Unit(
        kind="fly",
        name="app",
        place=yamls.place_of(path, root),
        variables=variables,
        opens=True,
        mounts=tuple(
            Mount(source=yamls.text_of(yamls.get(mount, "source")) or "", target=target, place=yamls.place_of(path, mount))
            for mount in (yamls.items(mounts) or filter(None, [mounts]))
            if (target := yamls.text_of(yamls.get(mount, "destination")))
        ),
        image=image,
        build=None if image or yamls.get(build, "builder") is not None or yamls.get(build, "buildpacks") is not None else built,
    )
    known = tuple(_fly_ports(path, root))
    for name, value in processes[:_MOST] or [("app", None)]:
        command = _shell(path, value)
        ports = tuple(port for meant, port in known if not meant or name in meant)
        yield replace(main, name=name, place=command.place if command is not None else main.place, command=command, ports=ports)
    yield from _builds(main, _shell(path, yamls.get(root, "deploy", "release_command")), "release")


def _fly_ports(path: PurePosixPath, root: yaml.Node) -> Iterator[tuple[frozenset[str], Port]]:
    """Each port with the processes it is for; an empty set stands for all."""
    http = yamls.get(root, "http_service")
    for service in (*yamls.items(yamls.get(root, "services")), *(() if http is None else (http,)))[:_MOST]:
        meant = frozenset(yamls.text_of(item) or "" for item in yamls.items(yamls.get(service, "processes")))
        inner = yamls.get(service, "internal_port")
        if inner is not None:
            outer = _HTTPS if service is http else next((_number(yamls.get(port, "port")) for port in yamls.items(yamls.get(service, "ports"))), None)
            yield meant, Port(inner=_number(inner), outer=outer, place=yamls.place_of(path, inner))


# -- Heroku (https://devcenter.heroku.com/articles/app-json-schema, …/build-docker-images-heroku-yml) ---------------------------------------------


def _app_json(path: PurePosixPath, root: yaml.Node) -> Iterator[Unit]:
    """The variables an application is created with; `app.json` of Expo and React Native has none of these keys."""
    if not any(yamls.get(root, key) is not None for key in ("env", "addons", "buildpacks", "formation", "scripts")) or yamls.get(root, "expo"):
        return
    variables = []
    for name, node in yamls.pairs(yamls.get(root, "env")):
        given = yamls.get(node, "value") if isinstance(node, yaml.MappingNode) else node
        value = yamls.text_of(given)
        optional = yamls.text_of(yamls.get(node, "required")) == "false" and value is None
        confidence = Confidence.LOW if optional else Confidence.HIGH
        source: Literal["literal", "secret"] = "secret" if value is None else "literal"
        variables.append(Variable(name=name, value=value, place=yamls.place_of(path, node), source=source, confidence=confidence))
    main = Unit(kind="heroku", name="app", place=yamls.place_of(path, root), variables=tuple(variables), opens=True)
    yield main
    yield from _builds(main, _shell(path, yamls.get(root, "scripts", "postdeploy")), "postdeploy")


def _heroku_yml(path: PurePosixPath, root: yaml.Node) -> Iterator[Unit]:
    variables = (*_literals(path, yamls.get(root, "setup", "config")), *_literals(path, yamls.get(root, "build", "config"), "build"))
    built = {name: node for name, node in yamls.pairs(yamls.get(root, "build", "docker")) if isinstance(node, yaml.ScalarNode)}
    run = dict(yamls.pairs(yamls.get(root, "run")))
    for name in dict.fromkeys((*run, *built)):
        node = run.get(name)
        image = yamls.text_of(yamls.get(node, "image")) or name
        yield _heroku_unit(path, name, node, built.get(image), variables)
    release = yamls.get(root, "release")
    if release is not None:
        unit = _heroku_unit(path, "release", release, built.get(yamls.text_of(yamls.get(release, "image")) or ""), variables)
        yield replace(unit, runs="once")


def _heroku_unit(path: PurePosixPath, name: str, node: yaml.Node | None, dockerfile: yaml.Node | None, variables: tuple[Variable, ...]) -> Unit:
    command = _shell(path, yamls.get(node, "command") if isinstance(node, yaml.MappingNode) else node)
    build = None
    where = node if node is not None else dockerfile
    assert where is not None
    if dockerfile is not None and (file := yamls.text_of(dockerfile)):
        build = Build(context=str(PurePosixPath(file).parent), dockerfile=PurePosixPath(file).name, target="", place=yamls.place_of(path, dockerfile))
    return Unit(kind="heroku", name=name, place=yamls.place_of(path, where), command=command, variables=variables, opens=True, build=build)


# -- Railway, Vercel, Netlify, App Engine ----------------------------------------------------------------------------------------------------------


def _railway(path: PurePosixPath, root: yaml.Node) -> Iterator[Unit]:
    """The one service of a file (https://docs.railway.com/reference/config-as-code)."""
    dockerfile = yamls.get(root, "build", "dockerfilePath")
    written = yamls.text_of(dockerfile) or ""
    main = Unit(
        kind="railway",
        name="service",
        place=yamls.place_of(path, root),
        command=_shell(path, yamls.get(root, "deploy", "startCommand")),
        opens=True,
        build=Build(context=".", dockerfile=written, target="", place=yamls.place_of(path, dockerfile))
        if dockerfile is not None and written
        else None,
        runs="once" if yamls.get(root, "deploy", "cronSchedule") is not None else "service",
        replicas=_number(yamls.get(root, "deploy", "numReplicas")),
    )
    yield main
    yield from _builds(main, _shell(path, yamls.get(root, "build", "buildCommand")))
    yield from _builds(main, _shell(path, yamls.get(root, "deploy", "preDeployCommand")), "before deploy")


def _vercel(path: PurePosixPath, root: yaml.Node) -> Iterator[Unit]:
    """The project as a whole: its functions are no processes (https://vercel.com/docs/project-configuration); `@name` names a secret."""
    variables = (*_literals(path, yamls.get(root, "env")), *_literals(path, yamls.get(root, "build", "env"), "build"))
    told = tuple(
        replace(variable, value=None, source="secret") if variable.value and variable.value.startswith("@") else variable for variable in variables
    )
    main = Unit(kind="vercel", name="project", place=yamls.place_of(path, root), variables=told, opens=True)
    yield main
    yield from _builds(main, _shell(path, yamls.get(root, "buildCommand")))


def _netlify(path: PurePosixPath, root: yaml.Node) -> Iterator[Unit]:
    """The build (https://docs.netlify.com/configure-builds/file-based-configuration/): what is published needs no process."""
    build = yamls.get(root, "build")
    variables = [
        *_literals(path, yamls.get(build, "environment"), "build"),
        *_literals(path, yamls.get(root, "context", "production", "environment"), "build"),
    ]
    command = _shell(path, yamls.get(root, "context", "production", "command")) or _shell(path, yamls.get(build, "command"))
    yield Unit(
        kind="netlify",
        name="build",
        place=command.place if command is not None else yamls.place_of(path, root),
        command=command,
        folder=yamls.text_of(yamls.get(build, "base")) or "",
        variables=tuple(variables),
        opens=True,
        runs="once",
    )


def _app_engine(path: PurePosixPath, root: yaml.Node) -> Iterator[Unit]:
    """The service (https://cloud.google.com/appengine/docs/standard/reference/app-yaml); an `app.yaml` without `runtime` is something else's.

    Nothing but the file and those it includes gives variables.
    """
    runtime = yamls.text_of(yamls.get(root, "runtime"))
    if not runtime or yamls.get(root, "apiVersion") is not None:
        return
    variables = (*_literals(path, yamls.get(root, "env_variables")), *_literals(path, yamls.get(root, "build_env_variables"), "build"))
    entrypoint = yamls.get(root, "entrypoint")
    command = _shell(path, entrypoint)
    if isinstance(entrypoint, yaml.SequenceNode):
        command = exec_form(tuple(yamls.text_of(item) or "" for item in entrypoint.value), yamls.place_of(path, entrypoint))
    yield Unit(
        kind="app-engine",
        name=yamls.text_of(yamls.get(root, "service")) or "default",
        place=command.place if command is not None else yamls.place_of(path, root),
        command=command,
        variables=variables,
        opens=yamls.get(root, "includes") is not None,
        image=runtime,
    )


_READERS: dict[str, Callable[[PurePosixPath, yaml.Node], Iterator[Unit]]] = {
    "app": lambda path, root: _app_json(path, root) if path.suffix == ".json" else _app_engine(path, root),
    "fly": _fly,
    "heroku": _heroku_yml,
    "netlify": _netlify,
    "railway": _railway,
    "render": _render,
    "vercel": _vercel,
}
