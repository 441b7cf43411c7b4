"""Processes that do not want to end, do not want to start, or pretend to be others."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psutil
import pytest

from auditor.processes.application import Application
from auditor.processes.members import end, orphans
from auditor.processes.ports import free_port, holders, reachable
from auditor.runtime.ready import wait_until_ready
from auditor.runtime.target import Ready
from tests.processes.made_hostile import ENVIRONMENT, eventually, marked, script, started

CHECKOUT = Path(__file__).parent.parent.parent


@pytest.fixture
def port() -> int:
    return free_port()


def test_a_server_is_ready_when_it_owns_the_socket(tmp_path: Path, port: int) -> None:
    with started(tmp_path, "serve()", port) as app:
        state = wait_until_ready(app, Ready(http="/"))
        assert (state.state, state.address, state.listener and state.listener.port) == ("ready", "127.0.0.1", port)
        stopped = app.stop(grace=5)
    assert stopped.code == -signal.SIGTERM
    assert (stopped.killed, stopped.survivors) == ((), ())
    assert holders(port) == ()


@pytest.mark.parametrize(
    ("body", "state", "code"),
    [
        ("raise SystemExit(3)", "died", 3),
        ("print('boom'); os.kill(os.getpid(), signal.SIGKILL)", "died", -9),
        ("time.sleep(600)", "late", None),
        ("threading.Thread(target=serve, daemon=True).start(); time.sleep(0.6); os._exit(7)", "late", 7),
    ],
    ids=["exit", "killed", "never-listens", "condition-never-holds"],
)
def test_what_does_not_start_is_told_with_its_code(tmp_path: Path, port: int, body: str, state: str, code: int | None) -> None:
    with started(tmp_path, body, port) as app:
        found = wait_until_ready(app, Ready(log="ready to serve", timeout=1.5) if "serve" in body else Ready(timeout=1.0))
        assert found.state in (state, "died")
        assert app.code == code


def test_it_fails_at_once_when_the_process_dies(tmp_path: Path, port: int) -> None:
    clock = time.monotonic()
    with started(tmp_path, "print('KeyError: SECRET_KEY', file=sys.stderr); sys.exit(1)", port) as app:
        state = wait_until_ready(app, Ready(timeout=60))
        assert state.state == "died"
        assert [line.text for line in app.lines] == ["KeyError: SECRET_KEY"]
    assert time.monotonic() - clock < 10


def test_a_command_that_is_not_there_is_refused(tmp_path: Path, port: int) -> None:
    with Application(["./no-such-program"], folder=tmp_path, environment=ENVIRONMENT, port=port) as app:
        state = wait_until_ready(app, Ready())
        assert (state.state, state.missing) == ("refused", "No such file or directory")


def test_a_squatter_is_never_taken_for_the_application(tmp_path: Path) -> None:
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", 0))
        squatter.listen()
        port = squatter.getsockname()[1]
        assert [holder.pid for holder in holders(port)] == [os.getpid()]
        with started(tmp_path, "time.sleep(0.3); serve()", port) as app:
            state = wait_until_ready(app, Ready(timeout=20))
            assert state.state == "died"
            assert any("Address already in use" in line.text for line in app.lines)
        assert [holder.pid for holder in holders(port)] == [os.getpid()], "whoever held the port still does"


def test_what_ignores_sigterm_is_killed_and_named(tmp_path: Path, port: int) -> None:
    with started(tmp_path, "signal.signal(signal.SIGTERM, signal.SIG_IGN); serve()", port) as app:
        assert wait_until_ready(app, Ready()).state == "ready"
        stopped = app.stop(grace=0.5)
    assert stopped.code is None
    assert len(stopped.killed) == 1
    assert "app.py" in stopped.killed[0].command
    assert stopped.survivors == ()
    assert holders(port) == ()


DETACHED = {
    "child": 'subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", "{word}"])',
    "setsid": 'subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", "{word}"], start_new_session=True)',
    "double-fork": """
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execv(sys.executable, [sys.executable, "-c", "import time; time.sleep(600)", "{word}"])
    os._exit(0)
os.wait()
""",
    "without-the-marker": """
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execve(sys.executable, [sys.executable, "-c", "import time; time.sleep(600)", "{word}"], {{}})
    os._exit(0)
os.wait()
""",
}


@pytest.mark.parametrize("kind", DETACHED)
def test_nothing_that_it_started_survives(tmp_path: Path, port: int, kind: str) -> None:
    word = f"{tmp_path.name}-{os.getpid()}-{kind}"
    body = textwrap.dedent(DETACHED[kind]).format(word=word) + "\nserve()\n"
    with started(tmp_path, body, port) as app:
        assert wait_until_ready(app, Ready()).state == "ready"
        assert eventually(lambda: len(marked(word)) == 1)
        app.stop(grace=0.5)
        assert marked(word) == []
    assert holders(port) == ()


@pytest.mark.parametrize("pause", [0, 0.3], ids=["at once", "after it answered"])
def test_a_server_in_the_background_is_found_and_stopped(tmp_path: Path, port: int, pause: float) -> None:
    body = f"""
    if os.fork():
        import time
        time.sleep({pause})
        os._exit(0)
    os.setsid()
    if os.fork():
        os._exit(0)
    serve()
    """
    with started(tmp_path, body, port) as app:
        state = wait_until_ready(app, Ready())
        assert (state.state, state.background) == ("ready", True)
    assert holders(port) == ()


@pytest.mark.parametrize(("listens", "reached"), [("::1", "::1"), ("::", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("127.0.0.1", "127.0.0.1")])
def test_either_family_of_addresses_is_reached(tmp_path: Path, port: int, listens: str, reached: str) -> None:
    with started(tmp_path, f'serve(address="{listens}")', port) as app:
        state = wait_until_ready(app, Ready(http="/"))
        assert (state.state, state.address) == ("ready", reached)


def test_an_address_of_another_network_is_not_asked() -> None:
    assert reachable("192.0.2.1", 80) is None


def test_what_is_announced_does_not_count(tmp_path: Path, port: int) -> None:
    other = free_port()
    with started(tmp_path, f'print("listening on http://localhost:{port}"); serve({other})', port) as app:
        state = wait_until_ready(app, Ready())
        assert (state.state, state.listener and state.listener.port) == ("ready", other)


def test_a_second_port_is_waited_for(tmp_path: Path, port: int) -> None:
    other = free_port()
    with started(tmp_path, f"threading.Thread(target=serve, args=({other},), daemon=True).start(); time.sleep(0.5); serve()", port) as app:
        state = wait_until_ready(app, Ready())
        assert (state.state, state.listener and state.listener.port) == ("ready", port)


def test_a_slow_start_is_waited_for(tmp_path: Path, port: int) -> None:
    with started(tmp_path, 'time.sleep(1.5); print("warm"); serve()', port) as app:
        state = wait_until_ready(app, Ready(log="^warm$", timeout=20))
        assert state.state == "ready"
        assert state.seconds > 1.4


def test_a_crash_after_the_start_is_seen(tmp_path: Path, port: int) -> None:
    with started(tmp_path, "threading.Timer(0.8, lambda: os._exit(9)).start(); serve()", port) as app:
        assert wait_until_ready(app, Ready()).state == "ready"
        assert app.wait(10)
        assert (app.alive, app.code) == (False, 9)
        assert app.stop(grace=1).ended


def test_a_flood_of_output_is_bounded_and_does_not_hold_it_up(tmp_path: Path, port: int) -> None:
    body = """
    threading.Thread(target=serve, daemon=True).start()
    for number in range(60_000):
        print(number, "x" * 100)
    print("y" * 1_000_000)
    print("the last line")
    time.sleep(600)
    """
    with started(tmp_path, body, port) as app:
        assert wait_until_ready(app, Ready(log="^the last line$", timeout=30)).state == "ready"
        lines = app.lines
        assert len(lines) == 10_001
        assert lines[0].text.startswith("0 x")
        assert lines[2000].text == "… 50002 lines left out …"
        assert lines[-1].text == "the last line"
        assert lines[-2].text == "y" * 4000 + "…"


def test_workers_and_reloaders_are_part_of_it(tmp_path: Path, port: int) -> None:
    body = """
    if "CHILD" not in os.environ:
        children = [subprocess.Popen([sys.executable, __file__], env=dict(os.environ, CHILD=str(number))) for number in range(2)]
        raise SystemExit(children[0].wait())
    if os.environ["CHILD"] == "0":
        serve()
    time.sleep(600)
    """
    with started(tmp_path, body, port) as app:
        assert wait_until_ready(app, Ready(http="/")).state == "ready"
        assert len(app.members) == 3
        stopped = app.stop(grace=3)
    assert stopped.survivors == ()
    assert marked(str(tmp_path / "app.py")) == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_nothing_is_left_when_we_are_killed(tmp_path: Path, port: int, number: int) -> None:
    word = f"{tmp_path.name}-{os.getpid()}-left"  # folders have the same name in every worker of the tests
    app = script(
        tmp_path, textwrap.dedent(DETACHED["without-the-marker"]).format(word=word) + "\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nserve()\n"
    )
    driver = tmp_path / "driver.py"
    driver.write_text(
        f"""
import sys, time
sys.path.insert(0, {str(CHECKOUT)!r})
from pathlib import Path
from auditor.processes.application import Application
from auditor.runtime.ready import wait_until_ready
from auditor.runtime.target import Ready
app = Application([sys.executable, {str(app)!r}], folder=Path({str(tmp_path)!r}), environment={{**{ENVIRONMENT!r}, "PORT": "{port}"}}, port={port})
print(wait_until_ready(app, Ready()).state, flush=True)
time.sleep(600)
"""
    )
    with subprocess.Popen([sys.executable, str(driver)], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            assert holders(port)
            assert len(marked(word)) == 1
            process.send_signal(number)
            process.wait(10)
        finally:
            process.kill()
    assert eventually(lambda: not holders(port) and not marked(word) and not marked(str(app)))


def test_cleanup_finds_what_a_killed_run_left(tmp_path: Path) -> None:
    """Both the run and its warden were killed: nobody was there to stop anything."""
    word = f"{tmp_path.name}-{os.getpid()}-orphan"  # folders have the same name in every worker of the tests
    driver = tmp_path / "driver.py"
    driver.write_text(
        f"""
import os, subprocess, sys
sys.path.insert(0, {str(CHECKOUT)!r})
from auditor.processes.members import VARIABLE, new_marker
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", {word!r}], env=dict(os.environ, **{{VARIABLE: new_marker()}}), start_new_session=True)
input()
"""
    )
    with subprocess.Popen([sys.executable, str(driver)], stdin=subprocess.PIPE) as process:
        assert eventually(lambda: len(marked(word)) == 1)
        assert [orphan for orphan in orphans() if word in orphan.command] == [], "its run is still at work"
        process.kill()
        process.wait(10)
    left = [orphan for orphan in orphans() if word in orphan.command]
    assert [orphan.pid for orphan in left] == marked(word)
    assert end(left) == ()
    assert marked(word) == []


def test_the_environment_is_what_was_given_and_the_marker(tmp_path: Path, port: int) -> None:
    with started(tmp_path, "print(sorted(os.environ)); serve()", port) as app:
        wait_until_ready(app, Ready(http="/"))
        names = set(eval(app.lines[0].text))
    assert names - {"LC_CTYPE"} == {"GOTCHA_AUDIT_RUN", "PATH", "PORT", "PYTHONUNBUFFERED"}


def test_no_thread_and_no_process_of_ours_is_left(tmp_path: Path, port: int) -> None:
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    with started(tmp_path, "serve()", port) as app:
        wait_until_ready(app, Ready())
    assert {child.pid for child in psutil.Process().children(recursive=True)} <= before
