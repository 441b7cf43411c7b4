"""Checks of GitHub workflows: what a green run hides, and scripts that look like it."""

import pytest
from made_checked import outcomes_of


def job(*steps, more=""):
    body = "".join(f"      - {step}\n" for step in steps)
    return f"on: push\njobs:\n  test:\n    runs-on: ubuntu-latest\n{more}    steps:\n{body}"


def outcomes(root, rule, workflow, files=None):
    return outcomes_of(root, f"github-actions/{rule}", {".github/workflows/ci.yml": workflow, **(files or {})})


def run(script, more=""):
    lines = "".join(f"          {line}\n" for line in script.split("\n"))
    return f"run: |\n{lines}{more}".rstrip("\n")


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("${{ github.ref }} == 'x'", ["fail"]),
        ('"!${{ github.ref }}"', ["fail"]),
        ("always() && ${{ x }}", ["fail"]),
        ("${{ github.ref == 'x' }}", ["pass"]),
        ("github.ref == 'x'", []),
        ("|\n          ${{ success() }}", ["fail"]),
        (">-\n          ${{ success() }}", ["pass"]),
        ("|\n          success()", []),
    ],
)
def test_conditions(tmp_path, condition, expected):
    assert outcomes(tmp_path, "condition-always-true", job(f"if: {condition}\n        run: x")) == expected


@pytest.mark.parametrize(
    ("script", "more", "expected"),
    [
        ("pytest | tee log", "", ["fail"]),
        ("poetry run python -m pytest -q 2>&1 | tee -a log", "", ["fail"]),
        ("npm run build | cat", "", ["fail"]),
        ("npm run lint | tail -5 > out", "", ["fail"]),
        ("pytest | tee log", "        shell: bash", ["pass"]),
        ("pytest | tee log", "        shell: bash -e {0}", ["fail"]),
        ("pytest | tee log", "        shell: pwsh", []),
        ("set -euo pipefail\npytest | tee log", "", ["pass"]),
        ("pytest | tee log\nexit ${PIPESTATUS[0]}", "", ["review"]),
        ("pytest | tee log\ngrep -q failed log && exit 1", "", ["review"]),
        ("if pytest | tee log; then echo; fi", "", []),
        ("pytest | tee log || true", "", []),
        ("x=$(pytest | tail -1)", "", []),
        ("echo 'pytest | tee log'", "", []),
        ("ls | tee log", "", []),
        ("pytest | grep -q passed", "", []),
        ("cat <<E\npytest | tee log\nE", "", []),
        ("pytest | tee log", "        continue-on-error: true", []),
    ],
)
def test_pipes(tmp_path, script, more, expected):
    assert outcomes(tmp_path, "pipe-hides-failure", job(run(script, more))) == expected


def test_defaults_of_the_job_and_windows(tmp_path):
    step = "run: pytest | tee log"
    assert outcomes(tmp_path, "pipe-hides-failure", job(step, more="    defaults: {run: {shell: bash}}\n")) == ["pass"]
    assert outcomes(tmp_path, "pipe-hides-failure", job(step).replace("ubuntu", "windows")) == []


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (("run: npm test || true",), ["fail"]),
        (("run: pytest || echo failed",), ["fail"]),
        (("run: pytest || exit 1",), ["pass"]),
        (("run: pytest\n        continue-on-error: true",), ["fail"]),
        (("run: pytest\n        continue-on-error: ${{ matrix.new }}",), ["pass"]),
        (("run: npm test || true", "run: pytest"), ["review", "pass"]),
        (("run: npm test || true", "run: make test"), ["review", "pass"]),
        (("run: npm test || true", "uses: cypress-io/github-action@v6"), ["review"]),
        (("id: t\n        run: pytest\n        continue-on-error: true", "if: steps.t.outcome == 'failure'\n        run: exit 1"), ["pass"]),
        (("run: docker rm x || true", "run: npm ci"), []),
        (('run: npm test || echo "failed=1" >> "$GITHUB_OUTPUT"',), ["pass"]),
    ],
)
def test_tests_that_are_forgiven(tmp_path, steps, expected):
    assert sorted(outcomes(tmp_path, "cannot-fail", job(*steps))) == sorted(expected)


def test_a_package_without_tests_forgives_nothing(tmp_path):
    files = {"package.json": '{"scripts": {"build": "x"}}'}
    assert outcomes(tmp_path, "cannot-fail", job("run: npm test || true"), files) == []


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("export A=1", "echo $A", ["fail"]),
        ("export A=1", "echo ${A:-2}", []),
        ("export A=1", "A=2\necho $A", []),
        ("export A=1", "echo '$A'", []),
        ("A=1", "echo $A", []),
        ('export A=1\necho "A=1" >> $GITHUB_ENV', "echo $A", ["pass"]),
        ('export PATH="$HOME/bin:$PATH"', "echo $PATH", []),
        ("export JAVA_HOME=/x", "echo $JAVA_HOME", []),
        ('export A=1\necho "B=1" >> $GITHUB_ENV', "echo $A", ["review"]),
        ("export A=1", "source env.sh\necho $A", []),
        ("cd web", "npm test", ["fail"]),
        ("cd web\nnpm ci", "npm test", []),
    ],
)
def test_what_a_step_leaves(tmp_path, first, second, expected):
    assert outcomes(tmp_path, "step-state-lost", job(run(first), run(second))) == expected


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("run: push $TOKEN", ["fail"]),
        ("run: push '$TOKEN'", []),
        ("run: push ${TOKEN:?missing}", []),
        ("run: push $TOKEN\n        env: {TOKEN: '${{ secrets.OTHER }}'}", []),
        ("run: push $UNKNOWN", []),
        ("run: |\n          TOKEN=$(make-token)\n          push $TOKEN", []),
        ("run: |\n          read -r TOKEN < file\n          push $TOKEN", []),
    ],
)
def test_secrets_that_are_not_given(tmp_path, step, expected):
    given = "run: login\n        env: {TOKEN: '${{ secrets.TOKEN }}'}"
    assert outcomes(tmp_path, "secret-not-mapped", job(given, step)) == expected


def test_who_may_give_a_secret(tmp_path):
    given = "run: login\n        env: {TOKEN: '${{ secrets.TOKEN }}'}"
    own = job(given, "run: push $TOKEN")
    assert outcomes(tmp_path, "secret-not-mapped", own.replace("ubuntu-latest", "[self-hosted, linux]")) == ["review"]
    assert outcomes(tmp_path, "secret-not-mapped", own.replace("    steps:", "    container: {image: x, env: {TOKEN: y}}\n    steps:")) == []
    assert outcomes(tmp_path, "secret-not-mapped", job(given, "uses: vault/action@v1", "run: push $TOKEN")) == ["review"]


PYPROJECT = '[build-system]\nrequires = ["hatchling", "hatch-vcs"]\n[tool.hatch.version]\nsource = "vcs"\n'
PUBLISH = "uses: pypa/gh-action-pypi-publish@release/v1"


@pytest.mark.parametrize(
    ("steps", "pyproject", "expected"),
    [
        (("uses: actions/checkout@v4", "run: python -m build", PUBLISH), PYPROJECT, ["fail"]),
        (("uses: actions/checkout@v4\n        with: {fetch-depth: 0}", "run: uv build", PUBLISH), PYPROJECT, ["pass"]),
        (("uses: actions/checkout@v4", "run: git fetch --tags --unshallow", "run: uv build", PUBLISH), PYPROJECT, ["pass"]),
        (("uses: actions/checkout@v4", "run: uv build"), PYPROJECT, ["review"]),
        (("uses: actions/checkout@v4", "run: pytest"), PYPROJECT, []),
        (("uses: actions/checkout@v4", "run: python -m build", PUBLISH), PYPROJECT + 'raw-options = {fallback_version = "0"}\n', []),
        (("uses: actions/checkout@v4", "run: python -m build", PUBLISH), '[project]\nversion = "1"\n', []),
    ],
)
def test_versions_of_tags(tmp_path, steps, pyproject, expected):
    assert outcomes(tmp_path, "shallow-clone-version", job(*steps), {"pyproject.toml": pyproject}) == expected


def test_a_run_that_a_tag_starts_has_the_tag(tmp_path):
    text = job("uses: actions/checkout@v4", "run: python -m build", PUBLISH).replace("on: push", "on: {release: {types: [published]}}")
    assert outcomes(tmp_path, "shallow-clone-version", text, {"pyproject.toml": PYPROJECT}) == ["review"]


@pytest.mark.parametrize(
    ("version", "path", "more", "expected"),
    [
        ("v4", ".next", "", ["fail"]),
        ("v4", ".next/", "", ["fail"]),
        ("v4", ".next/**", "", ["fail"]),
        ("v5", "out/.coverage.*", "", ["fail"]),
        ("v4.4.0", "./.coverage", "", ["fail"]),
        ("v4", ".next/static", "", []),
        ("v4", "./dist", "", []),
        ("v4", ".", "", []),
        ("v4", "../x", "", []),
        ("v4.3.6", ".next", "", []),
        ("v3", ".next", "", []),
        ("v4", ".next", ", include-hidden-files: true", ["pass"]),
        ("v4", "'.next/${{ matrix.x }}'", "", []),
    ],
)
def test_hidden_files(tmp_path, version, path, more, expected):
    step = f"uses: actions/upload-artifact@{version}\n        with: {{path: {path}{more}}}"
    assert outcomes(tmp_path, "artifact-hidden-files", job(step)) == expected


PACKAGE = '{"scripts": {"build": "vite build", "test": "vitest"}, "dependencies": {"react": "19", "vite": "7"}}'


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("run: npm test\n        working-directory: web", ["fail"]),
        ("run: cd web && npm test", ["fail"]),
        ("run: npm test\n        working-directory: api", []),
        ("run: cd web && npm test && npm run build", []),
        ("run: npm run lint\n        working-directory: web", []),
    ],
)
def test_front_ends_that_are_never_built(tmp_path, step, expected):
    files = {"web/package.json": PACKAGE, "web/src/main.jsx": "import React from 'react'\n", "api/package.json": '{"scripts": {"test": "jest"}}'}
    assert outcomes(tmp_path, "no-production-build", job(step), files) == expected
