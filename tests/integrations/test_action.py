"""The action of GitHub: its form by the schema and two linters, and its steps played on a scratch repository."""

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from filelock import FileLock
from made_checkout import CHECKOUT, FAILING, WORKING, environment, made_repository, tool
from made_runner import Played, played

ACTION = CHECKOUT / "action.yml"
PROJECT = {
    "requirements.txt": "flask==3.1.0\n",
    "app/__init__.py": "",
    "app/web.py": FAILING,
    "frontend/dist/index.html": "<!doctype html><title>Teas</title><h1>Teas</h1>\n",
}
TRAPS = {f"{name}.py": "import pathlib\npathlib.Path('pwned').touch()\n" for name in ("venv", "pip", "secrets", "json", "site", "click", "auditor")}


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([tool(words[0]), *words[1:]], capture_output=True, text=True, check=False, timeout=120, env=environment())


def scripts() -> list[str]:
    return [step["run"] for step in yaml.safe_load(ACTION.read_text())["runs"]["steps"]]


def test_the_action_follows_the_schema() -> None:
    done = run("check-jsonschema", "--builtin-schema", "vendor.github-actions", str(ACTION))
    assert (done.returncode, done.stdout) == (0, "ok -- validation done\n")


def test_zizmor_finds_nothing_in_the_action() -> None:
    done = run("zizmor", "--offline", "--no-config", "--no-progress", "--persona=pedantic", "--format=json", str(ACTION))
    assert [(finding["ident"], finding["desc"]) for finding in json.loads(done.stdout)] == []


@pytest.mark.parametrize("number", range(len(scripts())))
def test_shellcheck_finds_nothing_in_the_scripts(tmp_path: Path, number: int) -> None:
    (tmp_path / "step.sh").write_text("set -e -o pipefail  # as the runner starts bash\n" + scripts()[number])
    done = run("shellcheck", "--norc", "--shell=bash", "--severity=style", str(tmp_path / "step.sh"))
    assert (done.returncode, done.stdout) == (0, "")


def test_no_input_is_pasted_into_a_script_and_no_other_action_is_used() -> None:
    steps = yaml.safe_load(ACTION.read_text())["runs"]["steps"]
    assert [step["name"] for step in steps if "${{" in step["run"] or "uses" in step] == []
    used = set(re.findall(r"inputs\.([\w-]+)", ACTION.read_text()))
    assert used == set(yaml.safe_load(ACTION.read_text())["inputs"])


@pytest.fixture(scope="session")
def installed(shared: Path, source: tuple[Path, str]) -> Path:
    """RUNNER_TEMP after the first step, on a repository full of traps; it takes half a minute, so it is played once."""
    temporary = shared / "runner"
    with FileLock(shared / "runner.lock"):
        if not temporary.exists():
            temporary.mkdir()
            trapped = made_repository(shared / "trapped", TRAPS)
            done = played(source[0], trapped, temporary, only="Install gotcha-audit")
            assert (done.status, list(trapped.rglob("pwned"))) == (0, []), done.log
    return temporary


@pytest.fixture
def scanned(tmp_path: Path, installed: Path, source: tuple[Path, str]):
    """Plays the second step on a workspace; the program is the installed one, and all else is this test's own."""
    temporary = tmp_path / "temp"
    temporary.mkdir()
    (temporary / "gotcha-audit").symlink_to(installed / "gotcha-audit")

    def play(files: dict[str, str], **inputs: str) -> Played:
        return played(source[0], made_repository(tmp_path / "workspace", files), temporary, only="Scan", **inputs)

    return play


@pytest.mark.real
def test_failures_fail_the_step_and_every_output_tells_of_them(scanned) -> None:
    done = scanned(PROJECT, select="flask/relative-send-directory")
    assert done.status == 1
    json_file, sarif_file = done.outputs.pop("json-file"), done.outputs.pop("sarif-file")
    assert done.outputs == {"exit-code": "1", "fail": "1", "review": "0", "pass": "0", "error": "0", "suppressed": "0"}
    (result,) = json.loads(Path(json_file).read_text())["runs"][0]["results"]
    assert result["place"]["path"] == "app/web.py"
    (failure,) = json.loads(Path(sarif_file).read_text())["runs"][0]["results"]
    assert failure["ruleId"] == "flask/relative-send-directory"
    assert "app/web.py:10" in done.summary
    assert "app/web.py:10:12  error  flask/relative-send-directory" in done.log
    assert re.search(r"^::error .*file=app/web\.py,.*line=10\b", done.log, re.MULTILINE)


@pytest.mark.real
def test_a_project_that_works_passes(scanned) -> None:
    done = scanned({**PROJECT, "app/web.py": WORKING}, select="flask/relative-send-directory", annotations="false", summary="false")
    assert (done.status, done.outputs["exit-code"], done.outputs["fail"], done.outputs["pass"], done.summary) == (0, "0", "0", "1", "")


@pytest.mark.real
def test_what_is_silenced_is_counted_and_not_shown_as_an_alert(scanned) -> None:
    """Code scanning takes no notice of `suppressions`: a result that is in the file is an open alert."""
    web = FAILING.replace('"index.html")', '"index.html")  # gotcha: ignore[flask/relative-send-directory] -- the start script makes it')
    assert web != FAILING
    done = scanned({**PROJECT, "app/web.py": web}, select="flask/relative-send-directory")
    assert (done.status, done.outputs["fail"], done.outputs["suppressed"]) == (0, "0", "1")
    assert json.loads(Path(done.outputs["sarif-file"]).read_text())["runs"][0]["results"] == []
    assert len(json.loads(Path(done.outputs["json-file"]).read_text())["runs"][0]["results"]) == 1


@pytest.mark.real
def test_fail_on_strict_and_further_arguments_reach_the_scan(scanned) -> None:
    done = scanned(PROJECT, fail_on="error", strict="true", arguments="--show\nfail,pass\n\n--select=flask/relative-send-directory\n", ignore="react")
    assert (done.status, done.outputs["fail"]) == (1, "1")
    done = scanned(PROJECT, fail_on="never")
    assert (done.status, done.outputs["exit-code"], done.outputs["fail"], done.outputs["sarif-file"]) == (2, "2", "", "")
    assert "Invalid value for '--fail-on'" in done.log


HOSTILE = [
    "; touch pwned",
    "$(touch pwned)",
    "`touch pwned`",
    '"; touch pwned; "',
    "' ; touch pwned #",
    "a\nb; touch pwned",
    "--output=pwned",
    "&& touch pwned",
]


@pytest.mark.real
@pytest.mark.parametrize(
    ("names", "expected"), [(["path"], 2), (["select"], 2), (["ignore"], 2), (["fail_on"], 2), (["strict", "annotations", "summary"], 1)]
)
def test_an_input_is_data_whatever_it_holds(scanned, names: list[str], expected: int, tmp_path: Path) -> None:
    """Words that are no path, id or severity are wrong use; what is not ``true`` is not true."""
    for value in HOSTILE:
        done = scanned(PROJECT, **{"select": "flask/relative-send-directory", **dict.fromkeys(names, value)})
        assert (value, done.status, done.outputs["exit-code"]) == (value, expected, str(expected)), done.log
    assert [str(found) for found in tmp_path.rglob("pwned*")] == []


@pytest.mark.real
def test_arguments_are_split_by_lines_alone(scanned, tmp_path: Path) -> None:
    done = scanned(PROJECT, arguments="--select=flask/cors-any-origin; touch pwned\n$(touch pwned)")
    assert (done.status, [str(found) for found in tmp_path.rglob("pwned*")]) == (2, [])


@pytest.mark.real
def test_code_that_looks_like_a_command_to_the_runner_is_none(scanned) -> None:
    """The runner obeys lines that begin with two colons, and ``##[`` anywhere in a line, unless it was told to stop."""
    hostile = FAILING.replace('"index.html")', '"##[error]owned ::error::owned")').replace('@app.route("/")', '@app.route("/")  # \n# ::error::owned')
    done = scanned({**PROJECT, "app/web.py": hostile}, select="flask/relative-send-directory", annotations="false")
    before, token, rest = re.fullmatch(r"(.*)::stop-commands::([0-9a-f]{40})\n(.*)", done.log, re.DOTALL).groups()
    shown, end, after = rest.partition(f"::{token}::\n")
    assert (before, bool(end), "owned" in shown, token in shown, "owned" in after) == ("", True, True, False, False)


@pytest.mark.real
def test_a_file_of_the_repository_passes_for_no_module(scanned, tmp_path: Path) -> None:
    """Python looks for modules in the working directory first, unless it is told not to; ``installed`` asks the same of the first step."""
    done = scanned({**PROJECT, **TRAPS}, select="flask/relative-send-directory")
    assert (done.status, done.outputs["fail"], list(tmp_path.rglob("pwned"))) == (1, "1", []), done.log


def test_a_python_that_is_too_old_is_said(tmp_path: Path) -> None:
    """Played with a PATH on which every Python says that it is an old one."""
    (tmp_path / "bin").mkdir()
    for name in ("python3", "python"):
        (tmp_path / "bin" / name).write_text("#!/bin/sh\nexit 1\n")
        (tmp_path / "bin" / name).chmod(0o755)
    done = subprocess.run(
        ["/bin/bash", "-e", "-o", "pipefail", "-c", scripts()[0]],
        env={"PATH": str(tmp_path / "bin"), "RUNNER_TEMP": str(tmp_path), "SOURCE": str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (
        2,
        "::error title=gotcha-audit::Python 3.11 or newer is needed: add a step with actions/setup-python before this one\n",
    )
