"""Kubernetes checks: what surely breaks, what may be right, and what is none of a check's business."""

import pytest
from made_checked import outcomes_of

WEB = """\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {labels}}}
    spec:
      containers:
        - name: web
          image: {image}
          command: {command}
          ports: {ports}
{more}
---
"""


def web(labels="{app: web}", image="registry.example/web:1", command="[]", ports="[]", replicas=1, more=""):
    return WEB.format(labels=labels, image=image, command=command, ports=ports, replicas=replicas, more=more)


def service(name="web", selector="{app: web}", ports="[{port: 80}]", more=""):
    return f"apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec: {{selector: {selector}, ports: {ports}{more}}}\n---\n"


def outcomes(root, rule, files):
    files = {"k8s/web.yaml": files} if isinstance(files, str) else files
    return outcomes_of(root, f"kubernetes/{rule}", files)


# -- text ---------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("8080", ["fail"]),
        ("true", ["fail"]),
        ("n", ["fail"]),
        ("1e3", ["fail"]),
        ("0x1f", ["fail"]),
        (".5", ["fail"]),
        ("'8080'", []),
        ("!!str 8080", []),
        ("1.2.3", []),
        ("2024-01-01", []),
        ("12:30", []),
        ("0xZZ", []),
        ("tRUE", []),
        ("~", []),
        ("", []),
        ("'{{ port }}'", []),
    ],
)
def test_values_that_are_no_text(tmp_path, value, expected):
    files = f"apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec:\n  containers:\n    - env:\n        - name: X\n          value: {value}\n"
    assert outcomes(tmp_path, "env-value-not-text", files) == expected


def test_numbers_that_are_meant_as_numbers(tmp_path):
    assert outcomes(tmp_path, "env-value-not-text", web(ports="[{containerPort: 8000}]", replicas=3) + service()) == []


# -- references ---------------------------------------------------------------------------------------------------------------------------

SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {name: keys}\nstringData: {main: x}\n"


def pod(reference):
    return f"apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec:\n  containers:\n    - name: a\n      {reference}\n---\n"


def key(name="keys", wanted="main", more=""):
    return pod(f"env: [{{name: X, valueFrom: {{secretKeyRef: {{name: {name}, key: {wanted}{more}}}}}}}]")


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        (key(), ["pass"]),
        (key(wanted="other"), ["fail"]),
        (key(wanted="other", more=", optional: true"), []),
        (key(name="unknown"), ["review"]),
        (key(name="$NAME"), []),
        (pod("envFrom: [{secretRef: {name: keys}}]"), ["pass"]),
    ],
)
def test_references(tmp_path, reference, expected):
    assert outcomes(tmp_path, "missing-reference", reference + SECRET) == expected


@pytest.mark.parametrize(
    "maker",
    [
        {"k8s/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nsecretGenerator: [{name: unknown}]\n"},
        {"k8s/sealed.yaml": "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: unknown}\n"},
        {"deploy.sh": "kubectl create secret generic unknown --from-literal=main=x\n"},
        {"k8s/secret.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: $SECRET}\n"},
    ],
)
def test_objects_that_something_else_makes(tmp_path, maker):
    assert outcomes(tmp_path, "missing-reference", {"k8s/web.yaml": key(name="unknown"), **maker}) == []


def test_a_secret_without_keys_is_filled_by_hand(tmp_path):
    assert outcomes(tmp_path, "missing-reference", key() + SECRET.replace("stringData: {main: x}", "type: Opaque")) == ["review"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [("aHVudGVyMgo=", ["fail"]), ("aHVudGVyMg==", []), ("bm90IGJhc2U2NA", []), ("AAECAwo=", ["fail"]), ("Cg==", []), ("YQpiCg==", [])],
)
def test_secrets_with_a_line_end(tmp_path, value, expected):
    secret = f"apiVersion: v1\nkind: Secret\nmetadata: {{name: keys}}\ndata: {{main: {value}}}\n"
    assert outcomes(tmp_path, "secret-trailing-newline", key() + secret) == expected


def test_a_secret_that_no_variable_is_made_of_is_for_review(tmp_path):
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: keys}\ndata: {main: aHVudGVyMgo=}\n"
    assert outcomes(tmp_path, "secret-trailing-newline", secret) == ["review"]


# -- selectors ----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (web() + service(), ["pass"]),
        (web() + service(selector="{app: other}"), ["fail"]),
        (web(labels="{app: web, tier: x}") + service(selector="{app: web, tier: y}"), ["fail"]),
        (web(labels='{app: web, tier: "$TIER"}') + service(selector="{app: web, tier: y}"), ["pass"]),
        ({"k8s/web.yaml": web(), "k8s/other.yaml": service(name="other", selector="{app: other}")}, ["review"]),
        ({"k8s/web.yaml": web(), "other/web.yaml": service(selector="{app: other}")}, ["review"]),
        (service(selector="{app: other}"), []),
        (web(labels="{app: wrong}"), ["fail"]),
    ],
)
def test_selectors(tmp_path, files, expected):
    assert outcomes(tmp_path, "selector-mismatch", files) == expected


def test_labels_that_kustomize_adds_are_not_known(tmp_path):
    layer = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nlabels: [{pairs: {tier: y}, includeTemplates: true}]\n"
    files = {"k8s/web.yaml": web() + service(selector="{app: web, tier: y}"), "k8s/kustomization.yaml": layer}
    assert outcomes(tmp_path, "selector-mismatch", files) == ["review"]


# -- ports --------------------------------------------------------------------------------------------------------------------------------

GUNICORN = '[gunicorn, -b, "0.0.0.0:8000", "web:app"]'


@pytest.mark.parametrize(
    ("target", "command", "ports", "expected"),
    [
        ("8000", GUNICORN, "[]", ["pass"]),
        ("8080", GUNICORN, "[]", ["fail"]),
        ("8080", "[]", "[]", []),
        ("8080", "[node, server.js]", "[]", []),
        ("http", GUNICORN, "[{name: http, containerPort: 8000}]", ["pass"]),
        ("http", GUNICORN, "[{name: http, containerPort: 8080}]", ["fail"]),
        ("http", GUNICORN, "[{name: web, containerPort: 8000}]", ["fail"]),
        ("8001", GUNICORN, "[{containerPort: 8000}, {containerPort: 8001}]", ["review"]),
        ("$PORT", GUNICORN, "[]", []),
    ],
)
def test_ports_of_services(tmp_path, target, command, ports, expected):
    files = web(command=command, ports=ports) + service(ports=f"[{{port: 80, targetPort: {target}}}]")
    assert outcomes(tmp_path, "target-port-mismatch", files) == expected


def test_a_port_that_the_code_names_is_for_review(tmp_path):
    files = web(command=GUNICORN) + service(ports="[{port: 9100}]")
    assert outcomes(tmp_path, "target-port-mismatch", {"k8s/web.yaml": files, "metrics.py": "start_http_server(9100)\n"}) == ["review"]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"build.sh": "docker build -t registry.example/web:1 .\n"}, ["fail"]),
        ({"build.sh": "docker build -t registry.example/other:1 .\n"}, []),
        ({"compose.yaml": "services: {web: {image: registry.example/web, build: .}}\n"}, ["fail"]),
        ({"build.sh": "docker build -t registry.example/web:1 .\n", "other/Dockerfile": "FROM nginx\n"}, []),
        ({}, []),
    ],
)
def test_the_dockerfile_of_an_image(tmp_path, told, expected):
    dockerfile = 'FROM python:3.13\nCMD ["uvicorn", "--host", "0.0.0.0", "--port", "9000", "web:app"]\n'
    files = {"k8s/web.yaml": web() + service(), "Dockerfile": dockerfile, **told}
    assert outcomes(tmp_path, "target-port-mismatch", files) == expected


# -- code ---------------------------------------------------------------------------------------------------------------------------------

SETTINGS = """\
INSTALLED_APPS = []
ROOT_URLCONF = "config.urls"
MIDDLEWARE = [{middleware}"django.middleware.common.CommonMiddleware"]
ALLOWED_HOSTS = {hosts}
"""


@pytest.mark.parametrize(
    ("hosts", "header", "middleware", "expected"),
    [
        ('["shop.example"]', "", "", ["fail"]),
        ('["*"]', "", "", ["pass"]),
        ('["shop.example"]', "shop.example", "", ["pass"]),
        ('[".shop.example"]', "www.shop.example", "", ["pass"]),
        ('["shop.example"]', "other.example", "", ["fail"]),
        ('["shop.example"]', "", '"shop.health.Middleware", ', ["review"]),
        ('["shop.example"]', "", '"whitenoise.middleware.WhiteNoiseMiddleware", ', ["fail"]),
        ('["shop.example", os.environ["POD_IP"]]', "", "", []),
    ],
)
def test_hosts_of_probes(tmp_path, hosts, header, middleware, expected):
    headers = f", httpHeaders: [{{name: Host, value: {header}}}]" if header else ""
    probe = f"          livenessProbe: {{httpGet: {{path: /, port: 8000{headers}}}}}"
    command = '[gunicorn, -b, "0.0.0.0:8000", config.wsgi]'
    settings = "import os\n" + SETTINGS.format(hosts=hosts, middleware=middleware)
    assert outcomes(tmp_path, "probe-host-rejected", {"k8s/web.yaml": web(command=command, more=probe), "config/settings.py": settings}) == expected


@pytest.mark.parametrize(
    ("code", "command", "more", "expected"),
    [
        ("int(os.environ.get('WEB_PORT', '1'))", GUNICORN, "", ["fail"]),
        ("int(os.environ.get('WEB_PORT', '1'))", "[]", "", ["review"]),
        ("os.environ.get('WEB_PORT')", GUNICORN, "", []),
        ("int(os.environ.get('WEB_PORT', '1'))", GUNICORN, "          env: [{name: WEB_PORT, value: '1'}]", ["pass"]),
        ("int(os.environ.get('WEB_PORT', '1'))", GUNICORN, "      enableServiceLinks: false", ["pass"]),
    ],
)
def test_variables_of_services(tmp_path, code, command, more, expected):
    files = {"k8s/web.yaml": web(command=command, more=more) + service(), "web.py": f"import os\nX = {code}\n"}
    assert outcomes(tmp_path, "service-link-collision", files) == expected


def test_a_headless_service_makes_no_variables(tmp_path):
    files = {"k8s/web.yaml": web(command=GUNICORN) + service(more=", clusterIP: None"), "web.py": "import os\nX = int(os.environ['WEB_PORT'])\n"}
    assert outcomes(tmp_path, "service-link-collision", files) == []


@pytest.mark.parametrize(
    ("image", "command", "more", "expected"),
    [
        ("web:1", GUNICORN, "", ["fail"]),
        ("web:1", "[gunicorn, --worker-tmp-dir=/dev/shm, 'web:app']", "", []),
        ("web:1", GUNICORN, "          volumeMounts: [{name: a, mountPath: /tmp/}]", ["pass"]),
        ("web:1", GUNICORN, "          env: [{name: TMPDIR, value: /data}]", []),
        ("web:1", "[node, server.js]", "", []),
        ("nginx:1.27-alpine", "[]", "", ["fail"]),
        ("nginxinc/nginx-unprivileged:1", "[]", "", []),
        ("nginx", "[]", "          volumeMounts: [{name: a, mountPath: /etc/nginx/nginx.conf, subPath: nginx.conf}]", []),
    ],
)
def test_containers_that_may_not_write(tmp_path, image, command, more, expected):
    more = "          securityContext: {readOnlyRootFilesystem: true}\n" + more
    assert outcomes(tmp_path, "readonly-without-tmp", web(image=image, command=command, more=more)) == expected


@pytest.mark.parametrize(("replicas", "url", "expected"), [(2, "sqlite:///a.db", ["fail"]), (1, "sqlite:///a.db", []), (2, "postgresql://a/b", [])])
def test_databases_of_replicas(tmp_path, replicas, url, expected):
    more = f"          env: [{{name: DATABASE_URL, value: '{url}'}}]"
    assert outcomes(tmp_path, "replicas-with-local-state", web(replicas=replicas, more=more)) == expected


@pytest.mark.parametrize(("mode", "expected"), [("ReadWriteOncePod", ["fail"]), ("ReadWriteOnce", ["review"]), ("ReadWriteMany", [])])
def test_claims_of_replicas(tmp_path, mode, expected):
    more = "      volumes: [{name: a, persistentVolumeClaim: {claimName: files}}]"
    claim = f"apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{name: files}}\nspec: {{accessModes: [{mode}]}}\n"
    assert outcomes(tmp_path, "replicas-with-local-state", web(replicas=2, more=more) + claim) == expected
