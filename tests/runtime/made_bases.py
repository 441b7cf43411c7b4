"""The bases as tests use them: laid out, installed, and started with the command that their own files give."""

import contextlib
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from auditor.prove.bases import base, lay_out
from auditor.prove.install import Installed, install
from tests.runtime.mutations import Mutation

NAMES = ("django", "express", "fastapi", "flask", "vite-nginx")
_PATIENCE = 30.0


@pytest.fixture(scope="session")
def warm_bases(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Everything is installed and built before a test that measures or waits begins."""
    for name in NAMES:
        made(name, tmp_path_factory.mktemp("warm") / name)


def made(name: str, into: Path, mutation: Mutation | None = None, *, held: int | None = None) -> Installed:
    """A base laid out in the new folder ``into`` with its packages and its build, healthy or with one fault; ``held`` is for a port."""
    root = lay_out(base(name), into)
    if mutation is not None and mutation.when == "before":
        mutation.apply(root, held=held)
    installed = install(root)
    if mutation is not None and mutation.when == "after":
        mutation.apply(root, held=held)
    return installed


@contextmanager
def held_port() -> Iterator[int]:
    """A port that another process listens on: a child of the test, none of the application."""
    program = "import socket, time; s = socket.create_server(('0.0.0.0', 0)); print(s.getsockname()[1], flush=True); time.sleep(600)"
    with subprocess.Popen((sys.executable, "-c", program), stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        try:
            yield int(holder.stdout.readline())
        finally:
            holder.kill()


def settings(root: Path) -> dict:
    """The table `[validate]` of a base."""
    return tomllib.loads((root / "gotcha-audit.toml").read_text("utf-8"))["validate"]


def required(root: Path) -> tuple[str, ...]:
    """The variables that the example of a variables file lists: these applications cannot do without any of them."""
    return tuple(re.findall(r"^(\w+)=", (root / ".env.example").read_text("utf-8"), re.MULTILINE))


def command(root: Path) -> tuple[str, ...]:
    """What production runs, as the Procfile, the Dockerfile or the script `start` says it."""
    if (root / "Procfile").exists():
        found = re.search(r"^web: (.+)$", (root / "Procfile").read_text("utf-8"), re.MULTILINE)
        assert found
        return ("/bin/sh", "-c", f"exec {found[1]}")
    if (root / "Dockerfile").exists():
        found = re.search(r"^CMD (\[.+\])$", (root / "Dockerfile").read_text("utf-8"), re.MULTILINE)
        assert found
        return tuple(json.loads(found[1]))
    return tuple(shlex.split(json.loads((root / "package.json").read_text("utf-8"))["scripts"]["start"]))


def environment(root: Path, programs: Mapping[str, str], port: int, *, remove: tuple[str, ...] = ()) -> dict[str, str]:
    """What production gives to the process, and nothing else of this machine."""
    given = {"HOME": str(root), "LANG": "C.UTF-8", **programs, "PORT": str(port), **settings(root).get("env", {})}
    return {name: value for name, value in given.items() if name not in remove}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(slots=True, kw_only=True)
class Running:
    process: subprocess.Popen[bytes]
    port: int
    log: Path
    tree: tuple[psutil.Process, ...] = ()

    def stop(self) -> tuple[int, float]:
        """SIGTERM to the command alone, as a platform sends it: its exit code, and how long that took."""
        self.tree = (psutil.Process(self.process.pid), *psutil.Process(self.process.pid).children(recursive=True))
        started = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(10), time.monotonic() - started

    @property
    def survivors(self) -> list[psutil.Process]:
        _, alive = psutil.wait_procs(self.tree, timeout=2)
        return alive


def prepare(root: Path, programs: Mapping[str, str]) -> None:
    """Run what has to be done once before the start."""
    for line in settings(root).get("before", ()):
        words = ("/usr/bin/env", *shlex.split(line))
        subprocess.run(words, cwd=root, env=environment(root, programs, 0), check=True, capture_output=True, timeout=120)


def ending(root: Path, programs: Mapping[str, str], *, remove: tuple[str, ...]) -> tuple[int, str]:
    """Exit code and log of a start that must end by itself; gunicorn listens before it finds out."""
    with _started(root, programs, remove=remove) as app:
        return app.process.wait(_PATIENCE), app.log.read_text("utf-8", "replace")


@contextmanager
def running(root: Path, programs: Mapping[str, str]) -> Iterator[Running]:
    """The application, listening on its port; the whole group is killed in the end, whatever happened."""
    with _started(root, programs) as app:
        _wait(app)
        yield app


@contextmanager
def _started(root: Path, programs: Mapping[str, str], *, remove: tuple[str, ...] = ()) -> Iterator[Running]:
    port = free_port()
    log = root.parent / f"{root.name}-{port}.log"
    given = environment(root, programs, port, remove=remove)
    with log.open("ab") as sink:
        # `env` looks the program up on the PATH that the application gets.
        words = ("/usr/bin/env", *command(root))
        process = subprocess.Popen(words, cwd=root, env=given, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, start_new_session=True)
    try:
        yield Running(process=process, port=port, log=log)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(5)


def _wait(app: Running) -> None:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        if app.process.poll() is not None:
            raise AssertionError(f"ended with {app.process.returncode}:\n{app.log.read_text('utf-8', 'replace')}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", app.port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"nothing listens after {_PATIENCE:g} s:\n{app.log.read_text('utf-8', 'replace')}")
