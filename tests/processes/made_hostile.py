"""Applications that misbehave, as small scripts, and what tests ask of processes."""

from __future__ import annotations

import contextlib
import os
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

from auditor.processes.application import Application

ENVIRONMENT = {"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1"}

SERVE = """
import http.server, os, signal, socket, subprocess, sys, threading, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")
    def log_message(self, *parts): pass
def serve(port=None, address="127.0.0.1"):
    port = int(os.environ["PORT"]) if port is None else port
    kind = type("Server", (http.server.ThreadingHTTPServer,), {"address_family": socket.AF_INET6 if ":" in address else socket.AF_INET})
    server = kind((address, port), Handler)
    server.serve_forever()
"""


def script(folder: Path, body: str, name: str = "app.py") -> Path:
    """Write an application; ``serve()`` is there for it."""
    path = folder / name
    path.write_text(SERVE + textwrap.dedent(body))
    return path


@contextlib.contextmanager
def started(folder: Path, body: str, port: int, **more: str) -> Iterator[Application]:
    """Start a script and stop it in the end."""
    with Application(
        [sys.executable, str(script(folder, body))], folder=folder, environment=ENVIRONMENT | {"PORT": str(port)} | more, port=port
    ) as app:
        yield app


def marked(word: str) -> list[int]:
    """The processes whose command holds ``word`` and that run."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.pid != os.getpid() and word in " ".join(process.cmdline()) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
    return found


def eventually(holds: Callable[[], bool], seconds: float = 10.0) -> bool:
    """Whether something comes true within ``seconds``."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if holds():
            return True
        time.sleep(0.03)
    return holds()
