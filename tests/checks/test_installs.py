"""Installs of Node packages: strict ones without a lock file, and build steps without their tools."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from made_scanned import outcomes

LOCK = "node/lockfile-missing"
TOOL = "node/build-tool-omitted"
NPM = {"package.json": "{}"}
LOCKED = {**NPM, "package-lock.json": "{}"}


@pytest.mark.parametrize(
    ("steps", "files", "expected"),
    [
        ("COPY package*.json ./\nRUN npm ci", NPM, ["fail"]),
        ("COPY package*.json ./\nRUN npm ci", LOCKED, ["pass"]),
        ("COPY . .\nRUN npm ci", LOCKED, ["pass"]),
        ("COPY package.json ./\nRUN npm ci", LOCKED, ["fail"]),  # the lock file stays outside
        ("COPY package.json package-lock.json ./\nRUN npm ci", LOCKED, ["pass"]),
        ("COPY package*.json ./\nRUN npm ci", {**LOCKED, ".dockerignore": "package-lock.json\n"}, ["fail"]),
        ("COPY package*.json ./\nRUN npm ci", {**NPM, "npm-shrinkwrap.json": "{}"}, ["fail"]),  # the pattern leaves it behind
        ("COPY package.json npm-shrinkwrap.json ./\nRUN npm ci", {**NPM, "npm-shrinkwrap.json": "{}"}, ["pass"]),
        ("COPY package*.json ./\nRUN npm clean-install --omit=dev", NPM, ["fail"]),
        ("COPY package*.json ./\nRUN npm install", NPM, []),
        ("COPY package*.json ./\nRUN npm ci || npm install", NPM, []),
        ("COPY package*.json ./\nRUN if [ -f package-lock.json ]; then npm ci; else npm i; fi", NPM, []),
        ("COPY package*.json ./\nRUN npm install --package-lock-only && npm ci", NPM, []),
        ("COPY package*.json ./\nRUN npm install -g npm@11 && npm ci", NPM, ["fail"]),
        ("COPY --from=x /app ./\nCOPY package.json ./\nRUN npm ci", NPM, []),
        ("RUN npm ci", NPM, []),  # nothing says what is installed
        ("COPY web web\nRUN cd web && npm ci", {"web/package.json": "{}"}, ["fail"]),
        ("COPY web web\nRUN npm --prefix web ci", {"web/package.json": "{}"}, ["fail"]),
        ("COPY web web\nRUN npm ci --prefix=web", {"web/package.json": "{}", "web/package-lock.json": "{}"}, ["pass"]),
        ("COPY . .\nRUN pnpm install --frozen-lockfile", NPM, ["fail"]),
        ("COPY . .\nRUN pnpm install", NPM, []),
        ("COPY . .\nRUN pnpm i --frozen-lockfile=false", NPM, []),
        ("COPY . .\nRUN yarn install --frozen-lockfile", NPM, ["pass"]),  # Yarn 1 installs all the same
        ("COPY . .\nRUN yarn install --immutable", {"package.json": '{"packageManager": "yarn@4.9.1"}'}, ["fail"]),
        ("COPY . .\nRUN yarn --immutable", {**NPM, ".yarnrc.yml": "nodeLinker: node-modules\n"}, ["fail"]),
        ("RUN --mount=type=bind,source=package.json,target=package.json npm ci", NPM, []),
    ],
)
def test_strict_installs_in_images(tmp_path: Path, steps: str, files: dict[str, str], expected: list[str]) -> None:
    assert outcomes(tmp_path, {"Dockerfile": f"FROM node AS x\nFROM node\nWORKDIR /app\n{steps}\n", **files}, LOCK) == expected


@pytest.mark.parametrize(
    ("run", "files", "expected"),
    [
        ("cd web && npm ci", {"web/package.json": "{}"}, ["fail"]),
        ("cd web && npm ci", {"web/package.json": "{}", "web/package-lock.json": "{}"}, ["pass"]),
        ("cd web && npm ci", {"web/package.json": "{}", "package-lock.json": "{}"}, ["pass"]),  # a workspace has one for all
        ("cd $DIR && npm ci", NPM, []),
        ("npm ci", {"web/package.json": "{}"}, []),  # there is nothing to install
        ("npm ci || npm install", NPM, []),
        ("npm test", NPM, []),
    ],
)
def test_strict_installs_in_workflows(tmp_path: Path, run: str, files: dict[str, str], expected: list[str]) -> None:
    workflow = json.dumps({"jobs": {"a": {"steps": [{"run": run}]}}})
    assert outcomes(tmp_path, {".github/workflows/a.yml": workflow, "x.js": "", **files}, LOCK) == expected


def test_a_checkout_of_another_repository(tmp_path: Path) -> None:
    other = {"uses": "actions/checkout@v4", "with": {"repository": "shop/web"}}
    workflow = json.dumps({"jobs": {"a": {"steps": [other, {"run": "npm ci"}]}}})
    assert outcomes(tmp_path, {".github/workflows/a.yml": workflow, "x.js": "", **NPM}, LOCK) == []


def package(**more: object) -> dict[str, str]:
    return {"package.json": json.dumps({"scripts": {"build": "tsc && vite build", "lint": "eslint ."}, "devDependencies": {"vite": "7"}, **more})}


@pytest.mark.parametrize(
    ("steps", "files", "expected"),
    [
        ("ENV NODE_ENV=production\nRUN npm ci\nRUN npm run build", package(), ["fail"]),
        ("ENV NODE_ENV production\nRUN npm install\nRUN npm run build", package(), ["fail"]),
        ("ENV NODE_ENV=production\nRUN npm ci\nRUN npm run build", {**package(), ".npmrc": "include=dev\n"}, []),
        ("ARG NODE_ENV=production\nENV NODE_ENV=$NODE_ENV\nRUN yarn\nRUN yarn build", package(), []),  # a build argument decides
        ("RUN NODE_ENV=production npm ci && npm run build", package(), ["fail"]),
        ("RUN npm ci --omit=dev\nRUN npm run build", package(), ["fail"]),
        ("RUN npm install --production\nRUN npm run build", package(), ["fail"]),
        ("RUN npm install --production=false\nRUN npm run build", package(), ["pass"]),
        ("RUN npm ci\nRUN npm run build", package(), ["pass"]),
        ("RUN npm ci\nENV NODE_ENV=production\nRUN npm run build", package(), ["pass"]),
        ("ENV NODE_ENV=development\nRUN npm ci\nRUN npm run build", package(), ["pass"]),
        ("ENV NODE_ENV=production\nRUN npm ci --include=dev\nRUN npm run build", package(), ["pass"]),
        ("ENV NODE_ENV=production\nRUN yarn install\nRUN yarn build", package(), ["fail"]),
        ("ENV NODE_ENV=production\nRUN yarn install\nRUN yarn build", package(packageManager="yarn@4.9.1"), []),
        ("ENV NODE_ENV=production\nRUN pnpm install\nRUN pnpm build", package(), ["pass"]),  # pnpm 10 does not look at it
        ("RUN pnpm install --prod\nRUN pnpm build", package(), ["fail"]),
        ("RUN npm ci --omit=dev\nRUN npm run lint", package(), []),
        ("RUN npm ci --omit=dev\nRUN npx vite build", package(), []),  # npx fetches what is not there
        ("RUN npm ci --omit=dev\nRUN npm install vite\nRUN npm run build", package(), ["pass"]),  # brings all the others too
        ("ENV NODE_ENV=production\nRUN npm ci\nRUN npm install vite\nRUN npm run build", package(), []),
        ("RUN npm ci --omit=dev && npm ci && npm run build", package(), ["pass"]),
        ("RUN npm ci --omit=dev\nRUN npm run build", package(dependencies={"vite": "7"}), []),
        ("RUN npm ci --omit=dev\nRUN npm run build", package(dependencies={"@vitejs/plugin-react": "5"}), []),  # npm installs its peer
        ("RUN npm ci --omit=dev\nCOPY --from=x /n ./node_modules\nRUN npm run build", package(), []),
    ],
)
def test_build_tools(tmp_path: Path, steps: str, files: dict[str, str], expected: list[str]) -> None:
    dockerfile = f"FROM node AS x\nFROM node\nWORKDIR /app\nCOPY package.json ./\n{steps}\n"
    assert outcomes(tmp_path, {"Dockerfile": dockerfile, "x.js": "", **files}, TOOL) == expected


@pytest.mark.parametrize(("is_dev", "expected"), [(True, ["fail"]), (False, [])])
def test_the_lock_file_says_what_is_for_development(tmp_path: Path, is_dev: bool, expected: list[str]) -> None:
    lock = json.dumps({"packages": {"node_modules/vite": {"version": "7.0.0", **({"dev": True} if is_dev else {"devOptional": True})}}})
    files = {**package(dependencies={"@vitejs/plugin-react": "5"}), "package-lock.json": lock}
    dockerfile = "FROM node\nWORKDIR /app\nCOPY package*.json ./\nRUN npm ci --omit=dev\nRUN npm run build\n"
    assert outcomes(tmp_path, {"Dockerfile": dockerfile, **files}, TOOL) == expected
