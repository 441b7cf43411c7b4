"""Where a front end builds to, told from commands, configurations and defaults."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath

import pytest
from made_tree import project


def package(build: str, **more: object) -> str:
    return json.dumps({"scripts": {"build": build}, **more})


def outputs(root: Path, files: dict[str, str]) -> list[tuple[str, str | None]]:
    return [(build.tool, str(build.output) if build.output is not None else None) for build in project(root, files).facts.builds]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("vite build", [("vite", "web/dist")]),
        ("tsc -b && vite build", [("vite", "web/dist")]),
        ("cross-env NODE_ENV=production npx vite build --mode staging", [("vite", "web/dist")]),
        ("vite build --outDir ../static", [("vite", "static")]),
        ("vite build --outDir=build --emptyOutDir", [("vite", "web/build")]),
        ("vite build --outDir $OUT", [("vite", None)]),
        ("vite build --outDir ../../elsewhere", [("vite", None)]),
        ("vite build app", [("vite", "web/app/dist")]),
        ("vite build --ssr src/server.js", [("vite", None)]),
        ("cd app && vite build", [("vite", None)]),
        ("vite", []),
        ("react-scripts build", [("react-scripts", "web/build")]),
        ("BUILD_PATH='./dist' react-scripts build", [("react-scripts", "web/dist")]),
        ("craco build", [("react-scripts", "web/build")]),
        ("next build", [("next", "web/.next")]),
        ("vue-cli-service build", [("@vue/cli-service", "web/dist")]),
        ("vue-cli-service build --dest ../public", [("@vue/cli-service", "public")]),
        ("parcel build index.html", [("parcel", "web/dist")]),
        ("parcel build index.html --dist-dir out", [("parcel", "web/out")]),
        ("astro build", [("astro", "web/dist")]),
        ("gatsby build", [("gatsby", "web/public")]),
        ("webpack --mode production -o ../static/js", [("webpack", "static/js")]),
        ("webpack serve", []),
        ("webpack-dev-server --config webpack.dev.js", []),
        ("webpack --mode production", [("webpack", None)]),  # nothing says where: there is no configuration in sight
        ("rollup -c", [("rollup", None)]),
        ("node scripts/build.js", [("node", None)]),
        ("eslint . && prettier -c .", []),
    ],
)
def test_a_command_says_where_it_writes(tmp_path: Path, command: str, expected: list[tuple[str, str | None]]) -> None:
    assert outputs(tmp_path, {"web/package.json": package(command)}) == expected


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ("export default { plugins: [] }", "web/dist"),
        ("export default defineConfig({ build: { outDir: 'build' } })", "web/build"),
        ("export default defineConfig({ build: { outDir: '../static/app' } })", "static/app"),
        ("export default defineConfig({ root: 'src' })", "web/src/dist"),
        ("export default defineConfig({ root: 'src', build: { outDir: '../dist' } })", "web/dist"),
        ("import path from 'path';\nexport default defineConfig({ root: 'src', build: { outDir: path.resolve(__dirname, 'out') } })", "web/out"),
        ("import { resolve } from 'path';\nexport default defineConfig({ build: { outDir: resolve(__dirname, '..', 'api/static') } })", "api/static"),
        ("export default defineConfig({ build: { outDir: fileURLToPath(new URL('../x', import.meta.url)) } })", "x"),
        ("const out = '../x';\nexport default defineConfig({ build: { outDir: out } })", "x"),
        ("export default defineConfig(({ mode }) => ({ build: { outDir: 'b' } }))", "web/b"),
        ("export default defineConfig(({ mode }) => { return { build: { outDir: 'b' } } })", "web/b"),
        ("module.exports = { build: { outDir: 'b' } }", "web/b"),
        ("const config = { build: { outDir: 'b' } };\nexport default config;", "web/b"),
        # a folder of that name that is no setting of the build
        ("export default defineConfig({ plugins: [pwa({ outDir: 'x' })] })", "web/dist"),
        ("export default defineConfig({ test: { coverage: { outDir: 'x' } } })", "web/dist"),
        # what cannot be told
        ("export default defineConfig({ build: { outDir: process.env.OUT } })", None),
        ("export default defineConfig({ build: { outDir: dev ? 'a' : 'b' } })", None),
        ("export default defineConfig({ ...base })", None),
        ("export default defineConfig({ build })", None),
        ("export default mergeConfig(base, { build: { outDir: 'b' } })", None),
        ("export default defineConfig({ plugins: [laravel()] }) // laravel-vite-plugin", None),
        ("export default defineConfig(({ mode }) => { if (mode) { return { build: { outDir: 'b' } } } return {} })", None),
        ("export default make()", None),
        ("", None),
    ],
)
def test_the_configuration_of_vite(tmp_path: Path, config: str, expected: str | None) -> None:
    files = {"web/package.json": package("vite build"), "web/vite.config.js": config}
    assert outputs(tmp_path, files) == [("vite", expected)]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"web/.env": "BUILD_PATH=./dist\n"}, "web/dist"),
        ({"web/.env": "BUILD_PATH=./dist\n", "web/.env.production": "BUILD_PATH=../static\n"}, "static"),
        ({"web/.env": "#BUILD_PATH=./dist\n"}, "web/build"),
        ({"web/craco.config.js": "module.exports = { webpack: { configure: (c, { paths }) => { paths.appBuild = x } } }"}, None),
    ],
)
def test_create_react_app_is_told_by_a_variable(tmp_path: Path, files: dict[str, str], expected: str | None) -> None:
    assert outputs(tmp_path, {"web/package.json": package("react-scripts build"), **files}) == [("react-scripts", expected)]


@pytest.mark.parametrize(
    ("builder", "said", "expected"),
    [
        ("@angular-devkit/build-angular:browser", "dist/shop", "web/dist/shop"),
        ("@angular-devkit/build-angular:application", "dist/shop", "web/dist/shop/browser"),
        ("@angular/build:application", None, "web/dist/shop/browser"),
        ("@angular/build:application", {"base": "out", "browser": ""}, "web/out"),
    ],
)
def test_angular(tmp_path: Path, builder: str, said: object, expected: str) -> None:
    options = {"outputPath": said} if said is not None else {}
    workspace = json.dumps({"projects": {"shop": {"architect": {"build": {"builder": builder, "options": options}}}}})
    assert outputs(tmp_path, {"web/package.json": package("ng build"), "web/angular.json": workspace}) == [("@angular/cli", expected)]


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ("export default { output: 'export' }", ["web/out", "web/.next"]),
        ("export default { output: 'standalone' }", ["web/.next"]),
        ("export default { distDir: 'build' }", [None]),
        ("export default { output: process.env.X }", [None]),
    ],
)
def test_next(tmp_path: Path, config: str, expected: list[str | None]) -> None:
    files = {"web/package.json": package("next build"), "web/next.config.mjs": config}
    assert [output for _, output in outputs(tmp_path, files)] == expected


def test_a_dependency_alone_is_a_guess(tmp_path: Path) -> None:
    (build,) = project(tmp_path, {"package.json": '{"devDependencies": {"vite": "7"}}'}).facts.builds
    assert str(build.output) == "dist"
    assert not build.is_sure


def test_the_place_is_what_says_so(tmp_path: Path) -> None:
    files = {
        "web/package.json": '{\n "scripts": {\n  "build": "vite build"\n }\n}',
        "web/vite.config.js": "export default defineConfig({\n build: {\n  outDir: 'x',\n },\n})",
    }
    (build,) = project(tmp_path, files).facts.builds
    assert (str(build.place.path), build.place.line) == ("web/vite.config.js", 3)
    (tmp_path / "web/vite.config.js").unlink()
    (build,) = project(tmp_path, {}).facts.builds
    assert (str(build.place.path), build.place.line) == ("web/package.json", 3)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"scripts": []}',
        '{"scripts": {"build": 1}}',
        '{"scripts": {"build": "' + "vite build " * 50_000 + '"}}',
        '{"scripts": {"build": "vite build --outDir"}}',
        '{"scripts": {"build": "ng build"}}',
        '{"scripts": {"build": "' + "(" * 20_000 + '"}}',
        "[" * 50_000,
        "\x00\x01",
    ],
)
def test_a_manifest_in_any_state_raises_nothing(tmp_path: Path, text: str) -> None:
    files = {"package.json": text, "angular.json": "[" * 2000, "vite.config.js": "export default {" * 3000}
    assert all(build.root == PurePosixPath() for build in project(tmp_path, files).facts.builds)
