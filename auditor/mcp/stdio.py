"""Standard input and output, given to the protocol alone.

Whatever prints, a library or a child, must not end up between two messages: descriptor 1 becomes standard error, descriptor 0 becomes empty, and the
protocol gets duplicates of what they were, which no child inherits.

Each blocking call runs in a daemon thread of its own. The threads that anyio would use cannot be left behind: a server that is told to end would wait
until its client says something more.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable
from functools import partial
from typing import Self, TypeVar

T = TypeVar("T")
_CHUNK = 65536
MAX_LINE = 16 * 1024 * 1024
"""A message may have as many bytes; a longer one is cut, and refused as no JSON."""


def taken() -> tuple[int, int]:
    """Take standard input and output away from everybody else, and give descriptors of what they were."""
    source, sink = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0, inheritable=True)
    try:
        os.dup2(2, 1, inheritable=True)
    except OSError:  # no standard error
        os.dup2(nothing, 1, inheritable=True)
    os.close(nothing)
    return source, sink


class Source:
    """The lines of a descriptor, as text; an asynchronous iterator."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._rest = bytearray()
        self._ended = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> str:
        looked = 0
        while (end := self._rest.find(b"\n", looked)) < 0 and not self._ended and len(self._rest) < MAX_LINE:
            looked = len(self._rest)
            data = await apart(partial(os.read, self._descriptor, _CHUNK))
            self._ended = not data
            self._rest += data
        if not self._rest:
            raise StopAsyncIteration
        size = end + 1 if end >= 0 else len(self._rest)
        line = bytes(self._rest[:size])
        del self._rest[:size]
        return line.decode("utf-8", "replace")


class Sink:
    """Writes text to a descriptor; ``gone`` is called when nobody reads it any more."""

    def __init__(self, descriptor: int, gone: Callable[[], None]) -> None:
        self._descriptor = descriptor
        self._gone = gone

    async def write(self, text: str) -> None:
        """Write all of ``text``."""
        rest = memoryview(text.encode("utf-8", "backslashreplace"))
        try:
            while rest:
                written = await apart(partial(os.write, self._descriptor, rest))
                rest = rest[written:]
        except OSError:
            self._gone()

    async def flush(self) -> None:
        """Nothing is held back."""


async def apart(function: Callable[[], T]) -> T:
    """What ``function`` gives, from a thread that nobody waits for when this is cancelled."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(value: T | None, error: Exception | None) -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(value)  # type: ignore[arg-type]  # it is a T where there is no error

    def work() -> None:
        value, failed = None, None
        try:
            value = function()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is raised where the answer is awaited
            failed = error
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, value, failed)

    threading.Thread(target=work, name="apart", daemon=True).start()
    return await future
