"""Plays a composite action as the runner does: https://docs.github.com/en/actions/sharing-automations/creating-actions/metadata-syntax-for-github-actions"""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import yaml
from made_checkout import environment

_EXPRESSION = re.compile(r"\$\{\{\s*([\w.-]+)\s*\}\}")
_STEP_KEYS = {"name", "id", "shell", "env", "run"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """The exit code of the last step that ran, the outputs of the action, the log, and the summary of the job."""

    status: int
    outputs: dict[str, str]
    log: str
    summary: str


def played(action: Path, workspace: Path, temporary: Path, *, only: str | None = None, **inputs: str) -> Played:
    """Run the steps of ``action`` (the folder with action.yml) on a workspace; ``only`` names the one step to run."""
    document = yaml.safe_load((action / "action.yml").read_text())
    assert document["runs"]["using"] == "composite"
    given = {name: str(spec.get("default", "")) for name, spec in document["inputs"].items()}
    assert set(inputs) <= {name.replace("-", "_") for name in given}
    values = {f"inputs.{name}": inputs.get(name.replace("-", "_"), default) for name, default in given.items()} | {"github.action_path": str(action)}
    log, status = [], 0
    summary = temporary / "summary.md"
    summary.write_text("")
    for step in document["runs"]["steps"]:
        assert set(step) <= _STEP_KEYS, "the player knows no other keys"
        assert step["shell"] == "bash"
        if only not in (None, step["name"]):
            continue
        output, script = temporary / "output", temporary / "step.sh"
        output.write_text("")
        script.write_text(step["run"])
        files = {"GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(summary), "GITHUB_WORKSPACE": str(workspace)}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(script)],
            cwd=workspace,
            env=environment(**files, RUNNER_TEMP=str(temporary), GITHUB_ACTIONS="true", **expressed(step.get("env", {}), values)),
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        log.append(done.stdout + done.stderr)
        if "id" in step:
            values |= {f"steps.{step['id']}.outputs.{name}": value for name, value in of_file(output.read_text()).items()}
        status = done.returncode
        if status:
            break
    outputs = {name: expressed({name: spec["value"]}, {**_empty(document), **values})[name] for name, spec in document["outputs"].items()}
    return Played(status=status, outputs=outputs, log="".join(log), summary=summary.read_text())


def expressed(texts: dict[str, str], values: dict[str, str]) -> dict[str, str]:
    """Fill in the expressions; KeyError for one that the runner would give as empty."""
    return {name: _EXPRESSION.sub(lambda found: values[found.group(1)], text) for name, text in texts.items()}


def of_file(text: str) -> dict[str, str]:
    """The outputs in a file that a step wrote: one ``name=value`` a line."""
    pairs = [line.partition("=") for line in text.splitlines()]
    assert all(equals and re.fullmatch(r"[a-z-]+", name) for name, equals, _ in pairs), text
    return {name: value for name, _, value in pairs}


def _empty(document: dict) -> dict[str, str]:
    """Outputs that a step did not set are empty."""
    return {_EXPRESSION.fullmatch(spec["value"]).group(1): "" for spec in document["outputs"].values()}
