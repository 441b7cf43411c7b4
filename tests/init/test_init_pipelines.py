"""Hooks, workflow and job: valid for those who read them, added so that every line that was there stays."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from made_set_up import SHOP, made, steps, the_edit, the_kept

from auditor import __version__
from auditor.init import find, pipelines

TOOLS = Path(sys.executable).parent
HOOKS = {
    "repo": "https://github.com/gotcha-audit/gotcha-audit",
    "rev": f"v{__version__}",
    "hooks": [{"id": "gotcha-audit"}, {"id": "gotcha-audit-project"}],
}


def tool(name: str, *words: str | Path) -> subprocess.CompletedProcess[str]:
    assert (TOOLS / name).exists(), f"{name} is not installed beside {sys.executable}: pip install --group dev"
    return subprocess.run([TOOLS / name, *map(str, words)], capture_output=True, text=True, check=False, timeout=120)


def is_kept(before: str, after: str) -> bool:
    """Whether every line of ``before`` stands in ``after``, in order."""
    rest = iter(after.splitlines())
    return all(line in rest for line in before.splitlines())


def test_a_new_file_of_hooks_is_valid(tmp_path: Path) -> None:
    edit = the_edit(made(tmp_path, SHOP), "pre-commit")
    assert yaml.safe_load(edit.after) == {"default_install_hook_types": ["pre-commit", "pre-push"], "repos": [HOOKS]}
    assert edit.then == "pre-commit install"
    (tmp_path / edit.path).write_text(edit.after)
    done = tool("pre-commit", "validate-config", tmp_path / edit.path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


RUFF = """- repo: https://github.com/astral-sh/ruff-pre-commit
  rev: v0.14.0 # as in pyproject
  hooks:
    - id: ruff
      args: [--fix]
"""


def indented(text: str, columns: int) -> str:
    return "".join(f"{' ' * columns}{line}\n" for line in text.splitlines())


@pytest.mark.parametrize(
    "before",
    {
        "indented": f"repos:\n{indented(RUFF, 2)}",
        "indentless": f"repos:\n{RUFF}",
        "deep": f"repos:\n{indented(RUFF, 6)}",
        "keys after it": f"repos:\n{indented(RUFF, 2)}\n# how it is run\nfail_fast: true\n",
        "comments": f"# ours\nrepos: # all\n{indented(RUFF, 2)}      # - id: ruff-format\n  # the next\n# end\n",
        "no line end": f"repos:\n{indented(RUFF, 2)}".rstrip("\n"),
        "crlf": f"repos:\n{indented(RUFF, 2)}ci:\n  skip: [ruff]\n".replace("\n", "\r\n"),
        "gaps": f"repos:\n\n{indented(RUFF, 2)}\n{indented(RUFF.replace('ruff', 'fuzz'), 2)}\n\nfail_fast: true\n",
        "block scalar": "repos:\n- repo: local\n  hooks:\n  - id: x\n    name: x\n    language: system\n    entry: |\n      echo\n\n      x\n\nfail_fast: true\n",
        "folded scalar at the end": "repos:\n- repo: local\n  hooks:\n  - id: x\n    entry: >-\n      x\n      y",
        "quoted over lines": "repos:\n- repo: 'https://x\n    y'\n  rev: \"1\n    2\"\n  hooks: [{id: x},\n    {id: y}]\n",
        "document start": f"---\nrepos:\n{RUFF}",
        "document end": f"repos:\n{RUFF}...\n",
        "anchor": f"x: &x [1]\nrepos:\n{RUFF}y: *x\n",
        "key order": f"fail_fast: true\nrepos:\n{RUFF}minimum_pre_commit_version: '3.2.0'\n",
        "empty last value": "repos:\n- repo: x\n  rev: x\n  hooks:\n  - id: x\n    args:\n",
    }.items(),
    ids=lambda pair: pair[0],
)
def test_hooks_are_added_to_those_that_are_there(tmp_path: Path, before: tuple[str, str]) -> None:
    text = before[1]
    edit = the_edit(made(tmp_path, {**SHOP, ".pre-commit-config.yaml": text}), "pre-commit")
    old = yaml.safe_load(text)
    assert yaml.safe_load(edit.after) == {**old, "repos": [*old["repos"], HOOKS]}
    assert is_kept(text, edit.after)
    assert edit.after.count("\n") - edit.after.count("\r\n") == (0 if "\r\n" in text else edit.after.count("\n"))
    assert edit.then == "pre-commit install --hook-type pre-commit --hook-type pre-push"


def test_an_addition_stands_where_a_person_would_put_it(tmp_path: Path) -> None:
    text = f"repos:\n{indented(RUFF, 2)}      # - id: ruff-format\n\n# how it is run\nfail_fast: true\n"
    edit = the_edit(made(tmp_path, {**SHOP, ".pre-commit-config.yaml": text}), "pre-commit")
    head, tail = text.split("\n# how", 1)
    assert edit.after == f"{head}{indented(pipelines.HOOKS, 2)}\n# how{tail}"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("repos: []\n", "its `repos` is no list with a dash before each item"),
        ("repos: [{repo: x, rev: y, hooks: [{id: z}]}]\n", "its `repos` is no list with a dash before each item"),
        ("{repos: [{repo: x}]}\n", "its `repos` is no list with a dash before each item"),
        ("fail_fast: true\n", "its `repos` is no list with a dash before each item"),
        ("", "its `repos` is no list with a dash before each item"),
        ("- repos\n", "it is no mapping"),
        ("repos:\n- repo: x\n---\nrepos:\n- repo: y\n", "it is not one valid YAML document: "),
        ("repos: [\n", "it is not one valid YAML document: "),
        ("repos: &r\n- repo: x\nmore: *r\n", "its `repos` is written in a way that is left to you"),
        ("repos:\n- repo: x\nrepos:\n- repo: y\n", "an item cannot be added to its `repos` without changing something else"),
    ],
)
def test_hooks_that_cannot_be_added_are_shown(tmp_path: Path, text: str, reason: str) -> None:
    kept = the_kept(made(tmp_path, {**SHOP, ".pre-commit-config.yaml": text}), "pre-commit")
    assert kept.reason.startswith(reason)
    assert yaml.safe_load(kept.paste) == [HOOKS]


def test_a_workflow_is_valid_and_asks_for_no_more_than_it_needs(tmp_path: Path) -> None:
    edit = the_edit(made(tmp_path, {**SHOP, ".git/refs/remotes/origin/HEAD": "ref: refs/remotes/origin/trunk\n"}), "github")
    assert str(edit.path) == ".github/workflows/gotcha-audit.yml"
    path = made(tmp_path, {str(edit.path): edit.after}) / edit.path
    assert tool("check-jsonschema", "--builtin-schema", "vendor.github-workflows", path).returncode == 0
    data = yaml.safe_load(edit.after)
    assert data[True]["push"]["branches"] == ["trunk"]
    assert (data["permissions"], data["jobs"]["scan"]["permissions"]) == ({}, {"contents": "read"})
    found = json.loads(tool("zizmor", "--offline", "--no-config", "--no-progress", "--format=json", path).stdout)
    # What is written names the version that wrote it, and the digest of its commit is not known to it.
    assert [finding["ident"] for finding in found] == ["unpinned-uses"]
    assert f"gotcha-audit/gotcha-audit@v{__version__}" in json.dumps(found)


@pytest.mark.parametrize("branch", ["x]\n  evil: [", "a b", "${{ github.token }}", "-x"])
def test_a_branch_with_a_hostile_name_is_not_written(tmp_path: Path, branch: str) -> None:
    made(tmp_path, {**SHOP, ".git/HEAD": f"ref: refs/heads/{branch}\n"})
    assert find(tmp_path).branch == "main"


def test_a_job_is_valid_and_its_report_is_the_one_it_names(tmp_path: Path) -> None:
    edit = the_edit(made(tmp_path, SHOP), "gitlab")
    (tmp_path / edit.path).write_text(edit.after)
    assert tool("check-jsonschema", "--builtin-schema", "vendor.gitlab-ci", tmp_path / edit.path).returncode == 0
    job = yaml.safe_load(edit.after)["gotcha-audit"]
    assert job["script"][-1] == f"gotcha-audit scan . --format text --format gitlab:{job['artifacts']['reports']['codequality']}"


@pytest.mark.parametrize(
    ("text", "stage"),
    [
        ("unit:\n  script: [pytest]\n", "test"),
        ("stages: [build, check, deploy]\nunit:\n  stage: check\n  script: [pytest]", "check"),
        ("include:\n  - template: x.yml\nunit:\n  script:\n    - !reference [.setup, script]\n    - pytest\n", "test"),
        ("# ours\r\nunit:\r\n  script: |\r\n    pytest\r\n", "test"),
    ],
)
def test_a_job_is_added_below_the_others(tmp_path: Path, text: str, stage: str) -> None:
    edit = the_edit(made(tmp_path, {**SHOP, ".gitlab-ci.yml": text}), "gitlab")
    assert edit.after.startswith(text)
    assert yaml.safe_load(edit.after[len(text) :])["gotcha-audit"]["stage"] == stage


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("stages: [build, deploy]\n", "none of its stages is one for tests: choose the stage yourself"),
        ("spec:\n  inputs: {}\n---\nunit: {script: [x]}\n", "it is not one valid YAML document: "),
        ("{unit: {script: [x]}}\n", "it is not one valid YAML document: "),
    ],
)
def test_a_job_that_cannot_be_added_is_shown(tmp_path: Path, text: str, reason: str) -> None:
    kept = the_kept(made(tmp_path, {**SHOP, ".gitlab-ci.yml": text}), "gitlab")
    assert kept.reason.startswith(reason)
    assert yaml.safe_load(kept.paste)["gotcha-audit"]


@pytest.mark.parametrize(
    ("part", "name", "text"),
    [
        ("pre-commit", ".pre-commit-config.yaml", "repos:\n- repo: local\n  hooks: [{id: x, entry: gotcha-audit scan, language: system, name: x}]\n"),
        ("github", ".github/workflows/ci.yaml", "jobs: {x: {steps: [{run: uvx gotcha-audit scan .}]}}\n"),
        ("gitlab", ".gitlab-ci.yml", "lint:\n  script: [uvx gotcha-audit scan .]\n"),
        ("agents", "AGENTS.md", "Run gotcha-audit.\n"),
    ],
)
def test_what_runs_it_already_is_left_alone(tmp_path: Path, part: str, name: str, text: str) -> None:
    kept = next(step for step in steps(made(tmp_path, {**SHOP, name: text}), part) if str(step.path) == name)
    assert "already" in kept.reason
    assert kept.paste == ""


def test_a_folder_below_the_root_of_a_repository_is_told_where_these_files_belong(tmp_path: Path) -> None:
    root = made(tmp_path, {f"shop/{name}": text for name, text in SHOP.items() if not name.startswith(".git/")} | {".git/HEAD": "x"}) / "shop"
    assert [type(step).__name__ for step in steps(root)] == ["Edit"]
    for part in ("pre-commit", "github", "gitlab"):
        assert the_kept(root, part).reason == f"it has to stand in the root of the repository, {tmp_path.resolve()}"


@pytest.mark.parametrize(
    ("files", "parts"),
    [
        ({}, {"gotcha-audit.toml", ".pre-commit-config.yaml"}),
        (
            {".git/config": '[remote "origin"]\n\turl = git@github.com:ada/shop.git\n'},
            {"gotcha-audit.toml", ".pre-commit-config.yaml", str(pipelines.WORKFLOW)},
        ),
        (
            {".git/config": '[remote "origin"]\n\turl = https://gitlab.com/ada/shop.git\n'},
            {"gotcha-audit.toml", ".pre-commit-config.yaml", ".gitlab-ci.yml"},
        ),
        ({".github/CODEOWNERS": "* @ada\n"}, {"gotcha-audit.toml", ".pre-commit-config.yaml", str(pipelines.WORKFLOW)}),
    ],
)
def test_what_is_proposed_is_what_the_project_shows_a_use_for(tmp_path: Path, files: dict[str, str], parts: set[str]) -> None:
    assert {str(step.path) for step in steps(made(tmp_path, {**SHOP, **files}))} == parts


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, {"mcpServers": {"gotcha-audit": {"command": "gotcha-audit", "args": ["mcp"]}}}),
        ('{\n  "mcpServers": {\n    "x": {"command": "y"}\n  },\n  "z": 1\n}\n', None),
        ('{"mcpServers": {}}', None),
        ('{"mcpServers":{"x":{"command":"y"}}}', None),
    ],
)
def test_the_server_is_added_to_those_that_are_there(tmp_path: Path, before: str | None, after: dict | None) -> None:
    files = {**SHOP, **({".mcp.json": before} if before is not None else {})}
    edit = next(step for step in steps(made(tmp_path, files), "agents") if str(step.path) == ".mcp.json")
    old = json.loads(before or '{"mcpServers": {}}')
    server = {"command": "gotcha-audit", "args": ["mcp"]}
    assert json.loads(edit.after) == (after or {**old, "mcpServers": {"gotcha-audit": server, **old["mcpServers"]}})
    head, server_name, tail = edit.after.partition('"gotcha-audit"')
    assert server_name
    assert before is None or (before.startswith(head.rstrip()) and before.endswith(tail.partition("]}")[2].removeprefix(",")))


@pytest.mark.parametrize("text", ["[]", "{", '{"servers": {}}', '{"mcpServers": []}', '{"a": {"mcpServers": {}}, "mcpServers": {}}'])
def test_a_server_that_cannot_be_added_is_shown(tmp_path: Path, text: str) -> None:
    kept = next(step for step in steps(made(tmp_path, {**SHOP, ".mcp.json": text}), "agents") if str(step.path) == ".mcp.json")
    assert json.loads(kept.paste)["mcpServers"]["gotcha-audit"]["args"] == ["mcp"]
