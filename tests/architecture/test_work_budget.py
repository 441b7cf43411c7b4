"""What a scan does, counted: modules imported, processes started, files parsed. Times depend on the day; these do not."""

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from auditor.engines import pool
from auditor.project.config import Config
from auditor.scan import ScanOptions, scan

CHECKOUT = Path(__file__).parents[2]
SAMPLE = CHECKOUT / "fixtures/projects/sample-flask-react"
DEAR = {"libcst", "semgrep", "tree_sitter", "crossplane", "jsonschema", "httpx2", "psutil", "mcp", "pygls", "playwright", "asyncio"}

_PROGRAM = """
import json, sys
from pathlib import Path
from auditor.project.config import Config
from auditor.scan import ScanOptions, scan
scan(Path(), ScanOptions(config=Config(), paths=(Path("backend/app.py"),)))
print(json.dumps(sorted(sys.modules)))
"""


@pytest.fixture
def sample(tmp_path, monkeypatch):
    root = tmp_path / "sample"
    shutil.copytree(SAMPLE, root)
    monkeypatch.chdir(root)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return root


@pytest.mark.usefixtures("sample")
def test_a_second_scan_of_one_python_file_imports_little():
    environment = os.environ | {"PYTHONPATH": str(CHECKOUT)}
    for _ in range(2):  # the first one fills the caches
        run = subprocess.run([sys.executable, "-c", _PROGRAM], env=environment, capture_output=True, text=True, timeout=120, check=True)
    modules = json.loads(run.stdout)
    assert {name.partition(".")[0] for name in modules} & DEAR == set()
    assert "yaml" not in modules
    checks = [name for name in modules if name.startswith("auditor.checks.")]
    # The rest is imported by the workers that call it.
    assert checks == ["auditor.checks.base", "auditor.checks.origins"]
    assert sum(name.startswith("auditor.") for name in modules) < 80


def test_a_scan_of_one_file_starts_few_workers(sample, monkeypatch):
    started = []
    worker = pool._Worker

    class Counted(worker):
        def __init__(self, *arguments):
            started.append(self)
            super().__init__(*arguments)

    scan(sample, ScanOptions(config=Config(), paths=(Path("backend/app.py"),), jobs=2))
    monkeypatch.setattr(pool, "_Worker", Counted)
    scan(sample, ScanOptions(config=Config(), paths=(Path("backend/app.py"),), jobs=2))
    # One for the patterns of Python, one for those of text if any, two for the checks; none for facts, which are kept.
    assert len(started) <= 4


def _inline(tasks, make, **_):
    """The pool without processes, so that what its functions do can be counted here."""
    function = make()
    for task in tasks:
        yield task, function(task)


def test_every_python_file_is_parsed_once_for_all_entries(tmp_path, monkeypatch):
    """Facts take the files that read variables, and the engine takes all: at most two parses a file, however many entries there are."""
    names = [f"part{number}.py" for number in range(12)]
    (tmp_path / "requirements.txt").write_text("flask\n")
    for name in names:
        (tmp_path / name).write_text(
            "import os\nfrom flask import Flask\napp = Flask(__name__)\nLIMIT = os.environ['LIMIT']\n" if name < "part2" else f"X = {name!r}\n"
        )
    parsed = []
    parse = ast.parse

    def counted(source, *arguments, **named):
        parsed.append(source)
        return parse(source, *arguments, **named)

    monkeypatch.setattr(ast, "parse", counted)
    monkeypatch.setattr(pool, "run", _inline)
    scan(tmp_path, ScanOptions(config=Config(), jobs=1, no_cache=True))
    for name in names:
        text = (tmp_path / name).read_text()
        same = sum((tmp_path / other).read_text() == text for other in names)
        assert parsed.count(text) <= 2 * same, name
