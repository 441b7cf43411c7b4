"""Workers that are killed: every task has a hard time limit, and a crash or a hang costs that task alone.

Threads and signals cannot interrupt native parsers, so each task runs in a process of its own pool.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Failure:
    """A task that gave no answer; ``kind`` is ``timeout`` or ``crash``."""

    kind: str
    message: str


class _Worker(Generic[T]):
    def __init__(self, context: BaseContext, serve: Callable[[Connection], None]) -> None:
        self.here, there = context.Pipe()
        self.process: BaseProcess = context.Process(target=serve, args=(there,), daemon=True)  # type: ignore[attr-defined]
        self.process.start()
        there.close()
        self.task: T | None = None
        self.started = 0.0

    def give(self, task: T) -> None:
        self.task, self.started = task, time.monotonic()
        self.here.send(task)

    def kill(self) -> None:
        self.process.kill()
        self.process.join()
        self.here.close()


class _Serve(Generic[T, R]):
    """What a worker does: make the function once, then answer tasks until the pipe closes."""

    def __init__(self, make: Callable[[], Callable[[T], R]]) -> None:
        self.make = make

    def __call__(self, pipe: Connection) -> None:
        sys.setrecursionlimit(3000)
        gc.disable()  # a worker lives for one scan and makes few cycles; collecting costs up to a quarter of its time
        function = self.make()
        while True:
            try:
                task = pipe.recv()
            except (EOFError, OSError, KeyboardInterrupt):
                return
            try:
                answer: R | Failure = function(task)
            except KeyboardInterrupt:
                return
            except Exception as error:  # noqa: BLE001 - a defect in one check must not take the scan down; it is reported as an error result
                answer = Failure("crash", f"{type(error).__name__}: {error}")
            try:
                pipe.send(answer)
            except Exception as error:  # noqa: BLE001 - as above: an answer that cannot be sent
                pipe.send(Failure("crash", f"{type(error).__name__}: {error}"))


def run(tasks: Sequence[T], make: Callable[[], Callable[[T], R]], *, jobs: int, timeout: float) -> Iterator[tuple[T, R | Failure]]:
    """Yields (task, answer) as they come. ``make`` builds the function inside each worker; ``timeout`` is seconds for one task."""
    if not tasks:
        return
    context = _context()
    waiting = list(reversed(tasks))
    workers: list[_Worker[T]] = []
    serve = _Serve(make)
    try:
        for _ in range(max(1, min(jobs, len(tasks)))):
            worker: _Worker[T] = _Worker(context, serve)
            worker.give(waiting.pop())
            workers.append(worker)
        while workers:
            now = time.monotonic()
            patience = min((worker.started + timeout - now for worker in workers), default=0.0)
            ready = wait([worker.here for worker in workers], timeout=max(0.0, patience))
            for worker in list(workers):
                task = worker.task
                assert task is not None
                answer: R | Failure
                if worker.here in ready:
                    try:
                        answer = worker.here.recv()
                        alive = True
                    except (EOFError, OSError):
                        worker.process.join(1)
                        answer = Failure("crash", f"the worker died (exit code {worker.process.exitcode})")
                        alive = False
                elif time.monotonic() - worker.started >= timeout:
                    answer, alive = Failure("timeout", f"took longer than {timeout:g} s and was stopped"), False
                else:
                    continue
                yield task, answer
                if not alive:
                    worker.kill()
                    workers.remove(worker)
                    if waiting:
                        workers.append(_Worker(context, serve))
                        workers[-1].give(waiting.pop())
                elif waiting:
                    worker.give(waiting.pop())
                else:
                    worker.kill()
                    workers.remove(worker)
    finally:
        for worker in workers:
            worker.kill()


def _context() -> BaseContext:
    """Forking is cheap and safe while there is one thread; elsewhere a fresh interpreter is started."""
    if "fork" in multiprocessing.get_all_start_methods() and sys.platform == "linux" and threading.active_count() == 1:
        return multiprocessing.get_context("fork")
    return multiprocessing.get_context("spawn")


def default_jobs() -> int:
    """The processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
