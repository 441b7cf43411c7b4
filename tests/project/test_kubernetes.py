"""Kubernetes manifests and Helm values: containers as units, objects, references, and what is no manifest."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from auditor.project.config import Config
from auditor.project.facts.extractors import EXTRACTORS, extract
from auditor.project.facts.names import kind_of
from auditor.project.facts.record import EMPTY, Record
from auditor.project.project import open_project

PATH = PurePosixPath("k8s/shop.yaml")


def read(text: str, path: PurePosixPath = PATH) -> Record:
    return extract(path, "yaml", text)


DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 3
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      serviceAccountName: robot
      securityContext: {runAsUser: 1000}
      initContainers:
        - name: migrate
          image: shop
          command: [python, manage.py, migrate]
      containers:
        - name: web
          image: shop:1
          workingDir: /app
          command: [gunicorn]
          args: [-b, "0.0.0.0:8000", app:app]
          env:
            - name: MODE
              value: "on"
            - name: KEY
              valueFrom: {secretKeyRef: {name: keys, key: main}}
            - name: IP
              valueFrom: {fieldRef: {fieldPath: status.podIP}}
          ports: [{name: http, containerPort: 8000}]
          readinessProbe: {httpGet: {path: /up, port: http, httpHeaders: [{name: Host, value: shop.example}]}}
          securityContext: {readOnlyRootFilesystem: true}
          volumeMounts: [{name: data, mountPath: /data}]
      volumes:
        - name: data
          persistentVolumeClaim: {claimName: files}
"""


def test_a_container_is_a_unit() -> None:
    migrate, web = read(DEPLOYMENT).units
    assert (migrate.name, migrate.runs, web.name, web.runs) == ("migrate", "once", "web", "service")
    assert web.entrypoint is not None
    assert web.entrypoint.words == ("gunicorn",)
    assert web.command is not None
    assert web.command.words == ("-b", "0.0.0.0:8000", "app:app")
    assert (web.image, web.folder, web.user, web.replicas) == ("shop:1", "/app", "1000", 3)
    assert [(variable.name, variable.value, variable.source) for variable in web.variables] == [
        ("MODE", "on", "literal"),
        ("KEY", None, "secret"),
        ("IP", None, "caller"),
    ]
    assert [port.inner for port in web.ports] == [8000]
    assert [(mount.source, mount.target) for mount in web.mounts] == [("data", "/data")]


def test_a_workload_knows_what_it_refers_to() -> None:
    (shop,) = read(DEPLOYMENT).objects
    assert {(reference.kind, reference.name, reference.key, reference.place.line) for reference in shop.refers} == {
        ("Secret", "keys", "main", 26),
        ("PersistentVolumeClaim", "files", "", 35),
        ("ServiceAccount", "robot", "", 10),
    }
    assert shop.pod is not None
    (probe,) = shop.pod.containers[1].probes
    assert (probe.moment, probe.form, probe.port, probe.path, probe.host) == ("readiness", "http", "http", "/up", "shop.example")


FROM_MAP = """\
apiVersion: v1
kind: Pod
metadata: {name: a}
spec:
  containers:
    - name: web
      envFrom: [{configMapRef: {name: settings}}]
"""
MAP = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {MODE: live}\n"


def test_a_map_of_the_same_file_is_seen_through() -> None:
    assert read(FROM_MAP).units[0].opens
    (unit,) = read(FROM_MAP + MAP).units
    assert not unit.opens
    assert [(variable.name, variable.value) for variable in unit.variables] == [("MODE", "live")]


def test_jobs_run_once_and_lists_are_opened() -> None:
    job = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: batch/v1\n  kind: CronJob\n  spec: {jobTemplate: {spec: {template: {spec: {containers: [{name: x}]}}}}}\n"
    assert [(unit.name, unit.runs) for unit in read(job).units] == [("x", "once")]


@pytest.mark.parametrize(
    "text",
    [
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Release.Name }}\n",
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web-{{ .Values.name }}\n",
        "{{- if .Values.on }}\napiVersion: v1\nkind: Pod\n{{- end }}\n",
        "apiVersion: v1\nkind: Pod\n{% if x %}\nmetadata: {}\n{% endif %}\n",
    ],
)
def test_a_template_is_left_out_and_no_fault(text: str) -> None:
    record = read(text)
    assert record.fault is None
    assert "rendered first" in record.left_out
    assert record.objects == ()


def test_braces_in_a_block_of_text_make_no_template() -> None:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  mail: |\n    Hello {{ name }}\n  other: '{{ x }}'\n"
    assert [key.name for key in read(text).objects[0].keys] == ["mail", "other"]


def test_yaml_that_does_not_parse_is_a_fault() -> None:
    record = read("apiVersion: v1\nkind: Pod\n  metadata: [\n")
    assert record.fault is not None
    assert record.fault.line == 3


@pytest.mark.parametrize("text", ["", "a: 1\n", "name: {{ x }}\n", "x: [\n"])
def test_other_yaml_is_nothing(text: str) -> None:
    assert read(text) is EMPTY


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (".github/workflows/ci.yml", "github-actions"),
        (".github/actions/setup/action.yaml", "github-actions"),
        ("compose.prod.yml", "compose"),
        ("chart/values.yaml", "helm-values"),
        ("chart/values-prod.yaml", "helm-values"),
        ("k8s/web.yml", "kubernetes"),
    ],
)
def test_the_kind_of_a_yaml_file(path: str, kind: str) -> None:
    assert kind_of(PurePosixPath(path), "yaml") == kind
    assert kind in EXTRACTORS


def test_values_of_a_chart() -> None:
    text = "web:\n  env:\n    PORT: 8000\n    nested: {a: 1}\nextraEnv:\n  - name: MODE\n    value: live\n"
    found = {
        (unit.name, variable.name, variable.value) for unit in read(text, PurePosixPath("chart/values.yaml")).units for variable in unit.variables
    }
    assert found == {("web", "PORT", "8000"), ("chart", "MODE", "live")}


HOSTILE = [
    "apiVersion: v1\n" + "[" * 20_000,
    "apiVersion: &a [*a]\nkind: *a\n",
    "apiVersion: v1\nkind: Pod\nspec: &s\n  containers: [*s]\n  template: *s\n",
    "apiVersion: v1\nkind: List\nitems: &i [{apiVersion: v1, kind: List, items: *i}]\n",
    "apiVersion: v1\nkind: Pod\nspec: {containers: [1, null, {env: 3, ports: {a: b}, command: x}]}\n",
    "apiVersion: v1\nkind: Pod\nspec: {containers: [{ports: [{containerPort: 99999999999999999999}]}]}\n",
    "apiVersion: \x00\nkind: Pod",
    "apiVersion: v1\nkind: x\n" + "".join(f"k{n}: &k{n} {{" + ", ".join(f"a{m}: *k{n - 1}" for m in range(60) if n) + "}\n" for n in range(7)),
    "apiVersion: v1\n" + ": a" * 50_000,
]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("name", ["k8s/a.yaml", "values.yaml", ".github/workflows/a.yml"])
def test_hostile_text_raises_nothing(text: str, name: str) -> None:
    read(text + "\nenv: {a: b}\n", PurePosixPath(name))


def test_a_project_reads_each_file_once(tmp_path):
    (tmp_path / "k8s").mkdir()
    (tmp_path / "k8s" / "shop.yaml").write_text(DEPLOYMENT)
    project = open_project(tmp_path, config=Config())
    record = project.facts.record(PATH)
    assert [one.name for one in record.objects] == ["shop"]
    assert project.facts.record(PATH) is record
    assert project.facts.record(PurePosixPath("k8s/none.yaml")) is EMPTY
