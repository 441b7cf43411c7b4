"""Compose files: one unit a service (https://docs.docker.com/reference/compose-file/services/)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

import yaml

from auditor.model import Place
from auditor.project.facts.files import yamls
from auditor.project.facts.files.commands import exec_form, shell
from auditor.project.facts.record import Fault, Record
from auditor.project.facts.unit import Build, Command, File, Mount, Port, Unit, Variable

_PORT = re.compile(r"^(?:(?P<address>\[[^\]]*\]|\d+(?:\.\d+){3}):)?(?:(?P<outer>\d+(?:-\d+)?)?:)?(?P<inner>\d+(?:-\d+)?)(?:/\w+)?$")
_OTHER = re.compile(r"^\$\{?\w+\}?$|^\$\{\w+:?\?[^}]*\}$")
_DEFAULT = re.compile(r"\$\{\w+:?-([^}]*)\}")


def extract(path: PurePosixPath, text: str) -> Record:
    """The services of a compose file."""
    found = yamls.documents(text)
    if isinstance(found, Fault):
        return Record(fault=found)
    return Record(units=tuple(_unit(path, name, service) for root in found for name, service in yamls.pairs(yamls.get(root, "services"))))


def _unit(path: PurePosixPath, name: str, service: yaml.Node) -> Unit:
    replicas = yamls.text_of(yamls.get(service, "deploy", "replicas")) or yamls.text_of(yamls.get(service, "scale"))
    return Unit(
        kind="compose",
        name=name,
        place=yamls.place_of(path, service),
        entrypoint=_command(path, yamls.get(service, "entrypoint")),
        command=_command(path, yamls.get(service, "command")),
        folder=yamls.text_of(yamls.get(service, "working_dir")) or "",
        variables=(*_variables(path, yamls.get(service, "environment")), *_arguments(path, service)),
        files=tuple(_files(path, yamls.get(service, "env_file"))),
        opens=yamls.get(service, "extends") is not None,
        ports=tuple(_ports(path, yamls.get(service, "ports"))),
        mounts=tuple(_mounts(path, yamls.get(service, "volumes"))),
        user=yamls.text_of(yamls.get(service, "user")) or "",
        image=yamls.text_of(yamls.get(service, "image")) or "",
        build=_build(path, yamls.get(service, "build")),
        depends=tuple(_names(yamls.get(service, "depends_on"))),
        network=yamls.text_of(yamls.get(service, "network_mode")) or "",
        replicas=int(replicas) if replicas is not None and replicas.isdigit() else None,
    )


def _command(path: PurePosixPath, node: yaml.Node | None) -> Command | None:
    """A list is executed as it is; a text is split as a shell would, but no shell runs."""
    if isinstance(node, yaml.SequenceNode):
        words = tuple(str(item.value) for item in node.value if isinstance(item, yaml.ScalarNode))
        return exec_form(words, yamls.place_of(path, node)) if words else None
    text = yamls.text_of(node)
    return shell(text, yamls.place_of(path, node)) if text and node is not None else None


def variables(path: PurePosixPath, node: yaml.Node | None) -> Iterator[Variable]:
    """The variables of a mapping or of a list of `NAME=value`; a name alone is taken from the caller's environment."""
    for name, value in yamls.pairs(node) if isinstance(node, yaml.MappingNode) else ():
        yield _variable(name, yamls.text_of(value), yamls.place_of(path, value))
    for item in yamls.items(node):
        name, equals, text = (yamls.text_of(item) or "").partition("=")
        if name:
            yield _variable(name.strip(), text if equals else None, yamls.place_of(path, item))


_variables = variables


def _variable(name: str, text: str | None, place: Place) -> Variable:
    if text is None:
        return Variable(name=name, value=None, place=place, source="caller")
    default = _DEFAULT.fullmatch(text)
    if default is not None:
        return Variable(name=name, value=default.group(1), place=place, source="literal" if default.group(1) else "caller")
    return Variable(name=name, value=text, place=place, source="caller" if _OTHER.match(text) else "literal")


def _arguments(path: PurePosixPath, service: yaml.Node) -> Iterator[Variable]:
    for variable in variables(path, yamls.get(service, "build", "args")):
        yield Variable(name=variable.name, value=variable.value, place=variable.place, source=variable.source, when="build")


def _files(path: PurePosixPath, node: yaml.Node | None) -> Iterator[File]:
    for item in (node,) if isinstance(node, yaml.ScalarNode) else yamls.items(node):
        named = yamls.get(item, "path") or item
        text = yamls.text_of(named)
        if text is not None:
            required = yamls.text_of(yamls.get(item, "required")) != "false"
            yield File(path=text, place=yamls.place_of(path, item), required=required)


def _ports(path: PurePosixPath, node: yaml.Node | None) -> Iterator[Port]:
    for item in yamls.items(node):
        place = yamls.place_of(path, item)
        if isinstance(item, yaml.MappingNode):
            inner, outer = yamls.text_of(yamls.get(item, "target")) or "", yamls.text_of(yamls.get(item, "published")) or ""
            address = yamls.text_of(yamls.get(item, "host_ip")) or ""
        else:
            text = re.sub(r"\$\{\w+:?-(\d+)\}", r"\1", yamls.text_of(item) or "")
            if re.fullmatch(r"\$\{?\w+\}?:\d+(?:/tcp)?", text):
                text = text.split(":", 1)[1]
            found = _PORT.match(text)
            if found is None:
                continue
            inner, outer, address = found["inner"], found["outer"] or "", found["address"] or ""
        yield Port(inner=_number(inner), outer=_number(outer), place=place, address=address)


def _number(text: str) -> int | None:
    return int(text) if text.isdigit() else None


def _mounts(path: PurePosixPath, node: yaml.Node | None) -> Iterator[Mount]:
    for item in yamls.items(node):
        place = yamls.place_of(path, item)
        if isinstance(item, yaml.MappingNode):
            source, target = yamls.text_of(yamls.get(item, "source")) or "", yamls.text_of(yamls.get(item, "target")) or ""
        else:
            text = yamls.text_of(item) or ""
            first, _, rest = text.partition(":")
            source, target = (first, rest.split(":")[0]) if rest else ("", first)
        if target:
            yield Mount(source=source, target=target, place=place)


def _build(path: PurePosixPath, node: yaml.Node | None) -> Build | None:
    if node is None:
        return None
    if isinstance(node, yaml.MappingNode):
        context = yamls.text_of(yamls.get(node, "context")) or "."
        dockerfile = yamls.text_of(yamls.get(node, "dockerfile")) or "Dockerfile"
        target = yamls.text_of(yamls.get(node, "target")) or ""
        return Build(context=context, dockerfile=dockerfile, target=target, place=yamls.place_of(path, node))
    context = yamls.text_of(node) or ""
    return Build(context=context, dockerfile="Dockerfile", target="", place=yamls.place_of(path, node)) if context else None


def _names(node: yaml.Node | None) -> Iterator[str]:
    if isinstance(node, yaml.MappingNode):
        yield from (name for name, _ in yamls.pairs(node))
    for item in yamls.items(node):
        name = yamls.text_of(item)
        if name is not None:
            yield name
