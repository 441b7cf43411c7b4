import os
import pty
import subprocess
import sys

import pytest

from auditor.cli.progress import Lines, Live, watching
from auditor.model import Outcome
from auditor.runtime.progress import Progress

FAIL, PASS, SKIP, ERROR = Outcome.FAIL, Outcome.PASS, Outcome.SKIP, Outcome.ERROR


def told(progress: Progress, name: str, *outcomes: Outcome) -> None:
    progress.started(name)
    progress.done(name, outcomes)


@pytest.mark.parametrize(
    ("outcomes", "line"),
    [
        ((PASS, PASS), "✓ page: 2 pass (0.0 s)\n"),
        ((PASS, FAIL, SKIP), "✗ page: 1 fail, 1 pass, 1 skipped (0.0 s)\n"),
        ((SKIP,), "– page: 1 skipped (0.0 s)\n"),
        ((ERROR, PASS), "! page: 1 pass, 1 not examined (0.0 s)\n"),
        ((), "– page: nothing to look at (0.0 s)\n"),
    ],
)
def test_a_log_gets_one_line_for_each_check(outcomes: tuple[Outcome, ...], line: str, capsys: pytest.CaptureFixture[str]) -> None:
    with watching() as progress:
        assert isinstance(progress, Lines)
        told(progress, "page", *outcomes)
    assert capsys.readouterr() == ("", line)


def test_quiet_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    with watching(quiet=True) as progress:
        told(progress, "page", FAIL)
    assert capsys.readouterr() == ("", "")


def test_an_end_without_a_beginning_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    Lines().done("page", [PASS])
    assert capsys.readouterr().err == "✓ page: 1 pass (0.0 s)\n"


def test_the_name_of_a_check_is_not_interpreted(capsys: pytest.CaptureFixture[str]) -> None:
    told(Lines(), "\x1b[2J", PASS)
    assert "\x1b" not in capsys.readouterr().err


PROGRAM = """
import time
from auditor.cli.progress import watching
from auditor.model import Outcome
with watching() as progress:
    progress.started("page [red]")
    time.sleep(0.3)
    progress.done("page [red]", [Outcome.FAIL])
    progress.started("asset")
    time.sleep(0.3)
print("the report")
"""


def test_a_terminal_gets_a_line_that_moves_and_is_taken_away() -> None:
    master, slave = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        stdout=subprocess.PIPE,
        stderr=slave,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "80"},
        text=True,
    ) as process:
        os.close(slave)
        shown = b""
        while True:
            try:
                piece = os.read(master, 10_000)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            shown += piece
        out, _ = process.communicate()
    os.close(master)
    assert process.returncode == 0
    assert out == "the report\n"
    text = shown.decode()
    assert "page [red]" in text
    assert "asset" in text
    assert "1 done" in text
    assert text.rstrip().endswith(("\x1b[2K", "\x1b[?25h"))
    assert "✗ page [red]" in text


def test_the_moving_line_says_what_has_failed_so_far() -> None:
    shown: list[str] = []

    class Recorder:
        def update(self, line: object) -> None:
            shown.append(str(line))

    live = Live(Recorder())  # type: ignore[arg-type]
    told(live, "page", FAIL)
    told(live, "page", FAIL)
    told(live, "asset", PASS)
    assert shown[-1] == "asset  3 done  ✗ page"


def test_a_dumb_terminal_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with watching() as progress:
        assert isinstance(progress, Lines)
