"""What docs/ci.md shows is what is there, and passes the schema and the linters of those who read it."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from made_checkout import CHECKOUT, environment, tool

from auditor import __version__
from auditor.init.pipelines import HOOKS, job, workflow

TEXT = (CHECKOUT / "docs/ci.md").read_text()
BLOCKS = re.findall(r"^```yaml\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
WORKFLOWS = [block for block in BLOCKS if block.startswith("name: gotcha-audit")]


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([tool(str(words[0])), *map(str, words[1:])], capture_output=True, text=True, check=False, timeout=120, env=environment())


def test_the_hooks_the_workflow_and_the_job_are_those_that_init_writes() -> None:
    assert yaml.safe_load(BLOCKS[0])["repos"] == yaml.safe_load(HOOKS)
    assert WORKFLOWS[0] == workflow("main")
    assert job("test") in BLOCKS


def test_every_version_is_the_one_that_is_here() -> None:
    for name in ("docs/ci.md", "docs/init.md"):
        found = re.findall(r"gotcha-audit(?:==|@v)([\d.]+\d)|rev: v([\d.]+\d)", (CHECKOUT / name).read_text())
        assert found
        assert {first or second for first, second in found} == {__version__}


def test_the_inputs_and_outputs_are_those_of_the_action() -> None:
    action = yaml.safe_load((CHECKOUT / "action.yml").read_text())
    tables = re.findall(r"^\| (input|output) \|.*?\n\n", TEXT, re.MULTILINE | re.DOTALL)
    assert tables == ["input", "output"]
    for kind in tables:
        rows = re.search(rf"^\| {kind} \|.*?\n\n", TEXT, re.MULTILINE | re.DOTALL).group().strip().splitlines()[2:]
        named = [name for row in rows for name in re.findall(r"`([\w-]+)`", row.split("|")[1])]
        assert named == list(action[f"{kind}s"])


@pytest.mark.parametrize("number", range(len(WORKFLOWS)))
def test_the_workflows_are_valid_and_ask_for_no_more_than_they_need(tmp_path: Path, number: int) -> None:
    """zizmor's one finding: a page that is written before its commit cannot name the digest of it, and says so."""
    path = tmp_path / ".github/workflows/gotcha-audit.yml"
    path.parent.mkdir(parents=True)
    path.write_text(WORKFLOWS[number])
    assert run("check-jsonschema", "--builtin-schema", "vendor.github-workflows", path).stdout == "ok -- validation done\n"
    found = json.loads(run("zizmor", "--offline", "--no-config", "--no-progress", "--format=json", path).stdout)
    assert [(finding["ident"], "gotcha-audit/gotcha-audit@v" in json.dumps(finding)) for finding in found] == [("unpinned-uses", True)]


def test_the_configuration_of_pre_commit_is_valid(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(BLOCKS[0])
    done = run("pre-commit", "validate-config", tmp_path / "config.yaml")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.real
@pytest.mark.parametrize("line", sorted(set(re.findall(r"gotcha-audit scan \. .*", TEXT))))
def test_every_scan_that_is_shown_writes_what_it_names(tmp_path: Path, line: str) -> None:
    (tmp_path / "app.py").write_text("import flask_cors\nfrom flask import Flask\n\napp = Flask(__name__)\nflask_cors.CORS(app)\n")
    done = subprocess.run(
        [sys.executable, "-m", "auditor", *line.split()[1:]],
        cwd=tmp_path,
        env=environment(PYTHONPATH=str(CHECKOUT)),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, "flask/cors-any-origin" in done.stdout) == (1, True), done.stderr
    files = re.findall(r"--format \w+:(\S+)", line)
    assert files
    assert all("flask/cors-any-origin" in (tmp_path / name).read_text() for name in files)
