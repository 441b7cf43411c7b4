import json
from pathlib import Path

import pytest

from auditor.cli import main


def test_the_stack_is_listed_with_its_evidence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "requirements.txt").write_text("flask==3.1.0\n")
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "package.json").write_text('{"dependencies": {"vite": "7.0.0"}}')
    assert main(["stack", str(tmp_path)]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == ["package", "version", "directory", "evidence"]
    assert ["flask", "3.1.0", "."] in [line[:3] for line in lines]
    assert ["vite", "7.0.0", "web"] in [line[:3] for line in lines]
    assert main(["stack", str(tmp_path), "--format", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["name"], row["evidence"].partition(":")[0]) for row in rows if row["name"] == "flask"] == [("flask", "requirements.txt")]


def test_nothing_is_said_to_be_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stack", str(tmp_path)]) == 0
    assert capsys.readouterr().out.startswith("Nothing was recognised")


@pytest.mark.parametrize(("name", "message"), [("missing", "no such directory"), ("file", "is no directory")])
def test_what_is_no_directory_is_2(name: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert main(["stack", str(tmp_path / name)]) == 2
    assert message in capsys.readouterr().err
