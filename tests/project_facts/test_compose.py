"""Compose files, service by service."""

import time

import pytest
from made_facts import record


def service(text):
    found = record("compose.yaml", "services:\n  web:\n" + "".join(f"    {line}\n" for line in text.split("\n")))
    assert found.fault is None
    (unit,) = found.units
    return unit


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("environment:\n  A: 1\n  B: 'on'\n  C: no", [("A", "1", "literal"), ("B", "on", "literal"), ("C", "no", "literal")]),
        (
            "environment:\n  A:\n  B: ${B}\n  C: $C\n  D: ${D:?set it}",
            [("A", None, "caller"), ("B", "${B}", "caller"), ("C", "$C", "caller"), ("D", "${D:?set it}", "caller")],
        ),
        (
            "environment:\n  - A=1\n  - B\n  - C=\n  - D=a=b",
            [("A", "1", "literal"), ("B", None, "caller"), ("C", "", "literal"), ("D", "a=b", "literal")],
        ),
        ("environment:\n  A: ${A:-x}\n  B: ${B:-}\n  C: pg://${U}@h", [("A", "x", "literal"), ("B", "", "caller"), ("C", "pg://${U}@h", "literal")]),
    ],
)
def test_variables(text, expected):
    assert [(item.name, item.value, item.source) for item in service(text).variables] == expected


def test_arguments_are_there_while_the_image_is_built():
    found = service("build:\n  context: ./web\n  target: prod\n  args:\n    A: 1\n  dockerfile: D")
    assert [(item.name, item.when) for item in found.variables] == [("A", "build")]
    assert (found.build.context, found.build.dockerfile, found.build.target) == ("./web", "D", "prod")


@pytest.mark.parametrize(
    ("port", "expected"),
    [
        ("'80:8000'", (8000, 80, "")),
        ("8000", (8000, None, "")),
        ("'127.0.0.1:80:8000/tcp'", (8000, 80, "127.0.0.1")),
        ("'[::1]:80:8000'", (8000, 80, "[::1]")),
        ("'${PORT}:8000'", (8000, None, "")),
        ("'${PORT:-80}:8000'", (8000, 80, "")),
        ("'3000-3005:3000-3005'", (None, None, "")),
        ("{target: 8000, published: 80}", (8000, 80, "")),
        # a number in base 60 for YAML 1.1
        ("22:22", (22, 22, "")),
    ],
)
def test_ports(port, expected):
    (found,) = service(f"ports:\n  - {port}").ports
    assert (found.inner, found.outer, found.address) == expected


def test_merged_and_aliased_parts():
    found = record(
        "docker-compose.yml",
        """
        x-base: &base
          image: app
          environment: &env
            A: 1
        services:
          web:
            <<: *base
            command: gunicorn a
            environment:
              <<: *env
              B: 2
        """,
    )
    (unit,) = found.units
    assert (unit.image, unit.command.words) == ("app", ("gunicorn", "a"))
    assert [(item.name, item.place.line) for item in unit.variables] == [("B", 11), ("A", 4)]


def test_files_mounts_and_dependencies():
    found = service(
        "env_file:\n  - .env\n  - path: b.env\n    required: false\nvolumes:\n  - ./a:/b:ro\n  - data:/d\n  - /e\ndepends_on:\n  db:\n    condition: x"
    )
    assert [(item.path, item.required) for item in found.files] == [(".env", True), ("b.env", False)]
    assert [(item.source, item.target) for item in found.mounts] == [("./a", "/b"), ("data", "/d"), ("", "/e")]
    assert found.depends == ("db",)


@pytest.mark.parametrize(("text", "line"), [("services:\n  web: ]\n", 2), ("a: b: c\n", 1)])
def test_what_is_no_yaml_is_a_fault(text, line):
    fault = record("compose.yml", text).fault
    assert fault is not None
    assert fault.line == line


@pytest.mark.parametrize(
    "text", ["", "services:\n", "services: 1\n", "services: [a]\n", "services:\n  web:\n", "a: &a [*a]\n", "x: &x\n  <<: *x\nservices: *x\n"]
)
def test_what_says_nothing_gives_nothing(text):
    assert [unit.command for unit in record("compose.yml", text).units if unit.command] == []


def test_a_template_is_left_out_with_the_reason():
    assert (
        record("compose.yml", "services:\n  {{ name }}:\n    image: {{ a }}\n  {% if x %}\n").left_out
        == "is a template that has to be rendered first"
    )


@pytest.mark.parametrize("text", ["- " * 1_000_000, "[" * 1_000_000, "{a: " * 300_000, "\n".join("  " * depth + "a:" for depth in range(1_500))])
def test_a_nesting_that_no_parser_takes_is_a_fault(text):
    assert record("compose.yml", text).fault is not None


@pytest.mark.parametrize("name", ["compose.yml", "deploy.yaml", ".github/workflows/a.yml", "values.yaml", "render.yaml"])
def test_aliases_that_unfold_to_more_than_anybody_writes_are_a_fault(name):
    levels = [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]" for level in range(1, 12)]
    text = "\n".join(["apiVersion: v1", "kind: Pod", "a0: &a0 [x]", *levels, "services: *a11", "jobs: *a11", "env: *a11", "spec: *a11"])
    started = time.perf_counter()
    assert "unfold" in record(name, text).fault.message
    assert time.perf_counter() - started < 5


def test_a_chain_of_aliases_is_a_fault():
    links = [f"a{link}: &a{link} [*a{link - 1}]" for link in range(1, 3000)]
    assert record("compose.yml", "\n".join(["a0: &a0 [x]", *links])).fault is not None
