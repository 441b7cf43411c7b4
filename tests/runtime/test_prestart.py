import json
import os
from pathlib import PurePosixPath

import pytest
from made_project import project

from auditor.model import Outcome, Place, span_of
from auditor.runtime.checks.prestart import build, dependencies, environment
from auditor.runtime.scene import Before
from auditor.runtime.target import Build, Start, Target, Variable

OLD, NEW = 1_700_000_000, 1_700_003_600
BUILD = Build(
    output=PurePosixPath("web/dist"),
    sources=(PurePosixPath("web/src"), PurePosixPath("web/package.json")),
    command="npm run build",
    place=Place(path=None),
)


def before(root, files, *, given=None, start=None, **asked):
    target = Target(start=start or Start(words=("gunicorn", "app:app")), **asked)
    return Before(root=root, project=project(root, files), target=target, environment={"PATH": ""} if given is None else given)


def aged(root, times):
    for name, time in times.items():
        os.utime(root / name, (time, time))


def seen(found):
    return [(one.outcome, one.subject) for one in found]


WEB = {"web/src/app.js": "1", "web/package.json": "{}"}


def built(root, files, times):
    asked = before(root, files, builds=(BUILD,))
    aged(root, times)
    (found,) = build(asked)
    return found


def test_without_builds_there_is_nothing_to_look_at(tmp_path):
    assert seen(build(before(tmp_path, WEB))) == [(Outcome.SKIP, "builds")]


def test_an_output_that_is_not_there(tmp_path):
    found = built(tmp_path, WEB, {})
    assert (found.outcome, found.subject) == (Outcome.FAIL, "web/dist")
    assert found.message == "web/dist is not there; run `npm run build`"
    assert [(sign.kind, sign.text) for sign in found.signs] == [("check", "missing")]


def test_an_empty_output(tmp_path):
    (tmp_path / "web/dist/assets").mkdir(parents=True)
    assert built(tmp_path, WEB, {}).observed == "it is empty"


@pytest.mark.parametrize("source", ["web/src/app.js", "web/package.json"])
def test_an_output_older_than_a_source(tmp_path, source):
    times = {"web/src/app.js": OLD, "web/package.json": OLD, "web/dist/index.html": OLD} | {source: NEW}
    found = built(tmp_path, {**WEB, "web/dist/index.html": "1"}, times)
    assert found.outcome is Outcome.FAIL
    assert found.observed == f"{source} is 1 h newer than anything in web/dist"
    assert [sign.text for sign in found.signs] == ["stale"]


def test_an_output_newer_than_its_sources(tmp_path):
    found = built(tmp_path, {**WEB, "web/dist/index.html": "1"}, {"web/src/app.js": OLD, "web/package.json": OLD, "web/dist/index.html": NEW})
    assert (found.outcome, found.message) == (Outcome.PASS, "web/dist is newer than its sources")


def test_the_order_of_a_fresh_checkout_says_nothing(tmp_path):
    times = {"web/src/app.js": OLD + 1, "web/package.json": OLD + 1.5, "web/dist/index.html": OLD}
    found = built(tmp_path, {**WEB, "web/dist/index.html": "1"}, times)
    assert found.outcome is Outcome.PASS
    assert "order says nothing" in found.message


def test_what_is_installed_is_no_source(tmp_path):
    files = {**WEB, "web/src/node_modules/x/index.js": "1", "web/dist/index.html": "1"}
    times = {"web/src/app.js": OLD, "web/package.json": OLD, "web/dist/index.html": OLD + 60, "web/src/node_modules/x/index.js": NEW}
    assert built(tmp_path, files, times).outcome is Outcome.PASS


# -- dependencies ----------------------------------------------------------------------------------------------------------------------


def installed(root, **versions):
    site = root / ".venv/lib/python3.12/site-packages"
    site.mkdir(parents=True, exist_ok=True)
    for name, version in versions.items():
        info = site / f"{name}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")


@pytest.mark.parametrize(
    ("manifest", "text"),
    [
        ("requirements.txt", 'Flask>=3,<4  # the web\ngunicorn==23.0.0 \\\n    --hash=sha256:00\nwin32api; sys_platform == "win32"\n-r other.txt\n'),
        ("pyproject.toml", '[project]\nname = "x"\nversion = "1"\ndependencies = [\n    "flask>=3,<4",\n    "gunicorn==23.0.0",\n]\n[project.optional-dependencies]\nextra = ["numpy"]\n'),
        ("Pipfile", '[packages]\nflask = "*"\ngunicorn = "==23.0.0"\n[dev-packages]\npytest = "*"\n'),
    ],
)  # fmt: skip
def test_declared_python_packages(tmp_path, manifest, text):
    installed(tmp_path, flask="3.1.0", gunicorn="23.0.0")
    (found,) = dependencies(before(tmp_path, {manifest: text, "app.py": ""}))
    assert (found.outcome, found.message) == (Outcome.PASS, "all 2 declared packages are installed in .venv/lib/python3.12/site-packages")


def test_packages_that_are_missing_or_of_another_version(tmp_path):
    installed(tmp_path, flask="2.0.0")
    (found,) = dependencies(before(tmp_path, {"requirements.txt": "flask>=3\n\nredis\n", "app.py": ""}))
    assert found.outcome is Outcome.FAIL
    assert found.observed == "flask is installed in version 2.0.0, and >=3 is declared; redis is not installed"
    assert [sign.text for sign in found.signs] == ["flask", "redis"]
    assert (found.place.path, found.place.line) == (PurePosixPath("requirements.txt"), 1)


def test_without_any_python_it_cannot_be_told(tmp_path):
    assert seen(dependencies(before(tmp_path, {"requirements.txt": "flask\n", "app.py": ""}))) == [(Outcome.ERROR, "Python packages")]


def test_without_a_manifest_there_is_nothing_to_look_at(tmp_path):
    assert seen(dependencies(before(tmp_path, {"app.py": ""}))) == [(Outcome.SKIP, "packages")]


def test_packages_of_node(tmp_path):
    manifest = json.dumps({"dependencies": {"express": "4", "@scope/tool": "1"}, "devDependencies": {"vite": "5"}}, indent=1)
    files = {"package.json": manifest, "server.js": "", "node_modules/express/package.json": "{}"}
    (found,) = dependencies(before(tmp_path, files, start=Start(words=("npm", "start"))))
    assert (found.outcome, found.observed) == (Outcome.FAIL, "@scope/tool is not installed")
    (tmp_path / "node_modules/@scope/tool").mkdir(parents=True)
    (tmp_path / "node_modules/@scope/tool/package.json").write_text("{}")
    (found,) = dependencies(before(tmp_path, {}, start=Start(words=("npm", "start"))))
    assert found.outcome is Outcome.PASS


# -- environment -----------------------------------------------------------------------------------------------------------------------


def test_required_variables(tmp_path):
    place = Place(path=PurePosixPath("app.py"), span=span_of(2))
    required = (Variable(name="TOKEN", place=place), Variable(name="MODE", place=place))
    found = list(environment(before(tmp_path, {}, given={"MODE": "hush"}, required=required)))
    assert seen(found) == [(Outcome.FAIL, "TOKEN"), (Outcome.PASS, "MODE")]
    assert found[0].message == "TOKEN is not given, and app.py:2 cannot do without it"
    assert [(sign.kind, sign.text) for sign in found[0].signs] == [("check", "TOKEN")]
    assert "hush" not in repr(found)


def test_without_required_variables_there_is_nothing_to_look_at(tmp_path):
    assert seen(environment(before(tmp_path, {}))) == [(Outcome.SKIP, "variables")]
