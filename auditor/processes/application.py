"""A supervised application: started by a warden, watched, and stopped without a trace."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from auditor.processes import members as run_members
from auditor.processes.output import Line, Output

_WARDEN = Path(__file__).with_name("warden.py")
_TICK = 0.02
_PATIENCE = 10.0
_LAST_GRACE = 2.0
_DRAIN = 1.0


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Listener:
    """A TCP socket that a process of the application listens on."""

    address: str
    port: int
    pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A process that was still there."""

    pid: int
    command: str

    def __str__(self) -> str:
        return self.command


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """How the application ended.

    ``code`` is its exit code (negative: killed by that signal), None when it had not ended within the grace period; ``seconds`` from SIGTERM to the
    end of the leader. ``ended`` says that it had ended before it was asked to. ``killed`` names what had to be killed after the grace period,
    ``survivors`` what is still there.
    """

    code: int | None
    seconds: float
    ended: bool = False
    killed: tuple[Left, ...] = ()
    survivors: tuple[Left, ...] = ()


class Application:
    """A command, started in a process group of its own behind a warden, with everything that it starts.

    ``words`` are executed as they are in ``folder``, with ``environment`` and nothing else but the marker. ``port`` is where it is expected to
    listen. Use as a context: whatever happens, nothing is left when it ends.
    """

    def __init__(self, words: Sequence[str], *, folder: Path, environment: Mapping[str, str], port: int) -> None:
        self.words, self.folder, self.environment, self.port = tuple(words), folder, dict(environment), port
        self.started = time.time()
        self.failure = ""
        self.pid: int | None = None
        self.marker = run_members.new_marker()
        self._code: int | None = None
        self._over = threading.Event()
        self._known = threading.Event()
        self._output = Output()
        self._stopped: Stopped | None = None
        self._warden = self._spawn()
        self._listener = threading.Thread(target=self._listen, name="warden", daemon=True)
        self._listener.start()
        self._known.wait(_PATIENCE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop(grace=0)

    # -- what it does ---------------------------------------------------------------------------------------------------------------

    @property
    def alive(self) -> bool:
        """Whether the command that was started is still running."""
        return self.pid is not None and not self._over.is_set()

    @property
    def code(self) -> int | None:
        """The exit code, None while it runs."""
        return self._code

    @property
    def lines(self) -> tuple[Line, ...]:
        """What it has printed."""
        return self._output.lines

    @property
    def members(self) -> tuple[psutil.Process, ...]:
        """Every process that belongs to it."""
        return run_members.members(self._warden.pid, self.marker)

    @property
    def listeners(self) -> tuple[Listener, ...]:
        """The TCP sockets that its processes listen on."""
        found = set()
        for process in run_members.descendants(self._warden.pid):
            with contextlib.suppress(psutil.Error, OSError):
                for connection in process.net_connections(kind="tcp"):
                    if connection.status == psutil.CONN_LISTEN and connection.laddr:
                        found.add(Listener(address=connection.laddr.ip, port=connection.laddr.port, pid=process.pid))
        return tuple(sorted(found))

    def wait(self, seconds: float, until: Callable[[], bool] = lambda: False) -> bool:
        """Wait for ``seconds`` at most, until the command ends or ``until`` holds; says whether it ended."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not until():
            if self._over.wait(_TICK):
                return True
        return self._over.is_set()

    def drain(self) -> None:
        """After the command ended: wait until what it printed has arrived."""
        self._output.finish(_DRAIN if not self.members else 0.1)

    def interrupt(self, *, grace: float) -> bool:
        """SIGINT to the command alone, as from Ctrl-C, and ``grace`` seconds to tidy up; says whether it ended."""
        if self.alive:
            self._order(signal=int(signal.SIGINT), to="leader")
        return self._over.wait(grace)

    # -- its end ---------------------------------------------------------------------------------------------------------------------

    def stop(self, *, grace: float, to: str = "group") -> Stopped:
        """SIGTERM, ``grace`` seconds, SIGKILL to every process that belongs to it, and a look whether anything is left.

        ``to`` `group`: every process of its group gets the signal, as from systemd or Heroku; `leader`: the command alone, as from Docker.
        """
        if self._stopped is not None:
            return self._stopped
        ended = not self.alive
        clock = time.monotonic()
        killed: tuple[Left, ...] = ()
        if self.pid is not None and grace > 0:
            self._order(signal=int(signal.SIGTERM), to=to)
            self._over.wait(grace)
            seconds = time.monotonic() - clock
            deadline = clock + grace
            while time.monotonic() < deadline and self.members:
                time.sleep(_TICK)
            killed = tuple(Left(pid=process.pid, command=run_members.command(process)) for process in self.members)
        else:
            seconds = 0.0
        code = self._code
        self._order(end=True)
        with contextlib.suppress(OSError):
            self._warden.stdin.close() if self._warden.stdin else None
        try:
            self._warden.wait(_LAST_GRACE + _PATIENCE)
        except subprocess.TimeoutExpired:
            self._warden.kill()
            self._warden.wait()
        self._listener.join(_PATIENCE)
        self._kill_rest()
        self._output.finish(_DRAIN)
        survivors = tuple(Left(pid=process.pid, command=run_members.command(process)) for process in self.members)
        self._stopped = Stopped(code=code, seconds=seconds, ended=ended, killed=killed, survivors=survivors)
        return self._stopped

    def _kill_rest(self) -> None:
        """What the warden left, should it have been killed itself."""
        for _ in range(50):
            left = self.members
            if not left:
                return
            for process in left:
                with contextlib.suppress(psutil.Error):
                    process.kill()
            time.sleep(_TICK)

    # -- the warden ------------------------------------------------------------------------------------------------------------------

    def _spawn(self) -> subprocess.Popen[bytes]:
        out_read, out_write = os.pipe()
        err_read, err_write = os.pipe()
        try:
            warden = subprocess.Popen(
                [sys.executable, "-I", str(_WARDEN)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                pass_fds=(out_write, err_write),
                start_new_session=True,
                cwd="/",
                env={"PATH": os.defpath, run_members.VARIABLE: self.marker},
            )
        except OSError:
            os.close(out_read)
            os.close(err_read)
            raise
        finally:
            os.close(out_write)
            os.close(err_write)
        self._output.read(out_read, "out")
        self._output.read(err_read, "err")
        order = {
            "words": list(self.words),
            "folder": str(self.folder),
            "environment": self.environment,
            "out": out_write,
            "err": err_write,
            "variable": run_members.VARIABLE,
            "marker": self.marker,
            "grace": _LAST_GRACE,
        }
        assert warden.stdin is not None
        with contextlib.suppress(OSError):
            warden.stdin.write(json.dumps(order).encode() + b"\n")
            warden.stdin.flush()
        return warden

    def _listen(self) -> None:
        assert self._warden.stdout is not None
        for line in self._warden.stdout:
            event = json.loads(line)
            if "failed" in event:
                self.failure = str(event["failed"])
                self._over.set()
            elif "pid" in event:
                self.pid = int(event["pid"])
            else:
                self._code = int(event["code"])
                self._over.set()
            self._known.set()
        self._warden.stdout.close()
        if not self._known.is_set():
            self.failure = "the supervisor of the process could not be started"
        self._over.set()
        self._known.set()

    def _order(self, **order: object) -> None:
        if self._warden.stdin is None or self._warden.stdin.closed:
            return
        with contextlib.suppress(OSError):
            self._warden.stdin.write(json.dumps(order).encode() + b"\n")
            self._warden.stdin.flush()
