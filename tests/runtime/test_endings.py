"""However a validation ends, nothing of the application is left and its port is free."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from auditor.processes.ports import free_port, holders
from tests.processes.made_hostile import eventually, marked, script

CHECKOUT = Path(__file__).parent.parent.parent
STUBBORN = """
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", os.getcwd()], start_new_session=True, env={})
Handler.do_GET = lambda self: time.sleep(600)
serve({port})
"""


def started(root: Path, port: int) -> subprocess.Popen[str]:
    """A validation of an application that answers nothing, so that it waits."""
    script(root, STUBBORN.replace("{port}", str(port)))
    (root / "gotcha-audit.toml").write_text(f'[validate]\nstart-command = "{sys.executable} app.py"\nport = {port}\nstart-timeout = 60\n')
    return subprocess.Popen(
        [sys.executable, "-m", "auditor", "validate", ".", "--no-scan", "--no-browser", "--quiet"],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.parametrize(("number", "code"), [(signal.SIGKILL, -9), (signal.SIGTERM, -15), (signal.SIGINT, 130), (signal.SIGHUP, -1)])
def test_nothing_is_left_when_we_are_told_to_end(tmp_path: Path, number: signal.Signals, code: int) -> None:
    port = free_port()
    with started(tmp_path, port) as process:
        assert eventually(lambda: bool(holders(port)), 30)
        assert eventually(lambda: len(marked(str(tmp_path))) >= 1)
        process.send_signal(number)
        said, _ = process.communicate(timeout=30)
        assert process.returncode == code, said
    assert eventually(lambda: not holders(port) and not marked(str(tmp_path)))


def test_no_traceback_reaches_whoever_interrupts(tmp_path: Path) -> None:
    port = free_port()
    with started(tmp_path, port) as process:
        assert eventually(lambda: bool(holders(port)), 30)
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=30)
    assert said.strip() == "gotcha-audit: interrupted"
