"""What Kubernetes manifests say beyond single processes: objects, what they hold, and what they name of each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from auditor.model import Place
from auditor.project.facts.unit import Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One key of a ConfigMap, a Secret, labels or a selector. ``value`` is None when it is no text; ``text`` when YAML reads a string."""

    name: str
    value: str | None
    place: Place
    text: bool = True
    encoded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """Another object that one names; ``key`` is "" when it is taken whole. ``use``: as variables, as files, or as what the pod is given."""

    kind: str
    name: str
    place: Place
    key: str = ""
    use: Literal["variable", "file", "pod"] = "pod"
    optional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A port of a container (``number``), or of a Service (``number`` outside, ``target`` inside, a number or a name as written)."""

    number: int | None
    place: Place
    name: str = ""
    target: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """How the kubelet asks a container; ``port`` is a number or a name as written, ``host`` the Host header that it is told to send."""

    moment: Literal["liveness", "readiness", "startup"]
    form: Literal["http", "tcp", "grpc", "exec"]
    port: str
    path: str
    host: str
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """A volume of a pod: ``form`` is the key that says what it is (`emptyDir`, `persistentVolumeClaim`, …)."""

    name: str
    form: str
    source: str
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A container of a pod: its process, and what only the cluster knows of it."""

    unit: Unit
    ports: tuple[Opening, ...] = ()
    probes: tuple[Probe, ...] = ()
    readonly: Place | None = None
    initial: bool = False
    values: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pod:
    """What a workload starts. ``links`` is False when the variables of Services are turned off (`enableServiceLinks`)."""

    labels: tuple[Entry, ...]
    containers: tuple[Container, ...]
    volumes: tuple[Volume, ...]
    place: Place
    links: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Object:
    """One object of a manifest (https://kubernetes.io/docs/concepts/overview/working-with-objects/).

    ``api`` is what stands before the version (`apps`, "" for the core). ``keys`` are what a ConfigMap or a Secret holds, of a Kustomization the
    names of those it makes. ``modes`` are the access modes of a claim, ``selector`` and ``ports`` belong to Services and workloads. ``addressed``
    says whether a Service has an address of its own: no headless one, no ExternalName.
    """

    api: str
    kind: str
    name: str
    namespace: str
    place: Place
    labels: tuple[Entry, ...] = ()
    selector: tuple[Entry, ...] = ()
    keys: tuple[Entry, ...] = ()
    ports: tuple[Opening, ...] = ()
    refers: tuple[Reference, ...] = ()
    modes: tuple[str, ...] = ()
    pod: Pod | None = None
    replicas: int | None = None
    addressed: bool = True
