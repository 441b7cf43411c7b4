"""What a laid-out application needs: its pinned packages and its built front end, made once on this machine and kept.

Everything is kept below the user's cache directory under a digest of what it is made from. Whoever comes first makes it while holding a lock, in its
final place, since a virtual environment cannot be moved; a marker that is written last says that it is whole.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from auditor.catalogue import cache_directory
from auditor.errors import GotchaAuditError, MissingToolError

REQUIREMENTS = "requirements.txt"
NODE_LOCK = "package-lock.json"
NOT_SOURCES = frozenset({".git", ".gunicorn", ".venv", "__pycache__", "node_modules", "dist", "staticfiles", "run"})
"""Folders that are made: by installers, builds and the running application."""

_MADE = frozenset({".db", ".pyc", ".sqlite3"})

_SECONDS = 600
_LAST_LINES = 20
_COMPLETE = ".complete"
_FINDING = threading.Lock()
"""What sysconfig tells the first thread that asks is not whole for a second one that asks meanwhile."""

_FOREIGN = ("NODE_ENV", "NODE_OPTIONS", "NODE_PATH", "PORT", "PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "npm_config_omit", "npm_config_production")
"""Variables of the caller that would change what is installed or built."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """What ``install`` put into a tree. ``programs``: folders of programs; ``built``: outputs of builds, relative to the root."""

    root: Path
    programs: tuple[Path, ...]
    built: tuple[Path, ...]

    @property
    def environment(self) -> Mapping[str, str]:
        """PATH, with the installed programs first."""
        return {"PATH": os.pathsep.join([*map(str, self.programs), os.environ.get("PATH", os.defpath)])}


def install(root: Path) -> Installed:
    """Give the application in ``root`` its packages, and build its front end.

    Python: `requirements.txt` becomes `.venv`. Node: each folder with a `package-lock.json` gets `node_modules`, and what its `build` writes to
    `dist`. Packages are linked and must not be written to; the output of a build is a copy. Raises GotchaAuditError when a tool is missing or fails.
    """
    programs: list[Path] = []
    built: list[Path] = []
    if (root / REQUIREMENTS).is_file():
        environment = _python(root / REQUIREMENTS)
        _link(root / ".venv", environment)
        programs.append(root / ".venv" / "bin")
    for lock in sorted((*root.glob(NODE_LOCK), *root.glob(f"*/{NODE_LOCK}"))):
        folder = lock.parent
        packages = _node(lock)
        _link_each(folder / "node_modules", packages)
        programs.append(folder / "node_modules" / ".bin")
        if '"build"' in (folder / "package.json").read_text("utf-8"):
            _replace(folder / "dist", _build(folder, packages))
            built.append((folder / "dist").relative_to(root))
    return Installed(root=root, programs=tuple(programs), built=tuple(built))


def files(root: Path) -> Iterator[Path]:
    """The source files below a folder, in a settled order."""
    for path in sorted(root.iterdir()):
        if path.name in NOT_SOURCES or path.suffix in _MADE:
            continue
        if path.is_dir() and not path.is_symlink():
            yield from files(path)
        else:
            yield path


def _python(requirements: Path) -> Path:
    uv = _uv()
    key = _digest(_version(uv, "--version"), platform.python_version(), platform.platform(), requirements.read_bytes())

    def make(folder: Path) -> None:
        _run([uv, "venv", "--quiet", "--no-project", "--python", sys.executable, str(folder / "venv")], folder)
        _run([uv, "pip", "install", "--quiet", "--no-config", "--python", str(folder / "venv"), "-r", str(requirements)], folder)

    return _once(f"python-{key}", make) / "venv"


def _node(lock: Path) -> Path:
    npm = _npm()
    manifest = lock.with_name("package.json")
    key = _digest(_version(npm, "--version"), _version("node", "--version"), platform.platform(), lock.read_bytes(), manifest.read_bytes())

    def make(folder: Path) -> None:
        for source in (lock, manifest):
            shutil.copyfile(source, folder / source.name)
        _run([npm, "ci", "--ignore-scripts", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"], folder)

    return _once(f"node-{key}", make) / "node_modules"


def _build(source: Path, packages: Path) -> Path:
    npm = _npm()
    key = _digest(packages.parent.name, *(part for path in files(source) for part in (str(path.relative_to(source)), path.read_bytes())))

    def make(folder: Path) -> None:
        for path in files(source):
            target = folder / path.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        (folder / "node_modules").symlink_to(packages)
        _run([npm, "run", "--silent", "build"], folder)
        if not (folder / "dist").is_dir():
            raise GotchaAuditError(f"the build of {source.name} ended well, and there is no dist")

    return _once(f"build-{key}", make) / "dist"


def _once(name: str, make: Callable[[Path], None]) -> Path:
    """The folder ``name`` of the cache, made by ``make`` unless it is whole already."""
    store = cache_directory() / "bases"
    folder = store / name
    if (folder / _COMPLETE).exists():
        return folder
    try:
        store.mkdir(parents=True, exist_ok=True)
        with _locked(store / f"{name}.lock"):
            if not (folder / _COMPLETE).exists():
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                make(folder)
                (folder / _COMPLETE).touch()
    except OSError as error:
        raise GotchaAuditError(f"{folder} could not be written: {error.strerror or error}") from error
    return folder


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock that ends with the process that holds it, however it ends."""
    import fcntl  # noqa: PLC0415 - POSIX only, as are the servers that are proved here

    with path.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def _run(words: Iterable[str], folder: Path) -> None:
    words = tuple(words)
    shown = " ".join((Path(words[0]).name, *words[1:3]))
    environment = {name: value for name, value in os.environ.items() if name not in _FOREIGN} | {"UV_PYTHON_DOWNLOADS": "never", "CI": "true"}
    try:
        done = subprocess.run(words, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise GotchaAuditError(f"`{shown}` did not end within {_SECONDS} s") from error
    if done.returncode:
        said = (done.stdout + b"\n" + done.stderr).decode("utf-8", "replace").splitlines()
        last = "\n".join(f"  {line}" for line in [line for line in said if line.strip()][-_LAST_LINES:])
        raise GotchaAuditError(f"`{shown}` ended with {done.returncode}:\n{last}")


def _uv() -> str:
    """The program of the package uv, or the one on PATH."""
    try:
        from uv import find_uv_bin  # noqa: PLC0415 - an optional dependency

        with _FINDING:
            return find_uv_bin()
    except (ImportError, FileNotFoundError):
        return _tool("uv", "`pip install 'gotcha-audit[prove]'` brings it")


def _npm() -> str:
    return _tool("npm", "it comes with Node.js 20.19 or newer")


def _tool(name: str, hint: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise MissingToolError(f"{name} is needed to install what the examples run on, and it is not on PATH; {hint}")
    return found


@cache
def _version(program: str, *arguments: str) -> str:
    try:
        return subprocess.run([program, *arguments], capture_output=True, text=True, timeout=60, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError) as error:
        raise GotchaAuditError(f"{program} could not be run: {error}") from error


def _digest(*parts: str | bytes) -> str:
    """One name for several texts, whatever is at their borders."""
    whole = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        whole.update(len(data).to_bytes(8, "big"))
        whole.update(data)
    return whole.hexdigest()[:24]


def _link(place: Path, target: Path) -> None:
    if place.is_symlink():
        place.unlink()
    place.symlink_to(target)


def _link_each(place: Path, target: Path) -> None:
    """A folder of links: `npm ci`, which empties node_modules first, takes away the links and not what others run on."""
    if place.is_symlink():
        place.unlink()
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    for entry in target.iterdir():
        if entry.name != ".package-lock.json":
            (place / entry.name).symlink_to(entry)


def _replace(place: Path, source: Path) -> None:
    """Copy with the time of now: the output is newer than the sources that were laid out."""
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(source, place, copy_function=shutil.copyfile)
