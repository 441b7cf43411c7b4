"""Completion in the shells themselves, by the scripts that click writes for them."""

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from auditor.cli import COMMANDS, commands

CHECKOUT = Path(__file__).parent.parent.parent


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The variables of a shell that finds ``gotcha-audit`` on its PATH."""
    program = tmp_path / "bin" / "gotcha-audit"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nPYTHONPATH="{CHECKOUT}" exec "{sys.executable}" -m auditor "$@"\n')
    program.chmod(0o755)
    return {"PATH": f"{program.parent}:{os.environ['PATH']}", "HOME": str(tmp_path), "TERM": "dumb", "PS1": "> ", "LANG": "C.UTF-8"}


def completed(*words: str) -> list[str]:
    """What is offered for the last of the words, in bash's form."""
    environment = {"COMP_WORDS": " ".join(["gotcha-audit", *words]), "COMP_CWORD": str(len(words)), "_GOTCHA_AUDIT_COMPLETE": "bash_complete"}
    result = CliRunner().invoke(commands, prog_name="gotcha-audit", env=environment)
    return [line.partition(",")[2] for line in result.output.splitlines() if line]


def test_commands_complete_without_importing_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.import_module", lambda name: pytest.fail(f"{name} was imported"))
    assert completed("ex") == ["explain"]
    assert completed("") == list(COMMANDS)
    assert "--version" in completed("--")


def test_ids_complete() -> None:
    assert completed("explain", "flask/relative-send") == ["flask/relative-send-directory"]
    assert completed("catalogue", "show", "flask/relative-send") == ["flask/relative-send-directory"]
    assert completed("prove", "flask/relative-send") == ["flask/relative-send-directory"]


def test_lists_of_ids_and_stacks_complete_one_by_one() -> None:
    first, second, *rest = completed("scan", "--select", "flask")
    assert (first, second, rest) == ("flask", "flask-socketio", completed("explain", "flask"))
    assert completed("scan", "--ignore", "flask,flask/relative-send") == ["flask,flask/relative-send-directory"]
    assert completed("scan", "--select", "flask/relative-send-directory,flask/relative-send") == []


def test_ids_of_the_project_complete_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gotchas/flask").mkdir(parents=True)
    shutil.copy(CHECKOUT / "rules/flask/cors-any-origin.md", tmp_path / "gotchas/flask/zoo-keeper.md")
    (tmp_path / "gotcha-audit.toml").write_text('catalogues = ["gotchas"]\n')
    monkeypatch.chdir(tmp_path)
    assert completed("explain", "flask/zoo") == ["flask/zoo-keeper"]


def test_a_broken_configuration_offers_nothing_and_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gotcha-audit.toml").write_text("colour = 1\n")
    monkeypatch.chdir(tmp_path)
    assert completed("explain", "flask/rel") == []


def typed(shell: list[str], setup: str, line: str, environment: dict[str, str], cwd: Path) -> str:
    """Type into an interactive shell as a person does; gives what the screen shows after the line."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(shell, stdin=follower, stdout=follower, stderr=follower, env=environment, cwd=cwd, start_new_session=True)
    os.close(follower)
    try:
        os.write(leader, setup.encode() + b"\n" + b"echo rea''dy\n")
        assert until(leader, r"ready\r?\n") is not None
        os.write(leader, line.encode())
        return until(leader, r"flask/relative-send-directory ") or ""
    finally:
        process.kill()
        process.wait()
        os.close(leader)


def until(descriptor: int, pattern: str, seconds: float = 30) -> str | None:
    """Read from a terminal until the pattern is there; None when it never is."""
    seen, end = "", time.monotonic() + seconds
    while time.monotonic() < end:
        if select.select([descriptor], [], [], 0.2)[0]:
            seen += os.read(descriptor, 4096).decode(errors="replace")
            if re.search(pattern, seen):
                return seen
    return None


BASH = 'eval "$(_GOTCHA_AUDIT_COMPLETE=bash_source gotcha-audit)"'
ZSH = f"autoload -Uz compinit; compinit -u; {BASH.replace('bash', 'zsh')}"
FISH = "_GOTCHA_AUDIT_COMPLETE=fish_source gotcha-audit | source"


@pytest.mark.real
@pytest.mark.parametrize(("shell", "setup"), [(["bash", "--norc", "-i"], BASH), (["zsh", "-f", "-i"], ZSH)], ids=["bash", "zsh"])
def test_a_tab_completes_a_command_and_an_id(shell: list[str], setup: str, environment: dict[str, str], tmp_path: Path) -> None:
    assert shutil.which(shell[0]), f"{shell[0]} is not installed: apt-get install {shell[0]}"
    screen = typed(shell, setup, "gotcha-audit expl\tflask/relative-send\t", environment, tmp_path)
    assert "gotcha-audit explain flask/relative-send-directory " in re.sub(r".\x08", "", screen)


@pytest.mark.real
def test_fish_completes_a_command_and_an_id_with_what_they_are(environment: dict[str, str], tmp_path: Path) -> None:
    assert shutil.which("fish"), "fish is not installed: apt-get install fish"

    def offered(line: str) -> str:
        done = subprocess.run(
            ["fish", "--no-config", "-c", f"{FISH}; complete -C '{line}'"],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        return done.stdout

    assert offered("gotcha-audit expl") == "explain\tShow one gotcha: what breaks, why, and what to write.\n"
    assert (
        offered("gotcha-audit explain flask/relative-send")
        == "flask/relative-send-directory\tRelative directory that Flask resolves against the module of the app\n"
    )
    assert offered("gotcha-audit scan --select flask,vite/proc").partition("\t")[0] == "flask,vite/process-env"


def test_the_documented_lines_are_the_ones_tried_here() -> None:
    text = (CHECKOUT / "docs/init.md").read_text()
    assert all(line.replace("|", "\\|") in text for line in (BASH, BASH.replace("bash", "zsh"), FISH))
