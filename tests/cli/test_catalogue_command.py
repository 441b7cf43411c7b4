import json
import shutil
from pathlib import Path

import pytest
import yaml

from auditor.catalogue import load, rules_directory
from auditor.cli import main

CORS = rules_directory() / "flask" / "cors-any-origin.md"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    directory = tmp_path / "work"
    directory.mkdir()
    monkeypatch.chdir(directory)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return directory


def team_entry(directory: Path, old: str = "", new: str = "") -> Path:
    """A copy of a built-in entry under a name of the team's own."""
    path = directory / "gotchas" / "flask" / "open-origins.md"
    path.parent.mkdir(parents=True)
    text = CORS.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1) if old else text, "utf-8")
    return path


def test_list_names_every_entry(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["catalogue", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [gotcha.id for gotcha in load().gotchas]


def test_list_selects_and_writes_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["catalogue", "list", "--select", "flask/cors-*", "--format", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["id"], row["severity"], row["origin"]) for row in rows if row["id"] == "flask/cors-any-origin"] == [
        ("flask/cors-any-origin", "warning", str(CORS))
    ]


def test_a_team_s_own_entries_are_listed_too(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    team_entry(elsewhere)
    (elsewhere / "gotcha-audit.toml").write_text('catalogues = ["gotchas/"]\n')
    assert main(["catalogue", "list", "--select", "flask/open-origins"]) == 0
    assert capsys.readouterr().out.startswith("flask/open-origins  warning  cors")


def test_show_is_the_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["catalogue", "show", "flask/cors-any-origin"]) == 0
    assert capsys.readouterr().out == CORS.read_text("utf-8")


@pytest.mark.parametrize("name", ["show", "explain"])
@pytest.mark.parametrize(
    ("gotcha", "message"),
    [
        ("flask/cors-any-orign", "no gotcha is called 'flask/cors-any-orign'; did you mean flask/cors-any-origin?"),
        ("zzz/zzz", "no gotcha is called 'zzz/zzz'; `gotcha-audit catalogue list` names them all"),
        ("flask/cors-any-orig*", "flask/cors-any-orig* is no id; it matches flask/cors-any-origin"),
    ],
)
def test_an_unknown_id_is_2(name: str, gotcha: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*(["catalogue"] if name == "show" else []), name, gotcha]) == 2
    assert capsys.readouterr() == ("", f"gotcha-audit: {message}\n")


def test_explain_is_markdown_where_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "flask/cors-any-origin"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("# flask-cors lets any website call the API\n\n`flask/cors-any-origin` · warning · high confidence · cors · applies to ")
    for heading in ("## Fails", "## Works", "## Why", "## When it is fine", "## Sources"):
        assert f"\n{heading}\n" in out
    assert "`gotcha: ignore[flask/cors-any-origin] -- reason`" in out
    assert "detect:" not in out


def test_explain_is_laid_out_on_a_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auditor.cli.explain.is_terminal", lambda: True)
    monkeypatch.setenv("NO_COLOR", "1")
    assert main(["explain", "flask/cors-any-origin"]) == 0
    out = capsys.readouterr().out
    assert "flask-cors lets any website call the API" in out
    assert "```" not in out
    assert "\x1b[3" not in out


def test_check_accepts_a_good_entry_by_file_and_by_directory(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = team_entry(elsewhere)
    assert main(["catalogue", "check", str(path)]) == 0
    assert main(["catalogue", "check", "gotchas"]) == 0
    assert main(["catalogue", "check", str(CORS)]) == 0
    assert capsys.readouterr() == ("", "1 entry checked, 0 problems\n" * 3)


def test_check_names_line_and_mend_of_a_wrong_form(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = team_entry(elsewhere, "severity: warning", "severity: bad")
    for argument in (str(path), "gotchas"):
        assert main(["catalogue", "check", argument]) == 1
        err = capsys.readouterr().err
        assert f"{path if argument != 'gotchas' else 'gotchas/flask/open-origins.md'}:3: " in err
        assert "error, warning, note" in err
        assert err.endswith("1 entry checked, 1 problem\n")


def test_check_holds_an_entry_to_its_examples(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = team_entry(elsewhere, "app = Flask(__name__)\nCORS(app)  # gotcha\n", "app = Flask(__name__)  # gotcha\nCORS(app)\n")
    assert main(["catalogue", "check", str(path)]) == 1
    assert capsys.readouterr().err == (
        f"{path}: Fails: web.py:6 is marked, and not found to fail\n"
        f"{path}: Fails: web.py:7 is found to fail, and not marked\n"
        "1 entry checked, 2 problems\n"
    )
    assert main(["catalogue", "check", "--no-examples", str(path)]) == 0


@pytest.mark.parametrize(("argument", "message"), [("nowhere", "nowhere: no such file or directory"), (".", ". holds no entry")])
def test_check_needs_something_to_check(argument: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["catalogue", "check", argument]) == 2
    assert message in capsys.readouterr().err


def test_new_writes_an_entry_of_good_form_where_the_configuration_says(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (elsewhere / "gotcha-audit.toml").write_text('catalogues = ["ours/"]\n')
    assert main(["catalogue", "new", "flask/relative-upload-folder"]) == 0
    captured = capsys.readouterr()
    path = elsewhere / "ours" / "flask" / "relative-upload-folder.md"
    assert captured.out == f"{path}\n"
    assert 'title: "Relative upload folder"' in path.read_text()
    assert main(["catalogue", "check", "--no-examples", str(path)]) == 0
    assert main(["catalogue", "new", "flask/relative-upload-folder"]) == 2
    assert "is there already" in capsys.readouterr().err


def test_new_without_a_configuration_says_what_to_add(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["catalogue", "new", "acme/lost-queue", "--title", 'Queue "a" is lost']) == 0
    captured = capsys.readouterr()
    assert captured.out == "gotchas/acme/lost-queue.md\n"
    assert 'set catalogues = ["gotchas/"] under [tool.gotcha-audit]' in captured.err
    assert 'title: "Queue \\"a\\" is lost"' in Path("gotchas/acme/lost-queue.md").read_text()


@pytest.mark.parametrize("name", ["flask", "Flask/x", "../x/y", "a/b/c", "flask/", "flask/a b"])
def test_new_refuses_what_is_no_id(name: str, elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["catalogue", "new", name]) == 2
    assert "is no id: write stack/slug" in capsys.readouterr().err
    assert list(elsewhere.iterdir()) == []


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with one entry, whose generated files have not been written yet."""
    root = tmp_path / "checkout"
    (root / "rules" / "flask").mkdir(parents=True)
    shutil.copy(CORS, root / "rules" / "flask")
    for module in ("auditor.catalogue.loader", "auditor.cli.catalogue"):
        monkeypatch.setattr(f"{module}.rules_directory", lambda: root / "rules")
    monkeypatch.setattr("auditor.cli.catalogue.agents_directory", lambda: root / "agents")
    return root


def test_publish_writes_what_is_stale_and_check_only_says_so(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    digest, index = checkout / "agents" / "framework-gotchas.md", checkout / "rules" / "README.md"
    assert main(["catalogue", "publish", "--check"]) == 1
    assert f"{digest}: stale: run gotcha-audit catalogue publish\n" in capsys.readouterr().err
    assert not digest.exists()
    assert main(["catalogue", "publish"]) == 0
    assert "flask/cors-any-origin" in digest.read_text()
    assert "flask/cors-any-origin" in index.read_text()
    capsys.readouterr()
    assert main(["catalogue", "publish", "--check"]) == 0
    assert capsys.readouterr() == ("", "")


def test_publish_is_for_checkouts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "_rules").mkdir()
    monkeypatch.setattr("auditor.cli.catalogue.rules_directory", lambda: tmp_path / "_rules")
    assert main(["catalogue", "publish"]) == 2
    assert "publish from a checkout" in capsys.readouterr().err


def test_export_semgrep_is_yaml_that_semgrep_reads(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["catalogue", "export-semgrep", "--select", "flask/cors-any-origin"]) == 0
    rules = yaml.safe_load(capsys.readouterr().out)["rules"]
    assert {rule["languages"][0] for rule in rules} == {"python"}
    assert all(rule["metadata"]["gotcha"] == "flask/cors-any-origin" for rule in rules)
    assert main(["catalogue", "export-semgrep", "--output", "rules.yaml"]) == 0
    assert capsys.readouterr().out == ""
    assert len(yaml.safe_load(Path("rules.yaml").read_text())["rules"]) > len(rules)
