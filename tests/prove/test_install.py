"""What is installed is made once, whole or not at all, and failures are told in the installer's words."""

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from auditor.catalogue import cache_directory
from auditor.errors import GotchaAuditError
from auditor.prove import install as installer
from auditor.prove.bases import base, lay_out
from auditor.prove.install import install


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "gotcha-audit" / "bases"


def test_made_once_by_many(store: Path) -> None:
    made: list[Path] = []

    def make(folder: Path) -> None:
        made.append(folder)
        (folder / "half").touch()
        time.sleep(0.1)
        (folder / "whole").touch()

    def use(_: int) -> bool:
        return (installer._once("thing", make) / "whole").exists()

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(use, range(8)))
    assert made == [store / "thing"]


def test_what_was_broken_off_is_made_anew(store: Path) -> None:
    (store / "thing").mkdir(parents=True)
    (store / "thing" / "half").touch()
    folder = installer._once("thing", lambda folder: (folder / "whole").touch())
    assert sorted(path.name for path in folder.iterdir()) == [".complete", "whole"]


def test_what_failed_is_tried_again(store: Path) -> None:
    def fail(folder: Path) -> None:
        raise GotchaAuditError(str(folder))

    with pytest.raises(GotchaAuditError):
        installer._once("thing", fail)
    assert installer._once("thing", lambda folder: (folder / "whole").touch()) == store / "thing"


@pytest.mark.usefixtures("store")
def test_installer_says_why(tmp_path: Path) -> None:
    root = tmp_path / "app"
    root.mkdir()
    (root / "requirements.txt").write_text("./gone-1.0-py3-none-any.whl\n")
    with pytest.raises(GotchaAuditError, match=r"`uv pip install` ended with \d+:\n(.|\n)*gone-1.0") as caught:
        install(root)
    assert len(str(caught.value).splitlines()) <= 21
    assert not (root / ".venv").exists()


@pytest.mark.usefixtures("store")
def test_cache_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(GotchaAuditError, match="could not be written"):
        installer._once("thing", lambda _: None)


@pytest.mark.parametrize(("file", "tool", "hint"), [("requirements.txt", "uv", r"gotcha-audit\[prove\]"), ("package-lock.json", "npm", "Node.js")])
@pytest.mark.usefixtures("store")
def test_missing_tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, tool: str, hint: str) -> None:
    monkeypatch.setitem(sys.modules, "uv", None)
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    (tmp_path / file).write_text("")
    with pytest.raises(GotchaAuditError, match=rf"^{tool} is needed .*{hint}"):
        install(tmp_path)


@pytest.mark.real
def test_front_end_is_built_from_its_sources_and_newer(tmp_path: Path) -> None:
    root = lay_out(base("flask"), tmp_path / "flask")
    app = root / "frontend" / "src" / "App.jsx"
    os.utime(app, (0, 0))
    first = _scripts(install(root).root)
    assert "since 1998" in first
    assert (root / "frontend" / "dist" / "index.html").stat().st_mtime > app.stat().st_mtime
    (root / "frontend" / "dist" / "stale.js").touch()
    app.write_text(app.read_text("utf-8").replace("1998", "2025"))
    second = install(root)
    assert second.built == (Path("frontend/dist"),)
    assert _scripts(root) == first.replace("since 1998", "since 2025")
    assert not (root / "frontend" / "dist" / "stale.js").exists()
    assert (root / ".venv" / "bin" / "python").resolve() == Path(sys.executable).resolve()
    assert (root / ".venv").readlink().is_relative_to(cache_directory())


def _scripts(root: Path) -> str:
    return "".join(path.read_text("utf-8") for path in sorted((root / "frontend" / "dist").rglob("*.js")))


def test_packages_that_are_emptied_stay_in_the_cache(tmp_path: Path) -> None:
    (tmp_path / "cache" / "express").mkdir(parents=True)
    for _ in range(2):
        installer._link_each(tmp_path / "node_modules", tmp_path / "cache")
    for entry in (tmp_path / "node_modules").iterdir():  # as npm ci does
        entry.unlink()
    assert (tmp_path / "cache" / "express").is_dir()
