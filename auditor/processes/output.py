"""What an application prints, kept within bounds however much it is."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from dataclasses import dataclass

_FIRST = 2000
_LAST = 8000
_LONGEST = 4000
_CHUNK = 65536


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of output; ``time`` is `time.time()` when it arrived."""

    time: float
    stream: str
    text: str


class Output:
    """Reads pipes to their end in threads of its own, so that the application never waits for us; keeps the first and the last lines."""

    def __init__(self) -> None:
        self._first: list[Line] = []
        self._last: deque[Line] = deque(maxlen=_LAST)
        self._dropped = 0
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []

    def read(self, descriptor: int, stream: str) -> None:
        """Read ``descriptor`` until its end and close it."""
        thread = threading.Thread(target=self._pump, args=(descriptor, stream), name=f"output-{stream}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def finish(self, seconds: float) -> None:
        """Wait until everything that was printed has arrived, for ``seconds`` at most."""
        until = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    @property
    def lines(self) -> tuple[Line, ...]:
        """What was printed, in order; where lines had to be left out, one line says how many."""
        with self._lock:
            gap = (Line(time=self._last[0].time, stream="err", text=f"… {self._dropped} lines left out …"),) if self._dropped else ()
            return (*self._first, *gap, *self._last)

    def _pump(self, descriptor: int, stream: str) -> None:
        rest = b""
        cut = False
        with open(descriptor, "rb", buffering=0) as pipe:
            while True:
                try:
                    data = os.read(pipe.fileno(), _CHUNK)
                except OSError:
                    break
                if not data:
                    break
                *whole, rest = (rest + data).split(b"\n")
                for line in whole:
                    if not cut:
                        self._keep(line, stream)
                    cut = False
                if len(rest) > _LONGEST:  # the rest of an endless line is dropped
                    if not cut:
                        self._keep(rest, stream)
                    rest, cut = b"", True
        if rest and not cut:
            self._keep(rest, stream)

    def _keep(self, raw: bytes, stream: str) -> None:
        text = raw[:_LONGEST].decode("utf-8", "replace").rstrip("\r")
        line = Line(time=time.time(), stream=stream, text=text + ("…" if len(raw) > _LONGEST else ""))
        with self._lock:
            if len(self._first) < _FIRST:
                self._first.append(line)
            else:
                self._dropped += len(self._last) == _LAST
                self._last.append(line)
