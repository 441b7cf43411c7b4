"""GitHub workflows: jobs, steps, and what holds for a step after all defaults."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from auditor.project.facts.extractors import extract
from auditor.project.facts.jobs import Job

PATH = PurePosixPath(".github/workflows/ci.yml")
TEXT = """\
on: {push: {branches: [main]}, pull_request: {}}
env: {MODE: test}
jobs:
  test:
    runs-on: ubuntu-latest
    defaults: {run: {working-directory: web}}
    env: {TOKEN: "${{ secrets.TOKEN }}", REF: "${{ github.ref }}"}
    steps:
      - uses: actions/checkout@v4
        with: {fetch-depth: 0}
      - name: Test
        run: |
          npm ci
          npm test
        env: {MODE: live}
        shell: bash
        continue-on-error: true
      - run: npm run build
        working-directory: other
        if: ${{ success() }}
  call:
    uses: ./.github/workflows/other.yml
"""


def jobs(text: str = TEXT, path: PurePosixPath = PATH) -> tuple[Job, ...]:
    return extract(path, "yaml", text).jobs


def test_steps_know_what_holds_for_them() -> None:
    test, call = jobs()
    assert (test.name, test.events, test.runner, call.uses) == ("test", ("push", "pull_request"), "ubuntu-latest", "./.github/workflows/other.yml")
    checkout, script, build = test.steps
    assert (checkout.uses, checkout.given("fetch-depth")) == ("actions/checkout@v4", "0")
    assert (script.run, script.first, script.shell, script.folder, script.forgiven) == ("npm ci\nnpm test\n", 13, "bash", "web", "true")
    assert (build.first, build.shell, build.folder) == (18, "", "other")
    assert build.condition is not None
    assert build.condition.text == "${{ success() }}"


def test_variables_of_the_workflow_the_job_and_the_step() -> None:
    _, script, _ = jobs()[0].steps
    found = [(variable.name, variable.value, variable.source) for variable in script.variables]
    assert found == [("MODE", "test", "literal"), ("TOKEN", None, "secret"), ("REF", None, "caller"), ("MODE", "live", "literal")]


def test_a_script_is_a_unit_that_runs_once() -> None:
    units = extract(PATH, "yaml", TEXT).units
    assert [(unit.name, unit.folder, unit.runs) for unit in units] == [("test/Test", "web", "once"), ("test/npm run build", "other", "once")]


def test_a_composite_action_is_one_job() -> None:
    text = "name: Set up\nruns:\n  using: composite\n  steps:\n    - run: npm ci\n      shell: bash\n"
    (job,) = jobs(text, PurePosixPath("action.yml"))
    assert [(step.run, step.shell) for step in job.steps] == [("npm ci", "bash")]


@pytest.mark.parametrize("on", ["push", "[push]", "{push: }"])
def test_the_forms_of_events(on: str) -> None:
    assert jobs(f"on: {on}\njobs: {{a: {{runs-on: x}}}}\n")[0].events == ("push",)


def test_a_broken_workflow_is_a_fault() -> None:
    assert extract(PATH, "yaml", "jobs: [\n").fault is not None
