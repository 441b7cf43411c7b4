"""`gotcha-audit env` and `gotcha-audit facts`."""

import json
from pathlib import Path

import pytest

from auditor.cli import main

FILES = {
    "app.py": 'import os\nA = os.environ["STRIPE_KEY"]\nB = os.getenv("LEVEL", "info")\nC = int(os.environ["SIZE"])\nD = os.environ.get("MAIL_FROM")\nE = os.getenv("PORT")\n',
    "requirements.txt": "flask\ngunicorn\n",
    ".env": "STRIPE_KEY=sk_live_hunter2\n",
    ".env.example": "# sizes\nSIZE=3\n",
    "compose.yaml": "services:\n  web:\n    build: .\n    environment:\n      SIZE: 4\n      DB_PASSWORD: hunter2hunter2\n      DATABASE_URL: postgres://me:hunter2@db/x\n    command: gunicorn --bind :80 app:app\n",
    "README.md": "Set `MAIL_FROM`.\n",
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def rows(tree: Path, capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, dict[str, object]]:
    assert main(["env", str(tree), "--format", "json", *options]) == 0
    return {row["name"]: row for row in json.loads(capsys.readouterr().out)}


def test_each_variable_with_its_need_and_what_is_missing(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = {name: (row["need"], row["missing"], row["documented"]) for name, row in rows(tree, capsys).items()}
    assert found == {
        "STRIPE_KEY": ("required", ["documented", "provided"], []),
        "LEVEL": ("defaulted", [], []),
        "SIZE": ("required", [], [".env.example:2:1"]),
        "MAIL_FROM": ("optional", ["provided"], ["README.md"]),
        "PORT": ("optional", [], []),
    }


def test_reads_say_what_is_made_of_the_text(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (read,) = rows(tree, capsys)["SIZE"]["read"]  # type: ignore[misc]
    assert (read["place"], read["required"], read["cast"]) == ("app.py:4:9", True, "int")


def test_the_table(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["env", str(tree)]) == 0
    out = capsys.readouterr().out
    lines = [line.split("  ") for line in out.splitlines()]
    assert [cell.strip() for cell in lines[0] if cell] == ["variable", "need", "read at", "documented in", "provided by", "missing"]
    assert out.endswith("5 variables, 2 with something missing\n")
    assert main(["env", str(tree), "--missing"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()[1:3]] == ["MAIL_FROM", "STRIPE_KEY"]


def test_applications_of_one_tree_are_kept_apart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("api", "shop"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "requirements.txt").write_text("flask\n")
        (tmp_path / name / "app.py").write_text('import os\nA = os.environ["SIZE"]\n')
    (tmp_path / "shop" / ".env.example").write_text("SIZE=\n")
    assert main(["env", str(tmp_path), "--format", "json"]) == 0
    assert [(row["scope"], row["documented"]) for row in json.loads(capsys.readouterr().out)] == [("api", []), ("shop", ["shop/.env.example:1:1"])]


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (None, "# read at app.py:2:5\nSTRIPE_KEY=\n"),
        ("", "# read at app.py:2:5\nSTRIPE_KEY=\n"),
        ("OLD=1", "OLD=1\n\n# read at app.py:2:5\nSTRIPE_KEY=\n"),
        ("# mine  \n\nOLD=1\n", "# mine  \n\nOLD=1\n\n# read at app.py:2:5\nSTRIPE_KEY=\n"),
        ("OLD=1\r\n", "OLD=1\r\n\r\n# read at app.py:2:5\r\nSTRIPE_KEY=\r\n"),
        ("STRIPE_KEY=here\n", "STRIPE_KEY=here\n"),
    ],
)
def test_the_example_gets_what_it_lacks_and_keeps_what_it_has(tmp_path: Path, before: str | None, expected: str) -> None:
    (tmp_path / "app.py").write_text('import os\nA = os.environ["STRIPE_KEY"]\nB = os.getenv("LEVEL", "info")\n')
    (tmp_path / ".env").write_text("STRIPE_KEY=sk_live_hunter2\n")
    if before is not None:
        (tmp_path / ".env.example").write_bytes(before.encode())
    for _ in range(2):
        assert main(["env", str(tmp_path), "--write-example"]) == 0
        assert (tmp_path / ".env.example").read_bytes().decode() == expected


def test_an_example_of_another_name_is_the_one_that_is_written(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text('import os\nA = os.environ["STRIPE_KEY"]\n')
    (tmp_path / ".env.sample").write_text("OLD=\n")
    assert main(["env", str(tmp_path), "--write-example"]) == 0
    assert "STRIPE_KEY=" in (tmp_path / ".env.sample").read_text()
    assert not (tmp_path / ".env.example").exists()


def test_an_example_that_cannot_be_kept_is_not_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "app.py").write_text('import os\nA = os.environ["STRIPE_KEY"]\n')
    (tmp_path / ".env.example").write_bytes(b"A=\xff\n")
    assert main(["env", str(tmp_path), "--write-example"]) == 2
    assert "nothing was added" in capsys.readouterr().err
    assert (tmp_path / ".env.example").read_bytes() == b"A=\xff\n"


def test_facts_are_told_without_secrets(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for options in ([], ["--format", "json"]):
        assert main(["facts", str(tree), *options]) == 0
        out = capsys.readouterr().out
        assert "hunter2" not in out
        assert "gunicorn" in out
    data = json.loads(out)
    assert [launch["place"] for launch in data["launches"]] == ["compose.yaml:8:1"]
    assert set(data["files"]) == {"app.py", ".env", ".env.example", "compose.yaml"}


@pytest.mark.parametrize("command", ["env", "facts"])
def test_what_could_not_be_read_is_said(tree: Path, command: str, capsys: pytest.CaptureFixture[str]) -> None:
    (tree / "compose.yaml").write_text("services:\n  web: ]\n")
    assert main([command, str(tree)]) == 3
    assert "compose.yaml:2" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["env", "facts"])
def test_a_folder_that_is_not_there_is_2(tmp_path: Path, command: str) -> None:
    assert main([command, str(tmp_path / "no")]) == 2


@pytest.mark.parametrize("command", ["env", "facts"])
def test_an_empty_folder_says_so(tmp_path: Path, command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, str(tmp_path)]) == 0
    assert "No " in capsys.readouterr().out
