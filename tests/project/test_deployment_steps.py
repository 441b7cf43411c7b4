"""Dockerfiles and the commands of workflows, platforms and scripts."""

from __future__ import annotations

import time
from pathlib import Path, PurePosixPath

import pytest
from made_tree import project

from auditor.catalogue import load
from auditor.checks import CHECKS
from auditor.model import CheckDetector
from auditor.project.facts.files.dockerfile import extract
from auditor.project.facts.images import in_project
from auditor.project.facts.staged import Copy, Dockerfile, Run, Start, parse
from auditor.project.facts.steps import simple

FILE = PurePosixPath("Dockerfile")


def staged(text: str) -> Dockerfile:
    return parse(FILE, extract(FILE, text), PurePosixPath())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("npm ci", [(0, "npm ci", "/")]),
        ("cd web && npm ci && npm run build", [(0, "npm ci", "/web"), (0, "npm run build", "/web")]),
        ("(cd web && npm ci) && npm test", [(0, "npm ci", "/web"), (0, "npm test", "/")]),
        ("(cd a && (cd b; x)) ; y", [(0, "x", "/a/b"), (0, "y", "/")]),
        ("cd web\nnpm ci\ncd ..\nnpm ci", [(1, "npm ci", "/web"), (3, "npm ci", "/")]),
        ("cd $DIR && npm ci", [(0, "npm ci", "")]),
        ("cd /srv/app && npm ci", [(0, "npm ci", "/srv/app")]),
        ("npm ci \\\n  --omit=dev\nx", [(0, "npm ci    --omit=dev".replace("    ", "  "), "/"), (2, "x", "/")]),
        ("# cd web\nnpm ci", [(1, "npm ci", "/")]),
        ('sh -c "(cd web)"', [(0, 'sh -c "(cd web)"', "/")]),
        (")))) && x", [(0, "x", "/")]),
    ],
)
def test_simple_commands(text: str, expected: list[tuple[int, str, str]]) -> None:
    found = [(line, " ".join(command.split()), folder) for line, command, folder in simple(text, "/")]
    assert found == [(line, " ".join(command.split()), folder) for line, command, folder in expected]


def test_stages_take_over_what_they_are_built_on() -> None:
    text = """ARG X=1
FROM node:22 AS base
WORKDIR /app
ENV NODE_ENV=production
COPY package.json ./
FROM base AS build
RUN --mount=type=cache,target=/root/.npm npm ci
COPY --chown=node:node . .
FROM nginx
COPY --from=build /app/dist /usr/share/nginx/html
CMD ["nginx", "-g", "daemon off;"]
"""
    dockerfile = staged(text)
    build = dockerfile.stage("build")
    assert build is not None
    assert [(type(step).__name__, step.line) for step in build.steps] == [("Copy", 5), ("Run", 7), ("Copy", 8)]
    run = build.steps[1]
    assert isinstance(run, Run)
    assert (run.text, run.folder, dict(run.variables)) == ("npm ci", "/app", {"NODE_ENV": "production"})
    assert dockerfile.stage("1") is build
    last = dockerfile.last
    assert last is not None
    assert last.steps == (
        Copy(line=10, sources=("/app/dist",), target="/usr/share/nginx/html", origin="build"),
        Start(line=11, words=("nginx", "-g", "daemon off;"), folder="/"),
    )


def test_here_documents_and_comments_are_part_of_their_instruction() -> None:
    text = "FROM x\nRUN <<EOF\ncd web\nnpm ci\nEOF\n# note\nRUN a && \\\n  # note\n  b\nCOPY <<END /x\nFROM y\nEND\nRUN c"
    (stage,) = staged(text).stages
    assert [(step.line, step.text.split()[-1]) for step in stage.steps if isinstance(step, Run)] == [(2, "ci"), (7, "b"), (13, "c")]


@pytest.mark.parametrize(
    ("copies", "path", "expected"),
    [
        ("COPY . .", "/app/dist", "dist"),
        ("COPY web .", "/app/dist", "web/dist"),
        ("COPY web/ ./web", "/app/web/dist", "web/dist"),
        ("COPY web/ ./web", "/app/dist", None),
        ("COPY package.json .\nCOPY web .", "/app/package.json", "web/package.json"),
        ("COPY web .\nCOPY package.json ./", "/app/package.json", "package.json"),
        ("COPY web .\nCOPY package.json ./", "/app/dist", "web/dist"),
        ("COPY package.json /srv/x.json", "/srv/x.json", "package.json"),
        ("COPY package*.json ./", "/app/package.json", "package.json"),
        ("COPY web/package*.json ./", "/app/package.json", "web/package.json"),
        ("COPY package*.json ./", "/app/package-lock.json", None),  # there is none
        ("COPY tsconfig*.json ./", "/app/package.json", None),
        ("COPY . .\nCOPY --from=other /x /app/dist", "/app/dist/a", None),
        ("COPY $WHERE .", "/app/dist", None),
    ],
)
def test_a_path_of_the_image_stands_for_one_of_the_project(tmp_path: Path, copies: str, path: str, expected: str | None) -> None:
    files = {"package.json": "{}", "web/package.json": "{}", "Dockerfile": f"FROM node\nWORKDIR /app\n{copies}\n"}
    tree = project(tmp_path, files)
    (dockerfile,) = tree.facts.dockerfiles
    stage = dockerfile.last
    assert stage is not None
    found = in_project(tree, dockerfile, stage, path, before=99)
    assert (str(found) if found is not None else None) == expected


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"web/Dockerfile": "FROM x\nCOPY package.json .", "web/package.json": "{}"}, "web"),
        ({"docker/Dockerfile": "FROM x\nCOPY web .", "web/package.json": "{}"}, "."),
        ({"docker/Dockerfile": "FROM x\nCOPY . ."}, None),
        ({"docker/Dockerfile": "FROM x\nCOPY . .", "compose.yml": "services: {a: {build: {context: ., dockerfile: docker/Dockerfile}}}"}, "."),
        ({"web/Dockerfile": "FROM x\nCOPY . .", "compose.yml": "services:\n a:\n  build: ./web\n"}, "web"),
        (
            {"web/Dockerfile": "FROM x\nCOPY . .", ".github/workflows/a.yml": "jobs: {a: {steps: [{run: docker build -t x -f web/Dockerfile .}]}}"},
            ".",
        ),
        (
            {
                "web/Dockerfile": "FROM x\nCOPY . .",
                ".github/workflows/a.yml": "jobs: {a: {steps: [{uses: docker/build-push-action@v6, with: {context: web}}]}}",
                "Makefile": "image:\n\tdocker build -f web/Dockerfile .\n",
            },
            None,  # two are named
        ),
    ],
)
def test_the_context_of_a_dockerfile(tmp_path: Path, files: dict[str, str], expected: str | None) -> None:
    (dockerfile,) = project(tmp_path, files).facts.dockerfiles
    assert (str(dockerfile.context) if dockerfile.context is not None else None) == expected


def test_commands_know_where_they_run(tmp_path: Path) -> None:
    files = {
        ".github/workflows/a.yml": "defaults: {run: {working-directory: web}}\njobs:\n  a:\n    steps:\n      - run: |\n          cd x\n          npm ci\n"
        "      - run: npm test\n        working-directory: api\n",
        ".github/workflows/b.yml": "jobs: {a: {steps: [{uses: actions/checkout@v4, with: {path: src}}, {run: npm ci}]}}",
        "Makefile": "all: x\n\t@cd web && npm ci\n",
        "render.yaml": "services:\n  - type: web\n    buildCommand: npm run build\n",
        "scripts/deploy.sh": "npm ci\n",
    }
    found = {(str(one.place.path), one.place.line, one.text, str(one.folder), one.kind) for one in project(tmp_path, files).facts.commands}
    assert found == {
        (".github/workflows/a.yml", 7, "npm ci", "web/x", "workflow"),
        (".github/workflows/a.yml", 8, "npm test", "api", "workflow"),
        (".github/workflows/b.yml", 1, "npm ci", "None", "workflow"),
        ("Makefile", 2, "npm ci", "web", "make"),
        ("render.yaml", 3, "npm run build", ".", "platform"),
        ("scripts/deploy.sh", 1, "npm ci", "scripts", "script"),
    }


@pytest.mark.parametrize(
    "text", ["FROM", "COPY", "FROM x\nCOPY a", "FROM x\nRUN <<EOF", "FROM x\nCOPY [", "FROM x\nENV", "\\\n" * 9999, "FROM x\nWORKDIR $A\nCOPY . ."]
)
def test_a_dockerfile_in_any_state_raises_nothing(text: str) -> None:
    for stage in staged(text).stages:
        assert all(step.line for step in stage.steps)


@pytest.mark.parametrize(
    "line",
    [
        "RUN " + " " * 200_000 + "x",
        "COPY " + "--a " * 50_000,
        "RUN npm " + "--prefix " * 5_000,
        "RUN npm " + "--a " * 5_000 + "x",
        "RUN " + "(" * 50_000,
        "COPY a b",
    ],
)
def test_nothing_runs_away(tmp_path: Path, line: str) -> None:
    start = time.monotonic()
    files = {
        "Dockerfile": "FROM x\n" + f"{line}\n" * 20 + "FROM y\n" * 50,
        "package.json": "{}",
        "run.sh": line,
        "Makefile": "a:\n\t" + line,
        "fly.toml": "\n" * 90_000,
    }
    tree = project(tmp_path, files)
    for check in (
        "node/lockfile-missing",
        "node/build-tool-omitted",
        "project/build-output-mismatch",
        "project/build-output-missing",
        "docker/ignored-file-copied",
    ):
        (gotcha,) = (gotcha for gotcha in load().gotchas if gotcha.id == check)
        (detector,) = gotcha.detectors
        assert isinstance(detector, CheckDetector)
        list(CHECKS[check](tree, gotcha, detector))
    assert time.monotonic() - start < 20
