"""The configuration that is written: it loads, says what was found, and changes nothing that was there."""

from pathlib import Path, PurePosixPath

import pytest
from made_set_up import SHOP, made, steps, the_edit, the_kept

from auditor.cli.output import write_file
from auditor.init import find
from auditor.model import Severity
from auditor.project.config import load_config
from auditor.runtime.configured import configured, merged


def test_a_project_without_pyproject_gets_a_file_of_its_own_that_says_what_was_found(tmp_path: Path) -> None:
    edit = the_edit(made(tmp_path, SHOP), "config")
    assert (str(edit.path), edit.before) == ("gotcha-audit.toml", None)
    assert edit.after == (
        "# Found here: flask (requirements.txt), gunicorn (requirements.txt), python (app/__init__.py). `gotcha-audit\n"
        "# stack` says why.\n"
        "# The least severity that makes the exit code 1: error, warning or note.\n"
        'fail-on = "warning"\n'
        "# Not looked at, as in .gitignore; what git ignores, installed packages and generated code are left out in any case.\n"
        "exclude = []\n"
        "\n"
        "[validate]\n"
        "# How `gotcha-audit validate` starts the application, and what it asks; docs/validate.md has all keys.\n"
        "# Found each time: web in Procfile:1 starts gunicorn. To start it otherwise, set start-command.\n"
        'health-endpoint = "/health"\n'
    )


@pytest.mark.parametrize("pyproject", [None, '[project]\nname = "shop"\n'])
def test_what_is_written_loads_and_asks_what_was_detected(tmp_path: Path, pyproject: str | None) -> None:
    made(tmp_path, {**SHOP, **({"pyproject.toml": pyproject} if pyproject else {})})
    detected = find(tmp_path).application.found
    edit = the_edit(tmp_path, "config")
    write_file(tmp_path / edit.path, edit.after)
    config = load_config(tmp_path)
    assert (config.path, config.fail_on, config.exclude) == (tmp_path / edit.path, Severity.WARNING, ())
    target = merged(detected, configured(config, tmp_path))
    assert target.start == detected.start
    assert target.health.path == "/health"


def test_a_project_that_is_no_server_gets_a_line_to_fill_in(tmp_path: Path) -> None:
    edit = the_edit(made(tmp_path, {"lib.py": "x = 1\n"}), "config")
    assert edit.after.endswith('# start-command = "gunicorn -b 127.0.0.1:{port} web:app"\n')
    assert "Found here: python (lib.py)." in edit.after


@pytest.mark.parametrize(
    "before",
    [
        '[project]\nname = "shop"  # the shop\n',
        '[project]\nname = "shop"',
        '[project]\r\nname = "shop"\r\n\r\n[tool.ruff]\r\nline-length = 100\r\n',
        '\ufeff[project]\nname = "shop"\n',
        "[tool]\nx = 1\n[tool.ruff]\nline-length = 100\n\n\n",
        "",
        "# nothing yet\n",
        "tool.ruff.line-length = 100\n",
    ],
)
def test_a_pyproject_keeps_every_byte_and_gets_a_table_below(tmp_path: Path, before: str) -> None:
    made(tmp_path, {**SHOP, "pyproject.toml": before})
    edit = the_edit(tmp_path, "config")
    assert edit.after.startswith(before)
    assert edit.after.count("\n") - edit.after.count("\r\n") == (0 if "\r\n" in before else edit.after.count("\n"))
    write_file(tmp_path / edit.path, edit.after)
    assert load_config(tmp_path).validate == {"health-endpoint": "/health"}


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"pyproject.toml": "[tool.gotcha-audit]\nstrict = true\n"}, "it configures gotcha-audit already"),
        ({"gotcha-audit.yaml": "strict: true\n"}, "it configures gotcha-audit already"),
        ({".gotcha-audit.toml": ""}, "it configures gotcha-audit already"),
    ],
)
def test_a_configuration_that_is_there_is_left_alone_and_nothing_is_to_be_done(tmp_path: Path, files: dict[str, str], reason: str) -> None:
    kept = the_kept(made(tmp_path, {**SHOP, **files}), "config")
    assert (kept.reason, kept.paste) == (reason, "")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("tool = {ruff = {line-length = 100}}\n", "it is not valid TOML: "),
        ("[project\n", "it is not valid TOML: "),
        (b'[project]\nname = "\xff"\n', "it is not UTF-8"),
        ("[[tool]]\nx = 1\n", "a table cannot be added at its end without changing something else"),
    ],
)
def test_a_pyproject_that_cannot_be_added_to_is_left_alone_and_the_table_is_shown(tmp_path: Path, content: str | bytes, reason: str) -> None:
    kept = the_kept(made(tmp_path, {**SHOP, "pyproject.toml": content}), "config")
    assert kept.reason.startswith(reason)
    assert kept.paste.startswith("[tool.gotcha-audit]\n")


def test_names_of_the_project_cannot_leave_their_comment(tmp_path: Path) -> None:
    """A file name may hold a line break, and a route any text."""
    hostile = 'x"]\nselect = ["none"]\n#'
    made(tmp_path, {f"{hostile}/requirements.txt": "flask==3.1.0\n", "app.py": SHOP["app/web.py"].replace("/health", '/health\\"]\\n')})
    edit = the_edit(tmp_path, "config")
    write_file(tmp_path / edit.path, edit.after)
    assert load_config(tmp_path).select == ()


def test_a_link_out_of_the_project_is_not_written_through(tmp_path: Path) -> None:
    outside = made(tmp_path / "outside", {"pyproject.toml": "[project]\n", "x/y": ""})
    root = made(tmp_path / "root", SHOP)
    (root / "pyproject.toml").symlink_to(outside / "pyproject.toml")
    (root / ".github").symlink_to(outside / "x")
    found = steps(root, "config", "github")
    assert [(str(step.path), step.reason) for step in found] == [
        ("pyproject.toml", "it is, or lies below, a link out of the project"),
        (str(PurePosixPath(".github/workflows/gotcha-audit.yml")), "it is, or lies below, a link out of the project"),
    ]
