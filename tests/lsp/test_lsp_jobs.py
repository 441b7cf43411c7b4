"""What one job finds, and what it makes of the texts that are open."""

import os
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_client import CHECK, FAILING, WORKING

from auditor.cli import main
from auditor.lsp.folders import below, path_of, root_of
from auditor.lsp.jobs import Job, _unsaved, encoded, examine, is_foreign
from auditor.lsp.positions import lines_of
from auditor.model import Outcome
from auditor.project.config import Config
from auditor.project.text import decode

WEB = PurePosixPath("web.py")
TEXTS = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0")) | st.sampled_from(
    ["# coding: latin-1\nx = 'é'\n", "# -*- coding: utf-7 -*-\n+AGE-", "# coding: nonsense\n", "\ufeffx = 'é'\r\n", "x\r\ny\rz"]
)


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = tmp_path.resolve() / "project"
    root.mkdir()
    (root / "requirements.txt").write_text("flask\nflask-cors\n")
    (root / "web.py").write_text(WORKING)
    return root


def found(root, text, name="web.py"):
    return examine(Job(root=root, files=(PurePosixPath(name),), texts={PurePosixPath(name): text}))


def test_the_text_of_the_editor_is_examined(root):
    answer = found(root, FAILING)
    assert [(one.check, one.outcome, str(one.place)) for one in answer.results] == [(CHECK, Outcome.FAIL, "web.py:5:1")]
    assert set(answer.entries) == {CHECK}
    assert answer.lines == {WEB: {5: "CORS(app)"}}
    assert found(root, WORKING).results == ()


def test_a_silenced_site_is_not_shown(root):
    assert found(root, FAILING.replace("CORS(app)", f"CORS(app)  # gotcha: ignore[{CHECK}] -- public")).results == ()


def test_a_comment_without_a_reason_is_shown(root):
    answer = found(root, FAILING.replace("CORS(app)", f"CORS(app)  # gotcha: ignore[{CHECK}] -- "))
    assert {one.check for one in answer.results} == {CHECK, "scan/suppression-without-reason"}


@pytest.mark.parametrize(("show", "expected"), [("", set()), ('show = ["fail", "review"]\n', {Outcome.REVIEW})])
def test_sites_under_review_are_shown_where_the_configuration_does(root, show, expected):
    (root / "gotcha-audit.toml").write_text(show)
    text = FAILING.replace("CORS(app)", "CORS(app, origins=load_origins())").replace("\n\n", "\nfrom elsewhere import load_origins\n\n", 1)
    assert {one.outcome for one in found(root, text).results} == expected


def test_what_cannot_be_parsed_is_never_clean(root):
    assert {one.outcome for one in found(root, "def (:\n").results} == {Outcome.ERROR}


@pytest.mark.parametrize(
    ("settings", "words"),
    [("shows = []\n", "`shows` is not known"), ('select = ["flask/nothing"]\n', "no gotcha is called"), ("show = [\n", "not valid TOML")],
)
def test_a_configuration_that_cannot_be_obeyed_is_a_problem(root, settings, words):
    (root / "gotcha-audit.toml").write_text(settings)
    answer = found(root, FAILING)
    assert words in answer.problem
    assert answer.results == ()


def test_the_configuration_is_read_each_time(root):
    assert found(root, FAILING).results
    (root / "gotcha-audit.toml").write_text(f'ignore = ["{CHECK}"]\n')
    assert found(root, FAILING).results == ()


@pytest.mark.parametrize("name", [".venv/lib/python3.11/site-packages/flask/app.py", "node_modules/x/index.js", "static/jquery.min.js"])
def test_other_peoples_files_are_not_examined(root, name):
    assert is_foreign(PurePosixPath(name))
    assert found(root, FAILING, name).results == ()


def test_a_trail_has_the_lines_of_its_files(root):
    for name, text in {
        "app/settings.py": 'É = "😀"; DIST = "dist"\n',
        "app/web.py": "from flask import Flask, send_from_directory\nfrom settings import DIST\n\napp = Flask(__name__)\n\n\n"
        '@app.get("/")\ndef page():\n    return send_from_directory(DIST, "index.html")\n',
        "dist/index.html": "<p>shop</p>\n",
    }.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text)
    answer = found(root, (root / "app/web.py").read_text(), "app/web.py")
    (result,) = [one for one in answer.results if one.check == "flask/relative-send-directory"]
    trail = [str(place.path) for place in result.related]
    assert "app/settings.py" in trail
    assert answer.lines[PurePosixPath("app/settings.py")] == {1: 'É = "😀"; DIST = "dist"'}
    assert PurePosixPath("dist") not in answer.lines  # a folder has no lines


# -- texts -------------------------------------------------------------------------------------------------------------------------


@given(TEXTS, st.sampled_from(["a.py", "a.js", ".env", "nginx.conf"]))
def test_the_bytes_are_read_as_the_text(text, name):
    path = PurePosixPath(name)
    language = {"a.py": "python", "a.js": "javascript"}.get(name)
    assert decode(encoded(text, path), language).split("\n") == lines_of(text.removeprefix("\ufeff"))


def test_half_a_character_costs_nothing_but_itself():
    assert encoded("x = '\ud83d'", WEB) == b"x = '?'"


def test_a_text_that_is_saved_is_none_of_its_own(root):
    (root / "crlf.py").write_bytes(b"x = 1\r\n")
    texts = {WEB: WORKING, PurePosixPath("crlf.py"): "x = 1\r\n", PurePosixPath("new.py"): "", PurePosixPath("other.py"): "y"}
    (root / "other.py").write_text("x")
    held = dict(_unsaved(Job(root=root, files=(WEB,), texts=texts), Config()))
    assert held == {PurePosixPath("new.py"): b"", PurePosixPath("other.py"): b"y"}


# -- folders -----------------------------------------------------------------------------------------------------------------------


def test_the_innermost_open_folder_is_the_root(tmp_path):
    assert root_of(tmp_path / "shop" / "api" / "web.py", [tmp_path, tmp_path / "shop", tmp_path / "sho"]) == tmp_path / "shop"


def test_outside_the_open_folders_a_mark_of_a_project_tells(tmp_path):
    (tmp_path / "shop" / "api").mkdir(parents=True)
    (tmp_path / "shop" / "pyproject.toml").touch()
    assert root_of(tmp_path / "shop" / "api" / "web.py", []) == tmp_path / "shop"


def test_a_file_of_no_project_has_no_root(tmp_path):
    marked = [folder for folder in tmp_path.parents if (folder / ".git").exists() or (folder / "package.json").exists()]
    assert root_of(tmp_path / "web.py", []) == (marked[0] if marked else None)


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///a%20b/c%23d/%F0%9F%98%80.py", "/a b/c#d/😀.py"),
        ("file://localhost/a.py", "/a.py"),
        ("file:///a;b?c.py", "/a;b"),
        ("file:///a/%FF.py", os.fsdecode(b"/a/\xff.py")),
        ("untitled:Untitled-1", None),
        ("vscode-notebook-cell:/a.ipynb#x", None),
        ("file://server/share/a.py", None),
        ("file:///a%00b", None),
        ("git:/a.py?x", None),
    ],
)
def test_the_path_of_a_document(uri, path):
    assert path_of(uri) == (None if path is None else Path(path))


def test_a_path_below_its_root_has_forward_slashes(tmp_path):
    assert below(tmp_path / "a" / "b.py", tmp_path) == PurePosixPath("a/b.py")


def test_what_the_baseline_holds_is_not_shown(root, monkeypatch):
    (root / "web.py").write_text(FAILING)
    (root / "gotcha-audit.toml").write_text('baseline = "known.json"\n')
    monkeypatch.chdir(root)
    assert main(["baseline", "create"]) == 0
    assert found(root, FAILING + "# typed\n").results == ()
    assert len(found(root, FAILING + "CORS(app)\n").results) == 1
    (root / "known.json").write_text("[]")
    assert "known.json:1: this is no baseline" in found(root, FAILING).problem
