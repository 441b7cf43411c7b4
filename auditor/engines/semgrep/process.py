"""Starts semgrep in a folder of its own, waits no longer than it should, and leaves nothing behind."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

_INHERITED = ("PATH", "SYSTEMROOT", "WINDIR", "COMSPEC", "PATHEXT", "NUMBER_OF_PROCESSORS")
_OPTIONS = (
    "--json",
    "--metrics=off",
    "--disable-version-check",
    "--disable-nosem",
    "--no-rewrite-rule-ids",
    "--no-git-ignore",
    "--max-target-bytes=0",
    "--timeout=10",
    "--timeout-threshold=3",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a run ended: its exit code (negative for a signal), what it wrote, and whether it was stopped for taking too long."""

    code: int
    output: str
    errors: str
    stopped: bool = False


def find_semgrep() -> Path | None:
    """The semgrep beside this Python (an environment need not be on PATH), else the one on PATH."""
    beside = shutil.which("semgrep", path=str(Path(sys.executable).parent))
    found = beside or shutil.which("semgrep")
    return Path(found).absolute() if found else None


class Process:
    """One run over a closed set of files.

    The folder holds an empty `.git`, which makes it a project root (semgrep looks for one upwards and would obey what it finds there), and an
    empty `.semgrepignore`, which replaces the built-in list that hides tests, builds and vendored code
    (https://semgrep.dev/docs/ignoring-files-folders-code). HOME and every place semgrep writes to lie in it as well. No variable of the
    caller goes in but those programs are found by.
    """

    def __init__(self, semgrep: Path, config: str, files: Mapping[str, str], *, experimental: bool, jobs: int | None) -> None:
        self._folder = TemporaryDirectory(prefix="gotcha-audit-", ignore_cleanup_errors=True)
        self._process: subprocess.Popen[bytes] | None = None
        self._ended = False
        self.started = time.monotonic()
        try:
            self._start(semgrep, config, files, experimental=experimental, jobs=jobs)
        except BaseException:
            self.kill()
            raise

    def _start(self, semgrep: Path, config: str, files: Mapping[str, str], *, experimental: bool, jobs: int | None) -> None:
        root = Path(self._folder.name)
        scan, home = root / "scan", root / "home"
        (scan / ".git").mkdir(parents=True)
        home.mkdir()
        (scan / ".semgrepignore").touch()
        (root / "rules.json").write_text(config, encoding="utf-8")
        for name, text in files.items():
            (scan / name).write_text(text, encoding="utf-8", errors="replace", newline="\n")
        options = [*(["--experimental"] if experimental else []), "--config", str(root / "rules.json"), *_OPTIONS]
        options += [f"--jobs={jobs}"] if jobs is not None else []
        command = [str(semgrep), "scan", *options, "."]
        with (root / "output").open("wb") as output, (root / "errors").open("wb") as errors:
            self._process = subprocess.Popen(
                command,
                cwd=scan,
                env=_environment(home),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                start_new_session=True,
            )

    def wait(self, seconds: float) -> Ended:
        """Waits for the end, at most until `seconds` after the start, and removes the folder. To be called once."""
        assert self._process is not None
        root = Path(self._folder.name)
        stopped = False
        try:
            try:
                self._process.wait(max(0.0, self.started + seconds - time.monotonic()))
            except subprocess.TimeoutExpired:
                stopped = True
            self._end()
            return Ended(code=self._process.returncode, output=_read(root / "output"), errors=_read(root / "errors"), stopped=stopped)
        finally:
            self.kill()

    def kill(self) -> None:
        """Ends the process and all it started, and removes the folder. May be called any number of times."""
        try:
            self._end()
        finally:
            self._folder.cleanup()

    def _end(self) -> None:
        """Kills the whole group, also after the leader is gone: a child that outlived it would write into a folder that is being removed."""
        if self._process is None or self._ended:
            return
        self._ended = True
        if hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        else:
            self._process.kill()
        self._process.wait()


def _environment(home: Path) -> dict[str, str]:
    return {name: os.environ[name] for name in _INHERITED if name in os.environ} | {
        "HOME": str(home),
        "USERPROFILE": str(home),
        "TMPDIR": str(home),
        "TEMP": str(home),
        "TMP": str(home),
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_DATA_HOME": str(home / "data"),
        "XDG_STATE_HOME": str(home / "state"),
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "PYTHONUTF8": "1",
        "NO_COLOR": "1",
        "GIT_CEILING_DIRECTORIES": str(home.parent),
        "GIT_CONFIG_NOSYSTEM": "1",
        "SEMGREP_ENABLE_VERSION_CHECK": "0",
        "SEMGREP_SEND_METRICS": "off",
        "SEMGREP_SETTINGS_FILE": str(home / "settings.yml"),
        "SEMGREP_LOG_FILE": str(home / "semgrep.log"),
        "SEMGREP_VERSION_CACHE_PATH": str(home / "version"),
    }


def _read(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "replace")
