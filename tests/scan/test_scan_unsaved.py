"""Text that is not saved stands for the file on disk, in every engine, fact and check."""

import io
import sys
from pathlib import PurePosixPath

import pytest

from auditor.catalogue import cache_directory
from auditor.cli import main
from auditor.errors import UsageError
from auditor.model import Outcome
from auditor.project.config import Config
from auditor.project.project import Unreadable, open_project
from auditor.scan import ScanOptions, scan

FAILING = "from flask import Flask\nfrom flask_cors import CORS\n\napp = Flask(__name__)\nCORS(app)\n"
WORKING = FAILING.replace("CORS(app)", 'CORS(app, origins=["https://shop.example"])')


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = tmp_path / "project"
    root.mkdir()
    (root / "requirements.txt").write_text("flask\nflask-cors\n")
    (root / "web.py").write_text(WORKING)
    return root


def opened(root, unsaved, **settings):
    texts = {PurePosixPath(name): text.encode() for name, text in unsaved.items()}
    return open_project(root, config=Config(**settings), unsaved=texts)


def failing(root, unsaved, *select, paths=(), **settings):
    texts = {PurePosixPath(name): text.encode() for name, text in unsaved.items()}
    options = ScanOptions(config=Config(**settings), paths=paths, select=select, jobs=1, unsaved=texts)
    return [(str(one.place), one.outcome) for one in scan(root, options).results if one.outcome in (Outcome.FAIL, Outcome.ERROR)]


def test_the_python_engine_reads_it(root):
    assert failing(root, {"web.py": FAILING}, "flask/cors-any-origin") == [("web.py:5:1", Outcome.FAIL)]
    (root / "web.py").write_text(FAILING)
    assert failing(root, {"web.py": WORKING}, "flask/cors-any-origin") == []


def test_a_file_that_is_not_there_yet_is_scanned(root):
    assert failing(root, {"api/web.py": FAILING}, "flask/cors-any-origin") == [("api/web.py:5:1", Outcome.FAIL)]
    assert not (root / "api").exists()


def test_a_file_that_is_not_there_yet_can_be_chosen(root):
    (root / "web.py").write_text(FAILING)
    chosen = (root / "api" / "web.py",)
    assert failing(root, {"api/web.py": FAILING}, "flask/cors-any-origin", paths=chosen) == [("api/web.py:5:1", Outcome.FAIL)]


def test_values_come_from_it(root):
    """The message is about a value that another file, not saved, gives."""
    for folder in ("app", "dist"):
        (root / folder).mkdir()
    (root / "dist" / "index.html").write_text("<p>shop</p>")
    (root / "app" / "web.py").write_text(
        "from flask import Flask, send_from_directory\nfrom settings import DIST\n\napp = Flask(__name__)\n\n\n"
        '@app.get("/")\ndef page():\n    return send_from_directory(DIST, "index.html")\n'
    )
    (root / "app" / "settings.py").write_text('from pathlib import Path\n\nDIST = Path(__file__).parent.parent / "dist"\n')
    assert failing(root, {}, "flask/relative-send-directory") == []
    chosen = (root / "app" / "web.py",)
    found = failing(root, {"app/settings.py": 'DIST = "dist"\n'}, "flask/relative-send-directory", paths=chosen)
    assert found == [("app/web.py:9:12", Outcome.FAIL)]


def test_facts_and_checks_read_it(root):
    (root / "app.py").write_text('import os\nSIZE = os.environ["SHOP_SIZE"]\n')
    (root / ".env.example").write_text("OTHER=1\n")
    assert failing(root, {}, "project/env-undocumented") == [("app.py:2:8", Outcome.FAIL)]
    assert failing(root, {".env.example": "OTHER=1\nSHOP_SIZE=\n"}, "project/env-undocumented") == []


def test_the_stack_is_detected_from_it(root):
    (root / "requirements.txt").write_text("")
    (root / "web.py").write_text("x = 1\n")
    assert {package.name for package in opened(root, {}).stack} == {"python"}
    assert {package.name for package in opened(root, {"requirements.txt": "django==5.2\n"}).stack} == {"python", "django"}


@pytest.mark.semgrep
def test_semgrep_reads_it(root):
    (root / "package.json").write_text('{"dependencies": {"express": "^5.0.0"}}')
    (root / "server.js").write_text("const app = require('express')();\n")
    typed = "const express = require('express');\nconst app = express();\napp.set('trust proxy', true);\n"
    assert failing(root, {}, "express/trust-proxy-true") == []
    assert failing(root, {"server.js": typed}, "express/trust-proxy-true") == [("server.js:3:1", Outcome.FAIL)]


def test_text_searches_and_suppressions_read_it(root):
    silenced = FAILING.replace("CORS(app)", "CORS(app)  # gotcha: ignore[flask/cors-any-origin] -- public, read-only")
    options = ScanOptions(config=Config(), select=("flask/cors-any-origin",), jobs=1, unsaved={PurePosixPath("web.py"): silenced.encode()})
    (found,) = scan(root, options).results
    assert found.suppression is not None
    assert found.suppression.reason == "public, read-only"


def test_the_tree_is_the_one_that_was_examined(root):
    def tree(unsaved):
        return scan(root, ScanOptions(config=Config(), jobs=1, unsaved=unsaved)).runs[0].tree

    before = tree({})
    typed = tree({PurePosixPath("web.py"): FAILING.encode()})
    (root / "web.py").write_text(FAILING)
    assert before != typed == tree({})


def test_what_is_not_saved_is_not_kept(root):
    (root / "app.py").write_text('import os\nSIZE = os.environ["SHOP_SIZE"]\n')
    failing(root, {})
    (cache,) = cache_directory().glob("facts-*.json")
    kept = cache.read_bytes()
    failing(root, {"app.py": 'import os\nX = os.environ["NOT_SAVED"]\n', "new.py": 'import os\nX = os.environ["NOT_SAVED"]\n'})
    assert cache.read_bytes() == kept
    run = scan(root, ScanOptions(config=Config(), jobs=1)).runs[0]
    assert run.counts["files read for facts"] == 0


def test_what_was_saved_meanwhile_is_kept(root):
    (root / "app.py").write_text('import os\nSIZE = os.environ["SHOP_SIZE"]\n')
    failing(root, {"web.py": FAILING})
    (cache,) = cache_directory().glob("facts-*.json")
    assert "SHOP_SIZE" in cache.read_text()


def test_size_and_language_are_those_of_the_text(root):
    (root / "site.conf").write_text("# nothing\n")
    project = opened(root, {"site.conf": "server {\n  listen 80;\n}\n"})
    assert [(file.language, file.size) for file in project.files if file.path.name == "site.conf"] == [("nginx", 24)]


def test_text_over_the_size_is_left_out_as_a_file_is(root):
    project = opened(root, {"web.py": "#" * 2000}, max_file_size=1000)
    assert PurePosixPath("web.py") not in {file.path for file in project.files}
    assert project.skipped == {"larger than 1,000 bytes": 1}
    with pytest.raises(Unreadable, match=r"larger than 1,000 bytes"):
        project.data(PurePosixPath("web.py"))


def test_a_new_file_and_its_folder_exist(root):
    project = opened(root, {"api/v1/web.py": FAILING})
    assert project.exists(PurePosixPath("api/v1/web.py"))
    assert project.is_dir(PurePosixPath("api"))
    assert project.names(PurePosixPath("api")) == {"v1"}
    assert not project.exists(PurePosixPath("api/v2"))


def test_a_link_leads_to_it(root):
    (root / "link.py").symlink_to("web.py")
    assert opened(root, {"web.py": "x = 2\n"}).text(PurePosixPath("link.py")) == "x = 2\n"


@pytest.mark.parametrize("name", ["../out.py", "/etc/passwd", "away/x.py"])
def test_text_outside_the_root_is_refused(root, name):
    (root / "away").symlink_to(root.parent)
    with pytest.raises(UsageError, match="lies outside"):
        opened(root, {name: "x"})


# -- standard input ----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def type_in(monkeypatch):
    def put(text):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))

    return put


def test_standard_input_stands_for_a_file(root, monkeypatch, type_in, capsys):
    monkeypatch.chdir(root)
    type_in(FAILING)
    assert main(["scan", "--jobs", "1", "--stdin-filename", "web.py", "-"]) == 1
    assert capsys.readouterr().out.startswith("web.py:5:1  warning  flask/cors-any-origin\n")
    assert (root / "web.py").read_text() == WORKING


def test_standard_input_may_be_a_new_file_by_its_full_path(root, monkeypatch, type_in, capsys):
    monkeypatch.chdir(root)
    type_in(FAILING)
    assert main(["scan", "--jobs", "1", "--stdin-filename", str(root / "api" / "new.py"), "-"]) == 1
    assert capsys.readouterr().out.startswith("api/new.py:5:1  warning  flask/cors-any-origin\n")


def test_standard_input_that_is_too_large_is_an_error(root, monkeypatch, type_in, capsys):
    monkeypatch.chdir(root)
    (root / "gotcha-audit.toml").write_text("max-file-size = 1000\n")
    type_in("#" * 5000)
    assert main(["scan", "--jobs", "1", "--stdin-filename", "web.py", "-"]) == 3
    assert "larger than 1,000 bytes" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-"], "name the file it stands for: --stdin-filename NAME"),
        (["--stdin-filename", "web.py"], "goes with one PATH, which is -"),
        (["--stdin-filename", "web.py", "."], "goes with one PATH, which is -"),
        (["--stdin-filename", "..", "-"], "outside the current directory"),
        (["--stdin-filename", ".", "-"], "this is a directory"),
    ],
)
def test_standard_input_used_wrongly(root, monkeypatch, type_in, capsys, arguments, message):
    monkeypatch.chdir(root)
    type_in("x")
    assert main(["scan", *arguments]) == 2
    assert message in capsys.readouterr().err
