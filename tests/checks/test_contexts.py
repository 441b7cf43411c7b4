"""What a Dockerfile needs against what its ignore file keeps out."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_scanned import outcomes

IGNORED = "docker/ignored-file-copied"
MISSING = "docker/dockerignore-missing"


@pytest.mark.parametrize(
    ("ignore", "step", "expected"),
    [
        ("dist", "COPY dist /srv", ["fail"]),
        ("dist", "COPY ./dist/ /srv", ["fail"]),
        ("dist", "COPY /dist/index.html /srv", ["fail"]),
        ("dist", 'COPY ["dist", "/srv"]', ["fail"]),
        ("dist", "COPY web/dist /srv", []),
        ("dist", "COPY --from=other dist /srv", []),
        ("dist", "COPY $WHERE /srv", []),
        ("dist", "ADD https://example.com/dist /srv", []),
        ("dist", "COPY . /srv", []),
        ("dist\n!dist/app.js", "COPY dist /srv", []),
        ("*\n!app.js", "COPY app.js /srv", []),
        ("*.js", "COPY *.js /srv", ["fail"]),
        ("*.js\n!app.js", "COPY *.js /srv", []),
        ("*.js", "COPY *.mjs /srv", []),  # nothing of that name is known
        ("package-lock.json", "COPY package*.json /srv/", []),  # package.json is left, and the step does not fail
        ("app.js", 'WORKDIR /srv\nCOPY . .\nCMD ["node", "app.js"]', ["fail"]),
        ("app.js", 'COPY . /srv\nENTRYPOINT ["node", "/srv/app.js"]', ["fail"]),
        ("app.js", 'WORKDIR /srv\nCOPY . .\nRUN esbuild src.js > app.js\nCMD ["node", "app.js"]', []),
        ("app.js", 'WORKDIR /srv\nCMD ["node", "app.js"]', []),  # nothing says that it comes from here
        ("*.txt", "WORKDIR /srv\nCOPY . .\nRUN pip install -r requirements.txt", ["fail"]),
        ("*.md", "WORKDIR /srv\nCOPY . .\nRUN pip install -r requirements.txt", []),
    ],
)
def test_what_is_kept_out(tmp_path: Path, ignore: str, step: str, expected: list[str]) -> None:
    files = {
        ".dockerignore": ignore + "\n",
        "Dockerfile": f"FROM x AS other\nFROM x\n{step}\n",
        "app.js": "",
        "package.json": "{}",
        "requirements.txt": "",
        "dist/app.js": "",
    }
    assert outcomes(tmp_path, files, IGNORED) == expected


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"web/Dockerfile.dockerignore": "dist\n", ".dockerignore": ""}, ["fail"]),
        ({"web/Dockerfile.dockerignore": "", "web/.dockerignore": "dist\n"}, []),  # the one with the name of the Dockerfile counts alone
        ({"web/.dockerignore": "dist\n"}, ["fail"]),
        ({"web/.dockerignore": "dist\n", "compose.yml": "services: {a: {build: {context: ., dockerfile: web/Dockerfile}}}"}, []),
        ({".dockerignore": "dist\n", "compose.yml": "services: {a: {build: {context: ., dockerfile: web/Dockerfile}}}"}, ["fail"]),
    ],
)
def test_which_ignore_file_counts(tmp_path: Path, files: dict[str, str], expected: list[str]) -> None:
    tree = {"web/Dockerfile": "FROM x\nCOPY dist /srv\n", "web/package.json": "{}", **files}
    assert outcomes(tmp_path, tree, IGNORED) == expected


@pytest.mark.parametrize(
    ("dockerfile", "files", "expected"),
    [
        ("RUN npm ci\nCOPY . .", {}, ["fail"]),
        ("RUN yarn\nCOPY . .", {}, ["fail"]),
        ("RUN npm ci\nCOPY . /app/", {}, ["fail"]),
        ("RUN npm ci\nCOPY web .", {"web/package.json": "{}"}, ["fail"]),
        ("RUN npm ci\nCOPY src .", {}, ["review"]),
        ("RUN npm ci\nCOPY src ./src", {}, []),
        ("COPY . .\nRUN npm ci", {}, []),  # npm ci takes away what was there
        ("RUN npm install -g pnpm\nCOPY . .", {}, []),
        ("RUN npm ci\nCOPY --from=x /a .", {}, []),
        ("RUN npm ci\nCOPY . .", {".dockerignore": "node_modules\n"}, ["pass"]),
        ("RUN npm ci\nCOPY . .", {".dockerignore": "**/node_modules\n"}, ["pass"]),
        ("RUN npm ci\nCOPY . .", {".dockerignore": ".git\n"}, ["fail"]),
        ("RUN npm ci\nCOPY web .", {"web/package.json": "{}", ".dockerignore": "node_modules\n"}, ["fail"]),  # only the one at the top
        ("RUN npm ci\nCOPY . .", {".github/workflows/a.yml": "jobs: {a: {steps: [{run: docker build .}]}}"}, ["review"]),
    ],
)
def test_packages_of_the_host(tmp_path: Path, dockerfile: str, files: dict[str, str], expected: list[str]) -> None:
    tree = {"package.json": "{}", "Dockerfile": f"FROM node\nWORKDIR /app\nCOPY package.json ./\n{dockerfile}\n", **files}
    assert outcomes(tmp_path, tree, MISSING) == expected
