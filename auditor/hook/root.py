"""Where the project of an event begins."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from auditor.project.config import FILES

_MOST = 60


def roots(folders: tuple[str, ...]) -> Iterator[Path]:
    """The project each folder belongs to, each once: the nearest folder upwards with a configuration of ours or with ``.git``.

    Without either it is the folder itself, unless that is the file system's or the user's own: nobody means to have those looked through.
    """
    seen: set[Path] = set()
    for name in folders:
        try:
            folder = Path(name)
            if not folder.is_absolute() or not folder.is_dir():
                continue
            found = _root(folder.resolve())
        except (OSError, ValueError, RuntimeError):
            continue
        if found is not None and found not in seen:
            seen.add(found)
            yield found


def _root(folder: Path) -> Path | None:
    for candidate in (folder, *folder.parents)[:_MOST]:
        if (candidate / ".git").exists() or any((candidate / name).is_file() for name in FILES) or _configures(candidate / "pyproject.toml"):
            return candidate
    return None if folder in (Path(folder.anchor), _home()) else folder


def _configures(path: Path) -> bool:
    try:
        return path.is_file() and b"[tool.gotcha-audit" in path.read_bytes()[:1_000_000]
    except OSError:
        return False


def _home() -> Path | None:
    try:
        return Path.home().resolve()
    except (OSError, RuntimeError):
        return None


def inside(path: str, folders: tuple[str, ...]) -> Path | None:
    """``path`` as an absolute one, relative to the first folder if it is not; links are followed. None for what is no path."""
    if "\0" in path or len(path) > 4096:
        return None
    try:
        base = Path(folders[0]) if folders else Path("/")
        return (base / path).resolve()
    except (OSError, ValueError, RuntimeError):
        return None
