"""Pods against the code they run: hosts a probe may ask for, variables the cluster adds, what replicas and a read-only disk leave."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from auditor.checks.kubernetes import Manifest, is_open, manifests, site, together
from auditor.checks.settings import is_development_file, is_settings_module
from auditor.checks.started import started
from auditor.model import CheckDetector, Gotcha, Outcome, Place, Severity, Site
from auditor.project.facts.objects import Container, Object, Pod, Probe
from auditor.project.project import Project
from auditor.project.python.module import Module
from auditor.project.python.values import EnvRead, Literal, Sequence, Value, options

_PROJECT_COMMAND = re.compile(r"(?:^|/)(?:python[\d.]*|gunicorn|uvicorn|hypercorn|daphne|celery|flask|manage\.py|granian|waitress-serve)$")
_COMMON = "django.middleware.common.CommonMiddleware"
_HARMLESS = re.compile(r"^(?:django\.|whitenoise\.|corsheaders\.|allauth\.|debug_toolbar\.|django_prometheus\.)")
"""Middleware of which none answers a health check by itself."""
_TEMPORARY = frozenset({"/", "/tmp", "/var/tmp", "/usr/tmp", "/var"})  # noqa: S108 - folders of the container, as tempfile searches them
_NGINX_FOLDERS = frozenset({"/", "/var", "/var/cache", "/var/cache/nginx"})
_NGINX = re.compile(r"^(?:docker\.io/)?(?:library/)?nginx(?::[\w.\-]+)?(?:@sha256:\w+)?$")


def _workloads(project: Project) -> Iterator[tuple[Object, Pod]]:
    for manifest in manifests(project):
        if manifest.examined and manifest.object.pod is not None:
            yield manifest.object, manifest.object.pod


# -- probes and ALLOWED_HOSTS ------------------------------------------------------------------------------------------------------------


def probe_host_rejected(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """The kubelet asks for the pod's address, and Django answers 400 to hosts it does not know."""
    probes = [
        (container, probe) for _, pod in _workloads(project) for container in pod.containers for probe in container.probes if probe.form == "http"
    ]
    if not probes:
        return
    modules = list(_settings(project))
    hosts = _hosts(project, modules[0]) if len(modules) == 1 else None
    if hosts is None:
        return  # which of several settings a pod uses is said by a variable, often one of the image
    module = modules[0]
    place = module.place(module.root.bindings["ALLOWED_HOSTS"][-1].node, "the hosts that are allowed")
    for container, probe in probes:
        if not _serves_django(project, container):
            continue
        if _is_allowed(probe, hosts):
            yield site(gotcha, probe.place, Outcome.PASS, "the host that the probe names is allowed", place)
        elif _answers_first(project, module):
            yield site(gotcha, probe.place, Outcome.REVIEW, "a middleware may answer the probe before the host is looked at", place)
        else:
            yield site(gotcha, probe.place, Outcome.FAIL, detector.message, place)


def _settings(project: Project) -> Iterator[Module]:
    for module in project.python.world.modules_containing("ALLOWED_HOSTS"):
        if "ALLOWED_HOSTS" in module.root.bindings and is_settings_module(module) and not is_development_file(module.path):
            yield module


def _hosts(project: Project, module: Module) -> tuple[str, ...] | None:
    """The hosts that a settings module allows; None when they cannot be told."""
    last = module.root.bindings["ALLOWED_HOSTS"][-1]
    if any(star.line > last.line for star in module.root.bindings.get("*", ())):
        return None
    known: list[str] = []
    for option in options(project.python.name_in(module, module.root, "ALLOWED_HOSTS")):
        if not isinstance(option.value, Sequence) or option.value.open:
            return None
        for item in option.value.items:
            if not isinstance(item, Literal) or not isinstance(item.value, str):
                return None
            known.append(item.value)
    return tuple(known)


def _is_allowed(probe: Probe, hosts: tuple[str, ...]) -> bool:
    """https://docs.djangoproject.com/en/stable/ref/settings/#allowed-hosts: without a header the host is the pod's address."""
    if "*" in hosts or is_open(probe.host or "pod"):
        return True
    host = probe.host.partition(":")[0].lower()
    return any(host == known.lower() or (known.startswith(".") and (host.endswith(known) or host == known[1:])) for known in hosts if host)


def _serves_django(project: Project, container: Container) -> bool:
    found = started(project, container)
    named = re.compile(r"\.[aw]sgi(?::\w+)?$|(?:^|/)manage\.py$")
    return found is not None and bool(found.server) and any(named.search(word) for word in found.words)


def _answers_first(project: Project, module: Module) -> bool:
    """Whether something unknown stands before CommonMiddleware, which is what asks for the host."""
    if "MIDDLEWARE" not in module.root.bindings:
        return True
    before: list[str] = []
    for option in options(project.python.name_in(module, module.root, "MIDDLEWARE")):
        if not isinstance(option.value, Sequence) or option.value.open:
            return True
        names = [str(item.value) if isinstance(item, Literal) else "" for item in option.value.items]
        if _COMMON not in names:
            return True
        before += names[: names.index(_COMMON)]
    return not all(_HARMLESS.match(name) for name in before)


# -- variables of Services ---------------------------------------------------------------------------------------------------------------


def service_link_collision(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """The cluster gives every pod NAME_PORT=tcp://… for each Service of its namespace; the code reads the variable as a number."""
    found = manifests(project)
    for manifest in found:
        service = manifest.object
        if service.kind != "Service" or not service.addressed or not manifest.examined or is_open(service.name):
            continue
        variable = service.name.upper().replace("-", "_") + "_PORT"
        reads = list(_number_reads(project, variable))
        if not reads:
            continue
        named = site(gotcha, service.place, Outcome.FAIL, detector.message.replace("$NAME", variable), reads[0])
        outcomes = [_collides(project, container, pod, variable) for container, pod in _own(found, service)]
        if True in outcomes:
            yield named
        elif None in outcomes:
            yield site(gotcha, service.place, Outcome.REVIEW, f"the cluster sets {variable} to tcp://…, and the code reads a number", reads[0])
        elif outcomes:
            yield site(gotcha, service.place, Outcome.PASS, f"{variable} is set by the pod itself, or the variables are turned off", reads[0])


def _own(found: tuple[Manifest, ...], service: Object) -> Iterator[tuple[Container, Pod]]:
    for other in found:
        pod = other.object.pod
        if pod is not None and together(service, other.object):
            yield from ((container, pod) for container in pod.containers)


def _collides(project: Project, container: Container, pod: Pod, variable: str) -> bool | None:
    """Whether a container of the project's code is given the cluster's value; None when it is not known what it runs or is given."""
    if not pod.links or any(given.name == variable for given in container.unit.variables):
        return False
    found = started(project, container)
    runs = found is not None and any(_PROJECT_COMMAND.search(word) for word in found.words)
    if found is not None and any(given.name == variable and given.when == "run" for given in found.variables):
        return False
    if not runs and "/" not in container.unit.image.removeprefix("docker.io/library/"):
        return False  # an official image runs no code of the project
    return True if runs and not container.unit.opens else None


def _number_reads(project: Project, variable: str) -> Iterator[Place]:
    """Where the code makes a number of a variable: `int(os.environ…)`, and fields of settings classes that are numbers."""
    world = project.python.world
    examined = {file.path for file in project.files if file.role == "production"}
    for path in sorted({*world.containing(variable), *world.containing(variable.lower())} & examined):
        module = world.module(path)
        if module is None:
            continue
        for call in module.calls:
            if isinstance(call.func, ast.Name) and call.func.id in ("int", "float") and len(call.args) == 1:
                value = project.python.evaluate(module, call.args[0])
                if any(_is_read(option.value, variable) for option in options(value)):
                    yield module.place(call, f"{variable} is read as a number")
        for node in module.scopes:
            if isinstance(node, ast.ClassDef) and project.python.is_settings_class(module, node):
                for field in node.body:
                    if _is_number_field(field, variable) and "env_prefix" not in module.source(node):
                        yield module.place(field, f"{variable} is read as a number")


def _is_read(value: Value, variable: str) -> bool:
    return isinstance(value, EnvRead) and value.name == variable


def _is_number_field(field: ast.stmt, variable: str) -> bool:
    return (
        isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and field.target.id.upper() == variable
        and isinstance(field.annotation, ast.Name)
        and field.annotation.id in ("int", "float")
        and not (isinstance(field.value, ast.Call) and any(keyword.arg and "alias" in keyword.arg for keyword in field.value.keywords))
    )


# -- disks and replicas ------------------------------------------------------------------------------------------------------------------


def readonly_without_tmp(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """A program that cannot start without a folder for temporary files has none to write to."""
    if any(file.path.name == "gunicorn.conf.py" for file in project.tree_files):
        return  # it may name another folder
    for _, pod in _workloads(project):
        for container in pod.containers:
            if container.readonly is None:
                continue
            mounted = {PurePosixPath(mount.target).as_posix() for mount in container.unit.mounts}
            needs = _needs(project, container, mounted)
            if needs is None:
                continue
            program, folders = needs
            if mounted & folders or (container.unit.folder and program == "gunicorn" and container.unit.folder in mounted):
                yield site(gotcha, container.readonly, Outcome.PASS, f"{program} has a folder it can write to")
            else:
                shown = min(folders - {"/", "/var", "/var/cache"})
                yield site(gotcha, container.readonly, Outcome.FAIL, detector.message.replace("$PROGRAM", program).replace("$FOLDER", shown))


def _needs(project: Project, container: Container, mounted: set[str]) -> tuple[str, frozenset[str]] | None:
    """The program of a container, when it is known to write at its start, and the folders of which one must be writable."""
    found = started(project, container)
    if found is not None and found.server == "gunicorn":
        variables = {variable.name for variable in found.variables}
        told = any(word.startswith(("-c", "--config", "--worker-tmp-dir")) for word in found.words)
        return None if told or container.unit.opens or variables & {"TMPDIR", "TEMP", "TMP", "GUNICORN_CMD_ARGS"} else ("gunicorn", _TEMPORARY)
    configured = any(target.startswith("/etc/nginx") and "conf.d" not in target and "templates" not in target for target in mounted)
    if _NGINX.match(container.unit.image) and found is None and not configured:
        return "nginx", _NGINX_FOLDERS
    return None


def replicas_with_local_state(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """Several pods of one workload, each with a database file of its own, or with a claim that one pod alone may use."""
    found = manifests(project)
    for manifest in found:
        one = manifest.object
        if not manifest.examined or one.pod is None or one.replicas is None or one.replicas < 2:
            continue
        for container in one.pod.containers:
            for variable in container.unit.variables:
                if (
                    variable.source == "literal"
                    and re.match(r"sqlite(?:\+\w+)?:|sqlite3:", variable.value or "")
                    and ":memory:" not in str(variable.value)
                ):
                    message = detector.message.replace("$COUNT", str(one.replicas)).replace("$NAME", variable.name)
                    yield site(gotcha, variable.place, Outcome.FAIL, message)
        for reference in one.refers:
            claims = [other.object for other in found if other.object.kind == reference.kind == "PersistentVolumeClaim"]
            claim = next((claim for claim in claims if claim.name == reference.name and together(one, claim)), None)
            if claim is None or one.kind == "StatefulSet" or is_open(reference.name):
                continue
            if claim.modes == ("ReadWriteOncePod",):
                message = f"{one.replicas} pods want the claim {claim.name}, and ReadWriteOncePod gives it to one: the others stay Pending"
                yield site(gotcha, reference.place, Outcome.FAIL, message, claim.place)
            elif claim.modes == ("ReadWriteOnce",):
                message = f"{one.replicas} pods share {claim.name}, which only pods of one node can use (ReadWriteOnce)"
                yield site(gotcha, reference.place, Outcome.REVIEW, message, claim.place, severity=Severity.WARNING)
