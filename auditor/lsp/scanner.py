"""Scans that do not hold up the server: one worker process, one job at a time, given up when nobody wants it any more."""

from __future__ import annotations

import asyncio
import contextlib
import pickle
import subprocess
from asyncio.subprocess import Process

from auditor.lsp.jobs import Answer, Job
from auditor.lsp.worker import FORKS, LENGTH, LIMIT, command

_PATIENCE = 15.0
"""Seconds that the worker may take beyond the limit that it keeps itself."""

_LAST = 5.0
"""Seconds it may take to end."""


class Scanner:
    """Starts its worker when it is asked to or at the first job, and another one when that is gone."""

    def __init__(self) -> None:
        self._process: Process | None = None
        self._busy = False
        self._starts = 0
        self._starting = asyncio.Lock()

    async def examine(self, job: Job) -> Answer | None:
        """What the worker found; None for a job that was given up. One call at a time."""
        self._busy = True
        try:
            process = await self._worker()
            assert process.stdin is not None
            assert process.stdout is not None
            data = pickle.dumps(job)
            process.stdin.write(len(data).to_bytes(LENGTH, "big") + data)
            await process.stdin.drain()
            async with asyncio.timeout(LIMIT + _PATIENCE):
                size = int.from_bytes(await process.stdout.readexactly(LENGTH), "big")
                answer = await process.stdout.readexactly(size)
        except TimeoutError:
            await self.close()
            return Answer(problem=f"the scan took longer than {LIMIT:g} s and was stopped")
        except (OSError, asyncio.IncompleteReadError) as error:
            await self.close()
            return Answer(problem=f"the process that scans ended: {error}")
        finally:
            self._busy = False
        return pickle.loads(answer) if answer else None  # noqa: S301 - from our own worker

    def give_up(self) -> None:
        """Stop the job at hand; `examine` then answers None."""
        if self._busy and self._process is not None and self._process.stdin is not None and FORKS:
            with contextlib.suppress(OSError):
                self._process.stdin.write(bytes(LENGTH))

    async def close(self) -> None:
        """End the worker, which without its input stops what it started, and wait until it is gone."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            async with asyncio.timeout(_LAST):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

    async def warm(self) -> None:
        """Start the worker, which then loads what scans need while the editor still introduces itself."""
        with contextlib.suppress(OSError):  # a job will say what is wrong
            await self._worker()

    async def _worker(self) -> Process:
        async with self._starting:
            if self._process is not None and self._process.returncode is not None:
                await self.close()
            if self._process is None:
                self._process = await asyncio.create_subprocess_exec(
                    *command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
                )
                self._starts += 1
            return self._process
