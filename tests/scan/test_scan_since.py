"""Only what is new since a commit counts, in real repositories."""

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_judged_runs import report_of, run_of

from auditor.model import Outcome, Place, Severity, span_of
from auditor.project.config import Config
from auditor.project.revision import revision
from auditor.scan import ScanOptions, scan, since

CORS = "flask/cors-any-origin"
SEND = "flask/relative-send-directory"
APP = "from flask import Flask\nfrom flask_cors import CORS\n\napp = Flask(__name__)\nCORS(app)\n"


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def tree(tmp_path, monkeypatch, cache):
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    root = tmp_path / "shop"
    write(root, {"requirements.txt": "flask\nflask-cors\n", "web.py": APP})
    commit(root)
    return root


def git(root, *arguments):
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "protocol.file.allow=always")
    return subprocess.run(["git", "-C", str(root), *identity, *arguments], check=True, capture_output=True, text=True, env=environment).stdout


def commit(root):
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "now", "--allow-empty")


def write(root, files):
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def held(root, *, select=(CORS,), name="HEAD", config=None, paths=()):
    options = ScanOptions(config=config or Config(), select=select, paths=paths, jobs=1)
    (run,) = since.apply(scan(root, options), revision(root, name), root=root, options=options).runs
    return run


def new(run):
    return [(str(result.place.path), result.place.line, result.check) for result in run.results if since.is_open(result)]


def silenced(run):
    return [(str(result.place.path), result.place.line, result.suppression.origin) for result in run.results if result.suppression is not None]


def test_what_was_there_does_not_count_and_the_figures_say_so(tree):
    run = held(tree)
    assert (new(run), silenced(run)) == ([], [("web.py", 5, "since")])
    assert (run.counts["fail"], run.counts["suppressed"], run.counts["suppressed by since"]) == (0, 1, 1)
    (result,) = [result for result in run.results if result.suppression is not None]
    assert result.suppression.reason == f"was there at HEAD ({git(tree, 'rev-parse', 'HEAD')[:10]})"
    assert report_of(run).exit_status(fail_on=Severity.NOTE) == 0


@pytest.mark.parametrize(
    "text",
    [
        f"import os\n\n\n{APP}",
        APP.replace("CORS(app)", "if app:\n    CORS(app)"),
        APP.replace("from flask import Flask\n", "").replace("CORS(app)", "from flask import Flask\nCORS(app)"),
        APP.replace("\n", "\r\n"),
    ],
)
def test_moved_and_indented_lines_are_no_news(tree, text):
    write(tree, {"web.py": text})
    assert new(held(tree)) == []


def test_an_equal_line_more_is_one_new_finding(tree):
    write(tree, {"web.py": f"{APP}CORS(app)\n"})
    assert new(held(tree)) == [("web.py", 6, CORS)]


def test_a_changed_line_counts(tree):
    write(tree, {"web.py": APP.replace("CORS(app)", 'CORS(app, origins="*")')})
    assert new(held(tree)) == [("web.py", 5, CORS)]


def test_a_changed_line_inside_a_long_statement_counts(tree):
    long = APP.replace("CORS(app)", "CORS(\n    app,\n" + "".join(f"    methods_{number}=1,\n" for number in range(12)) + ")")
    write(tree, {"web.py": long})
    commit(tree)
    assert new(held(tree)) == []
    write(tree, {"web.py": long.replace("methods_11=1", "methods_11=2")})
    assert new(held(tree)) == [("web.py", 5, CORS)]


def test_untracked_and_staged_files_count(tree):
    write(tree, {"untracked.py": APP, "staged.py": APP})
    git(tree, "add", "staged.py")
    assert new(held(tree)) == [("staged.py", 5, CORS), ("untracked.py", 5, CORS)]


@pytest.mark.parametrize("move", [lambda root: git(root, "mv", "web.py", "app/main.py"), lambda root: (root / "web.py").rename(root / "app/main.py")])
def test_a_renamed_file_is_no_news_whether_git_knows_or_not(tree, move):
    (tree / "app").mkdir()
    move(tree)
    assert new(held(tree)) == []


def test_a_renamed_file_that_was_changed_shows_the_change_alone(tree):
    (tree / "web.py").unlink()
    write(tree, {"main.py": f"import os\n{APP}CORS(app)\n"})
    assert new(held(tree)) == [("main.py", 7, CORS)]


def test_a_copy_counts(tree):
    write(tree, {"copy.py": APP})
    assert new(held(tree)) == [("copy.py", 5, CORS)]


def test_a_finding_that_went_to_a_file_that_was_there_counts(tree):
    write(tree, {"other.py": "import flask\n"})
    commit(tree)
    (tree / "web.py").rename(tree / "z.py")
    write(tree, {"other.py": APP})
    assert new(held(tree)) == [("other.py", 5, CORS)]


def test_a_finding_that_left_a_file_that_is_there_still_counts_in_a_new_one(tree):
    write(tree, {"gone.py": "import flask\n"})
    commit(tree)
    (tree / "gone.py").unlink()
    write(tree, {"web.py": "import flask\n", "main.py": APP})
    assert new(held(tree)) == [("main.py", 5, CORS)]


def test_a_comment_that_is_gone_lets_its_finding_count(tree):
    write(tree, {"web.py": APP.replace("CORS(app)", f"# gotcha: ignore[{CORS}] -- a demo\nCORS(app)")})
    commit(tree)
    assert (new(held(tree)), silenced(held(tree))) == ([], [("web.py", 6, "comment")])
    write(tree, {"web.py": APP})
    assert new(held(tree)) == [("web.py", 5, CORS)]


def test_what_could_not_be_examined_counts_and_what_was_not_examined_then_is_told(tree):
    write(tree, {"web.py": f"{APP}def (\n"})
    commit(tree)
    assert report_of(held(tree)).exit_status(fail_on=Severity.ERROR) == 3
    write(tree, {"web.py": APP})
    run = held(tree)
    assert new(run) == [("web.py", 5, CORS)]
    assert [note.partition(" (")[0] for note in run.notes] == ["1 of the files at HEAD"]
    assert run.notes[0].endswith("could not be examined (web.py); what is found in them counts as new")


def test_nothing_is_laid_out_when_nothing_is_found(tree, monkeypatch):
    write(tree, {"web.py": "import flask\n"})
    monkeypatch.setattr(since, "laid_out", None)
    assert new(held(tree)) == []


# -- across files -----------------------------------------------------------------------------------------------------------------------

SERVED = """\
from flask import Flask, send_from_directory
import settings

app = Flask(__name__)


@app.route("/")
def page():
    return send_from_directory(settings.DIST, "index.html")
"""


def test_a_change_of_a_line_that_a_finding_rests_on_counts(tree):
    write(tree, {"backend/served.py": SERVED, "backend/settings.py": 'NAME = "a"\nDIST = "frontend/dist"\n', "frontend/dist/index.html": "<p>"})
    commit(tree)
    write(tree, {"backend/settings.py": 'NAME = "b"\n\nDIST = "frontend/dist"\n'})
    assert new(held(tree, select=(SEND,))) == []
    write(tree, {"backend/settings.py": 'NAME = "a"\nDIST = "frontend/build"\n'})
    assert new(held(tree, select=(SEND,))) == [("backend/served.py", 9, SEND)]


def test_a_change_of_another_file_that_breaks_a_line_nobody_touched_counts(tree):
    """The front end reads a variable with a prefix that its configuration allowed at the commit, and does not allow now."""
    allowed = 'import { defineConfig } from "vite";\nexport default defineConfig({ envPrefix: ["VITE_", "SHOP_"] });\n'
    package = '{"name": "shop", "dependencies": {"react": "^18"}, "devDependencies": {"vite": "^5"}, "scripts": {"build": "vite build"}}'
    reads = "export const url = import.meta.env.SHOP_API;\nexport const key = import.meta.env.OTHER_KEY;\n"
    write(tree, {"front/package.json": package, "front/vite.config.js": allowed, "front/src/api.js": reads, "front/index.html": "<p>"})
    commit(tree)
    check = "vite/env-without-prefix"
    assert new(held(tree, select=(check,))) == []
    assert silenced(held(tree, select=(check,))) == [("front/src/api.js", 2, "since")]
    write(tree, {"front/vite.config.js": allowed.replace(', "SHOP_"', "")})
    assert new(held(tree, select=(check,))) == [("front/src/api.js", 1, check)]


COMPOSE = "services:\n  web:\n    build: .\n    environment:\n      SHOP_OTHER: x\n"
READS = f'import os\n{APP}KEY = os.environ["SHOP_KEY"]\n'


@pytest.mark.parametrize(
    ("check", "reads", "text", "gives", "without", "given_too"),
    [
        ("project/env-not-provided", "web.py", READS, "compose.yaml", COMPOSE, "      SHOP_KEY: y\n"),
        ("project/env-undocumented", "src/server.js", "const key = process.env.SHOP_KEY;\n", ".env.example", "SHOP_OTHER=\n", "SHOP_KEY=\n"),
    ],
)
def test_a_variable_that_is_given_no_more_makes_the_line_that_reads_it_fail(tree, check, reads, text, gives, without, given_too):
    write(
        tree, {"Dockerfile": 'FROM python:3.12\nCOPY . .\nCMD ["gunicorn", "-b", "0.0.0.0:80", "web:app"]\n', "requirements.txt": "flask\ngunicorn\n"}
    )
    write(tree, {"package.json": '{"name": "s", "dependencies": {"express": "^4"}}', reads: text, gives: without + given_too})
    commit(tree)
    assert new(held(tree, select=(check,))) == []
    write(tree, {gives: without})
    assert new(held(tree, select=(check,))) == [(reads, len(text.split("\n")) - 1, check)]
    commit(tree)
    assert [(path, origin) for path, _, origin in silenced(held(tree, select=(check,)))] == [(reads, "since")]


# -- parts of a tree ----------------------------------------------------------------------------------------------------------------------


def test_files_that_are_named_limit_what_is_looked_at(tree, monkeypatch):
    write(tree, {"other.py": APP, "web.py": f"{APP}CORS(app)\n"})
    commit(tree)
    write(tree, {"other.py": f"{APP}CORS(app)\n", "web.py": f"{APP}CORS(app)\nCORS(app)\n"})
    monkeypatch.chdir(tree)
    assert new(held(Path(), paths=(Path("web.py"),))) == [("web.py", 7, CORS)]


def test_a_folder_of_a_repository_is_a_tree_of_its_own(tree):
    write(tree, {"services/api/requirements.txt": "flask\nflask-cors\n", "services/api/web.py": APP})
    commit(tree)
    write(tree, {"services/api/web.py": f"{APP}CORS(app)\n", "web.py": f"{APP}CORS(app)\n"})
    assert new(held(tree / "services" / "api")) == [("web.py", 6, CORS)]


def test_a_folder_that_was_not_there_is_new(tree):
    write(tree, {"fresh/requirements.txt": "flask\nflask-cors\n", "fresh/web.py": APP})
    assert new(held(tree / "fresh")) == [("web.py", 5, CORS)]


def test_a_tracked_file_that_is_ignored_all_the_same_was_there(tree):
    write(tree, {".gitignore": "local.py\n", "local.py": APP})
    git(tree, "add", "-f", "local.py")
    commit(tree)
    assert new(held(tree)) == []


def test_what_git_ignores_makes_no_difference(tree):
    """A build that is on disk and in no commit leads to the same verdict on both sides."""
    write(tree, {".gitignore": "dist/\n.env\n", "frontend/dist/index.html": "<p>", ".env": "A=1\n", "backend/served.py": SERVED})
    write(tree, {"backend/settings.py": 'DIST = "frontend/dist"\n'})
    commit(tree)
    (result,) = held(tree, select=(SEND,)).results
    assert (result.outcome, result.suppression.origin) == (Outcome.REVIEW, "since")


def test_a_submodule_is_looked_at_as_it_was(tree, tmp_path):
    inner = tmp_path / "inner"
    write(inner, {"web.py": APP})
    commit(inner)
    git(tree, "submodule", "--quiet", "add", str(inner), "lib")
    commit(tree)
    assert silenced(held(tree)) == [("lib/web.py", 5, "since"), ("web.py", 5, "since")]
    write(tree, {"lib/web.py": f"{APP}CORS(app)\n"})
    assert new(held(tree)) == [("lib/web.py", 6, CORS)]


def test_a_link_to_a_file_is_compared_with_the_link(tree):
    (tree / "link.py").symlink_to("web.py")
    commit(tree)
    assert new(held(tree)) == []


# -- any edits ----------------------------------------------------------------------------------------------------------------------------

SITES = st.sampled_from(["f(1)", "f(2)"])
FILLERS = st.sampled_from(["x = 1", "", "    y = 2"])
LINES = st.lists(st.one_of(SITES, FILLERS), min_size=1, max_size=8)
TRAILS = st.sampled_from(["A = 1", "A = 2"])


def scanned_by_hand(root, options):
    """A scan that takes every `f(` for a failure which rests on the first line of facts.py."""
    names = [path.name for path in sorted(root.glob("*.py")) if path.name != "facts.py"]
    wanted = {path.name for path in options.paths}
    lines = {name: (root / name).read_text().split("\n") for name in names if not wanted or name in wanted}
    run = run_of({name: [(text, Outcome.FAIL if "f(" in text else None) for text in texts] for name, texts in lines.items()})
    trail = (Place(path=type(run.results[0].place.path)("facts.py"), span=span_of(1)),) if run.results else ()
    return report_of(since.replace(run, results=tuple(since.replace(result, related=trail) for result in run.results)))


@settings(max_examples=12, deadline=None)
@given(st.dictionaries(st.sampled_from(["a.py", "b.py"]), LINES, min_size=1), TRAILS, TRAILS, st.booleans(), st.data())
def test_exactly_what_is_more_than_before_counts(tmp_path_factory, before, old_trail, trail, renamed, data):
    root = tmp_path_factory.mktemp("tree")
    write(root, {**{name: "\n".join(lines) for name, lines in before.items()}, "facts.py": f"{old_trail}\n"})
    commit(root)
    expected = 0
    for name, lines in before.items():
        now = [f"  {line}" for line in lines if data.draw(st.booleans(), label="kept")]
        more = data.draw(st.lists(SITES, max_size=2))
        now += data.draw(st.lists(FILLERS, max_size=2))
        for site in more:
            now.insert(data.draw(st.integers(0, len(now))), site)
        target = f"new_{name}" if renamed else name
        (root / name).unlink()
        write(root, {target: "\n".join(now)})
        for site in ("f(1)", "f(2)"):
            count = sum(site in line for line in now)
            expected += count if trail != old_trail else max(0, count - sum(site in line for line in lines))
    write(root, {"facts.py": f"\n{trail}\n"[1:]})
    options = ScanOptions(config=Config())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(since, "scan", scanned_by_hand)
        (run,) = since.apply(scanned_by_hand(root, options), revision(root, "HEAD"), root=root, options=options).runs
    if renamed:  # findings of one gone file may be taken for those of another: never more than there were
        assert len(new(run)) <= expected
        total = sum("f(" in line for path in root.glob("new_*.py") for line in path.read_text().split("\n"))
        assert len(new(run)) >= total - sum("f(" in line for lines in before.values() for line in lines)
    else:
        assert len(new(run)) == expected
