"""Commands that misbehave while they are run for evidence."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import psutil
import pytest

from auditor.plan.runner import masked, run


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_a_run_is_told_whole(tmp_path: Path) -> None:
    ran = run(python("import sys; print('one', flush=True); print('two', file=sys.stderr); sys.exit(3)"), tmp_path)
    assert (ran.code, set(ran.lines), ran.timed_out, ran.flooded, ran.failure) == (3, {"one", "two"}, False, False, "")
    assert ran.started.endswith("+00:00")
    assert ran.log.count(b"\n") == 2
    assert len(ran.digest) == 64


def test_a_command_that_hangs_is_stopped_with_its_children(tmp_path: Path) -> None:
    code = (
        "import os, subprocess, sys, time\n"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(777)'], start_new_session=True)\n"
        "print('child started', flush=True)\ntime.sleep(777)\n"
    )
    clock = time.monotonic()
    ran = run(python(code), tmp_path, limit=1.5)
    assert time.monotonic() - clock < 20
    assert (ran.timed_out, ran.code, ran.left, ran.lines) == (True, None, (), ("child started",))
    assert not [one for one in psutil.process_iter(["cmdline"]) if "import time; time.sleep(777)" in (one.info["cmdline"] or [])]


def test_children_that_stay_are_ended_when_the_command_has_ended(tmp_path: Path) -> None:
    code = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(778)'], start_new_session=True); print('done')"
    ran = run(python(code), tmp_path, limit=30)
    assert (ran.code, ran.timed_out, ran.left) == (0, False, ())
    assert not [one for one in psutil.process_iter(["cmdline"]) if "import time; time.sleep(778)" in (one.info["cmdline"] or [])]


def test_a_flood_is_cut_and_said_to_be(tmp_path: Path) -> None:
    ran = run(python("for n in range(40000): print('line', n)"), tmp_path, limit=60)
    assert (ran.code, ran.flooded) == (0, True)
    assert len(ran.lines) <= 10_001
    assert ran.lines[-1] == "line 39999"


def test_binary_output_and_an_endless_line_are_kept_as_text(tmp_path: Path) -> None:
    ran = run(python("import sys; sys.stdout.buffer.write(bytes(range(256)) * 10 + b'x' * 100000 + b'\\nend\\n')"), tmp_path)
    assert ran.lines[-1] == "end"
    assert "\x00" not in "".join(ran.lines)
    assert len(ran.log) < 100_000


@pytest.mark.parametrize("argv", [["no-such-command-at-all"], [""], ["a\0b"], ["."]])
def test_what_cannot_be_started_says_why(tmp_path: Path, argv: list[str]) -> None:
    ran = run(argv, tmp_path)
    assert ran.code is None
    assert ran.failure


def test_a_folder_that_is_not_there_is_no_crash(tmp_path: Path) -> None:
    assert run(python("print(1)"), tmp_path / "absent").failure


def test_values_of_secret_variables_do_not_stay(tmp_path: Path) -> None:
    environment = {"PATH": "/usr/bin", "APP_TOKEN": "hunter2hunter2", "DATABASE_URL": "postgres://me:opensesame@db/x"}
    ran = run(python("import os; print('got', os.environ['APP_TOKEN']); print(os.environ['DATABASE_URL'])"), tmp_path, environment=environment)
    assert ran.lines == ("got ***", "postgres://me:***@db/x")


def test_a_quote_that_stays_open_hides_no_line_after_it() -> None:
    assert [masked(line, ()) for line in ('token = """', "2 passed in 0.1s")][1] == "2 passed in 0.1s"


def test_both_streams_stay_in_the_order_in_which_they_were_written(tmp_path: Path) -> None:
    code = "import sys\nfor n in range(200): print(n, file=sys.stderr if n % 2 else sys.stdout, flush=True)"
    assert run(python(code), tmp_path).lines == tuple(map(str, range(200)))
