"""What front ends build to against what is served: sure only when nothing else can make the folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from made_scanned import outcomes

VITE = json.dumps({"scripts": {"build": "vite build"}, "devDependencies": {"vite": "^7"}})
FLASK = "from pathlib import Path\nfrom flask import Flask, send_from_directory\napp = Flask(__name__)\n"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("send_from_directory(Path(__file__).parent / 'web/build', 'x')", ["fail"]),
        ("send_from_directory('web/build', 'x')", ["fail"]),
        ("Flask('a', static_folder='web/build/static')", ["fail"]),
        ("send_from_directory('web/dist', 'x')", ["pass"]),
        ("send_from_directory('web/dist/assets', 'x')", ["pass"]),
        ("send_from_directory('web/public', 'x')", []),  # a folder that is kept in the repository as a rule
        ("send_from_directory('uploads', 'x')", []),
        ("send_from_directory(folder, 'x')", []),
        ("send_from_directory('/srv/web/build', 'x')", []),
        ("if app.debug: send_from_directory('web/build', 'x')", []),
        ("send_from_directory('web/build' if x else 'web/dist', 'x')", ["pass"]),
        ("send_from_directory('web/build' if x else 'web/out', 'x')", ["review"]),
        ("send_from_directory('web/build' if x else x, 'x')", []),
    ],
)
def test_a_served_folder_is_one_of_the_front_end(tmp_path: Path, code: str, expected: list[str]) -> None:
    assert outcomes(tmp_path, {"app.py": FLASK + code + "\n", "web/package.json": VITE}, "project/build-output-mismatch") == expected


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"web/build/index.html": "<p>"}, ["pass"]),  # it is in the repository
        ({"Makefile": "all:\n\tcp -r web/dist web/build\n"}, ["pass"]),
        ({"Makefile": "all:\n\tnpm --prefix web run build\n"}, ["fail"]),
        ({"deploy.sh": "cd web && npx vite build --outDir build\n"}, ["pass"]),
        ({"Dockerfile": "FROM x AS w\nRUN a\nFROM y\nCOPY --from=w /app/dist ./web/build\n"}, ["pass"]),
        ({"web/vite.config.js": "export default defineConfig({ build: { outDir: process.env.OUT } })"}, ["review"]),
        ({"web/package.json": VITE.replace("vite build", "vite build && node move.js")}, ["review"]),
        ({"web/package.json": VITE.replace("vite build", "vite build --outDir build")}, ["pass"]),
        ({"web/package.json": '{"scripts": {"build": "turbo run build"}}'}, []),
    ],
)
def test_another_step_may_make_the_folder(tmp_path: Path, files: dict[str, str], expected: list[str]) -> None:
    tree = {"app.py": FLASK + "send_from_directory('web/build', 'x')\n", "web/package.json": VITE, **files}
    assert outcomes(tmp_path, tree, "project/build-output-mismatch") == expected


@pytest.mark.parametrize(
    ("path", "code", "expected"),
    [
        ("server.js", "app.use(express.static(path.join(__dirname, 'web', 'build')))", ["fail"]),
        ("api/server.js", "app.use(express.static(path.join(__dirname, '../web/build')))", ["fail"]),
        ("api/server.js", "app.use(express.static('../web/build'))", ["fail"]),
        ("api/server.ts", "app.use(express.static(path.join(__dirname, '../web/build')))", ["review"]),  # it runs from where it is compiled to
        ("server.js", "const d = path.resolve(__dirname, 'web'); app.get('*', (q, r) => r.sendFile(path.join(d, 'build', 'index.html')))", ["fail"]),
        ("server.js", "app.get('*', (q, r) => r.sendFile('index.html', { root: path.join(__dirname, 'web/build') }))", ["fail"]),
        ("server.js", "app.use(express.static(path.join(path.resolve(), '/web/build')))", ["fail"]),
        ("server.js", "app.use(express.static(`${__dirname}/web/build`))", ["fail"]),
        ("server.js", "app.use(express.static(path.join(__dirname, 'web', 'dist')))", ["pass"]),
        ("server.js", "app.use(express.static(path.join(__dirname, 'web', folder)))", []),
        ("server.js", "app.use(express.static('public'))", []),
    ],
)
def test_paths_in_scripts(tmp_path: Path, path: str, code: str, expected: list[str]) -> None:
    assert outcomes(tmp_path, {path: code, "web/package.json": VITE}, "project/build-output-mismatch") == expected


@pytest.mark.parametrize(
    ("copy", "expected"),
    [
        ("COPY --from=web /app/build /html", ["pass", "fail"]),
        ("COPY --from=0 /app/build/ /html", ["pass", "fail"]),
        ("COPY --from=web /app/dist /html", ["pass", "pass"]),
        ("COPY --from=web /app /html", ["pass"]),
        ("COPY --from=web /srv/build /html", ["pass"]),  # nothing says what that is
        ("COPY --from=other/image /app/build /html", ["pass"]),
        ("COPY web/build /html", ["pass", "fail"]),
        ("COPY web/build /srv/web/build", ["pass", "fail"]),  # its own target does not make what it takes
    ],
)
def test_copies_of_images(tmp_path: Path, copy: str, expected: list[str]) -> None:
    dockerfile = f"FROM node AS web\nWORKDIR /app\nCOPY web/package.json ./\nCOPY web ./\nRUN npm run build\nFROM nginx\n{copy}\n"
    found = outcomes(tmp_path, {"Dockerfile": dockerfile, "web/package.json": VITE, "web/index.html": ""}, "project/build-output-mismatch")
    assert found == expected[1:]


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("netlify.toml", '[build]\n  base = "web"\n  publish = "build"\n', ["fail"]),
        ("netlify.toml", '[build]\n  publish = "web/build"\n', ["fail"]),
        ("netlify.toml", '[build]\n  base = "web"\n  publish = "dist"\n', ["pass"]),
        ("web/vercel.json", '{"outputDirectory": "build"}', ["fail"]),
        ("web/vercel.json", '{"outputDirectory": "dist"}', ["pass"]),
        ("render.yaml", "services:\n  - rootDir: web\n    staticPublishPath: ./build\n", ["fail"]),
        ("render.yaml", "services:\n  - staticPublishPath: ./web/dist\n", ["pass"]),
        (".github/workflows/a.yml", "jobs: {a: {steps: [{uses: actions/upload-pages-artifact@v3, with: {path: ./web/build}}]}}", ["fail"]),
        (".github/workflows/a.yml", "jobs: {a: {steps: [{uses: peaceiris/actions-gh-pages@v4, with: {publish_dir: web/dist}}]}}", ["pass"]),
        (".github/workflows/a.yml", "jobs: {a: {steps: [{uses: actions/upload-artifact@v4, with: {path: web/build}}]}}", []),
        ("web/package.json", VITE.replace('"build"', '"deploy": "gh-pages -d build", "build"'), ["fail"]),
        ("web/package.json", VITE.replace('"build"', '"deploy": "gh-pages -d dist", "build"'), ["pass"]),
    ],
)
def test_what_platforms_publish(tmp_path: Path, path: str, text: str, expected: list[str]) -> None:
    assert outcomes(tmp_path, {"web/package.json": VITE, "web/main.js": "", path: text}, "project/build-output-mismatch") == expected


GIT = {"Procfile": "web: gunicorn app:app\n", ".gitignore": "dist/\n"}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (GIT, ["fail"]),
        ({**GIT, ".gitignore": "*.pyc\n"}, ["review"]),  # it may be committed yet
        ({**GIT, ".gitignore": "dist/\n!web/dist/\n"}, ["review"]),
        ({"Procfile": GIT["Procfile"], ".gitignore": "", "web/dist/index.html": "<p>"}, ["pass"]),
        ({**GIT, "package.json": '{"scripts": {"heroku-postbuild": "cd web && npm run build"}}'}, ["pass"]),
        ({**GIT, "package.json": '{"scripts": {"start": "node x"}}'}, ["fail"]),
        ({**GIT, ".github/workflows/a.yml": "jobs: {a: {steps: [{run: npm --prefix web run build}]}}"}, ["pass"]),
        ({**GIT, "bin/release.sh": "make frontend\n"}, ["pass"]),
        ({**GIT, "app.json": "{}"}, ["pass"]),
        ({".gitignore": "dist/\n"}, []),  # nobody says how it is deployed
        ({".gitignore": "dist/\n", "Dockerfile": "FROM python\nCOPY . .\n"}, ["review"]),  # built by hand before the image is
    ],
)
def test_an_output_that_nothing_builds(tmp_path: Path, files: dict[str, str], expected: list[str]) -> None:
    tree = {"app.py": FLASK + "send_from_directory('web/dist', 'x')\n", "web/package.json": VITE, **files}
    assert outcomes(tmp_path, tree, "project/build-output-missing") == expected


def test_what_is_published_is_built_by_who_publishes_it(tmp_path: Path) -> None:
    files = {
        "web/package.json": VITE,
        "x.js": "",
        ".gitignore": "dist/\n",
        "netlify.toml": '[build]\n  publish = "web/dist"\n',
        "Procfile": "web: x\n",
    }
    assert outcomes(tmp_path, files, "project/build-output-missing") == []


def test_a_stage_brings_what_it_has_built(tmp_path: Path) -> None:
    dockerfile = "FROM node AS web\nWORKDIR /app\nCOPY web ./\nRUN ./compile\nFROM nginx\nCOPY --from=web /app/dist /html\n"
    files = {"Dockerfile": dockerfile, "web/package.json": VITE, "web/index.html": "", ".gitignore": "dist/\n"}
    assert outcomes(tmp_path, files, "project/build-output-missing") == []


def test_an_image_that_a_workflow_builds_has_no_output_of_the_host(tmp_path: Path) -> None:
    workflow = "jobs: {a: {steps: [{run: docker build -t x .}]}}"
    files = {
        "Dockerfile": "FROM nginx\nCOPY web/dist /html\n",
        "web/package.json": VITE,
        ".gitignore": "dist/\n",
        ".github/workflows/a.yml": workflow,
    }
    assert outcomes(tmp_path, files, "project/build-output-missing") == ["fail"]
    artifact = "jobs: {a: {steps: [{uses: actions/download-artifact@v4}, {run: docker build -t x .}]}}"
    assert outcomes(tmp_path, {".github/workflows/a.yml": artifact}, "project/build-output-missing") == ["pass"]
    (tmp_path / ".github/workflows/a.yml").unlink()
    assert outcomes(tmp_path, {}, "project/build-output-missing") == ["review"]
