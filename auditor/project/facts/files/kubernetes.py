"""Kubernetes manifests and the values of Helm charts.

Fields: https://kubernetes.io/docs/reference/kubernetes-api/. A Helm chart's templates are no manifests before they are rendered.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Literal

import yaml

from auditor.model import Place
from auditor.project.facts.files import yamls
from auditor.project.facts.files.commands import exec_form
from auditor.project.facts.objects import Container, Entry, Object, Opening, Pod, Probe, Reference, Volume
from auditor.project.facts.record import EMPTY, Fault, Record
from auditor.project.facts.unit import Command, Mount, Port, Unit, Variable

_VERSION = re.compile(r"^[ ]*(?:- )?[\"']?apiVersion[\"']?:", re.MULTILINE)
_TEMPLATE = re.compile(r"\{\{|\{%|<%")
_TEMPLATE_REASON = "is a template that has to be rendered first"
_PODS: dict[str, tuple[str, ...]] = {
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
    "DaemonSet": ("spec", "template"),
    "Deployment": ("spec", "template"),
    "Job": ("spec", "template"),
    "Pod": (),
    "ReplicaSet": ("spec", "template"),
    "ReplicationController": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
}
"""Kind -> where its pod stands (https://kubernetes.io/docs/concepts/workloads/)."""
_MOMENTS: tuple[Literal["liveness", "readiness", "startup"], ...] = ("liveness", "readiness", "startup")
_VOLUMES = {"configMap": ("ConfigMap", "name"), "secret": ("Secret", "secretName"), "persistentVolumeClaim": ("PersistentVolumeClaim", "claimName")}
_MOST_OBJECTS = 2_000
# What go-yaml takes for a boolean or a number when nothing is quoted: 1.1's words for booleans, 1.2's numbers, as `kubectl` decodes them.
_NO_TEXT = re.compile(
    r"^(?:[yY]|[nN]|yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF|"
    r"[-+]?(?:0x[0-9a-fA-F_]+|0b[01_]+|0o[0-7_]+|(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][-+]?\d+)?|\.(?:inf|Inf|INF))|\.(?:nan|NaN|NAN))$"
)


def extract(path: PurePosixPath, text: str) -> Record:
    """The objects of a manifest, and one unit a container; nothing for YAML that is none."""
    if _VERSION.search(text) is None:
        return EMPTY
    found = yamls.documents(text)
    if _TEMPLATE.search(text) and (isinstance(found, Fault) or any(_is_template(root) for root in found)):
        return Record(left_out=_TEMPLATE_REASON)
    if isinstance(found, Fault):
        return Record(fault=found)
    objects = tuple(_object(path, node) for node in _roots(found))
    objects = tuple(_filled(one, objects) for one in objects)
    return Record(objects=objects, units=tuple(container.unit for one in objects if one.pod is not None for container in one.pod.containers))


def _is_template(root: yaml.Node) -> bool:
    """Whether `{{ … }}` stands where YAML reads a mapping or a bare word, and not only inside quotes or a block of text."""
    waiting, known = [root], set()
    while waiting:
        node = waiting.pop()
        if id(node) in known:
            continue
        known.add(id(node))
        if isinstance(node, yaml.ScalarNode) and not node.style and "{{" in node.value:
            return True
        if isinstance(node, yaml.MappingNode):
            if any(isinstance(key, yaml.MappingNode) for key, _ in node.value):
                return True
            waiting += [part for pair in node.value for part in pair]
        elif isinstance(node, yaml.SequenceNode):
            waiting += node.value
    return False


def _roots(found: tuple[yaml.Node, ...]) -> Iterator[yaml.Node]:
    """The objects of the documents, those inside a List too."""
    waiting, count = list(found), 0
    while waiting and count < _MOST_OBJECTS:
        node = waiting.pop(0)
        kind = yamls.text_of(yamls.get(node, "kind"))
        if kind is None or yamls.text_of(yamls.get(node, "apiVersion")) is None:
            continue
        count += 1
        if kind == "List":
            waiting[:0] = yamls.items(yamls.get(node, "items"))[:_MOST_OBJECTS]
        else:
            yield node


def _object(path: PurePosixPath, node: yaml.Node) -> Object:
    api, _, _ = (yamls.text_of(yamls.get(node, "apiVersion")) or "").rpartition("/")
    kind = yamls.text_of(yamls.get(node, "kind")) or ""
    name = _text(node, "metadata", "name")
    spec = yamls.get(node, "spec")
    pod = _pod(path, kind, node)
    selector = yamls.get(spec, "selector") if kind in ("Service", "ReplicationController") else yamls.get(spec, "selector", "matchLabels")
    named = yamls.get(node, "metadata", "name") or node
    return Object(
        api=api,
        kind=kind,
        name=name,
        namespace=_text(node, "metadata", "namespace"),
        place=yamls.place_of(path, named),
        labels=_entries(path, yamls.get(node, "metadata", "labels")),
        selector=_entries(path, selector),
        keys=tuple(_keys(path, kind, node)),
        ports=_service_ports(path, spec) if kind == "Service" else (),
        refers=tuple(_references(path, kind, node)),
        modes=tuple(text for item in yamls.items(yamls.get(spec, "accessModes")) if (text := yamls.text_of(item))),
        pod=pod,
        replicas=_number(_text(spec, "replicas")) if kind in ("Deployment", "StatefulSet", "ReplicaSet") else None,
        addressed=kind == "Service" and _text(spec, "clusterIP") != "None" and _text(spec, "type") != "ExternalName",
    )


def _text(node: yaml.Node | None, *keys: str) -> str:
    return yamls.text_of(yamls.get(node, *keys)) or ""


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _entries(path: PurePosixPath, node: yaml.Node | None, *, encoded: bool = False) -> tuple[Entry, ...]:
    return tuple(
        Entry(name=name, value=yamls.text_of(value), place=yamls.place_of(path, value), text=_is_text(value), encoded=encoded)
        for name, value in yamls.pairs(node)
    )


def _is_text(node: yaml.Node) -> bool:
    """Whether the API server is handed a string (or nothing); a tag (`!!str 5`) makes a scalar longer than its value."""
    if not isinstance(node, yaml.ScalarNode):
        return False
    bare = not node.style and node.end_mark.index - node.start_mark.index == len(node.value)
    return not (bare and _NO_TEXT.match(node.value))


def _keys(path: PurePosixPath, kind: str, node: yaml.Node) -> Iterator[Entry]:
    """What a ConfigMap or a Secret holds; of a Kustomization the names of the objects it makes."""
    if kind in ("ConfigMap", "Secret"):
        yield from _entries(path, yamls.get(node, "data"), encoded=kind == "Secret")
        yield from _entries(path, yamls.get(node, "stringData"))
        yield from _entries(path, yamls.get(node, "binaryData"), encoded=True)
    elif kind == "Kustomization":
        for made in ("configMapGenerator", "secretGenerator"):
            for item in yamls.items(yamls.get(node, made)):
                yield Entry(name=_text(item, "name"), value=made, place=yamls.place_of(path, item))


# -- pods --------------------------------------------------------------------------------------------------------------------------------


def _pod(path: PurePosixPath, kind: str, node: yaml.Node) -> Pod | None:
    if kind not in _PODS:
        return None
    template = yamls.get(node, *_PODS[kind]) if _PODS[kind] else node
    spec = yamls.get(template, "spec")
    if spec is None:
        return None
    volumes = tuple(_volume(path, item) for item in yamls.items(yamls.get(spec, "volumes")))
    replicas = _number(_text(node, "spec", "replicas"))
    containers = []
    for key in ("initContainers", "containers"):
        for item in yamls.items(yamls.get(spec, key)):
            initial = key == "initContainers" and _text(item, "restartPolicy") != "Always"
            once = initial or kind in ("Job", "CronJob")
            containers.append(_container(path, item, spec, volumes, once=once, initial=initial, replicas=replicas))
    return Pod(
        labels=_entries(path, yamls.get(template, "metadata", "labels")),
        containers=tuple(containers),
        volumes=volumes,
        place=yamls.place_of(path, spec),
        links=_text(spec, "enableServiceLinks").lower() != "false",
    )


def _container(
    path: PurePosixPath, node: yaml.Node, spec: yaml.Node, volumes: tuple[Volume, ...], *, once: bool, initial: bool, replicas: int | None
) -> Container:
    hosts = {volume.name: volume.source for volume in volumes if volume.form == "hostPath"}
    ports = tuple(_opening(path, item) for item in yamls.items(yamls.get(node, "ports")))
    outer = (_number(_text(item, "hostPort")) for item in yamls.items(yamls.get(node, "ports")))
    unit = Unit(
        kind="kubernetes",
        name=_text(node, "name"),
        place=yamls.place_of(path, node),
        entrypoint=_command(path, yamls.get(node, "command")),
        command=_command(path, yamls.get(node, "args")),
        folder=_text(node, "workingDir"),
        variables=tuple(_variables(path, yamls.get(node, "env"))),
        opens=bool(yamls.items(yamls.get(node, "envFrom"))),
        ports=tuple(Port(inner=port.number, outer=host, place=port.place) for port, host in zip(ports, outer, strict=True)),
        mounts=tuple(
            Mount(source=hosts.get(_text(item, "name"), _text(item, "name")), target=_text(item, "mountPath"), place=yamls.place_of(path, item))
            for item in yamls.items(yamls.get(node, "volumeMounts"))
        ),
        user=_text(node, "securityContext", "runAsUser") or _text(spec, "securityContext", "runAsUser"),
        image=_text(node, "image"),
        runs="once" if once else "service",
        replicas=replicas,
    )
    readonly = yamls.get(node, "securityContext", "readOnlyRootFilesystem")
    probes = (_probe(path, moment, yamls.get(node, f"{moment}Probe")) for moment in _MOMENTS)
    return Container(
        unit=unit,
        ports=ports,
        probes=tuple(probe for probe in probes if probe is not None),
        readonly=yamls.place_of(path, readonly) if readonly is not None and yamls.text_of(readonly) == "true" else None,
        initial=initial,
        values=tuple(_given(path, yamls.get(node, "env"))),
    )


def _given(path: PurePosixPath, node: yaml.Node | None) -> Iterator[Entry]:
    for item in yamls.items(node):
        value = yamls.get(item, "value")
        if value is not None:
            yield Entry(name=_text(item, "name"), value=yamls.text_of(value), place=yamls.place_of(path, value), text=_is_text(value))


def _command(path: PurePosixPath, node: yaml.Node | None) -> Command | None:
    words = tuple(str(item.value) for item in yamls.items(node) if isinstance(item, yaml.ScalarNode))
    return exec_form(words, yamls.place_of(path, node)) if words and node is not None else None


def _variables(path: PurePosixPath, node: yaml.Node | None) -> Iterator[Variable]:
    """`env`: a value, or where it comes from; without either the variable is empty."""
    for item in yamls.items(node):
        name, value, source = _text(item, "name"), yamls.get(item, "value"), yamls.get(item, "valueFrom")
        place = yamls.place_of(path, item)
        if not name:
            continue
        if source is None:
            text = str(value.value) if isinstance(value, yaml.ScalarNode) else ""
            yield Variable(name=name, value=text, place=place, source="caller" if text.startswith("$(") else "literal")
        else:
            yield Variable(name=name, value=None, place=place, source="secret" if yamls.get(source, "secretKeyRef") is not None else "caller")


def _opening(path: PurePosixPath, node: yaml.Node) -> Opening:
    return Opening(number=_number(_text(node, "containerPort")), name=_text(node, "name"), place=yamls.place_of(path, node))


def _service_ports(path: PurePosixPath, spec: yaml.Node | None) -> tuple[Opening, ...]:
    return tuple(
        Opening(number=_number(_text(item, "port")), name=_text(item, "name"), target=_text(item, "targetPort"), place=yamls.place_of(path, item))
        for item in yamls.items(yamls.get(spec, "ports"))
    )


def _probe(path: PurePosixPath, moment: Literal["liveness", "readiness", "startup"], node: yaml.Node | None) -> Probe | None:
    forms: tuple[tuple[str, Literal["http", "tcp", "grpc", "exec"]], ...]
    forms = (("httpGet", "http"), ("tcpSocket", "tcp"), ("grpc", "grpc"), ("exec", "exec"))
    for key, form in forms:
        found = yamls.get(node, key)
        if found is not None:
            headers = yamls.items(yamls.get(found, "httpHeaders"))
            host = next((_text(item, "value") for item in headers if _text(item, "name").lower() == "host"), _text(found, "host"))
            port = yamls.get(found, "port")
            place = yamls.place_of(path, port if port is not None else found)
            return Probe(moment=moment, form=form, port=_text(found, "port"), path=_text(found, "path") or "/", host=host, place=place)
    return None


def _volume(path: PurePosixPath, node: yaml.Node) -> Volume:
    form, value = next(((name, value) for name, value in yamls.pairs(node) if name != "name"), ("", None))
    key = {"hostPath": "path", **{kind: name for kind, (_, name) in _VOLUMES.items()}}.get(form, "name")
    return Volume(name=_text(node, "name"), form=form, source=_text(value, key), place=yamls.place_of(path, node))


# -- references --------------------------------------------------------------------------------------------------------------------------


def _references(path: PurePosixPath, kind: str, node: yaml.Node) -> Iterator[Reference]:
    """The Secrets, ConfigMaps, claims and service accounts that the pod of a workload cannot start without."""
    if kind not in _PODS:
        return
    spec = yamls.get(node, *_PODS[kind], "spec")
    for item in (*yamls.items(yamls.get(spec, "initContainers")), *yamls.items(yamls.get(spec, "containers"))):
        for entry in yamls.items(yamls.get(item, "env")):
            source = yamls.get(entry, "valueFrom")
            for key, other in (("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap")):
                yield from _reference(path, other, yamls.get(source, key), "name", "key", use="variable")
        for entry in yamls.items(yamls.get(item, "envFrom")):
            for key, other in (("secretRef", "Secret"), ("configMapRef", "ConfigMap")):
                yield from _reference(path, other, yamls.get(entry, key), "name", use="variable")
    own = {_text(claim, "metadata", "name") for claim in yamls.items(yamls.get(node, "spec", "volumeClaimTemplates"))}
    for volume in yamls.items(yamls.get(spec, "volumes")):
        for form, (other, field) in _VOLUMES.items():
            if not (other == "PersistentVolumeClaim" and _text(volume, "name") in own):
                yield from _reference(path, other, yamls.get(volume, form), field, use="file")
        for source in yamls.items(yamls.get(volume, "projected", "sources")):
            for key, other in (("secret", "Secret"), ("configMap", "ConfigMap")):
                yield from _reference(path, other, yamls.get(source, key), "name", use="file")
    account = yamls.get(spec, "serviceAccountName")
    if account is not None and (name := yamls.text_of(account)) and name != "default":
        yield Reference(kind="ServiceAccount", name=name, place=yamls.place_of(path, account))


def _reference(
    path: PurePosixPath, kind: str, node: yaml.Node | None, name: str, key: str = "", *, use: Literal["variable", "file"]
) -> Iterator[Reference]:
    text = _text(node, name)
    if node is None or not text:
        return
    optional = _text(node, "optional").lower() == "true"
    yield Reference(kind=kind, name=text, key=_text(node, key) if key else "", use=use, optional=optional, place=yamls.place_of(path, node))
    for item in yamls.items(yamls.get(node, "items")) if not key else ():
        if wanted := _text(item, "key"):
            yield Reference(kind=kind, name=text, key=wanted, use=use, optional=optional, place=yamls.place_of(path, item))


# -- what an object beside it tells ------------------------------------------------------------------------------------------------------


def _filled(one: Object, objects: tuple[Object, ...]) -> Object:
    """A workload whose containers know the ConfigMaps and Secrets of the same file they are given whole."""
    if one.pod is None:
        return one
    held = {(other.kind, other.name): other for other in objects if other.kind in ("ConfigMap", "Secret") and other.namespace == one.namespace}
    whole = [reference for reference in one.refers if not reference.key]
    filled = []
    for container in one.pod.containers:
        unit = container.unit
        named = {variable.name for variable in unit.variables}
        taken = [held.get((reference.kind, reference.name)) for reference in whole if _inside(reference.place, unit.place, one.pod)]
        if unit.opens and taken and all(other is not None for other in taken):
            given = [
                Variable(name=key.name, value=key.value if other.kind == "ConfigMap" else None, place=key.place, source=_source(other))
                for other in taken
                if other is not None
                for key in other.keys
                if key.name not in named
            ]
            unit = replace(unit, variables=(*unit.variables, *given), opens=False)
        filled.append(replace(container, unit=unit))
    return replace(one, pod=replace(one.pod, containers=tuple(filled)))


def _source(other: Object) -> Literal["literal", "secret"]:
    return "secret" if other.kind == "Secret" else "literal"


def _inside(place: Place, start: Place, pod: Pod) -> bool:
    """Whether a line belongs to the container that begins at ``start``: it stands before the next one and before the volumes."""
    later = [container.unit.place.line for container in pod.containers] + [volume.place.line for volume in pod.volumes]
    return start.line <= place.line < min((line for line in later if line > start.line), default=place.line + 1)


# -- Helm --------------------------------------------------------------------------------------------------------------------------------


def extract_values(path: PurePosixPath, text: str) -> Record:
    """The variables that the values of a Helm chart give below `env` and `extraEnv`, where these are plain."""
    if "env:" not in text.lower():
        return EMPTY
    found = yamls.documents(text)
    if isinstance(found, Fault):
        return Record(left_out=_TEMPLATE_REASON) if _TEMPLATE.search(text) else Record(fault=found)
    units: list[Unit] = []
    waiting: list[tuple[str, yaml.Node, int]] = [(path.parent.name, node, 0) for node in found]
    known: set[int] = set()
    while waiting and len(units) < 100:
        name, node, depth = waiting.pop(0)
        if id(node) in known:
            continue
        known.add(id(node))
        variables = [variable for key in ("env", "extraEnv", "extraEnvVars") for variable in _values(path, yamls.get(node, key))]
        if variables:
            units.append(Unit(kind="helm", name=name, place=variables[0].place, variables=tuple(variables), opens=True))
        if depth < 6:
            waiting += [(key, value, depth + 1) for key, value in yamls.pairs(node) if isinstance(value, yaml.MappingNode)]
    return Record(units=tuple(units))


def _values(path: PurePosixPath, node: yaml.Node | None) -> Iterator[Variable]:
    """`env` as a list of names and values, or as a mapping of scalars; other forms belong to the chart."""
    yield from _variables(path, node)
    for name, value in yamls.pairs(node) if isinstance(node, yaml.MappingNode) else ():
        if isinstance(value, yaml.ScalarNode) and re.fullmatch(r"[A-Za-z_]\w*", name):
            yield Variable(name=name, value=str(value.value), place=yamls.place_of(path, value))
