"""A tree that means harm, or was put together carelessly, costs neither the scan nor the truth."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import time
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.errors import UsageError
from auditor.project import discovery
from auditor.project import git as git_module
from auditor.project.config import Config
from auditor.project.discovery import unopened
from auditor.project.project import Project, Unreadable, open_project
from auditor.project.text import decode

P = PurePosixPath


def tree(root: Path, files: dict[str, str | bytes], **config: object) -> Project:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return open_project(root, config=Config(**config))  # type: ignore[arg-type]


def names(project: Project) -> list[str]:
    return [str(file.path) for file in project.files]


def git(root: Path, *arguments: str) -> None:
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    command = ["git", "-C", str(root), "-c", "user.name=t", "-c", "user.email=t@example.com", *arguments]
    subprocess.run(command, check=True, capture_output=True, env=environment)


def test_a_repository_inside_another_is_part_of_the_tree(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    tree(tmp_path, {"app.py": "x = 1\n", "web/src/App.jsx": "1\n", "web/.gitignore": "local.js\n", "web/local.js": "1\n"})
    git(tmp_path / "web", "init", "-q")
    expected = ["app.py", "web/src/App.jsx"]
    assert names(open_project(tmp_path, config=Config())) == expected, "nobody added it yet"
    git(tmp_path / "web", "add", ".")
    git(tmp_path / "web", "commit", "-qm", "x")
    git(tmp_path, "add", ".")
    assert names(open_project(tmp_path, config=Config())) == expected, "git holds it as a link"


def test_a_repository_inside_installed_packages_is_not(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    project = tree(tmp_path, {"app.py": "x = 1\n", "node_modules/lib/index.js": "1\n"})
    git(tmp_path / "node_modules/lib", "init", "-q")
    assert names(open_project(tmp_path, config=Config())) == names(project) == ["app.py"]


def test_without_git_and_when_git_hangs_the_tree_is_walked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / ".git/info/exclude").write_text("private.py\n", encoding="utf-8")
    tree(tmp_path, {"app.py": "x = 1\n", "private.py": "x = 1\n"})

    def hangs(*_: object, **__: object) -> None:
        raise subprocess.TimeoutExpired("git", 1)

    monkeypatch.setattr(git_module.subprocess, "run", hangs)
    assert names(open_project(tmp_path, config=Config())) == ["app.py"]
    monkeypatch.setattr(git_module.shutil, "which", lambda _: None)
    assert names(open_project(tmp_path, config=Config())) == ["app.py"]


def test_a_git_of_the_tree_itself_is_not_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(tmp_path, "init", "-q")
    witness = tmp_path.parent / f"{tmp_path.name}-ran"
    tree(tmp_path, {"app.py": "x = 1\n", "git": f"#!/bin/sh\ntouch {witness}\n"})
    (tmp_path / "git").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", ".")
    assert names(open_project(Path(), config=Config())) == ["app.py"]
    assert not witness.exists()


def test_what_git_could_not_open_is_told() -> None:
    said = "warning: could not open directory 'a/b/': Permission denied\nwarning: something else\n"
    assert unopened(said) == [("a/b", "Permission denied")]


def test_a_folder_that_cannot_be_listed_is_told_and_the_rest_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree(tmp_path, {"app.py": "x = 1\n", "closed/b.py": "x = 1\n"})
    real = os.scandir

    def guarded(path: str) -> object:
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(discovery.os, "scandir", guarded)
    project = open_project(tmp_path, config=Config())
    assert names(project) == ["app.py"]
    assert project.troubles == ((P("closed"), "cannot be listed: Permission denied"),)


def test_ignore_files_that_are_pipes_huge_or_malicious_hold_nothing_up(tmp_path: Path) -> None:
    files = {"a" * 200 + ".py": "x = 1\n", "sub/b.py": "x = 1\n", ".gitignore": "*a" * 60 + "*b\n"}
    tree(tmp_path, files)
    os.mkfifo(tmp_path / "sub/.gitignore")
    started = time.perf_counter()
    project = open_project(tmp_path, config=Config(exclude=("*a" * 60 + "*c", "!", "\\", "[")))
    assert names(project) == sorted(name for name in files if name.endswith(".py"))
    assert time.perf_counter() - started < 2


def test_names_of_any_bytes_are_taken_as_they_are(tmp_path: Path) -> None:
    wanted = [b"line\nbreak.py", b"esc\x1b[31m.py", b"caf\xe9.py"]
    for name in wanted:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_bytes(b"x = 1\n")
    walked = open_project(tmp_path, config=Config())
    git(tmp_path, "init", "-q")
    listed = open_project(tmp_path, config=Config())
    assert sorted(os.fsencode(str(file.path)) for file in walked.files) == sorted(wanted)
    assert names(listed) == names(walked)
    assert all(listed.text(file.path) == "x = 1\n" for file in listed.files)


def test_links_in_circles_count_as_broken_and_links_to_folders_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "self.py").symlink_to("self.py")
    (tmp_path / "up").symlink_to("..")
    project = tree(tmp_path, {"app.py": "x = 1\n"})
    assert names(project) == ["app.py"]
    assert project.skipped == {"broken link": 1, "link to a folder": 1}


def test_nothing_outside_exists(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.txt").write_text("x", encoding="utf-8")
    root = tmp_path / "root"
    project = tree(root, {"app.py": "x = 1\n", "sub/b.py": "x = 1\n"})
    (root / "away").symlink_to(outside)
    (root / "here").symlink_to("sub")
    assert not project.exists(P("away"))
    assert not project.exists(P("away/secret.txt"))
    assert project.exists(P("here/b.py"))
    assert not project.exists(P("sub\0/b.py"))
    assert not project.exists(P("x" * 5000))
    for path in ("away/secret.txt", "a\0b", "/etc/passwd", "sub"):
        with pytest.raises(Unreadable):
            project.data(P(path))


def test_a_named_file_is_examined_whatever_it_is_unless_excluded(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "app.py": "x = 1\n",
        "lib/a.min.js": "1\n",
        "local.py": "x = 1\n",
        ".gitignore": "local.py\n",
        "big.py": "x = 1\n" * 20,
        "legacy/old.py": "x = 1\n",
        "logo.png": b"\x89PNG",
    }
    tree(tmp_path, files)
    paths = tuple(tmp_path / name for name in ("lib/a.min.js", "local.py", "big.py", "legacy/old.py", "logo.png"))
    project = open_project(tmp_path, config=Config(exclude=("legacy/",), max_file_size=100), paths=paths)
    assert names(project) == ["big.py", "lib/a.min.js", "local.py"]
    assert project.skipped == {"excluded by configuration": 1, "no language that is looked at": 1}
    with pytest.raises(Unreadable, match="larger than 100 bytes"):
        project.data(P("big.py"))


def test_only_what_was_asked_for_is_counted(tmp_path: Path) -> None:
    tree(tmp_path, {"app.py": "x = 1\n", "web/a.js": "1\n", "web/a.min.js": "1\n", "other/b.min.js": "1\n", "logo.png": b"\x89PNG"})
    project = open_project(tmp_path, config=Config(), paths=(tmp_path / "web",))
    assert names(project) == ["web/a.js"]
    assert project.skipped == {"minified or bundled": 1}


def test_a_named_link_out_of_the_tree_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "root"
    tree(root, {"app.py": "x = 1\n"})
    (tmp_path / "outside.py").write_text("x = 1\n", encoding="utf-8")
    (root / "link.py").symlink_to(tmp_path / "outside.py")
    (root / "circle.py").symlink_to("circle.py")
    for name in ("link.py", "../outside.py"):
        with pytest.raises(UsageError, match="lies outside"):
            open_project(root, config=Config(), paths=(root / name,))
    with pytest.raises(UsageError, match=r"circle\.py"):
        open_project(root, config=Config(), paths=(root / "circle.py",))


def test_huge_manifests_are_read_in_one_go(tmp_path: Path) -> None:
    lines = "".join(f'"zz{number}",\n' for number in range(20_000))
    project = tree(
        tmp_path,
        {
            "package.json": json.dumps({"dependencies": {f"a{number}": "1" for number in range(20_000)}}, indent=0),
            "pyproject.toml": f"[project]\ndependencies=[\n{lines}]\n",
        },
    )
    started = time.perf_counter()
    found = {package.name: package.evidence.line for package in project.stack}
    assert (found["a19999"], found["zz19999"]) == (20_002, 20_002)
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize("text", ["-" * 100_000 + "1", "(" * 5_000, "1+" * 40_000 + "1", "\0", "install_requires = ["])
def test_a_setup_script_that_cannot_be_parsed_declares_nothing(tmp_path: Path, text: str) -> None:
    assert [package.name for package in tree(tmp_path, {"setup.py": text}).stack] == ["python"]


def test_a_manifest_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    project = tree(
        tmp_path, {"web/package.json": '{"a": 1,\n}', "pyproject.toml": "[project\n", "tests/package.json": "{", "api/package.json": "[" * 90_000}
    )
    troubles = {str(path): why for path, why in project.troubles}
    assert troubles.keys() == {"web/package.json", "pyproject.toml", "api/package.json"}
    assert troubles["web/package.json"].startswith("is no valid JSON (line 2)")


def test_a_worker_is_not_sent_what_was_read(tmp_path: Path) -> None:
    project = tree(tmp_path, {"app.py": "x = 1\n" * 5_000})
    before = len(pickle.dumps(project))
    assert project.text(P("app.py"))
    assert project.stack
    assert len(pickle.dumps(project)) < before + 2_000
    assert pickle.loads(pickle.dumps(project)).stack == project.stack


def text_or_reason(data: bytes, language: str) -> str:
    try:
        return decode(data, language)
    except Unreadable as error:
        return error.reason


@given(st.binary(max_size=200), st.sampled_from(["python", "javascript", "html", "yaml"]))
def test_any_bytes_are_text_or_say_why_not(data: bytes, language: str) -> None:
    said = text_or_reason(data, language)
    assert not set("\r\0") & set(said)
    said.encode("utf-8")


@given(
    st.sampled_from(["latin-1", "utf-16", "utf-7", "rot13", "hex", "punycode", "idna", "undefined", "unicode_escape", "mbcs", "no.such"]),
    st.binary(max_size=80),
)
def test_any_coding_line_is_obeyed_or_refused(name: str, rest: bytes) -> None:
    text_or_reason(f"# coding: {name}\n".encode() + rest, "python").encode("utf-8")


@pytest.mark.parametrize(
    ("data", "language", "text"),
    [
        ("a = 'é'\n".encode("utf-16"), "javascript", "a = 'é'\n"),
        (b"\xff\xfe\x00\x00" + "a\r\nb".encode("utf-32-le"), "yaml", "a\nb"),
        (b"caf\xe9", "javascript", "café"),
        (
            b"#!/usr/bin/env python\n# vim: set fileencoding=cp1252 :\ns='\x80'\n",
            "python",
            "#!/usr/bin/env python\n# vim: set fileencoding=cp1252 :\ns='€'\n",
        ),
        (b"x = 1\n\n# coding: latin-1\n", "python", "x = 1\n\n# coding: latin-1\n"),
    ],
)
def test_bytes_become_the_text_they_stand_for(data: bytes, language: str, text: str) -> None:
    assert decode(data, language) == text


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\xef\xbb\xbfx = 1\0\n", "holds NUL bytes"),
        (b"# coding: utf-16\nx = 1\n", "'utf-16' on line 1, in which no coding line can be written"),
        (b"x = 1\n\n\ns = '\xe9'\n", "is not UTF-8 (line 4)"),
        (b"x" * 1_000_001, "a line of more than 1,000,000 characters"),
    ],
)
def test_python_that_the_interpreter_refuses_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(Unreadable) as caught:
        decode(data, "python")
    assert reason in caught.value.reason
