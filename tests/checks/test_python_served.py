"""Directories that Flask serves from: resolved as Flask resolves them, against the folder of the module that creates the app."""

import pytest
from made_judged import judged, verdicts

RULE = "flask/relative-send-directory"
APP = "from flask import Flask, send_from_directory\napp = Flask(__name__)\n"
BUILT = {"frontend/dist/index.html": "<html>"}


def outcome(root, code, files=None, path="backend/app.py"):
    """The verdicts of the sites after the two lines of the head."""
    found = verdicts(root, RULE, {"requirements.txt": "flask\n", path: APP + code, **(files or {})})
    return [outcome for place, outcome in found if place.startswith(path)]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        # app.root_path is backend/: backend/frontend/dist is not there, frontend/dist is
        ("send_from_directory('frontend/dist', 'x')", ["fail"]),
        ("send_from_directory(directory='frontend/dist', path='x')", ["fail"]),
        ("DIST = 'frontend/dist'\nsend_from_directory(DIST, 'x')", ["fail"]),
        ("import os\nsend_from_directory(os.path.join('frontend', 'dist'), 'x')", ["fail"]),
        ("from pathlib import Path\nsend_from_directory(Path('frontend') / 'dist', 'x')", ["fail"]),
        ("send_from_directory('../frontend/dist', 'x')", ["review"]),
        # anchored
        ("import os\nsend_from_directory(os.path.join(os.path.dirname(__file__), '../frontend/dist'), 'x')", ["pass"]),
        ("import os\nsend_from_directory(os.path.join(app.root_path, '../frontend/dist'), 'x')", ["pass"]),
        ("from pathlib import Path\nsend_from_directory(Path(__file__).parent.parent / 'frontend/dist', 'x')", ["pass"]),
        ("send_from_directory('/srv/dist', 'x')", ["pass"]),
        ("send_from_directory(app.static_folder, 'x')", ["pass"]),
        # configured
        ("import os\nsend_from_directory(os.environ['DIST'], 'x')", ["pass"]),
        # below the working directory
        ("import os\nsend_from_directory(os.path.abspath('frontend/dist'), 'x')", ["review"]),
        ("from pathlib import Path\nsend_from_directory(Path.cwd() / 'frontend/dist', 'x')", ["review"]),
        # not known, or nowhere
        ("send_from_directory(x, 'x')", ["review"]),
        ("send_from_directory('nowhere', 'x')", ["review"]),
        # several values
        ("d = 'frontend/dist' if app.debug else '/srv/dist'\nsend_from_directory(d, 'x')", ["pass"]),
        ("d = '/srv/dist' if app.debug else 'frontend/dist'\nsend_from_directory(d, 'x')", ["fail"]),
        ("d = '/srv/dist' if x else 'frontend/dist'\nsend_from_directory(d, 'x')", ["review"]),
        ("if app.debug: send_from_directory('frontend/dist', 'x')", ["pass"]),
        # another function of that name
        ("def send_from_directory(a, b): pass\nsend_from_directory('frontend/dist', 'x')", []),
    ],
)
def test_send_from_directory(tmp_path, code, expected):
    assert outcome(tmp_path, code, BUILT) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [("app.py", ["review"]), ("backend/app.py", ["fail"]), ("src/shop/app.py", ["fail"])],
)
def test_a_relative_path_that_resolves_works_by_circumstance_only(tmp_path, path, expected):
    assert outcome(tmp_path, "send_from_directory('frontend/dist', 'x')", BUILT, path) == expected


def test_the_review_of_a_path_that_resolves_is_a_note(tmp_path):
    (site,) = judged(tmp_path, RULE, {"requirements.txt": "flask", "app.py": APP + "send_from_directory('frontend/dist', 'x')", **BUILT})
    assert site.severity.value == "note"
    assert "app.root_path is the project root" in site.message


def test_the_root_path_is_that_of_the_module_that_creates_the_app(tmp_path):
    files = {
        "requirements.txt": "flask",
        "shop/__init__.py": "from flask import Flask\napp = Flask(__name__)\n",
        "shop/views/pages.py": "from flask import send_from_directory\ndef page():\n    return send_from_directory('dist', 'x')\n",
        "shop/dist/index.html": "<html>",
    }
    assert verdicts(tmp_path, RULE, files) == [("shop/views/pages.py:3", "review")]


def test_the_same_path_fails_when_it_lies_beside_the_view_instead(tmp_path):
    files = {
        "requirements.txt": "flask",
        "shop/__init__.py": "from flask import Flask\napp = Flask(__name__)\n",
        "shop/views/pages.py": "from flask import send_from_directory\ndef page():\n    return send_from_directory('dist', 'x')\n",
        "shop/views/dist/index.html": "<html>",
    }
    assert verdicts(tmp_path, RULE, files) == [("shop/views/pages.py:3", "fail")]


@pytest.mark.parametrize("keyword", ["static_folder", "template_folder"])
def test_folders_given_to_the_app_itself(tmp_path, keyword):
    code = f"from flask import Flask\napp = Flask(__name__, {keyword}='frontend/dist')\n"
    found = verdicts(tmp_path, RULE, {"requirements.txt": "flask", "backend/app.py": code, **BUILT})
    assert found in ([("backend/app.py:2", "fail")], [])
    assert found or keyword == "template_folder"


@pytest.mark.parametrize(
    ("tool", "folder", "expected"),
    [("vite", "dist", ["fail"]), ("react-scripts", "build", ["fail"]), ("vite", "build", ["review"]), ("next", "out", ["fail"])],
)
def test_a_build_output_counts_as_present_though_it_is_not_committed(tmp_path, tool, folder, expected):
    manifest = {"frontend/package.json": f'{{"devDependencies": {{"{tool}": "1"}}}}'}
    assert outcome(tmp_path, f"send_from_directory('frontend/{folder}', 'x')", manifest) == expected


def test_a_build_output_where_flask_looks_is_there_after_the_build(tmp_path):
    manifest = {"backend/frontend/package.json": '{"devDependencies": {"vite": "1"}}'}
    assert outcome(tmp_path, "send_from_directory('frontend/dist', 'x')", manifest) == ["review"]


def test_a_directory_the_program_creates_below_the_working_directory(tmp_path):
    code = "import os\nos.makedirs('uploads', exist_ok=True)\nsend_from_directory('uploads', 'x')"
    assert outcome(tmp_path, code) == ["fail"]
    assert outcome(tmp_path / "root", code, path="app.py") == ["review"]


def test_a_failure_names_where_flask_looks_where_it_is_and_the_way_there(tmp_path):
    (site,) = judged(
        tmp_path, RULE, {"requirements.txt": "flask", "backend/app.py": APP + "DIST = 'frontend/dist'\nsend_from_directory(DIST, 'x')", **BUILT}
    )
    assert site.message == (
        'Flask looks for "frontend/dist" in backend/frontend/dist/, which is not there; the project has it at frontend/dist: every request answers 404'
    )
    assert [(str(step.path), step.line, step.label) for step in site.related] == [
        ("backend/app.py", 3, 'DIST is "frontend/dist"'),
        ("backend/app.py", 2, "the app is created here"),
        ("frontend/dist", 0, "the directory is here"),
    ]
    assert site.change.after == "send_from_directory(os.path.join(os.path.dirname(os.path.abspath(__file__)), \"../frontend/dist\"), 'x')"


def test_without_an_app_nothing_can_be_told(tmp_path):
    files = {"requirements.txt": "flask", "views.py": "from flask import send_from_directory\nsend_from_directory('dist', 'x')\n", "dist/x": ""}
    assert verdicts(tmp_path, RULE, files) == [("views.py:2", "review")]


@pytest.mark.parametrize(
    ("root_path", "expected"),
    [("os.path.dirname(os.path.dirname(__file__))", "review"), ("os.path.dirname(__file__)", "fail")],
)
def test_a_root_path_given_to_the_app_counts(tmp_path, root_path, expected):
    code = f"import os\nfrom flask import Flask, send_from_directory\napp = Flask('x', root_path={root_path})\nsend_from_directory('frontend/dist', 'x')\n"
    assert verdicts(tmp_path, RULE, {"requirements.txt": "flask", "backend/app.py": code, **BUILT}) == [("backend/app.py:4", expected)]


def test_send_file_of_a_file_in_memory_serves_no_directory(tmp_path):
    code = "import io\nfrom flask import send_file\nsend_file(io.BytesIO(b'x'), mimetype='x')\nsend_file('frontend/dist/index.html')"
    assert outcome(tmp_path, code, BUILT) == ["pass", "fail"]


STARTED = ["starlette/relative-static-directory", "starlette/relative-template-directory"]
STARLETTE = {
    "starlette/relative-static-directory": "from starlette.staticfiles import StaticFiles\nStaticFiles(directory={})\n",
    "starlette/relative-template-directory": "from starlette.templating import Jinja2Templates\nJinja2Templates(directory={})\n",
}
PACKAGE = {"requirements.txt": "starlette\n", "shop/__init__.py": ""}


def started(root, rule, directory, files, path="shop/main.py"):
    return judged(root, rule, {**PACKAGE, **files, path: STARLETTE[rule].format(directory)})


@pytest.mark.parametrize("rule", STARTED)
@pytest.mark.parametrize(
    ("directory", "there", "expected"),
    [
        # `uvicorn shop.main:app` can only be started above the package: shop/web is not below it
        ("'web'", "shop/web/x", "fail"),
        ("'web'", "other/web/x", "fail"),
        ("'web'", "web/x", "review"),
        ("'shop/web'", "shop/web/x", "review"),
        ("'web'", "elsewhere/x", "review"),
        ("'/srv/web'", "shop/web/x", "pass"),
        ("__import__('os').environ['WEB']", "shop/web/x", "review"),
    ],
)
def test_a_directory_is_looked_for_where_the_server_is_started(tmp_path, rule, directory, there, expected):
    (site,) = started(tmp_path, rule, directory, {there: ""})
    assert site.outcome.value == expected


@pytest.mark.parametrize("rule", STARTED)
def test_a_module_outside_a_package_may_be_started_in_its_own_folder(tmp_path, rule):
    (site,) = started(tmp_path, rule, "'web'", {"api/web/x": ""}, path="api/main.py")
    assert (site.outcome.value, site.severity.value) == ("review", "note")
    assert "started in api" in site.message


@pytest.mark.parametrize("rule", STARTED)
def test_the_mend_starts_from_the_module(tmp_path, rule):
    (site,) = started(tmp_path, rule, "'web'", {"shop/web/x": ""})
    assert site.change.after == site.change.before.replace("'web'", 'os.path.join(os.path.dirname(os.path.abspath(__file__)), "web")')


def test_a_package_below_a_folder_that_is_none_has_two_places_to_start_in(tmp_path):
    files = {"src/shop/__init__.py": "", "src/web/x": ""}
    (site,) = started(tmp_path, STARTED[0], "'web'", files, path="src/shop/main.py")
    assert (site.outcome.value, "started in src" in site.message) == ("review", True)


def test_a_package_may_be_started_in_when_its_imports_say_so(tmp_path):
    files = {"back/__init__.py": "", "back/src/__init__.py": "", "back/src/db.py": "x = 1", "back/src/web/y": ""}
    for code, expected in (("", "fail"), ("from src.db import x\n", "review"), ("import src.db\n", "review"), ("from .db import x\n", "fail")):
        source = code + STARLETTE[STARTED[0]].format("'src/web'")
        (site,) = judged(tmp_path, STARTED[0], {"requirements.txt": "starlette\n", **files, "back/src/main.py": source})
        assert site.outcome.value == expected, code


def test_a_start_command_says_where_the_server_is_started(tmp_path):
    files = {"back/__init__.py": "", "back/web/y": "", "Dockerfile": "FROM x\nWORKDIR /srv/back\nCOPY back .\nCMD uvicorn main:app\n"}
    source = STARLETTE[STARTED[0]].format("'web'")
    (site,) = judged(tmp_path, STARTED[0], {"requirements.txt": "starlette\n", **files, "back/main.py": source})
    assert site.outcome.value == "review"
