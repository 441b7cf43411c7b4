"""Facts kept between scans."""

import json

import pytest

from auditor.cli import main
from auditor.project.config import Config
from auditor.project.project import open_project
from auditor.scan import gather as module
from auditor.scan.gather import gather

FILES = {
    "app.py": 'import os\nA = os.environ["SIZE"]\n',
    "other.py": "x = 1\n",
    "Dockerfile": "FROM x\nCMD gunicorn app:app\n",
    "compose.yaml": "services:\n  web:\n    image: x\n    command: gunicorn a\n",
    ".env.example": "SIZE=\n",
}


@pytest.fixture
def tree(tmp_path):
    root = tmp_path / "tree"
    root.mkdir()
    for name, text in FILES.items():
        (root / name).write_text(text)
    return root


def gathered(tree, cache):
    project = open_project(tree, config=Config())
    return project, gather(project, jobs=1, directory=cache)


def counts(tree, cache):
    found = gathered(tree, cache)[1]
    return found.extracted, found.kept


def said(project):
    return [(str(file.path), project.facts.record(file.path)) for file in project.tree_files]


def test_a_second_scan_reads_what_changed_and_nothing_else(tree, tmp_path):
    cache = tmp_path / "cache"
    assert counts(tree, cache) == (4, 0)  # other.py reads no variable
    assert counts(tree, cache) == (0, 4)
    (tree / "app.py").write_text('import os\nA = os.environ["WIDTH"]\n')
    project, found = gathered(tree, cache)
    assert (found.extracted, found.kept) == (1, 3)
    assert [read.name for read in project.facts.environment.reads] == ["WIDTH"]


def test_what_was_kept_is_what_is_read(tree, tmp_path):
    fresh = said(gathered(tree, None)[0])
    for _ in range(2):
        assert said(gathered(tree, tmp_path / "cache")[0]) == fresh


def test_the_same_content_under_another_name_is_read_again(tree, tmp_path):
    counts(tree, tmp_path / "cache")
    (tree / "Dockerfile").rename(tree / "Dockerfile.web")
    assert counts(tree, tmp_path / "cache") == (1, 3)


def test_what_is_gone_is_forgotten(tree, tmp_path):
    counts(tree, tmp_path / "cache")
    (tree / "app.py").unlink()
    assert counts(tree, tmp_path / "cache") == (0, 3)
    assert "app.py" not in next((tmp_path / "cache").glob("facts-*")).read_text()


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"engine": 1}', "null"])
def test_a_damaged_cache_is_none(tree, tmp_path, damage):
    counts(tree, tmp_path / "cache")
    next((tmp_path / "cache").glob("facts-*")).write_text(damage)
    assert counts(tree, tmp_path / "cache") == (4, 0)


def test_records_of_other_extractors_are_of_no_use(tree, tmp_path, monkeypatch):
    counts(tree, tmp_path / "cache")
    monkeypatch.setattr(module, "_engine", lambda: "other")
    assert counts(tree, tmp_path / "cache") == (4, 0)


def test_a_record_that_says_something_else_is_none(tree, tmp_path):
    counts(tree, tmp_path / "cache")
    file = next((tmp_path / "cache").glob("facts-*"))
    data = json.loads(file.read_text())
    data["files"]["Dockerfile"][1] = {"nothing": 1}
    file.write_text(json.dumps(data))
    assert counts(tree, tmp_path / "cache") == (4, 0)


def test_a_cache_that_cannot_be_written_costs_nothing_but_time(tree, tmp_path):
    (tmp_path / "cache").write_text("a file")
    assert counts(tree, tmp_path / "cache") == (4, 0)


def test_an_unreadable_file_is_an_error_with_its_line_and_the_others_are_used(tree, tmp_path):
    (tree / "compose.yaml").write_text("services:\n  web: ]\n")
    project, found = gathered(tree, tmp_path / "cache")
    assert [(trouble.check, str(trouble.place.path), trouble.place.line) for trouble in found.troubles] == [("scan/unparseable", "compose.yaml", 2)]
    assert [launch.tool for launch in project.facts.launches] == ["gunicorn"]


def test_a_template_is_counted_with_the_reason(tree, tmp_path):
    (tree / "compose.yaml").write_text("services:\n  {{ name }}:\n    {% if x %}\n")
    found = gathered(tree, tmp_path / "cache")[1]
    assert (found.troubles, found.left_out) == ((), {"is a template that has to be rendered first": 1})


def test_values_of_variables_are_in_no_report(tree, capsys):
    (tree / ".env").write_text("API_KEY=hunter2hunter2\nDATABASE_URL=postgres://me:hunter2@db/x\n")
    (tree / "compose.yaml").write_text(
        "services:\n  web:\n    build: .\n    env_file: .env\n    environment:\n      SECRET_KEY: hunter2hunter2\n      DATABASE_URL: redis://:hunter2@localhost:6379\n"
        "  cache:\n    image: redis\n"
    )
    for form in ("text", "json", "markdown", "html"):
        assert main(["scan", str(tree), "--format", form, "--show", "fail,review,pass", "--jobs", "1", "--no-cache"]) == 1
        out = capsys.readouterr().out
        assert "compose/localhost-between-services" in out
        assert "hunter2" not in out


def test_a_file_that_hangs_its_extractor_is_an_error(tree, tmp_path, monkeypatch):
    def hang(*_):
        while True:
            pass

    monkeypatch.setattr(module, "extract", hang)
    project = open_project(tree, config=Config(file_timeout=0.3))
    found = gather(project, jobs=2, directory=tmp_path / "cache")
    assert {trouble.check for trouble in found.troubles} == {"scan/timeout"}
    assert len(found.troubles) == 4
