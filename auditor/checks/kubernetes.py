"""Kubernetes objects against each other: what one names, the other must be (https://kubernetes.io/docs/concepts/)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from auditor.checks.started import Started, started
from auditor.model import CheckDetector, Gotcha, Outcome, Place, Severity, Site
from auditor.project.facts.objects import Container, Entry, Object, Opening, Pod, Reference
from auditor.project.project import Project
from auditor.project.text import Unreadable

_PLACEHOLDER = re.compile(r"[${}<>%@]|^$|__[A-Z]|^[A-Z][A-Z0-9_]*$")
"""Names have small letters, digits, `-` and `.` only: anything else is filled in by a script, and so is a word in capitals."""
_BUILT_IN = re.compile(r"^(?:|apps|batch|autoscaling|policy|(?:[\w-]+\.)+k8s\.io)$")
_GIVEN = frozenset({("ConfigMap", "kube-root-ca.crt"), ("ConfigMap", "istio-ca-root-cert"), ("ServiceAccount", "default")})
_CODE = frozenset({"python", "javascript", "typescript", "tsx"})
_ONCE = frozenset({"CronJob", "Job"})
_SUFFIX = re.compile(r"[-.](?:service|svc|deployment|deploy)$")
_FILE_KEY = re.compile(r"\.|(?:cert|crt|pem|key_?file|json|yaml|config|kubeconfig)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """An object, and whether it is a subject: in a file that is examined and meant for production."""

    object: Object
    path: PurePosixPath
    examined: bool


def manifests(project: Project) -> tuple[Manifest, ...]:
    """Every object of the tree, in order of files."""
    examined = {file.path for file in project.files if file.role == "production"}
    paths = [file.path for file in project.tree_files if file.language == "yaml"]
    return tuple(Manifest(object=found, path=path, examined=path in examined) for path in paths for found in project.facts.record(path).objects)


def is_open(text: str) -> bool:
    """Whether a name is filled in by something that is not read here."""
    return _PLACEHOLDER.search(text) is not None


def together(one: Object, other: Object) -> bool:
    """Whether two objects can be in one namespace: who names none is put where the command says."""
    return not one.namespace or not other.namespace or one.namespace == other.namespace


def site(gotcha: Gotcha, place: Place, outcome: Outcome, message: str, *related: Place, severity: Severity | None = None) -> Site:
    """A site of one line."""
    return Site(gotcha=gotcha.id, outcome=outcome, message=message, place=place, related=related, severity=severity, scope=place.span)


# -- values ------------------------------------------------------------------------------------------------------------------------------


def value_not_text(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """Numbers and booleans where the API takes strings only: variables, labels, what ConfigMaps and Secrets hold."""
    for manifest in manifests(project):
        if not manifest.examined:
            continue
        one = manifest.object
        held = () if one.kind == "Kustomization" else (*one.labels, *one.keys)
        if one.pod is not None:
            held += (*one.selector, *one.pod.labels, *(entry for container in one.pod.containers for entry in container.values))
        for entry in held:
            if not entry.text and entry.value is not None:
                message = detector.message.replace("$NAME", entry.name).replace("$VALUE", entry.value)
                yield site(gotcha, entry.place, Outcome.FAIL, message)


def secret_trailing_newline(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """A Secret's single line was encoded with the line end that `echo` puts after it."""
    found = manifests(project)
    refers = [reference for manifest in found for reference in manifest.object.refers]
    read = {(reference.name, reference.key) for reference in refers if reference.kind == "Secret" and reference.use == "variable"}
    for manifest in found:
        secret = manifest.object
        if secret.kind != "Secret" or not manifest.examined:
            continue
        for entry in secret.keys:
            if not entry.encoded or not _ends_with_newline(entry):
                continue
            if (secret.name, entry.name) in read or (secret.name, "") in read:
                yield site(gotcha, entry.place, Outcome.FAIL, detector.message.replace("$KEY", entry.name))
            else:
                yield site(gotcha, entry.place, Outcome.REVIEW, f"{entry.name} ends with a line end: right for a file, wrong for a password")


def _ends_with_newline(entry: Entry) -> bool:
    try:
        text = base64.b64decode("".join((entry.value or "").split()), validate=True).decode()
    except (binascii.Error, ValueError):
        return False
    return len(text) > 1 and text.endswith("\n") and "\n" not in text[:-1].rstrip("\r") and not _FILE_KEY.search(entry.name)


# -- references --------------------------------------------------------------------------------------------------------------------------


def missing_reference(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """A pod names a Secret, ConfigMap, claim or service account; what is in the project must hold the key that is asked for."""
    found = manifests(project)
    for manifest in found:
        if not manifest.examined:
            continue
        seen: set[tuple[str, str, str]] = set()
        for reference in manifest.object.refers:
            key = (reference.kind, reference.name, reference.key)
            if key in seen or reference.optional or is_open(reference.name) or key[:2] in _GIVEN:
                continue
            seen.add(key)
            yield from _judged(project, gotcha, detector, found, manifest.object, reference)


def _judged(
    project: Project, gotcha: Gotcha, detector: CheckDetector, found: tuple[Manifest, ...], one: Object, reference: Reference
) -> Iterator[Site]:
    what = f"{reference.kind} {reference.name}"
    same = [other.object for other in found if other.object.kind == reference.kind and together(one, other.object)]
    holders = [other for other in same if other.name == reference.name]
    made = _made_elsewhere(project, found, reference)
    if not holders and (made or any(is_open(other.name) for other in same)):
        return
    if not holders:
        message = f"no manifest of the project makes the {what}: it must be there before the pod starts"
        yield site(gotcha, reference.place, Outcome.REVIEW, message, severity=Severity.NOTE)
        return
    keys = {entry.name for other in holders for entry in other.keys}
    related = Place(path=holders[0].place.path, span=holders[0].place.span, label=f"the {what}")
    if not reference.key or reference.key in keys:
        yield site(gotcha, reference.place, Outcome.PASS, f"the {what} is in the project", related)
    elif is_open(reference.key) and "$" in reference.key:
        return
    elif made or not keys:
        yield site(gotcha, reference.place, Outcome.REVIEW, f"{reference.key} is no key of the {what} here; something else may add it", related)
    else:
        message = detector.message.replace("$KEY", reference.key).replace("$OBJECT", what)
        yield site(gotcha, reference.place, Outcome.FAIL, message, related)


def _made_elsewhere(project: Project, found: tuple[Manifest, ...], reference: Reference) -> bool:
    """Whether something else of the project makes the object: a generator, a custom resource, a command in a script."""
    if any(entry.name == reference.name for other in found if other.object.kind == "Kustomization" for entry in other.object.keys):
        return True
    custom = {other.path for other in found if not _BUILT_IN.match(other.object.api) and other.object.kind != "Kustomization"}
    word = {"Secret": "secret", "ConfigMap": "configmap", "ServiceAccount": "serviceaccount"}.get(reference.kind, "")
    command = re.compile(rf"\bcreate\s+(?:{word}|cm|sa)\b[^\n]*\b{re.escape(reference.name)}\b") if word else None
    for file in project.tree_files:
        wanted = file.path in custom or (command is not None and file.language in ("shell", "yaml", "text", "markdown"))
        try:
            text = project.text(file.path) if wanted else ""
        except Unreadable:
            continue
        if reference.name in text and (file.path in custom or (command is not None and command.search(text))):
            return True
    return False


# -- selectors and ports -----------------------------------------------------------------------------------------------------------------


def selector_mismatch(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """A Service that selects no pod of the project, and a workload that does not select its own."""
    found = manifests(project)
    names = [(manifest.object.kind, manifest.object.name) for manifest in found]
    relabelled = any(manifest.object.kind == "Kustomization" for manifest in found)
    for manifest in found:
        one = manifest.object
        if not manifest.examined or not one.selector or any(is_open(entry.value or "") for entry in one.selector):
            continue
        if one.pod is not None and names.count((one.kind, one.name)) == 1:
            yield from _own_pods(gotcha, one, one.pod)
        elif one.kind == "Service":
            yield from _selected(gotcha, detector, found, manifest, relabelled=relabelled)


def _own_pods(gotcha: Gotcha, one: Object, pod: Pod) -> Iterator[Site]:
    """https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#selector: the API refuses one that selects other labels."""
    for entry in one.selector:
        label = next((label for label in pod.labels if label.name == entry.name), None)
        if label is not None and (label.value == entry.value or is_open(label.value or "")):
            continue
        message = f"the pods of {one.name} are not labelled {entry.name}: {entry.value}, so the API server refuses the {one.kind}"
        yield site(gotcha, entry.place, Outcome.FAIL, message, *((label.place,) if label is not None else ()))


def _selects(selector: tuple[Entry, ...], pod: Pod) -> bool:
    labels = {label.name: label.value or "" for label in pod.labels}
    return all(entry.name in labels and (labels[entry.name] == entry.value or is_open(labels[entry.name])) for entry in selector)


def selected(found: tuple[Manifest, ...], service: Object) -> list[Manifest]:
    """The workloads whose pods a Service sends requests to."""
    return [
        other
        for other in found
        if other.object.pod is not None and together(service, other.object) and service.selector and _selects(service.selector, other.object.pod)
    ]


def _selected(gotcha: Gotcha, detector: CheckDetector, found: tuple[Manifest, ...], manifest: Manifest, *, relabelled: bool) -> Iterator[Site]:
    service = manifest.object
    chosen = selected(found, service)
    place = service.selector[0].place
    if chosen:
        yield site(gotcha, place, Outcome.PASS, f"selects the pods of {chosen[0].object.name}", chosen[0].object.place)
        return
    workloads = [other for other in found if other.object.pod is not None and other.object.kind not in _ONCE and together(service, other.object)]
    # A folder is one application; manifests of many may lie in one repository, some in forms that are not read.
    folder = [other for other in workloads if other.path.parent == manifest.path.parent]
    beside = [other for other in folder if other.path == manifest.path]
    alone = len(beside) == 1 and sum(other.path == manifest.path and other.object.kind == "Service" for other in found) == 1
    meant = [other for other in folder if _stem(other.object.name) == _stem(service.name)] or (beside if alone else [])
    shown = ", ".join(f"{entry.name}: {entry.value}" for entry in service.selector)
    if meant and not relabelled:
        pod = meant[0].object.pod
        assert pod is not None
        where = pod.labels[0].place if pod.labels else meant[0].object.place
        label = Place(path=where.path, span=where.span, label=f"the labels of {meant[0].object.name}")
        yield site(gotcha, place, Outcome.FAIL, detector.message.replace("$SELECTOR", shown), label)
    elif workloads:
        yield site(gotcha, place, Outcome.REVIEW, f"no pod of the project is labelled {shown}", severity=Severity.NOTE)


def _stem(name: str) -> str:
    return _SUFFIX.sub("", name)


def target_port_mismatch(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """Services and probes against the ports that containers name, and those their commands bind."""
    found = manifests(project)
    for manifest in found:
        if not manifest.examined:
            continue
        one = manifest.object
        if one.kind == "Service":
            chosen = selected(found, one)
            if any(other.path.parent != manifest.path.parent for other in chosen):
                continue  # of another application, or a layer of this one
            for port in one.ports:
                yield from _service_port(project, gotcha, detector, port, [other.object.pod for other in chosen if other.object.pod is not None])
        for container in one.pod.containers if one.pod is not None else ():
            for probe in container.probes:
                if probe.form in ("http", "tcp"):
                    yield from _reached(project, gotcha, detector, probe.place, probe.port, [(container,)])


def _service_port(project: Project, gotcha: Gotcha, detector: CheckDetector, port: Opening, pods: list[Pod]) -> Iterator[Site]:
    target = port.target or (str(port.number) if port.number is not None else "")
    yield from _reached(project, gotcha, detector, port.place, target, [pod.containers for pod in pods])


def _reached(
    project: Project, gotcha: Gotcha, detector: CheckDetector, place: Place, target: str, groups: list[tuple[Container, ...]]
) -> Iterator[Site]:
    """Whether ``target``, a number or the name of a port, is where a container of one of the groups listens."""
    groups = [tuple(container for container in group if not container.initial) for group in groups]
    if not any(groups) or is_open(target):
        return
    message = detector.message.replace("$PORT", target)
    named = [group for group in groups if _numbers(group, target)]
    if not named:
        containers = next(group for group in groups if group)
        yield site(gotcha, place, Outcome.FAIL, f"{message}: no port of its container has that name", containers[0].unit.place)
        return
    running = {id(group): [started(project, container) for container in group] for group in named}
    told = {key: {port for each in found if each is not None for port in each.ports} for key, found in running.items()}
    silent = any(each is None or not each.ports for found in running.values() for each in found)
    if any(told[id(group)] & _numbers(group, target) for group in named):
        yield site(gotcha, place, Outcome.PASS, "the container listens there")
    elif not silent:
        first = next(each for each in running[id(named[0])] if each is not None)
        wanted = frozenset[int]().union(*(_numbers(group, target) for group in named))
        declared = {port.number for container in named[0] for port in container.ports}
        sure = not (wanted & declared and first.ports & declared) and not _in_code(project, wanted)
        yield site(gotcha, place, Outcome.FAIL if sure else Outcome.REVIEW, *_elsewhere(message, first))


def _in_code(project: Project, numbers: frozenset[int]) -> bool:
    """Whether the code names one of the ports: it may open it by itself, for metrics say."""
    named = re.compile(rf"(?<!\d)(?:{'|'.join(str(number) for number in sorted(numbers))})(?!\d)")
    for file in project.tree_files:
        if file.language in _CODE and file.role == "production":
            try:
                if named.search(project.text(file.path)):
                    return True
            except Unreadable:
                continue
    return False


def _elsewhere(message: str, found: Started) -> tuple[str, Place]:
    listens = " and ".join(str(port) for port in sorted(found.ports))
    label = Place(path=found.place.path, span=found.place.span, label=f"listens on {listens}")
    return f"{message}: the container's command listens on {listens}", label


def _numbers(group: tuple[Container, ...], target: str) -> frozenset[int]:
    """What a port stands for in a pod: a number is itself, a name what its containers say (no number: 0)."""
    if target.isdigit():
        return frozenset({int(target)})
    return frozenset(port.number or 0 for container in group for port in container.ports if port.name == target)
