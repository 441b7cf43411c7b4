"""The process that scans, as the server uses it."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path, PurePosixPath

import psutil
import pytest
from made_client import CHECK, FAILING

from auditor.lsp import worker
from auditor.lsp.jobs import Job
from auditor.lsp.scanner import Scanner

pytestmark = pytest.mark.real

EXPRESS = "const express = require('express');\nconst app = express();\napp.set('trust proxy', true);\n"


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "scratch").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "scratch"))
    root = tmp_path.resolve() / "project"
    root.mkdir()
    (root / "requirements.txt").write_text("flask\nflask-cors\n")
    (root / "package.json").write_text('{"dependencies": {"express": "^5.0.0"}}')
    return root


def job(root, **texts):
    held = {PurePosixPath(f"{name}.{'js' if name == 'server' else 'py'}"): text for name, text in texts.items()}
    return Job(root=root, files=tuple(held), texts=held)


def with_scanner(scenario):
    async def run():
        scanner = Scanner()
        try:
            return await scenario(scanner)
        finally:
            await scanner.close()

    return asyncio.run(run())


def test_one_process_answers_many_jobs(root):
    async def scenario(scanner):
        answers = [await scanner.examine(job(root, web=FAILING)) for _ in range(3)]
        assert scanner._starts == 1
        return [[one.check for one in answer.results] for answer in answers]

    assert with_scanner(scenario) == [[CHECK]] * 3


def test_a_job_that_is_given_up_leaves_nothing_and_the_next_is_answered(root):
    async def scenario(scanner):
        await scanner.examine(job(root, web="x = 1\n"))
        pid = scanner._process.pid
        for pause in (0.0, 0.05, 0.3, 0.6, 1.0):
            asked = asyncio.create_task(scanner.examine(job(root, server=EXPRESS, web=FAILING)))
            await asyncio.sleep(pause)
            scanner.give_up()
            started = time.monotonic()
            answer = await asked
            assert answer is None or answer.results  # it may have been faster
            assert time.monotonic() - started < 3
        assert psutil.Process(pid).children(recursive=True) == []
        assert [path.name for path in (root.parent / "scratch").iterdir()] == []
        return [one.check for one in (await scanner.examine(job(root, web=FAILING))).results]

    assert with_scanner(scenario) == [CHECK]


def test_giving_up_without_a_job_does_nothing(root):
    async def scenario(scanner):
        scanner.give_up()
        await scanner.examine(job(root, web="x = 1\n"))
        scanner.give_up()
        return [one.check for one in (await scanner.examine(job(root, web=FAILING))).results]

    assert with_scanner(scenario) == [CHECK]


def test_a_worker_that_died_is_started_again(root):
    async def scenario(scanner):
        await scanner.examine(job(root, web="x = 1\n"))
        os.kill(scanner._process.pid, signal.SIGKILL)
        await scanner._process.wait()
        return [one.check for one in (await scanner.examine(job(root, web=FAILING))).results]

    assert with_scanner(scenario) == [CHECK]


def test_a_scan_that_crashes_is_a_problem_and_not_the_end(root):
    async def scenario(scanner):
        await scanner.examine(job(root, web="x = 1\n"))
        asked = asyncio.create_task(scanner.examine(job(root, server=EXPRESS)))
        warm = psutil.Process(scanner._process.pid)
        while not (copies := warm.children()):  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.005)
        copies[0].kill()
        problem = (await asked).problem
        return problem, [one.check for one in (await scanner.examine(job(root, web=FAILING))).results]

    problem, checks = with_scanner(scenario)
    assert problem.startswith("the scan crashed")
    assert checks == [CHECK]


LIMITED = """
import os, pickle, sys, time
from auditor.lsp import worker
worker.LIMIT, worker._GRACE = 0.5, 0.3
def stubborn(job):
    import signal
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(60)
worker._answer = stubborn
started = time.monotonic()
answer = pickle.loads(worker._forked(b"", os.pipe()[0]))
print(answer.problem, time.monotonic() - started < 30)
"""


def test_a_scan_that_takes_too_long_is_killed():
    done = subprocess.run([sys.executable, "-c", LIMITED], capture_output=True, text=True, timeout=60, check=True, cwd=Path(__file__).parents[2])
    assert done.stdout == "the scan took longer than 0.5 s and was stopped True\n"


def test_the_worker_imports_nothing_of_the_folder_it_is_started_in(root, monkeypatch):
    (root / "auditor").mkdir()
    (root / "auditor" / "__init__.py").write_text("raise SystemExit('imported from the project')\n")
    (root / "pickle.py").write_text("raise SystemExit('imported from the project')\n")
    monkeypatch.chdir(root)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    assert "-P" in worker.command()
    assert with_scanner(lambda scanner: scanner.examine(job(root, web=FAILING))).problem == ""


def test_where_processes_cannot_copy_themselves_jobs_are_answered_all_the_same(root):
    program = worker.command()
    program[3] = program[3].replace("from auditor.lsp.worker import main; main()", "import auditor.lsp.worker as w; w.FORKS = False; w.main()")

    async def scenario(scanner):
        scanner._process = await asyncio.create_subprocess_exec(*program, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        return [[one.check for one in (await scanner.examine(job(root, web=FAILING))).results] for _ in range(2)]

    assert with_scanner(scenario) == [[CHECK]] * 2
