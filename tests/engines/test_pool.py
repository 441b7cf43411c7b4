"""Workers that are killed: a hang or a crash costs its own task, and nothing is left behind."""

import os
import sys
import threading
import time
from functools import partial
from pathlib import Path

import pytest

from auditor.engines import pool
from auditor.engines.pool import Failure


def children():
    """The processes this one has, by id; those that have ended and were not waited for count too.

    The resource tracker of `multiprocessing` is left out: it is one for the whole life of the interpreter and ends with it.
    """
    found = set()
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
            tracker = b"resource_tracker" in status.with_name("cmdline").read_bytes()
        except OSError:
            continue
        if int(fields[1]) == os.getpid() and not tracker:
            found.add(int(status.parent.name))
    return found


@pytest.fixture(autouse=True)
def _nothing_is_left_behind():
    if sys.platform != "linux":
        yield
        return
    before = children()
    yield
    assert children() <= before


def work(task):
    """What a worker does with a task of these tests."""
    match task:
        case ("double", number):
            return number * 2
        case ("sleep", seconds):
            time.sleep(seconds)
            return "awake"
        case ("raise", text):
            raise ValueError(text)
        case ("exit", code):
            os._exit(code)
        case ("stop", _):
            raise SystemExit(3)
        case ("pid", _):
            return os.getpid()
        case ("unpicklable", _):
            return lambda: None
        case ("recurse", _):
            return work(task)
        case ("limit", _):
            return sys.getrecursionlimit()
        case _:
            raise AssertionError(task)


def make():
    return work


def answers(tasks, *, jobs=2, timeout=10.0, maker=make):
    return dict(pool.run(tasks, maker, jobs=jobs, timeout=timeout))


def test_every_task_is_answered_once():
    tasks = [("double", number) for number in range(50)]
    found = list(pool.run(tasks, make, jobs=3, timeout=10))
    assert sorted(found) == [(("double", number), number * 2) for number in range(50)]


def test_no_task_starts_no_worker():
    assert list(pool.run([], make, jobs=4, timeout=10)) == []


def test_there_are_never_more_workers_than_jobs_or_tasks():
    assert len(set(answers([("pid", number) for number in range(20)], jobs=1).values())) == 1
    assert len(set(answers([("pid", number) for number in range(20)], jobs=3).values())) <= 3
    assert answers([("pid", 1)], jobs=0)[("pid", 1)] != os.getpid()


def test_a_task_that_sleeps_is_killed_at_its_limit_while_the_others_finish():
    started = time.monotonic()
    found = answers([("sleep", 600), *(("double", number) for number in range(20))], timeout=0.7)
    assert time.monotonic() - started < 5
    assert found.pop(("sleep", 600)) == Failure("timeout", "took longer than 0.7 s and was stopped")
    assert found == {("double", number): number * 2 for number in range(20)}


def test_the_limit_counts_from_the_start_of_each_task():
    # Three of 0.3 s in one worker take longer than the limit together, none does alone.
    assert set(answers([("sleep", 0.3), ("sleep", 0.31), ("sleep", 0.32)], jobs=1, timeout=0.8).values()) == {"awake"}


def test_a_worker_that_dies_costs_its_task_only():
    found = answers([("double", 1), ("exit", 7), ("double", 2), ("double", 3)], jobs=1)
    assert found.pop(("exit", 7)) == Failure("crash", "the worker died (exit code 7)")
    assert found == {("double", 1): 2, ("double", 2): 4, ("double", 3): 6}


def test_when_every_worker_dies_every_task_is_still_answered():
    found = answers([("exit", code) for code in range(1, 6)], jobs=2)
    assert found == {("exit", code): Failure("crash", f"the worker died (exit code {code})") for code in range(1, 6)}


@pytest.mark.parametrize(
    ("task", "words"),
    [
        (("raise", "bad"), "ValueError: bad"),
        (("recurse", 0), "RecursionError"),
    ],
)
def test_an_exception_is_a_failure_and_the_worker_goes_on(task, words):
    found = answers([task, ("double", 4)], jobs=1)
    assert found[task].kind == "crash"
    assert found[task].message.startswith(words)
    assert found[("double", 4)] == 8


@pytest.mark.parametrize("task", [("stop", 0), ("unpicklable", 0)])
def test_a_task_that_ends_its_worker_or_gives_what_cannot_be_sent_costs_itself_only(task):
    found = answers([task, ("double", 4)], jobs=1)
    assert found[task].kind == "crash"
    assert found[("double", 4)] == 8


def broken_maker():
    raise RuntimeError("cannot be made")


def test_a_worker_that_cannot_be_made_fails_every_task_and_ends():
    found = answers([("double", 1), ("double", 2)], jobs=1, maker=broken_maker)
    assert {answer.kind for answer in found.values()} == {"crash"}


def test_the_function_is_made_inside_the_worker():
    assert answers([(0, 0)], maker=partial(_maker_of, os.getpid()))[(0, 0)] is True


def _maker_of(parent):
    here = os.getpid()
    return lambda _: here != parent


def test_whoever_stops_listening_leaves_no_worker():
    found = pool.run([("double", 1), ("sleep", 600), ("sleep", 601)], make, jobs=3, timeout=60)
    assert next(found) == (("double", 1), 2)
    found.close()


def test_an_error_of_the_caller_leaves_no_worker():
    def scan():
        for _ in pool.run([("double", 1), ("sleep", 600)], make, jobs=2, timeout=60):
            raise KeyError("caller")

    with pytest.raises(KeyError):
        scan()


def test_workers_may_recurse_deeper_than_usual():
    assert answers([("limit", 0)])[("limit", 0)] == 3000


def test_a_large_answer_and_a_large_task_pass():
    text = "x" * 3_000_000
    assert answers([("double", text)])[("double", text)] == text * 2


def test_the_machine_has_processors():
    assert pool.default_jobs() >= 1


def test_beside_a_thread_workers_are_fresh_interpreters():
    # A fork would copy the locks that other threads hold.
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        assert pool._context().get_start_method() == "spawn"
        assert answers([("double", 2), ("raise", "bad")], jobs=1) == {("double", 2): 4, ("raise", "bad"): Failure("crash", "ValueError: bad")}
    finally:
        done.set()
        thread.join()
