"""What is said of entries that are right, wrong, and cannot be run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from auditor.catalogue.proofs import file_of, proof_of, state_of, subject_of
from auditor.catalogue.schema import parse_entry
from auditor.errors import CatalogueError
from auditor.model import Gotcha, Outcome
from auditor.prove.plan import plan_of
from auditor.prove.proofs import prove_all
from tests.processes.made_hostile import marked

ENTRY = """\
---
title: A wrong greeting
severity: error
confidence: high
category: env
since: 0.1.0
detect:
  - text: {{paths: ["*.py"], fails: 'print\\("bye"'}}
    message: it says the wrong thing
prove:
{prove}
sources: [https://docs.python.org/3/]
---
It says the wrong thing.

## Fails
`app.py`:
```python
print("bye")  # gotcha
```

## Works
`app.py`:
```python
{works}
```

## Why
Because.

## When it is fine
Never.
"""
GOOD = "  base: python\n  run: python app.py && pwd\n  fails: [{exit: 0, output: bye}]\n  works: [{exit: 0, output: hello}]"


def entry(folder: Path, prove: str = GOOD, works: str = 'print("hello")') -> Gotcha:
    origin = folder / "greeting.md"
    text = ENTRY.format(prove=prove, works=works)
    origin.write_text(text)
    return parse_entry(text, origin=str(origin), id="python/greeting")


def verdict(gotcha: Gotcha, *, write: bool = False) -> tuple[Outcome, str]:
    (result,) = prove_all([gotcha], jobs=1, write=write).results
    return result.outcome, result.message


@pytest.mark.real
def test_an_entry_that_is_right_is_proven_and_its_proof_kept(tmp_path: Path) -> None:
    gotcha = entry(tmp_path)
    assert state_of(gotcha) == "unproven"
    outcome, message = verdict(gotcha, write=True)
    assert outcome is Outcome.PASS, message
    proof = proof_of(gotcha)
    assert proof is not None
    assert (proof.subject, proof.ran) == (subject_of(gotcha), "python app.py && pwd")
    assert [looked.held for looked in (*proof.fails, *proof.works)] == [True, True]
    assert "gotcha-audit-" not in file_of(gotcha).read_text(), "nothing of this machine is kept"
    assert state_of(gotcha) == "proven"
    assert state_of(entry(tmp_path, works='print("hello, again")')) == "stale"


@pytest.mark.real
def test_an_entry_whose_works_does_not_work_is_contradicted(tmp_path: Path) -> None:
    gotcha = entry(tmp_path, works='print("bye", "bye")')
    outcome, message = verdict(gotcha, write=True)
    assert outcome is Outcome.FAIL
    assert message.startswith("contradicted: of WORKS")
    assert not file_of(gotcha).exists()


@pytest.mark.real
def test_an_entry_whose_fails_does_not_fail_is_contradicted(tmp_path: Path) -> None:
    prove = GOOD.replace("output: bye", "output: wrong")
    assert verdict(entry(tmp_path, prove))[1].startswith("contradicted: of FAILS")


@pytest.mark.real
def test_a_hanging_example_is_stopped_and_nothing_is_left(tmp_path: Path) -> None:
    works = f'import subprocess, sys, time\nsubprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", "{tmp_path.name}"], start_new_session=True)\ntime.sleep(600)'
    prove = GOOD.replace("output: hello", "output: hello")
    outcome, message = verdict(entry(tmp_path, prove, works))
    assert outcome is Outcome.FAIL, message
    assert marked(tmp_path.name) == []


@pytest.mark.real
def test_a_missing_program_is_skipped_and_never_a_pass(tmp_path: Path) -> None:
    prove = "  base: python\n  serve: no-such-server --port {port}\n  fails: [{get: /, status: 200}]\n  works: [{get: /, status: 200}]"
    assert verdict(entry(tmp_path, prove)) == (Outcome.SKIP, "no-such-server is not installed")


def test_an_unprovable_entry_is_counted_apart(tmp_path: Path) -> None:
    gotcha = entry(tmp_path, "  unprovable: it needs a cluster")
    assert state_of(gotcha) == "unprovable"
    assert verdict(gotcha) == (Outcome.SKIP, "unprovable: it needs a cluster")


def test_a_base_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    outcome, message = verdict(entry(tmp_path, GOOD.replace("base: python", "base: nowhere")))
    assert outcome is Outcome.ERROR
    assert "no base is called 'nowhere'" in message


@pytest.mark.parametrize(
    ("prove", "said"),
    [
        (GOOD + "\n  color: red", "`prove` holds `color`"),
        (GOOD + "\n  serve: python app.py", "needs one of `serve`"),
        (GOOD.replace("[{exit: 0, output: bye}]", "[]"), "`prove.fails` observes nothing"),
        (GOOD.replace("{exit: 0, output: bye}", "{exit: 0, colour: red}"), "`colour`"),
        (GOOD + "\n  files: {/etc/passwd: x}", "`prove.files` is no mapping"),
    ],
)
def test_a_plan_that_nothing_reads_is_refused(tmp_path: Path, prove: str, said: str) -> None:
    with pytest.raises(CatalogueError, match=said.replace(".", r"\.")):
        plan_of(entry(tmp_path, prove))


def test_nginx_stands_before_one_side_alone(tmp_path: Path) -> None:
    plan = plan_of(entry(tmp_path, GOOD + "\n  proxy: {works: nginx}"))
    assert plan is not None
    assert (plan.fails.proxy, plan.works.proxy) == (False, True)


def test_a_file_that_is_no_proof_is_named(tmp_path: Path) -> None:
    gotcha = entry(tmp_path)
    for text in ("", "[]", '{"gotcha": 1}', "{" * 50_000):
        file_of(gotcha).write_text(text)
        with pytest.raises(CatalogueError, match=r"greeting\.proof\.json: this is no proof"):
            proof_of(gotcha)


def test_prose_does_not_make_a_proof_stale(tmp_path: Path) -> None:
    gotcha = entry(tmp_path)
    assert subject_of(replace(gotcha, why="Because of that.", summary="Other words.")) == subject_of(gotcha)
