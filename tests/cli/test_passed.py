"""``scan --force-exclude``, for programs that name every changed file."""

import json
from pathlib import Path

import pytest

from auditor.cli import main

CALL = 'fetch("http://localhost:5000/api/messages")\n'


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "package.json").write_text('{"dependencies": {"react": "19.0.0"}}')
    (tmp_path / "src").mkdir()
    (tmp_path / "src/api.js").write_text(CALL)
    (tmp_path / "src/chat.min.js").write_text(CALL)
    (tmp_path / "src/a [b]!*.min.js").write_text(CALL)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def scanned(*words: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, int], list[str]]:
    status = main(["scan", "--jobs", "1", "--select", "react/localhost-api-url", "--format", "json", *words])
    (run,) = json.loads(capsys.readouterr().out)["runs"]
    return status, run["coverage"]["skipped"], [result["place"]["path"] for result in run["results"] if result["outcome"] == "fail"]


@pytest.mark.usefixtures("shop")
def test_a_minified_file_that_a_person_names_is_looked_at(capsys: pytest.CaptureFixture[str]) -> None:
    assert scanned("src/chat.min.js", capsys=capsys) == (1, {}, ["src/chat.min.js"])


@pytest.mark.usefixtures("shop")
def test_a_minified_file_that_a_program_names_is_left_out_and_counted(capsys: pytest.CaptureFixture[str]) -> None:
    assert scanned("--force-exclude", "src/chat.min.js", "src/a [b]!*.min.js", capsys=capsys) == (0, {"excluded by configuration": 2}, [])


@pytest.mark.usefixtures("shop")
def test_what_a_whole_scan_looks_at_is_looked_at(capsys: pytest.CaptureFixture[str]) -> None:
    assert scanned("--force-exclude", "src/chat.min.js", "src/api.js", capsys=capsys)[::2] == (1, ["src/api.js"])
